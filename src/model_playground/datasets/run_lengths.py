"""Masks of objects as run lengths, in the form that COCO compresses them to.

The pixels are taken column after column; the counts say how many are outside, inside, outside, …
From the fourth on a count is written as its difference to the one two before, in groups of five
bits, the lowest first, each as one character from "0" on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_CHARACTER = 48  # "0"
_MORE = 0x20  # further groups of five bits follow
_SIGN = 0x10
_MOST_BITS = 60


def compressed(counts: Sequence[int]) -> str:
    """Compress counts to text.

    >>> compressed([2, 3, 4, 5])
    '2342'
    """
    characters = bytearray()
    for place, count in enumerate(counts):
        number = int(count) - (int(counts[place - 2]) if place > 2 else 0)
        while True:
            group = number & 0x1F
            number >>= 5
            done = number == (-1 if group & _SIGN else 0)
            characters.append(_FIRST_CHARACTER + (group if done else group | _MORE))
            if done:
                break
    return characters.decode("ascii")


def counts_of(text: str) -> list[int]:
    """Return the counts that a compressed text holds.

    >>> counts_of("2342")
    [2, 3, 4, 5]

    Raises:
        ValueError: it is no such text, or a count is negative.
    """
    counts: list[int] = []
    number, bits = 0, 0
    for character in text:
        group = ord(character) - _FIRST_CHARACTER
        if not 0 <= group < 2 * _MORE or bits > _MOST_BITS:
            raise ValueError(f"the character {character!r} stands in no run lengths")
        number |= (group & 0x1F) << bits
        bits += 5
        if group & _MORE:
            continue
        if group & _SIGN:
            number -= 1 << bits
        count = number + (counts[-2] if len(counts) > 2 else 0)
        if count < 0:
            raise ValueError("a run length is negative")
        counts.append(count)
        number, bits = 0, 0
    if bits:
        raise ValueError("the run lengths end within a number")
    return counts


def of_mask(mask: NDArray[Any]) -> str:
    """Return the run lengths of a mask (height, width): what is not 0 is inside.

    >>> counts_of(of_mask(np.array([[0, 1], [0, 1]])))
    [2, 2]
    """
    inside = np.asarray(mask, dtype=bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(inside, prepend=False))
    return compressed(np.diff(changes, prepend=0, append=len(inside)).tolist())


def of_part(mask: NDArray[Any], left: int, top: int, size_hw: tuple[int, int]) -> str:
    """Return the run lengths of a mask that covers a part of an image, which need not be in memory.

    >>> counts_of(of_part(np.array([[1, 0], [1, 1]]), left=1, top=1, size_hw=(3, 3)))
    [4, 2, 2, 1]

    Raises:
        ValueError: the part reaches beyond the image.
    """
    height, width = size_hw
    rows, columns = mask.shape
    if left < 0 or top < 0 or left + columns > width or top + rows > height:
        raise ValueError(f"its mask reaches beyond the {width}×{height} pixels of the image")
    across, down = np.nonzero(np.asarray(mask, dtype=bool).T)
    places = (across.astype(np.int64) + left) * height + (down + top)
    is_first = np.diff(places, prepend=-2) > 1
    is_last = np.diff(places, append=height * width + 1) > 1
    return of_runs(places[is_first], places[is_last] + 1, size_hw)


def of_runs(begins: NDArray[np.int64], ends: NDArray[np.int64], size_hw: tuple[int, int]) -> str:
    """Return the run lengths of runs of pixels, which are counted from 0 down the columns.

    Each begins where the one before ends, or later; the last ends within the mask.

    >>> counts_of(of_runs(np.array([4, 5]), np.array([5, 6]), (3, 3)))
    [4, 2, 3]
    """
    are_apart = begins[1:] > ends[:-1]
    first, last = np.append(True, are_apart), np.append(are_apart, True)
    edges = np.stack([begins[first[: len(begins)]], ends[last[: len(ends)]]], axis=1).ravel()
    counts = np.diff(edges, prepend=0, append=size_hw[0] * size_hw[1]).tolist()
    return compressed(counts if counts[-1] else counts[:-1])


def box_of_runs(
    begins: NDArray[np.int64], ends: NDArray[np.int64], height: int
) -> tuple[float, float, float, float]:
    """Return the box xyxy around runs of pixels down the columns, of which there is at least one.

    >>> box_of_runs(np.array([3, 6]), np.array([5, 7]), 3)
    (1.0, 0.0, 3.0, 2.0)
    """
    lasts = ends - 1
    left, right = float(begins[0] // height), float(lasts[-1] // height + 1)
    if (begins // height != lasts // height).any():  # from the foot of a column to the next's head
        return left, 0.0, right, float(height)
    return left, float((begins % height).min()), right, float((lasts % height).max() + 1)


def decoded(text: str, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask (height, width) that run lengths stand for.

    Raises:
        ValueError: they do not fill the mask exactly.
    """
    counts = counts_of(text)
    height, width = size_hw
    if sum(counts) != height * width:
        raise ValueError(f"the run lengths cover {sum(counts)} of {height * width} pixels")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return inside.reshape((width, height)).T


def resized(text: str, size_hw: tuple[int, int], wanted_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask that run lengths stand for in another size: of each pixel what is at its
    centre.

    However large a mask they fill, no more room is taken than for the one that is wanted.

    >>> resized("2342", (2, 7), (1, 3)).tolist()
    [[True, False, True]]

    Raises:
        ValueError: they do not fill the mask exactly.
    """
    if size_hw == wanted_hw:
        return decoded(text, size_hw)
    counts, pixels = counts_of(text), size_hw[0] * size_hw[1]
    if sum(counts) != pixels:
        raise ValueError(f"the run lengths cover {sum(counts)} of {pixels} pixels")
    if not pixels:
        return np.zeros(wanted_hw, dtype=bool)
    ends = np.cumsum(counts, dtype=np.int64)
    rows, columns = (
        (2 * np.arange(wanted) + 1) * size // (2 * wanted)
        for wanted, size in zip(wanted_hw, size_hw, strict=True)
    )
    places = columns * size_hw[0] + rows[:, None]
    inside: NDArray[np.bool_] = np.searchsorted(ends, places, side="right") % 2 == 1
    return inside


def box_of(text: str, size_hw: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the box xyxy around the pixels that are inside; of none it is empty.

    >>> box_of(of_mask(np.array([[0, 0, 0], [0, 1, 1]])), (2, 3))
    (1.0, 1.0, 3.0, 2.0)

    Raises:
        ValueError: the run lengths do not fill the mask exactly.
    """
    mask = decoded(text, size_hw)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
