"""Sums over pixels from one softmax: what cross-entropy and the losses of overlap are made of.

One pass over blocks of pixels that fit the caches gives, for every image, the summed surprise
and the shared, predicted and true area of every class. Backward recomputes the probabilities and
writes the gradient in a second pass: of the logits' size nothing is kept, and the truth is never
written out as 0 and 1 for every class.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from model_playground.losses.arithmetic import LOG2_E, index_and_kept, sum_type
from model_playground.losses.kernels import blocks
from model_playground.losses.kernels.blocks import InterpolatedScores, Scores
from model_playground.losses.kernels.memory import room_like


class RegionSums(NamedTuple):
    """Sums over the pixels of each image that are not ignored, by class; (N, C) each."""

    surprise: Tensor  # Σ -log p_c [y = c]
    shared: Tensor  # Σ p_c [y = c]
    predicted: Tensor  # Σ p_c
    true: Tensor  # Σ [y = c]


def region_sums(logits: Tensor, target: Tensor, ignore_index: int) -> RegionSums:
    """Return the sums over pixels, differentiable in the logits.

    Args:
        logits: (N, C, d1, …); or (N, C, h, w) of another resolution than the target, which are
            interpolated bilinearly block by block, as `align_corners=False` does.
        target: class indices, (N, d1, …) or (N, H, W).
        ignore_index: the index of pixels that are left out of all sums.
    """
    if target.numel() * logits.shape[1] < blocks.FEW_NUMBERS:
        return region_sums_by_formula(logits, target, ignore_index)
    if logits.shape[2:] == target.shape[1:]:
        logits, target = logits.flatten(2), target.flatten(1)
    sums: tuple[Tensor, ...] = _RegionSums.apply(logits, target, ignore_index)
    return RegionSums(*sums)


class _RegionSums(Function):
    """The sums with a gradient of their own: two passes, on the CPU or in Triton."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, ...]:
        if logits.is_cuda:
            from model_playground.losses.kernels.triton_regions import sums_of_pixels
        else:
            sums_of_pixels = _sums_of_pixels
        kept, sums = sums_of_pixels(logits, target, ignore_index)
        ctx.save_for_backward(logits, target, kept)
        ctx.ignore_index = ignore_index
        ctx.mark_non_differentiable(sums.true)
        return tuple(sums)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        logits, target, kept = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may be wanted
            outputs = region_sums_by_formula(logits, target, ctx.ignore_index)[:3]
            (slope,) = torch.autograd.grad(outputs, logits, slopes[:3], create_graph=True)
            return slope, None, None
        given = (logits, target, ctx.ignore_index, kept, RegionSums(*slopes))
        if logits.is_cuda:
            from model_playground.losses.kernels import triton_regions

            return triton_regions.slopes_of_pixels(*given), None, None
        return _slopes_of_pixels(*given), None, None


def region_sums_by_formula(logits: Tensor, target: Tensor, ignore_index: int) -> RegionSums:
    """Return the sums by operations that can be differentiated any number of times."""
    if logits.shape[2:] != target.shape[1:]:
        logits = functional.interpolate(logits, target.shape[1:], mode="bilinear")
    index, kept = index_and_kept(target.flatten(1), ignore_index)
    log_p = logits.flatten(2).to(sum_type(logits)).log_softmax(1)
    of_true = log_p.gather(1, index.unsqueeze(1)).squeeze(1)
    none = log_p.new_zeros(log_p.shape[:2])
    return RegionSums(
        surprise=none.scatter_add(1, index, torch.where(kept, -of_true, 0)),
        shared=none.scatter_add(1, index, torch.where(kept, of_true.exp(), 0)),
        predicted=torch.where(kept.unsqueeze(1), log_p.exp(), 0).sum(2),
        true=none.scatter_add(1, index, kept.to(log_p.dtype)),
    )


# The two passes on the CPU.


def _scores(logits: Tensor, target: Tensor) -> Scores | InterpolatedScores:
    if target.ndim == 2:
        return Scores(logits, sum_type(logits))
    return InterpolatedScores(logits, (target.shape[1], target.shape[2]), sum_type(logits))


def _sums_of_pixels(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, RegionSums]:
    """Return what backward needs of every pixel, (2, N, 1, P), and the sums.

    That is -log₂ Σ_c e^{z_c}, or -∞ where a pixel is ignored, which makes its probabilities 0; and
    the probability of the true class, 0 where a pixel is ignored.
    """
    scores = _scores(logits, target)
    cut = scores.blocks
    pixels = target.flatten(1).unsqueeze(1)
    images, classes = logits.shape[:2]
    kept = logits.new_empty((2, *pixels.shape), dtype=scores.dtype)
    partial = kept.new_zeros(4, images, cut.per_image, classes, dtype=torch.float64)
    room = kept.new_empty(cut.images, classes, cut.pixels)
    jobs: Iterator[tuple[Any, ...]] = zip(
        scores.places,
        *map(cut.cut, (pixels, *kept)),
        *map(cut.cut_partial_sums, partial),
        strict=True,
    )
    for place, truth, total, true, surprise, shared, predicted, area in jobs:
        block = scores.read(place)
        y, ok = index_and_kept(truth, ignore_index)
        highest = block.amax(1, keepdim=True)
        torch.gather(block, 1, y, out=true)
        powers = room[: len(block), :, : block.shape[2]]
        torch.add(highest * -LOG2_E, block, alpha=LOG2_E, out=powers).exp2_()
        torch.sum(powers, 1, keepdim=True, out=total)
        predicted.copy_(torch.bmm(powers, (ok / total).mT).squeeze(2))
        log_p = true.sub_(highest).sub_(total.log_()).masked_fill_(~ok, 0)
        surprise.scatter_add_(1, y[:, 0], log_p[:, 0].double()).neg_()
        p = log_p.exp_().mul_(ok)
        shared.scatter_add_(1, y[:, 0], p[:, 0].double())
        area.scatter_add_(1, y[:, 0], ok[:, 0].double())
        total.add_(highest).mul_(-LOG2_E).masked_fill_(~ok, -torch.inf)
    return kept, RegionSums(*partial.sum(2).to(kept.dtype))


def _slopes_of_pixels(
    logits: Tensor, target: Tensor, ignore_index: int, kept: Tensor, slopes: RegionSums
) -> Tensor:
    """Return the logits' gradient from the sums' gradients.

    With s, b and a the gradients of surprise, shared and predicted area, that of one pixel is
    p_c (a_c + b_c [c = y] - Σ_k p_k a_k - p_y b_y) + s_y (p_c - [c = y]).
    """
    scores = _scores(logits, target)
    cut = scores.blocks
    pixels = target.flatten(1).unsqueeze(1)
    gradient = torch.zeros_like(logits) if target.ndim > 2 else room_like(logits)
    written = _scores(gradient, target)
    room = kept.new_empty(cut.images, logits.shape[1], cut.pixels)
    jobs: Iterator[tuple[Any, ...]] = zip(
        scores.places,
        written.places,
        *map(cut.cut, (pixels, *kept)),
        *(cut.cut_images(slope.unsqueeze(1)) for slope in slopes[:3]),
        strict=True,
    )
    for place, out_place, truth, total, p_true, s, b, a in jobs:
        block = scores.read(place)
        y, ok = index_and_kept(truth, ignore_index)
        at_true = b.gather(2, y).mul_(p_true).sub_(s.gather(2, y).mul_(ok))
        p = room[: len(block), :, : block.shape[2]]
        torch.add(total, block, alpha=LOG2_E, out=p).exp2_()
        out = written.room(out_place)
        torch.add(torch.baddbmm(at_true, a, p, beta=-1, alpha=-1), a.mT, out=out)
        out.mul_(p).scatter_add_(1, y, at_true)
        written.write(out_place, out)
    return gradient
