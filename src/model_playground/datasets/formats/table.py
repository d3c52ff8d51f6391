"""A table that names image files and says the class or the values of each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import DelimitedTable, Row, read_delimited
from model_playground.datasets.file_names import (
    FileNames,
    files_under,
    is_beside,
    is_image,
    natural_order,
)
from model_playground.datasets.findings import blocking, left_out
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.records import ITEM_SCHEMA, ClassRecord

_SUFFIXES = (".csv", ".tsv", ".txt")
_IMAGE_COLUMNS = (
    *("file", "filename", "filepath", "image", "imagefile", "imagename", "imagepath"),
    *("img", "imgname", "imgpath", "path", "photo", "picture"),
)
_CLASS_COLUMNS = ("category", "class", "classname", "label", "target")
_PART_COLUMNS = ("part", "set", "split", "subset")
_SAMPLED_ROWS = 1000  # looked at to find the column of images


@FORMATS.register
class Table(Format):
    """A CSV file with a row for each image: the file's name, and its class or its values.

    Cells may be divided by commas, semicolons or tabs. The images stand in the table's folder or
    in folders inside it. Further columns are kept, to group items by.
    """

    name = "table"
    title = "Table of files"
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    contents: ClassVar[tuple[Held, ...]] = (
        Held("column of image files", "the item; recognised, or given by --image-column"),
        Held("column of classes", "the class"),
        Held("columns of numbers", "the values, for regression"),
        Held("column `split`, `part`, `set` or `subset`", "the partition"),
        Held("further columns", "kept as text, to group and filter by"),
    )
    options: ClassVar[tuple[str, ...]] = ("image_column", "target_columns")

    def detect(self, path: Path) -> str | None:
        if path.is_file():
            return "it is a table" if path.suffix.lower() in _SUFFIXES else None
        if not path.is_dir():
            return None
        names = " and ".join(table.path.name for table in _tables_in(path))
        return f"{names} in it names image files" if names else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        if path.is_dir():
            tables = _tables_in(path)
            if len(tables) != 1:
                names = ", ".join(table.path.name for table in tables)
                raise InvalidError(
                    "table.which",
                    "{path} has {count} tables that name image files ({names}): "
                    "give the path of one",
                    path=str(path),
                    count=len(tables),
                    names=names or "none",
                )
            table = tables[0]
        else:
            table = read_delimited(path)
        return _read(table, task=task, options=options)


def _tables_in(folder: Path) -> list[DelimitedTable]:
    """Read the tables that stand in a folder and name image files."""
    images = _Images(folder)
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            try:
                table = read_delimited(path)
            except InvalidError:
                continue  # some other text
            if len(table.columns) > 1 and _best_image_column(table, images)[0]:
                found.append(table)
    return found


class _Images:
    """The images that a table in a folder can name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = [file for file in files_under(folder) if is_image(file)]
        self._names = FileNames(self.paths)

    def find(self, name: str) -> list[str]:
        """Return the paths, relative to the folder or absolute, that a cell can mean."""
        found = self._names.find(name) if name else []
        if not found and name:
            outside = os.path.normpath(self.folder / name.replace("\\", "/"))
            found = [outside] if is_image(outside) and os.path.isfile(outside) else []
        return found


def _read(table: DelimitedTable, *, task: str | None, options: ReadOptions) -> Draft:
    images = _Images(table.path.parent)
    image_column = _image_column(table, images, options)
    targets = _target_columns(table, image_column, task, options)
    task = task or _task(table, targets)
    if task == "classification" and len(targets) > 1:
        raise InvalidError(
            "table.several_classes",
            "an image has one class, and {count} columns were named ({columns}): name one of them "
            "with --target-column, or give --task regression if they hold values",
            count=len(targets),
            columns=", ".join(targets),
        )
    reading = _Reading(table, images, image_column, targets, task)
    items, findings = _one_item_per_image([reading.item(row) for row in table.rows], table.path)
    classes = sorted({item.class_name for item in items if item.class_name}, key=natural_order)
    if len(classes) == 1:
        raise InvalidError(
            "table.one_class",
            "every image of {path} has the class {name}: there is nothing to tell apart",
            path=str(table.path),
            name=classes[0],
        )
    return Draft(
        root=table.path.parent,
        task=task,
        items=items,
        classes=tuple(ClassRecord(index, name) for index, name in enumerate(classes)),
        target_names=targets if task == "regression" else (),
        findings=[*findings, *_files_without_row(table.cells(image_column), images)],
        image_folders=_folders_beside(items, images.folder),
    )


def _folders_beside(items: Iterable[DraftItem], folder: Path) -> tuple[Path, ...]:
    """Return the folders outside the table's that it names and that stand beside it."""
    folders = {Path(item.path).parent for item in items}
    return tuple(one for one in folders if is_beside(one, folder))


# Which columns


def _best_image_column(table: DelimitedTable, images: _Images) -> tuple[int, bool, str]:
    """Return how many files the likeliest column names, whether it is called so, and its name."""
    return max(
        (
            sum(bool(images.find(cell)) for cell in table.cells(column)[:_SAMPLED_ROWS]),
            _plain(column) in _IMAGE_COLUMNS,
            column,
        )
        for column in table.columns
    )


def _image_column(table: DelimitedTable, images: _Images, options: ReadOptions) -> str:
    if options.image_column is not None:
        table.index(options.image_column)
        return options.image_column
    named_files, by_name, column = _best_image_column(table, images)
    if not named_files and not by_name:
        raise InvalidError(
            "table.no_image_column",
            "no column of {path} names image files in {folder} or inside it; its columns are "
            "{columns}: name one with --image-column, or put the table beside the images",
            path=str(table.path),
            folder=str(images.folder),
            columns=", ".join(table.columns),
        )
    return column


def _target_columns(
    table: DelimitedTable, image_column: str, task: str | None, options: ReadOptions
) -> tuple[str, ...]:
    if image_column in options.target_columns:
        raise InvalidError(
            "table.target_is_image",
            "the column {column} names the image files: it cannot hold the labels too",
            column=image_column,
        )
    if options.target_columns:
        for column in options.target_columns:
            table.index(column)
        return tuple(dict.fromkeys(options.target_columns))
    others = [column for column in table.columns if column != image_column]
    telling = [column for column in others if not column.startswith("column ")] or others
    telling = [column for column in telling if _plain(column) not in _PART_COLUMNS] or telling
    numeric = [column for column in telling if _is_numeric(table, column)]
    labels = [column for column in telling if _plain(column) in _CLASS_COLUMNS]
    guesses = {"classification": labels, "regression": numeric}.get(
        task or "", [column for column in telling if column in numeric or column in labels]
    )
    for columns in (telling, guesses):
        if len(columns) == 1:
            return (columns[0],)
    raise InvalidError(
        "table.no_target_column",
        "it is not clear which column of {path} holds the labels; besides the image files it has "
        "{columns}: name the class, or each of the values, with --target-column",
        path=str(table.path),
        columns=", ".join(others) or "none",
    )


def _task(table: DelimitedTable, targets: Sequence[str]) -> str:
    """Tell values from classes: text is a class, numbers with decimals are values."""
    numbers = sum((_numbers(table, column) for column in targets), Counter[bool]())
    whole = all(_is_whole(cell) for column in targets for cell in table.cells(column) if cell)
    if len(targets) > 1 or (not numbers[False] and not whole):
        return "regression"
    if not numbers[True]:
        return "classification"
    raise InvalidError(
        "table.task_unclear",
        "the column {column} of {path} holds {what}: say with --task classification that they are "
        "classes, or with --task regression that they are values",
        column=targets[0],
        path=str(table.path),
        what=f"{numbers[True]} numbers and {numbers[False]} texts"
        if numbers[False]
        else "whole numbers",
    )


def _numbers(table: DelimitedTable, column: str) -> Counter[bool]:
    """Count the cells of a column that are numbers (True) and those that are text (False)."""
    return Counter(table.number(cell) is not None for cell in table.cells(column) if cell)


def _is_numeric(table: DelimitedTable, column: str) -> bool:
    numbers = _numbers(table, column)
    return numbers[True] > numbers[False]


def _is_whole(cell: str) -> bool:
    return cell.lstrip("+-").isdecimal()


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


# Rows


@dataclass(frozen=True)
class _Reading:
    """How the rows of a table are read."""

    table: DelimitedTable
    images: _Images
    image_column: str
    targets: tuple[str, ...]
    task: str

    def item(self, row: Row) -> DraftItem | Finding:
        """Read a row, or say what is wrong with it."""
        cells = dict(zip(self.table.columns, row.cells, strict=True))
        name = cells.pop(self.image_column)
        label = {column: cells.pop(column) for column in self.targets}
        found = self.images.find(name)
        if not name:
            return self._fault("missing_file", "names no image file", row)
        if not found:
            where = f"in {self.images.folder} or inside it"
            return self._fault("missing_file", f"names {name}: there is no such image {where}", row)
        if len(found) > 1:
            several = " and ".join(found[:3])
            return self._fault("ambiguous_file", f"names {name}, which may be {several}", row)
        empty = [column for column, cell in label.items() if not cell]
        if empty:
            return self._fault("missing_label", f"has nothing in the column {empty[0]}", row)
        item = DraftItem(
            path=os.path.join(self.images.folder, found[0]),
            columns={_free_name(column): cell for column, cell in cells.items()},
            source_file=self.table.path.name,
            source_line=row.line,
        )
        if self.task == "classification":
            item.class_name = label[self.targets[0]]
            return item
        values = {column: self.table.number(cell) for column, cell in label.items()}
        for column, value in values.items():
            if value is None:
                said = f"has {label[column]!r} in the column {column}, which is no finite number"
                return self._fault("not_a_number", said, row)
        item.values = tuple(value for value in values.values() if value is not None)
        return item

    def _fault(self, kind: str, said: str, row: Row) -> Finding:
        file = self.table.path.name
        return blocking(kind, f"line {row.line} of {file} {said}", file=file, line=row.line)


def _free_name(column: str) -> str:
    """Return the name under which a further column is kept beside those of every item."""
    return f"table_{column}" if column in ITEM_SCHEMA.names else column


def _one_item_per_image(
    read: Iterable[DraftItem | Finding], table: Path
) -> tuple[list[DraftItem], list[Finding]]:
    findings: list[Finding] = []
    by_path: dict[str, list[DraftItem]] = {}
    for one in read:
        if isinstance(one, Finding):
            findings.append(one)
        else:
            by_path.setdefault(one.path, []).append(one)
    items = []
    for path, rows in by_path.items():
        first, name = rows[0], os.path.basename(path)
        lines = " and ".join(str(row.source_line) for row in rows)
        if len({(row.class_name, row.values) for row in rows}) > 1:
            said = f"lines {lines} of {table.name} label {name} differently"
            findings.append(
                blocking("conflicting_rows", said, file=table.name, line=first.source_line)
            )
            continue
        items.append(first)
        if len(rows) > 1:
            said = f"lines {lines} of {table.name} name {name} alike: the first is kept"
            findings.append(
                left_out("duplicate_row", said, file=table.name, line=rows[1].source_line)
            )
    return items, findings


def _files_without_row(names: Iterable[str], images: _Images) -> list[Finding]:
    """Name the images that no row names, in the folders from which rows do name some."""
    named = {file for name in names for file in images.find(name)}
    folders = {os.path.dirname(file) for file in named}
    return [
        left_out("file_without_row", f"no row names {file}: it is left out", file=file)
        for file in images.paths
        if file not in named and os.path.dirname(file) in folders
    ]
