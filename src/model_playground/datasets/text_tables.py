"""Tables as text: rows of cells under named columns, whatever kind of file they were read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.datasets.file_names import is_image

_TOLD_COLUMNS = 24
_FILE = "file"  # a first row with this cell is a head, whatever else stands in it


class Row(NamedTuple):
    """A row: the line of the file that it ends on, and its cells, as many as there are columns."""

    line: int
    cells: list[str]


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table read from a file. Columns without a name are called "column 1" and so on.

    Args:
        path: the file.
        columns: their names, each once.
        rows: without those that are empty.
        decimal_comma: a comma may stand before the decimals of a number.
        typed: the file tells numbers from text.
        sheet: of a spreadsheet, which.
        too_long: the rows with more cells than there are columns: what is in them is not known.
    """

    path: Path
    columns: tuple[str, ...]
    rows: list[Row]
    decimal_comma: bool = False
    typed: bool = False
    sheet: str | None = None
    too_long: tuple[Row, ...] = ()

    @property
    def name(self) -> str:
        """What messages call the table."""
        return self.path.name if self.sheet is None else f"{self.path.name}, sheet {self.sheet}"

    def has(self, column: str) -> bool:
        """Say whether there is a column of a name, at once however many there are."""
        return column in self._places

    def index(self, column: str) -> int:
        """Return the place of a column, or raise which columns there are."""
        if column not in self._places:
            raise unknown_name("column", column, self.columns)
        return self._places[column]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column: place for place, column in enumerate(self.columns)}

    def cells(self, column: str) -> list[str]:
        """Return a column's cells."""
        place = self.index(column)
        return [row.cells[place] for row in self.rows]


def first_names(columns: Sequence[str]) -> str:
    """Return the names of a table's columns for a message: a picture's pixels may be columns too.

    >>> first_names(["a", "b"]), first_names([str(number) for number in range(784)])[-20:]
    ('a, b', '22, 23, and 760 more')
    """
    more = len(columns) - _TOLD_COLUMNS
    return ", ".join([*columns[:_TOLD_COLUMNS], *([f"and {more:,} more"] if more > 0 else [])])


def is_datum(cell: str) -> bool:
    """Say whether a cell of the first line shows that the line is no header."""
    return is_image(cell) or cell.replace(",", ".").lstrip("+-").replace(".", "", 1).isdecimal()


def plain(name: str) -> str:
    """Return a column's name as it is compared: small letters and figures alone.

    >>> plain("Image File")
    'imagefile'
    """
    return "".join(character for character in name.lower() if character.isalnum())


def text_table(
    path: Path,
    rows: Sequence[Row],
    *,
    is_datum: Callable[[str], bool] = is_datum,
    decimal_comma: bool = False,
    typed: bool = False,
    sheet: str | None = None,
    most_too_long: float = 0,
) -> TextTable:
    """Make a table of rows of which the first may hold the columns' names.

    Args:
        path: the file.
        rows: as they stand in it.
        is_datum: says of a cell of the first line whether it shows that there is no header.
        decimal_comma: a comma may stand before the decimals of a number.
        typed: the file tells numbers from text.
        sheet: of a spreadsheet, which.
        most_too_long: the share of the rows that may be longer than the first.

    Raises:
        InvalidError: there are no rows, two columns have one name, or more rows than may be are
            longer than the first.
    """
    rows = [row for row in rows if any(row.cells)]
    name = str(path) if sheet is None else f"{path}, sheet {sheet},"
    if not rows:
        raise InvalidError("table.empty", "the table {path} is empty", path=name)
    header = rows[0].cells
    if any(is_datum(cell) for cell in header) and not any(plain(one) == _FILE for one in header):
        header = [""] * len(header)
    else:
        rows = rows[1:]
    columns = tuple(column or f"column {number}" for number, column in enumerate(header, start=1))
    twice = next((name for name, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise InvalidError(
            "table.column_twice",
            "{path} has two columns named {column}: rename one",
            path=name,
            column=twice,
        )
    padded = [row if len(row.cells) == len(columns) else _padded(row, columns) for row in rows]
    too_long = tuple(row for row in padded if len(row.cells) > len(columns))
    if len(too_long) > most_too_long * len(padded):
        raise InvalidError(
            "table.row_too_long",
            "line {line} of {path} has {cells} cells, the first line has {columns}: "
            "put a cell that holds the delimiter between quotation marks",
            path=name,
            line=too_long[0].line,
            cells=len(too_long[0].cells),
            columns=len(columns),
        )
    if too_long:
        padded = [row for row in padded if len(row.cells) == len(columns)]
    return TextTable(path, columns, padded, decimal_comma, typed, sheet, too_long)


def _padded(row: Row, columns: tuple[str, ...]) -> Row:
    """Return a row with a cell for each column, and with more only if they are not empty."""
    cells = row.cells
    while len(cells) > len(columns) and not cells[-1]:
        cells = cells[:-1]
    return Row(row.line, cells + [""] * (len(columns) - len(cells)))
