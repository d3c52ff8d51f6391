"""The XML that Pascal VOC introduced and many programs write: the objects of one image."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.findings import information, left_out
from model_playground.datasets.formats.draft import Box, ClassNames, DraftAnnotations, DraftItem
from model_playground.datasets.outline_shapes import turned_corners
from model_playground.datasets.xml_files import Element

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_FLAGS = ("difficult", "occluded", "truncated")
_READ = {
    *("name", "bndbox", "robndbox", "polygon", "part", "attributes", "pose", *_FLAGS),
    *("type", "id", "deleted", "verified", "date"),  # of the program that drew, not of the object
}
_NOTHING_SAID = ("", "0", "unspecified", "false", "none")
_COORDINATE = re.compile(r"([xy])(\d+)")
_LARGEST_SIDE = 2**31 - 1
LARGEST_NUMBER = 2.0**53
"""What is larger is no place in an image, and cannot be rounded to a part of a pixel."""


@dataclass
class ObjectReader:
    """Reads the objects of images into a draft's annotations, and counts what it does not read.

    The corners of a box stand as the file has them. Programs that draw boxes write where the edges
    are; the sets of the VOC challenge itself count pixels from 1 and include the last, so that
    their boxes begin one pixel further left and up. A file does not say which it is: where all
    boxes together look like it, `counted_from_one` says so. A box whose two sides are the same
    number has no area, and is reported so.
    """

    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    findings: list[Finding] = field(default_factory=list)
    has_outlines: bool = False
    _unread: Counter[str] = field(default_factory=Counter)
    _first_unread: dict[str, tuple[str, int]] = field(default_factory=dict)

    def read(self, said: Element, item: int, file: str) -> int:
        """Read all objects of a file for an item; return how many were read."""
        return sum(self._read_object(one, item, file) for one in said.all("object"))

    def unread(self) -> Iterator[Finding]:
        """Say what the files have of objects that has no place in the records."""
        for name, count in sorted(self._unread.items()):
            file, line = self._first_unread[name]
            objects = counted(count, "object", "objects")
            said = f"<{name}> of {objects} is not read; first on line {line} of {file}"
            yield left_out("unread_key", said, file=file, line=line)

    def _read_object(self, said: Element, item: int, file: str) -> bool:
        name = said.text_of("name")
        if not name:
            return self._drop("bad_annotation", "an object without a name", said.line, file)
        for child in said.children:
            if child.name not in _READ:
                self._unread[child.name] += 1
                self._first_unread.setdefault(child.name, (file, child.line))
        box = said.find("bndbox")
        corners = None if box is None else corners_of(box)
        rings = _outlines(said)
        if rings is None or (box is not None and corners is None):
            why = f"the coordinates of {name} are not all numbers"
            kind = "bad_annotation" if rings is None else "bad_box"
            return self._drop(kind, why, said.line, file)
        if corners is None and not rings:
            return self._drop("no_shape", f"{name} has neither box nor outline", said.line, file)
        if len(said.all("bndbox")) > 1:
            why = f"{name} has several boxes; the first is read, the others are"
            self._drop("bad_box", why, said.line, file)
        index = self.classes.index(name)
        attributes = _attributes(said)
        if rings:
            self.has_outlines = True
            self.annotations.add_polygon(
                item, rings, class_index=index, box_xyxy=corners, attributes=attributes,
                source_file=file, source_line=said.line,
            )  # fmt: skip
        elif corners is not None:
            self.annotations.add_box(
                item, corners, class_index=index, attributes=attributes,
                source_file=file, source_line=said.line,
            )  # fmt: skip
        return True

    def _drop(self, kind: str, why: str, line: int, file: str) -> bool:
        message = f"line {line} of {file}: {why}: left out"
        self.findings.append(left_out(kind, message, file=file, line=line))
        return False


def counted_from_one(annotations: pa.Table, items: Sequence[DraftItem]) -> Iterator[Finding]:
    """Say where boxes look as if pixels were counted from 1: they begin at 1, never at 0, and end
    at the image's width or height.
    """
    boxes = annotations.filter(pc.equal(annotations["kind"], "box"))
    left, top, right, bottom = (
        boxes[side].to_numpy() for side in ("left", "top", "right", "bottom")
    )
    starts = np.minimum(left, top)
    if not len(starts) or starts.min() != 1:
        return
    sizes_wh = np.array([item.size_wh or (0, 0) for item in items])[boxes["item"].to_numpy()]
    ends = int(((right == sizes_wh[:, 0]) | (bottom == sizes_wh[:, 1])).sum())
    if not ends:
        return
    first = int((starts == 1).argmax())
    file, line = (boxes[name][first].as_py() for name in ("source_file", "source_line"))
    said = (
        f"no box begins at pixel 0, {counted(int((starts == 1).sum()), 'begins', 'begin')} at 1, "
        f"first on line {line} of {file}, and {counted(ends, 'ends', 'end')} at the image's last: "
        "pixels may be counted from 1, and then boxes are read one pixel too small at the left "
        "and at the top"
    )
    yield information("counted_from_one", said, file=file, line=line)


def size_wh_of(said: Element) -> tuple[int, int] | None:
    """Return the size of the image, where the file says one that can be."""
    size = said.find("size")
    if size is None:
        return None
    width, height = number(size.text_of("width")), number(size.text_of("height"))
    if width is None or height is None:
        return None
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        return None
    return int(width), int(height)


def corners_of(box: Element) -> Box | None:
    """Return the corners of a box, or None if one is missing or no number."""
    numbers = [number(box.text_of(one)) for one in _CORNERS]
    left, top, right, bottom = numbers
    if left is None or top is None or right is None or bottom is None:
        return None
    return left, top, right, bottom


def number(text: str) -> float | None:
    """Return the number in a text, with a point or a comma before its decimals.

    >>> number("12.5"), number(" 12,5 "), number("nan"), number("1_0")
    (12.5, 12.5, None, None)
    """
    try:
        value = float(text.replace(",", ".")) if "_" not in text else math.nan
    except ValueError:
        return None
    return value if abs(value) <= LARGEST_NUMBER else None  # false of what is no number


def _outlines(said: Element) -> list[list[float]] | None:
    """Return the outlines of an object, or None if one of them cannot be read."""
    rings = [_polygon(one) for one in said.all("polygon")]
    rings += [_turned_box(one) for one in said.all("robndbox")]
    found = [one for one in rings if one is not None]
    return found if len(found) == len(rings) else None


def _polygon(said: Element) -> list[float] | None:
    """Read <x1>, <y1>, <x2>, … as Roboflow writes them, or <pt><x/><y/></pt> as LabelMe did."""
    texts: list[str]
    points = said.all("pt") or said.all("point")
    if points:
        texts = [text for one in points for text in (one.text_of("x"), one.text_of("y"))]
    else:
        named = {one.name: one.text for one in said.children}
        places = [place for one in named if (place := _COORDINATE.fullmatch(one))]
        ordered = sorted(places, key=lambda one: (int(one[2][:9]), one[1]))
        if [one[1] for one in ordered] != ["x", "y"] * (len(ordered) // 2):
            return None
        texts = [named[one[0]] for one in ordered]
    numbers = [number(text) for text in texts]
    found = [one for one in numbers if one is not None]
    return found if found and len(found) == len(numbers) else None


def _turned_box(said: Element) -> list[float] | None:
    """Return the corners of a box that is turned about its centre, clockwise on the screen."""
    values = [number(said.text_of(one)) for one in ("cx", "cy", "w", "h", "angle")]
    found = [one for one in values if one is not None]
    if len(found) < len(values):
        return None
    x, y, width, height, angle = found
    return turned_corners(x, y, width, height, angle)


def _attributes(said: Element) -> dict[str, Any]:
    """Return what is said of an object besides its place; what is denied is not kept."""
    found: dict[str, Any] = {}
    for name in (*_FLAGS, "pose"):
        text = said.text_of(name)
        if text.lower() not in _NOTHING_SAID:
            found[name] = True if text.lower() in ("1", "true", "yes") else text
    parts = [
        {"name": part.text_of("name"), "box": None if box is None else corners_of(box)}
        for part in said.all("part")
        for box in [part.find("bndbox")]
    ]
    if parts and parts != [{"name": "", "box": None}]:
        found["parts"] = parts
    for pair in (one for group in said.all("attributes") for one in group.all("attribute")):
        found[pair.text_of("name")] = pair.text_of("value")
    return found
