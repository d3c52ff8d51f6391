"""Class tables: which pixel value of a mask, a class id or a colour, stands for which class."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_playground.core.errors import InvalidError
from model_playground.datasets.colours import FIRST_COLOUR, colour_name, read_colour
from model_playground.datasets.delimited import read_delimited, read_text
from model_playground.datasets.records import ClassRecord
from model_playground.datasets.text_files import DESCRIPTION_BYTES, UnreadableTextError, text_of
from model_playground.datasets.text_tables import TextTable
from model_playground.datasets.yaml_files import read_yaml

RECORD_SUFFIXES = (".yaml", ".yml", ".json")
_ID_COLUMNS = ("id", "index", "idx", "value", "pixel", "class_id", "pixel_value")
_COLOUR_COLUMNS = (("r", "red"), ("g", "green"), ("b", "blue"))
_NO_CLASS = ("__ignore__", "ignore", "ignored", "void")
_LABEL_MAP = re.compile(r"(?P<name>[^:#][^:]*):(?P<colour>\d+,\d+,\d+)?:[^:]*:[^:]*")
_ID_FIRST = re.compile(r"(?P<id>\d+)[ \t]*[:=][ \t]*(?P<name>\S.*)")
_COLOUR_FIRST = re.compile(r"(?P<colour>\d+[ \t]+\d+[ \t]+\d+)[ \t]+(?P<name>\S.*)")


@dataclass(frozen=True)
class ClassTable:
    """The classes of masks, and the pixel values that are known to stand for none."""

    classes: tuple[ClassRecord, ...]
    ignored: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """A class as a table says it; the id and the colour are as it writes them."""

    name: str
    id: str | None = None
    colour: object = None


def read_class_table(path: Path, *, prefer_colours: bool = False) -> ClassTable:
    """Read the classes from a table of pixel value → name, ordered by id or as they stand.

    YAML and JSON hold a mapping of ids to names, of names to colours, or a list of names, on their
    own or as `classes` or `names`. CSV files hold a column of names and one of ids, or those of
    red, green and blue. The texts that CVAT (`name:r,g,b::`) and CamVid (`r g b name`) write are
    read too, and lines of `id: name`. A colour called void, ignore, ignored or __ignore__ stands
    for no class.

    Args:
        path: the table.
        prefer_colours: take the colours of a table that has both ids and colours.

    Raises:
        InvalidError: it cannot be read, an id is no whole number, or two classes have one name.
    """
    entries = _entries(path)
    if not entries:
        raise _bad_table(path, "it holds no mapping of ids to names, and no list of names")
    has_ids = all(one.id is not None for one in entries)
    has_colours = all(one.colour is not None for one in entries)
    return (
        _in_colours(path, entries)
        if has_colours and (prefer_colours or not has_ids)
        else (_in_ids(path, entries))
    )


def is_class_table(path: Path) -> bool:
    """Say whether a file reads as a class table, whatever is wrong with its entries."""
    try:
        return bool(_entries(path))
    except InvalidError:
        return False


def read_record(path: Path) -> Any:
    """Read YAML or JSON with every scalar as the text that it is: `no` is a name, not False.

    Raises:
        InvalidError: it cannot be read as such.
    """
    if path.suffix.lower() != ".json":
        return read_yaml(path)
    try:
        return json.loads(
            text_of(path, most_bytes=DESCRIPTION_BYTES),
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=_mapping,
        )
    except (UnreadableTextError, ValueError, RecursionError) as failure:
        raise _bad_table(path, str(failure)) from None


def _mapping(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return mapping


def _in_ids(path: Path, entries: Sequence[_Entry]) -> ClassTable:
    classes: dict[int, str] = {}
    for one in entries:
        id_text = one.id or ""
        if not (id_text.isascii() and id_text.isdecimal()) or len(id_text) > len(str(FIRST_COLOUR)):
            raise _bad_table(path, f"{id_text!r} is no pixel value: these are whole numbers from 0")
        if int(id_text) >= FIRST_COLOUR:
            raise _bad_table(path, f"the id {id_text} is larger than any pixel value")
        _check_name(path, one.name, id_text)
        if int(id_text) in classes or one.name in classes.values():
            raise _bad_table(path, f"the id {id_text} or the name {one.name!r} stands in it twice")
        classes[int(id_text)] = one.name
    return ClassTable(_records(path, dict(sorted(classes.items()))))


def _in_colours(path: Path, entries: Sequence[_Entry]) -> ClassTable:
    classes: dict[int, str] = {}
    ignored: list[int] = []
    for one in entries:
        value = read_colour(one.colour)
        if value is None:
            raise _bad_table(
                path, f"{one.colour!r} is no colour: red, green and blue are 0 to 255, or #rrggbb"
            )
        _check_name(path, one.name, colour_name(value))
        if value in classes or value in ignored or one.name in classes.values():
            said = f"the colour {colour_name(value)} or the name {one.name!r} stands in it twice"
            raise _bad_table(path, said)
        if one.name.lower() in _NO_CLASS:
            ignored.append(value)
        else:
            classes[value] = one.name
    return ClassTable(_records(path, classes), tuple(ignored))


def _records(path: Path, classes: Mapping[int, str]) -> tuple[ClassRecord, ...]:
    if len(classes) < 2:
        raise _bad_table(path, "it names fewer than two classes")
    return tuple(
        ClassRecord(index, name, value) for index, (value, name) in enumerate(classes.items())
    )


def _check_name(path: Path, name: str, value: str) -> None:
    if not name:
        raise _bad_table(path, f"the class {value} has no name")
    # Spaces of other widths, which are not called printable, stand in names from web pages.
    if not all(one.isprintable() or unicodedata.category(one) == "Zs" for one in name):
        raise _bad_table(path, f"the name {name!r} of {value} holds what cannot be printed")


def _bad_table(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "class_table.invalid", "the class table {path} is refused: {why}", path=str(path), why=why
    )


# What the files say


def _entries(path: Path) -> list[_Entry]:
    """Return what a file says of classes, or nothing if it holds none."""
    if path.suffix.lower() in RECORD_SUFFIXES:
        try:
            return _entries_of_record(read_record(path))
        except InvalidError as error:
            raise _bad_table(path, str(error)) from None
    if path.suffix.lower() == ".txt":
        found = _entries_of_text(read_text(path))
        if found:
            return found
    return _entries_of_table(read_delimited(path))


def _entries_of_record(record: Any) -> list[_Entry]:
    if isinstance(record, dict):
        record = record.get("classes", record.get("names", record))
    if isinstance(record, list) and all(isinstance(name, str) for name in record):
        return [_Entry(name, str(number)) for number, name in enumerate(record)]
    if not isinstance(record, dict):
        return []
    if all(isinstance(name, str) for name in record.values()):
        if record and all(read_colour(said) is not None for said in record.values()):
            return [_Entry(str(name), colour=said) for name, said in record.items()]
        if record and all(read_colour(key) is not None for key in record):
            return [_Entry(name, colour=key) for key, name in record.items()]
        return [_Entry(name, key) for key, name in record.items()]
    if all(isinstance(said, list) and len(said) == 3 for said in record.values()):
        return [_Entry(str(name), colour=said) for name, said in record.items()]
    return []


def _entries_of_text(text: str) -> list[_Entry]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    for pattern in (_LABEL_MAP, _COLOUR_FIRST):
        matches = [pattern.fullmatch(line) for line in lines]
        if matches and all(matches):
            return [_Entry(one["name"].strip(), colour=one["colour"]) for one in matches if one]
    numbered = [_ID_FIRST.fullmatch(line) for line in lines]
    if all(numbered):
        return [_Entry(one["name"].strip(), one["id"]) for one in numbered if one]
    return []


def _entries_of_table(table: TextTable) -> list[_Entry]:
    if len(table.columns) == 1:
        return []
    colours = _colour_columns(table)
    known = [column for column in table.columns if column.lower() in _ID_COLUMNS]
    free = [column for column in table.columns if column not in colours]
    ids = known[0] if known else None if colours else free[0]
    names = [column for column in free if column != ids]
    if not names:
        return []
    name = next((one for one in names if "name" in one.lower()), names[0])
    said: list[tuple[str, ...]] | list[None] = [None] * len(table.rows)
    if colours:
        said = list(zip(*map(table.cells, colours), strict=True))
    return [
        _Entry(one, number, colour)
        for one, number, colour in zip(
            table.cells(name),
            table.cells(ids) if ids is not None else [None] * len(table.rows),
            said,
            strict=True,
        )
    ]


def _colour_columns(table: TextTable) -> tuple[str, ...]:
    """Return the columns of red, green and blue: by their names, or the last three of numbers."""
    by_name = {column.lower(): column for column in table.columns}
    named = [
        next((by_name[one] for one in some if one in by_name), None) for some in _COLOUR_COLUMNS
    ]
    found = tuple(one for one in named if one is not None)
    if len(found) == len(_COLOUR_COLUMNS):
        return found
    last = table.columns[-len(_COLOUR_COLUMNS) :]
    has_no_head = all(column.startswith("column ") for column in last)
    if len(table.columns) == len(last) or not has_no_head or not table.rows:
        return ()
    return last if all(cell.isdecimal() for one in last for cell in table.cells(one)) else ()
