"""JSON of strangers: lines, encodings, numbers that are none, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_playground.core.errors import InvalidError
from model_playground.datasets.json_files import JsonFile, ends_of_json

TEXT = '[\n {"a": 1},\n\n {"b": "é",\n  "c": [18446744073709551617]}\n]\n'


def opened(folder: Path, content: bytes | str) -> JsonFile:
    path = folder / "one.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return JsonFile(path, "one.json")


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.replace("\n", "\r\n").encode(),
    ],
)
def test_pieces_know_their_lines_in_every_encoding(tmp_path: Path, content: bytes) -> None:
    file = opened(tmp_path, content)
    pieces = file.decoded(list[msgspec.Raw])
    assert [file.line_of(one) for one in pieces] == [2, 4]
    assert [file.value_of(one) for one in pieces] == [{"a": 1}, {"b": "é", "c": [2**64 + 1]}]
    assert file.findings == []
    assert b'"a"' in ends_of_json(file.path)


def test_numbers_that_are_none_are_nothing(tmp_path: Path) -> None:
    file = opened(tmp_path, '{"a": NaN,\n "NaN": [-Infinity, 1, "Infinity, \\" NaN"]}')
    assert file.decoded(dict[str, Any]) == {"a": None, "NaN": [None, 1, 'Infinity, " NaN']}
    assert [one.kind for one in file.findings] == ["json_not_a_number"]


def test_keys_that_stand_twice_are_reported(tmp_path: Path) -> None:
    file = opened(tmp_path, '[{"a": 1, "b": "a",\n"a" : 2}, {"b": {"a": 1, "a": 1}}]')
    assert file.decoded(list[Any])[0] == {"a": 2, "b": "a"}
    (finding,) = file.findings
    assert (finding.kind, "'a' twice in 2" in finding.message) == ("key_twice", True)
    assert finding.line == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "truncated"),
        ("[\n1,\n}", "one.json line 3: the JSON cannot be read"),
        ("[\nNaN,\n}", "one.json line 3: the JSON cannot be read"),
        ("{}", "Expected `array`, got `object`"),
        ("[" * 5000, "recursion"),
        (b"\xff\xfe\x00", "no text saved as UTF-16"),
        (b'["\xff"]', "line 1|cannot be read"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, content: bytes | str, complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        opened(tmp_path, content).decoded(list[Any])


@pytest.mark.parametrize(("piece", "kind"), [("1e999", Any), ('"five"', int)])
def test_a_piece_that_is_none_is_a_value_error(tmp_path: Path, piece: str, kind: Any) -> None:
    file = opened(tmp_path, f"[1, {piece}]")
    assert file.value_of(file.decoded(list[msgspec.Raw])[0]) == 1
    with pytest.raises(ValueError, match=r"range|Expected"):
        file.value_of(file.decoded(list[msgspec.Raw])[1], kind)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="No such file"):
        JsonFile(tmp_path / "none.json", "none.json")
    assert ends_of_json(tmp_path / "none.json") == b""
