"""The canonical form of tables: one digest, whatever order and files their rows were read from.

Everything here works on whole columns: a million rows take about a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_ROWS_AT_ONCE = 65_536  # part of the form: a digest takes the columns of so many rows in turn
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ divided by the golden ratio, spreads all bits

Digest = Any
"""What hashlib gives: it has no public type."""


def table_digest(table: pa.Table) -> bytes:
    """Return the SHA-256 of a table that does not depend on the order of its rows or columns.

    Rows are put in an order that their content alone decides; then whole columns are digested,
    so many rows at a time.

    Example:
        >>> one = pa.table({"a": [1, 2], "b": ["x", None]})
        >>> table_digest(one) == table_digest(one.take([1, 0]).select(["b", "a"]))
        True
        >>> table_digest(one) == table_digest(one.set_column(1, "b", [["x", ""]]))
        False
    """
    # One chunk for each column: taking rows of several would join these anew every time.
    table = table.select(sorted(table.column_names)).combine_chunks()
    digest = hashlib.sha256()
    digest.update(f"{table.num_rows} rows\n".encode())
    for field in table.schema:
        digest.update(f"{field.name}: {_plain_type(field.type)}\n".encode())
    order = canonical_order(table)
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        some = table.take(pa.array(order[start : start + _ROWS_AT_ONCE]))
        for column in some.columns:
            _update(digest, _whole(column))
    return digest.digest()


def canonical_order(table: pa.Table) -> NDArray[np.int64]:
    """Return the order of the rows that their content alone decides.

    They are ordered by a number made of all values but those of lists, which is nearly always
    one of its own; rows that share one are ordered by everything in them, written out.
    """
    keys = np.zeros(table.num_rows, dtype=np.uint64)
    for field, column in zip(table.schema, table.columns, strict=True):
        if not pa.types.is_nested(field.type):
            keys = (keys ^ _numbers(_whole(column))) * _MULTIPLIER
            keys ^= keys >> np.uint64(29)
    order: NDArray[np.int64] = np.argsort(keys, kind="stable").astype(np.int64)
    for start, end in _runs_of_equals(keys[order]):
        some = order[start:end]
        rows = table.take(pa.array(some)).to_pylist()
        written = [json.dumps(row, sort_keys=True, default=str) for row in rows]
        order[start:end] = some[sorted(range(len(some)), key=written.__getitem__)]
    return order


def _runs_of_equals(ordered: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield start and end of every run of two or more equal numbers."""
    same = np.concatenate([[False], ordered[1:] == ordered[:-1], [False]])
    starts = np.flatnonzero(~same[:-1] & same[1:])
    ends = np.flatnonzero(same[:-1] & ~same[1:]) + 1
    return zip(starts.tolist(), ends.tolist(), strict=True)


def _numbers(array: pa.Array) -> NDArray[np.uint64]:
    """Return a number for each value, equal for equal values; texts are numbered in their order."""
    if _is_text(array.type):
        encoded = array.dictionary_encode() if not pa.types.is_dictionary(array.type) else array
        rank = pc.rank(encoded.dictionary, tiebreaker="dense").to_numpy() - 1
        places = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
        numbers = rank[places] if len(rank) else np.zeros(len(array))
    else:
        numbers = _fixed_width(array)
    numbers = numbers.astype(np.float64).view(np.uint64) if numbers.dtype.kind == "f" else numbers
    valid = np.asarray(array.is_valid())
    return np.where(valid, numbers.astype(np.uint64) + np.uint64(1), np.uint64(0))


def _update(digest: Digest, array: pa.Array) -> None:
    """Digest a column: which values there are, then these, lists by their lengths and insides."""
    digest.update(np.packbits(np.asarray(array.is_valid())).tobytes())
    kind = array.type
    if pa.types.is_struct(kind):
        for place in range(kind.num_fields):
            _update(digest, array.field(place))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        digest.update(_lengths(pc.list_value_length(array)))
        _update(digest, array.flatten())
    elif _is_text(kind):
        texts = pc.fill_null(array.cast(pa.large_string()), "")
        digest.update(_lengths(pc.binary_length(texts)))
        digest.update(_characters(texts))
    else:
        digest.update(np.ascontiguousarray(_fixed_width(array)).tobytes())


def _characters(texts: pa.LargeStringArray) -> memoryview:
    """Return all texts one after the other in UTF-8, as they lie in memory."""
    _, offsets, characters = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(characters or b"")[places[0] : places[-1]] if len(texts) else memoryview(b"")


def _fixed_width(array: pa.Array) -> NDArray[Any]:
    """Return numbers, with 0 where there are none, in eight bytes each; minus zero is zero."""
    filled = pc.fill_null(array, False if pa.types.is_boolean(array.type) else 0)
    numbers: NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind == "f":
        return numbers.astype("<f8") + 0.0
    return numbers.astype("<i8")


def _lengths(lengths: pa.Array) -> bytes:
    numbers: NDArray[Any] = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    return numbers.astype("<i8").tobytes()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_encoded(kind)


def _is_encoded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind))


def _plain_type(kind: pa.DataType) -> str:
    """Name a type by what it holds, not by how: a text is a text, encoded or not."""
    if _is_text(kind):
        return "text"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_plain_type(kind.value_type)}"
    if pa.types.is_struct(kind):
        fields: Iterable[pa.Field] = (kind.field(place) for place in range(kind.num_fields))
        return ", ".join(f"{field.name} {_plain_type(field.type)}" for field in fields)
    if pa.types.is_null(kind):
        return "nothing"
    if pa.types.is_boolean(kind):
        return "truth"
    return "real" if pa.types.is_floating(kind) else "whole"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
