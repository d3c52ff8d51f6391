"""Inputs and targets for any loss, drawn from what it declares that it reads.

They are what its certificate and the tests are made with, so a loss is tested by existing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_playground.core.contracts import BoxView, Layout, TargetForm
from model_playground.losses.base import Loss

CLASSES = 3


def sample(
    loss: type[Loss],
    *,
    images: int = 4,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    size_hw: tuple[int, int] = (4, 5),
    classes: int = CLASSES,
) -> tuple[Tensor, Tensor]:
    """Draw an input and a target that the loss accepts, with `images` along the first axis.

    Of several readings and layouts the first is drawn for, pixels only where there are no items.

    Args:
        loss: the loss.
        images: how many items, images, masks or pairs of boxes.
        seed: the same seed gives the same numbers.
        dtype: of the input, and of a target that is no class index.
        size_hw: height and width of an image or a mask.
        classes: how many classes, answers or values a prediction has.
    """
    draw = torch.Generator().manual_seed(seed)
    reading = loss.reads[0]

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=draw, dtype=torch.float64).to(dtype)

    if Layout.BOX in loss.layouts:
        if reading.view is BoxView.ENCODED:
            return normal(images, 4), normal(images, 4)
        input, target = (boxes(images, draw) for _ in range(2))
        if reading.view is BoxView.CXCYWH:
            input, target = _centred(input), _centred(target)
        return input.to(dtype), target.to(dtype)
    size = _size(loss, images, classes, size_hw)
    if reading.form is TargetForm.CLASS_INDEX:
        without_classes = (size[0], *size[2:])
        return normal(*size), torch.randint(classes, without_classes, generator=draw)
    input = normal(*size)
    if reading.form is TargetForm.MULTI_HOT:
        return input, torch.randint(2, size, generator=draw).to(dtype)
    if reading.form is TargetForm.QUALITY_SCORE:
        return input, torch.rand(size, generator=draw, dtype=torch.float64).to(dtype)
    drawn = normal(*size)
    if reading.form is TargetForm.AMOUNT:
        return input, drawn.abs()
    return input, drawn.softmax(1) if reading.form is TargetForm.SOFT_DISTRIBUTION else drawn


def _size(loss: type[Loss], images: int, classes: int, size_hw: tuple[int, int]) -> tuple[int, ...]:
    if Layout.ITEM in loss.layouts:
        return images, classes
    if Layout.PIXEL in loss.layouts:
        return images, classes, *size_hw
    return images, *size_hw  # masks have no axis of classes


def boxes(count: int, draw: torch.Generator) -> Tensor:
    """Draw boxes that are not square, mostly overlapping, as x1, y1, x2, y2."""
    corner = torch.rand(count, 2, generator=draw, dtype=torch.float64) * 4
    size = torch.rand(count, 2, generator=draw, dtype=torch.float64) * torch.tensor([6.0, 3.0]) + 1
    return torch.cat([corner, corner + size], 1)


def _centred(corners: Tensor) -> Tensor:
    """Turn corners in an image of 12 × 8 into centre and size, normalised by the image."""
    image = torch.tensor([12.0, 8.0], dtype=corners.dtype)
    lower, upper = corners[:, :2] / image, corners[:, 2:] / image
    return torch.cat([(lower + upper) / 2, upper - lower], 1)
