"""Semantic segmentation: one class per pixel."""

from __future__ import annotations

from model_playground.core.contracts import Facts, Layout, Slot
from model_playground.tasks.exclusive_classes import class_offers, class_unavailable
from model_playground.tasks.task import TASKS, Task


@TASKS.register
class SemanticSegmentation(Task):
    """Say for each pixel which one of several classes it belongs to."""

    name = "segmentation"
    title = "Semantic segmentation"
    metrics = ("mean_iou", "pixel_accuracy")

    def slots(self, facts: Facts) -> tuple[Slot, ...]:
        return (
            Slot(
                name="class",
                layout=Layout.PIXEL,
                gives="one class per pixel",
                offers=class_offers(facts),
                default_loss="cross_entropy_iou_2d",
                unavailable=class_unavailable(facts),
            ),
        )
