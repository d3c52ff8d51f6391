"""Losses of yes-or-no answers on a CPU: value and gradient in blocks that fit the caches.

An operation of a formula reads and writes whole tensors, which takes far longer than its
arithmetic. Here all operations on a block follow each other in a few buffers that stay in the
cache. The gradient is computed beside the value, with which it shares most of the work, and is
all that is kept for backward.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from model_playground.losses.arithmetic import sum_type
from model_playground.losses.kernels.workers import in_parallel

BLOCK = 2**17
"""Answers in a block: smaller ones cost more in calls than they save by a nearer cache."""

Formula = Callable[[Tensor, Tensor], Tensor]


class Block(NamedTuple):
    """Some answers, of as many images as there are rows. A kernel may overwrite all but `factors`.

    All that is read or written block by block has this shape.
    """

    scores: Tensor  # finite
    answers: Tensor  # 0 where they are ignored
    kept: Tensor  # 0 where an answer is ignored, else 1
    spare: Sequence[Tensor]  # as many buffers as the kernel needs, with anything in them
    slopes: Tensor | None  # where to write the derivatives by the scores, if they are wanted
    factors: Sequence[Tensor]


class AnswersKernel(Protocol):
    """A loss of yes-or-no answers, written as operations on one block."""

    @property
    def buffers(self) -> int:
        """How many spare buffers it needs."""

    def values(self, block: Block) -> Tensor:
        """Return the value of every answer, 0 where it is ignored, in one of the buffers."""


class AnswersTask(NamedTuple):
    """What is to be summed, apart from the tensors."""

    kernel: AnswersKernel
    formula: Formula  # the values of all answers, differentiable any number of times
    ignore_index: int
    per_image: bool  # whether to sum over each image, (N,), or over all of them, (1,)


def sums_of_answers(
    task: AnswersTask, input: Tensor, target: Tensor, *factors: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sum of the values and the number of answers that are not ignored.

    Args:
        task: what is to be summed.
        input: scores, (N, …); the sums are differentiable in them any number of times.
        target: answers of the same shape, which have no gradient.
        factors: what the kernel multiplies with, of shapes that broadcast to the input's.
    """
    if not task.per_image and any(factor.numel() > 1 for factor in factors):
        # Most factors are the same for every image: so they are written out for one image only.
        of_images = sums_of_answers(task._replace(per_image=True), input, target, *factors)
        return of_images[0].sum(0, keepdim=True), of_images[1].sum(0, keepdim=True)
    if input.requires_grad and torch.is_grad_enabled():
        value, number = _SumsOfAnswers.apply(task, input, target, *factors)
        return value, number
    return _sums(task, input, target, factors)


class _SumsOfAnswers(Function):
    """The sums, with the gradient that was computed beside them, or that of the formula."""

    @staticmethod
    def forward(
        ctx: Any, task: AnswersTask, input: Tensor, target: Tensor, *factors: Tensor
    ) -> tuple[Tensor, Tensor]:
        # In half precision small derivatives would be lost before they are multiplied.
        slopes = _room_for_slopes(input) if input.dtype == sum_type(input) else None
        value, number = _sums(task, input, target, factors, slopes)
        ctx.save_for_backward(input, target, slopes, *factors)
        ctx.task, ctx.slopes_are_unused = task, slopes is not None
        ctx.mark_non_differentiable(number)
        return value, number

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        task: AnswersTask = ctx.task
        input, target, slopes, *factors = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may be wanted
            value = _in_rows(task.formula(input, target), task).sum(1)
            (slopes,) = torch.autograd.grad(value, input, above[0], create_graph=True)
        elif ctx.slopes_are_unused:
            # Multiplied in place and given away: a second pass backward computes them again.
            ctx.slopes_are_unused = False
            slopes = slopes.data
            _in_rows(slopes, task).mul_(above[0].unsqueeze(1))
        else:
            slopes = _room_for_slopes(input)
            _sums(task, input, target, factors, slopes, above[0])
        return None, slopes, None, *[None for _ in factors]


def _room_for_slopes(input: Tensor) -> Tensor:
    return torch.empty_like(input, memory_format=torch.contiguous_format)


def _sums(
    task: AnswersTask,
    input: Tensor,
    target: Tensor,
    factors: Sequence[Tensor],
    slopes: Tensor | None = None,
    above: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the two sums; write the derivatives into `slopes`, multiplied by `above` if given."""
    dtype = sum_type(input)
    scores = _in_rows(input, task)
    rows, columns = scores.shape
    sums = scores.new_empty((rows, -(-columns // BLOCK), 2), dtype=dtype)
    places = zip(
        _cut_sums(sums, columns),
        _cut(scores),
        _cut(_in_rows(target, task)),
        _cut(None if slopes is None else _in_rows(slopes, task)),
        _cut(None if above is None else above.unsqueeze(1).expand(rows, columns)),
        *(_cut(_factor_in_rows(factor, input, task)) for factor in factors),
        strict=False,  # what is None has no end
    )

    def work(some: Sequence[_Place]) -> None:
        room = scores.new_empty((4 + task.kernel.buffers, min(BLOCK, scores.numel())), dtype=dtype)
        for place in some:
            _work_off(task, place, room)

    in_parallel(
        work,
        [
            _Place(total, z, y, slope, upper, others)
            for total, z, y, slope, upper, *others in places
        ],
    )
    value, number = sums.sum(1).unbind(1)
    return value, number


class _Place(NamedTuple):
    """Where the numbers of one block are in the whole tensors."""

    sums: Tensor  # (rows, 2): value and number
    scores: Tensor
    answers: Tensor
    slopes: Tensor | None
    above: Tensor | None
    factors: Sequence[Tensor]


def _work_off(task: AnswersTask, place: _Place, room: Tensor) -> None:
    buffers = room[:, : place.scores.numel()].view(-1, *place.scores.shape).unbind()
    scores, answers, kept, slopes, *spare = buffers
    largest = torch.finfo(scores.dtype).max  # in place of ∞, so that 0 · ∞ cannot arise
    if place.scores.dtype == scores.dtype:
        torch.clamp(place.scores, -largest, largest, out=scores)
    else:
        scores.copy_(place.scores).clamp_(-largest, largest)
    if place.answers.dtype == torch.bool:
        answers.copy_(place.answers)
        kept.fill_(1)
    else:
        torch.ne(place.answers, task.ignore_index, out=kept)
        torch.mul(place.answers, kept, out=answers)
    torch.sum(kept, 1, out=place.sums[:, 1])
    if place.slopes is None:
        wanted = None
    else:
        wanted = place.slopes if place.slopes.dtype == slopes.dtype else slopes
    values = task.kernel.values(Block(scores, answers, kept, spare, wanted, place.factors))
    torch.sum(values, 1, out=place.sums[:, 0])
    if wanted is not None and place.slopes is not None:
        if place.above is not None:
            wanted.mul_(place.above)
        if wanted is not place.slopes:
            place.slopes.copy_(wanted)


def _in_rows(tensor: Tensor, task: AnswersTask) -> Tensor:
    """Lay a tensor out with a row for each sum."""
    return tensor.reshape(len(tensor) if task.per_image else 1, -1)


def _factor_in_rows(factor: Tensor, input: Tensor, task: AnswersTask) -> Tensor:
    """Lay a factor out as `_in_rows` does the input, in no more memory than it needs."""
    factor = factor.to(sum_type(input))
    if factor.numel() == 1:
        return factor.reshape(1, 1).expand(_in_rows(input, task).shape)
    if factor.ndim == input.ndim and len(factor) > 1:
        return _in_rows(factor.expand_as(input), task)
    of_one_image = factor.expand(1, *input.shape[1:]).reshape(1, -1)
    return of_one_image.expand(len(input), -1)


def _cut(whole: Tensor | None) -> Iterable[Any]:
    """Cut a tensor of rows into blocks: some whole rows, or a part of one; None into Nones."""
    if whole is None:
        return itertools.repeat(None)
    rows = torch.split(whole, max(BLOCK // whole.shape[1], 1))
    return [part for some in rows for part in torch.split(some, BLOCK, 1)]


def _cut_sums(sums: Tensor, columns: int) -> Iterable[Tensor]:
    """Cut the sums, (rows, blocks in a row, 2), as `_cut` cuts rows of that many columns."""
    return [part for some in torch.split(sums, max(BLOCK // columns, 1)) for part in some.unbind(1)]
