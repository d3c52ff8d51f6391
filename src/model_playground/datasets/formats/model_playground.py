"""Our own export: everything that the records hold, in files that one can read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.box_columns import LARGEST_SIDE
from model_playground.datasets.file_names import is_inside, located, normalised
from model_playground.datasets.findings import blocking
from model_playground.datasets.formats.draft import attributes_text
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Export,
    Held,
    ReadOptions,
    WritableFormat,
)
from model_playground.datasets.json_files import UNREADABLE
from model_playground.datasets.records import OBJECT_KINDS, TASKS, ClassRecord, Status
from model_playground.datasets.rows_by_item import Row, rows_by_item
from model_playground.datasets.run_lengths import counts_of

VERSION = 1
_FORMAT = "model-playground"
_FILES = "files"
_LABELS = "items.jsonl"
_HEAD = "dataset.json"
_ROWS_AT_ONCE = 8192

_Line = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Side = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Name = Annotated[str, msgspec.Meta(min_length=1)]


_Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Class(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    source_id: _Id | None = None


class _Head(msgspec.Struct, omit_defaults=True):
    format: str
    version: int
    task: str
    classes: list[_Class]
    target_names: list[str] = []
    columns: list[str] = []
    ignored_pixel_values: list[_Id] = []


class _Source(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    file: str = ""
    line: _Line | None = None
    id: str | None = None


class _RunLengths(msgspec.Struct, forbid_unknown_fields=True):
    size: tuple[_Side, _Side]  # height, width
    counts: str


class _Annotation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    kind: Literal["tag", "box", "polygon", "rle", "segment"]
    class_name: str = msgspec.field(name="class")
    box: tuple[float, float, float, float] | None = None
    rings: list[list[float]] | None = None
    rle: _RunLengths | None = None
    pixel_value: _Id | None = None
    area: float | None = None
    crowd: bool = False
    image_index: Annotated[int, msgspec.Meta(ge=0, lt=2**15)] | None = None
    attributes: dict[str, Any] = {}
    source: _Source | None = None


class _Item(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    image: _Name
    width: _Side | None = None
    height: _Side | None = None
    partition: str | None = None
    status: Status | None = None
    further_images: list[_Name] = []
    class_name: str | None = msgspec.field(name="class", default=None)
    values: dict[str, float] = {}
    mask: str | None = None
    columns: dict[str, str] = {}
    source: _Source | None = None
    annotations: list[_Annotation] = []


_HEAD_DECODER = msgspec.json.Decoder(_Head)
_ITEM_DECODER = msgspec.json.Decoder(_Item)


@FORMATS.register
class ModelPlayground(WritableFormat):
    """Our own export: everything that the records hold, so that importing it gives the same again.

    `dataset.json` says what the labels are for and names the classes in order. `items.jsonl` has a
    line of JSON for each item, in the order of the records: its image, class, values, mask, the
    columns of a table, and its annotations, each with the file and the line that it once came from.
    What is not said is left out of a line. Boxes are left, top, right, bottom in pixels of the
    upright image; outlines are x, y, x, y, …; run lengths are as COCO compresses them. Images and
    masks are under `files`, by the paths that they had.
    """

    name = "model_playground"
    title = "Model Playground"
    tasks: ClassVar[tuple[str, ...]] = TASKS
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`task`, `classes`, `target_names`", "the same", "the same"),
        Held("`id`, `status`, `partition`", "the same: items keep their ids", "the same"),
        Held("`image`, `further_images`", "the item's images", "the same; copied to `files`"),
        Held("`class`, `values`, `columns`", "the same", "the same"),
        Held("`mask`", "the item's mask, counted anew", "the same; copied to `files`"),
        Held("`annotations`", "tags, boxes, polygons, run lengths, segments", "the same"),
        Held("`source`", "the file, line and id of the first source", "the same"),
    )
    several_images: ClassVar[bool] = True
    is_certain: ClassVar[bool] = True

    def detect(self, path: Path) -> str | None:
        folder = _folder(path)
        return f"{_HEAD} says `format: {_FORMAT}`" if folder else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        folder = _folder(path) or path
        head = _read_head(folder / _HEAD)
        if task is not None and task != head.task:
            raise InvalidError(
                "export.task",
                "{file} is for {task}, not for {asked}: leave --task out, what else the labels "
                "serve is found out",
                file=str(folder / _HEAD),
                task=head.task,
                asked=task,
            )
        reading = _Reading(folder / _FILES, head)
        reading.add_lines(folder / _LABELS)
        return Draft(
            root=folder / _FILES,
            task=head.task,
            items=reading.items,
            classes=tuple(
                ClassRecord(index, one.name, one.source_id)
                for index, one in enumerate(head.classes)
            ),
            target_names=tuple(head.target_names),
            findings=reading.findings,
            annotations=reading.annotations,
            ignored_pixel_values=tuple(head.ignored_pixel_values),
            masks_number_segments=reading.has_segments,
        )

    def image_path(self, path: str, partition: str | None) -> str:
        """Return files/…, by the path that it had."""
        return f"{_FILES}/{path.removeprefix(f'{_FILES}/')}"

    def mask_path(self, path: str, partition: str | None) -> str | None:
        """Return files/…, by the path that it had."""
        return self.image_path(path, partition)

    def write(self, export: Export) -> None:
        revision = export.revision
        head = _Head(
            format=_FORMAT,
            version=VERSION,
            task=revision.task,
            classes=[_Class(one.name, one.source_id) for one in revision.classes],
            target_names=list(revision.target_names),
            columns=list(revision.columns),
            ignored_pixel_values=list(revision.ignored_pixel_values),
        )
        text = msgspec.json.format(msgspec.json.encode(head), indent=1)
        (export.folder / _HEAD).write_bytes(text + b"\n")
        encoder = msgspec.json.Encoder()
        with (export.folder / _LABELS).open("wb") as file:
            for item in _items(export):
                file.write(encoder.encode(item) + b"\n")


# Reading


def _folder(path: Path) -> Path | None:
    """Return the folder of an export, which may be given by its folder or by its head."""
    folder = path.parent if path.name == _HEAD and path.is_file() else path
    try:
        with (folder / _HEAD).open("rb") as file:
            start = file.read(4096)
    except OSError:
        return None
    return folder if b'"format"' in start and f'"{_FORMAT}"'.encode() in start else None


def _read_head(path: Path) -> _Head:
    try:
        head = _HEAD_DECODER.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except UNREADABLE as error:
        raise _unreadable(path, str(error)) from None
    if head.version > VERSION:
        raise _unreadable(path, "a newer version of Model Playground wrote it: update this one")
    if head.task not in TASKS:
        raise _unreadable(path, f"there is no task {head.task!r}; there are {', '.join(TASKS)}")
    for what, names in (
        ("classes", [one.name for one in head.classes]),
        ("target_names", head.target_names),
        ("columns", head.columns),
    ):
        if len(set(names)) < len(names):
            raise _unreadable(path, f"a name stands twice in its {what}")
    return head


def _unreadable(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "export.unreadable", "the export {file} cannot be read: {why}", file=str(path), why=why
    )


@dataclass
class _Reading:
    """What has been read of the lines of items."""

    root: Path
    head: _Head
    items: list[DraftItem] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    findings: list[Finding] = field(default_factory=list)
    has_segments: bool = False
    _lines: dict[str, int] = field(default_factory=dict)  # of ids
    _rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._class_index = {one.name: place for place, one in enumerate(self.head.classes)}

    def add_lines(self, path: Path) -> None:
        """Read the file of items; what is wrong with a line blocks that item."""
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        self._add_line(line, number)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        self.flush()

    def flush(self) -> None:
        """Add the annotations that are still rows to those in columns."""
        if self._rows:
            rows, self._rows = self._rows, []
            self.annotations.extend({name: [row[name] for row in rows] for name in rows[0]})

    def _add_line(self, line: bytes, number: int) -> None:
        try:
            item = _ITEM_DECODER.decode(line.removeprefix(b"\xef\xbb\xbf"))
            self._check(item)
        except (*UNREADABLE, ValueError, OSError) as error:
            said = f"line {number} of {_LABELS}: {error}"
            self.findings.append(blocking("bad_image_record", said, file=_LABELS, line=number))
            return
        self._lines[item.id] = number
        place = len(self.items)
        source = item.source or _Source()
        self.items.append(
            DraftItem(
                path=self._path(item.image),
                class_name=item.class_name,
                values=tuple(item.values[one] for one in self.head.target_names)
                if item.values
                else (),
                mask_path=None if item.mask is None else self._path(item.mask),
                columns=item.columns,
                source_file=source.file,
                source_line=source.line,
                partition=item.partition,
                status=item.status,
                size_wh=(item.width, item.height) if item.width and item.height else None,
                further_paths=tuple(map(self._path, item.further_images)),
                item_id=item.id,
            )
        )
        self._rows += [self._row(place, one) for one in item.annotations]
        self.has_segments |= any(one.kind == "segment" for one in item.annotations)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self.flush()

    def _check(self, item: _Item) -> None:
        """Raise a ValueError if the records could not hold an item."""
        if item.id in self._lines:
            raise ValueError(f"the id {item.id} stands on line {self._lines[item.id]} too")
        for path in (item.image, *item.further_images, *((item.mask,) if item.mask else ())):
            full = self._path(path)
            if normalised(os.path.normpath(path)) != path or not is_inside(full, self.root):
                raise ValueError(f"{path} is no path in {_FILES}")
            if not os.path.isfile(full):
                raise ValueError(f"there is no file {_FILES}/{path}")
        if item.class_name is not None and item.class_name not in self._class_index:
            raise ValueError(f"{_HEAD} names no class {item.class_name!r}")
        if item.values and item.values.keys() != set(self.head.target_names):
            raise ValueError(f"its values are not those that {_HEAD} names")
        if unknown := item.columns.keys() - set(self.head.columns):
            raise ValueError(f"{_HEAD} names no column {min(unknown)!r}")
        for one in item.annotations:
            if one.class_name not in self._class_index:
                raise ValueError(f"{_HEAD} names no class {one.class_name!r}")
            if (one.image_index or 0) > len(item.further_images):
                raise ValueError(
                    f"an annotation is of image {one.image_index}: it has no image "
                    f"{one.image_index}"
                )
            _check_shape(one)

    def _path(self, path: str) -> str:
        return str(located(self.root, path))

    def _row(self, place: int, one: _Annotation) -> Row:
        source = one.source or _Source()
        left, top, right, bottom = one.box or (None, None, None, None)
        height, width = one.rle.size if one.rle else (None, None)
        return {
            "item": place,
            "kind": one.kind,
            "class_index": self._class_index[one.class_name],
            "left": left,
            "top": top,
            "right": right,
            "bottom": bottom,
            "rings_xy": one.rings,
            "rle_counts": one.rle.counts if one.rle else None,
            "mask_height": height,
            "mask_width": width,
            "area": one.area,
            "crowd": one.crowd or None,
            "pixel_value": one.pixel_value,
            "image_index": one.image_index,
            "attributes": attributes_text(one.attributes),
            "source_file": source.file or None,
            "source_line": source.line,
            "source_id": source.id,
        }


def _check_shape(one: _Annotation) -> None:
    """Raise a ValueError if an annotation lacks what its kind is known by."""
    needed = {"polygon": one.rings, "rle": one.rle, "segment": one.pixel_value}
    if needed.get(one.kind, True) is None:
        raise ValueError(f"an annotation of the kind {one.kind} does not say where it is")
    if one.kind in OBJECT_KINDS and one.box is None:
        raise ValueError(f"an annotation of the kind {one.kind} has no box")
    numbers = [*(one.box or ()), *(number for ring in one.rings or () for number in ring)]
    if not all(abs(number) <= LARGEST_SIDE for number in numbers):
        raise ValueError("a number is too large for a coordinate")
    if any(len(ring) % 2 for ring in one.rings or ()):
        raise ValueError("an outline has an odd number of coordinates")
    if one.rle is not None:
        pixels = sum(counts_of(one.rle.counts))
        if pixels != one.rle.size[0] * one.rle.size[1]:
            raise ValueError(f"run lengths of {pixels} pixels do not fill {one.rle.size}")


# Writing


def _items(export: Export) -> Iterator[_Item]:
    names = [one.name for one in export.revision.classes]
    columns = export.revision.columns
    for row, said in rows_by_item(export.revision):
        item = _Item(
            id=row["item_id"],
            image=_in_files(export.paths[row["path"]]),
            width=row["width"],
            height=row["height"],
            partition=row["partition"],
            status=export.statuses.get(row["item_id"]),
            further_images=[
                _in_files(export.paths[one["path"]]) for one in row["further_images"] or ()
            ],
            columns={name: row[name] for name in columns if row[name] is not None},
        )
        for one in said:
            _say(item, one, names, export)
        yield item


def _in_files(path: str) -> str:
    return path.removeprefix(f"{_FILES}/")


def _say(item: _Item, row: Row, names: Sequence[str], export: Export) -> None:
    """Put an annotation into the line of its item."""
    source = _Source(row["source_file"] or "", row["source_line"], row["source_id"])
    said = None if source == _Source() else source
    kind = row["kind"]
    if kind == "mask_pixels":  # these are counted anew
        return
    if kind in ("class", "value", "mask_image"):
        item.source = said
        if kind == "class":
            item.class_name = names[row["class_index"]]
        elif kind == "value":
            item.values[row["name"]] = row["value"]
        else:
            item.mask = _in_files(export.paths[row["path"]])
        return
    box = tuple(row[one] for one in ("left", "top", "right", "bottom"))
    counts, size_hw = row["rle_counts"], (row["mask_height"], row["mask_width"])
    item.annotations.append(
        _Annotation(
            kind=kind,
            class_name=names[row["class_index"]],
            box=None if None in box else box,
            rings=row["rings_xy"],
            rle=None if counts is None else _RunLengths(size_hw, counts),
            pixel_value=row["pixel_value"],
            area=row["area"],
            crowd=bool(row["crowd"]),
            image_index=row["image_index"],
            attributes=json.loads(row["attributes"] or "{}"),
            source=said,
        )
    )
