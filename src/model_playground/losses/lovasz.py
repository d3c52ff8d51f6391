"""The Lovász extension of the IoU."""

from __future__ import annotations

import torch
from torch import Tensor

from model_playground.losses.base import ratio, register
from model_playground.losses.overlap import OverlapLoss


@register
class LovaszLoss(OverlapLoss):
    r"""Lovász: the IoU itself, extended to probabilities.

    Pixels are sorted by their error; each counts by how much the IoU falls when it is added to
    the wrong ones. At hard predictions this is exactly one minus the IoU.

    Formula:
        \frac{1}{\sum_c w_c} \sum_{c\ \mathrm{present}} w_c
        \sum_k e_{c,(k)} \left( J_{c,k} - J_{c,k-1} \right), \quad
        J_{c,k} = 1 - \frac{T_c - \sum_{j \le k} t_{c,(j)}}{T_c + \sum_{j \le k} (1 - t_{c,(j)})},
        \quad e_{i,c} = |t_{i,c} - p_{i,c}|
    Symbols:
        p: the predicted probability of each class
        t: the truth: 1 for the pixels of a class, 0 for others, or something between
        e: the error of a pixel; (k) is the pixel with the k-th largest
        J: one minus the IoU if the k pixels with the largest errors are wrong; 0 for k = 0
        T: the true area
        w: the weight of each class, 1 if none are given
        c: the class; those present have a true pixel in the batch (or the image)
        i: the pixel, over the whole batch (or one image); ignored ones are left out
    Lowest value:
        0, when every true pixel is given probability 1
    Uninformed guess:
        The probability not given to the truth: 1/2 for two classes, for any sizes
    Prefer:
        For the last part of a training that is judged by mean IoU, after cross-entropy.
    Avoid:
        On large images on a slow machine: it sorts every pixel for every class.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) numbers in [0, 1] for a yes or no to each class. The unit is a
        class of the batch: reduction "none" gives (1, C), or (N, C) with per_image.
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.log(torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))   # two pixels
        >>> loss = LovaszLoss()   # both: errors .5 and .25; .5 · 1/2 + .25 · 1/2 and .5 · 1
        >>> loss(score, torch.tensor([[0, 1]])).item()
        0.4375

    Reference:
        Berman et al., The Lovász-Softmax loss, arXiv 1705.08790
    """

    name = "lovasz"
    title = "Lovász"

    def group_losses(self, p: Tensor, t: Tensor, *, per_image: bool) -> Tensor:
        p, t = p.flatten(2), t.flatten(2)
        if not per_image:
            p, t = (units.movedim(0, 1).flatten(1).unsqueeze(0) for units in (p, t))
        errors, order = (t - p).abs().sort(dim=2, descending=True)
        true = t.gather(2, order)
        total = true.sum(2, keepdim=True)
        still_right = total - true.cumsum(2)
        jaccard = 1 - ratio(still_right, total + (1 - true).cumsum(2))
        steps = torch.diff(jaccard, dim=2, prepend=torch.zeros_like(total))
        return (errors * steps).sum(2)
