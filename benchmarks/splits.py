"""How long a split of a million items takes: dividing them, and keeping the parts.

Every item has three boxes of 80 classes, and every fifth image a near-duplicate.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from model_playground.core.records import SplitPlan
from model_playground.datasets.near_duplicates import NearDuplicates
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    ITEM_SCHEMA,
    ClassRecord,
    Revision,
)
from model_playground.datasets.splits.division import divide
from model_playground.store.datasets import add_revision
from model_playground.store.splits import add_split
from model_playground.store.workspace import Workspace

ITEMS, CLASSES, BOXES = 1_000_000, 80, 3

PLANS = {
    "random (the default)": SplitPlan(),
    "stratified": SplitPlan(stratify=True),
    "grouped by a column": SplitPlan(group_by=("site",)),
    "both": SplitPlan(stratify=True, group_by=("site",)),
}


def large_revision() -> Revision:
    """Make the records of a large dataset; its classes are as uneven as those of real ones."""
    chance = np.random.default_rng(0)
    of_items = {
        "item_id": [f"{number * 2654435761 % 2**64:016x}" for number in range(ITEMS)],
        "path": [f"images/{number:012d}.jpg" for number in range(ITEMS)],
        "content_hash": [f"{number:064x}" for number in range(ITEMS)],
    }
    items = _table(ITEM_SCHEMA, of_items, ITEMS)
    sites = chance.integers(0, ITEMS // 4, ITEMS)
    frequencies = 1 / np.arange(1, CLASSES + 1)
    boxes = ITEMS * BOXES
    of_boxes = {
        "item_id": items["item_id"].take(pa.array(np.repeat(np.arange(ITEMS), BOXES))),
        "kind": pa.array(["box"]).take(pa.array(np.zeros(boxes, np.int64))),
        "class_index": chance.choice(CLASSES, boxes, p=frequencies / frequencies.sum()),
    }
    return Revision(
        root=Path("/images"),
        format="coco",
        task="detection",
        classes=tuple(ClassRecord(index, f"class {index}") for index in range(CLASSES)),
        target_names=(),
        items=items.append_column("site", pa.array(sites).cast(pa.string())),
        annotations=_table(ANNOTATION_SCHEMA, of_boxes, boxes),
    )


def _table(schema: pa.Schema, columns: dict[str, object], rows: int) -> pa.Table:
    filled = {
        one.name: pa.chunked_array([pa.array(columns[one.name], one.type)])
        if isinstance(columns.get(one.name), list | np.ndarray)
        else columns.get(one.name, pa.nulls(rows, one.type))
        for one in schema
    }
    return pa.table(filled)


def main() -> None:
    """Print the time of each plan, of the processor and on the clock."""
    revision = large_revision()
    contents = revision.items["content_hash"].to_pylist()
    near = NearDuplicates(
        tuple((contents[one], contents[one + 1]) for one in range(0, ITEMS // 5, 2))
    )
    parts = {}
    print(f"{ITEMS:,} items, {ITEMS * BOXES:,} boxes of {CLASSES} classes")
    for name, plan in PLANS.items():
        clock, processor = time.perf_counter(), time.process_time()
        (division,) = divide(revision, plan, near=near)
        parts = division.parts
        distance = max(division.report.largest_distance.values())
        print(
            f"  {name:22} {time.perf_counter() - clock:5.1f} s"
            f" ({time.process_time() - processor:.1f} s of the processor),"
            f" largest distance of a class {distance:.2f} percentage points"
        )
    with tempfile.TemporaryDirectory() as folder:
        store = Workspace(folder).store
        add_revision(
            store,
            name="large",
            revision_hash="1",
            task="detection",
            root="/images",
            format_name="coco",
            classes=(),
            class_counts={},
            target_names=(),
            columns=(),
            item_ids=revision.item_ids,
        )
        clock, processor = time.perf_counter(), time.process_time()
        add_split(
            store,
            name="large-1",
            dataset_name="large",
            revision_hash="1",
            strategy="random",
            seed=0,
            parts=parts,
            class_counts={},
        )
        print(
            f"  {'keeping the parts':22} {time.perf_counter() - clock:5.1f} s"
            f" ({time.process_time() - processor:.1f} s of the processor)"
        )


if __name__ == "__main__":
    main()
