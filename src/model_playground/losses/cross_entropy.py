"""Cross-entropy over exclusive classes."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Link, Reading, TargetForm, Traits
from model_playground.losses.base import Factors, Loss, in_float32, register
from model_playground.losses.checks import check_classes, class_axis


def index_and_kept(target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return class indices in which ignored ones are 0, and which ones are not ignored."""
    index = target.long()
    kept = index != ignore_index
    return index.where(kept, 0), kept


def true_class_weights(
    index: Tensor, kept: Tensor, weight: Tensor | None, dtype: torch.dtype
) -> Tensor:
    """Return w_y of every unit: the factor of its true class, 0 where it is ignored."""
    return kept.to(dtype) if weight is None else weight.to(dtype)[index] * kept


def index_cross_entropy(
    log_p: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None,
    label_smoothing: float,
    ignore_index: int,
) -> tuple[Tensor, Tensor]:
    """Return w_y and -Σ_c w_c q_c log p_c of every unit, as weight and value."""
    axis = class_axis(log_p)
    index, kept = index_and_kept(target, ignore_index)
    share = true_class_weights(index, kept, weight, log_p.dtype)
    surprise = -log_p.gather(axis, index.unsqueeze(axis)).squeeze(axis)
    # An ignored unit's surprise may be infinite, and 0 · ∞ is no number: choose, do not multiply.
    value = torch.where(kept, surprise, 0) * share
    if label_smoothing:
        spread = -log_p if weight is None else -_along(axis, weight, log_p) * log_p
        evenly = torch.where(kept, spread.mean(axis), 0)
        value = (1 - label_smoothing) * value + label_smoothing * evenly
    return value, share


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
    family = "classes"
    reads = (
        Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),
        Reading(form=TargetForm.SOFT_DISTRIBUTION, link=Link.SOFTMAX),
    )
    traits = Traits(pairwise=True)

    weight: Factors = Field(None, description="a factor for each class")
    label_smoothing: float = Field(
        0.0, ge=0, le=1, description="share of the target spread evenly over all classes"
    )
    ignore_index: int = Field(-100, description="class index that is left out of the loss")

    def check(self, input: Tensor, target: Tensor) -> None:
        check_classes(
            input,
            target,
            ignore_index=self.ignore_index,
            weight=self.factors("weight"),
            probabilities=True,
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        axis = class_axis(input)
        log_p = in_float32(input).log_softmax(axis)
        weight = self.factors("weight")
        if not target.is_floating_point():
            return index_cross_entropy(
                log_p,
                target,
                weight=weight,
                label_smoothing=self.label_smoothing,
                ignore_index=self.ignore_index,
            )
        q = (1 - self.label_smoothing) * target + self.label_smoothing / input.shape[axis]
        if weight is not None:
            q = q * _along(axis, weight, log_p)
        # A class that is ruled out (a score of -∞) and has no share in the target costs nothing.
        value = -(q * log_p.clamp(min=torch.finfo(log_p.dtype).min)).sum(axis)
        return value, torch.ones_like(value)
