"""The focal loss of yes-or-no answers on a GPU: value and slope in one pass.

A program has one block of answers, all of one image or some images of few answers each. It writes
its own sums, and those of an image are added up in a fixed order: no atomic additions, so the same
input gives the same bits.
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
    log1p,
    power_of_2,
    tl,
)

TILE = 1024
"""Answers that a program looks at together: 8 for each of 128 threads."""


def focal_sums(
    scores: Tensor,
    target: Tensor,
    gamma: float,
    alpha: float | None,
    ignore_index: int,
    *,
    written: Tensor | None = None,
    above: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return each row's binary focal loss, summed, and how many answers count, (N,).

    Args:
        scores: (N, P), of any strides.
        target: numbers in [0, 1] or Booleans, (N, P).
        gamma: how much less easy answers count.
        alpha: the factor of yes, no has 1 - alpha; None for no factors.
        ignore_index: the answer that is left out, with a slope of 0.
        written: where to write the value's derivative by every score, (N, P); None for nowhere.
        above: a factor of each row's derivatives, (N,); None for none.
    """
    rows, answers = scores.shape
    block = min(power_of_2(answers), TILE)
    blocks = -(-answers // block)
    height = TILE // block
    partial = scores.new_empty((2, rows, blocks), dtype=sum_type(scores))
    slopes = scores if written is None else written
    is_number = target.dtype != torch.bool
    if partial.numel():
        with torch.cuda.device(scores.get_device()):
            _focal[(-(-rows // height) * blocks,)](
                scores,
                target if is_number else target.view(torch.uint8),
                slopes,
                partial if above is None else above.to(partial.dtype).contiguous(),
                partial,
                rows,
                answers,
                blocks,
                gamma,
                0.0 if alpha is None else alpha,
                ignore_index,
                *scores.stride(),
                *target.stride(),
                *slopes.stride(),
                WEIGHED=alpha is not None,
                IGNORES=is_number,
                SLOPED=written is not None,
                SCALED=above is not None,
                SQUARED=gamma == 2,
                LARGEST=torch.finfo(partial.dtype).max,
                HEIGHT=height,
                BLOCK=block,
                **FUSED,
            )
    value, share = partial.sum(2).unbind(0)
    return value, share


@jit
def _focal(
    scores: Pointer,
    target: Pointer,
    slopes: Pointer,
    above: Pointer,
    partial: Pointer,
    rows: Number,
    answers: Number,
    blocks: Number,
    gamma: Number,
    alpha: Number,
    ignore_index: Number,
    row_stride: Number,
    answer_stride: Number,
    target_row_stride: Number,
    target_answer_stride: Number,
    slope_row_stride: Number,
    slope_answer_stride: Number,
    WEIGHED: constexpr,
    IGNORES: constexpr,
    SLOPED: constexpr,
    SCALED: constexpr,
    SQUARED: constexpr,
    LARGEST: constexpr,
    HEIGHT: constexpr,
    BLOCK: constexpr,
) -> None:
    precise = partial.dtype.element_ty
    program = tl.program_id(0).to(tl.int64)
    row = (program // blocks) * HEIGHT + tl.arange(0, HEIGHT)
    answer = ((program % blocks) * BLOCK + tl.arange(0, BLOCK))[None, :]
    inside = (row < rows)[:, None] & (answer < answers)
    of_row = row[:, None]
    z = tl.load(scores + of_row * row_stride + answer * answer_stride, mask=inside, other=0.0)
    z = z.to(precise)
    y = tl.load(
        target + of_row * target_row_stride + answer * target_answer_stride, mask=inside, other=0
    ).to(precise)
    kept = inside
    if IGNORES:
        kept = kept & (y != ignore_index)
        y = tl.where(kept, y, 0.0)

    # All in terms of the answer that the score favours: `sure` is |z|, and `right` the share of
    # that answer in the truth. With s = e^-|z| no step overflows or divides by 0.
    sure = tl.abs(z)
    sure = tl.where(sure > LARGEST, LARGEST, sure)  # in place of ∞
    right = tl.where(z < 0, 1.0 - y, y)
    wrong = tl.where(z < 0, y, 1.0 - y)
    s = tl.exp(-sure)
    once = 1.0 + s
    log_once = log1p(s)
    surprise = log_once + wrong * sure
    # 1 - π = (wrong + right · s) / (1 + s); where the sum is nothing, right is 1, and it is s.
    missed = wrong + right * s
    is_some = missed > 1e-37
    missed = tl.where(is_some, missed, 1.0)
    if SQUARED:  # by far the most usual, and neither a power nor a logarithm is needed
        focus = tl.where(is_some, missed / once, s / once)
        focus = focus * focus
    else:
        log_missed = tl.where(is_some, tl.log(missed), -sure) - log_once
        focus = tl.exp(gamma * log_missed)
    if WEIGHED:
        focus = focus * (alpha * y + (1.0 - alpha) * (1.0 - y))

    place = partial + row * blocks + program % blocks
    value = tl.where(kept, focus * surprise, 0.0)
    tl.store(place, tl.sum(value, 1), mask=row < rows)
    tl.store(place + rows * blocks, tl.sum(kept.to(precise), 1), mask=row < rows)
    if SLOPED:
        unsure = s / once  # the probability of the other answer
        of_missed = unsure - tl.where(is_some, right * s / missed, 1.0)
        slope = focus * (gamma * of_missed * surprise + wrong - unsure)
        slope = tl.where(z < 0, -slope, slope)
        if SCALED:
            slope = slope * tl.load(above + of_row, mask=of_row < rows, other=0.0)
        at = slopes + of_row * slope_row_stride + answer * slope_answer_stride
        tl.store(at, tl.where(kept, slope, 0.0), mask=inside)
