"""One folder for each class."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from model_playground.core.counting import counted
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
from model_playground.datasets.formats.index_masks import are_masked, masks_among
from model_playground.datasets.formats.object_masks import example_of_object_masks
from model_playground.datasets.part_lists import unread_part_lists
from model_playground.datasets.parts import ListedPart, part_of, parts_among
from model_playground.datasets.records import ClassRecord

_IMAGES = "images"
_WORDS = re.compile(r"(?:[^\W\d_]+(?=[\W\d_]))?(?:[ _-][^\W\d_]+(?=[\W\d_]))*")


@FORMATS.register
class ClassFolders(Format):
    """Image files in one folder for each class, named as the class.

    The class folders may stand in the folder itself, in a folder inside it, or in folders named
    train, val and test, or alike but for these words (`seg_train`, `seg_test`); the part is then
    kept as the partition. Folders inside a class folder belong to the class.
    """

    name = "class_folders"
    title = "Class folders"
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held("the folder's name", "the class"),
        Held("folders train, val, test around the class folders", "the partition"),
        Held("a part's folder in another of its own name", "the same part"),
        Held("folders inside a class's folder", "images of the class"),
        Held("an image in no class's folder", "left out, reported"),
        Held("masks beside the images (`1_mask.png`)", "not read, counted"),
        Held("files that are no images", "left out, counted by suffix"),
        Held("lists of parts beside the folders (`test.txt`)", "not read, reported"),
    )

    def detect(self, path: Path) -> str | None:
        layout = _layout(path) if path.is_dir() else None
        if layout is None:
            return None
        inside = f", in {' and '.join(layout.parts)}" if layout.parts else ""
        return f"{path / layout.base} holds {len(layout.classes)} folders of images{inside}"

    def obstacle(self, path: Path) -> str | None:
        files = files_under(path) if path.is_dir() else []
        images = [file for file in files if is_image(file)]
        folders = {os.path.basename(os.path.dirname(file)) for file in images}
        is_bare = len(images) == len(files)  # else labels may be what lacks
        if is_bare and len(folders) == 1 and _may_be_class(folder := folders.pop()):
            return (
                f"all its images are in folders named {folder}: if that is a class, add the "
                "folder of another, for a model learns to tell classes apart"
            )
        names = Counter(_beginning(os.path.basename(file)) for file in images)
        names.pop("", None)
        names = Counter({name: count for name, count in names.items() if part_of(name) is None})
        if len(names) < 2 or 2 * len(names) > len(images) or 1 in names.values():
            return None
        said = ", ".join(sorted(names, key=natural_order)[:3])
        said += " and others" if len(names) > 3 else ""
        return (
            f"the names of its files begin with {said}: if these are the classes, move the images "
            "into folders of these names"
        )

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
                *_masks_of_images(layout),
                *_other_files(layout),
                *_empty_folders(path, layout),
                *unread_part_lists(file for file in files_under(path) if file not in layout.others),
            ],
        )


@dataclass(frozen=True)
class _Place:
    part: str  # empty where there are no parts
    class_name: str
    directly: bool  # in the class's folder itself or its `images`, not in another folder inside it


@dataclass(frozen=True)
class _Layout:
    """Where the classes' folders stand. Files are relative to the path that is read."""

    base: str  # holds the class folders, or the parts' folders with these in them
    parts: Mapping[str, ListedPart]  # by the names of their folders; empty where there are none
    classes: list[str]
    places: dict[str, _Place]  # of the images
    homeless: list[str]  # images that are in no class's folder
    masks: list[str]  # of the images
    others: list[str]  # files in the classes' folders that are no images


def _layout(path: Path) -> _Layout | None:
    """Find the class folders, if the folder is laid out so."""
    files = files_under(path)
    images = [file for file in files if is_image(file)]
    if not images:
        return None
    base = os.path.commonpath([os.path.dirname(file) for file in images])
    top = {_folders(base, file)[0] for file in images if _folders(base, file)}
    parts = parts_among(sorted(top))
    if len(parts) < 2:
        parts = {}
    placed = {file: _place(base, file, parts) for file in files}
    masks = set(masks_among(path, images))
    places = {file: place for file in images if (place := placed[file]) and file not in masks}
    classes = {place.class_name for place in places.values()}
    are_of_masks = any(are_masked(path / base / one) for one in ("", *parts))
    if are_of_masks or {"images", "masks"} <= classes or example_of_object_masks(path):
        return None  # pictures and their masks, not two classes
    # A class's folder holds images itself; one that holds only folders is something else.
    if len(classes) < 2 or classes != {one.class_name for one in places.values() if one.directly}:
        return None
    return _Layout(
        base=base,
        parts=parts,
        classes=sorted(classes, key=natural_order),
        places=places,
        homeless=[file for file in images if placed[file] is None],
        masks=[file for file in images if file in masks],
        others=[
            file
            for file in files
            if (place := placed[file]) and place.class_name in classes and not is_image(file)
        ],
    )


def _folders(base: str, file: str) -> list[str]:
    """Return the names of the folders between the base and a file."""
    return file.removeprefix(f"{base}/" if base else "").split("/")[:-1]


def _place(base: str, file: str, parts: Mapping[str, ListedPart]) -> _Place | None:
    """Return the part and the class of a file, or nothing if it is in no class's folder."""
    if base and not file.startswith(f"{base}/"):
        return None
    folders = _folders(base, file)
    part = ""
    if parts:
        outer = folders.pop(0) if folders else ""
        if outer not in parts:
            return None
        part = parts[outer]
        if folders[:1] == [outer]:  # an archive that holds a folder of its own name
            folders.pop(0)
    if not folders or (part and folders == [_IMAGES]):
        return None  # a part without folders of classes
    return _Place(part, normalised(folders[0]), directly=folders[1:] in ([], [_IMAGES]))


def _may_be_class(folder: str) -> bool:
    return folder not in ("", _IMAGES) and part_of(folder) is None


def _beginning(name: str) -> str:
    """Return the words that a file's name begins with, up to the first number."""
    words = _WORDS.match(name)
    return words[0] if words else ""


def _images_without_class(layout: _Layout) -> list[Finding]:
    return [
        left_out("image_without_class", f"{file} is in no class's folder", file=file)
        for file in layout.homeless
    ]


def _masks_of_images(layout: _Layout) -> list[Finding]:
    if not layout.masks:
        return []
    first = layout.masks[0]
    masks = counted(len(layout.masks), "mask", "masks")
    said = (
        f"{masks} of images, such as {first}, are not read: with --format index_masks and a class "
        "table they are"
    )
    return [left_out("masks_unread", said, file=first)]


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
    folders = {os.path.dirname(file) for file in (*layout.places, *layout.homeless)}
    filled = folders | {str(outer) for one in folders for outer in PurePosixPath(one).parents}
    base = path / layout.base
    parts = [folder for folder in subfolders(base) if folder.name in layout.parts]
    again = [folder / folder.name for folder in parts]
    return [
        left_out(
            "empty_folder",
            f"the folder {folder.name} holds no images: it is no class",
            file=normalised(os.path.relpath(folder, path)),
        )
        for parent in (base, *parts, *(folder for folder in again if folder.is_dir()))
        for folder in subfolders(parent)
        if folder.relative_to(path).as_posix() not in filled
        and normalised(folder.name) not in layout.classes
    ]
