"""CUB's lists: text files that name images, classes, parts and boxes by the images' ids."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import NamedImages, is_image, normalised, subfolders
from model_playground.datasets.findings import blocking, left_out
from model_playground.datasets.formats.draft import ClassNames
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.image_classes import ImageClasses, without_items
from model_playground.datasets.formats.voc_objects import number

_IMAGES = "images.txt"
_LABELS = "image_class_labels.txt"
_CLASSES = "classes.txt"
_SPLIT = "train_test_split.txt"
_BOXES = "bounding_boxes.txt"
_UNREAD = ("parts/part_locs.txt", "attributes/image_attribute_labels.txt")
_PARTS = {"1": "train", "0": "test"}
_SIDES = 4
_LONGEST_ID = 9  # digits of a class's id that is kept


@FORMATS.register
class Cub(Format):
    """CUB's lists: `images.txt`, `image_class_labels.txt` and others, by the ids of the images.

    So the birds of Caltech and UCSD (CUB-200-2011) and of NABirds are laid out: each line of a list
    begins with an image's id. The images stand in `images` beside the lists.
    """

    name = "cub"
    title = "CUB lists"
    tasks: ClassVar[tuple[str, ...]] = ("classification", "detection", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`images.txt`", "the items"),
        Held("`image_class_labels.txt`", "the class of each image"),
        Held("`classes.txt`", "the names of the classes; their ids are kept"),
        Held("`train_test_split.txt`", "the partition: 1 is train, 0 is test"),
        Held("`bounding_boxes.txt`", "with `--task detection` a box of the image's class"),
        Held("`parts`, `attributes`", "not read, reported"),
        Held("an image that `images.txt` does not name", "left out, counted"),
        Held("a line whose image does not exist", "blocks the import, reported"),
    )

    def detect(self, path: Path) -> str | None:
        folder = _folder(path)
        return None if folder is None else f"{folder} holds CUB's lists {_IMAGES} and {_LABELS}"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        folder = _folder(path)
        if folder is None:
            raise InvalidError(
                "cub.no_lists",
                "{path} holds no {images} and {labels}",
                path=str(path),
                images=_IMAGES,
                labels=_LABELS,
            )
        reading = _Reading(path, folder, NamedImages(path))
        reading.add_images()
        reading.add_labels()
        reading.add_parts()
        return reading.draft(task or "classification")


def _folder(path: Path) -> Path | None:
    """Return the folder of the lists: the one that is read, or the one in it."""
    inside = subfolders(path) if path.is_dir() else []
    return next((one for one in (path, *inside) if _holds_lists(one)), None)


def _holds_lists(folder: Path) -> bool:
    if not (folder / _IMAGES).is_file() or not (folder / _LABELS).is_file():
        return False
    try:
        first = list(islice(_lines(folder / _IMAGES), 1))
    except InvalidError:
        return False
    return bool(first) and is_image(first[0][2])


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each line, the id that it begins with, and what it says of it."""
    for number_of_line, line in enumerate(read_text(path).splitlines(), start=1):
        known, _, said = line.strip().partition(" ")
        if known:
            yield number_of_line, known, said.strip()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID


@dataclass
class _Reading:
    root: Path
    folder: Path
    images: NamedImages
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    places: dict[str, int | None] = field(default_factory=dict)  # by id; none cannot be had
    taken: set[str] = field(default_factory=set)
    labels: ImageClasses = field(default_factory=ImageClasses)
    names: Mapping[str, str] = field(default_factory=dict)  # of the classes, by id

    def add_images(self) -> None:
        """Take the images that are listed."""
        beside = (self._name(self.folder / "images"), self._name(self.folder))
        file = self._name(self.folder / _IMAGES)
        for line, known, name in _lines(self.folder / _IMAGES):
            found, _ = self.images.find(name, first=beside) if name else ([], False)
            fault = None
            if known in self.places:
                fault = "image_id_twice", f"the image id {known[:40]} stands for two images"
            elif not found:
                fault = "missing_file", f"there is no image {name} in {self.root}"
            elif len(found) > 1:
                fault = "ambiguous_file", f"{name} may be {len(found)} of those that are here"
            elif found[0] in self.taken:
                fault = "image_twice", f"the image {name} is named twice"
            self.places.setdefault(known, None)
            if fault:
                kind, said = fault
                message = f"line {line} of {file}: {said}"
                self.findings.append(blocking(kind, message, file=file, line=line))
                continue
            self.taken.add(found[0])
            self.places[known] = len(self.items)
            self.items.append(DraftItem(found[0], source_file=file, source_line=line))

    def add_labels(self) -> None:
        """Take the class of each image, and what the classes are called."""
        self.names = self._class_names()
        for line, place, said, file in self._about_images(_LABELS):
            self.labels.add(place, self.names.get(said, said), file, line)

    def add_parts(self) -> None:
        """Take the part of each image, where a list says it."""
        for line, place, said, file in self._about_images(_SPLIT):
            if said in _PARTS:
                self.items[place].partition = _PARTS[said]
            else:
                self._leave_out("bad_annotation", f"{said[:40]!r} is neither 1 nor 0", file, line)

    def draft(self, task: str) -> Draft:
        """Return what was read, for a task."""
        items, annotations, classes = self.items, DraftAnnotations(), ClassNames()
        for name in self.names.values():
            classes.index(name)
        if task == "classification":
            self.findings += self.labels.as_the_class(items, classes)
            classless = {place for place, one in enumerate(items) if one.class_name is None}
            items, annotations = without_items(items, annotations, classless)
        elif task == "tagging":
            self.labels.as_tags(annotations, classes)
        else:
            self._add_boxes(annotations, classes)
        self._report_unread()
        ids = {name: int(known) for known, name in self.names.items() if _is_id(known)}
        return Draft(
            root=self.root,
            task=task,
            items=items,
            classes=tuple(
                replace(one, source_id=ids.get(one.name)) for one in classes.sorted(annotations)
            ),
            findings=self.findings,
            annotations=annotations,
        )

    def _class_names(self) -> dict[str, str]:
        """Return the names of the classes by their ids; of one name the id tells them apart."""
        path = self.folder / _CLASSES
        named = {known: said or known for _, known, said in _lines(path)} if path.is_file() else {}
        count = Counter(named.values())
        return {
            known: name if count[name] == 1 else f"{name} ({known})"
            for known, name in named.items()
        }

    def _about_images(self, name: str) -> Iterator[tuple[int, int, str, str]]:
        """Yield what a list says of the images that are there: line, place, words and file."""
        path = self.folder / name
        file = self._name(path)
        for line, known, said in _lines(path) if path.is_file() else ():
            if known not in self.places:
                why = f"the image id {known[:40]} is not in {_IMAGES}"
                self._leave_out("unknown_image", why, file, line)
            elif (place := self.places[known]) is not None:
                yield line, place, said, file

    def _add_boxes(self, annotations: DraftAnnotations, classes: ClassNames) -> None:
        if not (self.folder / _BOXES).is_file():
            raise InvalidError(
                "cub.no_boxes",
                "{folder} holds no {boxes}, which detection needs: choose --task classification",
                folder=str(self.folder),
                boxes=_BOXES,
            )
        for line, place, said, file in self._about_images(_BOXES):
            sides = [one for text in said.split() if (one := number(text)) is not None]
            labels = self.labels.by_place.get(place)
            if len(sides) != _SIDES or len(said.split()) != _SIDES:
                why = f"{said[:40]!r} is no x, y, width and height"
                self._leave_out("bad_box", why, file, line)
            elif not labels:
                self._leave_out("bad_annotation", f"no class in {_LABELS}", file, line)
            else:
                left, top, width, height = sides
                annotations.add_box(
                    place,
                    (left, top, left + width, top + height),
                    class_index=classes.index(labels[0].name),
                    source_file=file,
                    source_line=line,
                )

    def _report_unread(self) -> None:
        for name in _UNREAD:
            if (self.folder / name).is_file():
                file = self._name(self.folder / name)
                said = f"{file} is not read: it holds {os.path.dirname(name)}"
                self.findings.append(left_out("other_labels", said, file=file))
        left = [name for name, path in self.images.paths.items() if path not in self.taken]
        if left:
            images = counted(len(left), "image is", "images are")
            said = f"{images} not named by {_IMAGES}, such as {left[0]}: left out"
            self.findings.append(left_out("file_without_row", said, file=left[0]))

    def _leave_out(self, kind: str, why: str, file: str, line: int) -> None:
        message = f"line {line} of {file}: {why}: it is left out"
        self.findings.append(left_out(kind, message, file=file, line=line))

    def _name(self, path: Path) -> str:
        return normalised(os.path.relpath(path, self.root))
