"""What other installed packages add: modules that they name in a group of entry points.

A package says in its pyproject.toml

    [project.entry-points."model_playground.losses"]
    acme = "acme_losses"

and its module is imported as one of ours would be. What fails is named and left out.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path


def found(group: str) -> list[EntryPoint]:
    """Return a group's entry points, each once, in the order of their names."""
    unique = {(one.name, one.value): one for one in entry_points(group=group)}
    return [unique[key] for key in sorted(unique)]


def described(entry_point: EntryPoint) -> str:
    """Name an entry point for a sentence: its package, with the version, and its module."""
    package = entry_point.dist
    owner = f"{package.name} {package.version}" if package else "an unknown package"
    return f"{owner} ({entry_point.name} = {entry_point.value})"


def content_key(group: str) -> bytes:
    """Return what changes when a group's packages or the modules they name do; nothing is run."""
    digest = hashlib.sha256()
    entries = found(group)
    for entry in entries:
        digest.update(described(entry).encode() + b"\0")
        for path in _sources(entry.module):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.digest() if entries else b""


def _sources(module: str) -> list[Path]:
    """Return the files of a module, all of them if it is a package, without importing it."""
    places: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:count]), places)
        if spec is None:
            return []
        places = spec.submodule_search_locations
    if spec is None or spec.origin is None:
        return []
    origin = Path(spec.origin)
    files = origin.parent.rglob("*.py") if places else [origin]
    return sorted(path for path in files if path.is_file())


def _spec(module: str, places: Sequence[str] | None) -> ModuleSpec | None:
    """Find a module as an import would; editable installations have finders of their own."""
    for finder in sys.meta_path:
        spec = finder.find_spec(module, places)
        if spec is not None:
            return spec
    return None
