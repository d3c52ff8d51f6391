"""One folder for each class."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import (
    files_under,
    is_image,
    natural_order,
    normalised,
    subfolders,
)
from model_playground.datasets.findings import left_out
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.index_masks import are_masked
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import ClassRecord


@FORMATS.register
class ClassFolders(Format):
    """Image files in one folder for each class, named as the class.

    The class folders may stand in the folder itself, in a folder inside it, or in folders named
    train, val and test; the part is then kept as the partition. Folders inside a class folder
    belong to the class.
    """

    name = "class_folders"
    title = "Class folders"
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held("the folder's name", "the class"),
        Held("folders train, val, test around the class folders", "the partition"),
        Held("folders inside a class's folder", "images of the class"),
        Held("an image in no class's folder", "left out, reported"),
        Held("files that are no images", "left out, counted by suffix"),
    )

    def detect(self, path: Path) -> str | None:
        layout = _layout(path) if path.is_dir() else None
        if layout is None:
            return None
        return f"{path / layout.base} holds {len(layout.classes)} folders of images"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        layout = _layout(path)
        if layout is None:
            raise InvalidError(
                "class_folders.too_few",
                "{path} does not hold two folders of images at least, one for each class",
                path=str(path),
            )
        return Draft(
            root=path,
            task="classification",
            items=[
                DraftItem(
                    path=os.path.join(path, file),
                    class_name=place.class_name,
                    partition=place.part or None,
                )
                for file, place in layout.places.items()
            ],
            classes=tuple(ClassRecord(index, name) for index, name in enumerate(layout.classes)),
            findings=[
                *_images_without_class(layout),
                *_other_files(layout),
                *_empty_folders(path, layout),
            ],
        )


@dataclass(frozen=True)
class _Place:
    part: str  # empty where there are no parts
    class_name: str
    directly: bool  # in the class's folder itself, not in a folder inside it


@dataclass(frozen=True)
class _Layout:
    """Where the classes' folders stand. Files are relative to the path that is read."""

    base: str  # holds the class folders, or the parts' folders with these in them
    has_parts: bool
    classes: list[str]
    places: dict[str, _Place]  # of the images
    homeless: list[str]  # images that are in no class's folder
    others: list[str]  # files in the classes' folders that are no images


def _layout(path: Path) -> _Layout | None:
    """Find the class folders, if the folder is laid out so."""
    files = files_under(path)
    images = [file for file in files if is_image(file)]
    if not images:
        return None
    base = os.path.commonpath([os.path.dirname(file) for file in images])
    top = {_folders(base, file)[0] for file in images if _folders(base, file)}
    has_parts = sum(part_of(name) is not None for name in top) >= 2
    placed = {file: _place(base, file, has_parts=has_parts) for file in files}
    places = {file: place for file in images if (place := placed[file])}
    classes = {place.class_name for place in places.values()}
    if are_masked(path / base) or {"images", "masks"} <= classes:
        return None  # pictures and their masks, not two classes
    # A class's folder holds images itself; one that holds only folders is something else.
    if len(classes) < 2 or classes != {one.class_name for one in places.values() if one.directly}:
        return None
    return _Layout(
        base=base,
        has_parts=has_parts,
        classes=sorted(classes, key=natural_order),
        places=places,
        homeless=[file for file in images if placed[file] is None],
        others=[file for file in files if placed[file] and not is_image(file)],
    )


def _folders(base: str, file: str) -> list[str]:
    """Return the names of the folders between the base and a file."""
    return file.removeprefix(f"{base}/" if base else "").split("/")[:-1]


def _place(base: str, file: str, *, has_parts: bool) -> _Place | None:
    if base and not file.startswith(f"{base}/"):
        return None
    folders = _folders(base, file)
    part = part_of(folders.pop(0)) if has_parts and folders else None
    if not folders or (has_parts and part is None):
        return None
    return _Place(part or "", normalised(folders[0]), directly=len(folders) == 1)


def _images_without_class(layout: _Layout) -> list[Finding]:
    return [
        left_out("image_without_class", f"{file} is in no class's folder", file=file)
        for file in layout.homeless
    ]


def _other_files(layout: _Layout) -> list[Finding]:
    suffixes = Counter(os.path.splitext(file)[1].lower() for file in layout.others)
    examples = {os.path.splitext(file)[1].lower(): file for file in reversed(layout.others)}
    return [
        left_out(
            "other_files",
            f"{count} files ending in {suffix or 'nothing'} are not read as images, "
            f"such as {examples[suffix]}",
            file=examples[suffix],
        )
        for suffix, count in sorted(suffixes.items())
    ]


def _empty_folders(path: Path, layout: _Layout) -> list[Finding]:
    base = path / layout.base
    return [
        left_out("empty_folder", f"the folder {folder.name} holds no images: it is no class")
        for parent in (subfolders(base) if layout.has_parts else [base])
        for folder in subfolders(parent)
        if normalised(folder.name) not in layout.classes
    ]
