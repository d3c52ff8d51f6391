"""DOTA: a text file for each image, with the four corners of each object."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.findings import information
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.text_labels import (
    ABOUT_FILES,
    LabelledImage,
    LinesRead,
    example_of_labels,
    read_text_labels,
)
from model_playground.datasets.formats.voc_objects import number
from model_playground.datasets.labelled_tables import free_name

_CORNERS = 8  # numbers
_HEAD = re.compile(r"\s*([A-Za-z][A-Za-z _]*):(.*)")
_NOTHING = ("", "none", "null", "nan")
_CLASS = re.compile(r"[^\W\d]")


@FORMATS.register
class Dota(Format):
    """DOTA: a text file for each image with a line for each object: its corners, its class, and
    whether it is difficult.

    The corners are x1, y1, x2, y2, x3, y3, x4, y4 in pixels. Lines such as `imagesource:` and
    `gsd:` may stand before. Label files stand in `labelTxt` or `labels` beside the folder of the
    images, or beside the images.
    """

    name = "dota"
    title = "DOTA"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("four corners", "a polygon; the dataset is for detection"),
        DRAWN_MASKS,
        Held("class", "the class"),
        Held("difficulty", "the attribute `difficult`, where it is not 0"),
        Held("`imagesource:`, `gsd:` and alike", "columns"),
        Held("folders train, val, test", "the partition"),
        *ABOUT_FILES,
    )

    def detect(self, path: Path) -> str | None:
        example = example_of_labels(path, _is_object)
        return None if example is None else f"{example} and alike hold four corners and a class"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        return read_text_labels(path, _is_object, _Reading(), task, options)


def _is_object(line: str) -> bool | None:
    """Say whether a line is an object; one of the head shows nothing."""
    if _HEAD.fullmatch(line):
        return None
    pieces = line.split()
    are_corners = len(pieces) > _CORNERS and all(
        number(one) is not None for one in pieces[:_CORNERS]
    )
    return are_corners and _CLASS.match(pieces[_CORNERS]) is not None


@dataclass
class _Reading(LinesRead):
    objects: list[tuple[str, int]] = field(default_factory=list)

    def add(self, image: LabelledImage) -> None:
        for line, text in image.lines:
            head = _HEAD.fullmatch(text)
            if head:
                value = head[2].strip()
                if value.lower() not in _NOTHING:
                    image.item.columns[free_name(head[1].strip())] = value
                continue
            pieces = text.split()
            corners = [one for text in pieces[:_CORNERS] if (one := number(text)) is not None]
            if len(corners) < _CORNERS or len(pieces) == _CORNERS:
                self.leave_out("it does not hold four corners and a class", image.file, line)
                continue
            self.objects.append((image.file, line))
            name, attributes = _described(pieces[_CORNERS:])
            self.annotations.add_polygon(
                image.place,
                [corners],
                class_index=self.classes.index(name),
                attributes=attributes,
                source_file=image.file,
                source_line=line,
            )

    def counts(self) -> list[Finding]:
        if not self.objects:
            return []
        file, line = self.objects[0]
        objects = counted(len(self.objects), "object is", "objects are")
        said = f"{objects} read as polygons of four corners, and the dataset is for detection"
        return [information("turned_boxes", said, file=file, line=line)]


def _described(pieces: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the class, which may have several words, and the attributes behind it.

    >>> _described(["large-vehicle", "1"]), _described(["basket", "court"])
    (('large-vehicle', {'difficult': True}), ('basket court', {}))
    """
    *words, last = pieces
    if not words or not last.isdecimal():
        return " ".join(pieces), {}
    attributes = {} if not last.strip("0") else {"difficult": True if last == "1" else last}
    return " ".join(words), attributes
