"""Losses between continuous values."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from model_playground.core.contracts import (
    TARGET_UNIT,
    Circumstance,
    Link,
    Reading,
    TargetForm,
    Traits,
)
from model_playground.losses import kernels
from model_playground.losses.base import Loss, Reduction, in_float32, register
from model_playground.losses.checks import are_dense, check_amounts, check_same_shape

VALUES = (Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)
_SUMMED_AS_THEY_ARE = (torch.float32, torch.float64)


def difference(input: Tensor, target: Tensor) -> Tensor:
    """Return how far each prediction is above its target."""
    return in_float32(input) - in_float32(target)


def smooth_l1(difference: Tensor, beta: float) -> Tensor:
    """Return x² / 2β below β, |x| - β/2 from there on."""
    size = difference.abs()
    if beta == 0:
        return size
    return torch.where(size < beta, difference.square() / (2 * beta), size - beta / 2)


class ValueLoss(Loss):
    """What the losses between continuous values share: each value has a `cost`.

    Where PyTorch has one operator for the whole loss, `fused`, it is used: the same values, and
    no slower on a handful of numbers.
    """

    family = "regression"
    reads = VALUES
    traits = Traits(pairwise=True)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        """Return what every prediction costs: the formula."""
        raise NotImplementedError

    def fused(self, input: Tensor, target: Tensor, reduction: Reduction) -> Tensor | None:
        """Return the reduced loss by PyTorch's own operator, None if it has none."""
        return None

    def check(self, input: Tensor, target: Tensor) -> None:
        check_same_shape(input, target)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        value = self.cost(input, target)
        return value, torch.ones_like(value)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, reduced as `reduction` says."""
        if (
            are_dense(input, target)
            and _is_summed_as_it_is(input, target)
            and kernels.apply_to(input)
        ):
            self.check(input, target)
            reduced = self.fused(input, target, self.reduction)
            if reduced is not None:
                return reduced
        return super().forward(input, target)


def _is_summed_as_it_is(input: Tensor, target: Tensor) -> bool:
    """Say whether PyTorch's operators sum these as the formula does: no half type, not empty."""
    return input.dtype == target.dtype and input.dtype in _SUMMED_AS_THEY_ARE and input.numel() > 0


@register
class MSELoss(ValueLoss):
    r"""Mean squared error: the average of the squared differences.

    A difference counts by its square, so one large miss outweighs many small ones.

    Formula:
        \mathrm{MSE} = \frac{1}{N} \sum_{i=1}^{N} (\hat{y}_i - y_i)^2
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        The variance of the targets: 1 for standardised targets
    Prefer:
        For continuous values without outliers, where large misses are the ones that hurt.
    Avoid:
        With outliers, which pull the whole fit (smooth L1), and for classes (cross-entropy).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> MSELoss()(torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0])).item()   # (1 + 9) / 2
        5.0

    Reference:
        Gauss, Theoria combinationis observationum (1821)
    """

    name = "mse"
    title = "Mean squared error"
    suffers = (Circumstance.OUTLIERS,)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return difference(input, target).square()

    def fused(self, input: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
        return functional.mse_loss(input, target, reduction=reduction)


@register
class L1Loss(ValueLoss):
    r"""Mean absolute error: the average size of the differences.

    A difference counts by its size, so an outlier pulls no harder than any other point.

    Formula:
        \mathrm{MAE} = \frac{1}{N} \sum_{i=1}^{N} |\hat{y}_i - y_i|
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        The mean distance of the targets from their median: 0.80 for standardised normal targets
    Prefer:
        For values with outliers, and where the error in the target's own unit is what counts.
    Avoid:
        Where the last bit of precision matters: near 0 its slope stays the same, so training
        jumps around the optimum (smooth L1).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> L1Loss()(torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0])).item()   # (1 + 3) / 2
        2.0

    Reference:
        Laplace, Mémoire sur la probabilité des causes par les évènements (1774)
    """

    name = "l1"
    title = "Mean absolute error"
    suits = (Circumstance.OUTLIERS,)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return difference(input, target).abs()

    def fused(self, input: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
        return functional.l1_loss(input, target, reduction=reduction)


@register
class SmoothL1Loss(ValueLoss):
    r"""Smooth L1: squared for small differences, linear for large ones.

    Close to the target it behaves like the squared error and settles; far away it grows with the
    size of the miss alone, so that outliers do not pull the whole fit.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} \ell(\hat{y}_i - y_i), \qquad
        \ell(x) = \begin{cases} x^2 / 2\beta & |x| < \beta \\ |x| - \beta / 2 &
        \text{otherwise} \end{cases}
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
        \beta: beta, the size of a difference from which on it counts linearly
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        The mean of ℓ over the targets' distances from their centre: 0.42 for standardised normal
        targets and β = 1
    Prefer:
        For continuous values with outliers: the robust choice.
    Avoid:
        Where large misses have to hurt more than proportionally (mean squared error).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> smooth = SmoothL1Loss()   # differences 0.5 and 3: 0.125 and 2.5
        >>> smooth(torch.tensor([1.5, 4.0]), torch.tensor([1.0, 1.0])).item()
        1.3125

    Reference:
        Girshick, Fast R-CNN, arXiv 1504.08083
    """

    name = "smooth_l1"
    title = "Smooth L1"
    suits = (Circumstance.OUTLIERS,)

    beta: float = Field(
        default=1.0,
        ge=0,
        description="differences below this count by their square; 0 is plain L1",
        json_schema_extra=TARGET_UNIT,
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return smooth_l1(difference(input, target), self.beta)

    def fused(self, input: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
        return functional.smooth_l1_loss(input, target, reduction=reduction, beta=self.beta)


@register
class HuberLoss(ValueLoss):
    r"""Huber: half the squared difference near the target, a straight line far from it.

    It is δ times smooth L1 with β = δ: the slope of the line, not of the bowl, depends on δ.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} \ell(\hat{y}_i - y_i), \qquad
        \ell(x) = \begin{cases} x^2 / 2 & |x| < \delta \\ \delta\,(|x| - \delta / 2) &
        \text{otherwise} \end{cases}
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
        \delta: delta, the size of a difference from which on it counts linearly
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        The mean of ℓ over the targets' distances from their centre: 0.42 for standardised normal
        targets and δ = 1
    Prefer:
        For continuous values with outliers, where small differences should count as half their
        square whatever δ is.
    Avoid:
        Where large misses have to hurt more than proportionally (mean squared error).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> huber = HuberLoss(delta=2)   # differences 1 and 4: 0.5 and 2 · (4 - 1)
        >>> huber(torch.tensor([2.0, 5.0]), torch.tensor([1.0, 1.0])).item()
        3.25

    Reference:
        Huber, Robust estimation of a location parameter (1964)
    """

    name = "huber"
    title = "Huber"
    suits = (Circumstance.OUTLIERS,)

    delta: float = Field(
        default=1.0,
        gt=0,
        description="differences below this count by half their square",
        json_schema_extra=TARGET_UNIT,
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        return self.delta * smooth_l1(difference(input, target), self.delta)

    def fused(self, input: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
        return functional.huber_loss(input, target, reduction=reduction, delta=self.delta)


@register
class QuantileLoss(ValueLoss):
    r"""Quantile (pinball): over- and under-estimates count differently.

    At its lowest the share q of the targets lies below the prediction: 0.5 gives the median, 0.9
    a value that is rarely exceeded.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} \max \left( q\,(y_i - \hat{y}_i),\;
        (q - 1)(y_i - \hat{y}_i) \right)
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
        q: quantile, the share of targets that should lie below the prediction
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        0.40 for standardised normal targets, predicted by their median (q = 0.5)
    Prefer:
        For a limit that is kept most of the time, and for intervals from two of them.
    Avoid:
        Where the expected value is wanted (mean squared error).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> loss = QuantileLoss(quantile=0.9)   # 2 too low: 0.9 · 2; 1 too high: 0.1 · 1
        >>> loss(torch.tensor([1.0, 4.0]), torch.tensor([3.0, 3.0])).item()   # (1.8 + 0.1) / 2
        0.9499...

    Reference:
        Koenker and Bassett, Regression quantiles (1978)
    """

    name = "quantile"
    title = "Quantile"

    quantile: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="share of the targets that should lie below the prediction",
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        too_low = -difference(input, target)
        return torch.maximum(self.quantile * too_low, (self.quantile - 1) * too_low)


@register
class LogCoshLoss(ValueLoss):
    r"""Log-cosh: squared near the target, linear far from it, smooth in between.

    Like Huber it does not follow outliers; unlike Huber all its derivatives are continuous.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} s^2 \ln \cosh \frac{\hat{y}_i - y_i}{s}
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model
        y: the actual value of the data point
        s: scale, the size of a difference from which on it counts linearly
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        0.37 for standardised normal targets and s = 1
    Prefer:
        For values with outliers, where a second derivative is wanted as well.
    Avoid:
        Where large misses have to hurt more than proportionally (mean squared error).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, or a tensor holds no real numbers.
    Example:
        >>> loss = LogCoshLoss()   # (ln cosh 0 + ln cosh 1) / 2
        >>> loss(torch.tensor([2.0, 4.0]), torch.tensor([2.0, 3.0])).item()
        0.2168...

    Reference:
        Green, Bayesian reconstructions from emission tomography data (1990)
    """

    name = "log_cosh"
    title = "Log-cosh"
    suits = (Circumstance.OUTLIERS,)

    scale: float = Field(
        default=1.0,
        gt=0,
        description="differences below this count by half their square, like Huber's delta",
        json_schema_extra=TARGET_UNIT,
    )

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        x = difference(input, target) / self.scale
        # As 1 + 2 sinh²(x/2), cosh x keeps its digits near 0; as e^|x| (1 + e^-2|x|) / 2, far off.
        near = (2 * (x.clamp(-1, 1) / 2).sinh().square()).log1p()
        far = x.abs() + functional.softplus(-2 * x.abs()) - math.log(2)
        return self.scale**2 * torch.where(x.abs() < 1, near, far)


@register
class MSLELoss(ValueLoss):
    r"""Mean squared logarithmic error: squared differences of logarithms, so factors count.

    Ten for eleven costs as much as a hundred for a hundred and ten: nearly the square of the
    relative error, and an estimate too low by some factor costs as much as one too high by it.

    Formula:
        \frac{1}{N} \sum_{i=1}^{N} \left( \lambda(\hat{y}_i) - \ln (1 + y_i) \right)^2, \qquad
        \lambda(x) = \begin{cases} \ln (1 + x) & x \ge 0 \\ x & \text{otherwise} \end{cases}
    Symbols:
        N: the number of data points
        \hat{y}: the output predicted by the model; below 0, where the logarithm soon ends, its
            tangent leads back
        y: the actual value of the data point, 0 or more, in its own unit
    Lowest value:
        0, when every prediction is exact
    Uninformed guess:
        The variance of ln (1 + y), if the best single value is predicted
    Prefer:
        For amounts over several powers of ten, such as prices, counts or weights, where the
        relative error is what matters.
    Avoid:
        For values that can be negative, or that lie around 0 with noise (mean squared error).
    Shape:
        input and target (N, …), of the same shape
    Raises:
        ValueError: the shapes differ, a tensor holds no real numbers, or a target is below 0.
    Example:
        >>> from math import e   # ln (1 + y) is 1 and 2, predicted are 1 and 0: (0 + 4) / 2
        >>> MSLELoss()(torch.tensor([e - 1, 0.0]), torch.tensor([e - 1, e**2 - 1])).item()
        2.0...

    Reference:
        Törnqvist, Vartia and Vartia, How should relative changes be measured? (1985)
    """

    name = "msle"
    title = "Mean squared logarithmic error"
    suits = (Circumstance.WIDE_RANGE,)
    reads = (Reading(form=TargetForm.AMOUNT, link=Link.IDENTITY),)

    def check(self, input: Tensor, target: Tensor) -> None:
        check_amounts(input, target)

    def cost(self, input: Tensor, target: Tensor) -> Tensor:
        predicted = in_float32(input)
        below = predicted < 0
        logarithm = torch.where(below, predicted, predicted.masked_fill(below, 0).log1p())
        return (logarithm - in_float32(target).log1p()).square()
