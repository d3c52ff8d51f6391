"""What is known of every loss without importing torch: a cache of their declarations.

The declarations stand in the losses' own files, which import torch (seconds). Listings, forms and
the check of a specification read this cache instead. It is written the first time it is needed
after a loss has changed, and it is shipped in the wheel; its key is the content of the files.
Losses of other installed packages, which are found by their entry points, are part of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from model_playground.core import entry_points
from model_playground.core.contracts import LossDeclaration
from model_playground.core.errors import InvalidError
from model_playground.core.whole_files import whole_file

_FOLDER = Path(__file__).parent
_SHIPPED = _FOLDER / "catalogue.json"
_SHAPED_BY = ("contracts.py", "docstrings.py", "declaration.py")

ENTRY_POINTS = "model_playground.losses"
"""The group of entry points by which an installed package adds losses."""

Notify = Callable[[str], None]


class _Catalogue(NamedTuple):
    """The declarations by name, and what was left out of them."""

    losses: dict[str, LossDeclaration]
    faults: list[str]


def load(
    plugins: Sequence[str | Path] = (), *, notify: Notify | None = None
) -> dict[str, LossDeclaration]:
    """Return the declarations of all losses by name, the user's own last.

    Args:
        plugins: files with the user's own losses.
        notify: told what is being done when torch has to be imported, and which installed
            package's losses cannot be used.

    Raises:
        InvalidError: a plug-in cannot be read or fails when it is run.
    """
    catalogue = _load(plugins, notify)
    if notify:
        for fault in catalogue.faults:
            notify(fault)
    return catalogue.losses


def _load(plugins: Sequence[str | Path], notify: Notify | None) -> _Catalogue:
    files = [Path(plugin) for plugin in plugins]
    key = _key(files)
    for place in _places(key):
        known = _read(place, key)
        if known is not None:
            return known
    if notify:
        notify("Reading the losses' declarations; this imports PyTorch and is done once.")
    catalogue = _declared(files)
    _write(key, catalogue, only_cache=bool(files) or bool(entry_points.found(ENTRY_POINTS)))
    return catalogue


def load_plugin(plugin: str | Path) -> None:
    """Run a user's own file, so that the losses in it are registered.

    Raises:
        InvalidError: the file cannot be read, fails when it is run, or registers no loss.
    """
    path = Path(plugin).resolve()
    content = _content(path)
    name = f"model_playground_plugin_{path.stem}_{hashlib.sha256(content).hexdigest()[:8]}"
    if name in sys.modules:
        return
    from model_playground.losses.base import LOSSES

    before = set(LOSSES)  # imports all built-ins first, so that no plug-in takes their names
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InvalidError(
            "plugin.no_python", "the plug-in {path} is no Python file", path=str(path)
        )
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__plugin__"] = str(path)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InvalidError(
            "plugin.failed",
            "the plug-in {path} fails when it is loaded: {kind}: {why}",
            path=str(path),
            kind=type(error).__name__,
            why=str(error),
        ) from error
    if set(LOSSES) == before:
        raise InvalidError(
            "plugin.no_loss",
            "the plug-in {path} registers no loss: put @register above its class",
            path=str(path),
        )


def _declared(plugins: Sequence[Path]) -> _Catalogue:
    from model_playground.losses.base import LOSSES, declaration

    for plugin in plugins:
        load_plugin(plugin)
    named = {str(plugin.resolve()) for plugin in plugins}
    declared = (declaration(loss) for loss in LOSSES)
    wanted = {one.name: one for one in declared if one.plugin is None or one.plugin in named}
    return _Catalogue(wanted, LOSSES.faults)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidError(
            "plugin.unreadable",
            "the plug-in {path} cannot be read: {why}",
            path=str(path),
            why=error.strerror or str(error),
        ) from None


def _key(plugins: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    sources = sorted(_FOLDER.rglob("*.py"))
    shaped = [_FOLDER.parent / "core" / name for name in _SHAPED_BY]
    for path in [*sources, *shaped]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(entry_points.content_key(ENTRY_POINTS))
    for plugin in plugins:
        digest.update(str(plugin.resolve()).encode() + b"\0" + _content(plugin) + b"\0")
    return digest.hexdigest()


def _places(key: str) -> list[Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "model-playground"
    return [_SHIPPED, cache / f"losses-{key[:16]}.json"]


def _read(place: Path, key: str) -> _Catalogue | None:
    try:
        stored: dict[str, Any] = json.loads(place.read_bytes())
        if stored["key"] != key:
            return None
        losses = [LossDeclaration.model_validate(record) for record in stored["losses"]]
        return _Catalogue({one.name: one for one in losses}, list(stored["faults"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(key: str, catalogue: _Catalogue, *, only_cache: bool) -> None:
    losses = [one.model_dump(mode="json") for one in catalogue.losses.values()]
    stored = {"key": key, "losses": losses, "faults": catalogue.faults}
    for place in _places(key)[1 if only_cache else 0 :]:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(place) as unfinished:
                unfinished.write_text(json.dumps(stored), encoding="utf-8")
        except (OSError, InvalidError):
            continue  # a read-only installation: the next place, or the work is done again
        return


if __name__ == "__main__":
    print(f"{len(load(notify=print))} losses in {_SHIPPED.name}")
