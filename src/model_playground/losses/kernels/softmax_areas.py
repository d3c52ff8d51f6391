"""Areas of every class, and the log-probability of the true one, from a single softmax.

On the CPU the pixels are walked in blocks that fit its cache, forward and backward; between the
two only the scores and one number for each pixel are kept. Elsewhere, in a compiled graph, and
where all scores fit the cache anyway, the formula is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

NUMBERS_IN_A_BLOCK = 2**19  # scores: 2 MiB of float32
FORMULA_UP_TO = 2**20  # scores: with fewer, the steps of the blocks cost more than they save


class Areas(NamedTuple):
    """What overlap and cross-entropy need of (N, C, d1, …) scores and their class indices."""

    log_p: Tensor  # log-probability of the true class, (N, d1, …); 0 where ignored
    shared: Tensor  # Σ p over the pixels of the class, (N, C)
    predicted: Tensor  # Σ p over all pixels, (N, C)
    true: Tensor  # number of pixels of the class, (N, C)


def softmax_areas(input: Tensor, index: Tensor, kept: Tensor) -> Areas:
    """Sum the probabilities of each image's classes.

    Args:
        input: scores, (N, C, d1, …).
        index: class indices, (N, d1, …), in range also where a pixel is ignored.
        kept: false where a pixel is ignored.
    """
    path = _Blocks.apply if _in_blocks(input) else _formula
    log_p, shared, predicted = path(input, index, kept)
    return Areas(log_p, shared, predicted, _true(input, index, kept))


def _in_blocks(input: Tensor) -> bool:
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return False  # both need plain operations
    return input.device.type == "cpu" and input.numel() > FORMULA_UP_TO


def _true(input: Tensor, index: Tensor, kept: Tensor) -> Tensor:
    pixels = kept.flatten(1).to(_sum_type(input))
    empty = pixels.new_zeros(input.shape[:2])
    return empty.scatter_add(1, index.flatten(1), pixels)


def _sum_type(input: Tensor) -> torch.dtype:
    return torch.float64 if input.dtype == torch.float64 else torch.float32


def _formula(input: Tensor, index: Tensor, kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    log_p = input.to(_sum_type(input)).log_softmax(1)
    true_log_p = log_p.gather(1, index.unsqueeze(1))
    p = torch.where(kept.unsqueeze(1), log_p.exp(), 0)
    true_p = torch.where(kept, true_log_p.squeeze(1).exp(), 0)
    shared = p.new_zeros(p.shape[:2]).scatter_add(1, index.flatten(1), true_p.flatten(1))
    return torch.where(kept, true_log_p.squeeze(1), 0), shared, p.flatten(2).sum(2)


class _Blocks(torch.autograd.Function):
    """The formula in blocks of pixels.

    With p the softmax and y the true class, the slope of a pixel's scores is
    p_c (a_c - Σ a p - s p_y - r) + [c = y] (s p_y + r), where a and s are the slopes of the
    predicted area and of the true class's shared area, and r is that of log p_y.
    """

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, index: Tensor, kept: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        scores, y, weight = _flat(input, index, kept)
        images, classes, pixels = scores.shape
        shared, predicted = (weight.new_zeros(images, classes) for _ in range(2))
        log_p, total = (weight.new_empty(images, pixels) for _ in range(2))
        for image, part in _blocks(scores):
            z = scores[image, :, part].to(weight.dtype)
            highest = z.amax(0)
            true = y[image, part]
            true_z = z.gather(0, true.unsqueeze(0)).squeeze(0)
            p = torch.sub(z, highest).exp_()
            sums = p.sum(0)
            share = weight[image, part] / sums
            predicted[image].addmv_(p, share)
            shared[image].scatter_add_(0, true, (true_z - highest).exp_().mul_(share))
            torch.add(highest, sums.log_(), out=total[image, part])
            torch.sub(true_z, total[image, part], out=log_p[image, part])
        log_p = torch.where(weight > 0, log_p, 0).reshape(index.shape)
        ctx.save_for_backward(input, index, kept, total)
        return log_p, shared, predicted

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, None, None]:
        input, index, kept, total = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is asked for
            outputs = _formula(input, index, kept)
            (slope,) = torch.autograd.grad(outputs, input, slopes, create_graph=True)
            return slope, None, None
        of_log_p, of_shared, of_predicted = slopes
        scores, y, weight = _flat(input, index, kept)
        of_log_p = of_log_p.flatten(1)
        slope = torch.empty_like(scores, memory_format=torch.contiguous_format)
        for image, part in _blocks(scores):
            true = y[image, part].unsqueeze(0)
            p = (scores[image, :, part].to(weight.dtype) - total[image, part]).exp_()
            p.mul_(weight[image, part])
            of_true = of_shared[image][true[0]] * p.gather(0, true)[0]
            of_true += of_log_p[image, part] * weight[image, part]
            pull = torch.mv(p.t(), of_predicted[image]).add_(of_true)
            p.mul_(of_predicted[image].unsqueeze(1) - pull)
            p.scatter_add_(0, true, of_true.unsqueeze(0))
            slope[image, :, part] = p
        return slope.reshape(input.shape), None, None


def _flat(input: Tensor, index: Tensor, kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lay the pixels along one axis; whether they are kept becomes a factor of 1 or 0."""
    return input.flatten(2), index.flatten(1), kept.flatten(1).to(_sum_type(input))


def _blocks(scores: Tensor) -> Iterator[tuple[int, slice]]:
    images, classes, pixels = scores.shape
    size = max(NUMBERS_IN_A_BLOCK // max(classes, 1), 1)
    for image in range(images):
        for start in range(0, pixels, size):
            yield image, slice(start, start + size)
