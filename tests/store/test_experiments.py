"""Experiments, their runs, and what was found on the sealed test part."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import get_args

import pytest
from sqlalchemy import update

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.events import EpochFinished, Point, RunFinished
from model_playground.core.records import ExperimentRecord, RunState, TestReport
from model_playground.store.database import Store
from model_playground.store.events import append_event
from model_playground.store.experiments import (
    _STATES,
    add_experiment,
    get_experiment,
    list_experiments,
    list_test_reports,
    record_test_opening,
)
from model_playground.store.schema import run

NewExperiment = Callable[..., ExperimentRecord]


def epoch(number: int, *, best: bool, **values: float) -> EpochFinished:
    """Make the event of an epoch from the values of its series, `_` standing for `/`."""
    return EpochFinished(
        epoch=number,
        step=10 * number,
        images_seen=320 * number,
        duration_s=1.0,
        waiting_s=0.0,
        points=tuple(Point.of(series.replace("_", "/"), value) for series, value in values.items()),
        best=best,
        patience_left=None,
    )


def test_an_experiment_is_read_out_of_its_specification(
    store: Store, new_experiment: NewExperiment
) -> None:
    added = new_experiment("first", seeds=(3, 4))
    assert (added.dataset, added.split, added.task) == ("fruit", "halves", "classification")
    assert (added.architecture, added.backbone) == ("timm", "resnet18")
    assert added.losses == {"class": "cross_entropy + 0.5*focal(gamma=2.0)"}
    assert added.specification["name"] == "first"
    assert added.state == "queued"
    assert [(one.id, one.seed, one.figures) for one in added.runs] == [
        ("first-3", 3, {}),
        ("first-4", 4, {}),
    ]
    assert get_experiment(store, "first") == added


def test_experiments_are_listed_in_the_order_they_were_made(
    store: Store, new_experiment: NewExperiment
) -> None:
    made = [new_experiment(name) for name in ("second", "first")]
    assert list_experiments(store) == made


def test_a_name_is_given_once(store: Store, new_experiment: NewExperiment) -> None:
    first = new_experiment("twice")
    with pytest.raises(InvalidError, match="experiment named 'twice' already"):
        new_experiment("twice", seeds=(7,))
    assert list_experiments(store) == [first]


def test_unknown_names_are_said(store: Store, new_experiment: NewExperiment) -> None:
    added = new_experiment("first")
    with pytest.raises(NotFoundError, match="Did you mean first"):
        get_experiment(store, "frist")
    with pytest.raises(NotFoundError, match="no split named 'quarters'"):
        add_experiment(store, added.specification | {"name": "x", "split": "quarters"}, [("r", 0)])


def test_figures_are_those_of_the_best_epoch(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("first", seeds=(0, 1))
    append_event(store, "first-0", epoch(1, best=True, train_loss=2.0, validation_loss=1.0))
    append_event(store, "first-0", epoch(2, best=True, train_loss=1.0, validation_loss=0.5))
    append_event(store, "first-0", epoch(3, best=False, train_loss=0.1, validation_loss=0.7))
    append_event(store, "first-1", epoch(1, best=True, train_loss=3.0, validation_loss=math.nan))
    one, other = get_experiment(store, "first").runs
    assert (one.epochs_done, one.best_epoch) == (3, 2)
    assert one.figures == {"train/loss": 1.0, "validation/loss": 0.5}
    assert other.figures == {"train/loss": 3.0, "validation/loss": None}


def test_the_end_of_a_run_is_kept(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("first")
    append_event(store, "first-0", epoch(1, best=True, validation_loss=1.0))
    append_event(
        store,
        "first-0",
        RunFinished(
            outcome="stopped_early",
            epochs_done=1,
            best_epoch=1,
            monitor="validation/loss",
            best_value=1.0,
            message="patience is used up",
        ),
    )
    (ended,) = get_experiment(store, "first").runs
    assert (ended.state, ended.monitor) == ("stopped_early", "validation/loss")
    assert ended.message == "patience is used up"
    assert ended.finished is not None
    assert ended.figures == {"validation/loss": 1.0}


@pytest.mark.parametrize(
    ("states", "of_experiment"),
    [
        (("queued", "running", "failed"), "running"),
        (("finished", "queued", "failed"), "queued"),
        (("finished", "failed", "interrupted"), "failed"),
        (("finished", "interrupted", "stopped_early"), "interrupted"),
        (("finished", "stopped_early", "finished"), "finished"),
        (("stopped_early", "stopped_early", "stopped_early"), "stopped_early"),
    ],
)
def test_the_state_of_an_experiment_follows_from_its_runs(
    states: tuple[str, ...], of_experiment: str, store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first", seeds=range(3))
    with store.write() as connection:
        for seed, state in enumerate(states):
            connection.execute(update(run).where(run.c.seed == seed).values(state=state))
    assert get_experiment(store, "first").state == of_experiment


def test_every_state_of_a_run_has_its_place() -> None:
    assert sorted(_STATES) == sorted(get_args(RunState))


def test_openings_of_the_test_part_are_counted(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("first")
    new_experiment("other")
    append_event(store, "first-0", epoch(1, best=True, validation_loss=1.0))
    found = (Point.of("test/loss", 0.25), Point.of("test/accuracy", math.nan))
    assert record_test_opening(store, "first", {"first-0": found[:1]}) == 1
    assert record_test_opening(store, "first", {"first-0": found}) == 2
    assert get_experiment(store, "first").test_openings == 2
    assert get_experiment(store, "other").test_openings == 0
    assert get_experiment(store, "first").runs[0].figures == {"validation/loss": 1.0}
    assert list_test_reports(store, "first") == [
        TestReport(experiment="first", opened=1, runs={"first-0": {"test/loss": 0.25}}),
        TestReport(
            experiment="first",
            opened=2,
            runs={"first-0": {"test/loss": 0.25, "test/accuracy": None}},
        ),
    ]
