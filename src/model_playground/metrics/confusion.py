"""Metrics of exclusive classes, all read off one table: how often which class is taken for which.

The table holds counts, so nothing is rounded and the batches leave no trace.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean
from typing import TYPE_CHECKING

from model_playground.core.contracts import Facts
from model_playground.metrics.metric import METRICS, Accumulator, Metric

if TYPE_CHECKING:
    from torch import Tensor

Figures = dict[str, float]


class Confusion:
    """Counts items, or pixels, by true and predicted class: the rows are the true classes."""

    def __init__(self, classes: tuple[str, ...], figures: Callable[[Confusion], Figures]) -> None:
        self.classes = classes
        self._figures = figures
        self._counts: Tensor | None = None

    def update(self, predictions: Tensor, target: Tensor) -> None:
        """Add a batch; targets that name no class are left out."""
        width = len(self.classes)
        kept = (target >= 0) & (target < width)
        pairs = target[kept] * width + predictions.argmax(1)[kept]
        counts = pairs.bincount(minlength=width * width)
        self._counts = counts if self._counts is None else self._counts + counts

    def compute(self) -> Figures:
        """Return the figures that the metric reads off the table."""
        return {} if self._counts is None else self._figures(self)

    @property
    def table(self) -> list[list[int]]:
        """The counts: a row for each true class, a column for each predicted one."""
        assert self._counts is not None
        rows: list[list[int]] = self._counts.reshape(len(self.classes), -1).tolist()
        return rows

    def right(self) -> list[int]:
        """Return for each class how many were rightly taken for it."""
        return [row[index] for index, row in enumerate(self.table)]

    def true(self) -> list[int]:
        """Return for each class how many there are."""
        return [sum(row) for row in self.table]

    def predicted(self) -> list[int]:
        """Return for each class how many were taken for it."""
        return [sum(column) for column in zip(*self.table, strict=True)]

    def shares(self, of: list[int], among: list[int]) -> Figures:
        """Return a ratio for each class, without the classes that have nothing to divide by."""
        return {
            name: part / whole
            for name, part, whole in zip(self.classes, of, among, strict=True)
            if whole
        }


class ConfusionMetric(Metric):
    """A metric that is read off the table of true and predicted classes."""

    higher_is_better = True

    def build(self, facts: Facts) -> Accumulator:
        return Confusion(facts.classes, self.figures)

    def figures(self, confusion: Confusion) -> Figures:
        """Read the figures off the table."""
        raise NotImplementedError


def _share_right(confusion: Confusion) -> float | None:
    total = sum(confusion.true())
    return sum(confusion.right()) / total if total else None


def _recalls(confusion: Confusion) -> Figures:
    return confusion.shares(confusion.right(), confusion.true())


def _named(name: str, value: float | None) -> Figures:
    return {} if value is None else {name: value}


def _mean(name: str, figures: Figures) -> Figures:
    return {name: fmean(figures.values())} if figures else {}


@METRICS.register
class Accuracy(ConfusionMetric):
    """The share of images whose class was found.

    With a rare class it says little: always naming the frequent one scores high.
    """

    name = "accuracy"
    title = "Accuracy"
    tasks = ("classification",)

    def figures(self, confusion: Confusion) -> Figures:
        return _named(self.name, _share_right(confusion))


@METRICS.register
class MacroRecall(ConfusionMetric):
    """The average over the classes of the share of their images that was found.

    A rare class counts as much as a frequent one. Classes without an image are left out.
    """

    name = "macro_recall"
    title = "Mean recall of the classes"
    tasks = ("classification",)

    def figures(self, confusion: Confusion) -> Figures:
        return _mean(self.name, _recalls(confusion))


@METRICS.register
class MacroF1(ConfusionMetric):
    """The average over the classes of F1, which is high if a class is found and little else is.

    F1 is the harmonic mean of recall and precision. Classes that are neither there nor predicted
    are left out.
    """

    name = "macro_f1"
    title = "Mean F1 of the classes"
    tasks = ("classification",)

    def figures(self, confusion: Confusion) -> Figures:
        twice = [2 * right for right in confusion.right()]
        both = [
            true + predicted
            for true, predicted in zip(confusion.true(), confusion.predicted(), strict=True)
        ]
        return _mean(self.name, confusion.shares(twice, both))


@METRICS.register
class Recall(ConfusionMetric):
    """For each class, the share of its images that was found."""

    name = "recall"
    title = "Recall of each class"
    tasks = ("classification",)
    per_class = "recall"

    def figures(self, confusion: Confusion) -> Figures:
        return {f"recall/{name}": share for name, share in _recalls(confusion).items()}


@METRICS.register
class MeanIoU(ConfusionMetric):
    """The average over the classes of the shared over the joint area of prediction and truth.

    Areas are summed over all images. A small class counts as much as the background; classes that
    are neither there nor predicted are left out. Each class's own value is a series beside it.
    """

    name = "mean_iou"
    title = "Mean IoU"
    tasks = ("segmentation",)
    per_class = "iou"

    def figures(self, confusion: Confusion) -> Figures:
        shared = confusion.right()
        joint = [
            true + predicted - right
            for true, predicted, right in zip(
                confusion.true(), confusion.predicted(), shared, strict=True
            )
        ]
        shares = confusion.shares(shared, joint)
        return _mean(self.name, shares) | {f"iou/{name}": iou for name, iou in shares.items()}


@METRICS.register
class PixelAccuracy(ConfusionMetric):
    """The share of pixels whose class was found; a large background alone scores high."""

    name = "pixel_accuracy"
    title = "Pixel accuracy"
    tasks = ("segmentation",)

    def figures(self, confusion: Confusion) -> Figures:
        return _named(self.name, _share_right(confusion))
