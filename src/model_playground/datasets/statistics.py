"""What a dataset holds, in figures: classes, sizes, objects per image, where they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.dataset_records import (
    ClassFigures,
    DatasetStatistics,
    SizeFigures,
    ValueFigures,
)
from model_playground.core.records import PARTS
from model_playground.datasets.records import OBJECT_KINDS, Revision

HEAT_CELLS = 24
"""Rows and columns of the map of box centres."""

MOST_SIZES = 12
MOST_TOGETHER = 14
_TABLE_COLUMNS = [
    "item_id",
    "kind",
    "class_index",
    "name",
    "value",
    "left",
    "top",
    "right",
    "bottom",
]


def statistics_of(revision: Revision) -> DatasetStatistics:
    """Count what a revision holds; only columns of numbers are looked at."""
    table = revision.annotations.select(_TABLE_COLUMNS)
    items = pc.index_in(table["item_id"], value_set=revision.items["item_id"].combine_chunks())
    places = items.to_numpy().astype(np.int64)
    classes = pc.fill_null(table["class_index"], -1).to_numpy().astype(np.int64)
    is_object = pc.is_in(table["kind"], value_set=pa.array(OBJECT_KINDS)).to_numpy()
    has = _has_class(revision, places, classes)
    objects = table.filter(pa.array(is_object))
    per_item = np.bincount(places[is_object], minlength=revision.items.num_rows)
    numbers, images = np.unique(per_item, return_counts=True)
    by_size = _sizes(revision)
    order = np.argsort(-has.sum(axis=0), kind="stable")[:MOST_TOGETHER]
    chosen = [int(one) for one in order if has[:, one].any()]
    among = has[:, chosen].astype(np.int64)
    names = [one.name for one in revision.classes]
    return DatasetStatistics(
        items=revision.items.num_rows,
        objects=int(is_object.sum()),
        classes=_classes(revision, table, classes, is_object, has),
        distinct_sizes=len(by_size),
        sizes=tuple(by_size[:MOST_SIZES]),
        unknown_sizes=int(revision.items["width"].null_count),
        partitions=_partitions(revision),
        objects_per_item=dict(zip(numbers.tolist(), images.tolist(), strict=True)),
        centres=_centres(revision, objects, places[is_object]),
        object_sizes=_object_sizes(objects),
        together=tuple(names[one] for one in chosen),
        together_items=tuple(tuple(row) for row in (among.T @ among).tolist()),
        values=tuple(_values(table, name) for name in revision.target_names),
    )


def _has_class(
    revision: Revision, places: NDArray[np.int64], classes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each item and class whether the item has it."""
    has: NDArray[np.bool_] = np.zeros((revision.items.num_rows, len(revision.classes)), dtype=bool)
    said = classes >= 0
    has[places[said], classes[said]] = True
    return has


def _classes(
    revision: Revision,
    table: pa.Table,
    classes: NDArray[np.int64],
    is_object: NDArray[np.bool_],
    has: NDArray[np.bool_],
) -> tuple[ClassFigures, ...]:
    count = len(revision.classes)
    objects = np.bincount(classes[is_object & (classes >= 0)], minlength=count)
    in_mask = pc.equal(table["kind"], "mask_pixels").to_numpy() & (classes >= 0)
    pixels = pc.fill_null(table["value"], 0.0).to_numpy()[in_mask]
    of_class = np.bincount(classes[in_mask], weights=pixels, minlength=count)
    items = has.sum(axis=0)
    return tuple(
        ClassFigures(
            name=one.name,
            items=int(items[one.index]),
            objects=int(objects[one.index]),
            pixels=int(of_class[one.index]),
        )
        for one in revision.classes
    )


def _sizes(revision: Revision) -> list[SizeFigures]:
    known = revision.items.filter(pc.is_valid(revision.items["width"]))
    counted = known.group_by(["width", "height"]).aggregate([("item_id", "count")]).to_pylist()
    counted.sort(key=lambda one: (-one["item_id_count"], -one["width"], -one["height"]))
    return [
        SizeFigures(width=one["width"], height=one["height"], items=one["item_id_count"])
        for one in counted
    ]


def _partitions(revision: Revision) -> dict[str, int]:
    counted = pc.value_counts(revision.items["partition"].drop_null()).to_pylist()
    items = {one["values"]: one["counts"] for one in counted}
    known = [part for part in PARTS if part in items]
    return {part: items[part] for part in dict.fromkeys((*known, *items))}


def _centres(
    revision: Revision, objects: pa.Table, places: NDArray[np.int64]
) -> tuple[tuple[int, ...], ...]:
    """Count the centres of the boxes by where they are in their images."""
    if not objects.num_rows:
        return ()
    shares = []
    for low, high, size in (("top", "bottom", "height"), ("left", "right", "width")):
        sizes = pc.fill_null(revision.items[size].cast(pa.float64()), np.nan).to_numpy()[places]
        shares.append((objects[low].to_numpy() + objects[high].to_numpy()) / 2 / sizes)
    known = np.isfinite(shares).all(axis=0)
    rows, columns = (np.clip(one[known] * HEAT_CELLS, 0, HEAT_CELLS - 1) for one in shares)
    cells = rows.astype(int) * HEAT_CELLS + columns.astype(int)
    counts = np.bincount(cells, minlength=HEAT_CELLS**2).reshape(HEAT_CELLS, HEAT_CELLS)
    return tuple(tuple(row) for row in counts.tolist())


def _object_sizes(objects: pa.Table) -> tuple[int, int, int]:
    corners = [objects[name].to_numpy() for name in ("left", "top", "right", "bottom")]
    left, top, right, bottom = corners
    area = (right - left) * (bottom - top)
    small, medium = int((area < 32**2).sum()), int((area < 96**2).sum())
    return small, medium - small, len(area) - medium


def _values(table: pa.Table, name: str) -> ValueFigures:
    rows = pc.and_(pc.equal(table["kind"], "value"), pc.equal(table["name"], name))
    values: NDArray[Any] = table.filter(rows)["value"].to_numpy()
    counts, edges = np.histogram(values, bins=min(20, max(1, len(np.unique(values)))))
    return ValueFigures(
        name=name,
        lowest=float(values.min()),
        median=float(np.median(values)),
        mean=float(values.mean()),
        highest=float(values.max()),
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
    )
