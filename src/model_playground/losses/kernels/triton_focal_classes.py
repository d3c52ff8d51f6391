"""The focal loss over exclusive classes on a GPU: its values, and its slopes, in one pass each.

A program has one block of one image's units and goes through the classes in chunks. Each writes
its own sums, and those of an image are added up in a fixed order: no atomic additions, so the same
input gives the same bits. Of the logits' size nothing is kept for backward.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_playground.losses.arithmetic import sum_type
from model_playground.losses.kernels.triton_language import (
    FUSED,
    Number,
    Pointer,
    constexpr,
    jit,
    labels,
    log1p,
    tile,
    tl,
)


def focal_sums(
    logits: Tensor,
    target: Tensor,
    gamma: float,
    alpha: Tensor | None,
    ignore_index: int,
    *,
    written: Tensor | None = None,
    above: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return each image's focal loss, summed, and how many units count, (N,).

    Args:
        logits: (N, C, P), of any strides.
        target: class indices, (N, P); one out of range counts as ignored.
        gamma: how much less easy units count: 0, or 1 and more.
        alpha: a factor for each class, (C,); None for no factors.
        ignore_index: class index of units that are left out, with a slope of 0.
        written: where to write the value's derivative by every logit, (N, C, P); None for nowhere.
        above: a factor of each image's derivatives, (N,); None for none.
    """
    images, classes, units = logits.shape
    chunk, block = tile(classes, units)
    blocks = -(-units // block)
    partial = logits.new_empty((2, images, blocks), dtype=sum_type(logits))
    slopes = logits if written is None else written
    if partial.numel() and classes:
        with torch.cuda.device(logits.get_device()):
            _focal[(images * blocks,)](
                logits,
                target,
                partial if alpha is None else alpha.to(partial.dtype).contiguous(),
                slopes,
                partial if above is None else above.to(partial.dtype).contiguous(),
                partial,
                classes,
                units,
                blocks,
                images * blocks,
                gamma,
                ignore_index,
                *logits.stride(),
                *target.stride(),
                *slopes.stride(),
                FOCUSED=gamma != 0,
                WEIGHED=alpha is not None,
                SLOPED=written is not None,
                SCALED=above is not None,
                CHUNK=chunk,
                BLOCK=block,
                **FUSED,
            )
    value, number = partial.sum(2).unbind(0)
    return value, number


@jit
def _focal(
    logits: Pointer,
    target: Pointer,
    alpha: Pointer,
    slopes: Pointer,
    above: Pointer,
    partial: Pointer,
    classes: Number,
    units: Number,
    blocks: Number,
    programs: Number,
    gamma: Number,
    ignore_index: Number,
    image_stride: Number,
    class_stride: Number,
    unit_stride: Number,
    target_image_stride: Number,
    target_unit_stride: Number,
    slope_image_stride: Number,
    slope_class_stride: Number,
    slope_unit_stride: Number,
    FOCUSED: constexpr,
    WEIGHED: constexpr,
    SLOPED: constexpr,
    SCALED: constexpr,
    CHUNK: constexpr,
    BLOCK: constexpr,
) -> None:
    precise = partial.dtype.element_ty
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    unit = (program % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = unit < units
    at = target + image * target_image_stride + unit * target_unit_stride
    y, kept = labels(at, inside, classes, ignore_index)
    scores = logits + image * image_stride + unit[None, :] * unit_stride

    largest = tl.full([BLOCK], float("-inf"), precise)
    others = tl.zeros([BLOCK], precise)  # of e^(z - largest), without the true class
    true_score = tl.zeros([BLOCK], precise)
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        there = (c < classes) & inside[None, :]
        z = tl.load(scores + c * class_stride, mask=there, other=float("-inf")).to(precise)
        before = largest
        largest = tl.maximum(before, tl.max(z, 0))
        # Where every class so far is ruled out, -∞ - -∞ would be no number.
        shift = tl.where(largest == float("-inf"), 0.0, largest)
        power = tl.exp(z - shift[None, :])
        others = others * tl.exp(before - shift)
        others += tl.sum(tl.where(c == y[None, :], 0.0, power), 0)
        true_score += tl.sum(tl.where(c == y[None, :], z, 0.0), 0)

    # All in terms of how far the true class is below the largest: 1 - p is others over total, and
    # loses no digits however sure the prediction is.
    below = true_score - largest
    of_true = tl.exp(below)
    total = of_true + others
    # log p = below - log(total), where total is nearly 1 if the true class is the largest.
    surprise = log1p(others + (of_true - 1.0)) - below
    doubt = others / total
    weight = tl.where(kept, 1.0, 0.0).to(precise)
    if WEIGHED:
        weight = weight * tl.load(alpha + y, mask=kept, other=0.0)
    is_some = doubt > 0
    log_doubt = tl.log(tl.where(is_some, doubt, 1.0))
    focus = weight
    if FOCUSED:
        focus = tl.where(is_some, tl.exp(gamma * log_doubt), 0.0) * weight
    # Of what is not wanted a product may be no number: choose, do not multiply.
    value = tl.where(kept & (focus != 0), focus * surprise, 0.0)
    tl.store(partial + program, tl.sum(value, 0))
    tl.store(partial + programs + program, tl.sum(tl.where(kept, 1.0, 0.0).to(precise), 0))

    if SLOPED:
        slope = focus
        if FOCUSED:
            steep = tl.where(is_some, tl.exp((gamma - 1.0) * log_doubt), 0.0)
            steep = tl.where(is_some | (gamma != 1.0), steep, 1.0) * weight
            p = of_true / total
            lost = tl.where(p > 0, p * surprise, 0.0)
            slope = focus + gamma * steep * lost
        if SCALED:
            slope = slope * tl.load(above + image)
        slope = tl.where(kept, slope, 0.0)
        out = slopes + image * slope_image_stride + unit[None, :] * slope_unit_stride
        scale = slope / total
        for first in range(0, classes, CHUNK):
            c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
            there = (c < classes) & inside[None, :]
            z = tl.load(scores + c * class_stride, mask=there, other=float("-inf")).to(precise)
            power = tl.exp(z - largest[None, :])
            result = tl.where(c == y[None, :], -(slope * doubt)[None, :], scale[None, :] * power)
            result = tl.where(kept[None, :], result, 0.0)
            tl.store(out + c * slope_class_stride, result, mask=there)
