"""Image classification: one class per image."""

from __future__ import annotations

from model_playground.core.contracts import Facts, Layout, Link, Offer, Slot, TargetForm
from model_playground.tasks.exclusive_classes import class_offers, class_unavailable
from model_playground.tasks.task import TASKS, Task


@TASKS.register
class Classification(Task):
    """Say which one of several classes an image shows."""

    name = "classification"
    title = "Image classification"
    metrics = ("accuracy", "macro_recall", "macro_f1")

    def slots(self, facts: Facts) -> tuple[Slot, ...]:
        as_values = Offer(
            TargetForm.VALUE,
            Link.SOFTMAX,
            head_width=len(facts.classes),
            decoded=True,
            discouraged="it compares probabilities as if they were plain values, so the model "
            "learns slowly where it is confidently wrong",
        )
        return (
            Slot(
                name="class",
                layout=Layout.ITEM,
                gives="one class per image",
                offers=(*class_offers(facts), as_values),
                default_loss="cross_entropy",
                unavailable=class_unavailable(facts),
            ),
        )
