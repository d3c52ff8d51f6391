"""Focal loss over exclusive classes in one pass: value and gradient in blocks that fit the caches.

Everything is worked out from powers of the scores' distances from the highest. The sum of the
others' powers gives 1 - p without cancellation, however sure the prediction is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from model_playground.losses.arithmetic import LOG2_E, index_and_kept, sum_type
from model_playground.losses.kernels.blocks import Scores
from model_playground.losses.kernels.memory import room_like


class FocalTask(NamedTuple):
    """What is to be summed, apart from the tensors."""

    gamma: float  # 0, or 1 and more: between them the slope is infinite where p is 1
    ignore_index: int
    formula: Callable[[Tensor, Tensor], Tensor]  # the value of every unit


def focal_sums(
    task: FocalTask, logits: Tensor, target: Tensor, alpha: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return each image's sum of values and number of units that are not ignored, (N,) each.

    Args:
        task: what is to be summed.
        logits: (N, C, d1, …); the sums are differentiable in them any number of times.
        target: class indices, (N, d1, …).
        alpha: a factor for each class.
    """
    if logits.requires_grad and torch.is_grad_enabled():
        value, number = _FocalSums.apply(task, logits, target, alpha)
        return value, number
    return _sums(task, logits, target, alpha)


class _FocalSums(Function):
    """The sums, with the gradient that was computed beside them, or that of the formula."""

    @staticmethod
    def forward(
        ctx: Any, task: FocalTask, logits: Tensor, target: Tensor, alpha: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        # In half precision small derivatives would be lost before they are multiplied; a GPU has
        # them sooner computed than fetched.
        is_beside = logits.dtype == sum_type(logits) and not logits.is_cuda
        slopes = room_like(logits, contiguous=True) if is_beside else None
        value, number = _sums(task, logits, target, alpha, slopes)
        ctx.save_for_backward(logits, target, alpha, slopes)
        ctx.task, ctx.slopes_are_unused = task, slopes is not None
        ctx.mark_non_differentiable(number)
        return value, number

    @staticmethod
    def backward(ctx: Any, above: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        logits, target, alpha, slopes = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may be wanted
            value = ctx.task.formula(logits, target).flatten(1).sum(1)
            (slopes,) = torch.autograd.grad(value, logits, above, create_graph=True)
        elif ctx.slopes_are_unused:
            # Multiplied in place and given away: a second pass backward computes them again.
            ctx.slopes_are_unused = False
            slopes = slopes.data
            slopes.mul_(above.reshape(-1, *[1] * (slopes.ndim - 1)))
        else:
            slopes = room_like(logits, contiguous=True)
            _sums(ctx.task, logits, target, alpha, slopes, above)
        return None, slopes, None, None


def _sums(
    task: FocalTask,
    logits: Tensor,
    target: Tensor,
    alpha: Tensor | None,
    slopes: Tensor | None = None,
    above: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the two sums; write the derivatives into `slopes`, multiplied by `above` if given."""
    images, classes = logits.shape[:2]
    logits = logits.reshape(images, classes, -1)
    if logits.is_cuda:
        from model_playground.losses.kernels import triton_focal_classes

        given = (logits, target.reshape(images, -1), task.gamma, alpha, task.ignore_index)
        rows = None if slopes is None else slopes.view_as(logits)
        return triton_focal_classes.focal_sums(*given, written=rows, above=above)
    scores = Scores(logits, sum_type(logits))
    cut = scores.blocks
    partial = logits.new_empty((2, images, cut.per_image), dtype=scores.dtype)
    written = None if slopes is None else Scores(slopes.view_as(logits), scores.dtype)
    factor = None if alpha is None else alpha.to(scores.dtype)
    upper = logits.new_ones(images, dtype=scores.dtype) if above is None else above

    room = partial.new_empty(cut.images, classes, cut.pixels)
    for place, out_place, truth, up, value, number in zip(
        scores.places,
        scores.places if written is None else written.places,
        cut.cut(target.reshape(images, 1, -1)),
        cut.cut_images(upper),
        *map(cut.cut_partial_sums, partial),
        strict=True,
    ):
        block = scores.read(place)
        y, ok = index_and_kept(truth, task.ignore_index)
        out = room[: len(block), :, : block.shape[2]]
        if written is not None:
            out = written.room(out_place)
        highest = block.amax(1, keepdim=True)
        below = block.gather(1, y).sub_(highest)
        torch.add(highest * -LOG2_E, block, alpha=LOG2_E, out=out).exp2_()
        of_true = below.exp()
        out.scatter_(1, y, 0)
        others = out.sum(1, keepdim=True)
        log_p = below.sub_(others.add(of_true - 1).log1p_()).masked_fill_(~ok, 0)
        total = of_true + others
        doubt = others.div_(total)  # 1 - p
        weight = ok.to(doubt.dtype) if factor is None else factor[y].mul_(ok)
        focus = weight if task.gamma == 0 else doubt.pow(task.gamma).mul_(weight)
        torch.sum((focus * log_p).neg_(), (1, 2), out=value)
        torch.sum(ok, (1, 2), dtype=number.dtype, out=number)
        if written is None:
            continue
        slope = focus
        if task.gamma:
            p = of_true.div_(total)
            lost = p.mul_(log_p.clamp_(min=torch.finfo(p.dtype).min))
            steep = doubt.pow(task.gamma - 1).mul_(weight)
            slope = torch.addcmul(focus, steep, lost, value=-task.gamma)
        slope = slope * up.view(-1, 1, 1)
        out.mul_(slope / total).scatter_(1, y, slope.mul_(doubt).neg_())
        written.write(out_place, out)
    values, numbers = partial.sum(2)
    return values, numbers
