"""Losses of yes-or-no answers in one pass: value and gradient in blocks that fit the caches.

An operation of a formula reads and writes whole tensors, which takes far longer than its
arithmetic. Here all operations on a block follow each other in a few buffers that stay in the
cache. The gradient is computed beside the value, with which it shares most of the work, and is
all that is kept for backward.

Nearly all answers are a plain yes or no. A kernel may have a shorter way for a block of those, in
which score and truth become one number: how far the score is on the right side.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from model_playground.losses.arithmetic import sum_type
from model_playground.losses.kernels.memory import room_like

BLOCK = 2**18
"""Answers in a block: smaller ones cost more in calls than they save by a nearer cache."""

PLAIN_FROM = 2**9
"""Answers in a block from which it is worth a look whether all are plain."""

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


class PlainBlock(NamedTuple):
    """Some answers each of which is yes or no, or ignored. A kernel may overwrite `spare` alone."""

    yes: Tensor  # 1 for yes, 0 for no
    right: Tensor  # the score on the side of the truth: z for yes, -z for no
    kept: Tensor | None  # 0 where an answer is ignored, else 1; None if none is
    spare: Sequence[Tensor]
    slopes: Tensor | None
    factors: Sequence[Tensor]


class AnswersKernel(Protocol):
    """A loss of yes-or-no answers, written as operations on one block."""

    @property
    def buffers(self) -> int:
        """How many spare buffers it needs."""

    @property
    def has_plain_values(self) -> bool:
        """Whether there is a shorter way for plain answers."""

    def values(self, block: Block) -> Tensor:
        """Return the value of every answer, 0 where it is ignored, in one of the buffers."""

    def plain_values(self, block: PlainBlock) -> Tensor:
        """Return the same for plain answers."""


Launch = Callable[..., tuple[Tensor, Tensor]]
"""What gives the sums of every row on a GPU, as `triton_answers.focal_sums` does."""


class AnswersTask(NamedTuple):
    """What is to be summed, apart from the tensors."""

    kernel: AnswersKernel
    formula: Formula  # the values of all answers, differentiable any number of times
    ignore_index: int
    per_image: bool  # whether to sum over each image, or over all of them
    launch: Launch | None = None


def sums_of_answers(
    task: AnswersTask, input: Tensor, target: Tensor, *factors: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the sum of the values and the number of answers that are not ignored.

    They are of each image, (N,), or single numbers.

    Args:
        task: what is to be summed.
        input: scores, (N, …); the sums are differentiable in them any number of times.
        target: answers of the same shape, which have no gradient.
        factors: what the kernel multiplies with, of shapes that broadcast to the input's.
    """
    if not task.per_image and any(factor.numel() > 1 for factor in factors):
        # Most factors are the same for every image: so they are written out for one image only.
        of_images = sums_of_answers(task._replace(per_image=True), input, target, *factors)
        return of_images[0].sum(), of_images[1].sum()
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
        slopes = room_like(input, contiguous=True) if input.dtype == sum_type(input) else None
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
            upstream = above[0].reshape(value.shape)
            (slopes,) = torch.autograd.grad(value, input, upstream, create_graph=True)
        elif ctx.slopes_are_unused:
            # Multiplied in place and given away: a second pass backward computes them again.
            ctx.slopes_are_unused = False
            slopes = slopes.data
            _in_rows(slopes, task).mul_(above[0].reshape(-1, 1))
        else:
            slopes = room_like(input, contiguous=True)
            _sums(task, input, target, factors, slopes, above[0])
        return None, slopes, None, *[None for _ in factors]


def _sums(
    task: AnswersTask,
    input: Tensor,
    target: Tensor,
    factors: Sequence[Tensor],
    slopes: Tensor | None = None,
    above: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the two sums; write the derivatives into `slopes`, multiplied by `above` if given."""
    scores, answers = _in_rows(input, task), _in_rows(target, task)
    written = None if slopes is None else _in_rows(slopes, task)
    if task.launch is not None and scores.is_cuda:
        upper = None if above is None else above.reshape(-1)
        given = (scores, answers, task.ignore_index)
        value, number = task.launch(*given, written=written, above=upper)
        return (value, number) if task.per_image else (value[0], number[0])
    dtype = sum_type(input)
    rows, columns = scores.shape
    upper = None if above is None else above.reshape(-1, 1).expand(rows, columns)
    weights = [_factor_in_rows(factor, input, task) for factor in factors]
    sums = scores.new_empty((rows, -(-columns // BLOCK), 2), dtype=dtype)
    if scores.numel() <= BLOCK:
        places = [_Place(sums[:, 0], scores, answers, written, upper, weights)]
    else:
        cut = zip(
            _cut_sums(sums, columns),
            *(_cut(whole) for whole in (scores, answers, written, upper, *weights)),
            strict=False,  # what is None has no end
        )
        places = [_Place(total, z, y, slope, up, some) for total, z, y, slope, up, *some in cut]

    buffers = 4 + task.kernel.buffers
    room = scores.new_empty((buffers, min(BLOCK, scores.numel())), dtype=dtype)
    for place in places:
        _work_off(task, place, room)
    value, number = (sums.sum(1) if task.per_image else sums.sum((0, 1))).unbind(-1)
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
    written, *spare = buffers
    same_type = place.slopes is None or place.slopes.dtype == written.dtype
    slopes = place.slopes if same_type else written
    may_be_plain = task.kernel.has_plain_values and place.scores.numel() >= PLAIN_FROM
    if not (may_be_plain and _work_off_plain(task, place, slopes, spare)):
        block = _block(task, place, slopes, spare)
        torch.sum(block.kept, 1, out=place.sums[:, 1])
        torch.sum(task.kernel.values(block), 1, out=place.sums[:, 0])
    if slopes is not None and place.slopes is not None:
        if place.above is not None:
            slopes.mul_(place.above)
        if slopes is not place.slopes:
            place.slopes.copy_(slopes)


def _block(
    task: AnswersTask, place: _Place, slopes: Tensor | None, buffers: Sequence[Tensor]
) -> Block:
    scores, answers, kept, *spare = buffers
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
    return Block(scores, answers, kept, spare, slopes, place.factors)


def _work_off_plain(
    task: AnswersTask, place: _Place, slopes: Tensor | None, buffers: Sequence[Tensor]
) -> bool:
    """Work a block off the shorter way; say whether it could be gone to its end."""
    yes, right, *spare = buffers
    kept = None
    if place.answers.dtype == yes.dtype:
        yes = place.answers
    else:
        yes.copy_(place.answers)
    may_be_ignored = task.ignore_index in (0, 1) or not _are_plain(yes, right)
    if place.answers.dtype != torch.bool and may_be_ignored:
        kept = spare.pop()
        torch.ne(place.answers, task.ignore_index, out=kept)
        yes = torch.mul(yes, kept, out=buffers[0])
        if not _are_plain(yes, right):
            return False
    torch.add(yes.new_tensor(-1), yes, alpha=2, out=right).mul_(place.scores)
    block = PlainBlock(yes, right, kept, spare, slopes, place.factors)
    number, value = place.sums[:, 1], place.sums[:, 0]
    if kept is None:
        number.fill_(yes.shape[1])
    else:
        torch.sum(kept, 1, out=number)
    torch.sum(task.kernel.plain_values(block), 1, out=value)
    # Read where it is, in the memory of the CPU: there is no device to wait for.
    return math.isfinite(value.sum().item())


def _are_plain(answers: Tensor, spare: Tensor) -> bool:
    """Say whether every answer is 0 or 1: then y - y² is 0 for all, and so is its length."""
    torch.addcmul(answers, answers, answers, value=-1, out=spare)
    return bool(torch.linalg.vector_norm(spare).item() == 0)


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
