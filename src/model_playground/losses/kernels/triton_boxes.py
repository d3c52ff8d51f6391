"""The IoU family on a GPU: the loss of matched pairs, and its slopes, in one pass each.

A program has one block of pairs and works out all that a pair needs in its registers. Nothing is
kept for backward but the boxes themselves. Boxes without width or height, reversed ones and very
large or small ones are dealt with as the formula does, so that no pair has to be looked for.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from model_playground.losses.kernels.triton_language import (
    FUSED,
    Number,
    Pointer,
    constexpr,
    jit,
    tl,
)

BLOCK = 256
"""Pairs that a program works on: two for each of 128 threads."""

POINT = 1e-30  # squared sides below which a box has no proportions, in its pair's own unit
PROPORTIONS = 4 / math.pi**2
QUARTER_TURN = math.pi / 2


def costs_of_pairs(input: Tensor, target: Tensor, kind: str) -> Tensor:
    """Return the loss of every pair in float32, (M,).

    Args:
        input: boxes (M, 4), in float32 or less.
        target: boxes (M, 4), of any such type.
        kind: which loss: iou, giou, diou, ciou or eiou.
    """
    value = torch.empty(len(input), dtype=torch.float32, device=input.device)
    _launch(input, target, value, value, value, kind, sloped=False)
    return value


def slopes_of_pairs(input: Tensor, target: Tensor, kind: str, above: Tensor) -> Tensor:
    """Return the input's gradient, (M, 4), from that of every pair's loss, `above`, (M,)."""
    slopes = torch.empty_like(input, memory_format=torch.contiguous_format)
    _launch(input, target, above, above, slopes, kind, sloped=True)
    return slopes


def _launch(
    input: Tensor,
    target: Tensor,
    value: Tensor,
    above: Tensor,
    slopes: Tensor,
    kind: str,
    *,
    sloped: bool,
) -> None:
    if not len(input):
        return
    with torch.cuda.device(input.get_device()):
        _pairs[(-(-len(input) // BLOCK),)](
            input,
            target,
            value,
            above,
            slopes,
            len(input),
            *input.stride(),
            *target.stride(),
            above.stride(0),
            KIND=kind,
            SLOPED=sloped,
            BLOCK=BLOCK,
            POINT=POINT,
            PROPORTIONS=PROPORTIONS,
            QUARTER_TURN=QUARTER_TURN,
            **FUSED,
        )


@jit
def _share(first: Number, second: Number) -> Number:
    """Return the first one's share in the slope of the larger of two: half each if they tie."""
    return tl.where(first > second, 1.0, tl.where(first == second, 0.5, 0.0))


@jit
def _ratio(numerator: Number, denominator: Number) -> Number:
    """Divide, and give 0 where there is nothing to divide by."""
    nothing = denominator == 0
    return tl.where(nothing, 0.0, numerator / tl.where(nothing, 1.0, denominator))


@jit
def _arctangent(numerator: Number, denominator: Number, QUARTER_TURN: constexpr) -> Number:
    """Return the angle of a denominator that is not negative, to 2 in 10⁸.

    The polynomial is fitted to arctan(x) / x between 0 and 1.
    """
    length = tl.abs(numerator)
    is_steep = length > denominator
    x = _ratio(tl.minimum(length, denominator), tl.maximum(length, denominator))
    u = x * x
    p = 0.0028340643 * u - 0.0160050305
    p = p * u + 0.0425876075
    p = p * u - 0.0749544544
    p = p * u + 0.106367541
    p = p * u - 0.142025705
    p = p * u + 0.199924836
    p = p * u - 0.333330668
    p = (p * u + 0.999999984) * x
    angle = tl.where(is_steep, QUARTER_TURN - p, p)
    return tl.where(numerator < 0, -angle, angle)


@jit
def _unit(extent: Number) -> Number:
    """Return the power of two that makes an extent about 1, as `boxes_geometry` does."""
    exponent = (extent.to(tl.int32, bitcast=True) >> 23) & 255  # 126 for lengths of ½ to 1
    inverse = tl.minimum(tl.maximum(253 - exponent, 1), 253) << 23
    return tl.where(extent > 0, inverse.to(tl.float32, bitcast=True), 1.0)


@jit
def _pairs(
    input: Pointer,
    target: Pointer,
    value: Pointer,
    above: Pointer,
    slopes: Pointer,
    pairs: Number,
    input_row_stride: Number,
    input_column_stride: Number,
    target_row_stride: Number,
    target_column_stride: Number,
    above_stride: Number,
    KIND: constexpr,
    SLOPED: constexpr,
    BLOCK: constexpr,
    POINT: constexpr,
    PROPORTIONS: constexpr,
    QUARTER_TURN: constexpr,
) -> None:
    pair = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = pair < pairs
    box = input + pair * input_row_stride
    x1 = tl.load(box, mask=inside, other=0.0).to(tl.float32)
    y1 = tl.load(box + input_column_stride, mask=inside, other=0.0).to(tl.float32)
    x2 = tl.load(box + 2 * input_column_stride, mask=inside, other=1.0).to(tl.float32)
    y2 = tl.load(box + 3 * input_column_stride, mask=inside, other=1.0).to(tl.float32)
    truth = target + pair * target_row_stride
    true_x1 = tl.load(truth, mask=inside, other=0.0).to(tl.float32)
    true_y1 = tl.load(truth + target_column_stride, mask=inside, other=0.0).to(tl.float32)
    true_x2 = tl.load(truth + 2 * target_column_stride, mask=inside, other=1.0).to(tl.float32)
    true_y2 = tl.load(truth + 3 * target_column_stride, mask=inside, other=1.0).to(tl.float32)

    # In a unit of the pair's own: squares of very large and very small lengths leave float32.
    extent_x = tl.maximum(tl.maximum(x1, x2), tl.maximum(true_x1, true_x2))
    extent_x -= tl.minimum(tl.minimum(x1, x2), tl.minimum(true_x1, true_x2))
    extent_y = tl.maximum(tl.maximum(y1, y2), tl.maximum(true_y1, true_y2))
    extent_y -= tl.minimum(tl.minimum(y1, y2), tl.minimum(true_y1, true_y2))
    unit = _unit(tl.maximum(extent_x, extent_y))
    x1, y1, x2, y2 = x1 * unit, y1 * unit, x2 * unit, y2 * unit
    true_x1, true_y1, true_x2, true_y2 = (
        true_x1 * unit,
        true_y1 * unit,
        true_x2 * unit,
        true_y2 * unit,
    )

    width, height = tl.maximum(x2 - x1, 0.0), tl.maximum(y2 - y1, 0.0)
    true_width, true_height = tl.maximum(true_x2 - true_x1, 0.0), tl.maximum(true_y2 - true_y1, 0.0)
    overlap_x = tl.minimum(x2, true_x2) - tl.maximum(x1, true_x1)
    overlap_y = tl.minimum(y2, true_y2) - tl.maximum(y1, true_y1)
    shared_width, shared_height = tl.maximum(overlap_x, 0.0), tl.maximum(overlap_y, 0.0)
    shared = shared_width * shared_height
    union = width * height + true_width * true_height - shared
    around_width = tl.maximum(tl.maximum(x1, x2), tl.maximum(true_x1, true_x2))
    around_width -= tl.minimum(tl.minimum(x1, x2), tl.minimum(true_x1, true_x2))
    around_height = tl.maximum(tl.maximum(y1, y2), tl.maximum(true_y1, true_y2))
    around_height -= tl.minimum(tl.minimum(y1, y2), tl.minimum(true_y1, true_y2))

    iou = _ratio(shared, union)
    cost = 1.0 - iou
    by_shared = -_ratio(1.0, union)
    by_union = _ratio(iou, union)
    none = tl.zeros_like(iou)
    by_width, by_height, by_around_width, by_around_height = none, none, none, none
    by_shift_x, by_shift_y = none, none
    if KIND == "giou":
        around = around_width * around_height
        inverse = _ratio(1.0, around)
        cost += _ratio(around - union, around)
        by_union -= inverse
        by_around_width = union * inverse * inverse * around_height
        by_around_height = union * inverse * inverse * around_width
    if KIND == "diou" or KIND == "ciou" or KIND == "eiou":
        shift_x = (x1 + x2 - true_x1 - true_x2) * 0.5
        shift_y = (y1 + y2 - true_y1 - true_y2) * 0.5
        diagonal = around_width * around_width + around_height * around_height
        inverse = _ratio(1.0, diagonal)
        distance = _ratio(shift_x * shift_x + shift_y * shift_y, diagonal)
        cost += distance
        by_shift_x = shift_x * inverse  # half of the slope, for each of two corners
        by_shift_y = shift_y * inverse
        by_around_width = -2.0 * distance * inverse * around_width
        by_around_height = -2.0 * distance * inverse * around_height
    if KIND == "ciou":
        square = width * width + height * height
        true_square = true_width * true_width + true_height * true_height
        has_shape = (square >= POINT) & (true_square >= POINT)
        # The difference of two angles, by the tangent of a difference: one arctangent, not two.
        rise = tl.where(has_shape, true_width * height - width * true_height, 0.0)
        run = true_height * height + true_width * width
        angle = _arctangent(rise, run, QUARTER_TURN)
        v = PROPORTIONS * angle * angle
        alpha = _ratio(v, 1.0 - iou + v)
        cost += alpha * v
        turn = -2.0 * PROPORTIONS * alpha * angle * _ratio(1.0, square)
        by_width = turn * height
        by_height = -turn * width
    if KIND == "eiou":
        share_x = _ratio(width - true_width, around_width)
        share_y = _ratio(height - true_height, around_height)
        cost += share_x * share_x + share_y * share_y
        by_width = 2.0 * _ratio(share_x, around_width)
        by_height = 2.0 * _ratio(share_y, around_height)
        by_around_width -= share_x * by_width
        by_around_height -= share_y * by_height

    if not SLOPED:
        tl.store(value + pair, cost, mask=inside)
    else:
        by_shared -= by_union
        by_width = tl.where(x2 > x1, by_width + by_union * height, 0.0)
        by_height = tl.where(y2 > y1, by_height + by_union * width, 0.0)
        by_overlap_x = tl.where(overlap_x > 0, by_shared * shared_height, 0.0)
        by_overlap_y = tl.where(overlap_y > 0, by_shared * shared_width, 0.0)
        right = tl.maximum(true_x1, true_x2)
        left = tl.minimum(true_x1, true_x2)
        is_right = _share(tl.maximum(x1, x2), right)
        is_left = _share(left, tl.minimum(x1, x2))
        lower = tl.maximum(true_y1, true_y2)
        upper = tl.minimum(true_y1, true_y2)
        is_lower = _share(tl.maximum(y1, y2), lower)
        is_upper = _share(upper, tl.minimum(y1, y2))
        scale = tl.load(above + pair * above_stride, mask=inside, other=0.0).to(tl.float32) * unit
        by_x1 = by_around_width * (is_right * _share(x1, x2) - is_left * _share(x2, x1))
        by_x1 += by_shift_x - by_width - by_overlap_x * _share(x1, true_x1)
        by_x2 = by_around_width * (is_right * _share(x2, x1) - is_left * _share(x1, x2))
        by_x2 += by_shift_x + by_width + by_overlap_x * _share(true_x2, x2)
        by_y1 = by_around_height * (is_lower * _share(y1, y2) - is_upper * _share(y2, y1))
        by_y1 += by_shift_y - by_height - by_overlap_y * _share(y1, true_y1)
        by_y2 = by_around_height * (is_lower * _share(y2, y1) - is_upper * _share(y1, y2))
        by_y2 += by_shift_y + by_height + by_overlap_y * _share(true_y2, y2)
        slope = slopes + pair * 4
        tl.store(slope, by_x1 * scale, mask=inside)
        tl.store(slope + 1, by_y1 * scale, mask=inside)
        tl.store(slope + 2, by_x2 * scale, mask=inside)
        tl.store(slope + 3, by_y2 * scale, mask=inside)
