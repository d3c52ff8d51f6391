"""The masks of Label Studio: a stream of bits that holds the pixels' colours as runs.

First come the number of values (32 bits), how long a value is (5), and four lengths of numbers (4
each), all of the lengths less one. Then, until all values are there, runs: one bit says whether it
is one value again and again; two bits choose the length of the number that follows, which says how
many values, less one; then stands the one value, or each of them. The values are red, green, blue
and opacity of each pixel, row by row; what is not transparent is inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CHANNELS = 4
_MOST_PIXELS = 2**26  # more is no image that anybody painted on


def brush_mask(stream: Sequence[int], size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (height, width) that a stream of bytes holds.

    Raises:
        ValueError: it is no such stream, or of another size.
    """
    height, width = size_hw
    if height * width > _MOST_PIXELS:
        raise ValueError(f"the image has {height * width:,} pixels, more than can be painted on")
    if not all(0 <= one <= 255 for one in stream):
        raise ValueError("its run lengths are not all bytes")
    bits = _Bits(bytes(stream))
    wanted = bits.take(32)
    if wanted != height * width * _CHANNELS:
        raise ValueError(f"its run lengths hold {wanted:,} values for {width}×{height} pixels")
    value_bits = bits.take(5) + 1
    count_bits = [bits.take(4) + 1 for _ in range(4)]
    values = np.zeros(wanted, dtype=np.uint32)
    filled = 0
    while filled < wanted:
        is_run = bits.take(1)
        count = bits.take(count_bits[bits.take(2)]) + 1
        if filled + count > wanted:
            raise ValueError("its run lengths hold more values than the image has")
        if is_run:
            values[filled : filled + count] = bits.take(value_bits)
        else:
            values[filled : filled + count] = bits.take_many(value_bits, count)
        filled += count
    return values.reshape(height, width, _CHANNELS)[:, :, 3] > 0


class _Bits:
    """Takes numbers out of a stream of bits, the highest bit of each first."""

    def __init__(self, content: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8))
        self._at = 0

    def take(self, length: int) -> int:
        """Return the next number.

        Raises:
            ValueError: the stream ends before it.
        """
        return int(self.take_many(length, 1)[0])

    def take_many(self, length: int, count: int) -> NDArray[np.int64]:
        """Return the next numbers, all of one length."""
        end = self._at + length * count
        if end > len(self._bits):
            raise ValueError("its run lengths end too soon")
        found = self._bits[self._at : end].reshape(count, length).astype(np.int64)
        self._at = end
        return found @ (1 << np.arange(length - 1, -1, -1, dtype=np.int64))
