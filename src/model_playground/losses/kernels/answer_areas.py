"""Shared, predicted and true area of every class from independent yes-or-no answers.

As in `regions`, in blocks that fit the caches; backward recomputes the probabilities.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from model_playground.losses.arithmetic import answers_and_kept, in_float32, sum_type
from model_playground.losses.kernels import blocks
from model_playground.losses.kernels.blocks import Scores
from model_playground.losses.kernels.memory import room_like


class AnswerSums(NamedTuple):
    """Sums over the pixels of each image that are not ignored, by class; (N, C) each."""

    shared: Tensor  # Σ min(p, t)
    predicted: Tensor  # Σ p
    true: Tensor  # Σ t


def answer_sums(logits: Tensor, target: Tensor, ignore_index: int) -> AnswerSums:
    """Return the sums over pixels, differentiable in the logits.

    Args:
        logits: (N, C, d1, …).
        target: answers between 0 and 1, of the same shape.
        ignore_index: the answer of what is left out of all sums.
    """
    if logits.is_cuda or logits.numel() < blocks.FEW_NUMBERS:
        return answer_sums_by_formula(logits, target, ignore_index)
    sums: tuple[Tensor, ...] = _AnswerSums.apply(logits.flatten(2), target.flatten(2), ignore_index)
    return AnswerSums(*sums)


class _AnswerSums(Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, ...]:
        sums = _sums_of_pixels(logits, target, ignore_index)
        ctx.save_for_backward(logits, target)
        ctx.ignore_index = ignore_index
        ctx.mark_non_differentiable(sums.true)
        return tuple(sums)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        logits, target = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may be wanted
            outputs = answer_sums_by_formula(logits, target, ctx.ignore_index)[:2]
            (slope,) = torch.autograd.grad(outputs, logits, slopes[:2], create_graph=True)
        else:
            slope = _slopes_of_pixels(logits, target, ctx.ignore_index, AnswerSums(*slopes))
        return slope, None, None


def answer_sums_by_formula(logits: Tensor, target: Tensor, ignore_index: int) -> AnswerSums:
    """Return the sums by operations that can be differentiated any number of times."""
    p = in_float32(logits).flatten(2).sigmoid()
    t, kept = answers_and_kept(p, target.flatten(2), ignore_index)
    p = torch.where(kept, p, 0)
    return AnswerSums(torch.minimum(p, t).sum(2), p.sum(2), t.sum(2))


def _sums_of_pixels(logits: Tensor, target: Tensor, ignore_index: int) -> AnswerSums:
    scores = Scores(logits, sum_type(logits))
    size = (3, len(logits), scores.blocks.per_image, logits.shape[1])
    partial = logits.new_empty(size, dtype=scores.dtype)

    sums = map(scores.blocks.cut_partial_sums, partial)
    for place, answers, shared, predicted, true in zip(
        scores.places, scores.blocks.cut(target), *sums, strict=True
    ):
        p = scores.read(place).sigmoid()
        t, kept = answers_and_kept(p, answers, ignore_index)
        predicted.copy_(p.mul_(kept).sum(2))
        true.copy_(t.sum(2))
        shared.copy_(torch.minimum(p, t, out=p).sum(2))
    return AnswerSums(*partial.sum(2, dtype=torch.float64).to(scores.dtype))


def _slopes_of_pixels(
    logits: Tensor, target: Tensor, ignore_index: int, slopes: AnswerSums
) -> Tensor:
    """Return the logits' gradient: p (1 - p) times a + b [p < t].

    Here a and b are the gradients of the predicted and the shared area, Σ p and Σ min(p, t).
    """
    scores = Scores(logits, sum_type(logits))
    gradient = room_like(logits)
    written = Scores(gradient, scores.dtype)

    of_sums = (scores.blocks.cut_images(slope.unsqueeze(2)) for slope in slopes[:2])
    for place, out_place, answers, of_shared, of_predicted in zip(
        scores.places, written.places, scores.blocks.cut(target), *of_sums, strict=True
    ):
        p = scores.read(place).sigmoid()
        t, kept = answers_and_kept(p, answers, ignore_index)
        out = written.room(out_place)
        # Half where p = t, as the slope of a minimum is there.
        torch.sub(t, p, out=out).sign_().add_(1).mul_(0.5 * of_shared).add_(of_predicted)
        out.mul_(p).mul_(p.neg_().add_(1)).mul_(kept)
        written.write(out_place, out)
    return gradient
