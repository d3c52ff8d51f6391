"""A registry of things that describe themselves, filled by importing the files they stand in."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from model_playground.core.errors import unknown_name


class Named(Protocol):
    """Anything with a registered name."""

    name: ClassVar[str]


T = TypeVar("T", bound=type[Any])


class Registry(Generic[T]):
    """Declarations of one kind by name, in the order in which they were declared.

    `package` names the module, or the package with one file for each thing, that is imported
    when the registry is first read: a new file in it is found without being listed anywhere.
    `group` names the entry points by which other installed packages add to it. `faults` says
    which of them could not be used, and why; the others can.
    """

    def __init__(self, kind: str, package: str, *, group: str | None = None) -> None:
        self.kind = kind
        self.group = group
        self.faults: list[str] = []
        self._package = package
        self._declarations: dict[str, T] = {}
        self._discovered = False
        self._discovering = threading.RLock()

    def register(self, declaration: T) -> T:
        """Add a declaration; usable as a class decorator."""
        known = self._declarations.get(declaration.name)
        if known is not None and not self._may_replace(known, declaration):
            raise ValueError(f"the name {declaration.name!r} is taken by another {self.kind}")
        self._declarations[declaration.name] = declaration
        return declaration

    def _may_replace(self, known: T, declaration: T) -> bool:
        """Allow a file to be run again, and an edited plug-in; a built-in keeps its name."""
        built_in = known.__module__.startswith(self._package)
        same_file = known.__module__ == declaration.__module__
        return known.__qualname__ == declaration.__qualname__ and (same_file or not built_in)

    def _discover(self) -> None:
        with self._discovering:  # a server's threads read registries at the same time
            if self._discovered:
                return
            self._discovered = True  # before the imports, which may read the registry in turn
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
                importlib.import_module(f"{self._package}.{module.name}")
            if self.group is not None:
                self._add_entry_points(self.group)

    def _add_entry_points(self, group: str) -> None:
        from model_playground.core import entry_points

        for entry in entry_points.found(group):
            before = dict(self._declarations)
            fault = ""
            try:
                entry.load()
            except (Exception, SystemExit) as error:  # another's code may raise anything
                fault = f"{type(error).__name__}: {error}"
            else:
                if self._declarations.keys() == before.keys() and not self._has_own(entry.module):
                    fault = f"it registers no {self.kind}"
            if fault:
                self._declarations = before
                self.faults.append(f"{entry_points.described(entry)} is left out: {fault}")

    def _has_own(self, module: str) -> bool:
        """Say whether a module that was imported before had something to register."""
        return any(f"{one.__module__}.".startswith(f"{module}.") for one in self)

    def __getitem__(self, name: str) -> T:
        self._discover()
        if name not in self._declarations:
            raise unknown_name(self.kind, name, self._declarations)
        return self._declarations[name]

    def __contains__(self, name: str) -> bool:
        self._discover()
        return name in self._declarations

    def __iter__(self) -> Iterator[T]:
        self._discover()
        return iter(list(self._declarations.values()))

    def __len__(self) -> int:
        self._discover()
        return len(self._declarations)

    @property
    def names(self) -> list[str]:
        """The registered names, in order of declaration."""
        self._discover()
        return list(self._declarations)
