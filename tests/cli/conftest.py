"""Small labelled images, and the command line run in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model_playground.cli import main

COLOURS = {"cherry": (200, 30, 40), "lemon": (230, 220, 60), "plum": (90, 40, 120)}


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def plugins_forgotten() -> Iterator[None]:
    """Leave no loss of a user's own file to the tests that come after in this process."""
    yield
    plugins = [name for name in sys.modules if name.startswith("model_playground_plugin_")]
    for plugin in plugins:
        del sys.modules[plugin]
    if plugins:
        from model_playground.losses.base import LOSSES

        for name, loss in list(LOSSES._declarations.items()):
            if loss.__module__ in plugins:
                del LOSSES._declarations[name]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in an empty workspace."""
    monkeypatch.setenv("PLAYGROUND_WORKSPACE", str(tmp_path / "workspace"))

    def command(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return command


@pytest.fixture
def fruit(tmp_path: Path) -> Path:
    """A folder for each of three fruits, twelve images in each, told apart by colour."""
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        folder = tmp_path / "fruit" / name
        folder.mkdir(parents=True)
        for number in range(12):
            noise = random.normal(0, 25, (32, 32, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "fruit"


@pytest.fixture
def fruit_split(run: Run, fruit: Path) -> str:
    """The fruit, imported and split."""
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    assert run("split", "create", "fruit", "--name", "fruit-1").code == 0
    return "fruit-1"
