"""The passes over a segmentation's logits on a GPU: the sums of every image, and the slopes.

A program has one block of one image's pixels and goes through the classes in chunks. Its logits
are read twice, the second time from a cache: memory sees each number once. Each program writes its
own sums, and those of an image are added up in a fixed order: no atomic additions, so the same
input gives the same bits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_playground.losses.kernels.triton_language import (
    FUSED,
    Number,
    Pointer,
    constexpr,
    jit,
    power_of_2,
    tl,
)

TILE = 4096
"""Numbers that a program looks at together: 32 registers of each of 128 threads."""
CACHED = 10752
"""Numbers of a whole block, all classes of it, so that four blocks fit a processor's cache."""


def region_sums(
    logits: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return each image's sums over its pixels and each pixel's log-sum-exp, in float32.

    Args:
        logits: (N, C, P), of any strides.
        target: class indices, (N, P); one out of range counts as ignored.
        weight: a factor for each class, (C,), or None.
        ignore_index: class index of pixels that are left out.

    Returns:
        The log-sum-exp over the classes, (N, P); of each image, the weighed surprise -w_y log p_y
        and the weight w_y, (N,); of each class in it, the shared, the predicted and the true area,
        (N, C).
    """
    images, classes, pixels = logits.shape
    chunk, block = _tile(classes, pixels)
    blocks = -(-pixels // block)
    log_sum_exp = logits.new_empty((images, pixels), dtype=torch.float32)
    partial = logits.new_empty((images, blocks, 2 + 3 * classes), dtype=torch.float32)
    if partial.numel():
        with torch.cuda.device(logits.get_device()):
            _sums[(images * blocks,)](
                logits,
                target,
                _factors(weight, log_sum_exp),
                log_sum_exp,
                partial,
                classes,
                pixels,
                blocks,
                ignore_index,
                *logits.stride(),
                *target.stride(),
                WEIGHED=weight is not None,
                CHUNK=chunk,
                BLOCK=block,
                **FUSED,
            )
    sums = partial.sum(1)
    surprise, share = sums[:, :2].unbind(1)
    shared, predicted, true = sums[:, 2:].reshape(images, 3, classes).unbind(1)
    return log_sum_exp, surprise, share, shared, predicted, true


def region_slopes(
    logits: Tensor,
    target: Tensor,
    log_sum_exp: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    slope_surprise: Tensor,
    slope_shared: Tensor,
    slope_predicted: Tensor,
) -> Tensor:
    """Return the gradient of the logits, (N, C, P), from the slopes of each image's sums.

    The probabilities are computed again from the logits and the log-sum-exp: none were kept.

    Args:
        logits: (N, C, P), as given to `region_sums`, like target, weight and ignore_index.
        target: class indices, (N, P).
        log_sum_exp: (N, P), from `region_sums`.
        weight: a factor for each class, (C,), or None.
        ignore_index: class index of pixels that are left out; their gradient is 0.
        slope_surprise: the loss's slope along each image's surprise, (N,).
        slope_shared: its slope along the shared areas, (N, C).
        slope_predicted: its slope along the predicted areas, (N, C).
    """
    images, classes, pixels = logits.shape
    chunk, block = _tile(classes, pixels)
    blocks = -(-pixels // block)
    gradient = torch.empty_like(logits)
    if gradient.numel():
        with torch.cuda.device(logits.get_device()):
            _slopes[(images * blocks,)](
                logits,
                target,
                _factors(weight, log_sum_exp),
                log_sum_exp.contiguous(),
                slope_surprise.float().contiguous(),
                slope_shared.float().contiguous(),
                slope_predicted.float().contiguous(),
                gradient,
                classes,
                pixels,
                blocks,
                ignore_index,
                *logits.stride(),
                *target.stride(),
                *gradient.stride(),
                WEIGHED=weight is not None,
                CHUNK=chunk,
                BLOCK=block,
                **FUSED,
            )
    return gradient


def _tile(classes: int, pixels: int) -> tuple[int, int]:
    """Return how many classes and how many pixels a program looks at together.

    >>> _tile(19, 65536), _tile(150, 65536), _tile(3, 65536), _tile(1000, 1)
    ((8, 512), (64, 64), (4, 1024), (1024, 1))
    """
    cached = power_of_2(CACHED // classes + 1) // 2
    block = min(max(cached, 32), 1024, power_of_2(pixels))
    return min(power_of_2(classes), TILE // block), block


def _factors(weight: Tensor | None, unread: Tensor) -> Tensor:
    """Return the factors as a kernel reads them; without any, some array that it does not read."""
    return unread if weight is None else weight.float().contiguous()


@jit
def _sums(
    logits: Pointer,
    target: Pointer,
    weight: Pointer,
    log_sum_exp: Pointer,
    partial: Pointer,
    classes: Number,
    pixels: Number,
    blocks: Number,
    ignore_index: Number,
    image_stride: Number,
    class_stride: Number,
    pixel_stride: Number,
    target_image_stride: Number,
    target_pixel_stride: Number,
    WEIGHED: constexpr,
    CHUNK: constexpr,
    BLOCK: constexpr,
) -> None:
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    pixel = (program % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    y = tl.load(
        target + image * target_image_stride + pixel * target_pixel_stride, mask=inside, other=0
    ).to(tl.int64)
    kept = inside & (y != ignore_index) & (y >= 0) & (y < classes)
    scores = logits + image * image_stride + pixel[None, :] * pixel_stride

    largest = tl.full([BLOCK], float("-inf"), tl.float32)
    total = tl.zeros([BLOCK], tl.float32)  # of e^(z - largest)
    true_score = tl.zeros([BLOCK], tl.float32)
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        there = (c < classes) & inside[None, :]
        z = tl.load(scores + c * class_stride, mask=there, other=float("-inf")).to(tl.float32)
        before = largest
        largest = tl.maximum(before, tl.max(z, 0))
        # Where every class so far is ruled out, -∞ - -∞ would be no number.
        shift = tl.where(largest == float("-inf"), 0.0, largest)
        total = total * tl.exp(before - shift) + tl.sum(tl.exp(z - shift[None, :]), 0)
        true_score += tl.sum(tl.where(c == y[None, :], z, 0.0), 0)
    log_total = tl.log(total)
    tl.store(log_sum_exp + image * pixels + pixel, largest + log_total, mask=inside)

    share = kept.to(tl.float32)
    if WEIGHED:
        share = tl.load(weight + y, mask=kept, other=0.0)
    # Not log-sum-exp less score: where the true class is nearly certain, its digits would cancel.
    surprise = tl.where(kept, (largest - true_score) + log_total, 0.0) * share
    row = partial + program * (2 + 3 * classes)
    tl.store(row, tl.sum(surprise, 0))
    tl.store(row + 1, tl.sum(share, 0))

    scale = 1.0 / total
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)
        there = (c < classes)[:, None] & inside[None, :]
        z = tl.load(scores + c[:, None] * class_stride, mask=there, other=float("-inf"))
        p = tl.exp(z.to(tl.float32) - largest[None, :]) * scale[None, :]
        p = tl.where(kept[None, :], p, 0.0)
        true = kept[None, :] & (c[:, None] == y[None, :])
        areas = row + 2 + c
        tl.store(areas, tl.sum(tl.where(true, p, 0.0), 1), mask=c < classes)
        tl.store(areas + classes, tl.sum(p, 1), mask=c < classes)
        tl.store(areas + 2 * classes, tl.sum(true.to(tl.float32), 1), mask=c < classes)


@jit
def _slopes(
    logits: Pointer,
    target: Pointer,
    weight: Pointer,
    log_sum_exp: Pointer,
    slope_surprise: Pointer,
    slope_shared: Pointer,
    slope_predicted: Pointer,
    gradient: Pointer,
    classes: Number,
    pixels: Number,
    blocks: Number,
    ignore_index: Number,
    image_stride: Number,
    class_stride: Number,
    pixel_stride: Number,
    target_image_stride: Number,
    target_pixel_stride: Number,
    gradient_image_stride: Number,
    gradient_class_stride: Number,
    gradient_pixel_stride: Number,
    WEIGHED: constexpr,
    CHUNK: constexpr,
    BLOCK: constexpr,
) -> None:
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    pixel = (program % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    y = tl.load(
        target + image * target_image_stride + pixel * target_pixel_stride, mask=inside, other=0
    ).to(tl.int64)
    kept = inside & (y != ignore_index) & (y >= 0) & (y < classes)
    scores = logits + image * image_stride + pixel[None, :] * pixel_stride
    slopes = gradient + image * gradient_image_stride + pixel[None, :] * gradient_pixel_stride
    normaliser = tl.load(log_sum_exp + image * pixels + pixel, mask=inside, other=0.0)

    mean = tl.zeros([BLOCK], tl.float32)  # Σ p g over the classes
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        z = tl.load(
            scores + c * class_stride, mask=(c < classes) & inside[None, :], other=float("-inf")
        )
        p = tl.exp(z.to(tl.float32) - normaliser[None, :])
        of_class = image * classes + c
        g = tl.load(slope_predicted + of_class, mask=c < classes, other=0.0)
        if_true = tl.load(slope_shared + of_class, mask=c < classes, other=0.0)
        mean += tl.sum(p * (g + tl.where(c == y[None, :], if_true, 0.0)), 0)

    pull = tl.load(slope_surprise + image)
    if WEIGHED:
        pull = pull * tl.load(weight + y, mask=kept, other=0.0)[None, :]
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        there = (c < classes) & inside[None, :]
        z = tl.load(scores + c * class_stride, mask=there, other=float("-inf"))
        p = tl.exp(z.to(tl.float32) - normaliser[None, :])
        of_class = image * classes + c
        g = tl.load(slope_predicted + of_class, mask=c < classes, other=0.0)
        if_true = tl.load(slope_shared + of_class, mask=c < classes, other=0.0)
        true = c == y[None, :]
        g = g + tl.where(true, if_true, 0.0)
        slope = p * (g - mean[None, :]) + pull * (p - true.to(tl.float32))
        tl.store(
            slopes + c * gradient_class_stride, tl.where(kept[None, :], slope, 0.0), mask=there
        )
