"""Lists: the part of every item, as tables or text lists name it, read and written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import PARTS, Finding, Part
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import FileNames
from model_playground.datasets.findings import left_out
from model_playground.datasets.parts import ListedPart, part_of
from model_playground.datasets.splits.list_files import lines_of
from model_playground.datasets.text_files import encodings_noted
from model_playground.datasets.unfinished import unfinished_folder


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
    lines, findings = lines_of(path, lambda name: bool(ids.find(name)))
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
            wrong=first_few(wrong),
        )
    if not parts:
        raise _matches_nothing(path, unknown)
    return parts, [*findings, *_unknown_names(path, list(dict.fromkeys(unknown)))]


def listed_items(path: Path, items: pa.Table) -> tuple[list[str], list[Finding]]:
    """Read a text list of items, one a line, and return their ids.

    Raises:
        InvalidError: it cannot be read, names no item of the dataset, or names several by one name.
    """
    ids = _ItemIds(items)
    found: dict[str, None] = {}
    unknown: list[str] = []
    with encodings_noted() as assumed:
        lines = read_text(path, "list").splitlines()
    for number, line in enumerate(lines, start=1):
        if not (name := line.strip()):
            continue
        of_name = ids.find(name)
        if len(of_name) > 1:
            raise InvalidError(
                "split.list_unclear",
                "line {number} of {path} names {name}, which may be any of {count} items: write "
                "its path",
                number=number,
                path=str(path),
                name=name,
                count=len(of_name),
            )
        found.update(dict.fromkeys(of_name))
        unknown += [] if of_name else [name]
    if not found:
        raise _matches_nothing(path, unknown)
    findings = [one.finding(path.parent) for one in assumed.values()]
    return list(found), [*findings, *_unknown_names(path, list(dict.fromkeys(unknown)))]


def write_lists(folder: Path, parts: Mapping[str, Part], paths: Mapping[str, str]) -> list[Path]:
    """Write train.txt, validation.txt and test.txt with the paths of their items, one a line.

    Args:
        folder: where they are written, all or none; it must not exist yet or be empty.
        parts: the part of each item.
        paths: the path of each item.

    Raises:
        InvalidError: the folder holds something already, or a path has a line break in it.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidError(
            "split.folder_taken",
            "{folder} holds something already: name a new or an empty folder",
            folder=str(folder),
        )
    broken = next((one for one in paths.values() if len(one.splitlines()) != 1), None)
    if broken is not None:
        raise InvalidError(
            "split.line_break", "{path!r} has a line break in it and fits no list", path=broken
        )
    try:
        with unfinished_folder(folder.parent, folder.name) as unfinished:
            for part in PARTS:
                names = sorted(paths[item_id] for item_id, own in parts.items() if own == part)
                text = "".join(f"{name}\n" for name in names)
                (unfinished / f"{part}.txt").write_text(text, encoding="utf-8")
            if folder.exists():
                folder.rmdir()
            os.replace(unfinished, folder)
    except OSError as error:
        raise InvalidError(
            "split.not_written",
            "{folder} cannot be written: {why}",
            folder=str(folder),
            why=error.strerror or str(error),
        ) from error
    return [folder / f"{part}.txt" for part in PARTS]


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


def _agreed(before: ListedPart | None, now: ListedPart) -> ListedPart | None:
    """Return the part of an item that is named again: train.txt may tell more than trainval.txt."""
    if before is None:
        return now
    named = {before, now} - {"trainval"}
    if before != now and named < {"train", "validation"}:
        return named.pop()
    return None


def _unknown_names(path: Path, names: Sequence[str]) -> list[Finding]:
    if not names:
        return []
    count = counted(len(names), "name is", "names are")
    return [
        left_out(
            "unknown_item",
            f"of {path.name}, {count} not in the dataset: {first_few(names)}",
            file=path.name,
        )
    ]


def _matches_nothing(path: Path, unknown: Sequence[str]) -> InvalidError:
    return InvalidError(
        "split.list_matches_nothing",
        "{path} names no item of the dataset: its names are such as {names}",
        path=str(path),
        names=first_few(unknown) or "none",
    )


def first_few(texts: Sequence[str], shown: int = 3) -> str:
    """Show the first of some texts."""
    return "; ".join(texts[:shown]) + ("; …" if len(texts) > shown else "")
