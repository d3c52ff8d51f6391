"""The fast paths of the losses: the same values as the formulas, in less time and memory.

A loss asks `apply_to(input)` and then its kernel. Under `torch.compile` the formula is better, for
the compiler fuses it; under functorch's transforms (`vmap`, `jvp`) and where tangents are carried
forwards (`torch.autograd.forward_ad`) only the formula will do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor
from torch.autograd import forward_ad

_enabled = True


def apply_to(input: Tensor) -> bool:
    """Say whether fast paths are wanted for this input."""
    return (
        _enabled
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
        and (input.device.type == "cpu" or (input.is_cuda and _triton_is_installed()))
    )


@cache
def _triton_is_installed() -> bool:
    return find_spec("triton") is not None


@contextmanager
def formulas_only() -> Iterator[None]:
    """Switch all fast paths off for a while: to compare them with the formulas.

    >>> with formulas_only():
    ...     apply_to(torch.zeros(1))
    False
    >>> apply_to(torch.zeros(1))
    True
    """
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before
