"""Objects whose boxes or outlines cannot be meant as they stand. All of them are kept as they are:
the records say what the files say, and the training leaves out or clips what it cannot use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.records import Finding
from model_playground.datasets.findings import information, warning
from model_playground.datasets.outlines import Outlines, crossed_rings
from model_playground.datasets.records import OBJECT_KINDS, Revision

OUTSIDE_TOLERANCE_PX = 1.0
"""How far a box may reach beyond the image before it is worth a word: formats that count pixels
from 1, and rounded shares of the width, overshoot by so much."""

TINY_PX = 16
"""An object that covers fewer pixels is tiny, in an image as large as it is or, if that is less,
with a longer side of `TRAINING_SIDE_PX`."""

TRAINING_SIDE_PX = 640
"""The longer side to which detectors commonly scale an image."""


_SIDES = ("left", "top", "right", "bottom")
_TOLD = ("kind", "class_index", *_SIDES, "source_file", "source_line", "source_id")
_TOLD_AT_ONCE = 8192


def geometry_findings(revision: Revision) -> Iterator[Finding]:
    """Name every object with an empty, reversed, outlying or tiny box, and those named twice."""
    objects = _Objects.of(revision)
    if not objects.table.num_rows:
        return
    left, top, right, bottom = objects.corners
    width, height = objects.sizes_wh
    is_reversed = (right < left) | (bottom < top)
    is_empty = ~is_reversed & ((right == left) | (bottom == top))
    beyond = np.maximum.reduce([-left, -top, right - width, bottom - height])
    is_outside = beyond > OUTSIDE_TOLERANCE_PX  # false where the size is not known
    is_off = (right <= 0) | (bottom <= 0) | (left >= width) | (top >= height)
    is_off &= is_outside & ~is_reversed & ~is_empty
    scale = np.minimum(1, TRAINING_SIDE_PX / np.maximum(width, height))
    scale = np.where(np.isfinite(width), scale, 1)
    is_whole = ~is_reversed & ~is_empty & ~is_off
    is_tiny = is_whole & ((right - left) * (bottom - top) * scale**2 < TINY_PX)
    for faulty, kind, said in (
        (is_reversed, "reversed_box", "ends before it begins: training leaves it out"),
        (is_empty, "empty_box", "has no area: training leaves it out"),
        (is_off, "box_off_image", "lies wholly outside the image: training leaves it out"),
        (is_outside & ~is_off, "box_outside", "reaches beyond the image: training clips it"),
        (
            _has_short_ring(objects.table),
            "short_polygon",
            "has an outline of fewer than three points: training leaves that outline out",
        ),
        (_is_repeated(objects) & is_whole, "object_twice", "stands there twice"),
    ):
        for said_of, file, line in objects.told(faulty, said):
            yield warning(kind, said_of, file=file, line=line)
    for said_of, file, line in objects.told(is_tiny, "is of a few pixels only"):
        yield information("tiny_object", said_of, file=file, line=line)


def outline_findings(revision: Revision) -> Iterator[Finding]:
    """Name every object with an outline that crosses itself.

    Every edge is held against every other, which takes longer than all other checks of records.
    """
    objects = _Objects.of(revision)
    outlines = Outlines.of(objects.table["rings_xy"])
    crossed = np.zeros(objects.table.num_rows, dtype=np.bool_)
    crossed[outlines.rows[crossed_rings(outlines)]] = True
    said = "has an outline that crosses itself: what is inside is not clear"
    for said_of, file, line in objects.told(crossed, said):
        yield warning("crossed_polygon", said_of, file=file, line=line)


@dataclass(frozen=True)
class _Objects:
    """The objects of a revision in columns."""

    revision: Revision
    table: pa.Table

    @classmethod
    def of(cls, revision: Revision) -> _Objects:
        table = revision.annotations
        is_object = pc.is_in(table["kind"], value_set=pa.array(OBJECT_KINDS))
        if not pc.all(is_object).as_py():  # else all outlines would be copied for nothing
            table = table.filter(is_object)
        return cls(revision, table)

    @cached_property
    def corners(self) -> list[NDArray[np.float64]]:
        """Left, top, right and bottom."""
        return [self.table[name].to_numpy() for name in _SIDES]

    @cached_property
    def items(self) -> pa.ChunkedArray:
        """The place of each object's item."""
        ids = self.revision.items["item_id"].combine_chunks()
        return pc.index_in(self.table["item_id"], value_set=ids)

    @cached_property
    def sizes_wh(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Width and height of each object's image, infinite where they are not known."""
        sizes = []
        for name in ("width", "height"):
            column = pc.fill_null(self.revision.items[name].cast(pa.float64()), np.inf)
            sizes.append(column.take(self.items).to_numpy())
        further = pc.greater(pc.fill_null(self.table["image_index"], 0), 0).to_numpy()
        return np.where(further, np.inf, sizes[0]), np.where(further, np.inf, sizes[1])

    def told(self, faulty: NDArray[np.bool_], said: str) -> Iterator[tuple[str, str, int | None]]:
        """Yield what is said of each faulty object, with its file and line.

        Many are fetched at once: all objects may have the same fault, and each alone costs more
        than it takes to find the fault.
        """
        table, paths = self.table.select(_TOLD), self.revision.items["path"]
        places = np.flatnonzero(faulty)
        for start in range(0, len(places), _TOLD_AT_ONCE):
            some = pa.array(places[start : start + _TOLD_AT_ONCE])
            rows = table.take(some).to_pylist()
            for row, path in zip(rows, paths.take(self.items.take(some)).to_pylist(), strict=True):
                yield (
                    f"{path}: {self._called(row)} {said}",
                    row["source_file"] or path,
                    row["source_line"],
                )

    def _called(self, row: dict[str, Any]) -> str:
        index = row["class_index"]
        name = "" if index is None else f" of {self.revision.classes[index].name}"
        corners = ", ".join(f"{row[one]:g}" for one in _SIDES)
        called = f" {row['source_id']}" if row["source_id"] else ""
        return f"the {row['kind']}{called}{name} ({corners})"


def _has_short_ring(objects: pa.Table) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.zeros(objects.num_rows, dtype=np.bool_)
    rows_before = 0
    for chunk in objects["rings_xy"].chunks:  # as they are: joining them would copy all numbers
        numbers = pc.list_value_length(chunk.flatten()).to_numpy(zero_copy_only=False)
        found[rows_before + pc.list_parent_indices(chunk).to_numpy()[numbers < 6]] = True
        rows_before += len(chunk)
    return found


def _is_repeated(objects: _Objects) -> NDArray[np.bool_]:
    """Say of each object whether an earlier one of the same image is the same.

    Of a million objects all but a few are told apart by one number made of their fields.
    """
    table = objects.table
    fields = [column + 0.0 for column in objects.corners]  # minus zero is zero
    fields.append(pc.fill_null(table["class_index"], -1).to_numpy().astype(float))
    fields.append(pc.fill_null(table["image_index"], 0).to_numpy().astype(float))
    mixed = objects.items.to_numpy().astype(np.uint64)
    for field in fields:
        mixed = (mixed ^ field.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    alike = mixed[order][1:] == mixed[order][:-1]
    candidates = np.union1d(order[1:][alike], order[:-1][alike])
    repeated: NDArray[np.bool_] = np.zeros(table.num_rows, dtype=np.bool_)
    known: set[tuple[Any, ...]] = set()
    compared = ("item_id", "kind", "class_index", "image_index", "rings_xy", "rle_counts")
    names = (*compared, *_SIDES)
    if not len(candidates):
        return repeated
    rows = table.select(names).take(pa.array(candidates)).to_pylist()
    for place, row in zip(candidates, rows, strict=True):
        key = tuple(str(row[name]) for name in names)
        repeated[place] = key in known
        known.add(key)
    return repeated
