"""Semantic segmentation of datasets without masks: these are drawn of the objects' areas.

Nothing is written to the disk: the records keep the areas and how many pixels each class has, and
the training draws each mask when it reads the image.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import normalised
from model_playground.datasets.findings import information, left_out
from model_playground.datasets.formats.format import Draft
from model_playground.datasets.formats.image_classes import without_items
from model_playground.datasets.images import Advance
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    BACKGROUND,
    IGNORED_PIXEL_VALUE,
    OBJECT_KINDS,
    ClassRecord,
    Revision,
    Status,
    is_background,
)

_LOOKED_AT: tuple[Status, ...] = ("DONE", "TO REVIEW", "AUTO-LABELLED")
_ITEMS_AT_ONCE = 256


def prepared_for_drawing(draft: Draft) -> Draft:
    """Return a draft for segmentation that has no masks with what drawing them needs.

    That is a class for what is beside the objects, and for each item an area or the word that
    somebody looked at it.

    Raises:
        InvalidError: there is nothing to draw.
    """
    has_masks = any(item.mask_path for item in draft.items)
    if draft.task != "segmentation" or has_masks or not draft.items:
        return draft
    table = draft.annotations.table()
    table = table.filter(pc.is_in(table["kind"], value_set=pa.array(OBJECT_KINDS)))
    if not pc.any(pc.not_equal(table["kind"], "box")).as_py():
        raise InvalidError(
            "dataset.no_outlines",
            "{path} has neither masks nor outlines that can be read, and boxes do not say which "
            "pixels are of an object: outline the objects, or import it for another task",
            path=str(draft.root),
        )
    found = list(_ignored(table))
    labelled = set(np.unique(table["item"].to_numpy()).tolist())
    nothing_known = {
        place
        for place, item in enumerate(draft.items)
        if place not in labelled and item.status not in _LOOKED_AT
    }
    found += _without_outlines(draft, sorted(nothing_known))
    items, annotations = without_items(draft.items, draft.annotations, nothing_known)
    classes = draft.classes
    if not any(is_background(one.name) for one in classes):
        classes = _with_background(classes)
        annotations.renumber_classes(range(1, len(classes)))
    return replace(
        draft,
        items=items,
        annotations=annotations,
        classes=classes,
        findings=[*draft.findings, *found],
    )


def with_pixels_counted(revision: Revision, advance: Advance) -> Revision:
    """Return a revision that says how many pixels of its drawn masks each class has."""
    columns = (revision.items[name].to_pylist() for name in ("item_id", "width", "height"))
    areas = revision.areas(revision.item_ids)
    count = len(revision.classes)
    rows = []
    for number, (item_id, width, height) in enumerate(zip(*columns, strict=True)):
        if number % _ITEMS_AT_ONCE == 0:
            advance("Drawing masks", number, len(areas))
        mask = areas[item_id].mask((height, width))
        pixels = np.bincount(mask[mask >= 0], minlength=count)
        rows += [
            {
                "item_id": item_id,
                "kind": "mask_pixels",
                "class_index": int(index),
                "value": float(pixels[index]),
            }
            for index in np.flatnonzero(pixels)
        ]
    advance("Drawing masks", len(areas), len(areas))
    counted_pixels = pa.Table.from_pylist(rows, schema=ANNOTATION_SCHEMA)
    return replace(revision, annotations=pa.concat_tables([revision.annotations, counted_pixels]))


def _with_background(classes: Sequence[ClassRecord]) -> tuple[ClassRecord, ...]:
    """Put the background in front; where all classes have ids it gets the first free one."""
    taken = {one.source_id for one in classes} | {IGNORED_PIXEL_VALUE}
    free = next(number for number in itertools.count() if number not in taken)
    background = ClassRecord(0, BACKGROUND, None if None in taken else free)
    return background, *(replace(one, index=one.index + 1) for one in classes)


def _ignored(objects: pa.Table) -> Iterator[Finding]:
    """Say how many objects' pixels are ignored, and where the first of them is."""
    is_box = pc.equal(objects["kind"], "box")
    is_crowd = pc.and_(pc.fill_null(objects["crowd"], False), pc.invert(is_box))
    for chosen, one, many in (
        (is_box, "object has a box only", "objects have boxes only"),
        (is_crowd, "outline is of a crowd", "outlines are of crowds"),
    ):
        some = objects.filter(chosen)
        if some.num_rows:
            said = f"{counted(some.num_rows, one, many)}: the pixels inside are ignored"
            first = some.select(["source_file", "source_line"]).slice(0, 1).to_pylist()[0]
            file, line = first["source_file"] or "", first["source_line"]
            yield information("ignored_pixels", said, file=file, line=line)


def _without_outlines(draft: Draft, places: Sequence[int]) -> Iterator[Finding]:
    for item in (draft.items[place] for place in places):
        name = normalised(os.path.relpath(item.path, draft.root))
        said = (
            f"{name} has no outlines, and nothing says that it was looked at: it is left out of "
            "segmentation"
        )
        yield left_out("image_without_outlines", said, file=name)
