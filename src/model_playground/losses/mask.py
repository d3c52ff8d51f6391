"""The loss of instance masks: every object has a small mask of its own."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import logsigmoid

from model_playground.core.contracts import Circumstance, Layout, Traits
from model_playground.losses.arithmetic import answers_and_kept, in_float32, ratio
from model_playground.losses.base import Addend, IgnoreIndex, Loss, image_losses, register
from model_playground.losses.binary import ANSWERS, finite
from model_playground.losses.checks import check_answers, check_masks


@register
class BinaryCrossEntropyDiceMaskLoss(Loss):
    r"""Binary cross-entropy plus Dice of every mask: small objects count as much as large ones.

    Cross-entropy judges every pixel of a mask, Dice how well the two shapes overlap, so that a
    thin object is not lost among the pixels around it.

    Formula:
        \frac{1}{M} \sum_{m=1}^{M} \frac{1}{K_m} \sum_i
        - \left[ y_{m,i} \log p_{m,i} + (1 - y_{m,i}) \log (1 - p_{m,i}) \right]
        + \frac{d}{M^+} \sum_{m\,:\,T_m > 0}
        \left( 1 - \frac{2 \sum_i \min(p_{m,i}, y_{m,i})}{\sum_i p_{m,i} + T_m} \right),
        \qquad T_m = \sum_i y_{m,i}
    Symbols:
        p: the predicted probability that a pixel is of the object, 1 / (1 + exp(-z))
        y: 1 for the pixels of the object, 0 for the others
        K: the number of pixels of a mask; ignored ones are left out everywhere
        T: the true area of a mask
        d: dice_weight
        M: the number of masks; those without any pixel that counts are left out
        M^+: the number of masks with a true pixel: an empty one has no overlap to speak of
        i: the pixel
        m: the mask
    Lowest value:
        0, when every pixel is answered with certainty
    Uninformed guess:
        ln 2 + 1 - s / (1/2 + s) for a mask that covers the share s: 1.19 for a half
    Prefer:
        For instance masks, each matched to its object.
    Avoid:
        For whole images with a class for each pixel (CrossEntropyIoULoss2D).
    Shape:
        input (M, height, width) logits, a mask for each matched object; target of the same shape:
        numbers in [0, 1] or Booleans. Reduction "none" gives (M,).
    Raises:
        ValueError: a shape, a type or a value is not as above.
    Example:
        >>> score = torch.logit(torch.tensor([[[0.75, 0.5]]]))   # one mask of two pixels
        >>> loss = BinaryCrossEntropyDiceMaskLoss()   # (-ln .75 - ln .5) / 2 + 1 - 1.5 / 2.25
        >>> loss(score, torch.tensor([[[1.0, 0.0]]])).item()
        0.82374...

    Reference:
        Cheng et al., Masked-attention Mask Transformer for Universal Image Segmentation,
        arXiv 2112.01527
    """

    name = "binary_cross_entropy_dice_mask"
    title = "Binary cross-entropy + Dice"
    suits = (Circumstance.SMALL_OBJECTS,)
    family = "masks"
    reads = ANSWERS
    layouts = (Layout.MASK,)
    traits = Traits()

    dice_weight: float = Field(
        default=1.0, ge=0, description="the factor of Dice; binary cross-entropy has 1"
    )
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

    def check(self, input: Tensor, target: Tensor) -> None:
        check_masks(input, target)
        check_answers(input, target, ignore_index=self.ignore_index)

    def formula_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...]:
        z = finite(in_float32(input)).flatten(1)
        y, kept = answers_and_kept(z, target.flatten(1), self.ignore_index)
        surprise = -torch.where(kept, y * logsigmoid(z) + (1 - y) * logsigmoid(-z), 0)
        pixels = kept.to(z.dtype)
        share = ratio(pixels, pixels.sum(1, keepdim=True))  # of a mask, whose pixels add up to 1
        p = torch.where(kept, z.sigmoid(), 0)
        true = y.sum(1)
        lost = 1 - ratio(2 * torch.minimum(p, y).sum(1), p.sum(1) + true)
        present = (true > 0).to(z.dtype)
        return (
            Addend("binary_cross_entropy", 1.0, surprise * share, share),
            Addend("dice", self.dice_weight, lost * present, present),
        )

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError("the two parts have units of their own: use addends")

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        """Return each mask's own loss, (M,)."""
        return image_losses(self.addends(input, target, per_image=True))
