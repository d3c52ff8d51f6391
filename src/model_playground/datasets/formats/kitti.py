"""KITTI: a text file of objects for each image, with their boxes in the image and in space."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.findings import information, left_out
from model_playground.datasets.formats.format import FORMATS, Draft, Format, Held, ReadOptions
from model_playground.datasets.formats.text_labels import (
    ABOUT_FILES,
    LabelledImage,
    LinesRead,
    example_of_labels,
    read_text_labels,
)
from model_playground.datasets.formats.voc_objects import number

_COLUMNS = 15
_WITH_SCORE = 16
_DONT_CARE = "DontCare"


@FORMATS.register
class Kitti(Format):
    """KITTI: a text file for each image with a line for each object, of 15 columns or 16.

    They are the class, how far it is truncated and occluded, the angle at which it is seen, the
    box (left, top, right, bottom), height, width and length in metres, the place x, y, z, the
    rotation and, of a result, the score. Label files stand in `label_2` for the images in
    `image_2`, in `labels` for `images`, or beside the images.
    """

    name = "kitti"
    title = "KITTI"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("class, left, top, right, bottom", "a box"),
        Held("`truncated`, `occluded`", "attributes, where they are above 0"),
        Held(
            "alpha, size in metres, place, rotation",
            "the attributes `alpha`, `dimensions`, `location`, `rotation_y`, where they are said",
        ),
        Held("score", "the attribute `confidence`, reported"),
        Held("`DontCare`", "left out, counted: records know no region of no class"),
        Held("folders training, testing, train, val", "the partition"),
        *ABOUT_FILES,
        Held("calibration, point clouds", "not read"),
    )

    def detect(self, path: Path) -> str | None:
        example = example_of_labels(path, _is_object)
        return None if example is None else f"{example} and alike hold KITTI's 15 columns"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        return read_text_labels(path, _is_object, _Reading(), task, options)


def _is_object(line: str) -> bool | None:
    """Say whether a line is an object; a region of no class shows nothing of the image."""
    pieces = line.split()
    if len(pieces) not in (_COLUMNS, _WITH_SCORE) or number(pieces[0]) is not None:
        return False
    if any(number(one) is None for one in pieces[1:]):
        return False
    return None if pieces[0] == _DONT_CARE else True


@dataclass
class _Reading(LinesRead):
    dont_care: list[tuple[str, int]] = field(default_factory=list)
    scores: list[tuple[str, int]] = field(default_factory=list)

    def add(self, image: LabelledImage) -> None:
        for line, text in image.lines:
            pieces = text.split()
            if len(pieces) not in (_COLUMNS, _WITH_SCORE):
                self.leave_out(f"{len(pieces)} columns, where KITTI has 15 or 16", image.file, line)
                continue
            numbers = [one for text in pieces[1:] if (one := number(text)) is not None]
            if len(numbers) < len(pieces) - 1:
                wrong = next(one for one in pieces[1:] if number(one) is None)
                self.leave_out(f"{wrong[:40]!r} is no number", image.file, line)
            elif pieces[0] == _DONT_CARE:
                self.dont_care.append((image.file, line))
            else:
                self._add_object(image, line, pieces[0], numbers)

    def _add_object(self, image: LabelledImage, line: int, name: str, numbers: list[float]) -> None:
        if len(numbers) == _WITH_SCORE - 1:
            self.scores.append((image.file, line))
        left, top, right, bottom = numbers[3:7]
        self.annotations.add_box(
            image.place,
            (left, top, right, bottom),
            class_index=self.classes.index(name),
            attributes=_attributes(numbers),
            source_file=image.file,
            source_line=line,
        )

    def counts(self) -> list[Finding]:
        found = []
        if self.dont_care:
            file, line = self.dont_care[0]
            regions = counted(len(self.dont_care), "region is", "regions are")
            said = f"{regions} called {_DONT_CARE}: objects in them are not labelled; left out"
            found.append(left_out("unlabelled_region", said, file=file, line=line))
        if self.scores:
            file, line = self.scores[0]
            boxes = counted(len(self.scores), "box carries", "boxes carry")
            said = f"{boxes} a score: the labels may be a model's predictions"
            found.append(information("confidence", said, file=file, line=line))
        return found


def _attributes(numbers: list[float]) -> dict[str, Any]:
    """Return what the columns besides the box say; KITTI's own numbers for nothing do not."""
    truncated, occluded, alpha = numbers[:3]
    dimensions, location, rotation = numbers[7:10], numbers[10:13], numbers[13]
    said: dict[str, tuple[Any, bool]] = {
        "truncated": (truncated, truncated > 0),
        "occluded": (occluded, occluded > 0),
        "alpha": (alpha, alpha not in (0, -10)),
        "dimensions": (dimensions, all(one > 0 for one in dimensions)),
        "location": (location, any(location) and -1000 not in location),
        "rotation_y": (rotation, rotation not in (0, -10)),
        "confidence": (numbers[-1], len(numbers) == _WITH_SCORE - 1),
    }
    return {name: value for name, (value, is_said) in said.items() if is_said}
