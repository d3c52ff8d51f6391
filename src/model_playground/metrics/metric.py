"""What a metric is: a declaration that builds an accumulator, fed batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from model_playground.core.contracts import Facts
from model_playground.core.declaration import Declaration
from model_playground.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Accumulator(Protocol):
    """Gathers what a metric needs; the result does not depend on how images were batched."""

    def update(self, predictions: Tensor, target: Tensor) -> None:
        """Add a batch.

        Args:
            predictions: probabilities of all classes (N, C, …), or values (N, K) in their unit.
            target: class indices (N, …), or values (N, K) in their unit.
        """

    def compute(self) -> dict[str, float]:
        """Return the figures by series: the metric's name, or that and a class after a slash.

        What cannot be said, such as the recall of a class without items, is left out.
        """


class Metric(Declaration):
    """A figure by which a model is judged."""

    tasks: ClassVar[tuple[str, ...]]
    higher_is_better: ClassVar[bool]
    per_class: ClassVar[str] = ""  # the series of single classes, if there are any

    def build(self, facts: Facts) -> Accumulator:
        """Build an accumulator for data with these facts."""
        raise NotImplementedError


METRICS: Registry[type[Metric]] = Registry("metric", package="model_playground.metrics")


def higher_is_better(series: str) -> bool:
    """Say whether more is better in a series; of a loss, less is.

    >>> higher_is_better("validation/accuracy"), higher_is_better("validation/loss")
    (True, False)
    """
    figure = series.split("/")[1]
    return any(
        metric.higher_is_better for metric in METRICS if figure in (metric.name, metric.per_class)
    )
