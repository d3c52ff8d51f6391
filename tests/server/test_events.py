"""Live events: in order, to be resumed where they were cut off, and ended with the experiment."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient

from model_playground.api import Playground
from model_playground.core.events import EpochFinished, Notice, Point, RunFinished
from model_playground.store.datasets import add_revision
from model_playground.store.events import append_event
from model_playground.store.experiments import add_experiment
from model_playground.store.splits import add_split
from model_playground.store.workspace import Workspace

FINISHED = RunFinished(
    outcome="finished", epochs_done=1, best_epoch=1, monitor="validation/loss", best_value=0.5
)


def epoch(number: int) -> EpochFinished:
    """Return the event of an epoch whose validation loss is not finite."""
    return EpochFinished(
        epoch=number,
        step=number,
        images_seen=number,
        duration_s=1,
        waiting_s=0,
        points=(Point.of("validation/loss", float("nan")),),
        best=False,
        patience_left=None,
    )


@pytest.fixture
def workspace(playground: Playground) -> Workspace:
    """The workspace, with a queued experiment of one run: both are called `one`."""
    workspace = Workspace(playground.workspace)
    revision = add_revision(
        workspace.store,
        name="fruit",
        revision_hash="a" * 64,
        task="classification",
        root="/photos",
        format_name="class_folders",
        classes=("apple", "pear"),
        class_counts={"apple": 2, "pear": 1},
        target_names=(),
        columns=(),
        item_ids=("1", "2", "3"),
    )
    add_split(
        workspace.store,
        name="thirds",
        dataset_name="fruit",
        revision_hash=revision.revision,
        strategy="random",
        seed=0,
        parts={"1": "train", "2": "validation", "3": "test"},
        class_counts={},
    )
    specification = {
        "name": "one",
        "split": "thirds",
        "task": "classification",
        "architecture": {"name": "timm", "parameters": {}},
        "backbone": "resnet18",
        "losses": {"class": [{"loss": "focal", "weight": 1.0, "parameters": {}}]},
    }
    add_experiment(workspace.store, specification, [("one", 0)])
    return workspace


def heard(text: str) -> list[dict[str, Any]]:
    """Read the messages of an event stream."""
    messages = [
        dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        for block in text.split("\n\n")
    ]
    return [{**one, "data": json.loads(one["data"])} for one in messages if one]


def test_what_happens_meanwhile_is_told_until_the_end(
    client: TestClient, workspace: Workspace
) -> None:
    append_event(workspace.store, "one", epoch(1))

    def go_on() -> None:
        append_event(workspace.store, "one", epoch(2))
        append_event(workspace.store, "one", FINISHED)

    later = threading.Timer(0.7, go_on)  # after the first look, which finds one epoch
    later.start()
    messages = heard(client.get("/api/experiments/one/events").text)
    later.join()
    *told, last = messages
    kinds = [one["data"]["event"]["kind"] for one in told]
    assert kinds == ["epoch_finished", "epoch_finished", "run_finished"]
    assert [int(one["id"]) for one in told] == [one["data"]["number"] for one in told]
    assert {one["data"]["run"] for one in told} == {"one"}
    assert told[0]["data"]["event"]["points"][0] == {
        "series": "validation/loss",
        "value": None,
        "state": "nan",
    }
    assert (last["event"], last["data"]) == ("over", "finished")


def test_a_browser_that_comes_back_hears_only_what_it_missed(
    client: TestClient, workspace: Workspace
) -> None:
    for event in (epoch(1), Notice(level="warning", message="it over-fits"), FINISHED):
        append_event(workspace.store, "one", event)
    first, *rest = heard(client.get("/api/experiments/one/events").text)
    again = client.get("/api/experiments/one/events", headers={"last-event-id": first["id"]})
    assert heard(again.text) == rest
    after = client.get("/api/experiments/one/events", params={"after": first["id"]})
    assert heard(after.text) == rest


def test_an_unknown_experiment_has_no_events(client: TestClient) -> None:
    answer = client.get("/api/experiments/no/events")
    assert answer.status_code == 404
    assert answer.json()["code"] == "experiment.unknown"
