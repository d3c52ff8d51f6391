"""Watches the batches go by: times the waiting for data, tells the progress, stops when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import torch

from model_playground.core.errors import StoppedError
from model_playground.core.events import Emit, Progress
from model_playground.training.data import Batch
from model_playground.training.evaluation import LossSums

TELL_EVERY_S = 0.4
Stage = Literal["train", "train sample", "validation"]

WORK: Mapping[Stage, int] = {"train": 3, "train sample": 1, "validation": 1}
"""How long an image takes in each stage, roughly: training also goes backwards."""


class Watch:
    """Watches the epochs of one run.

    Args:
        emit: told the progress a few times a second at most.
        should_stop: asked at every batch.
        device: where batches are moved to.
        epochs: how many epochs there are.
        images: how many images an epoch has in each stage.
    """

    def __init__(
        self,
        emit: Emit,
        should_stop: Callable[[], bool],
        device: torch.device,
        *,
        epochs: int,
        images: Mapping[Stage, int],
    ) -> None:
        self._emit = emit
        self._should_stop = should_stop
        self._device = device
        self._epochs = epochs
        self._images = images
        self._epoch = 0
        self._started = self._told = 0.0
        self._work_done = self._work_left = 0
        self._epoch_started = self._waited_s = 0.0

    def start_epoch(self, epoch: int) -> None:
        """Begin an epoch."""
        self._epoch_started = time.monotonic()
        self._started = self._started or self._epoch_started
        self._epoch, self._waited_s = epoch, 0.0
        epoch_work = sum(WORK[stage] * images for stage, images in self._images.items())
        self._work_left = (self._epochs - epoch + 1) * epoch_work

    @property
    def duration_s(self) -> float:
        """How long the epoch has been going on."""
        return time.monotonic() - self._epoch_started

    @property
    def waiting_s(self) -> float:
        """How much of that time was spent waiting for data."""
        return self._waited_s

    def batches(
        self, batches: Iterable[Batch], stage: Stage, running: LossSums | None = None
    ) -> Iterator[Batch]:
        """Hand on an epoch's batches, prepared on the device.

        Args:
            batches: what to hand on.
            stage: what they are for.
            running: the running loss, told along and checked.

        Raises:
            StoppedError: someone asked for the end.
            NotFiniteError: the running loss is no number any more.
        """
        started = asked = time.monotonic()
        waited_before, images = self._waited_s, 0
        for batch in batches:
            self._waited_s += time.monotonic() - asked
            if self._should_stop():
                raise StoppedError("run.stopped", "the run was stopped")
            yield batch.prepared(self._device)
            images += len(batch.images)
            self._work_done += WORK[stage] * len(batch.images)
            self._work_left -= WORK[stage] * len(batch.images)
            if time.monotonic() - self._told >= TELL_EVERY_S:
                self._tell(stage, images, started, self._waited_s - waited_before, running)
            asked = time.monotonic()

    def _tell(
        self, stage: Stage, images: int, started: float, waited_s: float, running: LossSums | None
    ) -> None:
        self._told = time.monotonic()
        duration_s = max(self._told - started, 1e-9)
        self._emit(
            Progress(
                stage=stage,
                epoch=self._epoch,
                epochs=self._epochs,
                images=images,
                images_total=self._images[stage],
                images_per_second=images / duration_s,
                waiting_share=waited_s / duration_s,
                eta_s=(self._told - self._started) / self._work_done * self._work_left,
                running_loss=None if running is None else running.finite_loss(),
            )
        )
