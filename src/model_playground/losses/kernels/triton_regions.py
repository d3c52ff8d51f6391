"""The passes over a segmentation's logits on a GPU: the sums of every image, and the slopes.

A program has one block of one image's pixels and goes through the classes in chunks. Its logits
are read twice, the second time from a cache: memory sees each number once. Each program writes its
own sums, and those of an image are added up in a fixed order: no atomic additions, so the same
input gives the same bits. (Scores of another resolution than the labels are the exception: PyTorch
interpolates an image of them as a whole, and adds up their gradient in any order.)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from model_playground.losses.arithmetic import sum_type
from model_playground.losses.kernels.regions import RegionSums
from model_playground.losses.kernels.triton_language import (
    FUSED,
    Number,
    Pointer,
    constexpr,
    jit,
    labels,
    tile,
    tl,
)


def sums_of_pixels(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, RegionSums]:
    """Return log Σ_c e^{z_c} of every pixel, (N, P), and the sums.

    Args:
        logits: (N, C, P), of any strides; or (N, C, h, w), which are interpolated bilinearly.
        target: class indices, (N, P) or (N, H, W); one out of range counts as ignored.
        ignore_index: class index of pixels that are left out.
    """
    if _is_image_by_image(target):
        each = zip(torch.split(logits, 1), torch.split(target, 1), strict=True)
        totals, sums = zip(*(sums_of_pixels(*one, ignore_index) for one in each), strict=True)
        return torch.cat(totals), RegionSums(*map(torch.cat, zip(*sums, strict=True)))
    scores, labels = _at_the_pixels(logits, target)
    images, classes, pixels = scores.shape
    chunk, block = tile(classes, pixels)
    blocks = -(-pixels // block)
    log_total = scores.new_empty((images, pixels), dtype=sum_type(scores))
    partial = log_total.new_empty((images, blocks, 4, classes))
    if partial.numel():
        with torch.cuda.device(scores.get_device()):
            _sums[(images * blocks,)](
                scores,
                labels,
                log_total,
                partial,
                classes,
                pixels,
                blocks,
                ignore_index,
                *scores.stride(),
                *labels.stride(),
                CHUNK=chunk,
                BLOCK=block,
                **FUSED,
            )
    return log_total, RegionSums(*partial.sum(1).unbind(1))


def slopes_of_pixels(
    logits: Tensor, target: Tensor, ignore_index: int, log_total: Tensor, slopes: RegionSums
) -> Tensor:
    """Return the logits' gradient from the sums' gradients.

    The probabilities are computed again from the logits and their total: none were kept.

    Args:
        logits: as given to `sums_of_pixels`, like target and ignore_index.
        target: class indices; the gradient of an ignored pixel is 0.
        ignore_index: class index of pixels that are left out.
        log_total: (N, P), from `sums_of_pixels`.
        slopes: the loss's slope along each sum, (N, C) each.
    """
    if _is_image_by_image(target):
        of_images = zip(*(torch.split(slope, 1) for slope in slopes), strict=True)
        each = zip(
            torch.split(logits, 1),
            torch.split(target, 1),
            torch.split(log_total, 1),
            of_images,
            strict=True,
        )
        parts = [
            slopes_of_pixels(z, y, ignore_index, total, RegionSums(*some))
            for z, y, total, some in each
        ]
        return torch.cat(parts)
    scores, labels = _at_the_pixels(logits, target)
    images, classes, pixels = scores.shape
    chunk, block = tile(classes, pixels)
    blocks = -(-pixels // block)
    gradient = torch.empty_like(scores)
    if gradient.numel():
        with torch.cuda.device(scores.get_device()):
            _slopes[(images * blocks,)](
                scores,
                labels,
                log_total,
                *(slope.to(log_total.dtype).contiguous() for slope in slopes[:3]),
                gradient,
                classes,
                pixels,
                blocks,
                ignore_index,
                *scores.stride(),
                *labels.stride(),
                *gradient.stride(),
                CHUNK=chunk,
                BLOCK=block,
                **FUSED,
            )
    if target.ndim == 2:
        return gradient
    size = target.shape[1:]
    whole = gradient.reshape(images, classes, *size)
    small: Tensor = torch.ops.aten.upsample_bilinear2d_backward(whole, size, logits.shape, False)
    return small


def _is_image_by_image(target: Tensor) -> bool:
    """Say whether scores are interpolated for one image after the other, in memory for one."""
    return target.ndim > 2 and len(target) > 1


def _at_the_pixels(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores (N, C, P) and labels (N, P), of which each pixel has its own."""
    if target.ndim == 2:
        return logits, target
    scores = functional.interpolate(logits, target.shape[1:], mode="bilinear")
    return scores.flatten(2), target.flatten(1)


@jit
def _sums(
    logits: Pointer,
    target: Pointer,
    log_total: Pointer,
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
    CHUNK: constexpr,
    BLOCK: constexpr,
) -> None:
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    pixel = (program % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    at = target + image * target_image_stride + pixel * target_pixel_stride
    y, kept = labels(at, inside, classes, ignore_index)
    scores = logits + image * image_stride + pixel[None, :] * pixel_stride

    precise = partial.dtype.element_ty
    largest = tl.full([BLOCK], float("-inf"), precise)
    total = tl.zeros([BLOCK], precise)  # of e^(z - largest)
    true_score = tl.zeros([BLOCK], precise)
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        there = (c < classes) & inside[None, :]
        z = tl.load(scores + c * class_stride, mask=there, other=float("-inf")).to(precise)
        before = largest
        largest = tl.maximum(before, tl.max(z, 0))
        # Where every class so far is ruled out, -∞ - -∞ would be no number.
        shift = tl.where(largest == float("-inf"), 0.0, largest)
        total = total * tl.exp(before - shift) + tl.sum(tl.exp(z - shift[None, :]), 0)
        true_score += tl.sum(tl.where(c == y[None, :], z, 0.0), 0)
    log_power = tl.log(total)
    tl.store(log_total + image * pixels + pixel, largest + log_power, mask=inside)
    # Not the total less the score: where the true class is nearly certain, digits would cancel.
    surprise = ((largest - true_score) + log_power)[None, :]

    scale = 1.0 / total
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)
        there = (c < classes)[:, None] & inside[None, :]
        z = tl.load(scores + c[:, None] * class_stride, mask=there, other=float("-inf"))
        p = tl.exp(z.to(precise) - largest[None, :]) * scale[None, :]
        true = kept[None, :] & (c[:, None] == y[None, :])
        # What is not wanted may be infinite, and 0 · ∞ is no number: choose, do not multiply.
        place = partial + program * 4 * classes + c
        tl.store(place, tl.sum(tl.where(true, surprise, 0.0), 1), mask=c < classes)
        place += classes
        tl.store(place, tl.sum(tl.where(true, p, 0.0), 1), mask=c < classes)
        place += classes
        tl.store(place, tl.sum(tl.where(kept[None, :], p, 0.0), 1), mask=c < classes)
        place += classes
        tl.store(place, tl.sum(true.to(precise), 1), mask=c < classes)


@jit
def _slopes(
    logits: Pointer,
    target: Pointer,
    log_total: Pointer,
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
    CHUNK: constexpr,
    BLOCK: constexpr,
) -> None:
    program = tl.program_id(0).to(tl.int64)
    image = program // blocks
    pixel = (program % blocks) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    at = target + image * target_image_stride + pixel * target_pixel_stride
    y, kept = labels(at, inside, classes, ignore_index)
    scores = logits + image * image_stride + pixel[None, :] * pixel_stride
    slopes = gradient + image * gradient_image_stride + pixel[None, :] * gradient_pixel_stride
    precise = log_total.dtype.element_ty
    normaliser = tl.load(log_total + image * pixels + pixel, mask=inside, other=0.0)

    mean = tl.zeros([BLOCK], precise)  # Σ p g over the classes
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        z = tl.load(
            scores + c * class_stride, mask=(c < classes) & inside[None, :], other=float("-inf")
        )
        p = tl.exp(z.to(precise) - normaliser[None, :])
        of_class = image * classes + c
        g = tl.load(slope_predicted + of_class, mask=c < classes, other=0.0)
        if_true = tl.load(slope_shared + of_class, mask=c < classes, other=0.0)
        mean += tl.sum(p * (g + tl.where(c == y[None, :], if_true, 0.0)), 0)

    pull = tl.load(slope_surprise + image * classes + y, mask=kept, other=0.0)[None, :]
    for first in range(0, classes, CHUNK):
        c = first + tl.arange(0, CHUNK).to(tl.int64)[:, None]
        there = (c < classes) & inside[None, :]
        z = tl.load(scores + c * class_stride, mask=there, other=float("-inf"))
        p = tl.exp(z.to(precise) - normaliser[None, :])
        of_class = image * classes + c
        g = tl.load(slope_predicted + of_class, mask=c < classes, other=0.0)
        if_true = tl.load(slope_shared + of_class, mask=c < classes, other=0.0)
        true = c == y[None, :]
        g = g + tl.where(true, if_true, 0.0)
        slope = p * (g - mean[None, :]) + pull * (p - true.to(precise))
        tl.store(
            slopes + c * gradient_class_stride, tl.where(kept[None, :], slope, 0.0), mask=there
        )
