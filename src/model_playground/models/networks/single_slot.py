"""A network for a task with one slot: any module from images to one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model_playground.models.architecture import Output


class SingleSlotNetwork(nn.Module):
    """Normalise images, run a network on them and hand its output to the one slot.

    Args:
        network: what does the work.
        slot: the name of the slot.
        mean: of each colour, for normalising.
        std: of each colour, for normalising.
        stride: sizes have to be multiples of it; images are padded, dense outputs cropped.
    """

    def __init__(
        self,
        network: nn.Module,
        slot: str,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.network = network
        self.slot = slot
        self.stride = stride
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor

    def forward(self, images: Tensor, targets: Any = None) -> Output:
        """Return the raw output for images (N, 3, H, W), RGB between 0 and 1."""
        normalised = (images - self.mean) / self.std
        height, width = images.shape[-2:]
        padding = (0, -width % self.stride, 0, -height % self.stride)
        if not any(padding):
            return Output({self.slot: self.network(normalised)})
        raw = self.network(functional.pad(normalised, padding))
        return Output({self.slot: raw[..., :height, :width]})
