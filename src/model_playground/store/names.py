"""What a person names, datasets, splits and experiments, found by that name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.exc import IntegrityError

from model_playground.core.errors import InvalidError, NotFoundError, unknown_name


def insert_named(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Insert a row whose name must be new, and return its id.

    Raises:
        InvalidError: the name is taken, empty, cannot be shown, or cannot be part of an address.
    """
    name = row["name"]
    if not name.strip() or not name.isprintable():
        raise InvalidError(
            f"{table.name}.name",
            "{name!r} is no name for a {kind}: write at least one character, all of them printable",
            name=name,
            kind=table.name,
        )
    if name in (".", ".."):  # browsers take them for steps between folders, however written
        raise InvalidError(
            f"{table.name}.name",
            "{name!r} is no name for a {kind}: the page could not open it. Write another",
            name=name,
            kind=table.name,
        )
    try:
        connection.execute(insert(table).values(row))
    except IntegrityError:
        raise name_taken(table, name) from None
    return row_id(connection, table, name)


def name_taken(table: Table, name: str) -> InvalidError:
    """Return the error for a name that another row of the table has."""
    return InvalidError(
        f"{table.name}.exists",
        "there is a {kind} named {name!r} already: choose another name",
        name=name,
        kind=table.name,
    )


def unknown(connection: Connection, table: Table, name: str) -> NotFoundError:
    """Return the error for a name that no row of the table has, with the nearest names."""
    return unknown_name(table.name, name, connection.scalars(select(table.c.name)))


def row_id(connection: Connection, table: Table, name: str) -> int:
    """Return the id of the row with a name.

    Raises:
        NotFoundError: there is none.
    """
    known: int | None = connection.scalar(select(table.c.id).where(table.c.name == name))
    if known is None:
        raise unknown(connection, table, name)
    return known
