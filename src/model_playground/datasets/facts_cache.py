"""What was found in files, kept until they change: importing again reads only what is new."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

Facts = TypeVar("Facts")

_TABLE = """create table if not exists facts (
    inspection text, path text, size integer, changed_ns integer, facts text,
    primary key (inspection, path)
)"""
_FILES_AT_ONCE = 500
_VERSION = 2  # of what an inspection finds


class FactsCache:
    """Facts of files by path, size and time of last change, in an SQLite file.

    What cannot be read or written is as if it were not there: nothing but time depends on it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self, inspect: Callable[[Path], Facts], paths: Iterable[str]) -> dict[str, Facts]:
        """Return what is known of those files that are still what they were."""
        kind = get_type_hints(inspect)["return"]
        if not is_dataclass(kind) or not self._path.exists():
            return {}
        try:
            with closing(self._opened()) as connection:
                found = dict(self._rows(connection, inspect.__name__, list(paths)))
        except sqlite3.Error:
            return {}
        return {path: _rebuilt(kind, text) for path, text in found.items()}

    def keep(self, inspect: Callable[[Path], Facts], found: Mapping[str, Facts]) -> None:
        """Keep what was found in files."""
        rows = []
        for path, facts in found.items():
            stamp = _stamp(path)
            if stamp is not None and is_dataclass(facts) and not isinstance(facts, type):
                text = json.dumps(asdict(facts))
                rows.append((f"{inspect.__name__} {_VERSION}", path, *stamp, text))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._opened()) as connection, connection:
                connection.execute(_TABLE)
                connection.executemany("insert or replace into facts values (?, ?, ?, ?, ?)", rows)
        except (sqlite3.Error, OSError):
            return

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)

    def _rows(
        self, connection: sqlite3.Connection, inspection: str, paths: list[str]
    ) -> Iterable[tuple[str, str]]:
        for start in range(0, len(paths), _FILES_AT_ONCE):
            some = paths[start : start + _FILES_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = (
                "select path, size, changed_ns, facts from facts "
                f"where inspection = ? and path in ({marks})"
            )
            rows = connection.execute(query, (f"{inspection} {_VERSION}", *some))
            for path, size, changed_ns, facts in rows:
                if _stamp(path) == (size, changed_ns):
                    yield path, facts


def _stamp(path: str) -> tuple[int, int] | None:
    """Return size and time of last change, or None if the file is gone."""
    try:
        said = os.stat(path)
    except OSError:
        return None
    return said.st_size, said.st_mtime_ns


def _rebuilt(kind: Any, text: str) -> Any:
    fields = json.loads(text)
    if "pixels" in fields:  # JSON has no numbers as keys
        fields["pixels"] = {int(value): count for value, count in fields["pixels"].items()}
    return kind(**fields)
