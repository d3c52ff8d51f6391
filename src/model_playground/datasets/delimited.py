"""Tables in text files: whatever delimiter, line ends and byte order mark they were saved with."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from model_playground.core.errors import InvalidError
from model_playground.datasets.file_names import is_image
from model_playground.datasets.text_files import UnreadableTextError, beginning_of, text_of
from model_playground.datasets.text_tables import Row, TextTable, is_datum, text_table

_DELIMITERS = ("\t", ";", ",")
_SNIFFED_LINES = 20
_BEGINNING_BYTES = 2**18

csv.field_size_limit(2**31 - 1)  # a cell may hold a whole outline; by default 131,072 are too many


def read_delimited(
    path: Path, *, is_datum: Callable[[str], bool] = is_datum, most_too_long: float = 0
) -> TextTable:
    """Read a table of cells divided by commas, semicolons or tabs.

    Args:
        path: the file.
        is_datum: says of a cell of the first line whether it shows that there is no header.
        most_too_long: the share of the rows that may be longer than the first; they are told of.

    Raises:
        InvalidError: it cannot be read, is empty, or more rows are longer than the first.
    """
    return _table(path, read_text(path), is_datum, most_too_long)


def read_first_rows(path: Path) -> TextTable:
    """Read the rows at the beginning of a file: enough to see what it holds, however large it is.

    Raises:
        InvalidError: it cannot be read, or is empty.
    """
    try:
        text, _ = beginning_of(path, _BEGINNING_BYTES)
        return _table(path, text, is_datum, most_too_long=1)
    except UnreadableTextError:
        return read_delimited(path)  # says what is wrong with it


def encoding_doubt(path: Path) -> str:
    """Say how a file was read whose beginning is not UTF-8; empty where there is no doubt."""
    try:
        _, assumed = beginning_of(path, _BEGINNING_BYTES)
    except UnreadableTextError:
        return ""
    return "" if assumed is None else assumed.sentence(path.name)


def delimited_header(path: Path) -> tuple[str, ...]:
    """Return the cells of the first line of a file, of which only the beginning is read.

    What cannot be read as a table has none.
    """
    try:
        text, _ = beginning_of(path, _BEGINNING_BYTES)
        line = next(line for line in text.splitlines() if line.strip())
        cells = next(iter(csv.reader([line], delimiter=_delimiter(text))))
    except (UnreadableTextError, StopIteration, csv.Error):
        return ()
    return tuple(cell.strip() for cell in cells)


def _table(
    path: Path, text: str, is_datum: Callable[[str], bool], most_too_long: float
) -> TextTable:
    delimiter = _delimiter(text)
    return text_table(
        path,
        _spaced_rows(text) or _rows(path, text, delimiter),
        is_datum=is_datum,
        decimal_comma=delimiter != ",",
        most_too_long=most_too_long,
    )


def _spaced_rows(text: str) -> list[Row]:
    """Return the rows of a list that is divided by spaces: an image's file, and its labels.

    Each line begins with the file. The first line may be the number of the others, and the next
    the names of the labels alone. Of another text nothing is returned.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line]
    if not any(is_image(line.split(maxsplit=1)[0]) for _, line in lines[:3] if line.strip()):
        return []  # seen at once, however long the text is
    rows = [Row(number, line.split()) for number, line in lines if not line.isspace()]
    if rows and len(rows[0].cells) == 1 and rows[0].cells[0].isdecimal():
        del rows[0]
    if len(rows) < 2:
        return []
    columns = len(rows[-1].cells)
    first, *others = rows
    if columns < 2 or not all(_begins_with_image(row, columns) for row in others):
        return []
    if _begins_with_image(first, columns) or len(first.cells) == columns:
        return rows
    return [Row(first.line, ["", *first.cells]), *others] if len(first.cells) == columns - 1 else []


def _begins_with_image(row: Row, columns: int) -> bool:
    return len(row.cells) == columns and is_image(row.cells[0])


def read_text(path: Path, called: str = "table", *, else_windows: bool = True) -> str:
    """Return a text file in UTF-8, in UTF-16 with a byte order mark, or else in Windows-1252.

    Args:
        path: the file.
        called: what a message calls it.
        else_windows: read lines that are not UTF-8 as Windows-1252, and note it.

    Raises:
        InvalidError: it cannot be read.
    """
    try:
        text = text_of(path, else_windows=else_windows)
    except UnreadableTextError as error:
        why = str(error)
    else:
        if "\0" not in text:
            return text
        line = text.count("\n", 0, text.index("\0")) + 1
        why = f"line {line} holds a NUL character: it is damaged, or no text"
    raise InvalidError(
        "table.unreadable",
        "the {called} {path} cannot be read: {why}",
        called=called,
        path=str(path),
        why=why,
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
        return [Row(reader.line_num, list(map(str.strip, cells))) for cells in reader]
    except csv.Error as error:
        raise InvalidError(
            "table.unreadable",
            "line {line} of the table {path} cannot be read: {why}",
            path=str(path),
            line=reader.line_num,
            why=str(error),
        ) from None
