"""Losses over exclusive classes for data in which some labels are wrong."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Link, Reading, TargetForm, Traits
from model_playground.losses.base import IgnoreIndex, Loss, in_float32, register
from model_playground.losses.checks import check_classes, class_axis


class NoisyLabelLoss(Loss):
    """What the losses for wrong labels share: a cost of log p, the true class's probability."""

    family = "classes"
    reads = (Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),)
    traits = Traits(pairwise=True)

    ignore_index: IgnoreIndex = Field(
        default=-100, description="class index that is left out of the loss"
    )

    def cost(self, log_p: Tensor) -> Tensor:
        """Return what every item costs, from the logarithm of its true class's probability."""
        raise NotImplementedError

    def check(self, input: Tensor, target: Tensor) -> None:
        check_classes(input, target, ignore_index=self.ignore_index)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        z, axis = in_float32(input), class_axis(input)
        index = target.long()
        kept = index != self.ignore_index
        true = index.where(kept, 0).unsqueeze(axis)
        log_p = z.gather(axis, true).squeeze(axis) - z.logsumexp(axis)
        return torch.where(kept, self.cost(log_p), 0), kept.to(z.dtype)


@register
class SymmetricCrossEntropyLoss(NoisyLabelLoss):
    r"""Symmetric cross-entropy: cross-entropy plus its mirror image, which is bounded.

    The mirror image asks how surprising the prediction is to the label. An item whose label the
    model firmly disbelieves does not dominate it; cross-entropy, with a small factor, keeps the
    training from stalling.

    Formula:
        \frac{1}{N} \sum_i -\alpha \log p_{i,y_i} - \beta A\,(1 - p_{i,y_i}),
        \qquad p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}}
    Symbols:
        z: the model's scores (logits)
        p: the predicted probability of each class
        y: the class by its label, which may be wrong
        \alpha: alpha, the factor of cross-entropy
        \beta: beta, the factor of reverse cross-entropy, the sum of -p log q over the classes,
            where q is 1 at the label's class and 0 at the others
        A: log_zero, which stands for log 0 there
        N: the number of items or pixels; ignored ones are left out
        i: the item or pixel
    Lowest value:
        0, when every label's class is given probability 1
    Uninformed guess:
        α ln C - β A (1 - 1/C): 2.07 for two classes, 3.83 for ten (α = 0.1, β = 1, A = -4)
    Prefer:
        For labels of which a good share is wrong: collected from the web, or by few annotators.
    Avoid:
        With clean labels, where it learns hard items more slowly (cross-entropy). The paper takes
        α = 0.1, β = 1 for ten classes and α = 6, β = 0.1 for a hundred.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices
    Raises:
        ValueError: a shape, a type or a class index is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[0.75, 0.25]]))
        >>> loss = SymmetricCrossEntropyLoss()   # 0.1 · -ln 0.75 + 4 · 0.25
        >>> loss(score, torch.tensor([0])).item()
        1.02876...

    Reference:
        Wang et al., Symmetric Cross Entropy for Robust Learning with Noisy Labels, arXiv 1908.06112
    """

    name = "symmetric_cross_entropy"
    title = "Symmetric cross-entropy"
    suits = (Circumstance.WRONG_LABELS,)

    alpha: float = Field(default=0.1, ge=0, description="the factor of cross-entropy")
    beta: float = Field(default=1.0, ge=0, description="the factor of reverse cross-entropy")
    log_zero: float = Field(
        default=-4.0, lt=0, description="stands for log 0, the surprise at a class the label denies"
    )

    def cost(self, log_p: Tensor) -> Tensor:
        return -self.alpha * log_p + self.beta * self.log_zero * log_p.expm1()


@register
class GeneralisedCrossEntropyLoss(NoisyLabelLoss):
    r"""Generalised cross-entropy: between cross-entropy and the mean absolute error.

    The pull of an item shrinks with p^q, p being how far its label is believed, so that labels
    which the model finds absurd hardly count. At q → 0 it is cross-entropy, which learns fast and
    believes every label; at q = 1 it is 1 - p, which resists wrong labels and learns slowly.

    Formula:
        \frac{1}{N} \sum_i \frac{1 - p_{i,y_i}^{\,q}}{q},
        \qquad p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}}
    Symbols:
        z: the model's scores (logits)
        p: the predicted probability of each class
        y: the class by its label, which may be wrong
        q: how much the losses of disbelieved labels are bounded: the largest is 1/q
        N: the number of items or pixels; ignored ones are left out
        i: the item or pixel
    Lowest value:
        0, when every label's class is given probability 1
    Uninformed guess:
        (1 - 1 / C^q) / q: 0.55 for two classes, 1.14 for ten (q = 0.7)
    Prefer:
        For labels of which a good share is wrong: collected from the web, or by few annotators.
    Avoid:
        With clean labels, and with hundreds of classes at a large q, where nothing pulls at the
        start.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices
    Raises:
        ValueError: a shape, a type or a class index is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[0.25, 0.75]]))
        >>> loss = GeneralisedCrossEntropyLoss(q=0.5)   # (1 - √0.25) / 0.5
        >>> loss(score, torch.tensor([0])).item()
        1.0

    Reference:
        Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with
        Noisy Labels, arXiv 1805.07836 (without its truncated form)
    """

    name = "generalised_cross_entropy"
    title = "Generalised cross-entropy"
    suits = (Circumstance.WRONG_LABELS,)
    suffers = (Circumstance.MANY_CLASSES,)

    q: float = Field(
        default=0.7, gt=0, le=1, description="near 0 it is cross-entropy, at 1 it is 1 - p"
    )

    def cost(self, log_p: Tensor) -> Tensor:
        return -(self.q * log_p).expm1() / self.q
