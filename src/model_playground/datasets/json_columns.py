"""JSON objects of one kind as columns, parsed by threads: millions of numbers never become objects.

Only what fits the columns as it stands is read so. The caller reads the rest one by one, and says
what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.json

_AHEAD = 2  # as many pieces are parsed while one is worked on


def columns(
    objects: Sequence[Any], schema: pa.Schema, *, rows_at_once: int
) -> Iterator[tuple[int, pa.Table | None]]:
    """Yield the place of the first object of each piece, and the piece as columns.

    Keys that the schema lacks are passed over, those that an object lacks are null. The columns are
    None where a value is of another kind, a number does not fit, or a key stands twice.

    Args:
        objects: the text of each object, as bytes or what is like them.
        schema: the columns.
        rows_at_once: how many objects are a piece.

    Example:
        >>> schema = pa.schema([("id", pa.int64())])
        >>> pieces = columns([b'{"id": 7}', b'{}', b'{"id": "8"}'], schema, rows_at_once=2)
        >>> [(place, table and table["id"].to_pylist()) for place, table in pieces]
        [(0, [7, None]), (2, None)]
    """
    with ThreadPoolExecutor(_AHEAD) as pool:
        places = range(0, len(objects), rows_at_once)
        waiting: list[Future[pa.Table | None]] = []
        for number, place in enumerate(places):
            for ahead in places[number + len(waiting) : number + _AHEAD]:
                some = objects[ahead : ahead + rows_at_once]
                waiting.append(pool.submit(_table, some, schema))
            yield place, waiting.pop(0).result()


def _table(objects: Sequence[Any], schema: pa.Schema) -> pa.Table | None:
    if any(bytes(memoryview(one)[:1]) != b"{" for one in objects):
        return None  # a row that is no object makes pyarrow's parser end the process
    text = b"\n".join(objects)
    try:
        table = pa.json.read_json(
            pa.BufferReader(pa.py_buffer(text)),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pa.json.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=True,
                unexpected_field_behavior="ignore",
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table.combine_chunks() if table.num_rows == len(objects) else None
