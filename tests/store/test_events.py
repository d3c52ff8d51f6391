"""Events, and the series of points that epochs draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from model_playground.core.errors import NotFoundError
from model_playground.core.events import (
    EpochFinished,
    Event,
    Notice,
    Point,
    Progress,
    RunFinished,
    RunStarted,
)
from model_playground.core.records import ExperimentRecord, SeriesPoint
from model_playground.store.database import Store
from model_playground.store.events import append_event, events_after, series
from model_playground.store.schema import event

NewExperiment = Callable[..., ExperimentRecord]

STARTED = RunStarted(
    epochs=2,
    updates_per_epoch=4,
    train_items=100,
    train_sample_items=50,
    validation_items=20,
    device="cpu",
    parameters=1000,
)
EPOCH = EpochFinished(
    epoch=1,
    step=4,
    images_seen=100,
    duration_s=0.5,
    waiting_s=0.1,
    points=(
        Point.of("train/loss", 0.1 + 0.2),
        Point.of("validation/loss", math.nan),
        Point.of("validation/class/focal", math.inf),
        Point.of("validation/r2", -math.inf),
    ),
    best=True,
    patience_left=3,
)
NOTICE = Notice(level="warning", message="the classes »größer« and 'kleiner' overlap")
FINISHED = RunFinished(
    outcome="finished", epochs_done=1, best_epoch=1, monitor="validation/loss", best_value=0.5
)


def progress(images: int, running_loss: float | None = 1.0) -> Progress:
    return Progress(
        stage="train",
        epoch=1,
        epochs=2,
        images=images,
        images_total=100,
        images_per_second=50.0,
        waiting_share=0.1,
        eta_s=2.0,
        running_loss=running_loss,
    )


def test_events_come_back_as_they_happened(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("first", seeds=(0, 1))
    happened: list[tuple[str, Event]] = [
        ("first-0", STARTED),
        ("first-1", STARTED),
        ("first-1", NOTICE),
        ("first-0", EPOCH),
        ("first-0", FINISHED),
    ]
    for run_id, one in happened:
        append_event(store, run_id, one)
    kept = events_after(store, "first")
    assert [(run_id, one) for _, run_id, one in kept] == happened
    numbers = [number for number, _, _ in kept]
    assert numbers == sorted(set(numbers))
    assert events_after(store, "first", numbers[2]) == kept[3:]
    assert events_after(store, "first", numbers[-1]) == []


def test_events_of_another_experiment_are_apart(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first")
    new_experiment("other")
    append_event(store, "other-0", STARTED)
    assert events_after(store, "first") == []
    with pytest.raises(NotFoundError, match="no experiment named 'third'"):
        events_after(store, "third")


def test_only_the_latest_progress_of_each_run_is_kept(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first", seeds=(0, 1))
    append_event(store, "first-1", progress(7))
    known = 0
    for images in range(5):
        append_event(store, "first-0", progress(images))
        (known, run_id, latest) = events_after(store, "first", known)[-1]
        assert (run_id, latest) == ("first-0", progress(images))
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == 2
    append_event(store, "first-0", FINISHED)
    kept = events_after(store, "first")
    assert [(run_id, one) for _, run_id, one in kept] == [
        ("first-1", progress(7)),
        ("first-0", FINISHED),
    ]
    assert kept[-1][0] > known


def test_a_loss_that_is_not_finite_is_null_in_the_progress(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first")
    append_event(store, "first-0", progress(1, running_loss=math.nan))
    ((_, _, kept),) = events_after(store, "first")
    assert kept == progress(1, running_loss=None)


def test_points_become_series(store: Store, new_experiment: NewExperiment) -> None:
    new_experiment("first", seeds=(1, 0))
    append_event(store, "first-1", EPOCH)
    append_event(store, "first-1", EPOCH.model_copy(update={"epoch": 2, "step": 8}))
    append_event(store, "first-1", NOTICE)
    empty, drawn = series(store, "first")
    assert (empty.run, empty.seed, empty.points, empty.notices) == ("first-0", 0, (), ())
    assert (drawn.run, drawn.seed, drawn.notices) == ("first-1", 1, (NOTICE.message,))
    assert [(point.series, point.epoch) for point in drawn.points[:2]] == [
        ("train/loss", 1),
        ("train/loss", 2),
    ]
    assert drawn.points[0] == SeriesPoint(
        series="train/loss", epoch=1, step=4, images_seen=100, value=0.1 + 0.2, state="finite"
    )
    states = {point.series: (point.value, point.state) for point in drawn.points[2:]}
    assert states == {
        "validation/loss": (None, "nan"),
        "validation/class/focal": (None, "infinite"),
        "validation/r2": (None, "negative_infinite"),
    }


def test_an_epoch_that_cannot_be_kept_wholly_is_not_kept(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first")
    twice = EPOCH.model_copy(update={"points": (Point.of("train/loss", 1.0),) * 2})
    with pytest.raises(IntegrityError):
        append_event(store, "first-0", twice)
    assert events_after(store, "first") == []
    assert series(store, "first")[0].points == ()


def test_threads_append_and_read_at_the_same_time(
    store: Store, new_experiment: NewExperiment
) -> None:
    new_experiment("first", seeds=range(4))

    def follow(seed: int) -> int:
        for number in range(10):
            append_event(store, f"first-{seed}", progress(number))
            append_event(store, f"first-{seed}", NOTICE)
        return len(series(store, "first")[seed].notices)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(follow, range(4))) == [10] * 4
    assert len(events_after(store, "first")) == 4 * (10 + 1)
