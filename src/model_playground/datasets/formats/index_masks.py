"""Images, and masks whose pixels are class ids."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_delimited
from model_playground.datasets.file_names import (
    files_under,
    is_beside,
    is_image,
    normalised,
    subfolders,
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
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import ClassRecord

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "JPEGImages")
_MASK_FOLDERS = ("masks", "mask", "SegmentationClass", "labels", "annotations")
_TABLE_NAMES = ("classes", "config", "data", "dataset", "labels", "label_map")
_RECORD_SUFFIXES = (".yaml", ".yml", ".json")
_TABLE_SUFFIXES = (*_RECORD_SUFFIXES, ".csv", ".tsv", ".txt")
_ID_COLUMNS = ("id", "index", "value", "pixel", "class_id", "pixel_value")


@FORMATS.register
class IndexMasks(Format):
    """A folder of images and a folder of masks, in which the value of each pixel is a class id.

    An image and its mask have the same name but for the suffix, and the same size. A mask has one
    channel, grey or with a palette. A class table (YAML, JSON or CSV) names the class of each id;
    it stands beside the two folders as `classes.yaml` or `config.yaml`, or is given by
    --class-table. Ids need not be contiguous. Pixels of the value 255 belong to no class and are
    ignored, unless the table names 255; 0 is a class like any other and must be named.

    The table may also say where images and masks are:

        train: {images: ../images/train, masks: masks/train}
        val: {images: ../images/val, masks: masks/val}
        classes: {0: background, 1: road, 7: car}
    """

    name = "index_masks"
    title = "Images with index masks"
    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held("pixel value", "the class that the class table gives it; ids may have gaps"),
        Held("pixel value 255", "ignored, unless the class table names it"),
        Held("pixel value that the table lacks", "blocks the import, reported with its pixels"),
        Held("folders train, val, test", "the partition"),
        Held("an image without a mask", "left out, reported"),
        Held("a mask without an image", "blocks the import, reported"),
    )
    options: ClassVar[tuple[str, ...]] = ("class_table",)

    def detect(self, path: Path) -> str | None:
        if path.is_file():
            return "it is a class table" if path.suffix.lower() in _RECORD_SUFFIXES else None
        pairs = _pairs(path, _class_table_beside(path)) if path.is_dir() else []
        return f"{pairs[0].masks} holds masks" if pairs else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        beside = _class_table_beside(path)
        table = options.class_table or beside
        if table is None:
            raise InvalidError(
                "class_table.missing",
                "no class table was found beside the masks of {path}: give a file that names the "
                "class of each pixel value with --class-table, such as the YAML "
                "{example}",
                path=str(path),
                example="classes: {0: background, 1: road}",
            )
        pairs = _pairs(path, beside)
        if not pairs:
            raise InvalidError(
                "masks.no_folders",
                "{path} names no folders of images and masks, and none stand beside it",
                path=str(path),
            )
        matched = [_match(pair) for pair in pairs]
        items = [item for found, _ in matched for item in found]
        if not items:
            raise InvalidError(
                "masks.none_match",
                "no image of {path} has a mask of the same name",
                path=str(path),
            )
        return Draft(
            root=path if path.is_dir() else path.parent,
            task="segmentation",
            items=items,
            classes=read_class_table(table),
            findings=[finding for _, findings in matched for finding in findings],
            image_folders=tuple(
                folder
                for pair in pairs
                for folder in (pair.images, pair.masks)
                if is_beside(folder, table.parent)
            ),
        )


# The class table


def read_class_table(path: Path) -> tuple[ClassRecord, ...]:
    """Read the classes from a table of pixel value → name, ordered by pixel value.

    YAML and JSON hold a mapping or a list of names, on their own or as `classes` or `names`; a
    CSV file holds a column of ids and one of names.

    Raises:
        InvalidError: it cannot be read, an id is no whole number, or two classes have one name.
    """
    named = _named_ids(path)
    if named is None:
        raise _bad_table(path, "it holds no mapping of ids to names, and no list of names")
    classes: dict[int, str] = {}
    for id_text, name in named:
        if not id_text.isdecimal():
            raise _bad_table(path, f"{id_text!r} is no pixel value: these are whole numbers from 0")
        if not name:
            raise _bad_table(path, f"the class {id_text} has no name")
        if int(id_text) in classes or name in classes.values():
            raise _bad_table(path, f"the id {id_text} or the name {name!r} stands in it twice")
        classes[int(id_text)] = name
    if len(classes) < 2:
        raise _bad_table(path, "it names fewer than two classes")
    return tuple(
        ClassRecord(index, classes[source_id], source_id)
        for index, source_id in enumerate(sorted(classes))
    )


def _bad_table(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "class_table.invalid", "the class table {path} is refused: {why}", path=str(path), why=why
    )


def _named_ids(path: Path) -> list[tuple[str, str]] | None:
    """Return ids and names as a file has them, or None if it holds none."""
    if path.suffix.lower() not in _RECORD_SUFFIXES:
        return _named_ids_of_csv(path)
    record = _record(path)
    if isinstance(record, dict):
        record = record.get("classes", record.get("names", record))
    if isinstance(record, list) and all(isinstance(name, str) for name in record):
        return [(str(number), name) for number, name in enumerate(record)]
    if isinstance(record, dict) and all(isinstance(name, str) for name in record.values()):
        return list(record.items())
    return None


def _named_ids_of_csv(path: Path) -> list[tuple[str, str]] | None:
    table = read_delimited(path)
    if len(table.columns) == 1:
        return None
    known = [column for column in table.columns if column.lower() in _ID_COLUMNS]
    ids = known[0] if known else table.columns[0]
    name = next(column for column in table.columns if column != ids)
    return list(zip(table.cells(ids), table.cells(name), strict=True))


def _record(path: Path) -> Any:
    """Read YAML or JSON with every scalar as the text that it is: `no` is a name, not False."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text, parse_int=str, parse_float=str)
        return yaml.load(text, Loader=yaml.BaseLoader)
    except OSError as failure:
        raise _bad_table(path, failure.strerror or str(failure)) from None
    except (yaml.YAMLError, ValueError) as failure:
        raise _bad_table(path, str(failure)) from None


def _class_table_beside(path: Path) -> Path | None:
    """Return the class table that a path is, or that stands in the folder that it is."""
    if path.is_file():
        return path
    candidates = (path / f"{name}{end}" for name in _TABLE_NAMES for end in _TABLE_SUFFIXES)
    return next((one for one in candidates if one.is_file()), None)


# The folders


@dataclass(frozen=True)
class _Pair:
    """A folder of images and the folder of their masks."""

    images: Path
    masks: Path
    part: str = ""


def _pairs(path: Path, table: Path | None) -> list[_Pair]:
    """Find the folders: where the class table says, or by their names."""
    if table is not None and table.suffix.lower() in _RECORD_SUFFIXES:
        named = list(_pairs_named(table))
        if named:
            return named
    folder = path if path.is_dir() else path.parent
    return list(_pairs_in(folder))


def _pairs_named(table: Path) -> Iterator[_Pair]:
    record = _record(table)
    if not isinstance(record, dict):
        return
    for name, said in [("", record), *record.items()]:
        if isinstance(said, dict) and {"images", "masks"} <= said.keys():
            images, masks = (_named_folder(table, said[one]) for one in ("images", "masks"))
            yield _Pair(images, masks, part_of(name) or "")


def _named_folder(table: Path, named: object) -> Path:
    folder = Path(os.path.normpath(table.parent / str(named)))
    if not folder.is_dir():
        raise _bad_table(table, f"it names the folder {folder}, which does not exist")
    return folder


def _pairs_in(folder: Path) -> Iterator[_Pair]:
    """Find images and masks side by side, in the folder or in each of those inside it."""
    inside = subfolders(folder)
    by_name = {one.name: one for one in inside}
    images = next((by_name[name] for name in _IMAGE_FOLDERS if name in by_name), None)
    masks = next((by_name[name] for name in _MASK_FOLDERS if name in by_name), None)
    if images and masks:
        if any(is_image(file) for file in files_under(masks)):
            yield _Pair(images, masks)
        return
    for one in inside:
        if len(inside) == 1 or part_of(one.name):
            for pair in _pairs_in(one):
                yield _Pair(pair.images, pair.masks, pair.part or part_of(one.name) or "")


# The items


def _match(pair: _Pair) -> tuple[list[DraftItem], list[Finding]]:
    """Match the images of a folder with the masks of the other by path without suffix."""
    images, masks = _by_stem(pair.images), _by_stem(pair.masks)
    items, findings = [], []
    for stem, files in images.items():
        found = masks.pop(stem, [])
        if len(files) > 1 or len(found) > 1:
            several = " and ".join(files if len(files) > 1 else found)
            said = f"{several} have the same name but for the suffix, so one cannot tell the pairs"
            findings.append(blocking("ambiguous_mask", said, file=files[0]))
        elif not found:
            said = f"{files[0]} has no mask in {pair.masks}: it is left out"
            findings.append(left_out("image_without_mask", said, file=files[0]))
        else:
            part = pair.part or part_of(stem.partition("/")[0]) or ""
            items.append(
                DraftItem(
                    path=os.path.join(pair.images, files[0]),
                    mask_path=os.path.join(pair.masks, found[0]),
                    partition=part or None,
                )
            )
    for files in masks.values():
        said = f"the mask {files[0]} has no image in {pair.images}"
        findings.append(blocking("mask_without_image", said, file=files[0]))
    return items, findings


def _by_stem(folder: Path) -> dict[str, list[str]]:
    """Return the images under a folder by their path without suffix."""
    files: dict[str, list[str]] = defaultdict(list)
    for file in files_under(folder):
        if is_image(file):
            files[normalised(os.path.splitext(file)[0]).removesuffix("_mask")].append(file)
    return files
