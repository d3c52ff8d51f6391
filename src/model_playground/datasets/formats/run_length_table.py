"""A table with a row for each mask: the image, and the runs of its pixels, as Kaggle has them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.file_names import FileNames, NamedImages, normalised, subfolders
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import Box, ClassNames
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.images import image_size_wh
from model_playground.datasets.parquet_tables import PARQUET_SUFFIXES
from model_playground.datasets.parts import part_of, parts_among
from model_playground.datasets.table_columns import CLASS_COLUMNS, IMAGE_COLUMNS, PART_COLUMNS
from model_playground.datasets.tables import (
    read_beginnings,
    read_tables,
    table_files_in,
    table_header,
)
from model_playground.datasets.text_tables import Row, TextTable, plain

_RUN_COLUMNS = ("encodedpixels", "rlemask", "maskrle", "rle", "runlengths", "encodedmask")
_IF_THEY_HOLD_RUNS = ("segmentation", "encoding", "annotation", "mask")
_IMAGES = (*IMAGE_COLUMNS, "imageid", "imgid", "id", "fileid")
_CLASSES = (*CLASS_COLUMNS, "celltype", "categoryid", "labelid")
_SIZE_COLUMNS = (("width", "imagewidth", "imgwidth"), ("height", "imageheight", "imgheight"))
_SUFFIXES = (".csv", ".tsv", *PARQUET_SUFFIXES)
_LOOKED_INTO = 100  # tables of a folder of which the columns are looked at
_SEEN_CELLS = 20
_RUNS = re.compile(r"\d+ +\d+(?: +\d+ +\d+)*|-1")
_NOTHING = ("", "-1")
_CLASS = "object"
_MOST_PIXELS = 2**28  # of an image whose size a table says: more is an error, or an attack
_SEEN_ROWS = 2000


@FORMATS.register
class RunLengthTable(Format):
    """A table with a row for each mask: the image, and the runs of its pixels, as Kaggle has them.

    The column `EncodedPixels`, `rle_mask` or alike holds pairs of numbers, `start length start
    length …`. Pixels are counted from 1, down the columns, over the whole image; where the runs of
    most objects lie as far apart as the rows of their images are long, they are counted along the
    rows. An empty cell says that nothing is there. Images are named by their files, with or without
    the suffix, in a column such as `ImageId`, `img` or `id`; a column such as `ClassId` says the
    class, or `ImageId_ClassId` both. Without one all are of the class `object`.

    Where no image has two rows of one class, the rows are masks of classes, and the dataset is for
    segmentation; else each row is an object. The images stand in the table's folder or in folders
    inside it. Several tables are read together if each is called after another part.
    """

    name = "run_length_table"
    title = "Table of run lengths"
    tasks: ClassVar[tuple[str, ...]] = (
        *("instance_segmentation", "segmentation", "detection", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`EncodedPixels`, `rle_mask`, `rle`, …", "run lengths, one object a row"),
        Held("an empty cell, `-1`", "nothing of the class is on the image"),
        DRAWN_MASKS,
        Held("`ImageId`, `img`, `id`, …", "the item; else --image-column"),
        Held("`ClassId`, `class`, `label`, …", "the class; else --target-column, or `object`"),
        Held("`ImageId_ClassId`, `Image_Label`", "the item and, behind the last `_`, the class"),
        Held("`width`, `height`", "the size over which pixels are counted; else the image's own"),
        Held("column `split`, `part`, `set` or `subset`", "the partition"),
        Held("a table for each of train, valid, test, by its name", "the partition"),
        Held("a table called submission in a folder", "not read"),
        Held("further columns", "attributes of the object"),
        Held("runs outside the image, out of order or without a length", "left out, reported"),
        Held("a row whose image does not exist", "blocks the import, reported"),
        Held("an image that no row names", "left out, counted"),
    )
    options: ClassVar[tuple[str, ...]] = ("image_columns", "target_columns")

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        if not files:
            return None
        return f"{files[0].name} has run lengths in the column {run_column(files[0])}"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        parts = parts_among([file.stem for file in files])
        if not files or (len(files) > 1 and len(set(parts.values())) < len(files)):
            raise InvalidError(
                "run_length_table.which",
                "{path} has {count} tables of run lengths{names}: give the path of one",
                path=str(path),
                count=len(files),
                names=f" ({', '.join(file.name for file in files)})" if files else "",
            )
        reading = _Reading(files[0].parent)
        for file in files:
            (table,) = read_tables(file)
            part = parts.get(file.stem) if len(files) > 1 else None
            _Rows(table, _chosen(table, options), reading, part).add()
        return reading.draft(task)


def run_column(path: Path) -> str | None:
    """Return the column of a table that holds run lengths, if it has one."""
    if path.suffix.lower() not in _SUFFIXES:
        return None
    words = (*_RUN_COLUMNS, *_IF_THEY_HOLD_RUNS)
    if not any(plain(column) in words for column in table_header(path)):
        return None
    try:
        (table,) = read_beginnings(path)
    except InvalidError:
        return None  # what is wrong with it is said where it is read as another table
    return _run_column(table)


def _run_column(table: TextTable) -> str | None:
    """Return the column that is called so, and whose first cells are not something else."""
    for words, share in ((_RUN_COLUMNS, 0.0), (_IF_THEY_HOLD_RUNS, 0.5)):
        for column in (one for one in table.columns if plain(one) in words):
            filled = [cell for cell in table.cells(column) if cell][:_SEEN_CELLS]
            fit = sum(_RUNS.fullmatch(cell) is not None for cell in filled)
            if fit > share * len(filled) or (not filled and not share):
                return column
    return None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if run_column(path) else []
    if not path.is_dir():
        return []
    tables = [one for one in table_files_in(path) if one.suffix.lower() in _SUFFIXES]
    found = [one for one in tables[:_LOOKED_INTO] if run_column(one)]
    of_labels = [one for one in found if "submission" not in one.stem.lower()]
    inside = subfolders(path)
    return of_labels or (_files(inside[0]) if len(inside) == 1 else [])  # a download may be wrapped


# Which columns


@dataclass(frozen=True)
class _Chosen:
    """The columns of a table of run lengths."""

    image: str
    runs: str
    class_name: str | None
    has_class_in_image: bool
    size: tuple[str, str] | None
    part: str | None

    @property
    def all(self) -> set[str | None]:
        """All of them."""
        return {self.image, self.runs, self.class_name, *(self.size or ()), self.part}


def _chosen(table: TextTable, options: ReadOptions) -> _Chosen:
    for column in (*options.image_columns, *options.target_columns):
        table.index(column)
    if len(options.image_columns) > 1 or len(options.target_columns) > 1:
        raise InvalidError(
            "run_length_table.columns",
            "a row of {path} is one mask: name one column of images and one of classes",
            path=str(table.path),
        )
    runs = _run_column(table)
    joined = next((column for column in table.columns if _names_both(column)), None)
    image = next(iter(options.image_columns), None) or _named(table, _IMAGES) or joined
    if runs is None or image is None:
        raise InvalidError(
            "run_length_table.no_image_column",
            "no column of {path} is called as those of images or of run lengths are; its columns "
            "are {columns}: name that of images with --image-column, and call that of run lengths "
            "EncodedPixels",
            path=str(table.path),
            columns=", ".join(table.columns),
        )
    name = next(iter(options.target_columns), None) or _named(table, _CLASSES)
    width, height = (_named(table, words) for words in _SIZE_COLUMNS)
    return _Chosen(
        image=image,
        runs=runs,
        class_name=None if name in (image, runs) else name,
        has_class_in_image=image == joined and name is None,
        size=None if width is None or height is None else (width, height),
        part=_named(table, PART_COLUMNS),
    )


def _named(table: TextTable, words: Sequence[str]) -> str | None:
    return next((column for column in table.columns if plain(column) in words), None)


def _names_both(column: str) -> bool:
    """Say whether a column is called after images and after classes: `ImageId_ClassId`."""
    pieces = column.split("_")
    return any(
        plain("".join(pieces[:at])) in _IMAGES and plain("".join(pieces[at:])) in _CLASSES
        for at in range(1, len(pieces))
    )


# Rows


@dataclass
class _Reading:
    """What was read of one or several tables."""

    root: Path
    items: list[DraftItem] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    names: ClassNames = field(default_factory=ClassNames)
    findings: list[Finding] = field(default_factory=list)
    by_path: dict[str, int] = field(default_factory=dict)
    sizes_wh: list[tuple[int, int]] = field(default_factory=list)  # of each item
    masks: Counter[tuple[int, int]] = field(default_factory=Counter)  # by item and class
    empty: set[int] = field(default_factory=set)
    faulty: set[int] = field(default_factory=set)

    @cached_property
    def images(self) -> NamedImages:
        """The images in the tables' folder."""
        return NamedImages(self.root)

    @cached_property
    def by_stem(self) -> FileNames:
        """The images for ids that are names without their suffix."""
        return FileNames(self.images.paths.values())

    def find(self, name: str) -> list[str]:
        """Return the images that a name can mean; masks of the same name are none."""
        found, _ = self.images.find(name)
        found = found or self.by_stem.find(name)
        if len(found) > 1:
            found = [one for one in found if "mask" not in _folder(one, self.root)] or found
        return found

    def draft(self, task: str | None) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        filled = {place for place, _ in self.masks}
        for place in self.empty - filled - self.faulty:
            self.items[place].status = "DONE"  # somebody looked, and found nothing
        has_objects = max(self.masks.values(), default=0) > 1
        self.findings += self._unnamed()
        return Draft(
            root=self.root,
            task=task or ("instance_segmentation" if has_objects else "segmentation"),
            items=self.items,
            classes=self.names.sorted(self.annotations),
            findings=self.findings,
            annotations=self.annotations,
        )

    def _unnamed(self) -> list[Finding]:
        """Count the images that no row names, in the folders from which rows do name some."""
        folders = {os.path.dirname(path) for path in self.by_path}
        paths = self.images.paths.values()
        left = [one for one in paths if one not in self.by_path and os.path.dirname(one) in folders]
        if not left:
            return []
        first = normalised(os.path.relpath(left[0], self.root))
        images = counted(len(left), "image is", "images are")
        said = f"{images} named by no row, such as {first}: left out"
        return [left_out("file_without_row", said, file=first)]


def _folder(path: str, root: Path) -> str:
    return os.path.dirname(os.path.relpath(path, root)).lower()


@dataclass
class _Rows:
    """The rows of a table, and what they are read into."""

    table: TextTable
    columns: _Chosen
    reading: _Reading
    part: str | None  # that all rows are of, where no column says one
    places: dict[str, int | None] = field(default_factory=dict)  # of items, by image
    missing: dict[str, list[int]] = field(default_factory=dict)  # lines, by image

    def __post_init__(self) -> None:
        """Find the places of the cells."""
        self.file = normalised(os.path.relpath(self.table.path, self.reading.root))
        taken = self.columns.all
        self.further = {
            column: place for place, column in enumerate(self.table.columns) if column not in taken
        }

    def add(self) -> None:
        """Read all rows."""
        along_rows = self._are_along_rows()
        if self.columns.class_name is None and not self.columns.has_class_in_image:
            said = f"{self.file} has no column of classes: the class is `{_CLASS}`"
            found = information("class_assumed", said, file=self.file)
            self.reading.findings.append(found)
        for row in self.table.rows:
            self._add_row(row, along_rows=along_rows)
        for name, lines in self.missing.items():
            which = f"line {lines[0]} of {self.file} names"
            if len(lines) > 1:
                which = f"{len(lines)} lines of {self.file}, the first {lines[0]}, name"
            called, folder = name or "no image", self.reading.root
            said = f"{which} {called}: there is no such image in {folder} or inside it"
            finding = blocking("missing_file", said, file=self.file, line=lines[0])
            self.reading.findings.append(finding)

    def _are_along_rows(self) -> bool:
        """Say whether pixels are counted along the rows: runs are as far apart as these are long.

        Of an image that is as wide as high neither can be told.
        """
        votes, line = Counter[str](), 0
        filled = (row for row in self.table.rows if self._cell(row, self.columns.runs))
        for row, _ in zip(filled, range(_SEEN_ROWS), strict=False):
            item = self._item(row)
            width, height = (0, 0) if item is None else self.reading.sizes_wh[item]
            try:
                begins, _ = _runs(self._cell(row, self.columns.runs), width * height)
            except ValueError:
                continue  # said where it is read
            line = line or row.line
            apart = np.diff(begins)
            for way, side in (("columns", height), ("rows", width)):
                near = abs(width - height) / 2
                votes[way] += int((np.abs(apart - side) < near).sum())
        along_rows = votes["rows"] > 2 * votes["columns"]
        if along_rows or (line and not votes.total()):
            why = (
                "runs lie as far apart as rows are long: pixels are counted along the rows"
                if along_rows
                else "pixels are taken to be counted down the columns, which only images that are "
                "not square could show: look whether the masks fit"
            )
            said = information("run_order", f"{self.file}: {why}", file=self.file, line=line)
            self.reading.findings.append(said)
        return along_rows

    def _add_row(self, row: Row, *, along_rows: bool) -> None:
        reading, cell = self.reading, self._cell(row, self.columns.runs)
        item = self._item(row)
        if item is None:
            self.missing.get(self._image_of(row), []).append(row.line)
            return
        name = self._class_of(row)
        class_index = reading.names.index(name) if name else -1
        if cell in _NOTHING:
            reading.empty.add(item)
            return
        width, height = reading.sizes_wh[item]
        try:
            if not name:
                raise ValueError("it has no class")
            begins, ends = _runs(cell, width * height)
        except ValueError as error:
            reading.faulty.add(item)
            self._leave_out("bad_run_lengths" if name else "bad_annotation", str(error), row)
            return
        if along_rows:
            counts, box = _turned(begins, ends, (height, width))
        else:
            counts = run_lengths.of_runs(begins, ends, (height, width))
            box = run_lengths.box_of_runs(begins, ends, height)
        reading.masks[item, class_index] += 1
        reading.annotations.add_rle(
            item,
            counts,
            (height, width),
            box,
            class_index=class_index,
            attributes={
                column: row.cells[place]
                for column, place in self.further.items()
                if row.cells[place]
            },
            source_file=self.file,
            source_line=row.line,
        )

    def _cell(self, row: Row, column: str) -> str:
        return row.cells[self.table.index(column)]

    def _class_of(self, row: Row) -> str:
        if self.columns.has_class_in_image:
            return self._cell(row, self.columns.image).rpartition("_")[2]
        return (
            _CLASS if self.columns.class_name is None else self._cell(row, self.columns.class_name)
        )

    def _image_of(self, row: Row) -> str:
        name = self._cell(row, self.columns.image)
        return name.rpartition("_")[0] if self.columns.has_class_in_image else name

    def _item(self, row: Row) -> int | None:
        """Return the place of the row's image; a new one gets the next."""
        name = self._image_of(row)
        if name not in self.places:
            self.places[name] = self._new_place(name, row)
        return self.places[name]

    def _new_place(self, name: str, row: Row) -> int | None:
        reading = self.reading
        found = reading.find(name) if name else []
        if not found:
            self.missing[name] = []
            return None
        if len(found) > 1:
            several = " and ".join(sorted(found)[:3])
            self._block("ambiguous_file", f"names {name}, which may be {several}", row)
            return None
        (path,) = found
        if path in reading.by_path:
            return reading.by_path[path]
        stated = self._size_wh(row)
        size_wh = stated or image_size_wh(Path(path))
        if size_wh is None:
            said = f"names {name}, whose size cannot be read, and run lengths are counted over it"
            self._block("unreadable_image", said, row)
            return None
        word = self._cell(row, self.columns.part) if self.columns.part else ""
        place = reading.by_path[path] = len(reading.items)
        reading.sizes_wh.append(size_wh)
        reading.items.append(
            DraftItem(
                path,
                source_file=self.file,
                source_line=row.line,
                partition=part_of(word) or word or self.part,
                size_wh=stated,
            )
        )
        return place

    def _size_wh(self, row: Row) -> tuple[int, int] | None:
        if self.columns.size is None:
            return None
        texts = [self._cell(row, column) for column in self.columns.size]
        if not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in texts):
            return None
        width, height = map(int, texts)
        return (width, height) if 0 < width * height <= _MOST_PIXELS else None

    def _block(self, kind: str, said: str, row: Row) -> None:
        message = f"line {row.line} of {self.file} {said}"
        self.reading.findings.append(blocking(kind, message, file=self.file, line=row.line))

    def _leave_out(self, kind: str, said: str, row: Row) -> None:
        name = self._cell(row, self.columns.image)
        message = f"line {row.line} of {self.file}: the mask of {name}: {said}: it is left out"
        self.reading.findings.append(left_out(kind, message, file=self.file, line=row.line))


def _runs(cell: str, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the runs in a cell begin and end, counted from 0; the end is no more in it.

    Raises:
        ValueError: they are none, or not of an image of so many pixels.
    """
    texts = cell.split()
    try:
        numbers = np.array(texts, dtype=np.int64)
    except (ValueError, OverflowError):
        raise ValueError(f"{cell[:40]!r} are not all whole numbers") from None
    if len(numbers) % 2:
        raise ValueError(f"it has {len(numbers):,} numbers, so that a run has no length")
    starts, lengths = numbers[0::2], numbers[1::2]
    for fault, why in (
        (starts < 1, "starts before pixel 1, the first"),
        (lengths < 1, "has no length"),
        (starts > pixels - lengths + 1, f"ends behind pixel {pixels:,}, the last"),
        (np.diff(starts, prepend=0) < 1, "stands behind one that starts later"),
        (starts < np.append(1, starts[:-1] + lengths[:-1]), "starts within the one before"),
    ):
        if fault.any():
            at = int(np.flatnonzero(fault)[0])
            raise ValueError(f"the run {starts[at]} {lengths[at]} {why}")
    return starts - 1, starts - 1 + lengths


def _turned(
    begins: NDArray[np.int64], ends: NDArray[np.int64], size_hw: tuple[int, int]
) -> tuple[str, Box]:
    """Return run lengths and box of runs that are counted along the rows."""
    height, width = size_hw
    mask = run_lengths.decoded(run_lengths.of_runs(begins, ends, (width, height)), (width, height))
    top, left, bottom, right = run_lengths.box_of_runs(begins, ends, width)
    return run_lengths.of_mask(mask.T), (left, top, right, bottom)
