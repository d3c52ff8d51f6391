"""What a format is: it recognises what a user points at, and reads it into a draft.

A draft names files and labels. Whether the images can be used is found out by the import, the
same way for every format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from model_playground.core.docstrings import explanation
from model_playground.core.records import Finding
from model_playground.core.registry import Registry
from model_playground.datasets.records import ClassRecord


@dataclass(frozen=True)
class ReadOptions:
    """What a user can say about files that do not speak for themselves.

    Args:
        format: the format's name, where several recognise the files.
        image_column: of a table, the column with the image files.
        target_columns: of a table, the column with the class, or those with the values.
        class_table: of masks, the table of pixel value → class name.
        drop_faulty: leave out items that cannot be used instead of refusing the import.
    """

    format: str | None = None
    image_column: str | None = None
    target_columns: tuple[str, ...] = ()
    class_table: Path | None = None
    drop_faulty: bool = False


@dataclass(slots=True)
class DraftItem:
    """An image and its label as a format read them; paths are absolute."""

    path: str
    class_name: str | None = None
    values: tuple[float, ...] = ()
    mask_path: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    source_file: str = ""
    source_line: int | None = None


@dataclass
class Draft:
    """What a format read. Findings that are errors stand for items that could not be read."""

    root: Path  # the items' paths start here if all are under it
    task: str
    items: list[DraftItem]
    classes: tuple[ClassRecord, ...] = ()
    target_names: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)


class Format(ABC):
    """A way to lay out labelled images. Its docstring says to a user what that is."""

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    options: ClassVar[tuple[str, ...]] = ()  # the ReadOptions that it reads

    @abstractmethod
    def detect(self, path: Path) -> str | None:
        """Return what one recognises it by, or None; it completes "…, because ___"."""

    @abstractmethod
    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        """Read a path that `detect` recognised.

        Raises:
            InvalidError: the labels are unclear as a whole, not those of one item alone.
        """

    @property
    def summary(self) -> str:
        """The format in one sentence."""
        return explanation(type(self)).summary


FORMATS: Registry[type[Format]] = Registry("format", package="model_playground.datasets.formats")
