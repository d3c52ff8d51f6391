"""What is given to a part before anything is drawn: lists, own partitions, folders, conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import PARTS
from model_playground.datasets.parts import (
    ListedPart,
    numbers_told,
    part_of,
    part_of_folders,
    parts_of,
)
from model_playground.datasets.splits.conditions import ItemFields, items_that
from model_playground.datasets.splits.drawing import lots_of
from model_playground.datasets.splits.list_files import says_training
from model_playground.datasets.splits.lists import first_few, listed_items, listed_parts

OPEN, TRAINVAL, OUT = -1, -2, -3
"""Instead of a part's place: an item is to be drawn, drawn for train or validation, left out."""

_PART_COLUMNS = ("partition", "part", "split", "subset")  # the first is every item's own
_GIVEN = re.compile(r"\s*(\w+)\s*=(?!=)\s*(?:(\d+(?:\.\d+)?)\s*%\s*(?:of\s+)?)?(.+?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Given:
    """The part of each item as it was given, and what was said of it."""

    parts: NDArray[np.int64]  # the place among PARTS, or OPEN, TRAINVAL, OUT
    complete: frozenset[int]  # the parts that get no more than what was given
    strategy: str
    notes: tuple[str, ...] = ()


def nothing_given(items: int) -> Given:
    """Return that all items are to be drawn."""
    return Given(np.full(items, OPEN, np.int64), frozenset(), "")


def given_by_list(path: Path, items: pa.Table) -> Given:
    """Return the parts that a list names; it has to name all items.

    Raises:
        InvalidError: the list cannot be used, or lacks items.
    """
    listed, findings = listed_parts(path, items)
    ids = items["item_id"].to_pylist()
    missing = [
        name
        for item_id, name in zip(ids, items["path"].to_pylist(), strict=True)
        if item_id not in listed
    ]
    if missing:
        raise InvalidError(
            "split.not_listed",
            "the list names no part for {count:,} of the dataset's {total:,} items: {paths}. "
            "Name a part for each, or choose the items with a condition",
            count=len(missing),
            total=len(ids),
            paths=first_few(missing),
        )
    parts = np.array([_place(listed[one]) for one in ids], np.int64)
    notes = tuple(one.message for one in findings)
    return Given(parts, frozenset(range(len(PARTS))), f"listed in {path.name}", notes)


def own_partitions(items: pa.Table) -> Given:
    """Return the parts that the files came in, as the source, a column or the folders say.

    Raises:
        InvalidError: none of them names parts.
    """
    for column in items.column_names:
        is_answer = says_training(column)
        if is_answer or column in _PART_COLUMNS:
            words = items[column].cast(pa.string()).to_pylist()
            told = parts_of(sorted({*words} - {None, ""}), says_training=is_answer)
            if told:
                numbers = numbers_told(told)
                notes = (f"the column {column}: {numbers}",) if numbers else ()
                return _by_words([told.get(word) for word in words], "as the files came", notes)
    named = [part_of_folders(path) for path in items["path"].to_pylist()]
    return _by_words(named, "by folders")


def partition_counts(given: Given) -> dict[str, int]:
    """Return how many items came in each part, those that are still to be divided included."""
    names = {**dict(enumerate(PARTS)), TRAINVAL: "train or validation", OPEN: "no part"}
    counts = {name: int((given.parts == place).sum()) for place, name in names.items()}
    return {name: count for name, count in counts.items() if count}


def _by_words(
    parts: Sequence[ListedPart | None], strategy: str, notes: tuple[str, ...] = ()
) -> Given:
    if not any(parts):
        raise InvalidError(
            "split.no_partitions",
            "the files came in no parts: neither their labels, nor a column part, split or subset, "
            "nor a folder names train, validation or test, and numbers tell parts only where 0, 1 "
            "and 2 occur, or a column such as is_training. Give parts by a list or a condition",
        )
    places = np.array([OPEN if one is None else _place(one) for one in parts], np.int64)
    complete = frozenset(range(len(PARTS))) if (places != OPEN).all() else _named(places)
    lacking = int((places == OPEN).sum())
    if lacking:
        notes = (*notes, f"{counted(lacking, 'item', 'items')} came in no part: drawn")
    return Given(places, complete, strategy, notes)


def with_validation(given: Given) -> Given:
    """Let a share of train be drawn for validation where files came in train and test alone."""
    train, validation = PARTS.index("train"), PARTS.index("validation")
    if np.isin(given.parts, (validation, TRAINVAL, OPEN)).any():
        return given
    notes = (*given.notes, "none came in validation: a share of train is drawn for it")
    parts = np.where(given.parts == train, TRAINVAL, given.parts)
    return replace(given, parts=parts, notes=notes)


def given_to_parts(texts: Sequence[str], fields: ItemFields, seed: int) -> Given:
    """Return the parts of the items that are given to one: `test=site_b/`, `test=class=cat`.

    The parts that are named get nothing else. Where only a share of something is given, the rest
    of it is left out.

    Raises:
        InvalidError: a text cannot be read, is about no item, or two give one item to two parts.
        NotFoundError: there is no such field.
    """
    parts = np.full(len(fields), OPEN, np.int64)
    notes: list[str] = []
    for text in texts:
        match = _GIVEN.fullmatch(text)
        part = part_of(match[1]) if match else None
        if match is None or part is None or part == "trainval":
            raise InvalidError(
                "split.give",
                "{text!r} gives nothing to a part: write a part, = and a folder, a list or a "
                "condition, such as test=site_b/, test=@names.txt or test=class=cat",
                text=text,
            )
        mask = _mask(match[3], fields, notes)
        if not mask.any():
            raise InvalidError(
                "split.gives_nothing", "{text!r} is about no item of the dataset", text=text
            )
        taken = mask & (parts >= 0) & (parts != _place(part))
        if taken.any():
            path = fields.revision.items["path"][int(np.flatnonzero(taken)[0])].as_py()
            raise InvalidError(
                "split.given_twice",
                "{count} given to {part} and to another part, such as {path}",
                count=counted(int(taken.sum()), "item is", "items are"),
                part=part,
                path=path,
            )
        parts[mask] = _place(part)
        if match[2] is not None:
            out = _unsampled(mask, float(match[2]), text, fields, seed)
            parts[out] = OUT
            notes.append(f"{match[2]} % of {match[3]} are in {part}; {len(out):,} items are not")
    named = " and ".join(PARTS[one] for one in sorted(_named(parts)))
    return Given(parts, _named(parts), f"{named} given", tuple(notes))


def _mask(what: str, fields: ItemFields, notes: list[str]) -> NDArray[np.bool_]:
    items = fields.revision.items
    if what.startswith("@"):
        ids, findings = listed_items(Path(what[1:]).expanduser(), items)
        notes += [one.message for one in findings]
        found = pc.is_in(items["item_id"], value_set=pa.array(ids, pa.string()))
        return np.asarray(found.to_numpy(), np.bool_)
    if what.endswith("/") and not any(sign in what for sign in "=<>~"):
        what = f'folder="{what}"'
    return items_that(what, fields)


def _unsampled(
    mask: NDArray[np.bool_], share: float, text: str, fields: ItemFields, seed: int
) -> NDArray[np.int64]:
    if not 0 < share <= 100:
        raise InvalidError(
            "split.give_share", "{text!r} gives no share above 0 and up to 100 %", text=text
        )
    rows = np.flatnonzero(mask)
    ids = fields.revision.items["item_id"].take(pa.array(rows)).to_pylist()
    return rows[lots_of(ids, seed)[max(1, round(len(rows) * share / 100)) :]]


def _place(part: ListedPart) -> int:
    return TRAINVAL if part == "trainval" else PARTS.index(part)


def _named(places: NDArray[np.int64]) -> frozenset[int]:
    named = set(np.unique(places[places >= 0]).tolist())
    return frozenset(named | ({0, 1} if (places == TRAINVAL).any() else set()))
