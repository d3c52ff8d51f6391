"""What the losses of the IoU family measure on a pair of boxes, as corners x1, y1, x2, y2."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from model_playground.losses.base import ratio


class Geometry(NamedTuple):
    """Overlap, sizes and places of M pairs, in a unit of each pair's own.

    Only what does not depend on the unit, or is brought back by `unit`, is the pair's.
    """

    iou: Tensor  # shared area over joint area, (M,); 0 for a pair without any area
    union: Tensor  # joint area, (M,)
    predicted: Tensor  # width and height of the predicted box, (M, 2)
    true: Tensor  # those of the true box
    around: Tensor  # those of the smallest box around both
    shift: Tensor  # from the centre of the true box to that of the predicted one, (M, 2)
    unit: Tensor  # how many of these lengths are one of the boxes' own, (M,)

    @property
    def distance(self) -> Tensor:
        """The squared distance of the centres as a share of the squared diagonal around, (M,)."""
        return ratio(self.shift.square().sum(1), self.around.square().sum(1))


def geometry(input: Tensor, target: Tensor) -> Geometry:
    """Measure pairs of boxes (M, 4).

    Width and height of a box whose corners are reversed are 0; the box around contains all four
    corners whatever their order, so that even such a box is told where to go.
    """
    unit = _own_unit(input, target)
    input, target = input * unit, target * unit
    upper_left, lower_right = input[:, :2], input[:, 2:]
    true_upper_left, true_lower_right = target[:, :2], target[:, 2:]
    predicted = (lower_right - upper_left).relu()
    true = (true_lower_right - true_upper_left).relu()
    shared = area(
        torch.minimum(lower_right, true_lower_right) - torch.maximum(upper_left, true_upper_left)
    )
    union = area(predicted) + area(true) - shared
    farthest = torch.maximum(
        torch.maximum(upper_left, lower_right), torch.maximum(true_upper_left, true_lower_right)
    )
    nearest = torch.minimum(
        torch.minimum(upper_left, lower_right), torch.minimum(true_upper_left, true_lower_right)
    )
    shift = (upper_left + lower_right - true_upper_left - true_lower_right) / 2
    return Geometry(
        ratio(shared, union),
        union,
        predicted,
        true,
        farthest - nearest,
        shift,
        unit.squeeze(1),
    )


def area(size: Tensor) -> Tensor:
    """Return width times height, (M,): 0 where one of them is negative."""
    # Its slope at 0 is 0 in every version of PyTorch; that of clamp has changed.
    width, height = size.relu().unbind(1)
    return width * height


def _own_unit(input: Tensor, target: Tensor) -> Tensor:
    """Return the power of two that makes each pair's extent about 1, (M, 1).

    Squares of very large and of very small lengths leave float32; those of such lengths do not,
    and multiplying by a power of two loses nothing.
    """
    corners = torch.stack([input, target], 1).detach().reshape(-1, 4, 2)
    extent = (corners.amax(1) - corners.amin(1)).amax(1, keepdim=True)
    exponent = torch.frexp(extent).exponent.clamp(-126, 126)  # 2^127 would be its end
    return torch.ldexp(torch.ones_like(extent), -exponent)
