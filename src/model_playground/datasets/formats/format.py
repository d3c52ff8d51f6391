"""What a format is: it recognises what a user points at, and reads it into a draft.

A draft names files and labels. Whether the images can be used is found out by the import, the
same way for every format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from model_playground.core.docstrings import explanation
from model_playground.core.records import Finding
from model_playground.core.registry import Registry
from model_playground.datasets.formats.draft import Draft, DraftAnnotations, DraftItem
from model_playground.datasets.records import Revision, Status

__all__ = [
    "DRAWN_MASKS",
    "FORMATS",
    "Draft",
    "DraftAnnotations",
    "DraftItem",
    "Export",
    "Format",
    "Held",
    "ReadOptions",
    "WritableFormat",
]


@dataclass(frozen=True)
class ReadOptions:
    """What a user can say about files that do not speak for themselves.

    Args:
        format: the format's name, where several recognise the files.
        image_columns: of a table, the column with the image files, or those with the files of
            one item.
        target_columns: of a table, the column with the class or the tags, or those with the
            values; of VIA the attribute with the class.
        tag_separator: of a table, what divides the tags in a cell.
        sheets: of a spreadsheet, which of its sheets.
        class_table: of masks, the table of pixel value → class name.
        drop_faulty: leave out items that cannot be used instead of refusing the import.
        follow_links: read what links out of the dataset's folder point to.
    """

    format: str | None = None
    image_columns: tuple[str, ...] = ()
    target_columns: tuple[str, ...] = ()
    tag_separator: str | None = None
    sheets: tuple[str, ...] = ()
    class_table: Path | None = None
    drop_faulty: bool = False
    follow_links: bool = False


@dataclass(frozen=True)
class Export:
    """What a format writes.

    Args:
        revision: the records.
        folder: an empty folder to write into; it becomes the export when all is written.
        paths: for the path of each image and mask in the records the path, relative to the
            folder, where it is copied to.
        statuses: by item id, where they are known.
    """

    revision: Revision
    folder: Path
    paths: Mapping[str, str]
    statuses: Mapping[str, Status]


@dataclass(frozen=True)
class Held:
    """One thing that a format's files can say: a row of its table in docs/formats.md.

    Args:
        what: the thing, in the words of the format: "`iscrowd`".
        read: what becomes of it at an import; "not read" with what is said of it.
        written: what an export writes; empty where there is no writer, or nothing is written.
    """

    what: str
    read: str
    written: str = ""


DRAWN_MASKS = Held(
    "outlines, with `--task segmentation`",
    "masks are drawn of them, small objects over large ones; the rest is the class `background`; "
    "crowds and boxes without an outline are ignored",
)
"""What becomes of outlines, in the words of every format whose tasks have segmentation for them."""


class Format(ABC):
    """A way to lay out labelled images. Its docstring says to a user what that is."""

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    contents: ClassVar[tuple[Held, ...]]
    options: ClassVar[tuple[str, ...]] = ()  # the ReadOptions that it reads
    is_certain: ClassVar[bool] = False
    """Whether its signs are its own, so that it is read where files only look like another's."""

    @abstractmethod
    def detect(self, path: Path) -> str | None:
        """Return what one recognises it by, or None; it completes "…, because ___"."""

    def obstacle(self, path: Path) -> str | None:
        """Say of a path that nothing recognises what here is nearly the format, and what hinders.

        It completes "…: ___".
        """
        return None

    @abstractmethod
    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        """Read a path that `detect` recognised.

        Raises:
            InvalidError: the labels are unclear as a whole, not those of one item alone.
        """

    @property
    def draws_masks(self) -> bool:
        """Whether its masks are drawn of outlines: where others hold masks, these are read."""
        return DRAWN_MASKS in self.contents

    @property
    def summary(self) -> str:
        """The format in one sentence."""
        return explanation(type(self)).summary


class WritableFormat(Format):
    """A format that can be written too.

    An export goes through `losses`, which it tells the user, then copies the images to where
    `image_path` says, and calls `write`. The revision it hands over has the partition that was
    asked for, and the statuses of the workspace.
    """

    several_images: ClassVar[bool] = False
    """Whether an item's further images are held, and so copied."""

    by_stem: ClassVar[bool] = False
    """Whether an image and its label are matched by name, whatever the suffix."""

    def losses(self, revision: Revision) -> list[Finding]:
        """Say what of a revision the format cannot hold: one finding, "dropped", for each kind."""
        return []

    def image_path(self, path: str, partition: str | None) -> str:
        """Return where an item's image is copied to, relative to the export's folder.

        Of its own result it gives the same again. Where two images would be one file, the export
        tells them apart.
        """
        return path

    def mask_path(self, path: str, partition: str | None) -> str | None:
        """Return where an item's mask is copied to as it is, or None if it is not copied."""
        return None

    @abstractmethod
    def write(self, export: Export) -> None:
        """Write the labels into the export's folder; the images are copied by the export."""


FORMATS: Registry[type[Format]] = Registry("format", package="model_playground.datasets.formats")
