"""BDD100K: JSON lists of images with what is in them, as Scalabel writes them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from model_playground.core.errors import InvalidError
from model_playground.datasets.file_names import normalised
from model_playground.datasets.findings import blocking, left_out, warning
from model_playground.datasets.formats.coco import partition_of
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.named_items import NamedItems, near_files
from model_playground.datasets.json_files import JsonFile, ends_of_json

_LOOKED_INTO = 20  # JSON files that are opened to recognise it
_LARGEST_NUMBER = 2.0**53
_FRAMES = "frames"
_CURVE = "C"  # among the types of corners
_NOTHING = (None, False, "", "none", "undefined")
_SHAPES = (b'"box2d"', b'"poly2d"')


Frames = list[msgspec.Raw]


class _Frame(msgspec.Struct):
    name: str
    labels: list[msgspec.Raw] | None = None
    attributes: dict[str, Any] | None = None
    videoName: str | None = None


class _Box(msgspec.Struct):
    x1: float
    y1: float
    x2: float
    y2: float


class _Outline(msgspec.Struct):
    vertices: list[tuple[float, float]]
    types: str = ""
    closed: bool = True


class _Label(msgspec.Struct):
    category: str
    box2d: _Box | None = None
    poly2d: list[_Outline] | None = None
    attributes: dict[str, Any] | None = None


@FORMATS.register
class Bdd100k(Format):
    """BDD100K: a JSON list of images with boxes and outlines, as Scalabel writes it.

    A file, or a folder with such files in it or in folders inside it; the images stand anywhere
    under the folder that is read. A file is of the part that it is named after, such as
    `det_train.json`, where no folder is.
    """

    name = "bdd100k"
    title = "BDD100K"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`category`", "the class"),
        Held("`box2d`", "a box"),
        Held("`poly2d` that is closed", "an outline; curves are read by their corners, reported"),
        DRAWN_MASKS,
        Held("`poly2d` that is not closed, such as a lane", "not read, counted"),
        Held("`attributes` of a label", "attributes of the object, where they say something"),
        Held("`attributes` of an image, `videoName`", "columns"),
        Held("`det_train.json` and alike, folders train, val, test", "the partition"),
        Held("an image that is not there, or stands in two files", "blocks the import, reported"),
        Held("an image that no file names", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        candidates = near_files(path, ".json")[:_LOOKED_INTO]
        found = next((one for one in candidates if _is_bdd100k(one)), None)
        return None if found is None else f"{found.name} lists images with box2d or poly2d"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = [one for one in near_files(path, ".json") if _is_bdd100k(one)]
        if not files:
            raise InvalidError("bdd100k.none", "{path} holds no file of BDD100K", path=str(path))
        reading = _Reading(path if path.is_dir() else path.parent)
        for file in files:
            reading.add(JsonFile(file, normalised(os.path.relpath(file, reading.root))))
        return reading.draft(task)


def _is_bdd100k(path: Path) -> bool:
    ends = ends_of_json(path)
    start = ends.lstrip()
    is_list = start.startswith(b"[") or (start.startswith(b"{") and b'"frames"' in ends)
    return is_list and b'"category"' in ends and any(one in ends for one in _SHAPES)


@dataclass
class _Reading(NamedItems):
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    has_outlines: bool = False
    curves: list[tuple[str, int]] = field(default_factory=list)
    lines: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, file: JsonFile) -> None:
        """Read a file.

        Raises:
            InvalidError: it is no JSON, or no list of images.
        """
        whole = file.decoded(msgspec.Raw)
        self.findings += file.findings
        try:
            said = file.value_of(whole, list[msgspec.Raw] | dict[str, msgspec.Raw])
            frames = said if isinstance(said, list) else file.value_of(said[_FRAMES], Frames)
        except (ValueError, KeyError) as error:
            raise InvalidError(
                "bdd100k.frames",
                "{file} holds no list of images, nor one as `frames`: {why}",
                file=file.name,
                why=str(error),
            ) from None
        part = partition_of(file.path)
        for raw in frames:
            self._add_frame(file, raw, part)

    def draft(self, task: str | None) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        for category, places in sorted(self.lines.items()):
            name, line = places[0]
            said = (
                f"{category}: lines that are not closed are not read, {len(places):,} in all; the "
                f"first on line {line} of {name}"
            )
            self.findings.append(left_out("unread_shape", said, file=name, line=line))
        if self.curves:
            name, line = self.curves[0]
            said = (
                f"{len(self.curves):,} outlines have curves: their corners are joined by straight "
                f"lines; the first on line {line} of {name}"
            )
            self.findings.append(warning("approximated_shape", said, file=name, line=line))
        return Draft(
            root=self.root,
            task=task or ("instance_segmentation" if self.has_outlines else "detection"),
            items=self.items,
            classes=self.classes.sorted(self.annotations),
            findings=[*self.findings, *self.unnamed()],
            annotations=self.annotations,
        )

    def _add_frame(self, file: JsonFile, raw: msgspec.Raw, part: str | None) -> None:
        line = file.line_of(raw)
        try:
            frame: _Frame = file.value_of(raw, _Frame)
        except ValueError as error:
            message = f"line {line} of {file.name}: an image cannot be read ({error})"
            self.findings.append(blocking("bad_image_record", message, file=file.name, line=line))
            return
        columns = {name: str(one) for name, one in _said(frame.attributes).items()}
        columns |= {"videoName": frame.videoName} if frame.videoName else {}
        place = self.add_item(frame.name, file.name, line, columns=columns, partition=part)
        if place is not None:
            for label in frame.labels or ():
                self._add_label(file, label, place)

    def _add_label(self, file: JsonFile, raw: msgspec.Raw, place: int) -> None:
        line = file.line_of(raw)
        try:
            label: _Label = file.value_of(raw, _Label)
            if not label.category:
                raise ValueError("it has no category")
            box = None if label.box2d is None else _corners(label.box2d)
            closed = [one for one in label.poly2d or () if one.closed]
            rings = [_ring(one) for one in closed]
        except ValueError as error:
            self.leave_out("bad_annotation", f"a label cannot be read ({error})", file.name, line)
            return
        if any(_CURVE in one.types for one in closed):
            self.curves.append((file.name, line))
        where: dict[str, Any] = {
            "attributes": _said(label.attributes),
            "source_file": file.name,
            "source_line": line,
        }
        if rings:
            self.has_outlines = True
            index = self.classes.index(label.category)
            self.annotations.add_polygon(place, rings, class_index=index, box_xyxy=box, **where)
        elif box is not None:
            index = self.classes.index(label.category)
            self.annotations.add_box(place, box, class_index=index, **where)
        elif label.poly2d:
            self.lines[label.category].append((file.name, line))
        else:
            why = f"{label.category} has neither box2d nor poly2d"
            self.leave_out("no_shape", why, file.name, line)


def _corners(box: _Box) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(_number, (box.x1, box.y1, box.x2, box.y2))
    return left, top, right, bottom


def _ring(outline: _Outline) -> list[float]:
    if not outline.vertices:
        raise ValueError("an outline has no corners")
    return [_number(one) for vertex in outline.vertices for one in vertex]


def _number(said: float) -> float:
    if not abs(said) <= _LARGEST_NUMBER:
        raise ValueError("a coordinate is too large")
    return said


def _said(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the attributes that say something."""
    return {
        name: value
        for name, value in (attributes or {}).items()
        if not isinstance(value, dict | list) and value not in _NOTHING
    }
