"""Triton where it is installed, and a stand-in where it is not, so that kernels can be imported.

PyTorch brings Triton along for CUDA on Linux only. Who launches a kernel asks `INSTALLED` first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

FUSED = {"enable_fp_fusion": True}
"""Lets a product and a sum be one instruction; said at each launch, for the default is changing."""


class Kernel(Protocol):
    """A function in Triton's language: launched over a grid, or called by another kernel."""

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]: ...

    def __call__(self, *arguments: Any) -> Any: ...


if TYPE_CHECKING:
    INSTALLED: bool
    constexpr = Any  # a number or a word, fixed when a kernel is compiled
    Pointer = Any  # an array, as a kernel sees it
    Number = Any  # not `int`, by which Triton means 32 bits, without a look at the value
    tl: Any

    def jit(function: Callable[..., Any]) -> Kernel:
        """Mark a function as written in Triton's language; it is compiled when first launched."""
        ...
else:
    try:
        import triton.language as tl
        from triton import jit
        from triton.language import constexpr
        from triton.language import pointer_type as Pointer
        from triton.language import tensor as Number

        INSTALLED = True
    except ImportError:
        INSTALLED = False
        tl, constexpr, Pointer, Number = None, int, object, object

        def jit(function):
            """Leave a function that cannot be compiled here as it is."""
            return function


def power_of_2(least: int) -> int:
    """Return the smallest power of 2 that is at least so large: tiles have such sides.

    >>> [power_of_2(size) for size in (1, 2, 19)]
    [1, 2, 32]
    """
    return 1 << max(least - 1, 0).bit_length()


TILE = 2048
"""Numbers that a program looks at together: 16 registers of each of 128 threads."""
WIDEST = 512
"""Units side by side: each thread has some classes of its own, and adds them up by itself."""


def tile(classes: int, units: int) -> tuple[int, int]:
    """Return how many classes and how many units a program looks at together.

    >>> tile(19, 65536), tile(3, 100), tile(1000, 1)
    ((4, 512), (4, 128), (1024, 1))
    """
    block = min(WIDEST, power_of_2(units))
    return min(power_of_2(classes), TILE // block), block


@jit
def labels(
    place: Number, inside: Number, classes: Number, ignore_index: Number
) -> tuple[Number, Number]:
    """Return the class indices that stand there, and which of them count."""
    y = tl.load(place, mask=inside, other=0).to(tl.int64)
    return y, inside & (y != ignore_index) & (y >= 0) & (y < classes)


@jit
def log1p(x: Number) -> Number:
    """Return log(1 + x) with the digits of a small x: the error of 1 + x is divided out again."""
    once = 1.0 + x
    return tl.where(once == 1.0, x, tl.log(once) * (x / (once - 1.0)))
