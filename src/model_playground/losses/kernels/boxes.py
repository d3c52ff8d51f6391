"""The IoU family: value and gradient of matched pairs, on a CPU in blocks that fit its caches.

A formula's every operation reads and writes all pairs, and its gradient does so again. Here some
thousand pairs at a time are turned into rows (all x1, all y1, …), and value and gradient, which
share most of their arithmetic, are worked out on a few buffers that stay in the caches. What is
kept for backward is the gradient alone.

A pair that is out of the ordinary (a box without width or height, reversed corners, lengths whose
squares leave the type) is given to the formula. On a GPU `triton_boxes` has a pass of its own.
"""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import Function

from model_playground.losses.base import in_float32
from model_playground.losses.kernels.memory import room_like

BLOCK = 2**16
"""Pairs in a block: fewer cost more in calls than they save by a nearer cache."""

SHORTEST, LONGEST = 1e-9, 1e9
"""Sides beyond these are left to the formula, which has a unit for each pair."""

PREDICTED, TRUE, AROUND, SHARED = range(4)
"""The rows of sides and areas: of both boxes, the smallest box around them, what they share."""

_of_thread = threading.local()

Formula = Callable[[Tensor, Tensor], Tensor]


class Block:
    """The buffers for some pairs; in every tensor the pairs are along the last axis.

    The views that the kernels work on are made once: a view costs as much as its arithmetic.
    """

    def __init__(self, pairs: int, dtype: torch.dtype) -> None:
        def room(*rows: int) -> Tensor:
            return torch.empty(*rows, pairs, dtype=dtype)

        self.dtype = dtype
        self.pairs = pairs
        self.corners = room(2, 4).unbind()  # of predicted and true boxes: x1, y1, x2, y2
        self.corners_as_image = [_as_image(corners) for corners in self.corners]
        self.ends = [corners.view(2, 2, -1).unbind() for corners in self.corners]
        self.sides = room(2, 4)
        self.side = self.sides.unbind(1)  # widths and heights of PREDICTED, TRUE, AROUND, SHARED
        self.width, self.height = self.sides[0].unbind(), self.sides[1].unbind()
        self.ordinary_sides = self.sides[:, :SHARED]
        self.areas = room(4)
        self.area = self.areas.unbind()
        self.union = room()
        self.iou = room()
        self.value = room()
        self.apart = room(4)  # predicted minus true corners
        self.apart_ends = self.apart.view(2, 2, -1).unbind()
        self.by_sides = room(2, 4)  # slopes of the value by the sides
        self.by_side = self.by_sides.unbind(1)
        self.by_width, self.by_height = self.by_sides[0].unbind(), self.by_sides[1].unbind()
        self.by_areas = room(4)
        self.by_area = self.by_areas.unbind()
        self.by_union = room()
        self.by_centre = room(2)
        self.overlaps = room(2)  # 1 where the boxes share some of this axis, else 0
        self.spare = room(2, 2).unbind()
        self.spare_rows = [row for two in self.spare for row in two.unbind()]
        self.slope = room(4)  # by the predicted corners
        self.slope_as_image = _as_image(self.slope)
        self.slope_pairs = self.slope.view(2, 2, -1)
        self.slope_ends = self.slope_pairs.unbind()

    def read(self, input: Tensor, target: Tensor) -> None:
        """Take pairs (M, 4), as rows."""
        for image, boxes in zip(self.corners_as_image, (input, target), strict=True):
            image.copy_(_as_image(boxes.t()))

    def set_odd_aside(self) -> Tensor | None:
        """Return where the pairs are that are out of the ordinary, and put others in their place.

        The sides of both boxes and of the one around them are worked out for it.
        """
        self._measure_sides()
        # Read where they are, in the memory of the CPU: there is no device to wait for.
        shortest, longest = torch.stack(self.ordinary_sides.aminmax()).tolist()
        if shortest > SHORTEST and longest < LONGEST:
            return None
        ordinary = (self.ordinary_sides > SHORTEST) & (self.ordinary_sides < LONGEST)
        odd = (~ordinary.all(0).all(0)).nonzero().squeeze(1)  # also where one is no number
        for low, high in self.ends:
            low[:, odd] = 0
            high[:, odd] = 1
        self._measure_sides()
        return odd

    def _measure_sides(self) -> None:
        (low, high), (true_low, true_high) = self.ends
        first, second = self.spare
        torch.sub(high, low, out=self.side[PREDICTED])
        torch.sub(true_high, true_low, out=self.side[TRUE])
        torch.maximum(high, true_high, out=first)
        torch.minimum(low, true_low, out=second)
        torch.sub(first, second, out=self.side[AROUND])

    def measure(self) -> None:
        """Work out the other sides, areas and IoU."""
        (low, high), (true_low, true_high) = self.ends
        first, second = self.spare
        shared = self.side[SHARED]
        torch.minimum(high, true_high, out=first)
        torch.maximum(low, true_low, out=second)
        torch.sub(first, second, out=shared)
        torch.gt(shared, 0, out=self.overlaps)
        shared.clamp_(min=0)
        torch.mul(*self.sides.unbind(), out=self.areas)
        torch.add(self.area[PREDICTED], self.area[TRUE], out=self.union).sub_(self.area[SHARED])
        torch.div(self.area[SHARED], self.union, out=self.iou)
        torch.sub(*self.corners, out=self.apart)

    def clear_slopes(self) -> None:
        """Set the slopes that a kernel may leave as they are to 0."""
        self.by_sides.zero_()
        self.by_areas.zero_()
        self.by_centre.zero_()

    def finish_slope(self) -> None:
        """Carry the slopes by union, areas, sides and centre on to the predicted corners.

        Each side belongs to the lower or the upper corner of one box; where both boxes have the
        same corner, each is given half, as maximum and minimum do.
        """
        even, odd = self.spare
        shared, around = self.by_side[SHARED], self.by_side[AROUND]
        self.by_area[PREDICTED].copy_(self.by_union)
        self.by_area[SHARED].sub_(self.by_union)
        self.by_sides.addcmul_(self.by_areas, self.sides.flip(0))
        shared.mul_(self.overlaps)
        torch.sub(shared, around, out=odd).mul_(0.5)
        torch.add(shared, around, out=even).mul_(0.5).add_(self.by_side[PREDICTED])
        torch.sign(self.apart, out=self.slope)
        lower, upper = self.slope_ends
        self.slope_pairs.mul_(odd)
        lower.add_(even).neg_()
        torch.sub(even, upper, out=upper)
        self.slope_pairs.add_(self.by_centre)


def _as_image(rows: Tensor) -> Tensor:
    """Return four rows as the channels of an image, (1, 4, M, 1).

    PyTorch copies such a one into another order of memory four times faster than a matrix.
    """
    return rows.unsqueeze(0).unsqueeze(3)


@dataclass(frozen=True)
class OverlapKernel(ABC):
    """A loss of the IoU family, as operations on a block."""

    kind: ClassVar[str]  # what the pass on a GPU calls it

    @abstractmethod
    def work(self, block: Block, *, gradient: bool) -> None:
        """Write the values, and if wanted add to the slopes, which are 0 before.

        Those are `by_union`, `by_areas` of SHARED and AROUND, `by_sides` of PREDICTED and AROUND,
        and `by_centre`, which is by either corner as it moves the centre.
        """


@dataclass(frozen=True)
class IoUKernel(OverlapKernel):
    """1 - IoU."""

    kind = "iou"

    def work(self, block: Block, *, gradient: bool) -> None:
        torch.sub(1, block.iou, out=block.value)
        if gradient:
            torch.reciprocal(block.union, out=block.by_area[SHARED]).neg_()
            torch.div(block.iou, block.union, out=block.by_union)


@dataclass(frozen=True)
class GIoUKernel(IoUKernel):
    """1 - IoU + (C - U) / C."""

    kind = "giou"

    def work(self, block: Block, *, gradient: bool) -> None:
        super().work(block, gradient=gradient)
        around, filled = block.area[AROUND], block.spare_rows[0]
        torch.div(block.union, around, out=filled)
        block.value.sub_(filled).add_(1)
        if gradient:
            inverse = torch.reciprocal(around, out=block.spare_rows[1])
            block.by_union.sub_(inverse)
            torch.mul(filled, inverse, out=block.by_area[AROUND])


@dataclass(frozen=True)
class DIoUKernel(IoUKernel):
    """1 - IoU + ρ² / c²."""

    kind = "diou"

    def work(self, block: Block, *, gradient: bool) -> None:
        super().work(block, gradient=gradient)
        shift, squares = block.by_centre, block.spare[0]
        around = block.side[AROUND]
        torch.add(*block.apart_ends, out=shift).mul_(0.5)
        torch.mul(around, around, out=squares)
        first, second, diagonal, _ = block.spare_rows
        torch.add(first, second, out=diagonal)
        torch.mul(shift, shift, out=squares)
        distance = first.add_(second).div_(diagonal)
        block.value.add_(distance)
        if gradient:
            shift.div_(diagonal)  # half of the slope by the centre, for each of the two corners
            distance.div_(diagonal).mul_(-2)
            torch.mul(around, distance, out=block.by_side[AROUND])


@dataclass(frozen=True)
class CIoUKernel(DIoUKernel):
    """1 - IoU + ρ² / c² + α v, α held constant."""

    kind = "ciou"

    def work(self, block: Block, *, gradient: bool) -> None:
        super().work(block, gradient=gradient)
        (width, true_width, *_), (height, true_height, *_) = block.width, block.height
        angle, weight, v, product = block.spare_rows
        # Between the two boxes' angles, with the tangent of a difference: one arctangent, not two.
        torch.mul(true_width, height, out=angle).addcmul_(width, true_height, value=-1)
        torch.mul(true_height, height, out=product).addcmul_(width, true_width)
        angle.div_(product).atan_()
        torch.mul(angle, angle, out=v).mul_(4 / math.pi**2)
        torch.sub(1, block.iou, out=product).add_(v).clamp_(min=torch.finfo(v.dtype).tiny)
        torch.div(v, product, out=weight)
        block.value.addcmul_(weight, v)
        if gradient:
            torch.mul(width, width, out=product).addcmul_(height, height)
            weight.mul_(angle).mul_(8 / math.pi**2).div_(product)
            torch.mul(weight, height, out=block.by_width[PREDICTED]).neg_()
            torch.mul(weight, width, out=block.by_height[PREDICTED])


@dataclass(frozen=True)
class EIoUKernel(DIoUKernel):
    """1 - IoU + ρ² / c² + the squared differences of width and height, as shares of C's."""

    kind = "eiou"

    def work(self, block: Block, *, gradient: bool) -> None:
        super().work(block, gradient=gradient)
        around = block.side[AROUND]
        share, squares = block.spare
        torch.sub(block.side[PREDICTED], block.side[TRUE], out=share).div_(around)
        torch.mul(share, share, out=squares)
        block.value.add_(block.spare_rows[2]).add_(block.spare_rows[3])
        if gradient:
            share.div_(around).mul_(2)
            squares.div_(around)
            block.by_side[PREDICTED].copy_(share)
            block.by_side[AROUND].sub_(squares, alpha=2)


def costs(input: Tensor, target: Tensor, kernel: OverlapKernel, formula: Formula) -> Tensor:
    """Return the loss of every pair, (M,), differentiable by the input.

    Args:
        input: boxes (M, 4); on a GPU in float32 or less.
        target: boxes (M, 4), without gradient.
        kernel: the loss.
        formula: the same loss, for the odd pairs and for a second derivative.
    """
    found: Tensor = _Costs.apply(input, target, kernel, formula)
    return found


class _Costs(Function):
    """The loss of every pair, whose gradient is worked out beside it."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, target: Tensor, kernel: OverlapKernel, formula: Formula
    ) -> Tensor:
        ctx.kernel, ctx.formula = kernel, formula
        if input.is_cuda:
            from model_playground.losses.kernels.triton_boxes import costs_of_pairs

            ctx.save_for_backward(input, target, None)
            return costs_of_pairs(input, target, kernel.kind)
        gradient = ctx.needs_input_grad[0]
        value, slope = _worked_out(input, target, kernel, formula, gradient=gradient)
        if gradient:
            ctx.save_for_backward(input, target, slope)
            ctx.slope_is_unused = True
        return value

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        input, target, slope = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may be asked for
            (found,) = torch.autograd.grad(
                ctx.formula(input, target), input, upstream, create_graph=True
            )
            return found, None, None, None
        if input.is_cuda:
            from model_playground.losses.kernels.triton_boxes import slopes_of_pairs

            return slopes_of_pairs(input, target, ctx.kernel.kind, upstream), None, None, None
        if not ctx.slope_is_unused:
            _, slope = _worked_out(input, target, ctx.kernel, ctx.formula, gradient=True)
        # Multiplied in place and given away: a second pass backward computes it again.
        ctx.slope_is_unused = False
        return slope.data.mul_(upstream.unsqueeze(1)).to(input.dtype), None, None, None


def _worked_out(
    input: Tensor, target: Tensor, kernel: OverlapKernel, formula: Formula, *, gradient: bool
) -> tuple[Tensor, Tensor]:
    """Return the values (M,), and the slopes (M, 4) by the input."""
    input, target = input.detach(), target.detach()
    dtype = in_float32(input[:0]).dtype
    value = torch.empty(len(input), dtype=dtype)
    pairs = in_float32(input if gradient else input[:0])
    slope = room_like(pairs, contiguous=True)

    def work_on(block: Block, input: Tensor, target: Tensor, value: Tensor, slope: Tensor) -> None:
        block.read(input, target)
        odd = block.set_odd_aside()
        block.measure()
        if gradient:
            block.clear_slopes()
        kernel.work(block, gradient=gradient)
        value.copy_(block.value)
        if gradient:
            block.finish_slope()
            _as_image(slope.t()).copy_(block.slope_as_image)
        if odd is not None:
            found = _followed(formula, input[odd], target[odd], gradient=gradient)
            for whole, some in zip((value, slope), found, strict=True):
                if some is not None:
                    whole[odd] = some

    for start in range(0, len(input), BLOCK):
        part = slice(start, start + BLOCK)
        block = _block(len(value[part]), dtype)
        work_on(block, input[part], target[part], value[part], slope[part])
    return value, slope


def _block(pairs: int, dtype: torch.dtype) -> Block:
    """Return this thread's last block if it fits: a training asks for the same again and again."""
    kept: Block | None = getattr(_of_thread, "block", None)
    if kept is None or (kept.pairs, kept.dtype) != (pairs, dtype):
        kept = _of_thread.block = Block(pairs, dtype)
    return kept


def _followed(
    formula: Formula, input: Tensor, target: Tensor, *, gradient: bool
) -> tuple[Tensor, Tensor | None]:
    """Return value and slope of some pairs by the formula."""
    with torch.enable_grad():
        input = in_float32(input).requires_grad_(gradient)
        found = formula(input, target)
        slope = torch.autograd.grad(found.sum(), input)[0] if gradient else None
    return found.detach(), slope
