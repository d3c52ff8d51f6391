"""Losses between matched pairs of boxes; a pair is the unit. Corners are x1, y1, x2, y2."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import BoxView, Layout, Link, Reading, TargetForm, Traits
from model_playground.losses.base import LOSSES, Loss, in_float32, ratio, register
from model_playground.losses.checks import check_boxes
from model_playground.losses.regression import difference, smooth_l1


def _reading(view: BoxView) -> Reading:
    return Reading(form=TargetForm.VALUE, link=Link.IDENTITY, view=view)


class BoxLoss(Loss):
    """What the losses between matched boxes share; each gives the `cost` of every pair."""

    family = "boxes"
    reads: ClassVar[tuple[Reading, ...]] = (_reading(BoxView.XYXY),)
    layouts = (Layout.BOX,)
    traits = Traits(pairwise=True)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of every pair, (M,), from boxes (M, 4)."""
        raise NotImplementedError

    def check(self, input: Tensor, target: Tensor) -> None:
        check_boxes(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = self.cost(in_float32(input), in_float32(target))
        return value, torch.ones_like(value)


@register
class SmoothL1BoxLoss(BoxLoss):
    r"""Smooth L1 between boxes: the mean smooth L1 of a pair's four numbers.

    Each number is pulled on its own: squared when it is close, linearly when it is far.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} \frac{1}{4} \sum_{k=1}^{4} \ell(\hat{b}_{j,k} - b_{j,k}),
        \qquad \ell(x) = \begin{cases} x^2 / 2\beta & |x| < \beta \\ |x| - \beta / 2 &
        \text{otherwise} \end{cases}
    Symbols:
        M: the number of matched pairs
        \hat{b}: the predicted box, as four numbers
        b: the true box
        \beta: beta, the size of a difference from which on it counts linearly
    Lowest value:
        0, when every box is exact
    Uninformed guess:
        Depends on the unit: with encoded offsets, the mean of ℓ over the targets (offsets of 0
        are the guess)
    Prefer:
        For encoded offsets against anchors, which have one scale for small and large boxes.
    Avoid:
        For boxes in pixels that are judged by IoU: large boxes count more, and the four numbers
        of a box are not independent (GIoU).
    Shape:
        input and target (M, 4). The unit is the pair: "none" gives (M,), the mean of the four
        numbers, so "sum" is a quarter of the sum over numbers.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
        >>> moved = box + torch.tensor([0.5, 0.0, 3.0, 0.0])
        >>> SmoothL1BoxLoss()(moved, box).item()   # (0.125 + 0 + 2.5 + 0) / 4
        0.65625

    Reference:
        Girshick, Fast R-CNN, arXiv 1504.08083
    """

    name = "smooth_l1_box"
    title = "Smooth L1 (boxes)"
    reads = (_reading(BoxView.ENCODED), _reading(BoxView.XYXY))

    beta: float = Field(
        default=1.0, ge=0, description="differences below this count by their square; 0 is plain L1"
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return smooth_l1(difference(input, target), self.beta).mean(1)


@register
class GIoUBoxLoss(BoxLoss):
    r"""Generalised IoU: how little two boxes overlap, and how far apart they are if they do not.

    The overlap is the shared area over the joint area, so that small and large boxes count alike.
    Boxes that do not touch still get a direction: the smallest box around both has to shrink.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} 1 - \frac{I_j}{U_j} + \frac{C_j - U_j}{C_j}
    Symbols:
        M: the number of matched pairs
        I: the shared area of the predicted and the true box
        U: their joint area
        C: the area of the smallest box around both
    Lowest value:
        0, when the boxes are the same; 2 is the upper limit, for boxes far apart
    Uninformed guess:
        Between 1 and 2 for boxes that do not touch
    Prefer:
        For boxes judged by IoU: the default.
    Avoid:
        For encoded offsets; and where boxes lie inside each other for long, which leaves it no
        more to say than IoU.
    Shape:
        input and target (M, 4) as x1, y1, x2, y2. A box whose corners are reversed counts as one
        without width or height, and a pair without any area has an IoU of 0.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> left = torch.tensor([[0.0, 0.0, 2.0, 1.0]])
        >>> right = torch.tensor([[1.0, 0.0, 4.0, 1.0]])   # I = 1, U = 2 + 3 - 1 = 4, C = 4
        >>> GIoUBoxLoss()(left, right).item()
        0.75

    Reference:
        Rezatofighi et al., Generalized Intersection over Union, arXiv 1902.09630
    """

    name = "giou_box"
    title = "GIoU (boxes)"

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        shared = _area(
            torch.maximum(input[:, :2], target[:, :2]), torch.minimum(input[:, 2:], target[:, 2:])
        )
        union = _area(input[:, :2], input[:, 2:]) + _area(target[:, :2], target[:, 2:]) - shared
        around = _area(
            torch.minimum(input[:, :2], target[:, :2]), torch.maximum(input[:, 2:], target[:, 2:])
        )
        return 1 - ratio(shared, union) + ratio(around - union, around)


def _area(lower: Tensor, upper: Tensor) -> Tensor:
    """Return the area between corners x1, y1 and x2, y2: 0 where they are reversed."""
    width, height = (upper - lower).clamp(min=0).unbind(1)
    return width * height


@register
class BoundingBoxRegressionLoss(BoxLoss):
    r"""Bounding box regression: the difference between predicted and true boxes, of a chosen kind.

    It only forwards: kind="giou" is GIoUBoxLoss and kind="smooth_l1" is SmoothL1BoxLoss.

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

    kind: Literal["giou", "smooth_l1"] = Field(
        default="giou", description="the loss it forwards to"
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="the parameters of that loss, by name"
    )

    def __post_init__(self) -> None:
        self.loss = LOSSES[f"{self.kind}_box"](reduction=self.reduction, **self.options)

    def check(self, input: Tensor, target: Tensor) -> None:
        self.loss.check(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        return self.loss.terms(input, target)
