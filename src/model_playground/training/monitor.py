"""Which weights are the best so far, and when to stop waiting for better ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from model_playground.core.errors import InvalidError
from model_playground.core.specification import EarlyStopping
from model_playground.metrics.metric import higher_is_better


@dataclass
class Monitor:
    """Watches one series, epoch by epoch.

    Any better value is kept as best; patience is renewed only by one that is better by more than
    `minimum_delta` than the value that renewed it last.
    """

    series: str
    patience: int | None = None  # None: never stop early
    minimum_delta: float = 0.0
    best_epoch: int | None = None
    best_value: float | None = None
    renewed_value: float | None = None
    waited: int = 0

    @classmethod
    def of(cls, stopping: EarlyStopping | None, *, otherwise: str = "loss") -> Monitor:
        """Watch what early stopping names, or another figure for the best weights alone.

        Args:
            stopping: what the specification says of it.
            otherwise: a figure of validation; a metric where a loss means something else in every
                epoch.
        """
        if stopping is None:
            return cls(f"validation/{otherwise}")
        return cls(stopping.monitor, stopping.patience, stopping.minimum_delta)

    def see(self, epoch: int, figures: Mapping[str, float]) -> bool:
        """Take note of an epoch's figures and say whether they are the best so far.

        Raises:
            InvalidError: the series is not among them.
        """
        if self.series not in figures:
            raise InvalidError(
                "monitor.missing",
                "the series {series!r} has no value in epoch {epoch}; those that have one: {known}",
                series=self.series,
                epoch=epoch,
                known=", ".join(name for name in figures if name.startswith("validation/")),
            )
        value = figures[self.series]
        better = self._better(value, self.best_value, 0.0)
        if better:
            self.best_epoch, self.best_value = epoch, value
        if self._better(value, self.renewed_value, self.minimum_delta):
            self.renewed_value, self.waited = value, 0
        else:
            self.waited += 1
        return better

    @property
    def patience_left(self) -> int | None:
        """How many more epochs without improvement are borne; None without early stopping."""
        return None if self.patience is None else max(0, self.patience - self.waited)

    def _better(self, value: float, than: float | None, by: float) -> bool:
        if not math.isfinite(value):
            return False
        if than is None:
            return True
        gained = value - than if higher_is_better(self.series) else than - value
        return gained > by
