"""The queue, with real processes that compete for runs and that are killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from model_playground.core.errors import NotFoundError
from model_playground.core.events import RunFinished
from model_playground.core.records import ExperimentRecord
from model_playground.store.database import Store
from model_playground.store.events import events_after
from model_playground.store.experiments import get_experiment
from model_playground.store.workspace import Workspace
from model_playground.work.queue import (
    claim,
    heartbeat,
    release_stale,
    request_stop,
    stop_requested,
)

NewExperiment = Callable[..., ExperimentRecord]
Start = Callable[..., subprocess.Popen[str]]

CLAIM_ALL = """
from model_playground.work.queue import claim
print("ready", flush=True)
sys.stdin.readline()
while (taken := claim(store, arguments[0])) is not None:
    print(taken.id, flush=True)
"""

CLAIM_AND_HANG = """
from model_playground.work.queue import claim
print(claim(store, "doomed").id, flush=True)
time.sleep(60)
"""


def test_runs_are_claimed_in_the_order_they_were_queued(
    store: Store, new_experiment: NewExperiment
) -> None:
    first = new_experiment("b", seeds=(5, 4))
    new_experiment("a")
    taken = [claim(store, "worker") for _ in range(4)]
    assert [one and one.id for one in taken] == ["b-4", "b-5", "a-0", None]
    assert taken[0] is not None
    assert (taken[0].experiment, taken[0].seed) == ("b", 4)
    assert taken[0].specification == first.specification
    record = get_experiment(store, "b")
    assert record.state == "running"
    assert all(one.started is not None for one in record.runs)


def test_an_idle_worker_makes_no_workspace(workspace: Workspace) -> None:
    assert claim(workspace.store, "worker") is None
    assert release_stale(workspace.store) == []
    assert not workspace.folder.exists()


def test_two_processes_share_the_runs_and_none_is_taken_twice(
    new_experiment: NewExperiment, start: Start
) -> None:
    new_experiment("many", seeds=range(40))
    workers = [start(CLAIM_ALL, name) for name in ("one", "other")]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    taken = [worker.communicate(timeout=30)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert all(taken)
    assert sorted(taken[0] + taken[1]) == sorted(f"many-{seed}" for seed in range(40))


def test_reserved_runs_wait_for_their_worker(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("mine", worker="me")
    new_experiment("anyone's")
    other, mine = claim(store, "other"), claim(store, "me")
    assert other is not None
    assert mine is not None
    assert (other.id, mine.id) == ("anyone's-0", "mine-0")


def test_runs_of_a_killed_worker_are_interrupted(
    store: Store, new_experiment: NewExperiment, start: Start
) -> None:
    new_experiment("doomed")
    worker = start(CLAIM_AND_HANG)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "doomed-0\n"
    assert release_stale(store, older_than_s=30) == []
    worker.kill()
    worker.wait()
    time.sleep(0.3)
    assert release_stale(store, older_than_s=0.2) == ["doomed-0"]
    assert release_stale(store, older_than_s=0.2) == []
    (run,) = get_experiment(store, "doomed").runs
    assert run.state == "interrupted"
    assert "not been heard of since" in run.message
    ((_, _, last),) = events_after(store, "doomed")
    assert isinstance(last, RunFinished)
    assert last.message == run.message
    assert claim(store, "next") is None


def test_a_worker_that_is_heard_of_keeps_its_runs(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("kept", seeds=(0, 1), worker="alive")
    new_experiment("lost", seeds=(0, 1), worker="silent")
    new_experiment("waiting")
    claim(store, "alive")
    claim(store, "silent")
    time.sleep(0.3)
    heartbeat(store, "alive")
    assert release_stale(store, older_than_s=0.2) == ["lost-0", "lost-1"]
    assert get_experiment(store, "kept").state == "running"
    assert get_experiment(store, "waiting").state == "queued"


def test_a_stop_ends_what_waits_and_asks_what_runs(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("long", seeds=(0, 1, 2))
    new_experiment("other")
    claim(store, "worker")
    assert not stop_requested(store, "long-0")
    request_stop(store, "long")
    assert stop_requested(store, "long-0")
    record = get_experiment(store, "long")
    assert [run.state for run in record.runs] == ["running", "interrupted", "interrupted"]
    assert [run_id for _, run_id, _ in events_after(store, "long")] == ["long-1", "long-2"]
    assert not stop_requested(store, "other-0")
    with pytest.raises(NotFoundError, match="Did you mean long"):
        request_stop(store, "longer")
