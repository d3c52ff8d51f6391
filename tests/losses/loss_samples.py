"""Inputs and targets for any registered loss, derived from what it declares it reads."""

from __future__ import annotations

import torch
from torch import Tensor

from model_playground.core.contracts import Layout, TargetForm
from model_playground.losses.base import LOSSES, Loss

ALL = list(LOSSES)
CLASSES = 3


def sample(
    loss: type[Loss],
    *,
    images: int = 4,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    size_hw: tuple[int, int] = (4, 5),
) -> tuple[Tensor, Tensor]:
    """Draw an input and a target that the loss accepts, with `images` along the first axis."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=draw, dtype=torch.float64).to(dtype)

    if Layout.BOX in loss.layouts:
        return boxes(images, draw).to(dtype), boxes(images, draw).to(dtype)
    extent = () if Layout.ITEM in loss.layouts else size_hw
    form = loss.reads[0].form
    if form is TargetForm.CLASS_INDEX:
        target = torch.randint(CLASSES, (images, *extent), generator=draw)
        return normal(images, CLASSES, *extent), target
    if form is TargetForm.MULTI_HOT:
        size = (images, CLASSES, *extent)
        return normal(*size), torch.randint(2, size, generator=draw).to(dtype)
    assert form is TargetForm.VALUE
    return normal(images, CLASSES, *extent), normal(images, CLASSES, *extent)


def boxes(count: int, draw: torch.Generator) -> Tensor:
    """Draw boxes that are not square, mostly overlapping, as x1, y1, x2, y2."""
    corner = torch.rand(count, 2, generator=draw, dtype=torch.float64) * 4
    size = torch.rand(count, 2, generator=draw, dtype=torch.float64) * torch.tensor([6.0, 3.0]) + 1
    return torch.cat([corner, corner + size], 1)
