"""Numbers as people write them: 1234.5, 1,234.5, 1.234,5 and 1 234,5 are the same."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_LIKE_A_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?")
_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")


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

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        decimals, thousands = re.escape(self.decimals), re.escape(self.thousands)
        return re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{thousands}\d{{3}})+(?:[{decimals}]\d+)?")


def number_style(cells: Iterable[str], *, decimal_comma: bool, typed: bool = False) -> NumberStyle:
    """Find out from all cells of a column how its numbers are written.

    Where a cell has both a comma and a point the last of them stands before the decimals; one
    that stands twice divides thousands; else what cannot divide thousands stands before decimals.

    Args:
        cells: of the column; what is no number is passed over.
        decimal_comma: a comma stands before the decimals where the cells leave it open.
        typed: cells of numbers were numbers in the file: a point in them stands before decimals.
    """
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
