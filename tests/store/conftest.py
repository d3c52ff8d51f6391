"""A workspace in a temporary folder, and what is needed to fill it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from model_playground.core.records import DatasetRecord, ExperimentRecord, SplitRecord
from model_playground.store.database import Store
from model_playground.store.datasets import add_revision
from model_playground.store.experiments import add_experiment
from model_playground.store.splits import add_split
from model_playground.store.workspace import Workspace

SPECIFICATION = {
    "task": "classification",
    "architecture": {"name": "timm", "parameters": {}},
    "backbone": "resnet18",
    "losses": {
        "class": [
            {"loss": "cross_entropy", "weight": 1.0, "parameters": {}},
            {"loss": "focal", "weight": 0.5, "parameters": {"gamma": 2.0}},
        ]
    },
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a new database of each kind; None for the file in the workspace."""
    if request.param == "sqlite":
        yield None
    else:
        with _postgresql_database() as url:
            yield url.render_as_string(hide_password=False)


@contextmanager
def _postgresql_database() -> Iterator[URL]:
    """Make a database in the server of the tests, and drop it afterwards."""
    address = os.environ.get("PLAYGROUND_POSTGRESQL")
    if not address:
        pytest.skip("PLAYGROUND_POSTGRESQL is not set: it is the URL of a server for tests")
    name = f"test_{uuid4().hex}"
    server = create_engine(make_url(address), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.url.set(database=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def reopen(tmp_path: Path, database: str | None) -> Iterator[Callable[[], Workspace]]:
    """Open the workspace as a program does that starts later."""
    opened: list[Workspace] = []

    def open_workspace() -> Workspace:
        opened.append(Workspace(tmp_path / "workspace", database=database))
        return opened[-1]

    yield open_workspace
    for workspace in opened:
        workspace.store.close()


@pytest.fixture
def workspace(reopen: Callable[[], Workspace]) -> Workspace:
    """A workspace that does not exist yet, with a database of each kind."""
    return reopen()


@pytest.fixture
def store(workspace: Workspace) -> Store:
    """Its store."""
    return workspace.store


@pytest.fixture
def import_fruit(store: Store) -> Callable[..., DatasetRecord]:
    """Add a revision of a dataset of two classes; arguments replace its fields."""

    def add(**changes: Any) -> DatasetRecord:
        fields: dict[str, Any] = {
            "name": "fruit",
            "revision_hash": "a" * 64,
            "task": "classification",
            "root": "/photos",
            "format_name": "class_folders",
            "classes": ("apple", "pear"),
            "class_counts": {"apple": 2, "pear": 1},
            "target_names": (),
            "columns": ("tree",),
            "item_ids": ("1", "2", "3"),
        }
        return add_revision(store, **(fields | changes))

    return add


@pytest.fixture
def split_fruit(
    store: Store, import_fruit: Callable[..., DatasetRecord]
) -> Callable[..., SplitRecord]:
    """Import the dataset and split it; arguments replace the split's fields."""

    def add(**changes: Any) -> SplitRecord:
        fields: dict[str, Any] = {
            "name": "halves",
            "dataset_name": "fruit",
            "revision_hash": import_fruit().revision,
            "strategy": "random",
            "seed": 0,
            "parts": {"1": "train", "2": "validation", "3": "test"},
            "class_counts": {
                "train": {"apple": 1},
                "validation": {"apple": 1},
                "test": {"pear": 1},
            },
        }
        return add_split(store, **(fields | changes))

    return add


@pytest.fixture
def new_experiment(
    store: Store, split_fruit: Callable[..., SplitRecord]
) -> Callable[..., ExperimentRecord]:
    """Add an experiment on the split, with runs named after it and their seed."""
    split_fruit()

    def add(
        name: str, *, seeds: Sequence[int] = (0,), worker: str | None = None
    ) -> ExperimentRecord:
        specification = SPECIFICATION | {"name": name, "split": "halves"}
        runs = [(f"{name}-{seed}", seed) for seed in seeds]
        return add_experiment(store, specification, runs, worker=worker)

    return add


@pytest.fixture
def start(
    workspace: Workspace, database: str | None
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python of its own that has `store`, this workspace's, and `arguments`."""
    started: list[subprocess.Popen[str]] = []
    opened = (
        "import sys, time\n"
        "from model_playground.store.workspace import Workspace\n"
        "store, arguments = Workspace(sys.argv[1]).store, sys.argv[2:]\n"
    )

    def begin(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", opened + program, str(workspace.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ({"PLAYGROUND_DATABASE": database} if database else {}),
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
