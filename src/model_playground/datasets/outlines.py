"""The outlines of objects, many at once: how many points they have, and whether they cross."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

CROSSING_PX = 0.05
"""By how much an edge must reach across another: rounded coordinates touch here and there."""

_POINTS_AT_ONCE = 16_384  # so that what is worked out of them fits a core's cache


@dataclass(frozen=True)
class Outlines:
    """Rings of points, one after the other.

    Args:
        numbers: x, y, x, y, … of all rings.
        starts: where each ring begins in `numbers`.
        counts: how many points each ring has.
        rows: the row of the table that each ring belongs to.
    """

    numbers: NDArray[np.float64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Outlines:
        """Return the rings of a column of lists of rings."""
        numbers, counts, rows = [np.empty(0)], [np.empty(0, int)], [np.empty(0, int)]
        rows_before = 0
        for chunk in column.chunks:
            rings = chunk.flatten()
            numbers.append(rings.flatten().to_numpy())
            counts.append(pc.list_value_length(rings).to_numpy(zero_copy_only=False))
            rows.append(rows_before + pc.list_parent_indices(chunk).to_numpy())
            rows_before += len(chunk)
        lengths = np.concatenate(counts).astype(np.int64)
        return cls(
            np.concatenate(numbers),
            np.cumsum(lengths) - lengths,
            lengths // 2,
            np.concatenate(rows).astype(np.int64),
        )


def crossed_rings(outlines: Outlines) -> NDArray[np.int64]:
    """Return the places of the rings that cross themselves; touching is no crossing."""
    found = [
        places[_crosses(_points(outlines, places, count))]
        for count, places in _groups(outlines.counts)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *found]))


def _groups(counts: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield rings of one number of points, so many as are looked at at once."""
    order = np.argsort(counts, kind="stable")
    for count in np.unique(counts[counts > 3]):  # three points cannot cross
        first, end = np.searchsorted(counts[order], [count, count + 1])
        step = max(1, _POINTS_AT_ONCE // int(count))
        for start in range(int(first), int(end), step):
            yield int(count), order[start : min(start + step, int(end))]


def _points(outlines: Outlines, places: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return the points of some rings of the same number (2, points, rings)."""
    numbers = outlines.starts[places][:, None] + np.arange(2 * count)
    points = outlines.numbers[numbers].reshape(len(places), count, 2)
    return np.ascontiguousarray(points.transpose(2, 1, 0))


def _crosses(points: NDArray[Any]) -> NDArray[np.bool_]:
    """Hold every edge of each ring against every later one that is not its neighbour.

    Two edges cross if each has its ends on both sides of the other.
    """
    x, y = points
    count = x.shape[0]
    # Twice around, so that "so many edges further" is a slice.
    x, y = np.concatenate([x, x, x[:1]]), np.concatenate([y, y, y[:1]])
    along_x, along_y = np.diff(x, axis=0), np.diff(y, axis=0)
    length = np.hypot(along_x, along_y)
    length[length == 0] = np.inf  # no edge at all: nothing is on both sides of it
    along_x, along_y = along_x / length, along_y / length
    crossed = np.zeros(x.shape[1], dtype=bool)
    own = slice(0, count)
    for further in range(2, count // 2 + 1):
        other, end = slice(further, further + count), slice(further + 1, further + count + 1)
        before = _side(along_x[own], along_y[own], x[other] - x[own], y[other] - y[own])
        after = _side(along_x[own], along_y[own], x[end] - x[own], y[end] - y[own])
        both = _is_across(before, after)
        if not both.any():
            continue
        start = _side(along_x[other], along_y[other], x[own] - x[other], y[own] - y[other])
        stop = _side(
            along_x[other],
            along_y[other],
            x[1 : count + 1] - x[other],
            y[1 : count + 1] - y[other],
        )
        crossed |= (both & _is_across(start, stop)).any(axis=0)
    return crossed


def _side(
    along_x: NDArray[Any], along_y: NDArray[Any], to_x: NDArray[Any], to_y: NDArray[Any]
) -> NDArray[Any]:
    """Return how far points are to the one (positive) or other (negative) side of edges."""
    side: NDArray[Any] = along_x * to_y - along_y * to_x
    return side


def _is_across(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    across: NDArray[np.bool_] = (np.minimum(one, other) < -CROSSING_PX) & (
        np.maximum(one, other) > CROSSING_PX
    )
    return across
