"""A table with a row for each box: the image, the class and the four sides."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.box_columns import (
    LARGEST_SIDE,
    BoxColumns,
    find_box_columns,
    packed_column,
    unpacked,
)
from model_playground.datasets.file_names import (
    FileNames,
    NamedImages,
    is_beside,
    natural_order,
    normalised,
    subfolders,
)
from model_playground.datasets.findings import blocking, information, left_out
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
from model_playground.datasets.formats.open_images import is_of_open_images
from model_playground.datasets.parts import part_of
from model_playground.datasets.table_columns import (
    CLASS_COLUMNS,
    IMAGE_COLUMNS,
    PART_COLUMNS,
    named_files,
)
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.table_labels import Columns
from model_playground.datasets.tables import (
    is_table_file,
    read_tables,
    table_files_in,
    table_header,
)
from model_playground.datasets.text_tables import Row, TextTable, plain

_SIZE_COLUMNS = (("width", "imagewidth", "imgwidth"), ("height", "imageheight", "imgheight"))


@FORMATS.register
class BoxTable(Format):
    """A table with a row for each box: the image's file, the class, and the sides of the box.

    The columns are known by their names, whatever their order: `xmin`, `ymin`, `xmax`, `ymax`, or
    `x1`, `y1`, `x2`, `y2`, or `x`, `y`, `w`, `h`; or `bbox`, whose cells list x, y, width and
    height. Images are named by their files, with or without the suffix. A row with an image alone
    says that nothing is on it. Where all numbers are shares of the image's size, as 0.25, they are
    read so. The images stand in the table's folder or in folders inside it. Several tables are read
    together if each is of another part, by its name (`train_labels.csv`) or its folder
    (`train/_annotations.csv`).
    """

    name = "box_table"
    title = "Table of boxes"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "tagging")
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`xmin`, `ymin`, `xmax`, `ymax` and alike", "a box, as it stands"),
        Held("`bbox` as `[x, y, width, height]`", "a box"),
        Held("column of image files", "the item; recognised, or given by --image-column"),
        Held("`class`, `label` and alike", "the class; else --target-column"),
        Held("`width`, `height`", "compared with the image's own"),
        Held("column `split`, `part`, `set` or `subset`", "the partition"),
        Held("a table for each of train, valid, test, by its name or folder", "the partition"),
        Held("further columns", "attributes of the object"),
        Held("a row whose image does not exist", "blocks the import, reported"),
    )
    options: ClassVar[tuple[str, ...]] = ("image_columns", "target_columns", "sheets")

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        if not files:
            return None
        named = " and ".join(os.path.relpath(one, _top(path)) for one in files[:3])
        return f"{named} {'has' if len(files) == 1 else 'have'} columns of boxes"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        parts = [_part(file) for file in files]
        are_apart = all(parts) and len(set(parts)) == len(parts)
        if not files or (len(files) > 1 and not are_apart):
            raise InvalidError(
                "box_table.which",
                "{path} has {count} tables of boxes{names}: give the path of one, or call each "
                "after its part, such as train_labels.csv",
                path=str(path),
                count=len(files),
                names=f" ({', '.join(file.name for file in files)})" if files else "",
            )
        top = _top(path) if len(files) > 1 else files[0].parent
        readings: list[_Reading] = []
        for file, part in zip(files, parts, strict=True):
            table = _table(file, options.sheets)
            reading = _Reading(table, _chosen(table, options), top, part if files[1:] else None)
            if readings:
                reading.continue_after(readings[-1])
            reading.add_rows()
            readings.append(reading)
        return _draft(readings, top, task)


def _top(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _part(file: Path) -> str | None:
    """Return the part that a table is named after, or else its folder."""
    words = [*re.split(r"[_.\- ]", file.stem), file.parent.name]
    return next((part for word in words if (part := part_of(word))), None)


def has_boxes(path: Path) -> bool:
    """Say whether a file is a table with columns of boxes; of spreadsheets any sheet counts."""
    header = table_header(path)
    if header:
        return _names_boxes(header) and not is_of_open_images(header)
    if path.suffix.lower() not in (".xls", ".xlsx", ".xlsm"):
        return False
    try:
        return any(_names_boxes(table.columns) for table in read_tables(path))
    except InvalidError:
        return False


def _names_boxes(columns: Sequence[str]) -> bool:
    return find_box_columns(columns) is not None or packed_column(columns) is not None


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if is_table_file(path) and has_boxes(path) else []
    if not path.is_dir():
        return []
    inside = subfolders(path)
    parts = [one for one in inside if part_of(one.name)]
    found = [file for folder in (path, *parts) for file in _files_in(folder)]
    return found or (_files(inside[0]) if len(inside) == 1 else [])  # a download may be wrapped


def _files_in(folder: Path) -> list[Path]:
    return [file for file in table_files_in(folder) if has_boxes(file)]


def _table(path: Path, sheets: Sequence[str]) -> TextTable:
    tables = [unpacked(one) for one in read_tables(path) if _names_boxes(one.columns)]
    chosen = [one for one in tables if one.sheet in sheets] if sheets else tables
    if len(chosen) != 1:
        raise InvalidError(
            "box_table.sheet",
            "{path} has {count} sheets with columns of boxes ({names}): choose one with --sheet",
            path=str(path),
            count=len(tables),
            names=", ".join(str(one.sheet) for one in tables),
        )
    return chosen[0]


# Which columns


@dataclass(frozen=True)
class _Chosen:
    """The columns of a table of boxes."""

    image: str
    class_name: str
    box: BoxColumns
    size: tuple[str, str] | None
    part: str | None

    @property
    def all(self) -> set[str | None]:
        """All of them."""
        return {self.image, self.class_name, *self.box.columns, *(self.size or ()), self.part}


def _chosen(table: TextTable, options: ReadOptions) -> _Chosen:
    box = find_box_columns(table.columns)
    assert box is not None  # the table was chosen for it
    for column in (*options.image_columns, *options.target_columns):
        table.index(column)
    if len(options.image_columns) > 1 or len(options.target_columns) > 1:
        raise InvalidError(
            "box_table.columns",
            "a row of {path} is one box: name one column of images and one of classes",
            path=str(table.path),
        )
    size = tuple(_named(table, words) for words in _SIZE_COLUMNS)
    width, height = size if box.are_sizes is False else (None, None)
    part = _named(table, PART_COLUMNS)
    taken = {*box.columns, width, height, part}
    rest = [column for column in table.columns if column not in taken]
    image = options.image_columns[0] if options.image_columns else _image_column(table, rest)
    rest = [column for column in rest if column != image]
    name = options.target_columns[0] if options.target_columns else _class_column(table, rest)
    sides = None if width is None or height is None else (width, height)
    return _Chosen(image, name, box, sides, part)


def _named(table: TextTable, words: Sequence[str]) -> str | None:
    return next((column for column in table.columns if plain(column) in words), None)


def _image_column(table: TextTable, columns: Sequence[str]) -> str:
    images, cells = TableImages(table.path.parent), Columns([table])
    ranked = [
        (named_files(cells, column, images), plain(column) in IMAGE_COLUMNS, column)
        for column in columns
    ]
    named, by_name, column = max(ranked, default=(0, False, ""))
    if named or by_name:
        return column
    raise InvalidError(
        "table.no_image_column",
        "no column of {path} names image files in {folder} or inside it; its columns are "
        "{columns}: name one with --image-column, or put the table beside the images",
        path=str(table.path),
        folder=str(table.path.parent),
        columns=", ".join(table.columns),
    )


def _class_column(table: TextTable, columns: Sequence[str]) -> str:
    """Return the column called so, or the only one of text."""
    known = [column for column in columns if plain(column) in (*CLASS_COLUMNS, "name", "labelname")]
    cells = Columns([table])
    texts = [
        column
        for column in columns
        if any(cells.numbers(column).read(cell) is None for cell in cells.filled(column))
    ]
    for some in (known, texts, columns):
        if len(some) == 1:
            return some[0]
    raise InvalidError(
        "box_table.no_class_column",
        "it is not clear which column of {path} holds the classes; besides images and boxes it has "
        "{columns}: name it with --target-column",
        path=str(table.path),
        columns=", ".join(columns) or "none",
    )


# Rows


@dataclass
class _Reading:
    """What was read of a table so far."""

    table: TextTable
    columns: _Chosen
    root: Path
    part: str | None  # that all rows are of, where no column says one
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    names: ClassNames = field(default_factory=ClassNames)
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    places: dict[str, int | None] = field(default_factory=dict)
    by_path: dict[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)  # the first line of each name
    without_image: Counter[str] = field(default_factory=Counter)
    is_empty: bool = True  # has no box
    relative: bool = False

    def __post_init__(self) -> None:
        """Find the images, and how the numbers are written."""
        cells = Columns([self.table])
        self.images = NamedImages(self.table.path.parent)
        self.file = os.path.relpath(self.table.path, self.root).replace(os.sep, "/")
        self.image_place = self.table.index(self.columns.image)
        sides = self.columns.box.columns
        self.numbers = np.stack(
            [cells.numbers(column).read_all(self.table.cells(column)) for column in sides], axis=1
        )
        known = self.numbers[np.isfinite(self.numbers)]
        self.is_empty = len(known) == 0
        within = not self.is_empty and bool(((known >= 0) & (known <= 1)).all())
        self.relative = within and bool((known != np.floor(known)).any())

    def continue_after(self, other: _Reading) -> None:
        """Add to what was read of another table."""
        self.annotations, self.names, self.items = other.annotations, other.names, other.items

    def add_rows(self) -> None:
        """Read the rows: there may be a million, so what is whole is added in columns."""
        class_place = self.table.index(self.columns.class_name)
        # False for what is no number.
        is_box: NDArray[np.bool_] = np.all(np.abs(self.numbers) <= LARGEST_SIDE, axis=1)
        kept, items, classes = [], [], []
        for place, (row, has_box) in enumerate(zip(self.table.rows, is_box.tolist(), strict=True)):
            item = self._item(row)
            if item is None:
                continue
            name = row.cells[class_place]
            if has_box and name:
                kept.append(place)
                items.append(item)
                classes.append(self.names.index(name))
            else:
                self._tell_why(row, place, name)
        self._add_boxes(kept, items, classes)

    def _add_boxes(self, kept: list[int], items: list[int], classes: list[int]) -> None:
        rows = [self.table.rows[place] for place in kept]
        boxes_xyxy = self.columns.box.boxes_xyxy(self.numbers[kept])
        self.annotations.extend(
            {
                "item": items,
                "kind": ["box"] * len(rows),
                "class_index": classes,
                **dict(zip(("left", "top", "right", "bottom"), boxes_xyxy.T, strict=True)),
                "attributes": self._attributes(rows),
                "source_file": [self.file] * len(rows),
                "source_line": [row.line for row in rows],
            }
        )

    def _attributes(self, rows: Sequence[Row]) -> list[str | None] | None:
        """Return what the further columns say of each row, if there are any."""
        taken = self.columns.all
        further = {
            column: place for place, column in enumerate(self.table.columns) if column not in taken
        }
        if not further:
            return None

        @cache  # rows of a table are much alike in them
        def text(cells: tuple[str, ...]) -> str | None:
            named = zip(further, cells, strict=True)
            return attributes_text({column: cell for column, cell in named if cell})

        return [text(tuple(row.cells[place] for place in further.values())) for row in rows]

    def _tell_why(self, row: Row, place: int, name: str) -> None:
        """Say why a row adds no box; one that names an image alone does not mean to."""
        cells = [self._cell(row, column) for column in self.columns.box.columns]
        if not any(cells):
            if name:
                self._leave_out("no_shape", f"has the class {name} and no box", row)
            return
        for column, cell, number in zip(
            self.columns.box.columns, cells, self.numbers[place], strict=True
        ):
            if not abs(number) <= LARGEST_SIDE:
                said = f"has {cell[:40]!r} in the column {column}, which is no coordinate"
                self._leave_out("bad_box", said, row)
                return
        said = f"has a box and nothing in the column {self.columns.class_name}"
        self._leave_out("bad_annotation", said, row)

    def _cell(self, row: Row, column: str) -> str:
        return row.cells[self.table.index(column)]

    def all_findings(self) -> list[Finding]:
        """Return what is to be said of the whole table."""
        folder = self.table.path.parent
        found = list(self.findings)
        for name, count in self.without_image.items():
            if count > 1:
                said = (
                    f"{count} lines of {self.table.name} name {name}, the first {self.used[name]}"
                )
            else:
                said = f"line {self.used[name]} of {self.table.name} names {name}"
            said += f": there is no such image in {folder} or inside it"
            found.append(blocking("missing_file", said, file=self.file, line=self.used[name]))
        if self.relative:
            said = (
                f"{self.file}: the sides of all boxes are at most 1, so they are shares of the size"
            )
            found.append(information("shares_assumed", said, file=self.file))
        return found

    def _item(self, row: Row) -> int | None:
        """Return the place of the row's image; a new one gets the next."""
        name = row.cells[self.image_place]
        if name in self.places:
            if self.places[name] is None:
                self.without_image[name] += 1
            return self.places[name]
        found, by_name = self.images.find(name) if name else ([], False)
        if name and not found:
            found = self._by_stem.find(name)
        self.used[name] = row.line
        self.places[name] = None
        if not name:
            said = f"line {row.line} of {self.table.name} names no image file"
            self.findings.append(blocking("missing_file", said, file=self.file, line=row.line))
            del self.places[name]
            return None
        if not found:
            self.without_image[name] += 1
            return None
        if len(found) > 1:
            several = " and ".join(sorted(found)[:3])
            said = f"line {row.line} of {self.table.name} names {name}, which may be {several}"
            self.findings.append(blocking("ambiguous_file", said, file=self.file, line=row.line))
            return None
        self.places[name] = self._place(found[0], row, remapped=by_name and "/" in name)
        return self.places[name]

    @cached_property
    def _by_stem(self) -> FileNames:
        """The images for ids that are names without their suffix."""
        return FileNames(self.images.paths.values())

    def _place(self, path: str, row: Row, *, remapped: bool) -> int:
        if path in self.by_path:
            return self.by_path[path]
        if remapped:
            said = (
                f"line {row.line} of {self.table.name}: {row.cells[self.image_place]} is another "
                "place; the image was found by its name"
            )
            self.findings.append(information("path_remapped", said, file=self.file, line=row.line))
        word = self._cell(row, self.columns.part) if self.columns.part else ""
        self.items.append(
            DraftItem(
                path=path,
                source_file=self.file,
                source_line=row.line,
                partition=part_of(word) or word or self.part,
                size_wh=self._size(row),
            )
        )
        self.by_path[path] = len(self.items) - 1
        return self.by_path[path]

    def _size(self, row: Row) -> tuple[int, int] | None:
        if self.columns.size is None:
            return None
        width, height = (self._cell(row, column) for column in self.columns.size)
        if not (width.isascii() and height.isascii()) or not (
            width.isdecimal() and height.isdecimal()
        ):
            return None
        longest = 9  # digits of a side that can be kept
        if max(len(width), len(height)) > longest or not int(width) or not int(height):
            return None
        return int(width), int(height)

    def _leave_out(self, kind: str, said: str, row: Row) -> None:
        message = f"line {row.line} of {self.table.name} {said}: it is left out"
        self.findings.append(left_out(kind, message, file=self.file, line=row.line))


def _draft(readings: Sequence[_Reading], root: Path, task: str | None) -> Draft:
    """Return what was read of one or several tables."""
    last = readings[-1]
    filled = [one for one in readings if not one.is_empty]
    shares = [one.file for one in filled if one.relative]
    if 0 < len(shares) < len(filled):
        pixels = [one.file for one in filled if not one.relative]
        raise InvalidError(
            "box_table.two_units",
            "the sides of all boxes of {shares} are shares of the image's size, those of {pixels} "
            "are not: write them alike, or import each table by itself",
            shares=" and ".join(shares),
            pixels=" and ".join(pixels),
        )
    folders = {os.path.dirname(item.path) for item in last.items}
    return Draft(
        root=root,
        task=task or "detection",
        items=last.items,
        classes=last.names.sorted(last.annotations),
        findings=[
            *(found for one in readings for found in one.all_findings()),
            *_unnamed(readings, folders),
        ],
        annotations=last.annotations,
        relative=bool(shares),
        image_folders=tuple(one for one in map(Path, sorted(folders)) if is_beside(one, root)),
    )


def _unnamed(readings: Sequence[_Reading], folders: Collection[str]) -> list[Finding]:
    """Name the images that no row names, in the folders from which rows do name some."""
    named = {item.path for item in readings[-1].items}
    paths = {path for one in readings for path in one.images.paths.values()}
    root = readings[-1].root
    left = [path for path in paths if path not in named and os.path.dirname(path) in folders]
    files = sorted((normalised(os.path.relpath(one, root)) for one in left), key=natural_order)
    return [
        left_out("file_without_row", f"no row names {file}: it is left out", file=file)
        for file in files
    ]
