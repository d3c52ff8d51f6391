"""A place that cannot be written is named in one sentence, and nothing half-made is left in it."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TOO_LONG = "long" * 80  # for the name of a file, on any system


@pytest.mark.parametrize(
    "command",
    [
        ("dataset", "show", "fruit", "--html", f"{TOO_LONG}.html"),
        ("dataset", "show", "fruit", "--sheet", f"{TOO_LONG}.png"),
        ("dataset", "check", "fruit", "--html", f"{TOO_LONG}.html"),
        ("loss", "plot", "mse", "--out", f"{TOO_LONG}.png"),
        ("demo", "--quick", "--out", TOO_LONG),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(
    run: Run,
    fruit: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    refused = run(*command)
    assert refused.code == 2
    (error,) = [line for line in refused.err.splitlines() if line.startswith("Error:")]
    assert TOO_LONG in error
    assert os.strerror(errno.ENAMETOOLONG) in error
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("full_after", [0, 2_000, 20_000, 200_000])
def test_a_full_disk_ends_an_import_with_a_sentence(
    run: Run, fruit: Path, tmp_path: Path, full_after: int
) -> None:
    imported = subprocess.run(
        [sys.executable, "-m", "model_playground.cli", "dataset", "import", fruit, "--name", "a"],
        env=os.environ | {"PLAYGROUND_WORKSPACE": str(tmp_path / "workspace")},
        # No file may be longer, so that writing fails as on a full disk.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (full_after, full_after)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert imported.returncode in (0, 2)
    assert "Traceback" not in imported.stderr
    listed = run("dataset", "list", "--json")
    assert len(listed.json) == (1 if imported.returncode == 0 else 0)
    assert not [path for path in tmp_path.rglob("*") if "unfinished" in path.name]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_answered_with_what_to_do() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        listed = subprocess.run(
            [sys.executable, "-m", "model_playground.cli", "task", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert listed.returncode == 2
    said = f"Error: {os.strerror(errno.ENOSPC)}: make room, or choose a place on another disk\n"
    assert listed.stderr == said
