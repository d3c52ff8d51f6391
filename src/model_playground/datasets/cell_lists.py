"""Lists in the cells of a table: "a, b", "a|b", ['a', 'b'] or JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from typing import Any

SEPARATORS = ("|", ";", ",", "\n")
_LONGEST_LITERAL = 1_000_000


def written_list(cell: str) -> list[str] | None:
    """Return what a cell lists that is written as JSON or as Python writes a list.

    >>> written_list("['a', 'b, c']"), written_list('["a"]'), written_list("[]"), written_list("a")
    (['a', 'b, c'], ['a'], [], None)
    """
    if not (cell.startswith("[") and cell.endswith("]")) or len(cell) > _LONGEST_LITERAL:
        return None
    listed = _parsed(cell)
    if not isinstance(listed, list | tuple):
        return None
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in listed):
        return None
    return [str(one).strip() for one in listed if str(one).strip()]


def separator_of(cells: Iterable[str]) -> str | None:
    """Return by what the cells of a column are divided into several, or None if none is.

    What stands first in SEPARATORS wins: a name may well hold a comma, hardly a bar.
    """
    cells = list(cells)
    return next((one for one in SEPARATORS if any(one in cell for cell in cells)), None)


def are_words(cells: Iterable[str]) -> bool:
    """Say whether cells are lists divided by spaces: fewer words than ways to put them together.

    >>> are_words(["sea sky", "sky", "sea", "rock sea", "rock sky", "rock"])
    True
    >>> are_words(["ice cream", "hot dog", "ice cream"])
    False
    """
    ways = set(cells)
    return len({word for cell in ways for word in cell.split()}) < len(ways)


def pieces(cell: str, separator: str | None) -> list[str]:
    """Return the list in a cell, each thing once.

    >>> pieces("sky, sea,, sky", ","), pieces('["a"]', ","), pieces("", ",")
    (['sky', 'sea'], ['a'], [])
    """
    listed = written_list(cell)
    if listed is None:
        listed = [one.strip() for one in cell.split(separator)] if separator else [cell]
    return list(dict.fromkeys(one for one in listed if one))


def _parsed(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
