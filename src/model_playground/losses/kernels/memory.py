"""Memory for gradients, in large pages where the system has them.

The first touch of fresh memory costs more than what is written: Linux clears and maps it 4 KiB at
a time. A gradient is fresh memory in every step, so its kernels ask for pages of 2 MiB.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import torch
from torch import Tensor

_LARGE_PAGE = 2**21
_PAGE = 2**12
_WANT_LARGE_PAGES = 14  # MADV_HUGEPAGE of Linux's madvise


def room_like(tensor: Tensor, *, contiguous: bool = False) -> Tensor:
    """Return a tensor like another, with anything in it."""
    order = torch.contiguous_format if contiguous else torch.preserve_format
    room = torch.empty_like(tensor, memory_format=order)
    size = room.untyped_storage().nbytes()
    advise = _advise()
    if advise is not None and size >= 2 * _LARGE_PAGE and room.device.type == "cpu":
        begin = -(-room.data_ptr() // _PAGE) * _PAGE
        # Advice only: where it is refused, the pages stay small.
        advise(begin, (room.data_ptr() + size - begin) // _PAGE * _PAGE, _WANT_LARGE_PAGES)
    return room


@cache
def _advise() -> Any:
    """Return the system's call, None where there is none."""
    if sys.platform != "linux":
        return None
    try:
        call = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return call
