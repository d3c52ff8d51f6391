"""WIDER FACE: one text file for all images, with the boxes of their faces."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import is_image, normalised, subfolders
from model_playground.datasets.findings import warning
from model_playground.datasets.formats.coco import partition_of
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import FORMATS, Draft, Format, Held, ReadOptions
from model_playground.datasets.formats.named_items import NamedItems, near_files
from model_playground.datasets.formats.voc_objects import number
from model_playground.datasets.parts import part_of
from model_playground.datasets.text_files import UnreadableTextError, beginning_of

_CLASS = "face"
_LISTS = "wider_face_split"
_SIDES = 4
_MARKS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_COLUMNS = (_SIDES, _SIDES + len(_MARKS))
_FILES_LOOKED_AT = 20
_LOOKED_AT = 4096  # bytes


@FORMATS.register
class WiderFace(Format):
    """WIDER FACE: a text file that names each image, says how many faces it has, and their boxes.

    A box is left, top, width and height, which six numbers may follow: blur, expression,
    illumination, whether it is invalid, occlusion and pose. All objects are of the class `face`.
    The file and the images stand in folders of the dataset; a file is of the part that it is named
    after, such as `wider_face_train_bbx_gt.txt`.
    """

    name = "wider_face"
    title = "WIDER FACE"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("a line with an image", "the item"),
        Held("left, top, width, height", "a box"),
        Held("blur, expression, illumination, …", "attributes, where they are above 0"),
        Held("a number of 0, and a line of noughts after it", "an image with nothing in it"),
        Held("`wider_face_train_….txt` and alike", "the partition"),
        Held("an image that is not there", "blocks the import, reported"),
        Held("an image that no file names", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        found = next((one for one in _texts(path)[:_FILES_LOOKED_AT] if _is_list(one)), None)
        return None if found is None else f"{found.name} names images, and counts their boxes"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = [one for one in _texts(path) if _is_list(one)]
        if not files:
            raise InvalidError(
                "wider_face.none", "{path} holds no list of WIDER FACE", path=str(path)
            )
        reading = _Reading(_root(path))
        for file in files:
            reading.add(file)
        return Draft(
            root=reading.root,
            task=task or "detection",
            items=reading.items,
            classes=reading.classes.sorted(reading.annotations),
            findings=[*reading.findings, *reading.unnamed()],
            annotations=reading.annotations,
        )


def _texts(path: Path) -> list[Path]:
    return near_files(path, ".txt")


def _root(path: Path) -> Path:
    """Return the dataset's folder: the lists stand in one of their own, beside the images."""
    if path.is_dir():
        return path
    return path.parent.parent if path.parent.name == _LISTS else path.parent


def _folders_of(part: str | None, root: Path) -> list[str]:
    """Return the folders in which the images of a part stand, such as `WIDER_train/images`."""
    tops = [root, *subfolders(root)]
    own = [
        folder
        for top in tops
        for folder in subfolders(top)
        if part and any(part_of(word) == part for word in folder.name.split("_"))
    ]
    folders = [one for folder in own for one in (folder / "images", folder)]
    return [normalised(os.path.relpath(one, root)) for one in folders]


def _is_list(path: Path) -> bool:
    try:
        text, _ = beginning_of(path, _LOOKED_AT)
    except UnreadableTextError:
        return False
    image, count, box = [*islice((line.strip() for line in text.splitlines()), 3), "", "", ""][:3]
    return is_image(image) and count.isdecimal() and _numbers(box) is not None


def _numbers(line: str) -> list[float] | None:
    """Return the numbers of a box, or None if a line is none."""
    pieces = line.split()
    values = [one for text in pieces if (one := number(text)) is not None]
    return values if len(pieces) == len(values) and len(pieces) in _COLUMNS else None


@dataclass
class _Reading(NamedItems):
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)

    def add(self, path: Path) -> None:
        """Read a file.

        Raises:
            InvalidError: it cannot be read.
        """
        file = normalised(os.path.relpath(path, self.root))
        part = partition_of(path)
        beside = _folders_of(part, self.root)
        place, wanted, seen, counted_on = None, 0, 0, 0
        for line, text in enumerate(map(str.strip, read_text(path).splitlines()), start=1):
            if is_image(text):
                self._compare(wanted, seen, file, counted_on)
                place = self.add_item(text, file, line, partition=part, first=beside)
                wanted, seen = 0, 0
            elif text.isdecimal():
                wanted, counted_on = int(text[:9]), line
            elif (numbers := _numbers(text)) is None:
                if text:
                    self.leave_out("bad_annotation", "it is no box of a face", file, line)
            elif wanted or any(numbers):  # noughts stand where there is no face
                seen += 1
                if place is not None:
                    self._add_box(place, numbers, file, line)
        self._compare(wanted, seen, file, counted_on)

    def _compare(self, wanted: int, seen: int, file: str, line: int) -> None:
        if wanted != seen:
            boxes = counted(seen, "box follows", "boxes follow")
            said = f"line {line} of {file} counts {wanted}, and {boxes}: these are read"
            self.findings.append(warning("bad_annotation", said, file=file, line=line or None))

    def _add_box(self, place: int, numbers: list[float], file: str, line: int) -> None:
        left, top, width, height, *marks = numbers
        said = {name: int(one) for name, one in zip(_MARKS, marks, strict=False) if one > 0}
        self.annotations.add_box(
            place,
            (left, top, left + width, top + height),
            class_index=self.classes.index(_CLASS),
            attributes=said,
            source_file=file,
            source_line=line,
        )
