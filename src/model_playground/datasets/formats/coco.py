"""COCO: one JSON file of images, categories and objects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.coordinates import DECIMALS, rounded
from model_playground.datasets.file_names import NamedImages, subfolders
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import ClassNames, attributes_text, box_around
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Export,
    Held,
    ReadOptions,
    WritableFormat,
)
from model_playground.datasets.formats.image_classes import ImageClasses, without_items
from model_playground.datasets.json_columns import columns
from model_playground.datasets.json_files import (
    RECOGNISED_BY,
    UNREADABLE,
    JsonFile,
    ends_of_json,
    json_files_in,
)
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import OBJECT_KINDS, ClassRecord, Revision

_SLICE = 16_384  # annotations that are Python objects at a time
_KEYS = ("images", "annotations", "categories")
_READ_KEYS = {
    *("id", "image_id", "category_id", "bbox", "segmentation", "area", "iscrowd", "attributes"),
    *("score", "ignore"),
}

Id = int | str


class _Image(msgspec.Struct):
    id: Id
    file_name: str
    width: float | None = None
    height: float | None = None


class _Category(msgspec.Struct):
    id: Id
    name: str


class _RunLengths(msgspec.Struct):
    size: list[int]
    counts: str | list[int]


class _Annotation(msgspec.Struct, gc=False):
    image_id: Id
    category_id: Id
    id: Id | None = None
    bbox: list[float] | None = None
    segmentation: list[list[float]] | _RunLengths | None = None
    area: float | None = None
    iscrowd: int | bool | None = None
    attributes: dict[str, Any] | None = None


class _File(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[_Category]


class _CategoriesAlone(msgspec.Struct):
    categories: list[msgspec.Raw]


_PLAIN = pa.schema(
    [
        ("id", pa.int64()),
        ("image_id", pa.int64()),
        ("category_id", pa.int64()),
        ("bbox", pa.list_(pa.float64())),
        ("segmentation", pa.list_(pa.list_(pa.float64()))),
        ("area", pa.float64()),
        ("iscrowd", pa.int64()),
    ]
)
"""An annotation as nearly all are: run lengths, attributes and ids that are texts are not here."""

_ANNOTATIONS = msgspec.json.Decoder(list[_Annotation])
_ANNOTATION = msgspec.json.Decoder(_Annotation)
_IMAGE = msgspec.json.Decoder(_Image)


def check_categories(path: Path, name: str, ids: Sequence[Id], names: Sequence[str]) -> None:
    """Refuse a file in which an id or a name stands for two categories.

    Raises:
        InvalidError: one does; it names both lines.
    """
    for what, values in (("id", ids), ("name", names)):
        if len(set(values)) < len(values):
            first_of: dict[Id, int] = {}
            second = next(
                place for place, one in enumerate(values) if first_of.setdefault(one, place) < place
            )
            file = JsonFile(path, name)
            pieces = file.decoded(_CategoriesAlone).categories
            raise InvalidError(
                "coco.category_twice",
                "line {line} of {file}: the category has the {what} {value}, as that on line "
                "{first} has: it is unclear which is meant. Give each its own",
                file=str(path),
                what=what,
                value=values[second],
                line=file.line_of(pieces[second]),
                first=file.line_of(pieces[first_of[values[second]]]),
            )


@FORMATS.register
class Coco(WritableFormat):
    """A COCO JSON file of images, categories and objects: boxes, polygons or run lengths.

    The images stand in the file's folder or in folders inside it. A folder is read too, with all
    the COCO files in it, in its folder `annotations`, or in folders train, valid and test; where a
    file or its folder is named after a part, such as `instances_val2017.json`, the part is kept as
    the partition. Of files that stand together, those of captions are not read, nor those of key
    points where others have the objects. Category ids need not be contiguous: they are kept beside
    indices that are. Boxes are x, y, width, height on disk. Where no annotation has a box or an
    outline, as in iNaturalist, each says a class of its whole image.
    """

    name = "coco"
    title = "COCO JSON"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging", "classification"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`bbox`", "a box; x, y, width, height become left, top, right, bottom", "the same"),
        Held("`segmentation` as polygons", "polygons, all rings of an object", "the same"),
        Held("`segmentation` as run lengths", "run lengths, compressed or not", "compressed"),
        DRAWN_MASKS,
        Held("`iscrowd`, `attributes`", "attributes of the object", "the same"),
        Held("`categories`", "classes in the order of their ids; ids are kept", "the same"),
        Held("`width`, `height`", "compared with the image's own", "the image's own"),
        Held(
            "`instances_val….json` and alike, folders train, valid, test",
            "the partition",
            "one file a partition",
        ),
        Held(
            "annotations without shapes, where none has one",
            "the one class of the image, or tags where an image has several",
        ),
        Held("key points, files of captions", "not read, reported"),
        Held("an image that no file names", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        files = _files(path, at_most=RECOGNISED_BY)
        if not files:
            return None
        top = path if path.is_dir() else path.parent
        named = [one.relative_to(top).as_posix() for one in files[:3]]
        has = "has" if len(named) == 1 else "have"
        return f"{' and '.join(named)} {has} the keys {', '.join(_KEYS)}"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError(
                "coco.none", "{path} holds no COCO file with images and categories", path=str(path)
            )
        root = path if path.is_dir() else path.parent
        if path.is_file() and root.name == "annotations":
            root = root.parent
        folders = [one for file in files for one in (file.parent, file.parent / "images")]
        images = NamedImages(root, [root / "images", *folders])
        reading = _Reading(root, images, DraftAnnotations(), [], [], {})
        for file in files:
            reading.add(file, partition=partition_of(file) or part_of(file.parent.name))
        reading.findings.extend(_set_aside(path, root, files))
        reading.findings.extend(reading.unnamed())
        return reading.draft(task)

    def losses(self, revision: Revision) -> list[Finding]:
        return [left_out("not_in_format", said) for said in _losses(revision)]

    def write(self, export: Export) -> None:
        """Write one file, or one for each partition where the source has partitions."""
        revision = export.revision
        partitions = revision.items["partition"].to_pylist()
        names = list(dict.fromkeys(partitions))
        for partition in names or [None]:
            chosen = pa.array([one == partition for one in partitions])
            name = _file_name(partition) if names != [None] else "annotations"
            (export.folder / f"{name}.json").write_bytes(
                msgspec.json.encode(_as_coco(export, revision.items.filter(chosen)))
            )


# Which files


def _files(path: Path, *, at_most: int | None = None) -> list[Path]:
    """Return the files of objects: key points repeat those of the files that they stand beside."""
    found = _all_files(path, at_most=at_most)
    return [file for file in found if not _has_keypoints(file)] or found


def _all_files(path: Path, *, at_most: int | None) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" and _is_coco(path) else []
    return [file for file in _json_files(path, at_most=at_most) if _is_coco(file)]


def _json_files(path: Path, *, at_most: int | None = None) -> list[Path]:
    """Return the JSON files where a dataset keeps its labels, also in the folder that wraps it."""
    if not path.is_dir():
        return []
    tops = [path, *_only_folder(path)]
    parts = [one for top in tops for one in subfolders(top) if part_of(one.name)]
    folders = [*(one for top in tops for one in (top, top / "annotations")), *parts]
    return [
        file for folder in dict.fromkeys(folders) for file in json_files_in(folder, at_most=at_most)
    ]


def _only_folder(path: Path) -> list[Path]:
    """Return the one folder in which a download is wrapped."""
    inside = subfolders(path)
    return inside if len(inside) == 1 and inside[0].name != "annotations" else []


def _set_aside(path: Path, root: Path, read: Sequence[Path]) -> Iterator[Finding]:
    """Name the files of captions and key points that stand beside those that are read."""
    for file in _json_files(path):
        is_keypoints = file not in read and _has_keypoints(file)
        if is_keypoints or _has_captions(file):
            name = os.path.relpath(file, root).replace(os.sep, "/")
            of = "key points, whose objects the other files have" if is_keypoints else "captions"
            yield left_out("other_labels", f"{name} is not read: it holds {of}", file=name)


def _has_keypoints(path: Path) -> bool:
    return _has_keys(path, lambda ends: b'"num_keypoints"' in ends)


def _has_captions(path: Path) -> bool:
    return _has_keys(path, lambda ends: b'"caption"' in ends and b'"categories"' not in ends)


def is_panoptic(path: Path) -> bool:
    """Say whether a file has images, categories and segments of masks."""
    return _has_keys(path, lambda ends: b'"segments_info"' in ends)


def _is_coco(path: Path) -> bool:
    return _has_keys(
        path,
        lambda ends: (
            b'"segments_info"' not in ends
            and (b'"file_name"' in ends or b'"bbox"' in ends)
            and (b'"caption"' not in ends or b'"categories"' in ends)
        ),
    )


def _has_keys(path: Path, marks: Callable[[bytes], bool]) -> bool:
    """Look for the keys at both ends of a file: in between are a million objects."""
    ends = ends_of_json(path)
    keys = [key for key in _KEYS if f'"{key}"'.encode() in ends]
    return ends.lstrip().startswith(b"{") and len(keys) >= 2 and marks(ends)


def partition_of(file: Path) -> str | None:
    """Return the part that a file is named after, such as instances_val2017.json."""
    words = re.split(r"[_.\- ]", file.stem)
    return next((part for word in reversed(words) if (part := part_of(word))), None)


def _own_folders(file: Path, root: Path, partition: str | None) -> list[str]:
    """Return where the names of a file's images start before all: beside it, or in its part."""
    parts = [
        one
        for top in (root, root / "images")
        if top.is_dir()
        for one in subfolders(top)
        if partition and part_of(one.name) == partition
    ]
    folders = [file.parent, *(one for part in parts for one in (part, part / "images"))]
    return [os.path.relpath(one, root) for one in folders]


def _file_name(partition: str | None) -> str:
    return "instances_" + re.sub(r"[^\w-]+", "_", partition or "others")


# Reading


@dataclass
class _Reading:
    """What has been read of one or several files of a dataset."""

    root: Path
    images: NamedImages
    annotations: DraftAnnotations
    items: list[DraftItem]
    findings: list[Finding]
    classes: dict[str, tuple[str, int | None]]  # by name: name and source id
    task: str | None = None  # that the objects are fit for
    of_images: ImageClasses = field(default_factory=ImageClasses)  # said without a shape
    shapeless: list[tuple[str, int | None, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of the classes, in their order
    named: set[str] = field(default_factory=set)  # images, also those that cannot be had

    def add(self, path: Path, partition: str | None) -> None:
        """Read a file."""
        name = os.path.relpath(path, self.root).replace(os.sep, "/")
        file = JsonFile(path, name)
        decoded = file.decoded(_File, outermost=_KEYS)
        self.findings.extend(file.findings)
        class_index = self._add_classes(decoded.categories, path, name)
        places = self._add_images(decoded.images, file, partition)
        self.findings.extend(_unread_keys(decoded.annotations[:_SLICE], name))
        plain, others = _divided(decoded.annotations)
        for start, table in columns(plain, _PLAIN, rows_at_once=_SLICE):
            some = plain[start : start + _SLICE]
            plain[start : start + _SLICE] = [msgspec.Raw()] * len(some)
            found = None if table is None else _plain_columns(table, places, class_index)
            if found is None:
                self._add_slice(some, file, places, class_index)
            else:
                self._add_columns(found, [file.line_of(raw) for raw in some], name)
            file.let_go(some[0])
        for start in range(0, len(others), _SLICE):
            self._add_slice(others[start : start + _SLICE], file, places, class_index)

    def draft(self, task: str | None) -> Draft:
        """Return what was read, for a task or for the one that it is fit for.

        Raises:
            InvalidError: there are objects, and classes of whole images are asked for.
        """
        if self.task is not None and task == "classification":
            raise InvalidError(
                "coco.objects",
                "{root} holds objects: for classification each image has one class, and no box or "
                "outline. --task tagging takes the classes of an image's objects as its tags",
                root=str(self.root),
            )
        are_of_images = self.task is None and task in (None, "classification", "tagging")
        if self.of_images and are_of_images:
            task = task or ("classification" if self.of_images.are_single else "tagging")
            self._label_images(task)
        else:
            for said, line, name in self.shapeless:
                self._drop("no_shape", said, line, name)
        return Draft(
            root=self.root,
            task=task or self.task or "detection",
            items=self.items,
            classes=tuple(
                ClassRecord(index, name, source_id)
                for index, (name, source_id) in enumerate(self.classes.values())
            ),
            findings=self.findings,
            annotations=self.annotations,
        )

    def _label_images(self, task: str) -> None:
        """Take what annotations without shapes say as the classes of their images."""
        names = ClassNames()
        for name in self.names:
            names.index(name)
        if task == "tagging":
            self.of_images.as_tags(self.annotations, names)
            return
        self.findings += self.of_images.as_the_class(self.items, names)
        classless = {place for place, one in enumerate(self.items) if one.class_name is None}
        self.items, self.annotations = without_items(self.items, self.annotations, classless)

    def unnamed(self) -> Iterator[Finding]:
        """Count the images that no file names, in the folders from which some are named."""
        folders = {os.path.dirname(item.path) for item in self.items}
        left = [
            name
            for name, path in self.images.paths.items()
            if path not in self.named and os.path.dirname(path) in folders
        ]
        if left:
            images = counted(len(left), "image is", "images are")
            said = f"{images} named by no file, such as {left[0]}: left out"
            yield left_out("file_without_row", said, file=left[0])

    def _add_classes(self, categories: Sequence[_Category], path: Path, name: str) -> dict[Id, int]:
        ids = [_key(one.id) for one in categories]
        check_categories(path, name, ids, [one.name for one in categories])
        for one, key in zip(categories, ids, strict=True):
            own = int(key) if isinstance(key, int) and abs(key) < 2**63 else None
            self.classes.setdefault(one.name, (one.name, own))
        self.names = list(self.classes)
        order = {known: index for index, known in enumerate(self.names)}
        return {key: order[one.name] for one, key in zip(categories, ids, strict=True)}

    def _add_images(
        self, raws: Sequence[msgspec.Raw], file: JsonFile, partition: str | None
    ) -> dict[Id, int | None]:
        """Add the images; return by id the place of each, None of one that cannot be had."""
        name = file.name
        places: dict[Id, int | None] = {}
        known = {item.path: item.source_file for item in self.items}
        folders = _own_folders(file.path, self.root, partition)
        for raw in raws:
            try:
                image = _IMAGE.decode(raw)
            except UNREADABLE as error:
                line = file.line_of(raw)
                said = f"line {line} of {name}: an image is no record of id and file_name ({error})"
                self.findings.append(blocking("bad_image_record", said, file=name, line=line))
                continue
            key = _key(image.id)
            found, by_name = self.images.find(image.file_name, first=folders)
            self.named.update(found)
            places.setdefault(key, None)
            fault = self._image_fault(image, key, found, known, places, name)
            if fault:
                line = file.line_of(raw)
                said = f"line {line} of {name}: {fault[1]}"
                self.findings.append(blocking(fault[0], said, file=name, line=line))
                continue
            if by_name:
                line = file.line_of(raw)
                place = os.path.relpath(found[0], self.root)
                said = f"line {line} of {name} names {image.file_name}; {place} is read"
                self.findings.append(information("path_remapped", said, file=name, line=line))
            known[found[0]] = name
            places[key] = len(self.items)
            self.items.append(
                DraftItem(
                    found[0],
                    partition=partition,
                    size_wh=_size(image),
                    source_file=name,
                    source_line=file.line_of(raw),
                )
            )
        return places

    def _image_fault(
        self,
        image: _Image,
        key: Id,
        found: list[str],
        known: Mapping[str, str],
        places: dict[Id, int | None],
        file: str,
    ) -> tuple[str, str] | None:
        if places[key] is not None:
            return "image_id_twice", f"the image id {key} stands for two images"
        if not found:
            return "missing_file", f"there is no image {image.file_name} in {self.root}"
        if len(found) > 1:
            several = " or ".join(os.path.relpath(one, self.root) for one in found[:3])
            return "ambiguous_file", f"{image.file_name} may be {several}"
        if found[0] in known:
            other = known[found[0]]
            said = "is named twice"
            if other != file:
                said = f"stands in {other} too: give the path of one file"
            return "image_twice", f"the image {image.file_name} {said}"
        return None

    def _add_slice(
        self,
        raws: Sequence[msgspec.Raw],
        file: JsonFile,
        places: dict[Id, int | None],
        class_index: dict[Id, int],
    ) -> None:
        name = file.name
        source_lines: list[int | None] = [file.line_of(raw) for raw in raws]
        try:
            said: list[_Annotation | None] = list(
                _ANNOTATIONS.decode(b"[" + b",".join(raws) + b"]")
            )
        except UNREADABLE:
            said = [
                self._one(raw, line, name) for raw, line in zip(raws, source_lines, strict=True)
            ]
        kept: list[_Annotation] = []
        kept_lines: list[int | None] = []
        for one, line in zip(said, source_lines, strict=True):
            if one is not None and self._is_usable(one, line, name, places, class_index):
                kept.append(one)
                kept_lines.append(line)
        if kept:
            self._extend(kept, kept_lines, name, places, class_index)

    def _add_columns(self, found: dict[str, Any], lines: Sequence[int | None], name: str) -> None:
        if found.get("rings_xy") is not None:
            self.task = "instance_segmentation"
        self.task = self.task or "detection"
        self.annotations.extend(found | _provenance(name, lines))

    def _one(self, raw: msgspec.Raw, line: int | None, name: str) -> _Annotation | None:
        """Read an annotation by itself; what is wrong with it is found out here."""
        try:
            return _ANNOTATION.decode(raw)
        except UNREADABLE as error:
            self._drop("bad_annotation", f"an annotation cannot be read ({error})", line, name)
            return None

    def _is_usable(
        self,
        one: _Annotation,
        line: int | None,
        name: str,
        places: dict[Id, int | None],
        class_index: dict[Id, int],
    ) -> bool:
        called = f"the annotation {one.id}"
        given, one.category_id = one.category_id, _key(one.category_id)
        image = one.image_id = _key(one.image_id)
        if image not in places:
            said = f"{called} is of the image {one.image_id}, which is not listed"
            return self._drop("unknown_image", said, line, name)
        place = places[image]
        if place is None:
            return self._drop("image_unusable", f"{called}: its image cannot be had", line, name)
        if one.category_id not in class_index:
            said = f"{called} has the category {given}, which is not listed"
            return self._drop("unknown_class_id", said, line, name)
        shape = one.segmentation
        if isinstance(shape, _RunLengths):
            try:
                _text_and_size(shape)
            except ValueError as error:
                return self._drop("bad_run_lengths", f"{called}: {error}", line, name)
        elif shape:
            if any(len(ring) % 2 for ring in shape):
                said = f"{called} has an outline with an odd number of coordinates"
                return self._drop("odd_polygon", said, line, name)
            shape = one.segmentation = [ring for ring in shape if ring] or None
        if one.bbox is not None and len(one.bbox) != 4:
            if one.bbox:
                said = f"{called} has a box of {len(one.bbox)} numbers instead of 4"
                return self._drop("bad_box", said, line, name)
            one.bbox = None
        if one.bbox is None and not shape:
            self.of_images.add(place, self.names[class_index[one.category_id]], name, line)
            self.shapeless.append((f"{called} has neither box nor outline", line, name))
            return False
        return True

    def _drop(self, kind: str, said: str, line: int | None, name: str) -> bool:
        message = f"line {line} of {name}: {said}: it is left out"
        self.findings.append(left_out(kind, message, file=name, line=line))
        return False

    def _extend(
        self,
        said: list[_Annotation],
        lines: list[int | None],
        name: str,
        places: dict[Id, int | None],
        class_index: dict[Id, int],
    ) -> None:
        rows = len(said)
        shapes = [one.segmentation for one in said]
        polygons = [shape if isinstance(shape, list) and shape else None for shape in shapes]
        lengths = [
            _text_and_size(shape) if isinstance(shape, _RunLengths) else None for shape in shapes
        ]
        numbers = chain.from_iterable(_xywh(one) if one.bbox is None else one.bbox for one in said)
        boxes = np.fromiter(numbers, dtype=np.float64).reshape(rows, 4)
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        kinds = np.where(
            [one is not None for one in polygons],
            "polygon",
            np.where([one is not None for one in lengths], "rle", "box"),
        )
        if (kinds != "box").any():
            self.task = "instance_segmentation"
        self.task = self.task or "detection"
        self.annotations.extend(
            {
                "item": np.array([places[one.image_id] for one in said], dtype=np.int32),
                "kind": pa.array(kinds.tolist(), pa.string()),
                "class_index": [class_index[one.category_id] for one in said],
                "left": corners[:, 0],
                "top": corners[:, 1],
                "right": corners[:, 2],
                "bottom": corners[:, 3],
                "rings_xy": _rings(polygons),
                "rle_counts": [None if one is None else one[0] for one in lengths],
                "mask_height": [None if one is None else one[1] for one in lengths],
                "mask_width": [None if one is None else one[2] for one in lengths],
                "area": [one.area for one in said],
                "crowd": [True if one.iscrowd else None for one in said],
                "attributes": [attributes_text(one.attributes) for one in said],
                **_provenance(name, lines),
                "source_id": [None if one.id is None else str(one.id) for one in said],
            }
        )


def _divided(raws: Sequence[msgspec.Raw]) -> tuple[list[msgspec.Raw], list[msgspec.Raw]]:
    """Divide annotations into those that are boxes or outlines alone, and the others."""
    plain: list[msgspec.Raw] = []
    others: list[msgspec.Raw] = []
    for raw in raws:
        text = bytes(raw)
        needs_look = b'"counts"' in text or b'"attributes"' in text
        (others if needs_look else plain).append(raw)
    return plain, others


def _plain_columns(
    table: pa.Table, places: dict[Id, int | None], class_index: dict[Id, int]
) -> dict[str, Any] | None:
    """Return the columns of annotations that are all usable as they stand, else None."""
    items = _looked_up(table["image_id"], places)
    classes = _looked_up(table["category_id"], class_index)
    boxes = _numbers_in(table["bbox"], 1)
    if items is None or classes is None or boxes is None or len(boxes) != 4 * len(items):
        return None
    if pc.any(pc.not_equal(pc.list_value_length(table["bbox"]), 4)).as_py():
        return None
    shapes = table["segmentation"].chunk(0)
    has_outlines = shapes.null_count < len(shapes)
    if has_outlines and not _are_outlines(shapes):
        return None
    left, top, width, height = boxes.reshape(-1, 4).T
    is_crowd = pc.not_equal(pc.fill_null(table["iscrowd"], 0), 0)
    return {
        "item": items,
        "kind": pa.repeat("polygon" if has_outlines else "box", len(items)),
        "class_index": classes,
        "left": left,
        "top": top,
        "right": left + width,
        "bottom": top + height,
        "rings_xy": shapes if has_outlines else None,
        "area": table["area"].chunk(0),
        "crowd": pc.if_else(is_crowd, True, None).combine_chunks(),
        "source_id": table["id"].chunk(0).cast(pa.string()),
    }


def _looked_up(ids: pa.ChunkedArray, known: Mapping[Id, int | None]) -> NDArray[np.int32] | None:
    """Return what is known for each id, or None if anything is not."""
    if ids.null_count:
        return None
    found = [known.get(one) for one in ids.to_pylist()]
    return None if None in found else np.array(found, dtype=np.int32)


def _numbers_in(lists: pa.ChunkedArray | pa.Array, depth: int) -> NDArray[np.float64] | None:
    """Return the numbers in lists of lists as one array, or None if anything is missing."""
    for _ in range(depth):
        if lists.null_count:
            return None
        lists = pc.list_flatten(lists)
    return None if lists.null_count else lists.to_numpy()


def _are_outlines(shapes: pa.ListArray) -> bool:
    """Say whether every annotation has outlines, each of an even number of coordinates."""
    if _numbers_in(shapes, 2) is None:
        return False
    rings = pc.list_value_length(shapes).to_numpy()
    numbers = pc.list_value_length(pc.list_flatten(shapes)).to_numpy()
    return bool((rings > 0).all() and (numbers > 0).all() and (numbers % 2 == 0).all())


def _provenance(name: str, lines: Sequence[int | None]) -> dict[str, Any]:
    file = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(lines), dtype=np.int32)), pa.array([name])
    )
    return {"source_file": file, "source_line": pa.array(lines, pa.int32())}


def _unread_keys(raws: Sequence[msgspec.Raw], name: str) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for raw in raws:
        try:
            keys = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        except UNREADABLE:
            continue
        for key in keys.keys() - _READ_KEYS:
            counts[key] = counts.get(key, 0) + 1
    for key, count in sorted(counts.items()):
        said = f"{name}: what {count:,} annotations or more say as {key!r} is not read"
        yield left_out("unread_key", said, file=name)


def _key(given: Id) -> Id:
    """Return an id so that 7 and "7" are the same."""
    if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= 19:
        return int(given)
    return given


def _size(image: _Image) -> tuple[int, int] | None:
    if not image.width or not image.height:
        return None
    whole = int(image.width), int(image.height)
    return whole if all(0 < side < 2**31 for side in whole) else None


def _text_and_size(shape: _RunLengths) -> tuple[str, int, int]:
    """Return compressed counts, height and width.

    Raises:
        ValueError: they do not fill a mask of that size.
    """
    counts = run_lengths.counts_of(shape.counts) if isinstance(shape.counts, str) else shape.counts
    if len(shape.size) != 2 or any(not 0 <= side < 2**31 for side in shape.size):
        raise ValueError("the size of its run lengths is not height and width")
    height, width = shape.size
    if any(count < 0 for count in counts) or sum(counts) != height * width:
        raise ValueError(f"its run lengths cover {sum(counts)} of {height * width} pixels")
    text = shape.counts if isinstance(shape.counts, str) else run_lengths.compressed(counts)
    return text, height, width


def _xywh(one: _Annotation) -> Sequence[float]:
    """Return the box around an annotation that says none."""
    if isinstance(one.segmentation, _RunLengths):
        text, height, width = _text_and_size(one.segmentation)
        left, top, right, bottom = run_lengths.box_of(text, (height, width))
    else:
        left, top, right, bottom = box_around(one.segmentation or [])
    return left, top, right - left, bottom - top


def _rings(polygons: Sequence[list[list[float]] | None]) -> pa.ListArray:
    """Make the column of outlines out of whole arrays: there are millions of numbers."""
    rings = list(chain.from_iterable(one for one in polygons if one))
    numbers = np.fromiter(chain.from_iterable(rings), dtype=np.float64)
    inner = np.concatenate([[0], np.cumsum([len(ring) for ring in rings], dtype=np.int64)])
    outer = np.cumsum([0, *(len(one) if one else 0 for one in polygons)])
    return pa.ListArray.from_arrays(
        pa.array(outer, pa.int32()),
        pa.ListArray.from_arrays(pa.array(inner, pa.int32()), pa.array(numbers)),
        mask=pa.array([one is None for one in polygons]),
    )


# Writing


def _losses(revision: Revision) -> Iterator[str]:
    kinds = pc.value_counts(revision.annotations["kind"]).to_pylist()
    for one in kinds:
        if one["values"] not in (*OBJECT_KINDS, "mask_pixels"):
            yield (
                f"COCO JSON has no place for annotations of the kind {one['values']}: "
                f"{one['counts']:,} left out"
            )
    if revision.columns:
        yield f"COCO JSON has no columns such as {', '.join(revision.columns)}"
    further = revision.items.num_rows - revision.items["further_images"].null_count
    if further:
        yield f"COCO JSON has one image an item: of {further:,} only the first is written"
    of_further = pc.greater(pc.fill_null(revision.annotations["image_index"], 0), 0)
    if count := int(pc.sum(of_further).as_py() or 0):
        yield f"{counted(count, 'object', 'objects')} of an item's further images: not written"
    words = revision.items["partition"].unique().to_pylist()
    own = [one for one in words if one is not None and part_of(one) != one]
    if own:
        yield (
            f"{', '.join(own)}: files are named after these parts, but read again they are none; "
            "COCO's are train, validation and test"
        )


def _is_written(row: dict[str, Any]) -> bool:
    """Say whether a label is an object of the item's first image."""
    return row["kind"] in OBJECT_KINDS and not row["image_index"]


def _area(row: dict[str, Any]) -> float:
    """Return the area of an object: what reads COCO expects one, whatever the source said."""
    if row["rings_xy"]:
        return round(sum(abs(_signed_area(ring)) for ring in row["rings_xy"]), DECIMALS)
    if row["rle_counts"] is not None:
        return float(sum(run_lengths.counts_of(row["rle_counts"])[1::2]))
    return float(rounded((row["right"] - row["left"]) * (row["bottom"] - row["top"])))


def _signed_area(ring: Sequence[float]) -> float:
    xs, ys = np.asarray(ring[0::2]), np.asarray(ring[1::2])
    return float(xs @ np.roll(ys, -1) - ys @ np.roll(xs, -1)) / 2


def _as_coco(export: Export, items: pa.Table) -> dict[str, Any]:
    revision = export.revision
    wanted = pc.is_in(revision.annotations["item_id"], value_set=items["item_id"])
    ids = {one: number for number, one in enumerate(items["item_id"].to_pylist(), start=1)}
    category_ids = _category_ids(revision.classes)
    return {
        "images": [
            {
                "id": ids[row["item_id"]],
                "file_name": export.paths[row["path"]],
                "width": row["width"],
                "height": row["height"],
            }
            for row in items.select(["item_id", "path", "width", "height"]).to_pylist()
        ],
        "annotations": list(
            _annotations_as_coco(revision.annotations.filter(wanted), ids, category_ids)
        ),
        "categories": [
            {"id": category_ids[one.index], "name": one.name} for one in revision.classes
        ],
    }


def _category_ids(classes: Sequence[ClassRecord]) -> list[int]:
    """Return the ids that the source had where every class has one, else 1, 2, 3, …"""
    own = [one.source_id for one in classes if one.source_id is not None]
    return own if len(set(own)) == len(classes) else list(range(1, len(classes) + 1))


def _annotations_as_coco(
    table: pa.Table, image_ids: dict[str, int], category_ids: Sequence[int]
) -> Iterator[dict[str, Any]]:
    number = 0
    for batch in table.to_batches(max_chunksize=_SLICE):
        for row in batch.to_pylist():
            if not _is_written(row):
                continue
            number += 1
            left, top = row["left"], row["top"]
            size = rounded(np.array([row["right"] - left, row["bottom"] - top])).tolist()
            said: dict[str, Any] = {
                "id": number,
                "image_id": image_ids[row["item_id"]],
                "category_id": category_ids[row["class_index"]],
                "bbox": [left, top, *size],
                "iscrowd": int(bool(row["crowd"])),
            }
            said["area"] = _area(row) if row["area"] is None else row["area"]
            if row["rings_xy"] is not None:
                said["segmentation"] = row["rings_xy"]
            elif row["rle_counts"] is not None:
                size_hw = [row["mask_height"], row["mask_width"]]
                said["segmentation"] = {"size": size_hw, "counts": row["rle_counts"]}
            if row["attributes"] is not None:
                said["attributes"] = json.loads(row["attributes"])
            yield said
