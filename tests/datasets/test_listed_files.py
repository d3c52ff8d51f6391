"""The files of a folder are listed anew, or but once while formats are tried."""

from __future__ import annotations

from pathlib import Path

from model_playground.datasets.file_names import files_under, listed_once


def test_folders_are_listed_once_while_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("10.png", "9.png"):
        (tmp_path / name).touch()
    with listed_once():
        files_under(tmp_path).clear()  # the caller's own list
        (tmp_path / "11.png").touch()
        assert files_under(tmp_path) == ["9.png", "10.png"]
    assert files_under(tmp_path) == ["9.png", "10.png", "11.png"]
