"""What the losses and their kernels share: the type of sums, and indices with ignored ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG2_E = math.log2(math.e)
"""e^x = 2^(x · LOG2_E): the exponential of two takes a quarter of the time of e's."""


def sum_type(tensor: Tensor) -> torch.dtype:
    """Return the type that sums are made in: float32 at least, float64 where it is given."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def in_float32(tensor: Tensor) -> Tensor:
    """Return a tensor in float32, the least that sums are made in; float64 stays as it is."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide, and give 0 with a valid gradient where there is nothing to divide by."""
    return numerator / denominator.masked_fill(denominator == 0, torch.inf)


def index_and_kept(target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return class indices in which ignored ones are 0, and which ones are not ignored."""
    index = target.long()
    kept = index != ignore_index
    return index.where(kept, 0), kept


def answers_and_kept(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Return the answers as numbers, ignored ones as 0, and which ones are not ignored."""
    kept = target != ignore_index if target.dtype != torch.bool else torch.ones_like(target)
    return target.to(input.dtype).where(kept, 0), kept
