"""Image regression: continuous values per image."""

from __future__ import annotations

from model_playground.core.contracts import Facts, Layout, Link, Offer, Slot, TargetForm
from model_playground.tasks.task import TASKS, Task


@TASKS.register
class Regression(Task):
    """Predict one or more continuous values from an image, such as a price or a weight.

    The values are standardised on the train part; metrics are in their own unit.
    """

    name = "regression"
    title = "Image regression"
    metrics = ("mean_absolute_error", "root_mean_squared_error", "r_squared")

    def slots(self, facts: Facts) -> tuple[Slot, ...]:
        return (
            Slot(
                name="value",
                layout=Layout.ITEM,
                gives="continuous values",
                offers=(
                    Offer(
                        TargetForm.VALUE, Link.IDENTITY, head_width=max(1, len(facts.target_names))
                    ),
                ),
                default_loss="mse",
                unavailable={
                    TargetForm.AMOUNT: "reads values of 0 or more in their own unit, and image "
                    "regression standardises its values, so that they lie on both sides of 0"
                },
            ),
        )
