"""Colours as pixel values: a mask in colours is read as whole numbers, like one of class ids.

A colour is 2²⁴ plus 0xRRGGBB. So no class id is taken for a colour, and what handles ids handles
colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_COLOUR = 1 << 24
"""Class ids are below this, colours are from here on."""

Rgb = tuple[int, int, int]

_HEXADECIMAL = re.compile(r"#([0-9a-fA-F]{6})")
_BRIGHTEST = 255


def colour_value(rgb: Sequence[int]) -> int:
    """Return the pixel value that stands for a colour.

    >>> colour_name(colour_value((255, 128, 0)))
    '#ff8000'
    """
    red, green, blue = rgb
    return FIRST_COLOUR | red << 16 | green << 8 | blue


def rgb_of(value: int) -> Rgb:
    """Return the red, green and blue that a pixel value stands for.

    >>> rgb_of(colour_value((255, 128, 0)))
    (255, 128, 0)
    """
    return value >> 16 & 0xFF, value >> 8 & 0xFF, value & 0xFF


def colour_name(value: int) -> str:
    """Return a colour as #rrggbb."""
    return f"#{value & 0xFFFFFF:06x}"


def are_colours(values: Iterable[int]) -> bool:
    """Say whether pixel values are colours; those of one mask all are or none is."""
    return any(value >= FIRST_COLOUR for value in values)


def read_colour(said: object) -> int | None:
    """Return the colour that is meant by #rrggbb, by "r, g, b" or by three numbers, or None.

    >>> [colour_name(read_colour(one) or 0) for one in ("#010203", "1, 2, 3", ["1", "2", "3"])]
    ['#010203', '#010203', '#010203']
    """
    if isinstance(said, str):
        found = _HEXADECIMAL.fullmatch(said.strip())
        if found:
            return FIRST_COLOUR | int(found.group(1), 16)
        said = said.strip("()[] ").replace(",", " ").split()
    if not isinstance(said, list | tuple) or len(said) != len(("red", "green", "blue")):
        return None
    numbers = [int(one) for one in map(str, said) if one.isascii() and one.isdecimal()]
    if len(numbers) != len(said) or max(numbers) > _BRIGHTEST:
        return None
    return colour_value(numbers)


def packed(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the pixel values (height, width) of an image (height, width, 3)."""
    wide = rgb.astype(np.int32)
    return FIRST_COLOUR | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def pixels_by_value(values: NDArray[Any]) -> dict[int, int]:
    """Count the pixels of each value."""
    if values.dtype == np.uint8:  # much faster than sorting all pixels
        counts = np.bincount(values.ravel())
        return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
