"""A registry that several threads read for the first time at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model_playground.core.registry import Registry

DECLARED = """
import sys, time
time.sleep(0.3)

class Late:
    name = "late"

sys.slow_things.register(Late)
"""


@pytest.fixture
def slow_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[type]]:
    """A registry of a package whose one file takes a while to import."""
    registry: Registry[type] = Registry("thing", "slow_things")
    (tmp_path / "slow_things").mkdir()
    (tmp_path / "slow_things" / "__init__.py").touch()
    (tmp_path / "slow_things" / "late.py").write_text(DECLARED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "slow_things", registry, raising=False)
    yield registry
    for name in ("slow_things", "slow_things.late"):
        sys.modules.pop(name, None)


def test_no_thread_sees_a_registry_half_filled(slow_things: Registry[type]) -> None:
    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda _: slow_things.names, range(4)))
    assert seen == [["late"]] * 4
