"""The boundary loss: how far from the true region's edge a probability lies."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from model_playground.core.contracts import Circumstance, Layout, Link, Reading, TargetForm
from model_playground.losses.arithmetic import answers_and_kept, in_float32, index_and_kept
from model_playground.losses.base import ClassFactors, IgnoreIndex, Loss, register
from model_playground.losses.checks import (
    check_answers,
    check_class_weights,
    check_classes,
    check_tensors,
)

_BLOCK = 2**18
"""So many candidates are held at a time while the nearest of them is looked for."""


@register
class BoundaryLoss(Loss):
    r"""Boundary: each probability costs as much as its pixel is far from the true region.

    A false pixel costs its distance to the region, in pixels; a right one earns its distance to
    the edge. So far-off islands are punished most, however small, and the size of a region does
    not matter.

    Formula:
        \frac{\sum_{i,c} w_c\, \phi_c(i)\, p_{i,c}}{\sum_{i,c} w_c}, \qquad
        \phi_c(i) = \begin{cases} \min_{j \in G_c} \lVert i - j \rVert & i \notin G_c \\
        1 - \min_{j \notin G_c} \lVert i - j \rVert & i \in G_c \end{cases}
    Symbols:
        p: the predicted probability of each class
        G: the true region of a class in an image
        \phi: the signed distance from the region, in pixels: 0 at its outermost pixels, negative
            further inside, positive outside
        w: the weight of each class, 1 if none are given
        c: the class; in an image without it, or full of it, there is no boundary and it is left
            out
        i: the pixel; ignored ones are left out, and no distance is measured to them
    Lowest value:
        The mean of φ over all pixels and classes, those outside counted as 0, where every pixel
        is given its true class: negative, unless all regions are a pixel or two wide
    Uninformed guess:
        The mean of φ over all pixels, divided by C for a softmax over C classes, by 2 for
        independent answers
    Prefer:
        For segmentation with very small regions or where a clean outline matters, summed with
        Dice or soft IoU: alone, an empty prediction is nearly as good as a right one.
    Avoid:
        Alone, and with a large factor at the start of a training: its values grow with the image.
        For large images with many classes the distances take time: for each class and pixel as
        many steps as the image's shorter side has pixels.
    Shape:
        input (N, C, d1, …) logits; target (N, d1, …) class indices for a softmax over the
        classes, or (N, C, d1, …) zeros and ones for a yes or no to each class: numbers from 1/2
        on count as yes. The unit is a pixel and class: reduction "none" gives (N, C, d1, …).
    Raises:
        ValueError: a shape, a type, a value or a weight is not as above.
    Example:
        >>> score = torch.tensor([[[0.25, 0.5, 0.75]]]).logit()   # one class, three pixels
        >>> loss = BoundaryLoss()   # distances 2, 1 and 0: (2 · .25 + 1 · .5 + 0 · .75) / 3
        >>> loss(score, torch.tensor([[[0.0, 0.0, 1.0]]])).item()
        0.3333...

    Reference:
        Kervadec et al., Boundary loss for highly unbalanced segmentation, arXiv 1812.07032
    """

    name = "boundary"
    title = "Boundary"
    suits = (Circumstance.IMBALANCE, Circumstance.SMALL_OBJECTS)
    family = "regions"
    reads = (
        Reading(form=TargetForm.CLASS_INDEX, link=Link.SOFTMAX),
        Reading(form=TargetForm.MULTI_HOT, link=Link.SIGMOID),
    )
    layouts = (Layout.PIXEL,)

    weight: ClassFactors = Field(default=None, description="a factor for each class")
    ignore_index: IgnoreIndex = Field(
        default=-100, description="target value that is left out of the loss"
    )

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
        z = in_float32(input)
        if target.shape == input.shape:
            p = z.sigmoid()
            answers, kept = answers_and_kept(p, target, self.ignore_index)
            inside = answers >= 0.5
            distance = signed_distances(inside, kept)
        else:
            p = z.log_softmax(1).exp()  # faster than softmax over a middle axis
            index, kept = index_and_kept(target.unsqueeze(1), self.ignore_index)
            inside = torch.zeros_like(p, dtype=torch.bool).scatter(1, index, kept)
            distance = signed_distances_of_exclusive(inside)
        bounded = kept & distance.isfinite()
        share = bounded.to(p.dtype)
        weight = self.factors("weight")
        if weight is not None:
            share = share * weight.to(p.dtype).reshape(-1, *[1] * (p.ndim - 2))
        return torch.where(bounded, distance.to(p.dtype), 0) * p * share, share


@torch.no_grad()
def signed_distances(inside: Tensor, kept: Tensor) -> Tensor:
    """Return φ of every region: its distance outside, one minus that of its complement inside.

    Args:
        inside: which pixels are in the region, (N, C, d1, …).
        kept: false where a pixel is ignored; it belongs to neither side.
    """
    to_region = distances(inside & kept)
    to_complement = distances(~inside & kept)
    return torch.where(inside, 1 - to_complement, to_region)


@torch.no_grad()
def signed_distances_of_exclusive(inside: Tensor) -> Tensor:
    """Return φ of regions that exclude each other and leave nothing between them but the ignored.

    What is nearest outside a pixel's own region is the nearest of all other regions.
    """
    to_region = distances(inside)
    to_others = to_region.masked_fill(inside, torch.inf).amin(1, keepdim=True)
    return torch.where(inside, 1 - to_others, to_region)


@torch.no_grad()
def distances(seeds: Tensor) -> Tensor:
    """Return every pixel's exact Euclidean distance to the nearest seed, ∞ where there is none.

    The squared distance is minimised axis by axis: along the longest by looking left and right
    for the nearest seed, along every other by trying each of its pixels. For an image of H × W
    that makes H · W · min(H, W) steps for each class, in blocks, so little memory.

    Args:
        seeds: (N, C, d1, …); each image and class is on its own.
    """
    if not seeds.numel():
        return seeds.float()
    longest = max(range(2, seeds.ndim), key=lambda axis: seeds.shape[axis])
    squared = _squared_along_a_line(seeds.movedim(longest, -1)).movedim(-1, longest)
    for axis in range(2, seeds.ndim):
        if axis != longest:
            squared = _nearest(squared.movedim(axis, -1)).movedim(-1, axis)
    return squared.sqrt()


def _squared_along_a_line(seeds: Tensor) -> Tensor:
    """Return the squared distance to the nearest seed along the last axis."""
    place = torch.arange(seeds.shape[-1], dtype=torch.float32, device=seeds.device)
    before = torch.where(seeds, place, -torch.inf).cummax(-1).values
    after = torch.where(seeds, place, torch.inf).flip(-1).cummin(-1).values.flip(-1)
    return torch.minimum(place - before, after - place).square()


def _nearest(squared: Tensor) -> Tensor:
    """Return min_j squared_j + (i - j)² along the last axis."""
    length = squared.shape[-1]
    place = torch.arange(length, dtype=torch.float32, device=squared.device)
    between = (place.unsqueeze(1) - place).square()
    lines = squared.reshape(-1, length)
    if torch.compiler.is_compiling():  # the compiler fuses it: nothing is held
        return (lines.unsqueeze(1) + between).amin(2).reshape(squared.shape)
    nearest = torch.empty_like(lines)
    at_once = max(1, _BLOCK // max(1, length * length))
    candidates = lines.new_empty(min(at_once, len(lines)), length, length)
    for start in range(0, len(lines), at_once):
        block = lines[start : start + at_once]
        tried = candidates[: len(block)]
        torch.add(block.unsqueeze(1), between, out=tried)
        torch.amin(tried, 2, out=nearest[start : start + at_once])
    return nearest.reshape(squared.shape)
