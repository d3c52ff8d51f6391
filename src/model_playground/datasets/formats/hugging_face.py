"""A Hugging Face image folder: images, and a metadata file that names and labels them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.box_columns import LARGEST_SIDE
from model_playground.datasets.delimited import read_delimited, read_text
from model_playground.datasets.file_names import NamedImages, normalised, subfolders
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
from model_playground.datasets.labelled_tables import Source, free_name, read_labelled
from model_playground.datasets.parquet_tables import cell_text
from model_playground.datasets.parts import part_of
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.text_tables import Row, TextTable

METADATA_FILES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""What the metadata is called, by Hugging Face's rule."""

NAME_COLUMN = "file_name"
"""The column of image files, from the metadata's folder."""

_OBJECTS = "objects"
_BOXES = ("bbox", "bboxes", "boxes")
_CATEGORIES = ("categories", "category", "labels", "label", "category_id")
_TEXTS = ("text", "caption", "prompt")

Record = Mapping[str, Any]
"""A row of a metadata file."""


@FORMATS.register
class HuggingFace(Format):
    """A Hugging Face image folder: `metadata.csv`, `.jsonl` or `.parquet` with `file_name`.

    The metadata stands beside the images it names, in the folder itself or in folders train,
    validation and test, which may be inside a folder `data`. A column `objects` holds boxes and
    categories; else the labels are found as in any table.
    """

    name = "hugging_face"
    title = "Hugging Face image folder"
    tasks: ClassVar[tuple[str, ...]] = ("classification", "tagging", "regression", "detection")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`file_name`", "the item, from the folder of the metadata"),
        Held("`label`, columns of tags or values", "as in a table"),
        Held("`objects`: `bbox` and `categories`", "boxes; x, y, width, height in pixels"),
        Held("further keys of `objects`", "attributes of the object"),
        Held("`text` and further columns", "kept as text"),
        Held("folders train, validation, test", "the partition"),
    )
    options: ClassVar[tuple[str, ...]] = ("target_columns", "tag_separator")

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        return f"{files[0].name} has the column {NAME_COLUMN}" if files else None

    def obstacle(self, path: Path) -> str | None:
        files = [path] if path.is_file() else sorted(path.iterdir())
        lines = next((one for one in files if one.suffix == ".jsonl"), None)
        if lines is None:
            return None
        return (
            f"{lines.name} is read if it is called metadata.jsonl, stands in the folder of the "
            f"images or above it, and names each as {NAME_COLUMN}"
        )

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError(
                "hugging_face.none",
                "{path} holds no metadata.csv, .jsonl or .parquet with the column file_name",
                path=str(path),
            )
        root = path if path.is_dir() else path.parent
        metadata = [_metadata(file, root) for file in files]
        has_objects = any(_OBJECTS in record for one in metadata for _, record in one.records)
        if has_objects and task in (None, "detection", "tagging"):
            return _read_objects(metadata, root, task)
        return _read_labels(metadata, root, task, options)


@dataclass(frozen=True)
class _Metadata:
    """A metadata file: its records with their lines."""

    path: Path
    file: str
    partition: str | None
    records: Sequence[tuple[int, Record]]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.name in METADATA_FILES and _has_names(path) else []
    if not path.is_dir():
        return []
    return [
        folder / name
        for folder in (path, *_inside(path))
        for name in METADATA_FILES
        if (folder / name).is_file() and _has_names(folder / name)
    ]


def _inside(folder: Path) -> list[Path]:
    """Return the folders in a folder, and those in its `data`, where datasets of the Hub are."""
    return [
        one
        for inside in subfolders(folder)
        for one in (inside, *(subfolders(inside) if inside.name == "data" else []))
    ]


def _has_names(path: Path) -> bool:
    try:
        return any(NAME_COLUMN in record for _, record in _first_record(path))
    except InvalidError:
        return True  # reading it says what is wrong with it


def _first_record(path: Path) -> Iterator[tuple[int, Record]]:
    yield from list(_records(path))[:1]


def _records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield line and record of a metadata file."""
    if path.suffix == ".csv":
        table = read_delimited(path)
        for row in table.rows:
            yield row.line, dict(zip(table.columns, row.cells, strict=True))
    elif path.suffix == ".jsonl":
        lines = read_text(path, else_windows=False).splitlines()
        for line, text in enumerate(lines, start=1):
            if text.strip():
                yield line, _parsed(path, line, text)
    else:
        try:
            table = pq.read_table(path)
            rows = table.to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from None
        yield from enumerate(rows, start=1)


def _parsed(path: Path, line: int, text: str) -> Record:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"line {line} is no JSON ({error})") from None
    if not isinstance(record, dict):
        raise _unreadable(path, f"line {line} is no JSON object")
    return record


def _unreadable(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "hugging_face.unreadable",
        "the metadata {path} cannot be read: {why}",
        path=str(path),
        why=why,
    )


def _metadata(path: Path, root: Path) -> _Metadata:
    file = normalised(os.path.relpath(path, root))
    part = part_of(path.parent.name) if path.parent != root else None
    return _Metadata(path, file, part, list(_records(path)))


# Labels as in a table


def _read_labels(
    metadata: Sequence[_Metadata], root: Path, task: str | None, options: ReadOptions
) -> Draft:
    sources = [
        Source(_table(one), TableImages(one.path.parent), one.file, one.partition)
        for one in metadata
    ]
    columns = {column for source in sources for column in source.table.columns}
    if columns <= {NAME_COLUMN, _OBJECTS, *_TEXTS} and not options.target_columns:
        raise InvalidError(
            "hugging_face.no_labels",
            "{path} names images and no labels; its columns are {columns}",
            path=str(metadata[0].path),
            columns=", ".join(sorted(columns)),
        )
    return read_labelled(sources, root, task=task, options=options, image_columns=(NAME_COLUMN,))


def _table(metadata: _Metadata) -> TextTable:
    """Return records as a table: lists become JSON, what is missing becomes empty."""
    if metadata.path.suffix == ".csv":
        return read_delimited(metadata.path)
    columns = tuple(dict.fromkeys(key for _, record in metadata.records for key in record))
    rows = [
        Row(line, [_printable(record.get(column)) for column in columns])
        for line, record in metadata.records
    ]
    return TextTable(metadata.path, columns, rows, typed=True)


def _printable(value: Any) -> str:
    return cell_text(value).encode("utf-8", "replace").decode("utf-8")


# Objects


def _read_objects(metadata: Sequence[_Metadata], root: Path, task: str | None) -> Draft:
    annotations, names = DraftAnnotations(), ClassNames()
    items: list[DraftItem] = []
    findings: list[Finding] = []
    seen: dict[str, str] = {}
    for one in metadata:
        images = NamedImages(one.path.parent)
        for line, record in one.records:
            where = f"line {line} of {one.file}"
            name = record.get(NAME_COLUMN)
            found = images.find(name)[0] if isinstance(name, str) and name else []
            if len(found) != 1:
                kind = "ambiguous_file" if found else "missing_file"
                said = f"{where} names {_printable(name)}: " + (
                    "several images have this name" if found else "there is no such image"
                )
                findings.append(blocking(kind, said, file=one.file, line=line))
                continue
            if found[0] in seen:
                said = f"{where} names {name} again, after {seen[found[0]]}: the first is kept"
                findings.append(left_out("duplicate_row", said, file=one.file, line=line))
                continue
            seen[found[0]] = where
            items.append(
                DraftItem(
                    path=found[0],
                    columns={
                        free_name(_printable(key)): _printable(value)
                        for key, value in record.items()
                        if key not in (NAME_COLUMN, _OBJECTS)
                    },
                    source_file=one.file,
                    source_line=line,
                    partition=one.partition,
                )
            )
            findings += (
                left_out("bad_annotation", f"{where}: {why}", file=one.file, line=line)
                for why in _add_objects(annotations, names, len(items) - 1, record, one.file, line)
            )
    return Draft(
        root=root,
        task=task or "detection",
        items=items,
        classes=names.sorted(annotations),
        findings=findings,
        annotations=annotations,
    )


def _add_objects(
    annotations: DraftAnnotations,
    names: ClassNames,
    item: int,
    record: Record,
    file: str,
    line: int,
) -> list[str]:
    """Add the objects of an image, and return what is wrong with those that are left out."""
    objects = record.get(_OBJECTS)
    if objects in (None, "", [], {}):
        return []
    if isinstance(objects, str):
        try:
            objects = json.loads(objects)
        except (ValueError, RecursionError):
            return ["its objects are no JSON, and are left out"]
    if isinstance(objects, list) and all(isinstance(one, dict) for one in objects):
        keys = dict.fromkeys(key for one in objects for key in one)
        objects = {key: [one.get(key) for one in objects] for key in keys}
    if not isinstance(objects, dict):
        return ["its objects are no lists of boxes and categories, and are left out"]
    lists = {str(key): one for key, one in objects.items() if isinstance(one, list)}
    boxes = next((lists[key] for key in _BOXES if key in lists), [])
    category = next((key for key in _CATEGORIES if key in lists), None)
    if category is None or len(lists[category]) != len(boxes):
        count = 0 if category is None else len(lists[category])
        return [f"its objects have {len(boxes)} boxes and {count} categories: they are left out"]
    wrong = []
    further = [
        key for key in lists if key not in (*_BOXES, category) and len(lists[key]) == len(boxes)
    ]
    for place, (box, name) in enumerate(zip(boxes, lists[category], strict=True)):
        sides = _sides(box)
        if sides is None or isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            wrong.append(f"the object {place} has no box of four numbers and a category: left out")
            continue
        left, top, width, height = sides
        attributes = {_printable(key): _printable(lists[key][place]) for key in further}
        annotations.add_box(
            item,
            (left, top, left + width, top + height),
            class_index=names.index(_printable(name)),
            attributes={key: text for key, text in attributes.items() if text},
            source_file=file,
            source_line=line,
        )
    return wrong


def _sides(box: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(box, list) or len(box) != len(("left", "top", "width", "height")):
        return None
    for side in box:
        is_number = isinstance(side, int | float) and not isinstance(side, bool)
        if not is_number or not abs(side) <= LARGEST_SIDE:  # NaN is not
            return None
    left, top, width, height = map(float, box)
    return left, top, width, height
