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
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
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
