"""Schedulers: how the learning rate changes while the training goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from model_playground.core.declaration import Declaration
from model_playground.core.registry import Registry

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler


class Scheduler(Declaration):
    """A course of the learning rate.

    It is advanced after every update; one that `watches_validation`, after every epoch with the
    validation loss.
    """

    watches_validation: ClassVar[bool] = False

    def factor(self, update: int, *, updates: int, updates_per_epoch: int) -> float:
        """Return what the solver's rate is multiplied by, for the update after so many others."""
        raise NotImplementedError

    def build(self, solver: Optimizer, *, updates: int, updates_per_epoch: int) -> LRScheduler:
        """Build the scheduler for a solver and a training of so many updates."""
        from torch.optim.lr_scheduler import LambdaLR

        return LambdaLR(
            solver,
            lambda update: self.factor(
                update, updates=updates, updates_per_epoch=updates_per_epoch
            ),
        )


SCHEDULERS: Registry[type[Scheduler]] = Registry(
    "scheduler", package="model_playground.training.schedulers"
)


@SCHEDULERS.register
class Cosine(Scheduler):
    """Rise during a warm-up, then fall along half a cosine until the end: a safe first choice.

    Reference:
        Loshchilov and Hutter, SGDR, arXiv 1608.03983
    """

    name = "cosine"
    title = "Cosine with warm-up"

    warm_up: float = Field(0.05, ge=0, lt=1, description="share of the training spent rising")
    lowest: float = Field(0.01, ge=0, le=1, description="share of the rate left at the end")

    def factor(self, update: int, *, updates: int, updates_per_epoch: int) -> float:
        rising = self.warm_up * updates
        if update < rising:
            return (update + 1) / (rising + 1)
        done = min(1.0, (update - rising) / max(1.0, updates - rising))
        return self.lowest + (1 - self.lowest) * (1 + math.cos(math.pi * done)) / 2


@SCHEDULERS.register
class Constant(Scheduler):
    """Keep the learning rate as it is."""

    name = "constant"
    title = "Constant"

    def factor(self, update: int, *, updates: int, updates_per_epoch: int) -> float:
        return 1.0


@SCHEDULERS.register
class Step(Scheduler):
    """Multiply the learning rate by a factor every so many epochs."""

    name = "step"
    title = "Steps"

    every: int = Field(10, ge=1, description="epochs between two steps")
    multiplier: float = Field(0.1, gt=0, lt=1, description="what each step multiplies the rate by")

    def factor(self, update: int, *, updates: int, updates_per_epoch: int) -> float:
        return self.multiplier ** (update // (self.every * updates_per_epoch))


@SCHEDULERS.register
class Plateau(Scheduler):
    """Lower the learning rate when the validation loss has stopped falling."""

    name = "plateau"
    title = "On a plateau"
    watches_validation = True

    patience: int = Field(5, ge=0, description="epochs without a lower loss that are borne")
    multiplier: float = Field(0.3, gt=0, lt=1, description="what the rate is multiplied by")

    def build(self, solver: Optimizer, *, updates: int, updates_per_epoch: int) -> LRScheduler:
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        return ReduceLROnPlateau(solver, factor=self.multiplier, patience=self.patience)
