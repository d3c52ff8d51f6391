"""Losses over independent yes-or-no answers."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from model_playground.core.contracts import Circumstance, Link, Reading, TargetForm, Traits
from model_playground.losses import kernels
from model_playground.losses.arithmetic import answers_and_kept, in_float32
from model_playground.losses.base import Addend, Factors, IgnoreIndex, Loss, register
from model_playground.losses.checks import all_are_answers, are_dense, check_answers
from model_playground.losses.kernels.answers import (
    AnswersKernel,
    AnswersTask,
    Launch,
    sums_of_answers,
)
from model_playground.losses.kernels.binary import BinaryCrossEntropyKernel, FocalKernel

FEW_ANSWERS = 2**13
"""Fewer answers than these are left to PyTorch's own operator: a kernel's calls cost more."""

ANSWERS = (Reading(form=TargetForm.MULTI_HOT, link=Link.SIGMOID),)


def finite(scores: Tensor) -> Tensor:
    """Return scores in which ±∞ is the largest finite number, so that 0 · ∞ cannot arise."""
    largest = torch.finfo(scores.dtype).max
    return scores.clamp(-largest, largest)


def fast_answers(
    loss: Loss,
    kernel: AnswersKernel,
    input: Tensor,
    target: Tensor,
    *factors: Tensor,
    per_image: bool,
    launch: Launch | None = None,
) -> tuple[Addend, ...] | None:
    """Return the addend of a loss of answers by its kernel on a CPU, by its launch on a GPU."""
    if target.requires_grad or not input.ndim or not input.numel():
        return None
    if input.is_cuda and launch is None:
        return None
    ignore_index = loss.ignore_index
    assert isinstance(ignore_index, int)
    task = AnswersTask(
        kernel, lambda z, y: loss.terms(z, y)[0], ignore_index, per_image, launch=launch
    )
    return (Addend(loss.name, 1.0, *sums_of_answers(task, input, target, *factors)),)


@register
class BinaryCrossEntropyLoss(Loss):
    r"""Binary cross-entropy: the surprise at each yes or no, from the model's scores.

    Each score becomes a probability of "yes" on its own; the probabilities need not add up to 1.
    A confident wrong answer costs without bound, a confident right one nothing.

    Formula:
        \frac{1}{N} \sum_i -w_i \left[ \pi_i\, y_i \log p_i + (1 - y_i) \log (1 - p_i) \right],
        \qquad p_i = \frac{1}{1 + e^{-z_i}}
    Symbols:
        z: the model's score (logit)
        p: the predicted probability of "yes"
        y: the answer: 1 for yes, 0 for no, or something between
        w: weight, a factor for each answer, 1 if none is given
        \pi: pos_weight, a factor for the answer "yes", 1 if none is given
        N: the number of answers; ignored ones are left out
        i: the answer, one for each item (or pixel) and class
    Lowest value:
        0, when every answer is given with certainty (higher where answers lie between 0 and 1)
    Uninformed guess:
        ln 2 = 0.69, whatever the number of classes
    Prefer:
        For several labels per image, and for one foreground class in a binary segmentation.
    Avoid:
        Where exactly one class is true (cross-entropy), or where yes is so rare that the easy no
        drowns it (binary focal loss, pos_weight).
    Shape:
        input (N, …) logits; target of the same shape: numbers in [0, 1] or Booleans. weight and
        pos_weight broadcast to that shape as in PyTorch: a list is one number for all, or one for
        each entry of the last axis; for (N, C, height, width) give a tensor of shape (C, 1, 1).
        As in PyTorch, the mean divides by the number of answers, not by their weights.
    Raises:
        ValueError: a shape, a type or a value is not as above.
    Example:
        >>> loss = BinaryCrossEntropyLoss()
        >>> score = torch.logit(torch.tensor([0.9, 0.2]))   # yes with 0.9, yes with 0.2
        >>> loss(score, torch.tensor([1.0, 0.0])).item()   # (-ln 0.9 - ln 0.8) / 2
        0.16425...

    Reference:
        Good, Rational decisions (1952)
    """

    name = "binary_cross_entropy"
    title = "Binary cross-entropy"
    suffers = (Circumstance.IMBALANCE, Circumstance.WRONG_LABELS)
    family = "answers"
    reads = ANSWERS
    traits = Traits(pairwise=True)

    weight: Factors = Field(default=None, description="a factor for each answer")
    pos_weight: Factors = Field(default=None, description="a factor for the answer yes")
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_answers(
            input,
            target,
            ignore_index=self.ignore_index,
            weight=self.factors("weight"),
            pos_weight=self.factors("pos_weight"),
        )

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if self.reduction != "mean" or not self._is_for_pytorch(input, target):
            return super().forward(input, target)
        try:
            # The operator refuses what `check` refuses, at no cost; `check` says it better.
            value = binary_cross_entropy_with_logits(
                input, target, self.factors("weight"), pos_weight=self.factors("pos_weight")
            )
        except (RuntimeError, ValueError):
            self.check(input, target)
            raise
        # A score of ±∞ makes it infinite or NaN.
        return value if math.isfinite(value.item()) else super().forward(input, target)

    def _is_for_pytorch(self, input: Tensor, target: Tensor) -> bool:
        """Say whether PyTorch's operator, which ignores nothing, gives this loss in less time."""
        return (
            are_dense(input, target)
            and 0 < input.numel() < FEW_ANSWERS
            and input.dtype == target.dtype
            and input.dtype in (torch.float32, torch.float64)
            and input.device.type == "cpu"
            and kernels.apply_to(input)
            and not 0 <= self.ignore_index <= 1
            and all_are_answers(target)
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        z = finite(in_float32(input))
        y, kept = answers_and_kept(z, target, self.ignore_index)
        pos_weight, weight = self.factors("pos_weight"), self.factors("weight")
        yes = y if pos_weight is None else y * pos_weight
        value = -(yes * logsigmoid(z) + (1 - y) * logsigmoid(-z))
        if weight is not None:
            value = value * weight
        return torch.where(kept, value, 0), kept.to(value.dtype)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        pos_weight, weight = self.factors("pos_weight"), self.factors("weight")
        factors = [factor for factor in (pos_weight, weight) if factor is not None]
        kernel = BinaryCrossEntropyKernel(has_pos_weight=pos_weight is not None)
        # With γ = 0 and without α the focal loss is this one.
        launch = None if factors else FocalKernel(0.0, None).launch
        return fast_answers(
            self, kernel, input, target, *factors, per_image=per_image, launch=launch
        )
