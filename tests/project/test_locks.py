"""The locks pin every requirement, by its hash, and name no place it comes from."""

from __future__ import annotations

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def pinned(lock: Path) -> dict[str, str]:
    """Read each requirement's entry in a lock by its name."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {entry.partition("==")[0]: entry for entry in entries}


def required(*declared: str) -> set[str]:
    """Read the names out of requirements as pyproject.toml states them."""
    names = (re.match(r"[\w.-]+", requirement) for requirement in declared)
    return {name[0].lower().replace("_", "-") for name in names if name} - {"model-playground"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_has_a_version_and_a_hash(lock: Path) -> None:
    without = [
        name
        for name, entry in pinned(lock).items()
        if "==" not in entry or "--hash=sha256:" not in entry
    ]
    assert pinned(lock)
    assert not without


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_address_and_no_path(lock: Path) -> None:
    assert not re.findall(r".*(?:://|index-url|find-links|file:|\s/\w).*", lock.read_text())


def test_the_locks_hold_what_pyproject_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = required(
        *project["project"]["dependencies"],
        *chain.from_iterable(project["project"]["optional-dependencies"].values()),
    )
    groups = project["dependency-groups"]
    assert runtime <= set(pinned(ROOT / "requirements.lock"))
    assert required(*groups["dev"]) <= set(pinned(ROOT / "requirements-dev.lock"))
    assert required(*groups["node"]) <= set(pinned(ROOT / "requirements-node.lock"))


def test_the_development_lock_holds_the_runtime_lock() -> None:
    development = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^\S+==\S+", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert pins
    assert not [pin for pin in pins if f"{pin} " not in development]


def test_the_lock_of_the_page_names_no_address() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert packages
    assert not [path for path, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for package in packages.values())
