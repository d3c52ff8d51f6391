"""What a training tells: plain records, emitted by the loop, which knows no store and no server."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunStarted(_Event):
    """The model is built and the data are ready."""

    kind: Literal["run_started"] = "run_started"
    epochs: int
    updates_per_epoch: int
    train_items: int
    train_sample_items: int
    validation_items: int
    device: str
    parameters: int  # trainable numbers in the model
    message: str = ""


class Progress(_Event):
    """Where the training stands; sent a few times a second at most and not kept."""

    kind: Literal["progress"] = "progress"
    stage: Literal["train", "train sample", "validation"]
    epoch: int
    epochs: int
    images: int
    images_total: int
    images_per_second: float
    waiting_share: float  # of the time, spent waiting for data
    eta_s: float | None
    running_loss: float | None


class Point(_Event):
    """One value of one series. A value that is not finite is null, and `state` says what it was."""

    series: str  # part/slot/term or part/metric
    value: float | None
    state: Literal["finite", "nan", "infinite", "negative_infinite"] = "finite"

    @classmethod
    def of(cls, series: str, value: float) -> Point:
        """Make a point from any float."""
        if math.isfinite(value):
            return cls(series=series, value=value)
        if math.isnan(value):
            return cls(series=series, value=None, state="nan")
        return cls(
            series=series, value=None, state="infinite" if value > 0 else "negative_infinite"
        )


class EpochFinished(_Event):
    """An epoch's figures."""

    kind: Literal["epoch_finished"] = "epoch_finished"
    epoch: int  # from 1
    step: int  # optimiser updates so far
    images_seen: int
    duration_s: float
    waiting_s: float
    points: tuple[Point, ...]
    best: bool  # the monitored series improved: these weights are kept as best
    patience_left: int | None


class Notice(_Event):
    """A sentence for the user, such as a warning or the over-fitting verdict."""

    kind: Literal["notice"] = "notice"
    level: Literal["information", "warning"]
    message: str


class RunFinished(_Event):
    """The run ended."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: Literal["finished", "stopped_early", "interrupted", "failed"]
    epochs_done: int
    best_epoch: int | None
    monitor: str
    best_value: float | None
    message: str = ""


Event = Annotated[
    RunStarted | Progress | EpochFinished | Notice | RunFinished, Field(discriminator="kind")
]
Emit = Callable[[RunStarted | Progress | EpochFinished | Notice | RunFinished], None]
