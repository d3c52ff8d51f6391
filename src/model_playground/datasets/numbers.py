"""Numbers as people write them: 1234.5, 1,234.5, 1.234,5 and 1 234,5 are the same."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LIKE_A_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?")
_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_TWO_POINTS = re.compile(r"\.[^\n]*\.")


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written.

    Args:
        decimals: the characters that may stand before the decimals.
        thousands: the character that divides thousands, or nothing. A space always may.
        ambiguous: a cell that could as well mean another number, or nothing.

    Example:
        >>> style = number_style(["1.234,5", "2.000"], decimal_comma=False)
        >>> style.read("1.234,5"), style.read("2.000"), style.read("heavy")
        (1234.5, 2000.0, None)
    """

    decimals: str = "."
    thousands: str = ""
    ambiguous: str = ""

    def read(self, cell: str) -> float | None:
        """Return the number in a cell, or None if it holds none that is finite."""
        text = _SPACES.sub("", cell)
        if self.thousands and self.thousands in text:
            if not self._grouped.fullmatch(text):
                return None
            text = text.replace(self.thousands, "")
        if text.count(",") == 1 and "." not in text and "," in self.decimals:
            text = text.replace(",", ".")
        try:
            value = float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) and "_" not in text else None

    def read_all(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """Return the numbers in many cells, not a number (NaN) where a cell holds none.

        >>> NumberStyle().read_all(["1.5", "", "heavy", "2"]).tolist()
        [1.5, nan, nan, 2.0]
        """
        if not self.thousands and self.decimals == ".":
            try:
                numbers = pa.array([cell or None for cell in cells], pa.string()).cast(pa.float64())
            except (pa.ArrowInvalid, UnicodeEncodeError):
                pass  # some cell is written in a way that only people know, or is no number
            else:
                found = numbers.to_numpy(zero_copy_only=False)
                return np.where(np.isfinite(found), found, np.nan)
        return np.array([math.nan if (one := self.read(cell)) is None else one for cell in cells])

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        decimals, thousands = re.escape(self.decimals), re.escape(self.thousands)
        return re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{thousands}\d{{3}})+(?:[{decimals}]\d+)?")


def number_style(cells: Sequence[str], *, decimal_comma: bool, typed: bool = False) -> NumberStyle:
    """Find out from all cells of a column how its numbers are written.

    Where a cell has both a comma and a point the last of them stands before the decimals; one
    that stands twice divides thousands; else what cannot divide thousands stands before decimals.

    Args:
        cells: of the column; what is no number is passed over.
        decimal_comma: a comma stands before the decimals where the cells leave it open.
        typed: cells of numbers were numbers in the file: a point in them stands before decimals.
    """
    if not decimal_comma and _are_plain(cells):
        return NumberStyle()
    texts = [text for cell in cells if _LIKE_A_NUMBER.fullmatch(text := _SPACES.sub("", cell))]
    commas = [text for text in texts if "," in text]
    points = [text for text in texts if "." in text]
    thousands = {
        min(",.", key=text.rfind)
        for text in commas
        if "." in text and min(text.count(","), text.count(".")) == 1
    } or {mark for mark in ",." if any(text.count(mark) > 1 for text in texts)}
    if len(thousands) == 1:
        mark = thousands.pop()
        return NumberStyle(decimals="." if mark == "," else ",", thousands=mark)
    if thousands:
        return NumberStyle()
    by_thousands = {
        mark: some and all(_THOUSANDS.fullmatch(text) for text in some)
        for mark, some in ((",", commas), (".", points))
    }
    if typed:
        by_thousands["."] = False
    if decimal_comma:
        if by_thousands["."] and commas and not by_thousands[","]:
            return NumberStyle(decimals=",", thousands=".")
        unclear = commas if by_thousands[","] else points if by_thousands["."] else []
        return NumberStyle(decimals=".,", ambiguous=unclear[0] if unclear else "")
    if by_thousands[","]:
        return NumberStyle(thousands=",", ambiguous="" if points else commas[0])
    if commas and not points:
        return NumberStyle(decimals=",")
    return NumberStyle()


def _are_plain(cells: Sequence[str]) -> bool:
    """Say whether no number can have a comma or two points; else a closer look is needed."""
    joined = "\n".join(cells)
    return "," not in joined and _TWO_POINTS.search(joined) is None
