"""Write Markdown pages that follow from what the program declares."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one after it."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def write_or_check(path: Path, text: str, arguments: Sequence[str]) -> int:
    """Write a page, or with --check say whether it is current; return the exit code."""
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{path.name} is not current: run make docs", file=sys.stderr)
    return 1
