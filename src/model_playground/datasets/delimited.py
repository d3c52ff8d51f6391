"""Tables in text files: whatever delimiter, line ends and byte order mark they were saved with."""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.datasets.file_names import is_image

_DELIMITERS = ("\t", ";", ",")
_SNIFFED_LINES = 20


class Row(NamedTuple):
    """A row: the line of the file that it ends on, and its cells, as many as there are columns."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class DelimitedTable:
    """A table read from a file. Columns without a name are called "column 1" and so on."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    rows: list[Row]

    def index(self, column: str) -> int:
        """Return the place of a column, or raise which columns there are."""
        if column not in self.columns:
            raise unknown_name("column", column, self.columns)
        return self.columns.index(column)

    def cells(self, column: str) -> list[str]:
        """Return a column's cells."""
        place = self.index(column)
        return [row.cells[place] for row in self.rows]

    def number(self, cell: str) -> float | None:
        """Return the number in a cell, or None if it holds none that is finite.

        Where the cells are not divided by commas a comma may stand before the decimals.
        """
        if self.delimiter != "," and "." not in cell:
            cell = cell.replace(",", ".")
        try:
            value = float(cell)
        except ValueError:
            return None
        return value if math.isfinite(value) and "_" not in cell else None


def is_datum(cell: str) -> bool:
    """Say whether a cell of the first line shows that the line is no header."""
    return is_image(cell) or cell.replace(",", ".").lstrip("+-").replace(".", "", 1).isdecimal()


def read_delimited(path: Path, *, is_datum: Callable[[str], bool] = is_datum) -> DelimitedTable:
    """Read a table of cells divided by commas, semicolons or tabs.

    Args:
        path: the file.
        is_datum: says of a cell of the first line whether it shows that there is no header.

    Raises:
        InvalidError: it cannot be read, is empty, or a row is longer than the first.
    """
    text = read_text(path)
    delimiter = _delimiter(text)
    rows = _rows(path, text, delimiter)
    if not rows:
        raise InvalidError("table.empty", "the table {path} is empty", path=str(path))
    header = rows[0].cells
    if any(is_datum(cell) for cell in header):
        header = [""] * len(header)
    else:
        del rows[0]
    columns = tuple(name or f"column {number}" for number, name in enumerate(header, start=1))
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise InvalidError(
            "table.column_twice",
            "{path} has two columns named {column}: rename one",
            path=str(path),
            column=twice[0],
        )
    return DelimitedTable(path, delimiter, columns, [_padded(path, row, columns) for row in rows])


def read_text(path: Path) -> str:
    """Return a text file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        InvalidError: it cannot be read.
    """
    try:
        content = path.read_bytes()
        utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if utf_16 else "utf-8-sig")
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError:
        why = "it is not saved as UTF-8; in a spreadsheet program choose “CSV UTF-8”"
    raise InvalidError(
        "table.unreadable", "the table {path} cannot be read: {why}", path=str(path), why=why
    )


def _delimiter(text: str) -> str:
    """Choose what divides most lines into the same number of cells, and into most."""
    lines = text.splitlines()[:_SNIFFED_LINES]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells)
        cells, times = max(counts.items(), key=lambda one: (one[0] > 1, one[1]), default=(1, 0))
        return (times, cells) if cells > 1 else (0, 0)

    return max(_DELIMITERS, key=evenness)


def _rows(path: Path, text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise InvalidError(
            "table.unreadable",
            "line {line} of the table {path} cannot be read: {why}",
            path=str(path),
            line=reader.line_num,
            why=str(error),
        ) from None
    return [row for row in rows if any(row.cells)]


def _padded(path: Path, row: Row, columns: tuple[str, ...]) -> Row:
    cells = row.cells
    while len(cells) > len(columns) and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > len(columns):
        raise InvalidError(
            "table.row_too_long",
            "line {line} of {path} has {cells} cells, the first line has {columns}: "
            "put a cell that holds the delimiter between quotation marks",
            path=str(path),
            line=row.line,
            cells=len(cells),
            columns=len(columns),
        )
    return Row(row.line, cells + [""] * (len(columns) - len(cells)))
