"""Parquet files as tables of text."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from model_playground.core.errors import InvalidError
from model_playground.datasets.text_tables import Row, TextTable, text_table

PARQUET_SUFFIXES = (".parquet", ".pq")


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Return the names of the columns; a file that cannot be read has none."""
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return ()


def read_parquet(path: Path) -> TextTable:
    """Read a Parquet file; a row's line is its number, from 1.

    Lists and records in cells become JSON, what is missing becomes empty.

    Raises:
        InvalidError: it cannot be read, is empty, or holds the images themselves.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise InvalidError(
            "table.unreadable",
            "the table {path} cannot be read: {why}",
            path=str(path),
            why=getattr(error, "strerror", None) or str(error),
        ) from None
    for field in table.schema:
        if _holds_bytes(field.type):
            raise InvalidError(
                "table.images_inside",
                "the column {column} of {path} holds files instead of their names: write the "
                "images to files beside the table, and their names into the column",
                column=field.name,
                path=str(path),
            )
    columns = [[cell_text(cell) for cell in column.to_pylist()] for column in table.columns]
    rows = [Row(line, list(cells)) for line, cells in enumerate(zip(*columns, strict=True), 1)]
    head = Row(0, list(table.column_names))
    return text_table(path, [head, *rows], is_datum=lambda cell: False, typed=True)


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def cell_text(cell: Any) -> str:
    """Return a value as the cell of a table: a list becomes JSON, what is missing is empty."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return repr(cell)
        case list() | dict():
            return json.dumps(cell, ensure_ascii=False, default=str)
        case datetime.date() | datetime.time():
            return cell.isoformat()
        case _:
            return str(cell).strip()
