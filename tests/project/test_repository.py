"""What holds for the files of the repository as a whole."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted((ROOT / "src").rglob("__init__.py"))


def repository_files() -> list[Path]:
    """List what git holds or would take in."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_is_larger_than_a_megabyte() -> None:
    files = [path for path in repository_files() if path.is_file()]
    assert ROOT / "pyproject.toml" in files
    assert not [str(path) for path in files if path.stat().st_size > 1_000_000]


@pytest.mark.parametrize(
    "package", PACKAGES, ids=lambda package: package.parent.relative_to(ROOT / "src").as_posix()
)
def test_every_package_says_what_it_is(package: Path) -> None:
    assert ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
