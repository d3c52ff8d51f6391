"""Focal losses: cross-entropy in which what is already right counts for less."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

from model_playground.core.contracts import Circumstance, Link, Reading, TargetForm, Traits
from model_playground.losses.arithmetic import answers_and_kept, in_float32, index_and_kept
from model_playground.losses.base import Addend, ClassFactors, IgnoreIndex, Loss, register
from model_playground.losses.binary import ANSWERS, fast_answers, finite
from model_playground.losses.checks import check_answers, check_classes, class_axis
from model_playground.losses.kernels import blocks
from model_playground.losses.kernels.binary import AsymmetricKernel, FocalKernel
from model_playground.losses.kernels.focal_classes import FocalTask, focal_sums


@register
class FocalLoss(Loss):
    r"""Focal loss over exclusive classes: cross-entropy that looks at the hard items.

    An item whose true class already has probability p counts (1-p)^γ times its cross-entropy:
    with γ = 2 an item at 0.9 counts a hundredth, one at 0.1 four fifths. So many easy items of a
    frequent class cannot drown the few hard ones of a rare class.

    Formula:
        \frac{1}{N} \sum_i -\alpha_{y_i} (1 - p_{i,y_i})^{\gamma} \log p_{i,y_i},
        \qquad p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}}
    Symbols:
        z: the model's scores (logits)
        p: the predicted probability of each class
        y: the true class
        \alpha: alpha, the weight of each class, 1 if none are given
        \gamma: gamma, how much less an easy item counts; 0 is cross-entropy
        N: the number of items or pixels; ignored ones are left out
        i: the item or pixel
    Lowest value:
        0, when every true class is given probability 1
    Uninformed guess:
        (1 - 1/C)^γ ln C: 0.17 for two classes, 1.87 for ten (γ = 2)
    Prefer:
        For one class per image or per pixel where some classes are rare.
    Avoid:
        With wrong labels in the data, which look like hard items; and where the probabilities
        themselves are used, since they come out less certain than they should be.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices. The mean divides by the
        number of units, not by their alpha.
    Raises:
        ValueError: a shape, a type, a class index or the length of alpha is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[0.9, 0.1]]))
        >>> FocalLoss()(score, torch.tensor([1])).item()   # -(0.9)² · ln 0.1
        1.86509...

    Reference:
        Lin et al., Focal Loss for Dense Object Detection, arXiv 1708.02002
    """

    name = "focal"
    title = "Focal loss"
    suits = (Circumstance.IMBALANCE,)
    suffers = (Circumstance.WRONG_LABELS,)
    family = "classes"
    reads = (Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),)
    traits = Traits(pairwise=True)

    gamma: float = Field(
        default=2.0, ge=0, description="how much less easy items count; 0 is cross-entropy"
    )
    alpha: ClassFactors = Field(default=None, description="a factor for each class")
    ignore_index: IgnoreIndex = Field(
        default=-100, description="class index that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_classes(
            input,
            target,
            ignore_index=self.ignore_index,
            weight=self.factors("alpha"),
            weight_name="alpha",
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        axis = class_axis(input)
        z = in_float32(input)
        index, kept = index_and_kept(target, self.ignore_index)
        true = index.unsqueeze(axis)
        log_p = z.gather(axis, true).squeeze(axis) - z.logsumexp(axis)
        # Before any product: an ignored unit may be infinite, and 0 · ∞ is no number.
        log_p = torch.where(kept, log_p, 0)
        value = -self._focus(z, true, log_p) * log_p
        alpha = self.factors("alpha")
        if alpha is not None:
            value = value * alpha.to(value.dtype)[index]
        return value, kept.to(value.dtype)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        if input.ndim < 2 or has_steep_power(self.gamma):
            return None
        if input.numel() < blocks.FEW_NUMBERS:
            return (Addend(self.name, 1.0, *self._terms_by_pytorch(input, target)),)
        task = FocalTask(self.gamma, self.ignore_index, lambda z, y: self.terms(z, y)[0])
        return (Addend(self.name, 1.0, *focal_sums(task, input, target, self.factors("alpha"))),)

    def _terms_by_pytorch(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return the terms with PyTorch's own cross-entropy, which takes fewer calls."""
        surprise = cross_entropy(
            in_float32(input), target.long(), reduction="none", ignore_index=self.ignore_index
        )
        value = (-(-surprise).expm1()) ** self.gamma * surprise
        kept = target != self.ignore_index
        alpha = self.factors("alpha")
        if alpha is not None:
            value = value * alpha.to(value.dtype)[target.long().where(kept, 0)]
        return value, kept.to(value.dtype)

    def _focus(self, z: Tensor, true: Tensor, log_p: Tensor) -> Tensor:
        """Return (1 - p)^γ of the true class."""
        if not has_steep_power(self.gamma):
            return (-log_p.expm1()) ** self.gamma
        z = finite(z)
        axis = class_axis(z)
        others = z.scatter(axis, true, torch.finfo(z.dtype).min)
        return (self.gamma * (others.logsumexp(axis) - z.logsumexp(axis))).exp()


@register
class BinaryFocalLoss(Loss):
    r"""Binary focal loss: binary cross-entropy that looks at the hard answers.

    An answer that is already given with probability p counts (1-p)^γ times its cross-entropy.
    Among thousands of easy "no" the few "yes" stay visible.

    Formula:
        \frac{1}{N} \sum_i -\alpha_i\, (1 - \pi_i)^{\gamma}
        \left[ y_i \log p_i + (1 - y_i) \log (1 - p_i) \right], \quad
        \pi_i = p_i y_i + (1 - p_i)(1 - y_i), \quad
        \alpha_i = \alpha y_i + (1 - \alpha)(1 - y_i)
    Symbols:
        z: the model's score (logit)
        p: the predicted probability of "yes", 1 / (1 + exp(-z))
        y: the answer: 1 for yes, 0 for no, or something between
        \pi: the probability given to the true answer
        \alpha: alpha, the factor of the answer "yes"; "no" has 1 - alpha
        \gamma: gamma, how much less an easy answer counts; 0 is binary cross-entropy
        N: the number of answers; ignored ones are left out. The paper divides by the number of
            anchors assigned to an object instead, as detection does here
        i: the answer, one for each item (or pixel) and class
    Lowest value:
        0, when every answer is given with certainty
    Uninformed guess:
        ¼ ln 2 = 0.17 for γ = 2 times the mean α: 0.13 where almost every answer is no
    Prefer:
        For several labels, dense detection or one small foreground, where yes is rare.
    Avoid:
        With wrong labels in the data, which look like hard answers. The paper's α = 0.25 goes
        with γ = 2 and 1:1000 imbalance; with γ = 0 it favours no: set alpha=null for none.
    Shape:
        input (N, …) logits; target of the same shape: numbers in [0, 1] or Booleans
    Raises:
        ValueError: a shape, a type or a value is not as above.
    Example:
        >>> loss = BinaryFocalLoss(alpha=None)
        >>> score = torch.logit(torch.tensor([0.9]))
        >>> loss(score, torch.tensor([0.0])).item()   # the answer is no: -(0.9)² · ln 0.1
        1.86509...

    Reference:
        Lin et al., Focal Loss for Dense Object Detection, arXiv 1708.02002
    """

    name = "binary_focal"
    title = "Binary focal loss"
    suits = (Circumstance.IMBALANCE,)
    suffers = (Circumstance.WRONG_LABELS,)
    family = "answers"
    reads = ANSWERS
    traits = Traits(pairwise=True)

    gamma: float = Field(
        default=2.0, ge=0, description="how much less easy answers count; 0 is binary cross-entropy"
    )
    alpha: float | None = Field(
        default=0.25,
        ge=0,
        le=1,
        description="the factor of yes, no has 1 - alpha; null for no factors",
    )
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_answers(input, target, ignore_index=self.ignore_index)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        z = finite(in_float32(input))
        y, kept = answers_and_kept(z, target, self.ignore_index)
        log_yes, log_no = logsigmoid(z), logsigmoid(-z)
        value = -self._focus(log_yes, log_no, y) * (y * log_yes + (1 - y) * log_no)
        if self.alpha is not None:
            value = value * (self.alpha * y + (1 - self.alpha) * (1 - y))
        return torch.where(kept, value, 0), kept.to(value.dtype)

    def _focus(self, log_yes: Tensor, log_no: Tensor, y: Tensor) -> Tensor:
        """Return (1 - π)^γ, where 1 - π = p (1 - y) + (1 - p) y."""
        if not has_steep_power(self.gamma):
            return ((1 - y) * log_yes.exp() + y * log_no.exp()) ** self.gamma
        tiny = torch.finfo(y.dtype).tiny
        taken_for_yes = log_yes + (1 - y).clamp(min=tiny).log()
        taken_for_no = log_no + y.clamp(min=tiny).log()
        return (self.gamma * torch.stack([taken_for_yes, taken_for_no]).logsumexp(0)).exp()

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        kernel = FocalKernel(self.gamma, self.alpha)
        return fast_answers(self, kernel, input, target, per_image=per_image, launch=kernel.launch)


@register
class AsymmetricLoss(Loss):
    r"""Asymmetric: focal for many labels, of which nearly all are absent in every image.

    A right "no" is faded out much faster than a right "yes", and below a small probability it
    does not count at all, so that a wrong label that says "no" does little harm.

    Formula:
        \frac{1}{N} \sum_i - y_i\,(1 - p_i)^{\gamma_+} \log p_i
        - (1 - y_i)\, q_i^{\gamma_-} \log (1 - q_i), \qquad q_i = \max(p_i - m, 0)
    Symbols:
        p: the predicted probability of "yes", 1 / (1 + exp(-z)) from the score z
        y: the answer: 1 for yes, 0 for no, or something between
        q: the probability of "yes" less the margin
        m: margin
        \gamma_+: gamma_positive, how much less an easy yes counts
        \gamma_-: gamma_negative, how much less an easy no counts
        N: the number of answers; ignored ones are left out
        i: the answer, one for each item (or pixel) and class
    Lowest value:
        0, when every yes is certain and every no is below the margin
    Uninformed guess:
        0.35 for a yes, 0.02 for a no, with the parameters of the paper
    Prefer:
        For tagging with dozens of labels, few of them present in an image.
    Avoid:
        Where yes and no are about as frequent (binary cross-entropy), and where the
        probabilities themselves are used: it pushes them up.
    Shape:
        input (N, …) logits; target of the same shape: numbers in [0, 1] or Booleans
    Raises:
        ValueError: a shape, a type or a value is not as above.
    Example:
        >>> score = torch.logit(torch.tensor([0.75]))   # the answer is no: q = 0.7
        >>> AsymmetricLoss()(score, torch.tensor([0.0])).item()   # -(0.7)⁴ · ln 0.3
        0.28907...

    Reference:
        Ridnik et al., Asymmetric Loss For Multi-Label Classification, arXiv 2009.14119
    """

    name = "asymmetric"
    title = "Asymmetric"
    suits = (Circumstance.IMBALANCE, Circumstance.MANY_CLASSES)
    family = "answers"
    reads = ANSWERS
    traits = Traits(pairwise=True)

    gamma_positive: float = Field(default=1.0, ge=0, description="how much less an easy yes counts")
    gamma_negative: float = Field(default=4.0, ge=1, description="how much less an easy no counts")
    margin: float = Field(
        default=0.05, ge=0, lt=1, description="a no below this probability is free"
    )
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_answers(input, target, ignore_index=self.ignore_index)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        z = finite(in_float32(input))
        y, kept = answers_and_kept(z, target, self.ignore_index)
        log_yes, log_no = logsigmoid(z), logsigmoid(-z)
        for_yes = (self.gamma_positive * log_no).exp() * log_yes
        log_right = log_no
        if self.margin:  # log(1 - q) = log(min(1 - p + m, 1)), from logarithms
            log_margin = torch.full_like(z, math.log(self.margin))
            log_right = torch.stack([log_no, log_margin]).logsumexp(0).clamp(max=0)
        for_no = (-log_right.expm1()) ** self.gamma_negative * log_right
        return torch.where(kept, -(y * for_yes + (1 - y) * for_no), 0), kept.to(z.dtype)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        kernel = AsymmetricKernel(self.gamma_positive, self.gamma_negative, self.margin)
        return fast_answers(self, kernel, input, target, per_image=per_image)


def has_steep_power(gamma: float) -> bool:
    """Say whether x^γ has an infinite slope at 0, so that it has to be taken from log x."""
    return 0 < gamma < 1
