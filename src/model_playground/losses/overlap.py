"""Losses of overlap between a predicted and a true region: one value for each class."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import (
    Circumstance,
    Layout,
    Link,
    PerSample,
    Reading,
    TargetForm,
    Traits,
)
from model_playground.losses.arithmetic import (
    answers_and_kept,
    in_float32,
    index_and_kept,
    ratio,
)
from model_playground.losses.base import Addend, ClassFactors, IgnoreIndex, Kernel, Loss, register
from model_playground.losses.checks import (
    check_answers,
    check_class_weights,
    check_classes,
    check_tensors,
)
from model_playground.losses.kernels import blocks
from model_playground.losses.kernels.answer_areas import (
    AnswerSums,
    answer_sums,
    answer_sums_by_formula,
)
from model_playground.losses.kernels.regions import RegionSums, region_sums


class OverlapLoss(Loss):
    """What the losses of overlap between a predicted and a true region share.

    Class indices are read against a softmax over the classes, a yes or no for each class (a
    target of the input's shape) against independent sigmoids.
    """

    family = "regions"
    reads: ClassVar[tuple[Reading, ...]] = (
        Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),
        Reading(form=TargetForm.MULTI_HOT, link=Link.SIGMOID),
    )
    layouts = (Layout.PIXEL,)
    traits = Traits(per_sample=PerSample.PER_IMAGE_FORM)
    suits: ClassVar[tuple[Circumstance, ...]] = (Circumstance.IMBALANCE, Circumstance.SMALL_OBJECTS)

    weight: ClassFactors = Field(default=None, description="a factor for each class")
    absent: Literal["skip", "count"] = Field(
        default="skip",
        description="classes without a true pixel: left out, or counted as not overlapping",
    )
    per_image: bool = Field(
        default=False, description="sum areas over each image, not over the batch"
    )
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

    def group_losses(self, p: Tensor, t: Tensor, *, per_image: bool) -> Tensor:
        """Return the loss of every class: (N, C) for each image, (1, C) for the batch.

        Args:
            p: probabilities, (N, C, d1, …); 0 where a pixel is ignored.
            t: the truth, of the same shape; 0 where a pixel is ignored.
            per_image: whether areas are summed over each image or over the batch.
        """
        raise NotImplementedError

    def check(self, input: Tensor, target: Tensor) -> None:
        check_tensors(input, target)
        weight = self.factors("weight")
        if target.shape == input.shape and input.ndim >= 3:
            check_answers(input, target, ignore_index=self.ignore_index)
            if weight is not None:
                check_class_weights(weight, input.shape[1], input, name="weight")
            return
        check_classes(
            input, target, ignore_index=self.ignore_index, weight=weight, least_dimensions=3
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        return self._terms(input, target, per_image=self.per_image)

    def formula_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...]:
        terms = self._terms(input, target, per_image=per_image or self.per_image)
        return (Addend(self.name, 1.0, *terms),)

    def _terms(self, input: Tensor, target: Tensor, *, per_image: bool) -> tuple[Tensor, Tensor]:
        p, t = self._prediction_and_truth(input, target)
        losses = self.group_losses(p, t, per_image=per_image)
        predicted, true = (group_sums(units, per_image=per_image) for units in (p, t))
        return self.weighed(losses, predicted, true)

    def _prediction_and_truth(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and truth, (N, C, d1, …), both 0 where a pixel is ignored."""
        input = in_float32(input)
        if target.shape == input.shape:
            p = input.sigmoid()
            t, kept = answers_and_kept(p, target, self.ignore_index)
        else:
            p = input.log_softmax(1).exp()  # PyTorch's softmax splits small work too, and waits
            index, kept = index_and_kept(target.unsqueeze(1), self.ignore_index)
            t = torch.zeros_like(p).scatter(1, index, kept.to(p.dtype))
        return torch.where(kept, p, 0), t

    def weighed(self, losses: Tensor, predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
        """Return value and weight of every class from its loss and its areas."""
        counted = true > 0
        if self.absent == "count":
            counted |= predicted > 0
        share = counted.to(losses.dtype)
        weight = self.factors("weight")
        if weight is not None:
            share = share * weight
        return share * losses, share


class AreaLoss(OverlapLoss):
    """A loss of overlap that needs three areas of each class to say how much is `lost`."""

    def lost(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        """Return each class's loss from the shared, the predicted and the true area."""
        raise NotImplementedError

    def _terms(self, input: Tensor, target: Tensor, *, per_image: bool) -> tuple[Tensor, Tensor]:
        if input.ndim > target.ndim:
            p, t = self._prediction_and_truth(input, target)
            areas = [group_sums(area, per_image=per_image) for area in (p * t, p, t)]
            return self.weighed(self.lost(*areas), *areas[1:])
        sums = answer_sums_by_formula(input, target, self.ignore_index)
        (addend,) = self.addends_of_sums(sums, per_image=per_image)
        return addend.value, addend.weight

    def kernel(self, input: Tensor, target: Tensor) -> Kernel | None:
        if input.ndim == target.ndim:
            return answer_sums, self.ignore_index
        numbers = target.numel() * input.shape[1]
        return None if numbers < blocks.FEW_NUMBERS else (region_sums, self.ignore_index)

    def addends_of_sums(
        self, sums: AnswerSums | RegionSums, *, per_image: bool
    ) -> tuple[Addend, ...]:
        shared, predicted, true = sums.shared, sums.predicted, sums.true
        if len(true) > 1 and not (per_image or self.per_image):
            shared, predicted, true = (
                area.sum(0, keepdim=True) for area in (shared, predicted, true)
            )
        losses = self.lost(shared, predicted, true)
        return (Addend(self.name, 1.0, *self.weighed(losses, predicted, true)),)


def group_sums(units: Tensor, *, per_image: bool) -> Tensor:
    """Sum over the pixels of each image, (N, C), or of the batch, (1, C)."""
    pixels = range(2, units.ndim)
    return units.sum((*pixels,)) if per_image else units.sum((0, *pixels)).unsqueeze(0)


@register
class SoftIoULoss(AreaLoss):
    r"""Soft IoU (Jaccard): how little the predicted and the true regions overlap.

    For each class, the shared area over the joint area, with probabilities for the predicted
    region. A small region counts as much as a large one.

    Formula:
        \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \left( 1 - \frac{I_c}{P_c + T_c - I_c} \right), \quad
        I_c = \sum_i \min(p_{i,c}, t_{i,c}),\; P_c = \sum_i p_{i,c},\; T_c = \sum_i t_{i,c}
    Symbols:
        p: the predicted probability of each class
        t: the truth: 1 for the pixels of a class, 0 for others, or something between
        I: the shared area of prediction and truth
        P: the predicted area
        T: the true area
        w: the weight of each class, 1 if none are given
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel, over the whole batch (or one image); ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        1 - s / (1 + (C - 1) s) for a class with the share s of the pixels, averaged over the
        classes: 2/3 for two classes of equal size
    Prefer:
        For segmentation with small regions, measured by mean IoU; mostly summed with
        cross-entropy.
    Avoid:
        Alone at the start of a training: its slope is small where nothing overlaps yet.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) numbers in [0, 1] for a yes or no to each class. The unit is a
        class of the batch: reduction "none" gives (1, C), or (N, C) with per_image.
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))   # two pixels
        >>> loss = SoftIoULoss()   # class 0: I = .75, U = 1.25 + 1 - .75; class 1: .5 and 1.25
        >>> loss(score, torch.tensor([[0, 1]])).item()   # (1/2 + 3/5) / 2
        0.5499...

    Reference:
        Rahman and Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image
        Segmentation (2016)
    """

    name = "soft_iou"
    title = "Soft IoU"

    def lost(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        return 1 - ratio(shared, predicted + true - shared)


@register
class DiceLoss(AreaLoss):
    r"""Dice: how little the predicted and the true regions overlap, by their mean size.

    Twice the shared area over the sum of both areas (the F1 score with probabilities). It ranks
    predictions as soft IoU does and is a little kinder to half-right ones.

    Formula:
        \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \left( 1 - \frac{2 I_c}{P_c + T_c} \right), \quad
        I_c = \sum_i \min(p_{i,c}, t_{i,c}),\; P_c = \sum_i p_{i,c},\; T_c = \sum_i t_{i,c}
    Symbols:
        p: the predicted probability of each class
        t: the truth: 1 for the pixels of a class, 0 for others, or something between
        I: the shared area of prediction and truth
        P: the predicted area
        T: the true area
        w: the weight of each class, 1 if none are given
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel, over the whole batch (or one image); ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        1 - 2 s / (1 + C s) for a class with the share s of the pixels, averaged over the
        classes: 1/2 for two classes of equal size
    Prefer:
        For segmentation with small regions, summed with cross-entropy or binary cross-entropy.
    Avoid:
        Alone at the start of a training: its slope is small where nothing overlaps yet.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) numbers in [0, 1] for a yes or no to each class. The unit is a
        class of the batch: reduction "none" gives (1, C), or (N, C) with per_image.
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))   # two pixels
        >>> loss = DiceLoss()   # 1 - 1.5 / (1.25 + 1) = 1/3 and 1 - 1 / (.75 + 1) = 3/7
        >>> loss(score, torch.tensor([[0, 1]])).item()
        0.38095...

    Reference:
        Milletari et al., V-Net, arXiv 1606.04797 (with squared=True)
    """

    name = "dice"
    title = "Dice"

    squared: bool = Field(
        default=False,
        description="sum squares in the denominator and products above, as the V-Net paper",
    )

    def group_losses(self, p: Tensor, t: Tensor, *, per_image: bool) -> Tensor:
        areas = (p * t, p.square(), t.square())
        return self.lost(*(group_sums(area, per_image=per_image) for area in areas))

    def _terms(self, input: Tensor, target: Tensor, *, per_image: bool) -> tuple[Tensor, Tensor]:
        if self.squared:  # needs more than areas
            return OverlapLoss._terms(self, input, target, per_image=per_image)
        return super()._terms(input, target, per_image=per_image)

    def kernel(self, input: Tensor, target: Tensor) -> Kernel | None:
        return None if self.squared else super().kernel(input, target)

    def lost(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        return 1 - ratio(2 * shared, predicted + true)


class TverskyAreas(AreaLoss):
    """What the Tversky losses share: how much a false positive and a false negative weigh."""

    alpha: float = Field(default=0.3, ge=0, description="weight of false positives")
    beta: float = Field(default=0.7, ge=0, description="weight of false negatives")

    def tversky(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        """Return one minus the Tversky index of every class."""
        wrong = self.alpha * (predicted - shared) + self.beta * (true - shared)
        return 1 - ratio(shared, shared + wrong)


@register
class TverskyLoss(TverskyAreas):
    r"""Tversky: overlap in which misses and false alarms weigh differently.

    With both weights at 1/2 it is Dice, with both at 1 soft IoU. A larger β makes the model find
    more of a small region at the price of false alarms.

    Formula:
        \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \left( 1 - \frac{I_c}{I_c + \alpha (P_c - I_c) + \beta (T_c - I_c)} \right), \quad
        I_c = \sum_i \min(p_{i,c}, t_{i,c}),\; P_c = \sum_i p_{i,c},\; T_c = \sum_i t_{i,c}
    Symbols:
        p: the predicted probability of each class
        t: the truth: 1 for the pixels of a class, 0 for others, or something between
        I: the shared area of prediction and truth
        P: the predicted area
        T: the true area
        w: the weight of each class, 1 if none are given
        \alpha: alpha, the weight of false positives P - I
        \beta: beta, the weight of false negatives T - I
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel, over the whole batch (or one image); ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        For two classes of equal size 1/2, as long as α + β = 1
    Prefer:
        For segmentation where a missed pixel is worse than a false one, as with lesions.
    Avoid:
        Where both errors weigh the same: Dice and soft IoU have fewer parameters.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) numbers in [0, 1] for a yes or no to each class. The unit is a
        class of the batch: reduction "none" gives (1, C), or (N, C) with per_image.
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))   # two pixels
        >>> loss = TverskyLoss()   # 1 - .75 / (.75 + .15 + .175) and 1 - .5 / (.5 + .075 + .35)
        >>> loss(score, torch.tensor([[0, 1]])).item()
        0.38089...

    Reference:
        Salehi et al., Tversky loss function for image segmentation, arXiv 1706.05721
    """

    name = "tversky"
    title = "Tversky"

    def lost(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        return self.tversky(shared, predicted, true)


@register
class FocalTverskyLoss(TverskyAreas):
    r"""Focal Tversky: Tversky that looks at the classes with little overlap, or with much.

    The loss of each class is raised to 1/γ: with γ > 1 a class that is nearly right keeps a
    steep slope; with γ < 1 the classes that are far off count most.

    Formula:
        \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \left( 1 - \frac{I_c}{I_c + \alpha (P_c - I_c) + \beta (T_c - I_c)} \right)^{1/\gamma},
        \quad I_c = \sum_i \min(p_{i,c}, t_{i,c}),\; P_c = \sum_i p_{i,c},\; T_c = \sum_i t_{i,c}
    Symbols:
        p: the predicted probability of each class
        t: the truth: 1 for the pixels of a class, 0 for others, or something between
        I: the shared area of prediction and truth
        P: the predicted area
        T: the true area
        w: the weight of each class, 1 if none are given
        \alpha: alpha, the weight of false positives P - I (in the paper it is that of misses)
        \beta: beta, the weight of false negatives T - I
        \gamma: gamma; the exponent 1/γ is inside the sum over the classes
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel, over the whole batch (or one image); ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        For two classes of equal size (1/2)^(1/γ) = 0.59, as long as α + β = 1
    Prefer:
        For segmentation of small lesions or defects that Tversky alone leaves half found.
    Avoid:
        As a first choice: it has three parameters to tune.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) numbers in [0, 1] for a yes or no to each class. The unit is a
        class of the batch: reduction "none" gives (1, C), or (N, C) with per_image.
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))   # two pixels
        >>> loss = FocalTverskyLoss(gamma=1)   # the same as Tversky
        >>> loss(score, torch.tensor([[0, 1]])).item()
        0.38089...

    Reference:
        Abraham and Khan, A novel focal Tversky loss function, arXiv 1810.07842
    """

    name = "focal_tversky"
    title = "Focal Tversky"

    gamma: float = Field(
        default=4 / 3, gt=0, description="the loss of a class is raised to 1 / gamma"
    )

    def lost(self, shared: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
        # The slope of a root is infinite at 0, where there is nothing left to lose.
        lost = self.tversky(shared, predicted, true)
        least = torch.finfo(lost.dtype).eps
        return torch.where(lost <= least, 0, lost.clamp(min=least) ** (1 / self.gamma))
