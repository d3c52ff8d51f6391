"""LabelMe: a JSON file beside each image."""

from __future__ import annotations

import base64
import binascii
import io
import math
import os
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.file_names import NamedImages, files_under, normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.image_classes import ImageClasses, without_items
from model_playground.datasets.json_files import JsonFile, ends_of_json
from model_playground.datasets.outline_shapes import ellipse
from model_playground.datasets.parts import part_of

_LOOKED_INTO = 20  # JSON files of a folder that are opened to recognise it
_LARGEST_NUMBER = 2.0**53
_LARGEST_SIDE = 2**31 - 1
_UNREAD = ("line", "linestrip", "point", "points")
_READ_KEYS = {
    *("label", "points", "group_id", "shape_type", "flags", "description", "mask"),
    *("line_color", "fill_color", "score", "difficult", "attributes", "kie_linking", "direction"),
}

Points = list[tuple[float, float]]


class _Shape(msgspec.Struct):
    label: str
    points: list[list[float]]
    shape_type: str | None = None
    group_id: int | float | str | None = None
    flags: dict[str, Any] | None = None
    description: str | None = None
    mask: str | None = None
    score: float | None = None
    difficult: bool | None = None
    attributes: dict[str, str | int | float | bool | list[str] | None] | None = None


class _File(msgspec.Struct):
    shapes: list[msgspec.Raw]
    imagePath: str | None = None
    imageData: msgspec.Raw = msgspec.Raw(b"null")
    imageHeight: msgspec.Raw = msgspec.Raw(b"null")
    imageWidth: msgspec.Raw = msgspec.Raw(b"null")
    flags: msgspec.Raw = msgspec.Raw(b"null")


@FORMATS.register
class LabelMe(Format):
    """LabelMe JSON: a file for each image, with polygons, rectangles, circles and masks.

    A folder, or one file. A file belongs to the image that it names, whatever folder that was in,
    or else to the one of its own name. Flags of an image that are set are its tags.
    """

    name = "labelme"
    title = "LabelMe JSON"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging", "classification"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`polygon`, `rotation`", "an outline; those of a label and `group_id` are one object"),
        Held("`rectangle`", "a box around its corners"),
        Held("`circle`", "an outline of 64 points, reported"),
        Held("`mask`", "run lengths"),
        DRAWN_MASKS,
        Held("`line`, `linestrip`, `point`, `points`", "not read, counted"),
        Held("`flags` of a shape, `description`, `group_id`", "attributes, where said"),
        Held("`flags` of an image", "tags; with `--task classification` the one class"),
        Held("`imagePath`", "the image; a path of another machine is found by its file name"),
        Held("`imageData`", "not read where the image is there, counted"),
        Held("`imageWidth`, `imageHeight`", "compared with the image's own"),
        Held("folders train, valid, test", "the partition"),
        Held("a file without image, or that is no JSON", "blocks the import, reported"),
        Held("an image without file", "left out, reported"),
    )

    def detect(self, path: Path) -> str | None:
        files = islice(_json_files(path), _LOOKED_INTO)
        found = next((one for one in files if _is_labelme(one)), None)
        return None if found is None else f"{found.name} holds LabelMe's shapes of an image"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        root = path if path.is_dir() else path.parent
        reading = _Reading(root, NamedImages(root))
        for file in _json_files(path):
            reading.add(file, normalised(os.path.relpath(file, root)))
        return reading.draft(task, is_whole=path.is_dir())


def _json_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield from [path] if path.suffix.lower() == ".json" else []
    else:
        yield from (path / one for one in files_under(path) if one.lower().endswith(".json"))


def _is_labelme(path: Path) -> bool:
    ends = ends_of_json(path)
    return ends.lstrip().startswith(b"{") and b'"shapes"' in ends and b'"image' in ends


@dataclass
class _Reading:
    """What has been read of the files of a dataset."""

    root: Path
    images: NamedImages
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tags: ImageClasses = field(default_factory=ImageClasses)
    kinds: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)  # by image
    unread: set[str] = field(default_factory=set)  # files that cannot be read, without suffix
    counted: dict[tuple[str, str], list[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """The images by their path and by their name, both without suffix."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.images.paths:
            stem = os.path.splitext(path)[0]
            for known in {stem, os.path.basename(stem)}:
                found[known].append(path)
        return found

    def add(self, path: Path, name: str) -> None:
        """Read a file; one that cannot be read is no item."""
        try:
            file = JsonFile(path, name)
            if not file.mentions("shapes"):
                message = f"{name} holds no shapes of LabelMe: it is not read"
                self.findings.append(left_out("other_labels", message, file=name))
                return
            said = file.decoded(_File)
        except InvalidError as error:
            line = error.arguments["line"]
            self.findings.append(blocking("unreadable_labels", str(error), file=name, line=line))
            self.unread.add(os.path.splitext(name)[0])
            return
        self.findings += file.findings
        has_data = bytes(said.imageData) != b"null"
        image = self._image_of(said.imagePath or "", name, has_data=has_data)
        if image is None:
            return
        if has_data:
            self.counted["embedded_image", "imageData, a copy of the image in the file,"].append(
                (name, file.line_of(said.imageData))
            )
        self.files[image] = name
        place = len(self.items)
        size = _size_wh(file, said)
        partition = next(
            (part for one in name.split("/")[:-1] if (part := part_of(one)) is not None), None
        )
        self.items.append(
            DraftItem(image, source_file=name, source_line=1, size_wh=size, partition=partition)
        )
        self._add_flags(file, said, place)
        groups: dict[tuple[str, str], list[tuple[_Shape, int, list[float]]]] = defaultdict(list)
        for raw in said.shapes:
            self._add_shape(file, raw, place, groups)
        for (label, group), some in groups.items():
            self._add_outlines(name, label, group, some, place)

    def draft(self, task: str | None, *, is_whole: bool) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        if task is None:
            outlined = self.kinds & {"polygon", "rle"}
            objects = "instance_segmentation" if outlined else "detection"
            task = "tagging" if self.tags and not self.kinds else objects
        items, annotations = self.items, self.annotations
        if task == "classification":
            self.findings += self.tags.as_the_class(items, self.classes)
            classless = {place for place, one in enumerate(items) if one.class_name is None}
            items, annotations = without_items(items, annotations, classless)
        else:
            self.tags.as_tags(annotations, self.classes)
        for (kind, what), places in sorted(self.counted.items()):
            file, line = places[0]
            said = f"{what} is not read, {len(places):,} in all; the first on line {line} of {file}"
            if kind == "approximated_shape":
                said = f"{len(places):,} {what}; the first on line {line} of {file}"
            self.findings.append(_COUNTED[kind](kind, said, file=file, line=line))
        if is_whole:
            for image in self.images.paths.values():
                name = normalised(os.path.relpath(image, self.root))
                if image not in self.files and os.path.splitext(name)[0] not in self.unread:
                    message = f"{name} has no JSON file: it is left out"
                    self.findings.append(left_out("missing_annotation_file", message, file=name))
        return Draft(
            root=self.root,
            task=task,
            items=items,
            classes=self.classes.sorted(annotations),
            findings=self.findings,
            annotations=annotations,
        )

    def _image_of(self, named: str, file: str, *, has_data: bool) -> str | None:
        """Return the image of a file: the one that it names, else the one of its own name."""
        folder, stem = os.path.dirname(file), os.path.splitext(os.path.basename(file))[0]
        path = os.path.normpath(os.path.join(folder, normalised(named))) if named else ""
        found, by_name = self.images.find(path) if path and "\0" not in path else ([], True)
        if not found:
            same = self.stems.get(os.path.join(folder, stem)) or self.stems.get(stem, [])
            found = [self.images.paths[one] for one in same]
        if len(found) != 1:
            what = f"may be {len(found)} of those that are here" if found else "is not here"
            if has_data and not found:
                what += "; a copy is in the file as imageData: write it out as an image"
            message = f"{file} is of the image {named or stem}, which {what}"
            kind = "ambiguous_file" if found else "annotation_without_image"
            self.findings.append(blocking(kind, message, file=file, line=1))
            return None
        if found[0] in self.files:
            message = f"{file} is of the image {named}, as {self.files[found[0]]} is"
            self.findings.append(blocking("image_twice", message, file=file, line=1))
            return None
        if by_name:
            place = normalised(os.path.relpath(found[0], self.root))
            message = f"{file} names {named}; {place} is read"
            self.findings.append(information("path_remapped", message, file=file, line=1))
        return found[0]

    def _add_flags(self, file: JsonFile, said: _File, place: int) -> None:
        try:
            flags = file.value_of(said.flags, dict[str, Any] | None) or {}
        except ValueError:
            message = f"{file.name}: the flags are no names with true or false: left out"
            self.findings.append(left_out("bad_annotation", message, file=file.name))
            return
        for name, value in flags.items():
            if value is True and name:
                self.tags.add(place, name, file.name, file.line_of(said.flags))

    def _add_shape(
        self,
        file: JsonFile,
        raw: msgspec.Raw,
        place: int,
        groups: dict[tuple[str, str], list[tuple[_Shape, int, list[float]]]],
    ) -> None:
        line = file.line_of(raw)
        try:
            shape: _Shape = file.value_of(raw, _Shape)
            points = _points(shape)
            self._note_unread_keys(file, raw, line)
        except ValueError as error:
            return self._drop("bad_annotation", f"a shape cannot be read ({error})", file, line)
        kind = shape.shape_type or "polygon"
        if not shape.label:
            return self._drop("bad_annotation", f"a {kind} without a label", file, line)
        where: dict[str, Any] = {
            "class_index": self.classes.index(shape.label),
            "attributes": _attributes(shape),
            "source_file": file.name,
            "source_line": line,
        }
        try:
            if kind == "rectangle" and len(points) in (2, 4):
                self.kinds.add("box")
                xs, ys = [one for one, _ in points], [one for _, one in points]
                self.annotations.add_box(place, (min(xs), min(ys), max(xs), max(ys)), **where)
            elif kind == "mask" and len(points) == 2:
                self._add_mask(shape, points, place, where)
            elif kind == "circle" and len(points) == 2:
                (x, y), edge = points
                ring = ellipse(x, y, *[math.dist((x, y), edge)] * 2)
                what = "circles are read as outlines of 64 points"
                self.counted["approximated_shape", what].append((file.name, line))
                groups[shape.label, ""].append((shape, line, ring))
            elif kind in ("polygon", "rotation", "rectangle"):
                group = "" if shape.group_id is None else str(shape.group_id)
                ring = [one for point in points for one in point]
                groups[shape.label, group].append((shape, line, ring))
            elif kind in _UNREAD:
                self.counted["unread_shape", f"a shape that is a {kind}"].append((file.name, line))
            else:
                what = f"{kind} with {len(points)} points"
                self._drop("bad_annotation", f"{shape.label} is no shape: a {what}", file, line)
        except ValueError as error:
            self._drop("bad_run_lengths", f"the mask of {shape.label}: {error}", file, line)

    def _add_outlines(
        self,
        file: str,
        label: str,
        group: str,
        some: Sequence[tuple[_Shape, int, list[float]]],
        place: int,
    ) -> None:
        """Add each outline, or one object of all those in one group."""
        self.kinds.add("polygon")
        together = [some] if group else [[one] for one in some]
        for pieces in together:
            shape, line, _ = pieces[0]
            self.annotations.add_polygon(
                place,
                [ring for _, _, ring in pieces],
                class_index=self.classes.index(label),
                attributes=_attributes(shape),
                source_file=file,
                source_line=line,
            )

    def _add_mask(self, shape: _Shape, points: Points, place: int, where: dict[str, Any]) -> None:
        size_wh = self.items[place].size_wh
        if size_wh is None:
            raise ValueError("the size of its image is not said, which a mask needs")
        inside = _mask(shape.mask or "")
        left, top = (math.floor(min(one)) for one in zip(*points, strict=True))
        size_hw = size_wh[1], size_wh[0]
        text = run_lengths.of_part(inside, left, top, size_hw)
        box = run_lengths.box_of(run_lengths.of_mask(inside), inside.shape[:2])
        moved = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
        self.kinds.add("rle")
        self.annotations.add_rle(place, text, size_hw, moved, **where)

    def _note_unread_keys(self, file: JsonFile, raw: msgspec.Raw, line: int) -> None:
        """Count keys that are not read; one that is no text is a ValueError."""
        for key in file.value_of(raw, dict[str, msgspec.Raw]).keys() - _READ_KEYS:
            self.counted["unread_key", f"what shapes say as {key!r}"].append((file.name, line))

    def _drop(self, kind: str, why: str, file: JsonFile, line: int) -> None:
        message = f"line {line} of {file.name}: {why}: left out"
        self.findings.append(left_out(kind, message, file=file.name, line=line))


_COUNTED = {
    "embedded_image": information,
    "approximated_shape": warning,
    "unread_shape": left_out,
    "unread_key": left_out,
}


def _points(shape: _Shape) -> Points:
    """Return the points of a shape.

    Raises:
        ValueError: one is no pair of numbers.
    """
    found: Points = []
    for point in shape.points:
        if len(point) != 2 or max(point) > _LARGEST_NUMBER or min(point) < -_LARGEST_NUMBER:
            raise ValueError(f"the point {point} is no x and y")
        found.append((point[0], point[1]))
    if not found:
        raise ValueError("it has no points")
    return found


def _mask(text: str) -> NDArray[np.bool_]:
    """Return a mask that stands in a text as a PNG file.

    Raises:
        ValueError: it does not.
    """
    try:
        content = base64.b64decode(text, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an image too large to be one is only warned of
            with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                return np.asarray(image.convert("L")) > 0
    except binascii.Error:
        raise ValueError("it is not written in base64") from None
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        raise ValueError(f"it is no PNG image that can be read ({error})") from None


def _attributes(shape: _Shape) -> dict[str, Any]:
    found: dict[str, Any] = {name: True for name, on in (shape.flags or {}).items() if on is True}
    found |= {name: value for name, value in (shape.attributes or {}).items() if value is not None}
    for name in ("description", "group_id", "score", "difficult"):
        if value := getattr(shape, name):
            found[name] = value
    if shape.shape_type == "circle":
        found["shape"] = "circle"
    return found


def _size_wh(file: JsonFile, said: _File) -> tuple[int, int] | None:
    try:
        width = file.value_of(said.imageWidth, int)
        height = file.value_of(said.imageHeight, int)
    except ValueError:
        return None
    fits = all(0 < side <= _LARGEST_SIDE for side in (width, height))
    return (width, height) if fits else None
