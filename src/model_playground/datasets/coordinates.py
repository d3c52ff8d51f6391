"""Coordinates as the records keep them: pixels, to a millionth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DECIMALS = 6
"""Coordinates are rounded to this many decimals of a pixel, so that a corner plus a size, or a
share of the width, gives the same corner again after it was written and read."""

_LARGE = 1e100

Sizes = NDArray[np.float64]
"""Width and height of each row's image (rows, 2)."""


def in_pixels(table: pa.Table, sizes_wh: Sizes | None) -> pa.Table:
    """Return annotations with their coordinates in pixels, rounded.

    Args:
        table: with the columns left, top, right, bottom and rings_xy.
        sizes_wh: the sizes of which the coordinates are shares; None if they are pixels.
    """
    for name, axis in (("left", 0), ("top", 1), ("right", 0), ("bottom", 1)):
        scale = None if sizes_wh is None else sizes_wh[:, axis]
        table = _replaced(table, name, _scaled(table[name], scale))
    rings: list[pa.Array] = []
    rows_before = 0
    for chunk in table["rings_xy"].chunks:
        rows = slice(rows_before, rows_before + len(chunk))
        rings.append(_scaled_rings(chunk, None if sizes_wh is None else sizes_wh[rows]))
        rows_before += len(chunk)
    return _replaced(table, "rings_xy", pa.chunked_array(rings, table["rings_xy"].type))


def rounded(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Round coordinates as the records do; minus zero is zero.

    >>> rounded(np.array([0.12345678, 1e308])).tolist()
    [0.123457, 1e+308]
    """
    try:
        with np.errstate(over="raise"):
            return np.round(numbers, DECIMALS) + 0.0
    except FloatingPointError:  # numbers that large have no decimals
        large = np.abs(numbers) > _LARGE
        return np.where(large, numbers, np.round(np.where(large, 0.0, numbers), DECIMALS) + 0.0)


def _replaced(table: pa.Table, name: str, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), column)


def _scaled(column: pa.ChunkedArray, scale: NDArray[Any] | None) -> pa.Array:
    missing = ~np.asarray(column.is_valid())
    numbers = column.to_numpy().astype(float)
    return pa.array(rounded(numbers if scale is None else numbers * scale), mask=missing)


def _scaled_rings(rings: pa.ListArray, sizes_wh: Sizes | None) -> pa.ListArray:
    """Return outlines in pixels; they take x and y by turns."""
    if rings.null_count == len(rings):
        return rings
    lengths = np.diff(rings.offsets.to_numpy())
    inner = rings.flatten()
    numbers = inner.flatten().to_numpy()
    if sizes_wh is not None:
        counts = np.diff(inner.offsets.to_numpy())
        row_of_ring = np.repeat(np.arange(len(rings)), lengths)
        row_of_number = np.repeat(row_of_ring, counts)
        first = np.repeat(np.cumsum(counts) - counts, counts)
        axis = (np.arange(len(numbers)) - first) % 2
        numbers = numbers * sizes_wh[row_of_number, axis]
    inner_offsets = inner.offsets.to_numpy()
    rebuilt = pa.ListArray.from_arrays(
        pa.array(inner_offsets - inner_offsets[0], pa.int32()), pa.array(rounded(numbers))
    )
    missing = ~np.asarray(rings.is_valid())
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), rebuilt, mask=pa.array(missing))
