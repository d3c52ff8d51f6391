"""Cross-entropy over exclusive classes."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Link, Reading, TargetForm, Traits
from model_playground.losses import kernels
from model_playground.losses.arithmetic import in_float32, index_and_kept, ratio
from model_playground.losses.base import Addend, ClassFactors, IgnoreIndex, Kernel, Loss, register
from model_playground.losses.checks import (
    are_dense,
    check_classes,
    class_axis,
    look_for_probabilities,
    reads_values,
)
from model_playground.losses.kernels.regions import RegionSums, region_sums

FEW_CLASSES = 48
"""On a CPU fewer classes are left to PyTorch's own operator, which takes as long or less."""


_MEAN, _SUM = 1, 2
"""How PyTorch's operators name these reductions."""


def weighed_surprise(
    log_p: Tensor, index: Tensor, kept: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return -w_y log p_y and w_y of every unit."""
    axis = class_axis(log_p)
    share = kept.to(log_p.dtype) if weight is None else weight.to(log_p.dtype)[index] * kept
    surprise = -log_p.gather(axis, index.unsqueeze(axis)).squeeze(axis)
    # An ignored unit's surprise may be infinite, and 0 · ∞ is no number: choose, do not multiply.
    return torch.where(kept, surprise, 0) * share, share


def _finite(log_p: Tensor) -> Tensor:
    """Put a very small number for the logarithm of 0, small enough that sums stay finite."""
    limits = torch.finfo(log_p.dtype)
    return log_p.clamp(min=limits.min * limits.eps)


def _along(axis: int, weight: Tensor, scores: Tensor) -> Tensor:
    """Lay the factors of the classes along the axis of the classes."""
    return weight.to(scores.dtype).reshape(-1, *[1] * (scores.ndim - axis - 1))


@register
class CrossEntropyLoss(Loss):
    r"""Cross-entropy: the surprise at the true class, minus the logarithm of its probability.

    The model's scores become probabilities that add up to 1; the loss looks at the probability
    given to the true class. It is small when that is near 1 and grows without bound when the
    model is sure of a wrong class.

    Formula:
        \frac{1}{\sum_i w_{y_i}} \sum_i -\sum_{c=1}^{C} w_c\, q_{i,c} \log p_{i,c},
        \qquad p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}},
        \qquad q_{i,c} = (1-\varepsilon)\,[c = y_i] + \frac{\varepsilon}{C}
    Symbols:
        z: the model's scores (logits)
        p: the predicted probability of each class
        y: the true class
        q: the target after smoothing
        w: the weight of each class, 1 if none are given
        \varepsilon: label_smoothing
        C: the number of classes
        i: the item or pixel; ignored ones are left out of both sums
    Lowest value:
        0, when every true class is given probability 1 (higher with label smoothing)
    Uninformed guess:
        ln C: 0.69 for two classes, 2.30 for ten
    Prefer:
        For one class per image or per pixel: the default wherever classes exclude each other.
    Avoid:
        Where several classes can be true at once (binary cross-entropy), or where a rare class
        drowns among easy items (focal loss, class weights).
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices, or (N, C, d1, …)
        probabilities. As in PyTorch, the mean divides by Σ w of the true classes for indices and
        by the number of units for probabilities.
    Raises:
        ValueError: a shape, a type, a class index or a weight is not as above.
    Example:
        >>> cat = torch.log(torch.tensor([[0.1, 0.5, 0.4]]))   # cat, dog, fish
        >>> CrossEntropyLoss()(cat, torch.tensor([0])).item()   # the animal is a cat: -ln 0.1
        2.302585...

    Reference:
        Szegedy et al., Rethinking the Inception Architecture, arXiv 1512.00567 (smoothing)
    """

    name = "cross_entropy"
    title = "Cross-entropy"
    suffers = (Circumstance.IMBALANCE, Circumstance.WRONG_LABELS)
    family = "classes"
    reads = (
        Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),
        Reading(form=TargetForm.SOFT_DISTRIBUTION, link=Link.SOFTMAX),
    )
    traits = Traits(pairwise=True)

    weight: ClassFactors = Field(default=None, description="a factor for each class")
    label_smoothing: float = Field(
        default=0.0, ge=0, le=1, description="share of the target spread evenly over all classes"
    )
    ignore_index: IgnoreIndex = Field(
        default=-100, description="class index that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_classes(
            input,
            target,
            ignore_index=self.ignore_index,
            weight=self.factors("weight"),
            probabilities=True,
        )

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if not (self.reduction == "mean" and self._is_for_pytorch(input, target)):
            return super().forward(input, target)
        look_for_probabilities(input, axis=1)
        try:
            # The operator refuses what `check` refuses, at no cost; `check` says it better.
            if self.weight is not None:
                return ratio(*self._by_pytorch(input, target, _SUM))
            value, number = self._by_pytorch(input, target, _MEAN)
            if reads_values(target) and number.item():
                return value
            return value.masked_fill(number == 0, 0)  # not 0 / 0, where all are ignored
        except (IndexError, RuntimeError, ValueError):
            self.check(input, target)
            raise

    def _is_for_pytorch(self, input: Tensor, target: Tensor) -> bool:
        """Say whether PyTorch's operator gives this loss, in the least time."""
        return (
            are_dense(input, target)
            and input.ndim > 1
            and (input.ndim == 2 or input.shape[1] < FEW_CLASSES)
            and not self.label_smoothing
            and target.dtype == torch.int64
            and input.dtype in (torch.float32, torch.float64)
            and input.device.type == "cpu"
            and kernels.apply_to(input)
        )

    def _by_pytorch(self, input: Tensor, target: Tensor, reduction: int) -> tuple[Tensor, Tensor]:
        """Return the reduced w_y · surprise and Σ w_y, which PyTorch's operator counts too."""
        weight = self.factors("weight")
        weight = None if weight is None else weight.to(input.dtype)
        log_p = input.log_softmax(1)
        if input.ndim == 2:
            nll = torch.ops.aten.nll_loss_forward.default
        else:
            nll = torch.ops.aten.nll_loss2d_forward.default
            if input.ndim != 4:
                log_p = log_p.reshape(*log_p.shape[:2], 1, -1)
                target = target.reshape(len(target), 1, -1)
        value, share = nll(log_p, target, weight, reduction, self.ignore_index)
        return value, share

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        axis = class_axis(input)
        log_p = in_float32(input).log_softmax(axis)
        weight = self.factors("weight")
        if not target.is_floating_point():
            index, kept = index_and_kept(target, self.ignore_index)
            value, share = weighed_surprise(log_p, index, kept, weight)
            if self.label_smoothing:
                spread = -_finite(log_p)
                spread = spread if weight is None else _along(axis, weight, log_p) * spread
                evenly = torch.where(kept, spread.mean(axis), 0)
                value = (1 - self.label_smoothing) * value + self.label_smoothing * evenly
            return value, share
        q = (1 - self.label_smoothing) * target + self.label_smoothing / input.shape[axis]
        if weight is not None:
            q = q * _along(axis, weight, log_p)
        # A class that is ruled out (a score of -∞) and has no share in the target costs nothing.
        value = -(q * _finite(log_p)).sum(axis)
        return value, torch.ones_like(value)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        if not per_image and self._is_for_pytorch(input, target):
            return (Addend(self.name, 1.0, *self._by_pytorch(input, target, _SUM)),)
        if input.ndim > 2 and (input.is_cuda or input.shape[1] >= FEW_CLASSES):
            return super().fast_addends(input, target, per_image=per_image)
        return None

    def kernel(self, input: Tensor, target: Tensor) -> Kernel | None:
        if input.ndim < 3 or target.is_floating_point() or self.label_smoothing:
            return None
        return region_sums, self.ignore_index

    def addends_of_sums(self, sums: RegionSums, *, per_image: bool) -> tuple[Addend, ...]:
        weight = self.factors("weight")
        value, share = sums.surprise, sums.true
        if weight is not None:
            value, share = value * weight, share * weight
        return (Addend(self.name, 1.0, value.sum(1), share.sum(1)),)


@register
class Poly1Loss(Loss):
    r"""Poly-1: cross-entropy plus a share of the probability that went elsewhere.

    Cross-entropy is a sum of powers of 1 - p; this one changes the weight of the first, which
    leads while the true class is nearly right.

    Formula:
        \frac{1}{N} \sum_i -\log p_{i,y_i} + \epsilon\,(1 - p_{i,y_i}),
        \qquad p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}}
    Symbols:
        z: the model's scores (logits)
        p: the predicted probability of each class
        y: the true class
        \epsilon: epsilon, the weight of the added power; 0 is cross-entropy
        N: the number of items or pixels; ignored ones are left out
        i: the item or pixel
    Lowest value:
        0, when every true class is given probability 1
    Uninformed guess:
        ln C + ε (1 - 1/C): 1.19 for two classes, 3.20 for ten (ε = 1)
    Prefer:
        In place of cross-entropy, where one more parameter can be tuned.
    Avoid:
        With wrong labels in the data, and as a first choice.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices
    Raises:
        ValueError: a shape, a type or a class index is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[0.75, 0.25]]))
        >>> Poly1Loss()(score, torch.tensor([0])).item()   # -ln 0.75 + 0.25
        0.53768...

    Reference:
        Leng et al., PolyLoss, arXiv 2204.12511
    """

    name = "poly_1"
    title = "Poly-1"
    family = "classes"
    suffers = (Circumstance.WRONG_LABELS,)
    reads = (Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),)
    traits = Traits(pairwise=True)

    epsilon: float = Field(default=1.0, ge=-1, description="weight of 1 - p; 0 is cross-entropy")
    ignore_index: IgnoreIndex = Field(
        default=-100, description="class index that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_classes(input, target, ignore_index=self.ignore_index)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        log_p = in_float32(input).log_softmax(class_axis(input))
        index, kept = index_and_kept(target, self.ignore_index)
        surprise, share = weighed_surprise(log_p, index, kept, None)
        return surprise - self.epsilon * (-surprise).expm1(), share
