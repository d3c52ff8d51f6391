"""What a format reads into: items and annotations, before anybody looked into the images.

Items are records, annotations are columns: there may be a million of them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from model_playground.core.records import Finding
from model_playground.datasets.file_names import natural_order
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    AnnotationKind,
    ClassRecord,
    Status,
)

Box = tuple[float, float, float, float]
"""A box xyxy: left, top, right, bottom."""

Ring = Sequence[float]
"""The outline of an area: x, y, x, y, …"""

DRAFT_SCHEMA = pa.schema(
    [("item", pa.int32()), *(one for one in ANNOTATION_SCHEMA if one.name != "item_id")]
)
"""The columns of annotations as read: `item` is the place of the item in the draft's list."""

_ROWS_AT_ONCE = 8192


@dataclass(slots=True)
class DraftItem:
    """An image and its label as a format read them; paths are absolute.

    Args:
        path: the image, or the first of several.
        class_name: the one class of the image.
        values: its values, in the order of the draft's `target_names`.
        mask_path: its mask.
        columns: further columns of a table, as text.
        source_file: where the label was read, relative to the draft's root.
        source_line: on which line, from 1.
        partition: the part that the source puts it in: train, validation, test or its own word.
        status: how far it is labelled, where the source says so.
        size_wh: the size of the upright image, where the source says it.
        further_paths: more images of the same item, such as the other views of a house.
        item_id: its id, where the source keeps ids that are ours.
    """

    path: str
    class_name: str | None = None
    values: tuple[float, ...] = ()
    mask_path: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    source_file: str = ""
    source_line: int | None = None
    partition: str | None = None
    status: Status | None = None
    size_wh: tuple[int, int] | None = None
    further_paths: tuple[str, ...] = ()
    item_id: str | None = None


class DraftAnnotations:
    """Annotations in columns: added one by one, or many at once with `extend`.

    Coordinates are pixels from the left upper corner of the upright image, boxes xyxy; in a draft
    that is `relative` they are shares of its width and height. What the files say is added as it
    stands, reversed or empty boxes too: the import reports these, the same way for every format.

    Example:
        >>> annotations = DraftAnnotations()
        >>> annotations.add_box(0, (1.0, 2.0, 5.0, 8.0), class_index=1, source_line=7)
        >>> annotations.table()["right"].to_pylist()
        [5.0]
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []

    def add_tag(
        self, item: int, *, class_index: int, source_file: str = "", source_line: int | None = None
    ) -> None:
        """Add one of the several classes of an image."""
        self._add("tag", item, class_index, source_file=source_file, source_line=source_line)

    def add_box(
        self,
        item: int,
        box_xyxy: Box,
        *,
        class_index: int,
        crowd: bool = False,
        area: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        image_index: int | None = None,
        source_file: str = "",
        source_line: int | None = None,
        source_id: str | None = None,
    ) -> None:
        """Add an object by its box."""
        self._add(
            "box",
            item,
            class_index,
            **_corners(box_xyxy),
            crowd=crowd or None,
            area=area,
            attributes=attributes_text(attributes),
            image_index=image_index,
            source_file=source_file,
            source_line=source_line,
            source_id=source_id,
        )

    def add_polygon(
        self,
        item: int,
        rings_xy: Sequence[Ring],
        *,
        class_index: int,
        box_xyxy: Box | None = None,
        crowd: bool = False,
        area: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        image_index: int | None = None,
        source_file: str = "",
        source_line: int | None = None,
        source_id: str | None = None,
    ) -> None:
        """Add an object by its outlines, one ring for each of its pieces; the box is around them.

        Args:
            item: the place of the item in the draft.
            rings_xy: at least one ring, each x, y, x, y, …
            class_index: the class.
            box_xyxy: the box, where the source says it; else it is the one around the rings.
            crowd: many objects in one.
            area: of the object, where the source says it.
            attributes: what else is said of it.
            image_index: of several images of an item, which: 0 is the first.
            source_file: where it was read, relative to the root.
            source_line: on which line.
            source_id: what the source calls it by.
        """
        self._add(
            "polygon",
            item,
            class_index,
            **_corners(box_xyxy if box_xyxy is not None else box_around(rings_xy)),
            rings_xy=[list(ring) for ring in rings_xy],
            crowd=crowd or None,
            area=area,
            attributes=attributes_text(attributes),
            image_index=image_index,
            source_file=source_file,
            source_line=source_line,
            source_id=source_id,
        )

    def add_rle(
        self,
        item: int,
        counts: str,
        size_hw: tuple[int, int],
        box_xyxy: Box,
        *,
        class_index: int,
        crowd: bool = False,
        area: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        source_file: str = "",
        source_line: int | None = None,
        source_id: str | None = None,
    ) -> None:
        """Add an object by its pixels: run lengths down the columns, as COCO compresses them.

        `run_lengths.compressed` makes them of numbers, `run_lengths.of_mask` of a mask.
        """
        self._add(
            "rle",
            item,
            class_index,
            **_corners(box_xyxy),
            rle_counts=counts,
            mask_height=size_hw[0],
            mask_width=size_hw[1],
            crowd=crowd or None,
            area=area,
            attributes=attributes_text(attributes),
            source_file=source_file,
            source_line=source_line,
            source_id=source_id,
        )

    def add_segment(
        self,
        item: int,
        pixel_value: int,
        *,
        class_index: int,
        box_xyxy: Box | None = None,
        crowd: bool = False,
        area: float | None = None,
        source_file: str = "",
        source_line: int | None = None,
        source_id: str | None = None,
    ) -> None:
        """Add a segment of the item's panoptic mask by its number there."""
        self._add(
            "segment",
            item,
            class_index,
            **(_corners(box_xyxy) if box_xyxy is not None else {}),
            pixel_value=pixel_value,
            crowd=crowd or None,
            area=area,
            source_file=source_file,
            source_line=source_line,
            source_id=source_id,
        )

    def extend(self, columns: Mapping[str, Any]) -> None:
        """Add many annotations at once: columns of DRAFT_SCHEMA as arrays; those left out are null.

        `item` and `kind` are needed.
        """
        rows = len(columns["item"])
        arrays = [
            pa.nulls(rows, one.type) if columns.get(one.name) is None else _array(columns, one)
            for one in DRAFT_SCHEMA
        ]
        self._flush()
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=DRAFT_SCHEMA))

    def table(self) -> pa.Table:
        """Return all annotations, in the order in which they were added."""
        self._flush()
        return pa.Table.from_batches(self._batches, schema=DRAFT_SCHEMA)

    def taken(self) -> Iterator[pa.RecordBatch]:
        """Yield all annotations and keep none: there can be too many of them to have them twice."""
        self._flush()
        batches, self._batches = deque(self._batches), []
        while batches:
            yield batches.popleft()

    def renumber_classes(self, new_index: Sequence[int]) -> None:
        """Give every class the index that stands at the place of its present one."""
        self._flush()
        place = DRAFT_SCHEMA.get_field_index("class_index")
        numbers = pa.array(new_index, pa.int32())
        self._batches = [
            batch.set_column(place, DRAFT_SCHEMA.field(place), numbers.take(batch.column(place)))
            for batch in self._batches
        ]

    def _add(self, kind: AnnotationKind, item: int, class_index: int, **said: Any) -> None:
        self._rows.append({"item": item, "kind": kind, "class_index": class_index, **said})
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            for row in rows:
                row["source_file"] = row["source_file"] or None
            said = set[str]().union(*rows)
            self.extend({one: [row.get(one) for row in rows] for one in said})


class ClassNames:
    """Classes that a format meets by name: numbered as they come, sorted when all are known.

    Example:
        >>> names = ClassNames()
        >>> names.index("zebra"), names.index("ant"), names.index("zebra")
        (0, 1, 0)
        >>> [one.name for one in names.sorted(DraftAnnotations())]
        ['ant', 'zebra']
    """

    def __init__(self) -> None:
        self._indices: dict[str, int] = {}

    def index(self, name: str) -> int:
        """Return the present number of a class; a new one gets the next."""
        return self._indices.setdefault(name, len(self._indices))

    def sorted(self, annotations: DraftAnnotations) -> tuple[ClassRecord, ...]:
        """Return the classes in natural order and renumber the annotations accordingly."""
        names = sorted(self._indices, key=natural_order)
        places = {name: place for place, name in enumerate(names)}
        annotations.renumber_classes([places[name] for name in self._indices])
        return tuple(ClassRecord(index, name) for index, name in enumerate(names))


@dataclass
class Draft:
    """What a format read. Findings that are errors stand for items that could not be read.

    Args:
        root: the items' paths start here if all are under it.
        task: what the labels are for first of all; what else they serve is derived.
        items: the images.
        classes: with contiguous indices, in order; the files' own ids as `source_id`.
        target_names: the names of the values.
        findings: every fault and every decision, with file and line.
        annotations: objects and tags.
        relative: coordinates are shares of the image's width and height.
        image_folders: where images may stand besides the root; each was found fit by the format.
        ignored_pixel_values: of masks, the values that are known to stand for no class.
        masks_number_segments: the pixels of masks are the numbers of segments, not class ids.
    """

    root: Path
    task: str
    items: list[DraftItem]
    classes: tuple[ClassRecord, ...] = ()
    target_names: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    relative: bool = False
    image_folders: tuple[Path, ...] = ()
    ignored_pixel_values: tuple[int, ...] = ()
    masks_number_segments: bool = False


def box_around(rings_xy: Iterable[Ring]) -> Box:
    """Return the box xyxy around outlines.

    >>> box_around([[1, 2, 5, 2, 5, 8]])
    (1.0, 2.0, 5.0, 8.0)
    """
    points = np.concatenate([np.asarray(ring, dtype=float) for ring in rings_xy])
    xs, ys = points[0::2], points[1::2]
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def attributes_text(attributes: Mapping[str, Any] | None) -> str | None:
    """Return attributes as records keep them, or nothing if there are none."""
    if not attributes:
        return None
    return json.dumps(attributes, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _corners(box_xyxy: Box) -> dict[str, float]:
    return dict(zip(("left", "top", "right", "bottom"), map(float, box_xyxy), strict=True))


def _array(columns: Mapping[str, Any], wanted: pa.Field) -> pa.Array:
    given = columns[wanted.name]
    if not isinstance(given, pa.Array):
        is_encoded = pa.types.is_dictionary(wanted.type)
        given = pa.array(given, wanted.type.value_type if is_encoded else wanted.type)
    if pa.types.is_dictionary(wanted.type) and not pa.types.is_dictionary(given.type):
        given = given.dictionary_encode()
    return given.cast(wanted.type)
