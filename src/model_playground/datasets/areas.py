"""The areas of objects, and masks of classes that are drawn from them.

An outline holds the pixels that COCO's own tools say: its corners are rounded to fifths of a pixel,
its edges drawn between these, and of each column the pixels between the crossings of every second
pair are inside. Rings of one object are pieces of it: they are joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model_playground.core.contracts import IGNORED
from model_playground.datasets import run_lengths

Ring = NDArray[np.float64]
"""x, y, x, y, …"""

_LEAST_NUMBERS = 6  # of an outline: three points
_FINER = 5  # corners are rounded to so many parts of a pixel
_CENTRE = 2  # the part in the middle of a pixel
_FARTHEST = 1e8  # coordinates beyond are taken to be there: edges still fit whole numbers
_SIDES = ("left", "top", "right", "bottom")
_COLUMNS = [
    *("item_id", "kind", "class_index", *_SIDES),
    *("rings_xy", "rle_counts", "mask_height", "mask_width", "crowd"),
]


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Where an object is, by outlines or by run lengths.

    Args:
        class_index: its class, or IGNORED where its pixels are of no known class.
        rings: the outlines of its pieces, each of a point or more.
        counts: run lengths as COCO compresses them.
        size_hw: of the mask that the run lengths fill.
    """

    class_index: int
    rings: tuple[Ring, ...] = ()
    counts: str = ""
    size_hw: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """All areas of an image, and the class of the pixels that are in none.

    >>> square = Area(7, (np.array([1.0, 1, 3, 1, 3, 3, 1, 3]),))
    >>> Areas((square,), background=0).mask((4, 4))
    array([[0, 0, 0, 0],
           [0, 7, 7, 0],
           [0, 7, 7, 0],
           [0, 0, 0, 0]], dtype=int16)
    """

    areas: tuple[Area, ...]
    background: int

    def mask(self, size_hw: tuple[int, int]) -> NDArray[np.int16]:
        """Draw a mask (height, width) of class indices; IGNORED where there is no class.

        Small areas are drawn over large ones, those of the same size in their order.
        """
        mask = np.full(size_hw, self.background, dtype=np.int16)
        crossings = iter(_crossings([ring for one in self.areas for ring in one.rings], size_hw))
        found = [
            (one.class_index, _pixels(one, list(islice(crossings, len(one.rings))), size_hw))
            for one in self.areas
        ]
        found.sort(key=lambda one: -np.count_nonzero(one[1].inside))
        for class_index, pixels in found:
            mask[pixels.place][pixels.inside] = class_index
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class _Pixels:
    """The part of an image around an area, and which of its pixels are inside."""

    left: int
    top: int
    inside: NDArray[np.bool_]

    @property
    def place(self) -> tuple[slice, slice]:
        height, width = self.inside.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def areas_by_item(objects: pa.Table) -> dict[str, list[Area]]:
    """Return the areas of the objects of each item that has any.

    The pixels of a crowd are ignored, and those in the box of an object that has no outline: some
    of them are its own, and nobody knows which.
    """
    areas: dict[str, list[Area]] = {}
    for batch in objects.select(_COLUMNS).to_batches(max_chunksize=8192):
        rows = batch.drop_columns(["rings_xy"]).to_pylist()
        for row, rings in zip(rows, _rings(batch["rings_xy"]), strict=True):
            areas.setdefault(row["item_id"], []).append(_area(row, rings))
    return areas


def _area(row: dict[str, Any], rings: tuple[Ring, ...]) -> Area:
    class_index = row["class_index"]
    if row["crowd"] or row["kind"] == "box" or class_index is None:
        class_index = IGNORED
    if row["kind"] == "rle":
        size_hw = (row["mask_height"], row["mask_width"])
        return Area(class_index, counts=row["rle_counts"], size_hw=size_hw)
    if row["kind"] == "box":
        left, top, right, bottom = (row[name] for name in _SIDES)
        is_whole = left < right and top < bottom
        corners = np.array([left, top, right, top, right, bottom, left, bottom], dtype=np.float64)
        rings = (corners,) if is_whole else ()
    return Area(class_index, rings=tuple(one for one in rings if len(one) >= _LEAST_NUMBERS))


def _rings(column: pa.ListArray) -> Iterator[tuple[Ring, ...]]:
    """Yield the rings of each row; they are parts of one array."""
    rings = column.values
    numbers = rings.values.to_numpy()
    starts = rings.offsets.to_numpy().tolist()
    for first, end in pairwise(column.offsets.to_numpy().tolist()):
        yield tuple(numbers[starts[one] : starts[one + 1]] for one in range(first, end))


def _pixels(
    area: Area, crossings: Sequence[NDArray[np.int64]], size_hw: tuple[int, int]
) -> _Pixels:
    """Return the pixels of an area, of which each ring crosses columns there."""
    if area.counts:
        return _Pixels(0, 0, run_lengths.resized(area.counts, area.size_hw, size_hw))
    crossings = [one for one in crossings if one.size]
    if not crossings:
        return _Pixels(0, 0, np.zeros((0, 0), dtype=bool))
    left, top = np.min([one.min(axis=1) for one in crossings], axis=0)
    right, bottom = np.max([one.max(axis=1) for one in crossings], axis=0)
    inside = np.zeros((right + 1 - left, bottom - top), dtype=bool)
    for columns, rows in crossings:
        # A row more than there are: below the last nothing is inside.
        places = (columns - left) * (bottom + 1 - top) + (rows - top)
        counts = np.bincount(places, minlength=len(inside) * (bottom + 1 - top))
        inside |= (np.cumsum(counts) & 1).reshape(len(inside), -1)[:, :-1].astype(bool)
    return _Pixels(int(left), int(top), inside.T)


def _crossings(rings: Sequence[Ring], size_hw: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Return where each ring crosses the centres of columns: columns and rows (2, crossings).

    A row is the first one below a crossing. Of each column there is an even number. All rings of
    an image are looked at together: each has few crossings, and every step on arrays has its price.
    """
    height, width = size_hw
    lengths = np.array([len(one) // 2 for one in rings], dtype=np.int64)
    ring_ends = np.cumsum(lengths)
    near = np.clip(np.nan_to_num(np.concatenate([np.empty(0), *rings])), -_FARTHEST, _FARTHEST)
    corners = np.trunc(_FINER * near + 0.5).reshape(-1, 2)
    following = np.arange(1, len(corners) + 1)
    following[ring_ends - 1] = ring_ends - lengths
    edges = np.concatenate([corners, corners[following]], axis=1)
    is_flat = np.abs(edges[:, 2] - edges[:, 0]) >= np.abs(edges[:, 3] - edges[:, 1])
    is_backward = np.where(is_flat, edges[:, 0] > edges[:, 2], edges[:, 1] > edges[:, 3])
    edges = np.where(is_backward[:, None], edges[:, [2, 3, 0, 1]], edges)
    lowest, highest = np.minimum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 0], edges[:, 2])
    first = np.maximum(np.ceil((lowest - _CENTRE) / _FINER), 0)
    last = np.minimum(np.floor((highest - _CENTRE - 1) / _FINER), width - 1)
    counts = np.maximum(last - first + 1, 0).astype(np.int64)
    number_on_edge = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = np.repeat(first, counts) + number_on_edge
    x, y, end_x, end_y = np.repeat(edges, counts, axis=0).T
    steps = np.where(np.repeat(is_flat, counts), *_steps(x, y, end_x, end_y, columns))
    rows = np.ceil(np.clip((steps + 0.5) / _FINER - 0.5, 0, height))
    found = np.stack([columns, rows]).astype(np.int64)
    return np.split(found, np.cumsum(counts)[ring_ends[:-1] - 1], axis=1)


def _steps(x: Ring, y: Ring, end_x: Ring, end_y: Ring, columns: Ring) -> tuple[Ring, Ring]:
    """Return how far down edges are at the centres of columns, if they are flat and if steep.

    Both are in parts of a pixel. A flat edge is drawn from part to part to the right, a steep one
    downwards; of the two parts on both sides of the centre it is the upper that counts.
    """
    centres = _FINER * columns + _CENTRE
    with np.errstate(divide="ignore", invalid="ignore"):  # each edge is only one of the two
        slope = (end_y - y) / (end_x - x)
        flat = np.minimum(
            np.trunc(y + slope * (centres - x) + 0.5),
            np.trunc(y + slope * (centres + 1 - x) + 0.5),
        )
        slope = (end_x - x) / (end_y - y)
        step = np.ceil((centres + 0.5 - x) / slope) - 1
        for _ in range(2):  # at most, since the quotient is rounded
            reached = np.trunc(x + slope * step + 0.5)
            step += ~np.where(slope > 0, reached > centres, reached <= centres)
    return flat, y + step - 1
