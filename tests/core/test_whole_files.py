"""A file is there as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_playground.core.errors import InvalidError
from model_playground.core.whole_files import whole_file


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before", encoding="utf-8")
    with whole_file(path) as unfinished:
        unfinished.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_text(encoding="utf-8") == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before", encoding="utf-8")

    def write_half() -> None:
        with whole_file(path) as unfinished:
            unfinished.write_text("half", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / f"{'long' * 80}.txt"
    with (
        pytest.raises(InvalidError, match=r"long\.txt cannot be written: .+"),
        whole_file(path) as unfinished,
    ):
        unfinished.write_text("text", encoding="utf-8")
    assert list(tmp_path.iterdir()) == []
