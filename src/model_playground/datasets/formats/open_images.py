"""Open Images: CSV files of boxes and image-level labels, and one that names the classes."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.box_columns import LARGEST_SIDE
from model_playground.datasets.delimited import delimited_header, read_delimited
from model_playground.datasets.file_names import files_under, is_image, normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import ClassNames, attributes_text
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.numbers import NumberStyle
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import ClassRecord

_LABEL_COLUMNS = ("ImageID", "LabelName")
_SIDES = ("XMin", "YMin", "XMax", "YMax")
_GROUP = "IsGroupOf"
_NO_CELL = -1  # the empty one at the end of each row
_BOXES_AT_ONCE = 65_536
_FLAGS = ("IsOccluded", "IsTruncated", "IsDepiction", "IsInside")
_PLAIN = NumberStyle()
_ABSENT = 0.0
_DEEPEST = 3  # folders around a CSV file: the download's, the part's and that of labels
_CLASS_PREFIX = "/"  # of an id in Google's Knowledge Graph: /m/011k07


def is_of_open_images(header: Sequence[str]) -> bool:
    """Say whether a file's columns are those of Open Images' boxes, labels or masks."""
    return set(_LABEL_COLUMNS) <= set(header)


@FORMATS.register
class OpenImages(Format):
    """Open Images: CSV files of boxes or labels by image id, and `class-descriptions….csv`.

    The files stand together in a folder or in one for each part, the images in it or in folders
    inside it, each named by its id. Sides of boxes are shares of the image's size. Labels of whole
    images are tags; those whose confidence is 0 were found to be absent, and are none. Rows of
    images that are not here are left out and counted: one hardly has all of Open Images.
    """

    name = "open_images"
    title = "Open Images"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`XMin`, `XMax`, `YMin`, `YMax`", "a box"),
        Held("`IsGroupOf`", "a crowd"),
        Held(
            "`IsOccluded`, `IsTruncated`, `IsDepiction`, `IsInside`", "attributes, where they are 1"
        ),
        Held("image-level labels", "tags; of confidence 0 none"),
        Held(
            "`class-descriptions….csv`, `classes.csv`",
            "the names of the classes; without them their ids",
        ),
        Held("`train-….csv` and alike, folders train, validation, test", "the partition"),
        Held("`Source`, `Confidence` of a box", "not read"),
        Held("segmentation masks", "not read, reported"),
        Held("rows of images that are not here", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        return f"{files[0].name} has the columns ImageID and LabelName" if files else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError(
                "open_images.none",
                "{path} holds no CSV file with the columns ImageID and LabelName",
                path=str(path),
            )
        root = path if path.is_dir() else path.parent
        reading = _Reading(root)
        for file in files:
            reading.add(file)
        return reading.draft(task)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        candidates = [path]
    elif path.is_dir():
        candidates = _csv_files(path)
    else:
        return []
    return [
        file
        for file in candidates
        if file.suffix.lower() == ".csv"
        and file.is_file()
        and is_of_open_images(delimited_header(file))
    ]


def _csv_files(folder: Path) -> list[Path]:
    """Return the CSV files of a folder and those in it, such as `train/labels`, nearest first."""
    inside = [one for one in files_under(folder) if one.lower().endswith(".csv")]
    near = [one for one in inside if one.count("/") <= _DEEPEST]
    return [folder / one for one in sorted(near, key=lambda one: (one.count("/"), one))]


class _Box(NamedTuple):
    """The cells of a row with a box: four sides, and whether it is a crowd before the flags."""

    item: int
    line: int
    label: str
    sides: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass
class _Reading:
    """What was read of the files so far."""

    root: Path
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    names: ClassNames = field(default_factory=ClassNames)
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    absent: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of a file the first line that says that a class is absent, and how many do."""
    told: set[str] = field(default_factory=set)  # ids of several images
    has_boxes: bool = False

    def __post_init__(self) -> None:
        """Find the images and the names of the classes."""
        self.images: dict[str, list[str]] = {}
        for file in files_under(self.root):
            if is_image(file):
                stem = os.path.splitext(normalised(file).rpartition("/")[2])[0]
                self.images.setdefault(stem, []).append(file)
        self.titles = _class_names(self.root)
        self.tagged: set[tuple[int, int]] = set()

    def add(self, path: Path) -> None:
        """Read a file of boxes or labels.

        Raises:
            InvalidError: it cannot be read to its end.
        """
        name = normalised(os.path.relpath(path, self.root))
        missing: Counter[str] = Counter()
        rows = _rows(path)
        _, header = next(rows, (0, []))
        places = {column: place for place, column in enumerate(header)}
        if "MaskPath" in places:
            said = f"{name}: segmentation masks of Open Images are not read"
            self.findings.append(information("masks_unread", said, file=name))
            return
        of_boxes = any(side in places for side in _SIDES)
        sides, flags = (
            itemgetter(*(places.get(one, _NO_CELL) for one in columns))
            for columns in (_SIDES, (_GROUP, *_FLAGS))
        )
        image_place, label_place, confidence_place = (
            places.get(one, _NO_CELL) for one in (*_LABEL_COLUMNS, "Confidence")
        )
        boxes: list[_Box] = []
        for line, cells in rows:
            place = self._place(cells[image_place], name, line, missing)
            if place is None:
                continue
            label = cells[label_place]
            if of_boxes:
                boxes.append(_Box(place, line, label, sides(cells), flags(cells)))
                if len(boxes) == _BOXES_AT_ONCE:
                    self._add_boxes(boxes, name)
                    boxes = []
            else:
                confidence = cells[confidence_place] if "Confidence" in places else "1"
                self._tag(place, label, confidence, name, line)
        if boxes:
            self._add_boxes(boxes, name)
        if missing:
            example = next(iter(missing))
            said = (
                f"{name}: {sum(missing.values()):,} rows are of {len(missing):,} images that are "
                f"not here, such as {example}: they are left out"
            )
            self.findings.append(left_out("listed_not_here", said, file=name))

    def draft(self, task: str | None) -> Draft:
        """Return what was read."""
        for file, (first, count) in self.absent.items():
            labels = counted(count, "label", "labels")
            said = f"{file} has {labels} of confidence 0: absent classes are no tags"
            self.findings.append(information("labels_absent", said, file=file, line=first))
        if not self.titles:
            said = (
                f"no class-descriptions file stands in {self.root}: classes are called by their ids"
            )
            self.findings.append(
                warning(
                    "no_class_names", said, file="".join(one.source_file for one in self.items[:1])
                )
            )
        classes = self.names.sorted(self.annotations)
        return Draft(
            root=self.root,
            task=task or ("detection" if self.has_boxes else "tagging"),
            items=self.items,
            classes=_titled(classes, self.titles),
            findings=[*self.findings, *self._without_rows()],
            annotations=self.annotations,
            relative=True,
        )

    def _place(self, image_id: str, file: str, line: int, missing: Counter[str]) -> int | None:
        if image_id in self.places:
            return self.places[image_id]
        found = self.images.get(normalised(image_id), [])
        if not found:
            missing[image_id] += 1
            return None
        if len(found) > 1:
            if image_id not in self.told:
                self.told.add(image_id)
                several = " and ".join(found[:3])
                said = f"line {line} of {file} names {image_id}, which may be {several}"
                self.findings.append(blocking("ambiguous_file", said, file=file, line=line))
            return None
        folders = found[0].split("/")[:-1]
        part = next(filter(None, map(part_of, folders)), None) or _part_in(os.path.basename(file))
        self.items.append(
            DraftItem(
                path=os.path.join(self.root, found[0]),
                partition=part,
                source_file=file,
                source_line=line,
            )
        )
        self.places[image_id] = len(self.items) - 1
        return self.places[image_id]

    def _add_boxes(self, boxes: Sequence[_Box], file: str) -> None:
        self.has_boxes = True
        columns = zip(*(one.sides for one in boxes), strict=True)
        numbers = np.stack([_PLAIN.read_all(cells) for cells in columns], axis=1)
        is_box: NDArray[np.bool_] = np.all(np.abs(numbers) <= LARGEST_SIDE, axis=1)
        kept = []
        for place, (has_box, one) in enumerate(zip(is_box.tolist(), boxes, strict=True)):
            if has_box and one.label:
                kept.append(place)
            else:
                said = f"line {one.line} of {file} does not hold a class and four coordinates"
                self._drop("bad_box", said, file, one.line)
        whole = [boxes[place] for place in kept]
        self.annotations.extend(
            {
                "item": [one.item for one in whole],
                "kind": ["box"] * len(whole),
                "class_index": [self.names.index(one.label) for one in whole],
                **dict(zip(("left", "top", "right", "bottom"), numbers[kept].T, strict=True)),
                "crowd": [True if one.flags[0] == "1" else None for one in whole],
                "attributes": [_attributes(one.flags[1:]) for one in whole],
                "source_file": [file] * len(whole),
                "source_line": [one.line for one in whole],
            }
        )

    def _tag(self, place: int, name: str, confidence_cell: str, file: str, line: int) -> None:
        confidence = _PLAIN.read(confidence_cell)
        if not name or confidence is None:
            said = f"line {line} of {file} does not hold a class and its confidence"
            self._drop("bad_annotation", said, file, line)
        elif confidence == _ABSENT:
            first, count = self.absent.get(file, (line, 0))
            self.absent[file] = (first, count + 1)
        elif (key := (place, self.names.index(name))) not in self.tagged:
            self.tagged.add(key)
            self.annotations.add_tag(place, class_index=key[1], source_file=file, source_line=line)

    def _drop(self, kind: str, said: str, file: str, line: int) -> None:
        self.findings.append(left_out(kind, f"{said}: it is left out", file=file, line=line))

    def _without_rows(self) -> Iterator[Finding]:
        count = sum(map(len, self.images.values())) - len(self.items)
        if count > 0:
            used = {item.path for item in self.items}
            files = (file for some in self.images.values() for file in some)
            example = next(one for one in files if os.path.join(self.root, one) not in used)
            images = counted(count, "image has", "images have")
            said = f"{images} no row, such as {example}: left out"
            yield left_out("file_without_row", said, file=example)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells, of the header first; there may be millions, so they are not kept.

    What a row lacks is empty, and so is one cell more at its end.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [cell.strip() for cell in next(reader, [])]
            yield reader.line_num, header
            for cells in reader:
                if any(cells):
                    row = list(map(str.strip, cells))
                    row += [""] * max(1, len(header) + 1 - len(row))
                    yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise InvalidError(
            "table.unreadable",
            "the table {path} cannot be read: {why}",
            path=str(path),
            why=getattr(error, "strerror", None) or str(error),
        ) from None


@lru_cache(maxsize=1024)
def _attributes(flags: tuple[str, ...]) -> str | None:
    """Return the attributes of a box whose cells are these; boxes are much alike in them."""
    named = zip(_FLAGS, flags, strict=True)
    return attributes_text(
        {flag.removeprefix("Is").lower(): True for flag, cell in named if cell == "1"}
    )


def _part_in(name: str) -> str | None:
    """Return the part in a file's name: `oidv6-train-annotations-bbox.csv`."""
    return next((part for word in name.split("-") if (part := part_of(word))), None)


def _class_names(root: Path) -> dict[str, str]:
    """Return the classes' names by their ids."""
    named: dict[str, str] = {}
    for file in _csv_files(root):
        if not _names_classes(file):
            continue
        table = read_delimited(file, is_datum=lambda cell: cell.startswith(_CLASS_PREFIX))
        if len(table.columns) == 2:
            ids, titles = (table.cells(column) for column in table.columns)
            pairs = zip(ids, titles, strict=True)
            named = {one: title for one, title in pairs if one and title} | named
    return named


def _names_classes(file: Path) -> bool:
    words = file.stem.lower()
    if "class" in words and "descriptions" in words:
        return True
    return words == "classes" and "".join(delimited_header(file)[:1]).startswith(_CLASS_PREFIX)


def _titled(classes: Sequence[ClassRecord], titles: dict[str, str]) -> tuple[ClassRecord, ...]:
    """Give classes their names; one that two classes share is told apart by the id."""
    named = [titles.get(one.name, one.name) for one in classes]
    counts = Counter(named)
    return tuple(
        ClassRecord(one.index, name if counts[name] == 1 else f"{name} ({one.name})")
        for one, name in zip(classes, named, strict=True)
    )
