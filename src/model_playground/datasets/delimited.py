"""Tables in text files: whatever delimiter, line ends and byte order mark they were saved with."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from model_playground.core.errors import InvalidError
from model_playground.datasets.text_tables import Row, TextTable, is_datum, text_table

_DELIMITERS = ("\t", ";", ",")
_SNIFFED_LINES = 20
_HEADER_BYTES = 65_536

csv.field_size_limit(2**31 - 1)  # a cell may hold a whole outline; by default 131,072 are too many


def read_delimited(path: Path, *, is_datum: Callable[[str], bool] = is_datum) -> TextTable:
    """Read a table of cells divided by commas, semicolons or tabs.

    Args:
        path: the file.
        is_datum: says of a cell of the first line whether it shows that there is no header.

    Raises:
        InvalidError: it cannot be read, is empty, or a row is longer than the first.
    """
    text = read_text(path)
    delimiter = _delimiter(text)
    return text_table(
        path,
        _rows(path, text, delimiter),
        is_datum=is_datum,
        decimal_comma=delimiter != ",",
    )


def delimited_header(path: Path) -> tuple[str, ...]:
    """Return the cells of the first line of a file, of which only the beginning is read.

    What cannot be read as a table has none.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(_HEADER_BYTES)
        text = _decoded(beginning[: beginning.rfind(b"\n") + 1] or beginning)
        line = next(line for line in text.splitlines() if line.strip())
        cells = next(iter(csv.reader([line], delimiter=_delimiter(text))))
    except (OSError, UnicodeDecodeError, StopIteration, csv.Error):
        return ()
    return tuple(cell.strip() for cell in cells)


def read_text(path: Path) -> str:
    """Return a text file in UTF-8, or in UTF-16 with a byte order mark.

    Raises:
        InvalidError: it cannot be read.
    """
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError:
        why = "it is not saved as UTF-8; in a spreadsheet program choose “CSV UTF-8”"
    else:
        if "\0" not in text:
            return text
        line = text.count("\n", 0, text.index("\0")) + 1
        why = f"line {line} holds a NUL character: it is damaged, or no text"
    raise InvalidError(
        "table.unreadable", "the table {path} cannot be read: {why}", path=str(path), why=why
    )


def _decoded(content: bytes) -> str:
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if utf_16 else "utf-8-sig")


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
        return [Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise InvalidError(
            "table.unreadable",
            "line {line} of the table {path} cannot be read: {why}",
            path=str(path),
            line=reader.line_num,
            why=str(error),
        ) from None
