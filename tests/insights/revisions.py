"""Records of datasets that were never on a disk: rows put into the tables as an import does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    ITEM_SCHEMA,
    ClassRecord,
    Revision,
)

Row = Mapping[str, Any]


def revision_of(
    task: str,
    labels: Sequence[Sequence[Row]],
    *,
    classes: Sequence[str] = (),
    target_names: Sequence[str] = (),
    contents: Sequence[str | None] = (),
    size_wh: tuple[int, int] = (640, 480),
) -> Revision:
    """Return a revision with an item for each sequence of labels.

    Args:
        task: what the labels are for.
        labels: the annotations of each item, without its id.
        classes: the names of the classes.
        target_names: the names of the values.
        contents: the content hash of each image; each its own if none are given.
        size_wh: the size of every image.
    """
    width, height = size_wh
    items = [
        {
            "item_id": f"id{number}",
            "path": f"{number}.png",
            "content_hash": contents[number] if contents else f"hash{number}",
            "width": width,
            "height": height,
            "exif_orientation": 1,
        }
        for number in range(len(labels))
    ]
    annotations = [
        {"item_id": f"id{number}", **row} for number, rows in enumerate(labels) for row in rows
    ]
    return Revision(
        root=Path("/photos"),
        format="made up",
        task=task,
        classes=tuple(ClassRecord(index, name) for index, name in enumerate(classes)),
        target_names=tuple(target_names),
        items=pa.Table.from_pylist(items, schema=ITEM_SCHEMA),
        annotations=pa.Table.from_pylist(annotations, schema=ANNOTATION_SCHEMA),
    )


def classified(counts: Mapping[str, int], *, contents: Sequence[str | None] = ()) -> Revision:
    """Return images of some classes, so many of each."""
    labels = [
        [{"kind": "class", "class_index": index}]
        for index, count in enumerate(counts.values())
        for _ in range(count)
    ]
    return revision_of("classification", labels, classes=list(counts), contents=contents)


def valued(values: Sequence[float], *, name: str = "weight") -> Revision:
    """Return an image for each value."""
    labels = [[{"kind": "value", "name": name, "value": value}] for value in values]
    return revision_of("regression", labels, target_names=[name])


def masked(pixels: Sequence[Mapping[str, int]], classes: Sequence[str]) -> Revision:
    """Return an image with a mask for each count of pixels by class."""
    labels = [
        [
            {"kind": "mask_image", "path": f"mask{number}.png", "content_hash": f"mask{number}"},
            *(
                {"kind": "mask_pixels", "class_index": classes.index(name), "value": float(count)}
                for name, count in counted.items()
            ),
        ]
        for number, counted in enumerate(pixels)
    ]
    return revision_of("segmentation", labels, classes=classes)
