"""A loss of one's own, in one file: it is used by naming the file.

    playground loss check examples/own_loss.py
    playground loss show cauchy --plugin examples/own_loss.py
    playground experiment run --split SPLIT --loss "cauchy(scale=0.5)" --plugin examples/own_loss.py

A package that is installed names its module in the group of entry points `model_playground.losses`
instead; its losses are then there without a flag.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import TARGET_UNIT, Circumstance, Link, Reading, TargetForm
from model_playground.losses.base import Loss, in_float32, register
from model_playground.losses.checks import check_same_shape


@register
class CauchyLoss(Loss):
    r"""Cauchy: squared near the target, and hardly growing any more far from it.

    A value that is far off pulls less than one that is near: its slope goes back to 0.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} \frac{s^2}{2}
        \ln \left( 1 + \frac{(\hat{y}_i - y_i)^2}{s^2} \right)
    Symbols:
        N: the number of values
        \hat{y}: the predicted value
        y: the actual value
        s: scale, the size of a difference that pulls most
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        0.27 for standardised normal targets and s = 1
    Prefer:
        For values of which some are plainly wrong.
    Avoid:
        Where every value counts: it gives up the ones that are far off.
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or one of them holds no real numbers.
    Example:
        >>> CauchyLoss()(torch.tensor([2.0]), torch.tensor([1.0])).item()   # ½ ln 2
        0.34657...

    Reference:
        Barron, A General and Adaptive Robust Loss Function, arXiv 1701.03077
    """

    name = "cauchy"
    title = "Cauchy"
    family = "regression"
    reads = (Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)
    suits = (Circumstance.OUTLIERS,)

    scale: float = Field(
        default=1.0,
        gt=0,
        description="the size of a difference that pulls most",
        json_schema_extra=TARGET_UNIT,  # a run then says what it is in the targets' own unit
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_same_shape(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        difference = (in_float32(input) - in_float32(target)) / self.scale
        value = self.scale**2 / 2 * difference.square().log1p()
        return value, torch.ones_like(value)
