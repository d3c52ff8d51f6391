"""Where a workspace is, and when it is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from model_playground.core.errors import InvalidError
from model_playground.core.records import DatasetRecord
from model_playground.store.datasets import list_datasets
from model_playground.store.experiments import list_experiments
from model_playground.store.schema import dataset
from model_playground.store.splits import list_splits
from model_playground.store.workspace import Workspace


def test_the_argument_goes_before_the_environment_before_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAYGROUND_WORKSPACE", str(tmp_path / "named"))
    assert Workspace("given").folder == tmp_path / "given"
    assert Workspace().folder == tmp_path / "named"
    monkeypatch.delenv("PLAYGROUND_WORKSPACE")
    assert Workspace().folder == tmp_path / ".playground"


def test_reading_an_empty_workspace_makes_nothing(workspace: Workspace) -> None:
    for listing in (list_datasets, list_splits, list_experiments):
        assert listing(workspace.store) == []
    assert not workspace.folder.exists()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_writing_makes_the_workspace(
    workspace: Workspace, import_fruit: Callable[..., DatasetRecord]
) -> None:
    added = import_fruit()
    assert [path.name for path in workspace.folder.glob("*.sqlite")] == ["playground.sqlite"]
    assert list_datasets(Workspace(workspace.folder).store) == [added]


def test_the_environment_names_a_database_elsewhere(
    database: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYGROUND_DATABASE", database or f"sqlite:///{tmp_path / 'other.sqlite'}")
    opened = Workspace(tmp_path / "workspace")
    with opened.store.write() as connection:
        connection.execute(insert(dataset).values(name="fruit"))
    with Workspace(tmp_path / "elsewhere").store.read() as connection:
        assert connection.scalars(select(dataset.c.name)).all() == ["fruit"]
    assert not (tmp_path / "workspace" / "playground.sqlite").exists()
    opened.store.close()


def test_artifacts_are_inside_the_workspace(workspace: Workspace) -> None:
    assert workspace.artifacts == workspace.folder / "artifacts"
    assert workspace.revision_folder("c0ffee") == workspace.artifacts / "revisions" / "c0ffee"
    assert workspace.run_folder("run-1") == workspace.artifacts / "runs" / "run-1"


def test_a_file_in_the_place_of_a_workspace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a folder")
    with pytest.raises(InvalidError, match=r"notes\.txt is a file: name a folder"):
        Workspace(tmp_path / "notes.txt")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("folder", ["with space", "größe 日本", "100%?#'x'"])
def test_a_workspace_can_have_any_name(
    folder: str, tmp_path: Path, import_fruit: Callable[..., DatasetRecord], workspace: Workspace
) -> None:
    import_fruit()
    moved = workspace.folder.rename(tmp_path / folder)
    assert [one.name for one in list_datasets(Workspace(moved).store)] == ["fruit"]
