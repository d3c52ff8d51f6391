"""How many pixels each class has in the masks of some items, counted once when they were read."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from model_playground.datasets.records import Revision


def pixel_counts(revision: Revision, item_ids: Collection[str]) -> dict[str, int]:
    """Return for each class its pixels in the masks of these items, none left out."""
    table = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_pixels"))
    table = table.filter(pc.is_in(table["item_id"], value_set=pa.array(item_ids, pa.string())))
    summed = table.group_by("class_index").aggregate([("value", "sum")])
    counts = dict(
        zip(summed["class_index"].to_pylist(), summed["value_sum"].to_pylist(), strict=True)
    )
    return {one.name: int(counts.get(one.index, 0)) for one in revision.classes}
