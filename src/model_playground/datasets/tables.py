"""Tables in files of every kind that people keep them in."""

from __future__ import annotations

import os
from pathlib import Path

from model_playground.datasets.delimited import (
    delimited_header,
    read_delimited,
    read_first_rows,
)
from model_playground.datasets.parquet_tables import (
    PARQUET_SUFFIXES,
    parquet_columns,
    read_parquet,
)
from model_playground.datasets.spreadsheets import SHEET_SUFFIXES, read_sheets
from model_playground.datasets.text_tables import TextTable

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
TABLE_SUFFIXES = (*TEXT_SUFFIXES, *PARQUET_SUFFIXES, *SHEET_SUFFIXES)


def is_table_file(path: Path) -> bool:
    """Say whether a file's name is that of a table."""
    return path.suffix.lower() in TABLE_SUFFIXES and not path.name.startswith(".")


def table_files_in(folder: Path) -> list[Path]:
    """Return the tables that stand directly in a folder, by name, whatever they hold."""
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(TABLE_SUFFIXES))
    return [file for name in names if is_table_file(file := folder / name) and file.is_file()]


def read_tables(path: Path, *, most_too_long: float = 0) -> list[TextTable]:
    """Read a table, or all tables of a spreadsheet.

    Args:
        path: the file.
        most_too_long: of a text, the share of the rows that may be longer than the first.

    Raises:
        InvalidError: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in SHEET_SUFFIXES:
        return read_sheets(path)
    if suffix in PARQUET_SUFFIXES:
        return [read_parquet(path)]
    return [read_delimited(path, most_too_long=most_too_long)]


def read_beginnings(path: Path) -> list[TextTable]:
    """Return the tables of a file with as many rows as show what they hold.

    Raises:
        InvalidError: it cannot be read.
    """
    is_text = path.suffix.lower() in TEXT_SUFFIXES
    return [read_first_rows(path)] if is_text else read_tables(path)


def table_header(path: Path) -> tuple[str, ...]:
    """Return what may be the names of a file's columns, read from its beginning alone.

    A spreadsheet, and what cannot be read, has none.
    """
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        return parquet_columns(path)
    return delimited_header(path) if suffix in TEXT_SUFFIXES else ()
