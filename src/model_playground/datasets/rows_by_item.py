"""A revision item by item, with all that is said of each: what writers of labels go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_playground.datasets.records import Revision

_ROWS_AT_ONCE = 4096

Row = dict[str, Any]


def rows_by_item(revision: Revision) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each item with its annotations, both as columns by name, in the order of the records.

    Only some thousands of rows exist as Python objects at a time.
    """
    table = revision.annotations
    places = pc.index_in(table["item_id"], value_set=revision.items["item_id"].combine_chunks())
    order = np.argsort(places.to_numpy(), kind="stable")
    counts = np.bincount(places.to_numpy(), minlength=revision.items.num_rows)
    annotations = _rows(table, order)
    items = _rows(revision.items, np.arange(revision.items.num_rows))
    for item, count in zip(items, counts.tolist(), strict=True):
        yield item, [next(annotations) for _ in range(count)]


def _rows(table: pa.Table, order: np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[Row]:
    for start in range(0, len(order), _ROWS_AT_ONCE):
        yield from table.take(pa.array(order[start : start + _ROWS_AT_ONCE])).to_pylist()
