"""Files by name, where a table, a list or a mask names them less exactly than the disk does."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path, PurePosixPath

from model_playground.core.errors import InvalidError

IMAGE_SUFFIXES = (
    *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm"),
    *(".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
)

_NUMBERS = re.compile(r"(\d+)")
_LISTED: ContextVar[dict[str, list[str]] | None] = ContextVar("listed", default=None)


def is_image(name: str) -> bool:
    """Say whether a file's name is that of an image that can be read."""
    return name.lower().endswith(IMAGE_SUFFIXES)


def normalised(path: str) -> str:
    """Return a path as records keep it: with slashes and in Unicode's normal form NFC.

    >>> normalised("photos\\\\cafe\\u0301.jpg") == "photos/caf\\u00e9.jpg"
    True
    """
    slashed = path.replace("\\", "/")
    return slashed if slashed.isascii() else unicodedata.normalize("NFC", slashed)


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts numbers in names by their value.

    >>> sorted(["10", "9", "b2", "b10"], key=natural_order)
    ['9', '10', 'b2', 'b10']
    """
    pieces = _NUMBERS.split(name)  # every second one is a number
    return [
        (False, int(piece), piece) if place % 2 else (True, 0, piece)
        for place, piece in enumerate(pieces)
        if piece
    ]


def files_under(folder: Path) -> list[str]:
    """Return the paths of all files under a folder, relative to it, hidden ones left out.

    Links to folders are followed, but no folder is entered twice. Whether what they lead to is in
    the dataset's folder is for the import to judge.

    Raises:
        InvalidError: a folder cannot be opened, or a file's name is no text.
    """
    known = _LISTED.get()
    place = os.path.abspath(folder)
    if known is None or place not in known:
        files = sorted(_files_under(folder, "", set()), key=natural_order)
        if known is None:
            return files
        known[place] = files
    return known[place].copy()


@contextmanager
def listed_once() -> Iterator[None]:
    """Let `files_under` list each folder but once: every format looks through the same files.

    What is written to a folder meanwhile may not be seen.
    """
    token = _LISTED.set({})
    try:
        yield
    finally:
        _LISTED.reset(token)


def _files_under(folder: Path, prefix: str, entered: set[str]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in entered:
        return
    entered.add(real)
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _files_under(Path(entry.path), f"{prefix}{entry.name}/", entered)
        elif entry.is_file():
            yield prefix + entry.name


def subfolders(folder: Path) -> list[Path]:
    """Return the folders directly in a folder, hidden ones left out, in natural order."""
    names = (entry.name for entry in _entries(folder) if entry.is_dir())
    return [folder / name for name in sorted(names, key=natural_order)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as scanned:
            entries = [one for one in scanned if not one.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise InvalidError(
            "folder.unreadable",
            "the folder {folder} cannot be read: {why}",
            folder=str(folder),
            why=error.strerror or str(error),
        ) from None
    for entry in entries:
        if not entry.name.isprintable() and _is_no_text(entry.name):
            raise InvalidError(
                "file.name",
                "the name {name} in {folder} is not written in UTF-8: rename it",
                name=ascii(entry.name),
                folder=str(folder),
            )
    return entries


def _is_no_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return True
    return False


def located(root: Path, path: str) -> Path:
    """Return where a file stands on the disk, whose names may be in another normal form."""
    exact = root / path
    if path.isascii() or exact.exists():
        return exact
    found = root
    for piece in PurePosixPath(path).parts:
        found /= _spellings(found).get(piece, piece)
    return found


@lru_cache(maxsize=256)
def _spellings(folder: Path) -> dict[str, str]:
    try:
        return {unicodedata.normalize("NFC", name): name for name in os.listdir(folder)}
    except OSError:
        return {}


class FileNames:
    """Paths that can be found by their end: a path, a file name, or one without its suffix.

    Where there is none, a file is found whose name differs in small and capital letters alone.

    >>> names = FileNames(["a/one.jpg", "b/one.jpg", "b/two.jpg"])
    >>> names.find("two"), names.find("b/one"), names.find("one.jpg"), names.find("three")
    (['b/two.jpg'], ['b/one.jpg'], ['a/one.jpg', 'b/one.jpg'], [])
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_small_letters: dict[str, list[str]] | None = None
        for path in paths:
            known = normalised(path)
            name = known.rpartition("/")[2]
            self._by_path[known] = path
            self._by_name[name].append(path)
            self._by_stem[os.path.splitext(name)[0]].append(path)

    def find(self, name: str) -> list[str]:
        """Return all paths that a name can mean: by the whole path, the file name or the stem."""
        name = normalised(name.strip().replace("\\", "/")).removeprefix("./")
        if name in self._by_path:
            return [self._by_path[name]]
        last = name.rpartition("/")[2]
        found = self._by_name.get(last) or self._by_stem.get(last) or self._in_any_case(last)
        if len(found) < 2:
            return found
        return [path for path in found if _ends_in(normalised(path), name)] or found

    def _in_any_case(self, name: str) -> list[str]:
        """Return the files of a name that a system which does not tell a from A gives the same."""
        if self._by_small_letters is None:
            self._by_small_letters = defaultdict(list)
            for known, paths in self._by_name.items():
                self._by_small_letters[known.lower()] += paths
        return self._by_small_letters.get(name.lower(), [])


def _ends_in(path: str, name: str) -> bool:
    """Say whether a path ends in a name, which may lack the suffix."""
    return any(f"/{one}".endswith(f"/{name}") for one in (path, os.path.splitext(path)[0]))


def is_inside(path: str | Path, root: str | Path) -> bool:
    """Say whether a path stays in a folder when all links in it are followed."""
    real, folder = os.path.realpath(path), os.path.realpath(root)
    return real == folder or real.startswith(os.path.join(folder, ""))


def linked_folder(path: Path) -> Path | None:
    """Return the folder that a path is, or that it links to.

    Where links are not known, git writes a small file that holds the path: it is read as one.
    """
    if path.is_dir():
        return path
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_LINK:
            return None
        named = path.read_bytes().decode("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None
    if not named or not named.isprintable() or os.path.isabs(named):
        return None
    folder = Path(os.path.normpath(path.parent / named))
    return folder if folder.is_dir() else None


_LONGEST_LINK = 1024  # bytes


def is_beside(folder: Path, root: Path) -> bool:
    """Say whether a folder is in the root or beside it, links followed."""
    return is_inside(folder, Path(os.path.realpath(root)).parent)


class NamedImages:
    """The images in some folders, found by what annotation files call them.

    A name is a path from one of the folders. A path of another machine, or one that leaves the
    folders, is found by its file name, and `find` says so. Nothing outside is ever returned.

    Args:
        root: the dataset's folder, to which names are relative.
        folders: where else names may start from; each inside the root or allowed by the caller.
        files: the paths of all images, relative to the root; found on the disk if None.
    """

    def __init__(
        self, root: Path, folders: Iterable[Path] = (), files: Iterable[str] | None = None
    ) -> None:
        found = files_under(root) if files is None else files
        self.paths = {normalised(one): os.path.join(root, one) for one in found if is_image(one)}
        self._starts = ["", *(f"{normalised(os.path.relpath(one, root))}/" for one in folders)]
        self._by_name: dict[str, list[str]] | None = None

    def find(self, name: str, *, first: Iterable[str] = ()) -> tuple[list[str], bool]:
        """Return the absolute paths that a name can mean, and whether only the file name fits.

        Args:
            name: what a file of annotations calls the image.
            first: folders, relative to the root, from which the name starts before all others.
        """
        plain = normalised(name).removeprefix("./")
        starts = ["" if one == "." else f"{normalised(one)}/" for one in first]
        for start in (*starts, *self._starts):
            exact = self.paths.get(start + plain)
            if exact is not None:
                return [exact], False
        if self._by_name is None:
            self._by_name = {}
            for known in self.paths:
                self._by_name.setdefault(known.rpartition("/")[2], []).append(known)
        found = self._by_name.get(plain.rpartition("/")[2], [])
        return [self.paths[one] for one in _longest_ends(found, plain)], True


def _longest_ends(found: list[str], name: str) -> list[str]:
    """Of paths with one file name keep those that share most folders with a name."""

    def shared(path: str) -> int:
        pairs = zip(reversed(path.split("/")), reversed(name.split("/")), strict=False)
        count = 0
        for one, other in pairs:
            if one != other:
                break
            count += 1
        return count

    most = max(map(shared, found), default=0)
    return [path for path in found if shared(path) == most]
