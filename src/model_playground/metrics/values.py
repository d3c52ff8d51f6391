"""Metrics of continuous values, in the unit of the target."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from statistics import fmean
from typing import TYPE_CHECKING

from model_playground.core.contracts import Facts
from model_playground.metrics.metric import METRICS, Accumulator, Metric

if TYPE_CHECKING:
    from torch import Tensor


class Sums:
    """Sums over the items of one value, in float64."""

    def __init__(self, errors: Tensor, truth: Tensor) -> None:
        self.items = len(errors)
        self.absolute = float(errors.abs().sum())
        self.squared = float(errors.square().sum())
        self.truth_mean = float(truth.mean())
        self.truth_spread = float((truth - truth.mean()).square().sum())

    def __add__(self, other: Sums) -> Sums:
        """Join two sets of items; the spreads are joined without a difference of large squares."""
        joined = object.__new__(Sums)
        joined.items = self.items + other.items
        joined.absolute = self.absolute + other.absolute
        joined.squared = self.squared + other.squared
        apart = other.truth_mean - self.truth_mean
        joined.truth_mean = self.truth_mean + apart * other.items / joined.items
        joined.truth_spread = (
            self.truth_spread
            + other.truth_spread
            + apart**2 * self.items * other.items / joined.items
        )
        return joined


class ValueErrors:
    """Sums over the items for each value; with several, their mean comes first."""

    def __init__(
        self, name: str, target_names: tuple[str, ...], figure: Callable[[Sums], float | None]
    ) -> None:
        self._name = name
        self._target_names = target_names
        self._figure = figure
        self._sums: list[Sums] = []

    def update(self, predictions: Tensor, target: Tensor) -> None:
        """Add a batch."""
        truth = target.double()
        errors = predictions.double() - truth
        added = [Sums(errors[:, column], truth[:, column]) for column in range(truth.shape[1])]
        self._sums = (
            [old + new for old, new in zip(self._sums, added, strict=True)] if self._sums else added
        )

    def compute(self) -> dict[str, float]:
        """Return the figure, and with several values that of each."""
        each = {
            f"{self._name}/{target}": figure
            for target, sums in zip(self._target_names, self._sums, strict=True)
            if (figure := self._figure(sums)) is not None
        }
        if not each:
            return {}
        return {self._name: fmean(each.values())} | (each if len(self._sums) > 1 else {})


class ValueMetric(Metric):
    """A metric of the differences between predicted and true values."""

    tasks = ("regression",)
    higher_is_better = False

    def build(self, facts: Facts) -> Accumulator:
        return ValueErrors(self.name, facts.target_names, self.figure)

    def figure(self, sums: Sums) -> float | None:
        """Return the figure of one value, or None where it cannot be said."""
        raise NotImplementedError


@METRICS.register
class MeanAbsoluteError(ValueMetric):
    """The average size of the error, in the unit of the target."""

    name = "mean_absolute_error"
    title = "Mean absolute error"

    def figure(self, sums: Sums) -> float | None:
        return sums.absolute / sums.items


@METRICS.register
class RootMeanSquaredError(ValueMetric):
    """The root of the average squared error, in the unit of the target: large errors weigh more."""

    name = "root_mean_squared_error"
    title = "Root mean squared error"

    def figure(self, sums: Sums) -> float | None:
        return sqrt(sums.squared / sums.items)


@METRICS.register
class RSquared(ValueMetric):
    """The share of the targets' variance that is explained: 0 is guessing their mean."""

    name = "r_squared"
    title = "R²"
    higher_is_better = True

    def figure(self, sums: Sums) -> float | None:
        return 1 - sums.squared / sums.truth_spread if sums.truth_spread else None
