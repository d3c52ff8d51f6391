"""Bounding box regression of a chosen kind: one name for all losses between corner boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import BoxView, Traits
from model_playground.losses import boxes, boxes_overlap, boxes_wise
from model_playground.losses.base import Addend, register
from model_playground.losses.boxes import BoxLoss, reading

KINDS: dict[str, type[BoxLoss]] = {
    loss.name.removesuffix("_box"): loss
    for module in (boxes, boxes_overlap, boxes_wise)
    for loss in vars(module).values()
    if isinstance(loss, type)
    and issubclass(loss, BoxLoss)
    and loss.__module__ == module.__name__
    and hasattr(loss, "name")
    and reading(BoxView.XYXY) in loss.reads
}
"""The losses that it forwards to, by kind."""

if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[tuple(KINDS)]


def _traits_of_any() -> Traits:
    """Return what holds for one kind at least, and for a matcher's cost for all of them."""
    kinds = [loss.traits for loss in KINDS.values()]
    factors = [
        f'{factor} (kind="{kind}")'
        for kind, loss in KINDS.items()
        for factor in loss.traits.detached
    ]
    return Traits(
        pairwise=all(traits.pairwise for traits in kinds),
        stateful=any(traits.stateful for traits in kinds),
        scale_free=all(traits.scale_free for traits in kinds),
        detached=tuple(factors),
    )


@register
class BoundingBoxRegressionLoss(BoxLoss):
    r"""Bounding box regression: the difference between predicted and true boxes, of a chosen kind.

    It only forwards: kind="giou" is GIoUBoxLoss and kind="smooth_l1" is SmoothL1BoxLoss. It changes
    during training with kind="wise_iou" alone.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} L_{\mathrm{kind}}(\hat{b}_j, b_j)
    Symbols:
        M: the number of matched pairs
        \hat{b}: the predicted box
        b: the true box
        L: the loss of the chosen kind
    Lowest value:
        0, when every box is exact
    Uninformed guess:
        That of the chosen kind
    Prefer:
        Where the kind is itself a parameter to be compared.
    Avoid:
        Otherwise: a loss by its own name says more.
    Shape:
        input and target (M, 4) as x1, y1, x2, y2; "none" gives (M,)
    Raises:
        ValueError: the kind or a parameter is unknown, an array is not (M, 4), or holds no real
            numbers.
    Example:
        >>> BoundingBoxRegressionLoss(kind="smooth_l1", options={"beta": 0.5})
        BoundingBoxRegressionLoss(
          kind='smooth_l1', options={'beta': 0.5}
          (loss): SmoothL1BoxLoss(beta=0.5)
        )

    Reference:
        Rezatofighi et al., Generalized Intersection over Union, arXiv 1902.09630
    """

    name = "bounding_box_regression"
    title = "Bounding box regression"
    traits = _traits_of_any()

    kind: Kind = Field(default="giou", description="the loss it forwards to")
    options: dict[str, Any] = Field(
        default_factory=dict, description="the parameters of that loss, by name"
    )

    def __post_init__(self) -> None:
        self.loss = KINDS[self.kind](reduction=self.reduction, **self.options)

    def check(self, input: Tensor, target: Tensor) -> None:
        self.loss.check(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        return self.loss.terms(input, target)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        found = self.loss.fast_addends(input, target, per_image=per_image)
        return found and tuple(addend._replace(name=self.name) for addend in found)

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        return self.loss.unreduced(input, target)
