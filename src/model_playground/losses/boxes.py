"""Losses between matched pairs of boxes, number by number; a pair is the unit.

Those that look at the boxes as areas, the IoU family, are in `boxes_overlap`, and the one that
forwards to a chosen kind is in `boxes_any`.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import BoxView, Layout, Link, Reading, TargetForm, Traits
from model_playground.core.errors import InvalidError
from model_playground.losses.base import Loss, in_float32, register
from model_playground.losses.checks import check_boxes
from model_playground.losses.regression import difference, smooth_l1


def reading(view: BoxView) -> Reading:
    """Return the reading of a loss between boxes in a view."""
    return Reading(form=TargetForm.VALUE, link=Link.IDENTITY, view=view)


class BoxLoss(Loss):
    """What the losses between matched boxes share; each gives the `cost` of every pair."""

    family = "boxes"
    reads: ClassVar[tuple[Reading, ...]] = (reading(BoxView.XYXY),)
    layouts = (Layout.BOX,)
    traits = Traits(pairwise=True)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of every pair, (M,), from boxes (M, 4) in float32 or float64."""
        raise NotImplementedError

    def check(self, input: Tensor, target: Tensor) -> None:
        check_boxes(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = self.cost(in_float32(input), in_float32(target))
        return value, torch.ones_like(value)


@register
class L1BoxLoss(BoxLoss):
    r"""L1 between boxes: the mean size of the differences of a pair's four numbers.

    Each number is pulled on its own, and with the same force however far it is.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} \frac{1}{4} \sum_{k=1}^{4} |\hat{b}_{j,k} - b_{j,k}|
    Symbols:
        M: the number of matched pairs
        \hat{b}: the predicted box, as four numbers
        b: the true box
    Lowest value:
        0, when every box is exact
    Uninformed guess:
        Depends on the unit: for centres and sizes as shares of the image, about 0.2 (a guess in
        the middle of the image)
    Prefer:
        For centre and size as shares of the image, together with an overlap: DETR's choice,
        20*l1_box + 2*giou_box.
    Avoid:
        Alone, for boxes that are judged by IoU: large boxes count more than small ones (GIoU).
    Shape:
        input and target (M, 4). The unit is the pair: "none" gives (M,), the mean of the four
        numbers. DETR sums the four instead, so its weight of 5 is a weight of 20 here.
    Raises:
        ValueError: an array is not (M, 4), or holds no real numbers.
    Example:
        >>> box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
        >>> moved = box + torch.tensor([0.5, 0.0, -3.0, 0.0])
        >>> L1BoxLoss()(moved, box).item()   # (0.5 + 0 + 3 + 0) / 4
        0.875

    Reference:
        Carion et al., End-to-End Object Detection with Transformers, arXiv 2005.12872
    """

    name = "l1_box"
    title = "L1 (boxes)"
    reads = (reading(BoxView.ENCODED), reading(BoxView.CXCYWH), reading(BoxView.XYXY))

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return difference(input, target).abs().mean(1)


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
    reads = (reading(BoxView.ENCODED), reading(BoxView.XYXY))

    beta: float = Field(
        default=1.0, ge=0, description="differences below this count by their square; 0 is plain L1"
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return smooth_l1(difference(input, target), self.beta).mean(1)


@register
class BalancedL1BoxLoss(BoxLoss):
    r"""Balanced L1 between boxes: smooth L1 with more force on the pairs that are nearly right.

    The slope rises as a logarithm up to β and stays at γ from there on, so that a few pairs that
    are far off do not drown the many that only need a last correction.

    Formula:
        \frac{1}{M} \sum_{j=1}^{M} \frac{1}{4} \sum_{k=1}^{4} \ell(\hat{b}_{j,k} - b_{j,k}),
        \qquad \ell(x) = \begin{cases} \frac{\alpha}{b} (b |x| + 1) \ln(b |x| / \beta + 1)
        - \alpha |x| & |x| < \beta \\ \gamma |x| + \gamma / b - \alpha \beta & \text{otherwise}
        \end{cases}, \qquad b = e^{\gamma / \alpha} - 1
    Symbols:
        M: the number of matched pairs
        \hat{b}: the predicted box, as four numbers
        b: the true box; without indices, what makes the two branches of ℓ meet
        \alpha: alpha, how strongly small differences are pulled; less is stronger
        \beta: beta, the size of a difference from which on it counts linearly
        \gamma: gamma, the slope from there on
    Lowest value:
        0, when every box is exact
    Uninformed guess:
        Depends on the unit: with encoded offsets, the mean of ℓ over the targets (offsets of 0
        are the guess)
    Prefer:
        For encoded offsets, where most matched pairs are already nearly right.
    Avoid:
        Where differences of some β are the rule, as at the start: it is a scaled L1 then; and
        for boxes in pixels (GIoU).
    Shape:
        input and target (M, 4). The unit is the pair: "none" gives (M,), the mean of the four
        numbers.
    Raises:
        ValueError: γ / α is above 60, an array is not (M, 4), or holds no real numbers.
    Example:
        >>> box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
        >>> moved = box + torch.tensor([0.0, 0.0, 3.0, 0.0])   # b = e³ - 1 = 19.0855
        >>> BalancedL1BoxLoss()(moved, box).item()   # (1.5 · 3 + 1.5 / 19.0855 - 0.5) / 4
        1.01964...

    Reference:
        Pang et al., Libra R-CNN: Towards Balanced Learning for Object Detection, arXiv 1904.02701
    """

    name = "balanced_l1_box"
    title = "Balanced L1 (boxes)"
    reads = (reading(BoxView.ENCODED), reading(BoxView.XYXY))

    alpha: float = Field(
        default=0.5, gt=0, description="how little small differences are pulled: less is stronger"
    )
    gamma: float = Field(default=1.5, gt=0, description="the slope of large differences")
    beta: float = Field(default=1.0, gt=0, description="differences from this on count linearly")

    def __post_init__(self) -> None:
        if self.gamma > 60 * self.alpha:
            raise InvalidError(
                "loss.balanced_l1",
                "gamma={gamma:g} is refused with alpha={alpha:g}: e^(gamma / alpha) is no number "
                "any more; gamma is at most 60 times alpha",
                gamma=self.gamma,
                alpha=self.alpha,
            )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        size = difference(input, target).abs()
        b = math.expm1(self.gamma / self.alpha)
        small = size.clamp(max=self.beta)  # keeps the branch that is not taken finite
        near = (small + 1 / b) * torch.log1p(b * small / self.beta) - small
        far = self.gamma * size + self.gamma / b - self.alpha * self.beta
        return torch.where(size < self.beta, self.alpha * near, far).mean(1)
