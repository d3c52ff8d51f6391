"""The images that the cells of a table mean."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from model_playground.datasets.cell_lists import pieces, written_list
from model_playground.datasets.file_names import FileNames, files_under, is_image, normalised


class TableImages:
    """The images that a table in a folder can name.

    Args:
        folder: the table's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = [file for file in files_under(folder) if is_image(file)]
        self._names = FileNames(self.paths)
        self._by_folder: dict[str, list[str]] = {}
        for file in self.paths:
            self._by_folder.setdefault(normalised(os.path.dirname(file)), []).append(file)

    def find(self, name: str) -> list[str]:
        """Return the paths, relative to the folder or absolute, of which a cell can mean one."""
        found = self._names.find(name) if name else []
        if not found and name and "\0" not in name:
            outside = os.path.normpath(self.folder / name.replace("\\", "/"))
            found = [outside] if is_image(outside) and os.path.isfile(outside) else []
        return found

    def views(self, cell: str) -> list[str]:
        """Return the images of which a cell means all: of a folder, a pattern or a list.

        Of a list in which one thing names no image, or several, nothing is returned.
        """
        name = normalised(cell).removeprefix("./").rstrip("/")
        if not name:
            return []
        if "*" in name or "?" in name:
            return [file for file in self.paths if _fits(normalised(file), name)]
        if name in self._by_folder:
            return self._by_folder[name]
        inside = [one for one in self._by_folder if one.endswith(f"/{name}")]
        if len(inside) == 1:
            return self._by_folder[inside[0]]
        return self._listed(cell)

    def beginning(self, start: str) -> list[str]:
        """Return the images whose names begin so: `egg1` begins `egg1S.jpg`, not `egg10S.jpg`."""
        start = normalised(start)
        if not start:
            return []
        found = []
        stems = self._stems()
        for stem, file in stems[bisect_left(stems, (start, "")) :]:
            if not stem.startswith(start):
                break
            if not _goes_on(start, stem[len(start) :]):
                found.append(file)
        return found

    def _listed(self, cell: str) -> list[str]:
        if written_list(cell) is None and "|" not in cell and ";" not in cell and "," not in cell:
            return []
        for separator in "|;,":
            found = [self.find(name) for name in pieces(cell, separator)]
            if found and all(len(one) == 1 for one in found):
                return [one[0] for one in found]
        return []

    @lru_cache(maxsize=1)  # noqa: B019  they live as long as the table is being read
    def _stems(self) -> list[tuple[str, str]]:
        return sorted(self._named())

    def _named(self) -> Iterator[tuple[str, str]]:
        for file in self.paths:
            yield os.path.splitext(normalised(file).rpartition("/")[2])[0], file


def _fits(file: str, pattern: str) -> bool:
    name = file if "/" in pattern else file.rpartition("/")[2]
    return fnmatchcase(name, pattern) or fnmatchcase(file, f"*/{pattern}")


def _goes_on(start: str, rest: str) -> bool:
    """Say whether a name's number or word is longer than its beginning."""
    if not rest:
        return False
    last, following = start[-1], rest[0]
    return (last.isdecimal() and following.isdecimal()) or (
        last.isalpha() and following.isalpha() and last.islower() == following.islower()
    )
