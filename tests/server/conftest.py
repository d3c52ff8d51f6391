"""A workspace with small labelled images, and the server over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from model_playground.api import Playground
from model_playground.datasets.fingerprints import FingerprintCache
from model_playground.server.app import create_app

COLOURS = {"cherry": (200, 30, 40), "lemon": (230, 220, 60), "plum": (90, 40, 120)}


@pytest.fixture
def fruit(tmp_path: Path) -> Path:
    """A folder for each of three fruits, twenty images in each, told apart by colour."""
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        folder = tmp_path / "fruit" / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = np.array(colour) + random.normal(0, 25, (32, 32, 3))
            image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
            image.save(folder / f"{number}.png")
    return tmp_path / "fruit"


@pytest.fixture
def playground(tmp_path: Path) -> Playground:
    """An empty workspace."""
    return Playground(tmp_path / "workspace")


@pytest.fixture
def client(playground: Playground) -> Iterator[TestClient]:
    """A client of the server over that workspace."""
    with TestClient(create_app(playground), base_url="http://localhost") as opened:
        yield opened


@pytest.fixture
def held_fingerprints(playground: Playground) -> Iterator[Connection]:
    """What is known of images cannot be written until this is rolled back: comparing waits."""
    file = playground.workspace / "artifacts" / "fingerprints" / "fingerprints.sqlite"
    FingerprintCache(file).miniatures([])
    with closing(connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def jobs_begun(client: TestClient) -> list[dict[str, Any]]:
    """Return the work that is going on, once there is some that has told how far it is."""
    for _ in range(100_000):
        if begun := [job for job in client.get("/api/jobs").json() if job["stage"]]:
            return begun
    raise AssertionError("nothing was begun")
