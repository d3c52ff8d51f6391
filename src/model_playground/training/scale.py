"""A scale of its own for each of several numbers, such as those that a regression predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scale:
    """The mean and the deviation of each number."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> Scale:
        """Measure it on rows of numbers; one that never changes keeps its scale.

        >>> Scale.of([(1.0, 7.0), (3.0, 7.0)])
        Scale(mean=(2.0, 7.0), std=(1.0, 1.0))
        """
        values = torch.tensor(rows, dtype=torch.float64)
        std = values.std(0, correction=0)
        std = std.where(std > 0, 1)
        return cls(tuple(values.mean(0).tolist()), tuple(std.tolist()))

    def standardise(self, values: Tensor) -> Tensor:
        """Bring numbers (…, K) to mean 0 and deviation 1, in float32."""
        return ((values.double() - _row(self.mean, values)) / _row(self.std, values)).float()

    def undo(self, standardised: Tensor) -> Tensor:
        """Bring standardised numbers (…, K) back to their unit, in float64."""
        scaled = standardised.double() * _row(self.std, standardised)
        return scaled + _row(self.mean, standardised)


def _row(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64, device=like.device)
