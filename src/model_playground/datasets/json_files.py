"""JSON files of strangers: the line of every piece, and no number that is none."""

from __future__ import annotations

import codecs
import heapq
import json
import mmap
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.findings import warning

_LOOKED_AT = 65_536  # bytes at either end of a file in which its keys are looked for
_LARGEST_COMPARED = 2**22  # bytes of a file of which all keys are compared with each other
_BYTES_AT_ONCE = 2**24  # in which line breaks are looked for
_NO_NUMBERS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b')
_KEYS_AND_BRACES = re.compile(rb'(?P<key>"(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]')
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

RECOGNISED_BY = 100
"""How many JSON files of a folder are looked into to recognise a format; reading takes all."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises where JSON is broken, is no text, or is nested too deeply."""

Wanted = TypeVar("Wanted")


class JsonFile:
    """A JSON file in UTF-8 or UTF-16. NaN and Infinity in it are read as nothing, and reported.

    Its outermost layers are decoded as a whole, with `msgspec.Raw` for what is inside; a piece is
    decoded by itself, and its line is known.

    Args:
        path: the file.
        name: what findings call it.

    Raises:
        InvalidError: it cannot be opened or is no text.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.findings: list[Finding] = []
        try:
            self._content = _mapped(path)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error), None) from None
        except UnicodeError:
            raise self._unreadable("it is no text saved as UTF-16", None) from None
        self._breaks = np.zeros(0, dtype=np.int64)

    def mentions(self, key: str) -> bool:
        """Say whether a key, or a text like it, is anywhere in the file."""
        return self._content.find(f'"{key}"'.encode()) >= 0

    def decoded(self, kind: type[Wanted], *, outermost: Sequence[str] = ()) -> Wanted:
        """Decode the file as a whole.

        Args:
            kind: what it should hold.
            outermost: keys that stand once in the file; others are looked for twice in small files
                alone.

        Raises:
            InvalidError: it is no JSON, or holds something else than was wanted.
        """
        try:
            value = msgspec.json.decode(self._content, type=kind)
        except msgspec.ValidationError as error:
            raise self._unreadable(str(error), None) from None
        except UNREADABLE as error:
            value = self._mended(kind, error)
        if len(self._content) <= _LARGEST_COMPARED or any(map(self._stands_twice, outermost)):
            self.findings.extend(twice_named_keys(bytes(self._content), self.name))
        self._breaks = _line_breaks(self._content)
        return value

    def line_of(self, piece: msgspec.Raw) -> int:
        """Return the line on which a piece begins, from 1."""
        if not len(self._breaks):
            return 1
        return int(np.searchsorted(self._breaks, self._place_of(piece))) + 1

    def let_go(self, piece: msgspec.Raw) -> None:
        """Free the memory of all that stands before a piece; read again, it is mapped again."""
        if isinstance(self._content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            place = self._place_of(piece)
            self._content.madvise(mmap.MADV_DONTNEED, 0, place - place % mmap.PAGESIZE)

    def _place_of(self, piece: msgspec.Raw) -> int:
        return _address(piece) - _address(self._content)

    def _stands_twice(self, key: str) -> bool:
        text = f'"{key}"'.encode()
        return self._content.find(text, self._content.find(text) + 1) >= 0

    def value_of(self, piece: msgspec.Raw, kind: Any = Any) -> Any:
        """Decode a piece.

        Raises:
            ValueError: it is no JSON within, or something else than was wanted.
        """
        try:
            return msgspec.json.decode(piece, type=kind)
        except UNREADABLE as error:
            raise ValueError(str(error)) from None

    def _mended(self, kind: type[Wanted], error: Exception) -> Wanted:
        """Decode the file without the numbers that are none, or say where it is broken."""
        content = bytes(self._content)
        mended = _NO_NUMBERS.sub(lambda one: one[0] if one[0][:1] == b'"' else b"null", content)
        if mended != content:
            self._content = mended
            first = next(one for one in _NO_NUMBERS.finditer(content) if one[0][:1] != b'"')
            at = content.count(b"\n", 0, first.start()) + 1
            said = (
                f"{self.name} holds NaN or Infinity, first on line {at}: they are no JSON, and "
                "are read as nothing"
            )
            self.findings.append(warning("json_not_a_number", said, file=self.name, line=at))
            try:
                return msgspec.json.decode(mended, type=kind)
            except UNREADABLE as other:
                error = other
        position = re.search(r"\(byte (\d+)\)", str(error))
        line = self._content[: int(position[1])].count(b"\n") + 1 if position else None
        raise self._unreadable(str(error), line) from None

    def _unreadable(self, why: str, line: int | None) -> InvalidError:
        return InvalidError(
            "json.unreadable",
            "{file}{where}: the JSON cannot be read: {why}",
            file=self.name,
            where="" if line is None else f" line {line}",
            line=line,
            why=why,
        )


def _mapped(path: Path) -> bytes | mmap.mmap:
    """Return a file's text in UTF-8: the parser wants it as a whole; mapped, it is not copied."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if content[:2] in _UTF_16:
        return content[:].decode("utf-16").encode()
    has_mark = content[:3] == codecs.BOM_UTF8
    return content[3:] if has_mark else content


def _address(content: Any) -> int:
    return int(np.frombuffer(content, dtype=np.uint8).ctypes.data)


def _line_breaks(content: bytes | mmap.mmap) -> NDArray[np.int64]:
    text = np.frombuffer(content, dtype=np.uint8)
    found = [np.zeros(0, dtype=np.int64)]
    for start in range(0, len(text), _BYTES_AT_ONCE):
        found.append(np.flatnonzero(text[start : start + _BYTES_AT_ONCE] == ord("\n")) + start)
    return np.concatenate(found)


def twice_named_keys(content: bytes, name: str) -> Iterator[Finding]:
    """Find keys that stand twice in one object, of which JSON readers keep the last.

    What is broken within is passed over: it is reported where it is read.
    """
    twice = set[str]()

    def noted(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice.update(key for key, count in counts.items() if count > 1)

    try:
        json.loads(content, object_pairs_hook=noted, parse_int=str)
    except (ValueError, RecursionError):
        return
    places = _lines_of_second_keys(content) if twice else {}
    for key, lines in sorted(places.items()):
        said = (
            f"{name} has the key {key!r} twice in {counted(len(lines), 'object', 'objects')}, "
            f"first on line {lines[0]}: the last is read"
        )
        yield warning("key_twice", said, file=name, line=lines[0])


def _lines_of_second_keys(content: bytes) -> dict[str, list[int]]:
    """Return on which line a key stands for the second time, of each object where one does."""
    lines: dict[str, list[int]] = {}
    counts: list[Counter[str]] = []  # of the keys of each object that is open
    line, end = 1, 0
    for found in _KEYS_AND_BRACES.finditer(content):
        line += content.count(b"\n", end, found.start())
        end = found.start()
        if found[0] == b"{":
            counts.append(Counter())
        elif found[0] == b"}":
            counts.pop()
        elif found["key"]:
            key = json.loads(found["key"])
            counts[-1][key] += 1
            if counts[-1][key] == 2:
                lines.setdefault(key, []).append(line)
    return lines


def json_files_in(folder: Path, *, at_most: int | None = None) -> list[Path]:
    """Return the JSON files directly in a folder, by name.

    Args:
        folder: where to look; it may not exist.
        at_most: of more files the largest; one that describes a dataset is larger than those that
            describe an image each.
    """
    if not folder.is_dir():
        return []
    with os.scandir(folder) as scanned:
        found = [one for one in scanned if one.name.endswith(".json")]
    if at_most is not None and len(found) > at_most:
        found = heapq.nlargest(at_most, found, key=_size)
    return [folder / name for name in sorted(one.name for one in found)]


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0  # a link to nothing


def ends_of_json(path: Path) -> bytes:
    """Return the first and the last bytes of a file, or nothing if it cannot be opened."""
    try:
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
            file.seek(0, 2)
            file.seek(max(len(start), file.tell() - _LOOKED_AT))
            ends = start + file.read(_LOOKED_AT)
    except OSError:
        return b""
    if ends.startswith(_UTF_16):
        return ends[: len(ends) // 2 * 2].decode("utf-16", "replace").encode("utf-8", "replace")
    return ends.removeprefix(codecs.BOM_UTF8)
