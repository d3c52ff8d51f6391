"""A workspace in a temporary folder, and what is needed to fill it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace that does not exist yet."""
    return Workspace(tmp_path / "workspace")


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
def start(workspace: Workspace) -> Iterator[Callable[..., subprocess.Popen[str]]]:
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
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
