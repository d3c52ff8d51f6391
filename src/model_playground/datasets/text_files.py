"""Text files as people and programs save them."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.file_names import is_inside, normalised
from model_playground.datasets.findings import warning

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f]")
_SHOWN_CHARACTERS = 80


DESCRIPTION_BYTES = 2**22
"""The most that a text has which only describes a dataset: names of classes, places of folders.

Whoever looks whether a file is such a description must not read a gigabyte of labels for it.
"""


class UnreadableTextError(Exception):
    """Says why a file cannot be read as text; whoever wanted it says what it was for."""


@dataclass(frozen=True)
class AssumedEncoding:
    """Lines of a file that are not UTF-8 and were read as Windows-1252.

    Args:
        path: the file.
        line: the first of them.
        text: how it was read.
        count: how many there are.
    """

    path: Path
    line: int
    text: str
    count: int

    def finding(self, root: Path) -> Finding:
        """Return what is to be said of it, of a dataset or list in a folder."""
        inside = is_inside(self.path, root)
        name = normalised(os.path.relpath(self.path, root)) if inside else self.path.name
        return warning("encoding_assumed", self.sentence(name), file=name, line=self.line)

    def sentence(self, name: str) -> str:
        """Say of a file of a name how it was read."""
        text = self.text.strip()
        shown = text[:_SHOWN_CHARACTERS] + ("…" if len(text) > _SHOWN_CHARACTERS else "")
        return (
            f"{name} is not saved as UTF-8: {counted(self.count, 'line is', 'lines are')} read as "
            f"Windows-1252, the first line {self.line} as “{shown}”"
        )


_ASSUMED: ContextVar[dict[Path, AssumedEncoding] | None] = ContextVar("_ASSUMED", default=None)


@contextmanager
def encodings_noted() -> Iterator[dict[Path, AssumedEncoding]]:
    """Note of which files that are read meanwhile the encoding is assumed, for whoever reports.

    Names of classes, lists and tables are read in many places, each of which would have to hand
    it on.
    """
    noted: dict[Path, AssumedEncoding] = {}
    token = _ASSUMED.set(noted)
    try:
        yield noted
    finally:
        _ASSUMED.reset(token)


def text_of(path: Path, *, most_bytes: int = 2**28, else_windows: bool = False) -> str:
    """Return a text in UTF-8, or in UTF-16 with a byte order mark; line ends become "\\n".

    Args:
        path: the file.
        most_bytes: a larger file is refused.
        else_windows: read lines that are not UTF-8 as Windows-1252, and note it; for texts of
            which no standard says how they are encoded.

    Raises:
        UnreadableTextError: it cannot be opened, is no such text, or has more bytes than that.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise UnreadableTextError(f"it has {size:,} bytes, more than {most_bytes:,}")
            content = file.read()
    except OSError as error:
        raise UnreadableTextError(error.strerror or str(error)) from None
    try:
        text = content.decode(_unicode(content))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if not else_windows or content.startswith(_UTF_16):
            raise _not_utf_8(line) from None
        text, assumed = _partly_windows(path, content)
        if (noted := _ASSUMED.get()) is not None:
            noted[path] = assumed
    return text.replace("\r\n", "\n").replace("\r", "\n")


def beginning_of(path: Path, most_bytes: int) -> tuple[str, AssumedEncoding | None]:
    """Return the first lines of a file, all of them if it is small, and whether they are assumed.

    They are read as `text_of` reads them with `else_windows`, and nothing is noted.

    Raises:
        UnreadableTextError: it cannot be opened, or is no such text.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(most_bytes)
    except OSError as error:
        raise UnreadableTextError(error.strerror or str(error)) from None
    is_whole = len(content) < most_bytes
    assumed = None
    try:
        text = codecs.getincrementaldecoder(_unicode(content))().decode(content, is_whole)
    except UnicodeDecodeError as error:
        if content.startswith(_UTF_16):
            raise _not_utf_8(content.count(b"\n", 0, error.start) + 1) from None
        lines = content if is_whole else content[: content.rfind(b"\n") + 1] or content
        text, assumed = _partly_windows(path, lines)
    return text if is_whole else text[: text.rfind("\n") + 1] or text, assumed


def _unicode(content: bytes) -> str:
    return "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"


def _partly_windows(path: Path, content: bytes) -> tuple[str, AssumedEncoding]:
    """Decode each line by itself: a damaged one leaves the others as they are.

    Raises:
        UnreadableTextError: a line is neither UTF-8 nor Windows-1252, or holds what no text does.
    """
    lines: list[str] = []
    assumed: list[int] = []
    content = content.removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError:
            try:
                lines.append(line.decode("cp1252"))
            except UnicodeDecodeError:
                raise _not_utf_8(number) from None
            assumed.append(number)
        if _NO_TEXT.search(lines[-1]):
            raise _not_utf_8(number)
    first = assumed[0]
    return "".join(lines), AssumedEncoding(path, first, lines[first - 1], len(assumed))


def _not_utf_8(line: int) -> UnreadableTextError:
    return UnreadableTextError(
        f"it is not saved as UTF-8, as line {line} shows: save it anew so, which spreadsheet "
        "programs call “CSV UTF-8” and editors “Save with encoding”"
    )
