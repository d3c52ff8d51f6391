"""Where a run computes, with which precision, and how the same run gives the same result."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from lightning_fabric import Fabric

from model_playground.core.errors import InvalidError
from model_playground.core.specification import Training

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
_PRECISIONS: dict[str, Precision] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}

_DETERMINISTIC, _FILL = torch.utils.deterministic, "fill_uninitialized_memory"


def make_fabric(training: Training) -> Fabric:
    """Return what hides the device and the precision from the loop.

    Raises:
        InvalidError: this machine has no such device, or it cannot compute so.
    """
    has_cuda = torch.cuda.is_available()
    device = training.device
    if device == "auto":
        device = "cuda" if has_cuda else "cpu"
    if device == "cuda" and not has_cuda:
        raise InvalidError(
            "device.no_cuda",
            "device cuda is refused: PyTorch finds no CUDA device here; use auto or cpu",
        )
    if device == "cpu" and training.precision == "16":
        raise InvalidError(
            "device.precision",
            "precision 16 is refused on the CPU: use 32, or bf16 with half the memory",
        )
    return Fabric(accelerator=device, devices=1, precision=_PRECISIONS[training.precision])


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """Compute so that the same seed gives the same result; all as before at the end.

    An operation that has no such form on a GPU is used all the same.
    """
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fills_memory = getattr(_DETERMINISTIC, _FILL)
    # Read by cuBLAS when CUDA starts; without it, its sums may differ from run to run.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        setattr(_DETERMINISTIC, _FILL, False)  # it costs time and changes nothing
        gpus = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not have a deterministic implementation")
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        setattr(_DETERMINISTIC, _FILL, fills_memory)
