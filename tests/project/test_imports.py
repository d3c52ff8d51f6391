"""What imports what: the layers, and what has to start without waiting for something heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
CORE = sorted((ROOT / "src" / "model_playground" / "core").glob("*.py"))

COMMAND_LINE = "from model_playground.cli import main; main()"
LOADED_AFTER = """
import json, sys
sys.argv[0] = "playground"
sys.stdout, report = sys.stderr, sys.stdout
try:
    {statement}
except SystemExit as finished:
    assert not finished.code, finished.code
json.dump(sorted(sys.modules), report)
"""


def loaded_after(statement: str, *arguments: str, folder: Path) -> set[str]:
    """Run a statement in a Python of its own and return the modules it has loaded."""
    finished = subprocess.run(
        [sys.executable, "-c", LOADED_AFTER.format(statement=statement), *arguments],
        cwd=folder,
        env=os.environ | {"PLAYGROUND_WORKSPACE": str(folder / "workspace")},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return set(json.loads(finished.stdout))


def test_the_import_contracts_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports() == 0


def test_the_contracts_between_the_parts_need_no_torch(tmp_path: Path) -> None:
    modules = ", ".join(f"model_playground.core.{path.stem}" for path in CORE)
    loaded = loaded_after(f"import {modules}", folder=tmp_path)
    assert "model_playground.core.contracts" in loaded
    assert "torch" not in loaded


def test_the_python_api_is_imported_without_torch(tmp_path: Path) -> None:
    assert "torch" not in loaded_after("import model_playground.api", folder=tmp_path)


def test_help_waits_for_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after(COMMAND_LINE, "--help", folder=tmp_path)
    assert loaded & {"torch", "sqlalchemy", "alembic", "fastapi", "pyarrow", "numpy"} == set()


@pytest.mark.parametrize(
    "listing", ["dataset", "split", "experiment", "loss", "task", "architecture"]
)
def test_a_listing_waits_for_neither_torch_nor_the_orm(listing: str, tmp_path: Path) -> None:
    # The first call makes what later ones read: the workspace, the catalogue of the losses.
    loaded_after(COMMAND_LINE, listing, "list", folder=tmp_path)
    loaded = loaded_after(COMMAND_LINE, listing, "list", folder=tmp_path)
    assert loaded & {"torch", "sqlalchemy.orm", "alembic", "polars"} == set()


def test_advice_on_losses_waits_for_neither_torch_nor_the_orm(tmp_path: Path) -> None:
    advise = ("loss", "advise", "--task", "classification")
    loaded_after(COMMAND_LINE, *advise, folder=tmp_path)
    loaded = loaded_after(COMMAND_LINE, *advise, folder=tmp_path)
    assert loaded & {"torch", "sqlalchemy.orm", "alembic", "polars"} == set()
