"""YAML descriptions: everything is a text, and nothing that can be a trap is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_playground.core.errors import InvalidError
from model_playground.datasets.yaml_files import read_yaml


def test_every_scalar_is_the_text_that_stands_there(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_bytes("\ufeffnames: [no, 1.50, ~, N/A]\r\n0: {yes: 0x10}\r\n".encode())
    assert read_yaml(file) == {"names": ["no", "1.50", "~", "N/A"], "0": {"yes": "0x10"}}


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOMB, r"line 2: the alias \*a is refused"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("? [1, 2]\n: 3\n", "line 1: a key of a mapping is no text"),
        ("a: [1,\nb", "line 2"),
        ("a: \u0007", "special characters are not allowed"),
        ("[" * 3000, "nested too deeply"),
        ("a: " + "x" * 2**22, "more than 4,194,304"),
    ],
)
def test_traps_are_refused_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "data.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidError, match=complaint) as refused:
        read_yaml(file)
    assert str(file) in str(refused.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_bytes(b"names: [caf\xe9]")
    with pytest.raises(InvalidError, match="not saved as UTF-8"):
        read_yaml(file)
    with pytest.raises(InvalidError, match="No such file"):
        read_yaml(tmp_path / "none.yaml")
