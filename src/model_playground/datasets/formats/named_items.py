"""Items whose images some files name, for formats in which one file speaks of many images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.file_names import NamedImages, files_under, normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import DraftItem
from model_playground.datasets.labelled_tables import free_name
from model_playground.datasets.parts import part_of_folders

_DEEPEST = 3  # folders around a file: the download's, the labels' and the part's


def near_files(path: Path, suffix: str) -> list[Path]:
    """Return the files of a folder and of those in it that end so, the nearest first; or a file."""
    if path.is_file():
        return [path] if path.suffix.lower() == suffix else []
    inside = [one for one in files_under(path) if one.lower().endswith(suffix)]
    near = [one for one in inside if one.count("/") <= _DEEPEST]
    return [path / one for one in sorted(near, key=lambda one: one.count("/"))]


@dataclass
class NamedItems:
    """The images that files name, each once.

    Args:
        root: the dataset's folder.
    """

    root: Path
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)  # by image: the file that names it

    def __post_init__(self) -> None:
        """Find the images."""
        self.images = NamedImages(self.root)

    def add_item(
        self,
        image: str,
        file: str,
        line: int,
        *,
        columns: Mapping[str, str] | None = None,
        partition: str | None = None,
        first: Sequence[str] = (),
    ) -> int | None:
        """Add the item of an image and return its place, or say why it cannot be had.

        Args:
            image: what the file calls it.
            file: which names it, from the root.
            line: on which.
            columns: what else is said of it.
            partition: the part, where no folder around the file or the image is called after one.
            first: folders, from the root, in which the image is looked for before all others.
        """
        path = self._image_of(image, file, line, first)
        if path is None:
            return None
        name = normalised(os.path.relpath(path, self.root))
        self.items.append(
            DraftItem(
                path,
                columns={free_name(one): text for one, text in (columns or {}).items()},
                source_file=file,
                source_line=line,
                partition=part_of_folders(file) or part_of_folders(name) or partition,
            )
        )
        return len(self.items) - 1

    def leave_out(self, kind: str, why: str, file: str, line: int) -> None:
        """Leave out what a line says."""
        message = f"line {line} of {file}: {why}: left out"
        self.findings.append(left_out(kind, message, file=file, line=line))

    def unnamed(self) -> list[Finding]:
        """Count the images that no file names."""
        left = [one for one in self.images.paths.values() if one not in self.named]
        if not left:
            return []
        first = normalised(os.path.relpath(left[0], self.root))
        images = counted(len(left), "image is", "images are")
        said = f"{images} named by no file, such as {first}: left out"
        return [left_out("file_without_row", said, file=first)]

    def _image_of(self, name: str, file: str, line: int, first: Sequence[str]) -> str | None:
        """Return the image that is named, or say why there is none."""
        folders = (*first, *_beside(file))
        found, by_name = self.images.find(name, first=folders) if name else ([], False)
        where = f"line {line} of {file}: the image {name}"
        if len(found) != 1:
            what = f"may be {len(found)} of those that are here" if found else "is not here"
            kind = "ambiguous_file" if found else "missing_file"
            self.findings.append(blocking(kind, f"{where} {what}", file=file, line=line))
            return None
        (path,) = found
        if path in self.named:
            message = f"{where} stands in {self.named[path]} too: give the path of one file"
            if self.named[path] == file:
                message = f"{where} stands there twice"
            self.findings.append(blocking("image_twice", message, file=file, line=line))
            return None
        self.named[path] = file
        if by_name and "/" in normalised(name):
            place = normalised(os.path.relpath(path, self.root))
            message = f"line {line} of {file} names {name}; {place} is read"
            self.findings.append(information("path_remapped", message, file=file, line=line))
        return path


def _beside(file: str) -> Sequence[str]:
    folder = os.path.dirname(file)
    return folder or ".", os.path.join(folder, "images")
