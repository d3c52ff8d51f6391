"""VisDrone: a text file for each image, with a line of eight numbers for each object."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.findings import left_out
from model_playground.datasets.formats.format import FORMATS, Draft, Format, Held, ReadOptions
from model_playground.datasets.formats.text_labels import (
    ABOUT_FILES,
    LabelledImage,
    LinesRead,
    example_of_labels,
    read_text_labels,
)
from model_playground.datasets.formats.voc_objects import number
from model_playground.datasets.parts import part_of

_COLUMNS = 8
_LARGEST_MARK = 2  # of the score, and of how far an object is truncated or occluded
_IGNORED = 0
_CLASSES = (
    *("ignored regions", "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle"),
    *("awning-tricycle", "bus", "motor", "others"),
)


@FORMATS.register
class VisDrone(Format):
    """VisDrone: a text file for each image with a line of eight numbers for each object.

    They are left, top, width and height of the box, whether it counts, the class from 0 to 11, and
    how far the object is truncated and occluded. The numbers of the classes have VisDrone's names.
    Label files stand in `annotations` for the images in `images`, or beside the images.
    """

    name = "visdrone"
    title = "VisDrone"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("left, top, width, height", "a box"),
        Held("class", "VisDrone's name of it"),
        Held("class 0, ignored regions", "left out, counted: records know no region of no class"),
        Held("truncation, occlusion", "attributes, where they are above 0"),
        Held("score, which says whether an object counts", "not read"),
        Held("folders called after a part (`VisDrone2019-DET-train`)", "the partition"),
        *ABOUT_FILES,
    )

    def detect(self, path: Path) -> str | None:
        example = example_of_labels(path, _is_object)
        return None if example is None else f"{example} and alike hold VisDrone's eight numbers"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        return read_text_labels(path, _is_object, _Reading(), task, options)


def _numbers(line: str) -> list[int] | None:
    """Return the numbers of a line, which may end in a comma, or None if it is no object.

    >>> _numbers("684,8,273,116,0,0,0,0,"), _numbers("684,8,273,116")
    ([684, 8, 273, 116, 0, 0, 0, 0], None)
    """
    pieces = line.strip().removesuffix(",").split(",")
    values = [int(one) for text in pieces if (one := number(text)) is not None and one == int(one)]
    if len(values) != _COLUMNS or len(pieces) != _COLUMNS:
        return None
    score, kind, *marks = values[4:]
    fits = 0 <= kind < len(_CLASSES) and all(0 <= one <= _LARGEST_MARK for one in (score, *marks))
    return values if fits else None


def _is_object(line: str) -> bool | None:
    """Say whether a line is an object; a region of no class shows nothing of the image."""
    values = _numbers(line)
    if values is None:
        return False
    return None if values[5] == _IGNORED else True


@dataclass
class _Reading(LinesRead):
    ignored: list[tuple[str, int]] = field(default_factory=list)

    def add(self, image: LabelledImage) -> None:
        words = re.split(r"[_\-/ ]", image.file.rpartition("/")[0])
        part = next((part for word in reversed(words) if (part := part_of(word))), None)
        image.item.partition = image.item.partition or part
        for line, text in image.lines:
            values = _numbers(text)
            if values is None:
                said = "it does not hold VisDrone's eight numbers, of which the sixth is the class"
                self.leave_out(said, image.file, line)
            elif values[5] == _IGNORED:
                self.ignored.append((image.file, line))
            else:
                self._add_object(image, line, values)

    def _add_object(self, image: LabelledImage, line: int, values: list[int]) -> None:
        left, top, width, height, _, kind, truncated, occluded = values
        marks: dict[str, Any] = {"truncated": truncated, "occluded": occluded}
        self.annotations.add_box(
            image.place,
            (left, top, left + width, top + height),
            class_index=self.classes.index(_CLASSES[kind]),
            attributes={name: mark for name, mark in marks.items() if mark},
            source_file=image.file,
            source_line=line,
        )

    def counts(self) -> list[Finding]:
        if not self.ignored:
            return []
        file, line = self.ignored[0]
        regions = counted(len(self.ignored), "region is", "regions are")
        said = f"{regions} to be ignored: objects in them are not labelled; left out"
        return [left_out("unlabelled_region", said, file=file, line=line)]
