"""How records are shown: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import typer
from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table


def console() -> Console:
    """Return a console for standard output; not a terminal, it wraps no line."""
    found = Console()
    return found if found.is_terminal else Console(width=200)


def print_json(records: BaseModel | Sequence[BaseModel]) -> None:
    """Print a record, or a list of records, as JSON."""
    text = TypeAdapter(type(records) if isinstance(records, BaseModel) else list).dump_json(
        records
        if isinstance(records, BaseModel)
        else [one.model_dump(mode="json") for one in records],
        indent=2,
    )
    typer.echo(text.decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table; numbers stand to the right. Without rows, say what to do instead."""
    listed = [[_cell(cell) for cell in row] for row in rows]
    if not listed:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        numeric = all(_is_number(row[index]) for row in listed)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console().print(table)


def figure(value: float | None) -> str:
    """Show a figure with four significant digits; a value that was not finite is a dash.

    >>> figure(0.123456), figure(12345.6), figure(None)
    ('0.1235', '12346', '—')
    """
    if value is None:
        return "—"
    return f"{value:.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _cell(value: object) -> str:
    return figure(value) if isinstance(value, float) else "" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text in ("", "—") or text.replace(".", "", 1).replace("-", "", 1).isdigit()
