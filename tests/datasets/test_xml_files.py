"""XML of strangers: lines, encodings, and what is refused."""

from __future__ import annotations

import codecs
import gc
from pathlib import Path

import pytest

from model_playground.core.errors import InvalidError
from model_playground.datasets.xml_files import (
    Element,
    first_element,
    read_xml,
    read_xml_children,
)

TEXT = '<a>\n <b id="1">one</b>\n <b>\n  two é\n </b>\n</a>\n'


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "one.xml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        f"<?xml version='1.0' encoding='iso-8859-1'?>{TEXT}".encode("latin-1"),
        f"<?xml version='1.0' encoding='GB18030'?>{TEXT}".encode("gb18030"),
        f"<?xml version='1.0' encoding='UTF-8'?>{TEXT}".encode(),
        TEXT.replace("<a>", "<a xmlns='http://example.org/x'>").encode(),
    ],
)
def test_elements_know_their_lines_in_every_encoding(tmp_path: Path, content: bytes) -> None:
    root = read_xml(write(tmp_path, content))
    assert (root.name, root.line) == ("a", 1)
    assert root.children == [Element("b", 2, {"id": "1"}, "one"), Element("b", 3, {}, "two é")]
    assert root.all("b")[1].text == "two é"
    assert (root.text_of("b"), root.text_of("c")) == ("one", "")


def test_children_come_one_by_one_and_are_the_same(tmp_path: Path) -> None:
    many = "<a>\n" + "".join(f"<b><c>{number}</c></b>\n" for number in range(30_000)) + "</a>"
    path = write(tmp_path, many)  # longer than what is parsed at a time
    each = list(read_xml_children(path))
    assert each == read_xml(path).children
    assert [one.text_of("c") for one in each] == [str(number) for number in range(30_000)]
    assert each[-1].line == 30_001
    # Each of them has left the element around it when the next piece is read.
    assert len(next(iter(read_xml_children(path))).children) == 1


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
]>
<a>&lol2;</a>"""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ENTITIES, "line 3: .* declares entities"),
        (
            '<!DOCTYPE a [\n<!ENTITY x SYSTEM "file:///etc/hosts">]>\n<a>&x;</a>',
            "line 2: .*enti",
        ),
        ('<!DOCTYPE a SYSTEM "a.dtd">\n<a>&x;</a>', "line 2"),
        ("<a>\n<b>\n</a>", "line 3: .* mismatched tag"),
        ("", "line 1: .* no element found"),
        ("<a>\n<b>", "line 2: .* no element found"),
        ("<a>" * 100 + "</a>" * 100, "deep"),
        ("<?xml version='1.0' encoding='klingon'?><a/>", "klingon"),
        (b"<?xml version='1.0' encoding='gbk'?><a>\xff\xff</a>", "gbk"),
        (b"<a>\n\xff\xfe</a>", "line 2: .*invalid token"),
        (b"\x00\x01\x02", "line 1"),
    ],
)
def test_what_is_no_xml_is_refused_with_file_and_line(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidError, match=complaint) as caught:
        read_xml(path)
    assert caught.value.arguments["file"] == str(path)
    with pytest.raises(InvalidError, match=complaint):
        list(read_xml_children(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="No such file"):
        read_xml(tmp_path / "none.xml")
    assert first_element(tmp_path / "none.xml") is None


def test_the_first_element_is_found_without_reading_on(tmp_path: Path) -> None:
    first = first_element(write(tmp_path, "<!-- said -->\n<a x='1'><b></a>"))
    assert first == Element("a", 2, {"x": "1"})
    assert first_element(write(tmp_path, "no XML")) is None


def test_elements_are_freed_without_the_collector(tmp_path: Path) -> None:
    """An import of many files works without it: circles would keep all of them in memory."""
    file = tmp_path / "a.xml"
    file.write_text("<a><b>text</b></a>")
    read_xml(file)
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            read_xml(file)
        kept = sum(type(one) is Element for one in gc.get_objects())
    finally:
        gc.enable()
    assert kept == 0
