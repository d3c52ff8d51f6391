"""CVAT's XML: images with shapes and tags, or tracks through the frames of a video."""

from __future__ import annotations

import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.file_names import NamedImages, files_under, normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import Box, ClassNames, DraftAnnotations
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
from model_playground.datasets.formats.voc_objects import LARGEST_NUMBER, number
from model_playground.datasets.outline_shapes import POINTS, ellipse, turned_corners
from model_playground.datasets.parts import part_of
from model_playground.datasets.xml_files import Element, first_element, read_xml_children

_ROOT_ELEMENT = "annotations"
_INSIDE = ("version", "meta", "image", "track")
_SHAPES = ("box", "polygon", "mask", "ellipse")
_UNREAD_SHAPES = ("polyline", "points", "cuboid", "skeleton")
_FAULTS = {"mask": "bad_run_lengths", "box": "bad_box"}
_LARGEST_SIDE = 2**31 - 1
_MOST_PIXELS = 2**27  # of the piece of an image that a mask covers: more is an attack
_FRAME_NUMBER = re.compile(r"(\d{1,18})$")


@FORMATS.register
class Cvat(Format):
    """CVAT XML 1.1: images with boxes, outlines, masks and tags, or tracks through a video.

    A file, or a folder with such files in it or in folders inside it; the images stand in the
    file's folder, in its folder `images`, or anywhere under the folder that is read. Of a video the
    frames must be there as images whose names end in the number of the frame.
    """

    name = "cvat"
    title = "CVAT XML"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging", "classification"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`box`", "a box; one with `rotation` becomes an outline of four corners"),
        Held("`polygon`", "an outline"),
        Held("`mask`", "run lengths; CVAT's are those of a piece, row by row"),
        DRAWN_MASKS,
        Held("`ellipse`", "an outline of 64 points, reported"),
        Held("`polyline`, `points`, `cuboid`, `skeleton`", "not read, counted"),
        Held("`tag`", "a tag, or with `--task classification` the one class of the image"),
        Held(
            "`attribute`, `occluded`, `z_order`, `group_id`, `rotation`, `source`",
            "attributes of the object, where they say more than 0 and manual",
        ),
        Held("labels in `meta`", "classes, those without objects too"),
        Held("`subset`", "the partition"),
        Held("`width`, `height`", "compared with the image's own"),
        Held(
            "`track`",
            "the shape in each frame that the file holds, with the attribute `track`; where it is "
            "`outside` there is none; gaps between frames are not filled, but reported",
        ),
        Held("an image that is not there", "blocks the import, reported"),
        Held("an image that no file names", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        if not files:
            return None
        return f"{files[0].name} is an XML file of CVAT: <{_ROOT_ELEMENT}> with images or tracks"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError(
                "cvat.none",
                "{path} holds no XML file of CVAT with images or tracks",
                path=str(path),
            )
        root = path if path.is_dir() else path.parent
        folders = [one for file in files for one in (file.parent, file.parent / "images")]
        reading = _Reading(root, NamedImages(root, folders))
        for file in files:
            reading.add(file)
        return reading.draft(task)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        candidates = [path] if path.suffix.lower() == ".xml" else []
    else:
        named = [one for one in files_under(path) if one.lower().endswith(".xml")]
        candidates = [path / one for one in named if one.count("/") <= 2]
        # One file in a folder shows what the others are: there may be one for each image.
        if candidates and not any(_is_cvat(one) for one in candidates[:20]):
            return []
    return [one for one in candidates if _is_cvat(one)]


def _is_cvat(path: Path) -> bool:
    first = first_element(path)
    if first is None or first.name != _ROOT_ELEMENT:
        return False
    try:
        inside = next(read_xml_children(path), None)
    except InvalidError:
        return True  # where it is broken is said when it is read
    return inside is not None and inside.name in _INSIDE


@dataclass
class _Reading:
    """What has been read of one or several files of a dataset."""

    root: Path
    images: NamedImages
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    tags: ImageClasses = field(default_factory=ImageClasses)
    places: dict[str, int] = field(default_factory=dict)  # by the image's path
    ellipses: list[tuple[str, int]] = field(default_factory=list)
    skipped: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: Path) -> None:
        """Read a file."""
        file = normalised(os.path.relpath(path, self.root))
        frames: _Frames | None = None
        meta: Element | None = None
        for element in read_xml_children(path):
            if element.name == "meta":
                meta = element
                for name in _labels(element):
                    self.classes.index(name)
            elif element.name == "image":
                self._add_image(element, file)
            elif element.name == "track":
                frames = frames or self._frames(path, file, meta)
                self._add_track(element, file, frames)
            elif element.name != "version":
                self.skipped[f"<{element.name}>"].append((file, element.line))
        if frames is not None:
            frames.report(self)

    def draft(self, task: str | None) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        if task is None:
            outlined = self.kinds["polygon"] + self.kinds["rle"]
            objects = "instance_segmentation" if outlined else "detection"
            task = objects if outlined or self.kinds["box"] or not self.tags else "tagging"
        if task == "classification":
            self.findings += self.tags.as_the_class(self.items, self.classes)
        else:
            self.tags.as_tags(self.annotations, self.classes)
        for what, places in sorted(self.skipped.items()):
            file, line = places[0]
            said = f"{what} is not read, {len(places):,} in all; the first on line {line} of {file}"
            self.findings.append(left_out("unread_key", said, file=file, line=line))
        if self.ellipses:
            file, line = self.ellipses[0]
            count = counted(len(self.ellipses), "ellipse is", "ellipses are")
            said = f"{count} read as outlines of {POINTS} points"
            self.findings.append(warning("approximated_shape", said, file=file, line=line))
        unnamed = [one for one in self.images.paths.values() if one not in self.places]
        if unnamed:
            example = normalised(os.path.relpath(unnamed[0], self.root))
            count = counted(len(unnamed), "image is", "images are")
            said = f"{count} named by no file, such as {example}: left out"
            self.findings.append(left_out("file_without_row", said, file=example))
        items, annotations = self.items, self.annotations
        if task == "classification":
            classless = [place for place, one in enumerate(items) if one.class_name is None]
            items, annotations = without_items(items, annotations, set(classless))
        return Draft(
            root=self.root,
            task=task,
            items=items,
            classes=self.classes.sorted(annotations),
            findings=self.findings,
            annotations=annotations,
        )

    # Images

    def _add_image(self, said: Element, file: str) -> None:
        place = self._place_of(said, file)
        if place is None:
            return
        for shape in said.children:
            if shape.name == "tag":
                label = shape.attributes.get("label", "")
                if label:
                    self.tags.add(place, label, file, shape.line)
                else:
                    self._drop("bad_annotation", "a tag without a label", file, shape.line)
            elif shape.name in _SHAPES:
                self._add_shape(shape, place, file, shape.attributes.get("label", ""), {})
            else:
                self.skipped[f"<{shape.name}>"].append((file, shape.line))

    def _place_of(self, said: Element, file: str) -> int | None:
        """Return the place of an image's item; a new one is made, none where there is no file."""
        name, subset = said.attributes.get("name", ""), said.attributes.get("subset", "")
        found, by_name = self.images.find(f"{subset}/{name}") if subset else ([], True)
        if not found or by_name:
            found, by_name = self.images.find(name)
        if len(found) != 1:
            what = f"may be {len(found)} of those that are here" if found else "is not here"
            kind = "ambiguous_file" if found else "missing_file"
            message = f"line {said.line} of {file}: the image {name} {what}"
            self.findings.append(blocking(kind, message, file=file, line=said.line))
            return None
        if by_name:
            place = normalised(os.path.relpath(found[0], self.root))
            message = f"line {said.line} of {file} names {name}; {place} is read"
            self.findings.append(information("path_remapped", message, file=file, line=said.line))
        if found[0] in self.places:
            message = (
                f"line {said.line} of {file}: the image {name} stands here again: both are read"
            )
            self.findings.append(warning("image_twice", message, file=file, line=said.line))
            return self.places[found[0]]
        part = None if subset.lower() in ("", "default") else part_of(subset) or subset
        size = _size_wh(said.attributes.get("width", ""), said.attributes.get("height", ""))
        return self._new_item(found[0], file, said.line, size, part)

    def _new_item(
        self, path: str, file: str, line: int, size: tuple[int, int] | None, part: str | None
    ) -> int:
        place = self.places[path] = len(self.items)
        self.items.append(
            DraftItem(path, source_file=file, source_line=line, size_wh=size, partition=part)
        )
        return place

    # Shapes

    def _add_shape(
        self, said: Element, place: int, file: str, label: str, more: dict[str, Any]
    ) -> bool:
        if not label:
            return self._drop("bad_annotation", f"a {said.name} without a label", file, said.line)
        try:
            shape = _shape_of(said, self.items[place].size_wh)
        except ValueError as error:
            kind = _FAULTS.get(said.name, "bad_annotation")
            return self._drop(kind, f"the {said.name} of {label}: {error}", file, said.line)
        attributes = _attributes(said) | more
        where: dict[str, Any] = {
            "class_index": self.classes.index(label),
            "attributes": attributes,
            "source_file": file,
            "source_line": said.line,
        }
        if said.name == "ellipse":
            self.ellipses.append((file, said.line))
        if isinstance(shape, _Pixels):
            self.kinds["rle"] += 1
            self.annotations.add_rle(place, shape.counts, shape.size_hw, shape.box_xyxy, **where)
        elif isinstance(shape, list):
            self.kinds["polygon"] += 1
            self.annotations.add_polygon(place, [shape], **where)
        else:
            self.kinds["box"] += 1
            self.annotations.add_box(place, shape, **where)
        return True

    def _drop(self, kind: str, why: str, file: str, line: int) -> bool:
        message = f"line {line} of {file}: {why}: left out"
        self.findings.append(left_out(kind, message, file=file, line=line))
        return False

    # Tracks

    def _frames(self, path: Path, file: str, meta: Element | None) -> _Frames:
        beside = path.parent
        nearest = [one for one in self.images.paths.values() if Path(one).is_relative_to(beside)]
        by_number: dict[int, list[str]] = defaultdict(list)
        for one in nearest:
            if found := _FRAME_NUMBER.search(os.path.splitext(os.path.basename(one))[0]):
                by_number[int(found[1])].append(one)
        twice = next((some for some in by_number.values() if len(some) > 1), None)
        if twice is not None:
            raise InvalidError(
                "cvat.frames",
                "{file} has tracks, and {first} and {second} may both be one of its frames: keep "
                "the frames of one video in one folder, beside the file",
                file=file,
                first=normalised(os.path.relpath(twice[0], self.root)),
                second=normalised(os.path.relpath(twice[1], self.root)),
            )
        size = None if meta is None else _video_size(meta)
        frames = _Frames(file, {})
        for frame, (one,) in sorted(by_number.items()):
            known = self.places.get(one)
            frames.places[frame] = (
                self._new_item(one, file, 1, size, None) if known is None else known
            )
        return frames

    def _add_track(self, said: Element, file: str, frames: _Frames) -> None:
        label = said.attributes.get("label", "")
        track = said.attributes.get("id", "")
        before: int | None = None  # the frame of the last shape that is seen
        for shape in said.children:
            if shape.name not in _SHAPES:
                self.skipped[f"<{shape.name}>"].append((file, shape.line))
                continue
            text = shape.attributes.get("frame", "")
            if not text.isdecimal() or len(text) > 18:
                self._drop("bad_annotation", f"a {shape.name} without a frame", file, shape.line)
                continue
            frame = int(text)
            if before is not None and frame > before + 1:
                frames.gaps.append(shape.line)
            is_outside = shape.attributes.get("outside") == "1"
            before = None if is_outside else frame
            if is_outside:
                continue
            place = frames.places.get(frame)
            if place is None:
                frames.missing.append((frame, shape.line))
                continue
            self._add_shape(shape, place, file, label, {"track": track})


@dataclass
class _Frames:
    """The frames of a video: the places of their items, and what is missing."""

    file: str
    places: dict[int, int]
    missing: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)

    def report(self, reading: _Reading) -> None:
        """Say what could not be read."""
        if self.missing:
            frame, line = self.missing[0]
            shapes = counted(len(self.missing), "shape", "shapes")
            said = (
                f"{shapes} of {self.file} in frames of which there is no image, such as {frame} on "
                f"line {line}: left out"
            )
            reading.findings.append(left_out("missing_frame", said, file=self.file, line=line))
        if self.gaps:
            times = counted(len(self.gaps), "time", "times")
            said = (
                f"{times} a track of {self.file} jumps over frames, first before line "
                f"{self.gaps[0]}: what is between two shapes is not filled in"
            )
            reading.findings.append(warning("track_gap", said, file=self.file, line=self.gaps[0]))


# Shapes


@dataclass(frozen=True)
class _Pixels:
    counts: str
    size_hw: tuple[int, int]
    box_xyxy: Box


def _shape_of(said: Element, size_wh: tuple[int, int] | None) -> Box | list[float] | _Pixels:
    """Return a box, an outline or pixels.

    Raises:
        ValueError: a number is missing or none, or the mask does not fit.
    """
    if said.name == "box":
        left, top, right, bottom = (_number(said, one) for one in ("xtl", "ytl", "xbr", "ybr"))
        turn = _turn(said)
        if not turn:
            return left, top, right, bottom
        middle = (left + right) / 2, (top + bottom) / 2
        return turned_corners(*middle, right - left, bottom - top, turn)
    if said.name == "polygon":
        return _points(said.attributes.get("points", ""))
    if said.name == "ellipse":
        x, y, across, down = (_number(said, one) for one in ("cx", "cy", "rx", "ry"))
        return ellipse(x, y, across, down, _turn(said))
    return _mask(said, size_wh)


def _mask(said: Element, size_wh: tuple[int, int] | None) -> _Pixels:
    if size_wh is None:
        raise ValueError("the size of its image is not said, which a mask needs")
    sides = [said.attributes.get(one, "") for one in ("left", "top", "width", "height")]
    if not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in sides):
        raise ValueError("left, top, width and height of its piece are not all whole numbers")
    left, top, width, height = map(int, sides)
    texts = said.attributes.get("rle", "").replace(",", " ").split()
    if not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in texts):
        raise ValueError("its run lengths are not all whole numbers")
    counts = [int(one) for one in texts]
    if sum(counts) != width * height or width * height > _MOST_PIXELS:
        raise ValueError(f"its run lengths cover {sum(counts)} of {width * height} pixels")
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(height, width)
    size_hw = size_wh[1], size_wh[0]
    text = run_lengths.of_part(inside, left, top, size_hw)
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    if not len(columns):
        return _Pixels(text, size_hw, (left, top, left, top))
    box = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    return _Pixels(text, size_hw, box)


def _points(text: str) -> list[float]:
    pieces = [one for pair in text.split(";") if pair.strip() for one in pair.split(",")]
    try:
        found = [float(one) for one in pieces]
    except ValueError:
        found = []
    if not found or len(found) % 2 or "_" in text or not _are_places(found):
        raise ValueError("its points are not x,y;x,y;…")
    return found


def _are_places(numbers: list[float]) -> bool:
    """Say whether all are numbers of a size that places in images can have."""
    return (
        max(numbers) <= LARGEST_NUMBER
        and min(numbers) >= -LARGEST_NUMBER
        and not math.isnan(sum(numbers))
    )


def _number(said: Element, name: str) -> float:
    found = number(said.attributes.get(name, ""))
    if found is None:
        raise ValueError(f"{name} is no number")
    return found


def _turn(said: Element) -> float:
    """Return the angle in radians by which a shape is turned clockwise."""
    return math.radians(_number(said, "rotation") % 360) if "rotation" in said.attributes else 0.0


def _attributes(said: Element) -> dict[str, Any]:
    found: dict[str, Any] = {
        one.attributes.get("name", ""): one.text for one in said.all("attribute")
    }
    if said.attributes.get("occluded", "0") not in ("0", "False", "false", ""):
        found["occluded"] = True
    for name in ("z_order", "group_id", "rotation"):
        value = number(said.attributes.get(name, "0"))
        if value:
            found[name] = int(value) if value.is_integer() else value
    if said.attributes.get("source", "manual") != "manual":
        found["source"] = said.attributes["source"]
    if said.name == "ellipse":
        found["shape"] = "ellipse"
    return found


# What is said of all


def _labels(meta: Element) -> Iterator[str]:
    """Yield the names of the labels, wherever in `meta` they stand; parts of skeletons are none."""
    for child in meta.children:
        if child.name != "labels":
            yield from _labels(child)
            continue
        for label in child.all("label"):
            if label.text_of("name") and not label.text_of("parent"):
                yield label.text_of("name")


def _video_size(meta: Element) -> tuple[int, int] | None:
    for child in meta.children:
        if child.name == "original_size":
            return _size_wh(child.text_of("width"), child.text_of("height"))
        if found := _video_size(child):
            return found
    return None


def _size_wh(width: str, height: str) -> tuple[int, int] | None:
    sides = number(width), number(height)
    if sides[0] is None or sides[1] is None:
        return None
    if not all(1 <= side <= _LARGEST_SIDE for side in (sides[0], sides[1])):
        return None
    return int(sides[0]), int(sides[1])
