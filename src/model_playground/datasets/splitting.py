"""Splits: every item in exactly one part, by chance or by a list."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.records import PARTS, Finding, Part
from model_playground.datasets.delimited import read_delimited, read_text
from model_playground.datasets.file_names import FileNames
from model_playground.datasets.findings import left_out
from model_playground.datasets.parts import ListedPart, part_of
from model_playground.datasets.records import ITEM_SCHEMA
from model_playground.datasets.text_tables import TextTable, is_datum

DEFAULT_SHARES: Mapping[Part, float] = {"train": 70, "test": 20, "validation": 10}

NEEDED_PARTS: tuple[Part, ...] = ("train", "validation")
"""The test part may be empty; without these two nothing can be trained and chosen."""

Units = Mapping[str, Sequence[str]]
"""What is put into a part as a whole: the ids of the items of each group."""


def split_items(
    items: pa.Table,
    *,
    shares: Mapping[Part, float] = DEFAULT_SHARES,
    seed: int = 0,
    group_by: str | None = None,
    listed: Mapping[str, ListedPart] | None = None,
) -> dict[str, Part]:
    """Put every item into exactly one part and return the parts by item id.

    The result depends on the items, the shares and the seed, not on the order of the rows.

    Args:
        items: the items table of a revision.
        shares: per cent for each part.
        seed: the same seed gives the same split.
        group_by: a column whose equal values stay in one part; the shares are then approximate.
        listed: the part of every item by its id; what is listed as "trainval" is divided into
            train and validation by their shares.

    Raises:
        InvalidError: the shares do not add up to 100, a part would be empty, an item is not
            listed, or the list divides a group.
        NotFoundError: there is no such column.
    """
    shares = _checked_shares(shares)
    units = _units(items, group_by)
    if listed is None:
        return _draw(units, shares, seed)
    _check_all_listed(items, listed)
    parts: dict[str, Part] = {}
    open_units: dict[str, list[str]] = defaultdict(list)
    for key, item_ids in units.items():
        for item_id in item_ids:
            part = listed[item_id]
            if part == "trainval":
                open_units[key].append(item_id)
            else:
                parts[item_id] = part
    if open_units:
        both = sum(shares[part] for part in NEEDED_PARTS)
        parts |= _draw(open_units, {part: shares[part] / both * 100 for part in NEEDED_PARTS}, seed)
    _check_list(parts, units)
    return parts


def listed_parts(path: Path, items: pa.Table) -> tuple[dict[str, ListedPart], list[Finding]]:
    """Read the part of each item from a table, or from lists named train.txt, val.txt and so on.

    Items are named by path, file name with or without suffix, or id. Names that the dataset lacks
    are reported: the list of a larger dataset does for a part of it.

    Args:
        path: a table with a column of items and one of parts, or a folder of lists.
        items: the items table of a revision.

    Raises:
        InvalidError: it cannot be read, names no item, names one twice or in two parts, or gives a
            part that does not exist.
    """
    ids = _ItemIds(items)
    lines = _lines_of_folder(path) if path.is_dir() else _lines_of_table(path, ids)
    parts: dict[str, ListedPart] = {}
    unknown: list[str] = []
    wrong: list[str] = []
    for line in lines:
        part = part_of(line.part)
        found = ids.find(line.name)
        if not found:
            unknown.append(line.name)
        elif part is None:
            wrong.append(f"{line.place} gives {line.name} the part {line.part!r}")
        elif len(found) > 1:
            wrong.append(f"{line.place} names {line.name}, which may be any of {len(found)} items")
        elif (agreed := _agreed(parts.get(found[0]), part)) is None:
            wrong.append(f"{line.place} names {line.name}, which was named before")
        else:
            parts[found[0]] = agreed
    if wrong:
        raise InvalidError(
            "split.list_wrong",
            "{path} cannot be used as a split: {wrong}. Parts are train, validation (or val), test "
            "and trainval, and an item is in one of them",
            path=str(path),
            wrong=_first(wrong),
        )
    if not parts:
        raise InvalidError(
            "split.list_matches_nothing",
            "{path} names no item of the dataset: its names are such as {names}",
            path=str(path),
            names=_first(unknown) or "none",
        )
    return parts, _unknown_names(path, list(dict.fromkeys(unknown)))


# Drawing


def _checked_shares(shares: Mapping[Part, float]) -> dict[Part, float]:
    checked = {part: float(shares.get(part, 0)) for part in PARTS}
    total = math.fsum(checked.values())
    given = ", ".join(f"{part} {share:g}" for part, share in checked.items())
    if not all(share >= 0 for share in checked.values()) or not math.isclose(total, 100):
        raise InvalidError(
            "split.shares",
            "the shares ({given}) add up to {total:g}: they are per cent, none below 0, "
            "and add up to 100",
            given=given,
            total=total,
        )
    for part in NEEDED_PARTS:
        if checked[part] == 0:
            raise InvalidError(
                "split.needed_part",
                "the part {part} has no share ({given}): models learn from train and are chosen "
                "by validation, so neither may be empty",
                part=part,
                given=given,
            )
    return checked


def _units(items: pa.Table, group_by: str | None) -> Units:
    ids = items["item_id"].to_pylist()
    if group_by is None:
        return {item_id: [item_id] for item_id in ids}
    fixed = set(ITEM_SCHEMA.names) - {"content_hash"}
    known = [name for name in items.column_names if name not in fixed]
    if group_by not in known:
        raise unknown_name("column", group_by, known)
    units: dict[str, list[str]] = defaultdict(list)
    for item_id, value in zip(ids, items[group_by].to_pylist(), strict=True):
        units[value].append(item_id)
    if "" in units:
        raise InvalidError(
            "split.no_group",
            "{count} items have nothing in the column {column}: fill it and import again, "
            "or group by another",
            count=len(units[""]),
            column=group_by,
        )
    return units


def _draw(units: Units, shares: Mapping[Part, float], seed: int) -> dict[str, Part]:
    """Put whole units into parts, so that their sizes come near the shares.

    Large units come first, those of about one size in random order. Each goes where most of the
    share is still lacking among the parts that have room for it; single items fit exactly.
    """
    total = sum(len(item_ids) for item_ids in units.values())
    wanted = _wanted_counts(total, shares)
    _check_enough(units, wanted, shares)
    order = sorted(units, key=lambda key: (-len(units[key]).bit_length(), _lot(seed, key)))
    lacking = dict(wanted)
    parts: dict[str, Part] = {}
    for number, key in enumerate(order):
        empty = [part for part in wanted if lacking[part] == wanted[part]]
        must_fill = len(order) - number <= len(empty)
        part = _roomiest(empty if must_fill else list(wanted), lacking, wanted, len(units[key]))
        lacking[part] -= len(units[key])
        parts |= dict.fromkeys(units[key], part)
    return parts


def _roomiest(
    parts: Sequence[Part], lacking: Mapping[Part, int], wanted: Mapping[Part, int], size: int
) -> Part:
    def room(part: Part) -> tuple[int, float, int]:
        return min(lacking[part] - size, 0), lacking[part] / wanted[part], lacking[part]

    return max(parts, key=room)


def _lot(seed: int, key: str) -> bytes:
    """Return a random number that belongs to a unit, whatever others there are."""
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()


def _wanted_counts(total: int, shares: Mapping[Part, float]) -> dict[Part, int]:
    """Divide a number by shares of 100, rounded by the largest remainder; no zero shares."""
    quotas = {part: total * share / 100 for part, share in shares.items() if share > 0}
    counts = {part: math.floor(round(quota, 6)) for part, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda part: counts[part] - quotas[part])
    for part in by_remainder[: total - sum(counts.values())]:
        counts[part] += 1
    return counts


def _check_enough(units: Units, wanted: Mapping[Part, int], shares: Mapping[Part, float]) -> None:
    total = sum(len(item_ids) for item_ids in units.values())
    for part, count in wanted.items():
        if count == 0:
            raise InvalidError(
                "split.empty_part",
                "the part {part} would be empty: {share:g} % of {total} items are less than one. "
                "Give it a larger share, or import more items",
                part=part,
                share=shares[part],
                total=total,
            )
    if len(units) < len(wanted):
        raise InvalidError(
            "split.too_few_groups",
            "{groups} groups cannot fill {parts} parts: a group stays in one part. "
            "Group by another column",
            groups=len(units),
            parts=len(wanted),
        )


# Lists


class _Line(NamedTuple):
    place: str  # where it stands, for a message
    name: str
    part: str


class _ItemIds:
    """Item ids by whatever a list may call an item."""

    def __init__(self, items: pa.Table) -> None:
        ids, paths = items["item_id"].to_pylist(), items["path"].to_pylist()
        self._by_path = dict(zip(paths, ids, strict=True))
        self._ids = set(ids)
        self._names = FileNames(paths)

    def find(self, name: str) -> list[str]:
        """Return the ids of all items that a name can mean."""
        if name in self._ids:
            return [name]
        return [self._by_path[path] for path in self._names.find(name)] if name else []


def _lines_of_folder(folder: Path) -> list[_Line]:
    lists = [path for path in sorted(folder.glob("*.txt")) if part_of(path.stem)]
    if not lists:
        raise InvalidError(
            "split.no_lists",
            "{folder} holds no list named train.txt, val.txt, trainval.txt or test.txt",
            folder=str(folder),
        )
    return [
        _Line(f"line {number} of {path.name}", name.strip(), path.stem)
        for path in lists
        for number, name in enumerate(read_text(path).splitlines(), start=1)
        if name.strip()
    ]


def _lines_of_table(path: Path, ids: _ItemIds) -> list[_Line]:
    table = read_delimited(path, is_datum=lambda cell: is_datum(cell) or part_of(cell) is not None)
    part = _part_column(table)
    items = max(
        (column for column in table.columns if column != part),
        key=lambda column: sum(bool(ids.find(cell)) for cell in table.cells(column)),
    )
    return [
        _Line(f"line {row.line} of {path.name}", name, word)
        for row, name, word in zip(table.rows, table.cells(items), table.cells(part), strict=True)
    ]


def _part_column(table: TextTable) -> str:
    named = [column for column in table.columns if column.lower() in ("part", "split", "subset")]
    words = {
        column: sum(part_of(cell) is not None for cell in table.cells(column))
        for column in named or table.columns
    }
    likeliest = max(words, key=lambda column: words[column])
    if len(named) > 1 or words[likeliest] == 0 or len(table.columns) < 2:
        raise InvalidError(
            "split.list_columns",
            "{path} needs a column with the item (its file or id) and one named part; "
            "its columns are {columns}",
            path=str(table.path),
            columns=", ".join(table.columns),
        )
    return likeliest


def _agreed(before: ListedPart | None, now: ListedPart) -> ListedPart | None:
    """Return the part of an item that is named again: train.txt may tell more than trainval.txt."""
    if before is None:
        return now
    named = {before, now} - {"trainval"}
    if before != now and named < set(NEEDED_PARTS):
        return named.pop()
    return None


def _unknown_names(path: Path, names: Sequence[str]) -> list[Finding]:
    if not names:
        return []
    count = "1 name is" if len(names) == 1 else f"{len(names):,} names are"
    return [
        left_out(
            "unknown_item",
            f"of {path.name}, {count} not in the dataset: {_first(names)}",
            file=path.name,
        )
    ]


def _check_all_listed(items: pa.Table, listed: Mapping[str, ListedPart]) -> None:
    paths = dict(zip(items["item_id"].to_pylist(), items["path"].to_pylist(), strict=True))
    missing = [path for item_id, path in paths.items() if item_id not in listed]
    if missing:
        raise InvalidError(
            "split.not_listed",
            "the list names no part for {count:,} of the dataset's {total:,} items: {paths}. "
            "Name a part for each",
            count=len(missing),
            total=len(paths),
            paths=_first(missing),
        )


def _check_list(parts: Mapping[str, Part], units: Units) -> None:
    for needed in NEEDED_PARTS:
        if needed not in parts.values():
            raise InvalidError(
                "split.empty_part",
                "the list leaves the part {part} empty: name items for it, or for trainval, which "
                "is divided into train and validation",
                part=needed,
            )
    divided = [
        key for key, item_ids in units.items() if len({parts[item_id] for item_id in item_ids}) > 1
    ]
    if divided:
        raise InvalidError(
            "split.divided_group",
            "the list puts items of one group into several parts, for {count} groups: {groups}",
            count=len(divided),
            groups=_first(divided),
        )


def _first(texts: Sequence[str], shown: int = 3) -> str:
    return "; ".join(texts[:shown]) + ("; …" if len(texts) > shown else "")
