"""The sheets of a spreadsheet as tables of text."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from model_playground.core.errors import InvalidError
from model_playground.datasets.text_tables import Row, TextTable, is_datum, text_table

SHEET_SUFFIXES = (".xls", ".xlsx", ".xlsm")

_MOST_BYTES = 2**29  # of a spreadsheet when it is unpacked
_MOST_CELLS = 2**25  # between its first and its last, empty ones included
_CELL_NAME = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')

Merged = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last row and column of cells that are shown as one."""


def read_sheets(path: Path) -> list[TextTable]:
    """Read all sheets of a spreadsheet that hold a table.

    Numbers become text without a needless ".0", dates as in 2024-12-31. Cells shown as one all
    hold its text; a title over the columns is passed over, and a head of two rows becomes one.

    Raises:
        InvalidError: the file is no spreadsheet, is damaged, or is larger than can be sensible.
    """
    from python_calamine import CalamineError

    try:
        if path.suffix.lower() != ".xls":
            _check_size(path)
        return list(_tables(path))
    except InvalidError:
        raise
    except (OSError, CalamineError, zipfile.BadZipFile, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # what a panic in calamine arrives as is no Exception
        raise _unreadable(path, f"it is damaged ({error})") from None


def _unreadable(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "table.unreadable",
        "the spreadsheet {path} cannot be read: {why}",
        path=str(path),
        why=why,
    )


def _check_size(path: Path) -> None:
    """Refuse what would fill the memory: little of it need stand in the file."""
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
        if size > _MOST_BYTES:
            raise _unreadable(path, f"it unpacks to {size:,} bytes: save the table as CSV")
        for one in archive.namelist():
            if not one.startswith("xl/worksheets/"):
                continue
            cells = _CELL_NAME.findall(archive.read(one))
            rows = max((int(row) for _, row in cells), default=0)
            columns = max((_column_number(column) for column, _ in cells), default=0)
            if rows * columns > _MOST_CELLS:
                raise _unreadable(
                    path, f"a sheet spans {rows:,} rows and {columns:,} columns: save it as CSV"
                )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _tables(path: Path) -> Iterator[TextTable]:
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(path) as book:
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            cells = [[_text(cell) for cell in row] for row in sheet.to_python()]
            if not cells or sheet.start is None:
                continue
            top, left = sheet.start
            _fill_merged(cells, sheet.merged_cell_ranges or (), top, left)
            rows = [Row(top + number, row) for number, row in enumerate(cells, start=1)]
            rows = _with_one_head(rows)
            if rows:
                yield text_table(path, rows, decimal_comma=True, typed=True, sheet=name)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return " ".join(str(cell).split())


def _fill_merged(cells: list[list[str]], merged: Sequence[Merged], top: int, left: int) -> None:
    for (first_row, first_column), (last_row, last_column) in merged:
        rows = range(max(first_row - top, 0), min(last_row - top + 1, len(cells)))
        columns = range(max(first_column - left, 0), min(last_column - left + 1, len(cells[0])))
        if rows and columns:
            text = cells[rows[0]][columns[0]]
            for row in rows:
                for column in columns:
                    cells[row][column] = text


def _with_one_head(rows: list[Row]) -> list[Row]:
    """Drop empty rows and titles above the head; join a head of two rows into one."""
    rows = [row for row in rows if any(row.cells)]
    if max((_different(row) for row in rows), default=0) > 1:
        while _different(rows[0]) == 1:
            rows = rows[1:]
    if len(rows) < 2 or not _is_upper_head(rows[0], rows[1]):
        return rows
    joined = [
        lower if upper in ("", lower) else f"{upper} {lower}".strip()
        for upper, lower in zip(rows[0].cells, rows[1].cells, strict=True)
    ]
    return [Row(rows[1].line, joined), *rows[2:]]


def _different(row: Row) -> int:
    return len({cell for cell in row.cells if cell})


def _is_upper_head(row: Row, below: Row) -> bool:
    """Say whether a row names groups of columns whose names stand below."""
    counts = Counter(cell for cell in row.cells if cell)
    return max(counts.values()) > 1 and not any(
        is_datum(cell) for cell in (*row.cells, *below.cells)
    )
