"""Objects whose boxes or outlines cannot be meant as they stand. All of them are kept as they are:
the records say what the files say, and the training leaves out or clips what it cannot use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.records import Finding
from model_playground.datasets.findings import warning
from model_playground.datasets.records import OBJECT_KINDS, Revision

OUTSIDE_TOLERANCE_PX = 1.0
"""How far a box may reach beyond the image before it is worth a word: formats that count pixels
from 1, and rounded shares of the width, overshoot by so much."""


def geometry_findings(revision: Revision) -> Iterator[Finding]:
    """Name every object with an empty, reversed or outlying box, and outlines of no area."""
    objects = revision.annotations.filter(
        pc.is_in(revision.annotations["kind"], value_set=pa.array(OBJECT_KINDS))
    )
    if not objects.num_rows:
        return
    left, top, right, bottom = (
        objects[name].to_numpy() for name in ("left", "top", "right", "bottom")
    )
    width, height = _sizes(revision, objects)
    is_reversed = (right < left) | (bottom < top)
    is_empty = ~is_reversed & ((right == left) | (bottom == top))
    beyond = np.maximum.reduce([-left, -top, right - width, bottom - height])
    is_outside = beyond > OUTSIDE_TOLERANCE_PX  # false where the size is not known
    yield from _named(
        revision, objects, is_reversed, "reversed_box",
        "ends before it begins: training leaves it out",
    )  # fmt: skip
    yield from _named(
        revision, objects, is_empty, "empty_box", "has no area: training leaves it out"
    )
    yield from _named(
        revision, objects, is_outside, "box_outside",
        "reaches beyond the image: training clips it",
    )  # fmt: skip
    yield from _named(
        revision, objects, _has_short_ring(objects), "short_polygon",
        "has an outline of fewer than three points: training leaves that outline out",
    )  # fmt: skip


def _named(
    revision: Revision, objects: pa.Table, faulty: NDArray[np.bool_], kind: str, said: str
) -> Iterator[Finding]:
    rows = objects.take(pa.array(np.flatnonzero(faulty))).to_pylist()
    paths: dict[str, str] = {}
    if rows:
        ids = pa.array({row["item_id"] for row in rows}, pa.string())
        wanted = revision.items.filter(pc.is_in(revision.items["item_id"], value_set=ids))
        paths = dict(zip(wanted["item_id"].to_pylist(), wanted["path"].to_pylist(), strict=True))
    for row in rows:
        path = paths[row["item_id"]]
        name = revision.classes[row["class_index"]].name if row["class_index"] is not None else ""
        corners = ", ".join(f"{row[one]:g}" for one in ("left", "top", "right", "bottom"))
        called = f" {row['source_id']}" if row["source_id"] else ""
        yield warning(
            kind,
            f"{path}: the {row['kind']}{called} of {name} ({corners}) {said}",
            file=row["source_file"] or path,
            line=row["source_line"],
        )


def _sizes(revision: Revision, objects: pa.Table) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return width and height of each object's image, infinite where they are not known."""
    places = pc.index_in(objects["item_id"], value_set=revision.items["item_id"].combine_chunks())
    sizes = []
    for name in ("width", "height"):
        column = pc.fill_null(revision.items[name].cast(pa.float64()), np.inf)
        sizes.append(column.take(places).to_numpy())
    further = pc.greater(pc.fill_null(objects["image_index"], 0), 0).to_numpy()
    return np.where(further, np.inf, sizes[0]), np.where(further, np.inf, sizes[1])


def _has_short_ring(objects: pa.Table) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.zeros(objects.num_rows, dtype=np.bool_)
    rows_before = 0
    for rings in objects["rings_xy"].chunks:
        numbers = pc.list_value_length(rings.flatten()).to_numpy(zero_copy_only=False)
        parents = pc.list_parent_indices(rings).to_numpy()
        found[rows_before + parents[numbers < 6]] = True
        rows_before += len(rings)
    return found
