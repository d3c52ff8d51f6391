"""Cross-entropy and soft IoU from one softmax: the default for semantic segmentation."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Link, Reading, TargetForm
from model_playground.losses.base import Addend, image_losses, register
from model_playground.losses.checks import check_classes, check_tensors
from model_playground.losses.kernels.regions import RegionSums, region_sums_by_formula
from model_playground.losses.overlap import SoftIoULoss


@register
class CrossEntropyIoULoss2D(SoftIoULoss):
    r"""Cross-entropy and soft IoU: the average of a loss of pixels and a loss of regions.

    Cross-entropy looks at each pixel alone and gives a useful slope from the first step on; soft
    IoU looks at whole regions, so that a small class counts as much as the background.

    The name stands for no published formula. Here both parts share one softmax, one ignore mask
    and the class weights; areas are summed over the batch unless per_image is set; classes
    without a true pixel are left out of the mean unless absent="count"; each part has its own
    denominator.

    Formula:
        (1 - \lambda)\, \frac{1}{\sum_i w_{y_i}} \sum_i -w_{y_i} \log p_{i,y_i}
        + \lambda\, \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \left( 1 - \frac{I_c}{P_c + T_c - I_c} \right), \quad
        I_c = \sum_i p_{i,c}\,[y_i = c],\; P_c = \sum_i p_{i,c},\; T_c = \sum_i [y_i = c]
    Symbols:
        \lambda: iou_weight, the share of the IoU part, 1/2 by default
        p: the predicted probability of each class, the softmax of the model's scores
        y: the true class of the pixel
        I: the shared area of prediction and truth
        P: the predicted area
        T: the true area
        w: the weight of each class, 1 if none are given
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel; ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        Half of ln C plus half of 1 - s / (1 + (C - 1) s), averaged over the classes with their
        shares s of the pixels: 0.68 for two classes of equal size
    Prefer:
        For semantic segmentation with small or rare objects, measured by mean IoU: the default.
    Avoid:
        With batches of one or two images and many classes, where the areas of a batch vary much;
        and where the probabilities themselves are used, which the IoU part makes too certain.
    Shape:
        input (N, C, height, width) logits; target (N, height, width) class indices. Reduction
        "none" gives (N,): each image's own loss, with its own areas and denominators.
    Raises:
        ValueError: a shape, a type, a class index or a weight is not as above.
    Example:
        >>> import torch
        >>> score = torch.log(torch.tensor([[[[0.75, 0.5]], [[0.25, 0.5]]]]))   # two pixels
        >>> loss = CrossEntropyIoULoss2D()   # ½ · (-ln .75 - ln .5) / 2 + ½ · (1/2 + 3/5) / 2
        >>> loss(score, torch.tensor([[[0, 1]]])).item()
        0.52020...

    Reference:
        Rahman and Wang, Optimizing Intersection-Over-Union in Deep Neural Networks for Image
        Segmentation (2016), for the soft IoU
    """

    name = "cross_entropy_iou_2d"
    title = "Cross-entropy + IoU"
    suits = (Circumstance.IMBALANCE, Circumstance.SMALL_OBJECTS)
    suffers = (Circumstance.MANY_CLASSES,)
    reads = (Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),)

    iou_weight: float = Field(
        default=0.5, ge=0, le=1, description="the share of the IoU part; cross-entropy has the rest"
    )

    interpolate: bool = Field(
        default=False,
        description="take logits of another resolution and interpolate them to the target's",
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_tensors(input, target)
        if self.interpolate and input.ndim == 4 and target.ndim == 3:
            input = input[:, :, :1, :1].expand(*input.shape[:2], *target.shape[1:])
        check_classes(
            input,
            target,
            ignore_index=self.ignore_index,
            weight=self.factors("weight"),
            least_dimensions=4,
        )

    def formula_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...]:
        sums = region_sums_by_formula(input, target, self.ignore_index)
        return self.addends_of_sums(sums, per_image=per_image)

    def addends_of_sums(self, sums: RegionSums, *, per_image: bool) -> tuple[Addend, ...]:  # type: ignore[override]
        weight = self.factors("weight")
        value, share = sums.surprise, sums.true
        if weight is not None:
            value, share = value * weight, share * weight
        (classes,) = super().addends_of_sums(sums, per_image=per_image)
        return (
            Addend("cross_entropy", 1 - self.iou_weight, value.sum(1), share.sum(1)),
            classes._replace(name="iou", scale=self.iou_weight),
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError("the two parts have units of their own: use addends")

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        return image_losses(self.addends(input, target, per_image=True))
