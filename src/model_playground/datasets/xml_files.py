"""XML files of strangers: elements with the lines they stand on, and no way to be attacked by them.

Entities are refused where they are declared, so none can be multiplied or read from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from model_playground.core.errors import InvalidError

_CHUNK = 2**18  # bytes parsed at a time
_LOOKED_AT = 2**16  # bytes in which the first element must begin
_DEEPEST = 64  # elements within elements; annotation files need five
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")


@dataclass(slots=True)
class Element:
    """An element of an XML file; names are without namespaces, text is without spaces around it.

    Example:
        >>> size = Element("size", 3, children=[Element("width", 4, text="640")])
        >>> size.text_of("width"), size.text_of("height")
        ('640', '')
    """

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, name: str) -> Element | None:
        """Return the first element of a name directly in this one."""
        for one in self.children:
            if one.name == name:
                return one
        return None

    def all(self, name: str) -> list[Element]:
        """Return all elements of a name directly in this one."""
        return [one for one in self.children if one.name == name]

    def text_of(self, name: str) -> str:
        """Return the text of the first element of a name, or nothing if there is none."""
        found = self.find(name)
        return "" if found is None else found.text


def read_xml(path: Path) -> Element:
    """Read an XML file as a whole and return its outermost element.

    UTF-8 and UTF-16 are read with and without a byte order mark, other encodings as the file
    declares them.

    Raises:
        InvalidError: it cannot be opened, is no XML, or declares entities; file and line are named.
    """
    builder = _Builder()
    for _ in _parsed(path, builder):
        pass
    return builder.root


def read_xml_children(path: Path) -> Iterator[Element]:
    """Yield the elements directly in the outermost one, each as soon as it has been read.

    None is kept, so that a file of a gigabyte needs no more memory than its largest element.

    Raises:
        InvalidError: as `read_xml`, when the place of the fault is reached.
    """
    builder = _Builder()
    for _ in _parsed(path, builder):
        finished, builder.root.children = _finished(builder)
        yield from finished
    yield from builder.root.children


def first_element(path: Path) -> Element | None:
    """Return the outermost element, without what is in it, or None if the file is no XML."""
    builder = _Builder(stop_at_first=True)
    try:
        for _ in _parsed(path, builder, longest=_LOOKED_AT):
            pass
    except (InvalidError, _FoundError):
        pass
    return builder.open[0] if builder.open else None


class _FoundError(Exception):
    """What was looked for is found: the rest need not be parsed."""


class _RefusedError(Exception):
    """Something that no annotation file has."""


class _Expat(Protocol):
    """The parser within defusedxml's."""

    CurrentLineNumber: int
    StartElementHandler: Any
    EndElementHandler: Any
    CharacterDataHandler: Any
    SkippedEntityHandler: Any


class _Builder:
    """Puts elements together as the parser meets them."""

    def __init__(self, *, stop_at_first: bool = False) -> None:
        self.open: list[Element] = []  # the outermost first; it stays when all is read
        self._stop_at_first = stop_at_first
        self._texts: list[list[str]] = []
        self._parser: _Expat | None = None

    @property
    def root(self) -> Element:
        """The outermost element."""
        return self.open[0]

    def listen(self, parser: _Expat) -> None:
        """Take what the parser meets."""
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.SkippedEntityHandler = self._skipped

    def let_go(self) -> None:
        """Forget the parser, which knows this: a circle would keep every file's elements."""
        self._parser = None

    def _start(self, name: str, pairs: list[str]) -> None:
        assert self._parser is not None
        plain = name.rpartition("}")[2] if "}" in name else name
        element = Element(plain, self._parser.CurrentLineNumber)
        if pairs:
            names = (one.rpartition("}")[2] for one in pairs[0::2])
            element.attributes = dict(zip(names, pairs[1::2], strict=True))
        if self.open:
            self.open[-1].children.append(element)
        self.open.append(element)
        self._texts.append([])
        if self._stop_at_first:
            raise _FoundError
        if len(self.open) > _DEEPEST:
            raise _RefusedError(f"elements stand more than {_DEEPEST} deep in each other")

    def _data(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _skipped(self, name: str, _: bool) -> None:
        raise _RefusedError(f"the entity &{name}; is not known")

    def _end(self, _: str) -> None:
        self.open[-1].text = "".join(self._texts.pop()).strip()
        if len(self.open) > 1:
            self.open.pop()


def _finished(builder: _Builder) -> tuple[list[Element], list[Element]]:
    """Divide the root's children into those that are read and the one that is being read."""
    children = builder.root.children if builder.open else []
    if len(builder.open) > 1:
        return children[:-1], children[-1:]
    return children, []


def _parsed(path: Path, builder: _Builder, *, longest: int = -1) -> Iterator[None]:
    """Parse a file piece by piece."""
    parser = DefusedXMLParser(target=object(), forbid_entities=True, forbid_external=True)
    within = cast(_Expat, parser.parser)
    builder.listen(within)
    try:
        for piece in _pieces(path, longest):
            parser.feed(piece)
            if builder.open:
                yield
        parser.close()
    except ParseError as error:
        why = str(error).partition(": line")[0]
        raise _unreadable(path, why, error.position[0]) from None
    except expat.ExpatError as error:
        raise _unreadable(path, expat.ErrorString(error.code), error.lineno) from None
    except DefusedXmlException:
        why = "it declares entities, by which a file can attack its reader: take them out"
        raise _unreadable(path, why, within.CurrentLineNumber) from None
    except (_RefusedError, LookupError, ValueError) as error:
        # The last two: an encoding that is none, or bytes that are not in it.
        raise _unreadable(path, str(error), within.CurrentLineNumber) from None
    finally:
        builder.let_go()


def _pieces(path: Path, longest: int) -> Iterator[bytes | str]:
    try:
        with path.open("rb") as file:
            piece = file.read(_CHUNK if longest < 0 else longest)
            encoding = _foreign_encoding(piece)
            if encoding:
                yield (piece + file.read() if longest < 0 else piece).decode(encoding)
                return
            while piece:
                yield piece
                piece = file.read(_CHUNK) if longest < 0 else b""
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), 1) from None


def _foreign_encoding(start: bytes) -> str | None:
    """Return the declared encoding if the parser does not know it, such as GBK."""
    declared = _DECLARED.match(start)
    if declared is None:
        return None
    name = declared[1].decode("ascii")
    return None if name.lower() in ("utf-8", "utf-16", "iso-8859-1", "us-ascii") else name


def _unreadable(path: Path, why: str, line: int) -> InvalidError:
    return InvalidError(
        "xml.unreadable",
        "{file} line {line}: the XML cannot be read: {why}",
        file=str(path),
        line=line,
        why=why,
    )
