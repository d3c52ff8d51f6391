"""A folder for each image, with a mask of its own for each object."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.file_names import files_under, is_image, is_inside, normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.images import image_size_wh
from model_playground.datasets.parts import parts_among

_IMAGES, _MASKS = "images", "masks"
_CLASS = "object"


@FORMATS.register
class ObjectMasks(Format):
    """A folder for each image: the image in `images` there, a mask for each object in `masks`.

    So the Data Science Bowl of 2018 has its nuclei: `<id>/images/<id>.png` and `<id>/masks/….png`.
    What is not black in a mask is of the object; all objects are of the class `object`. The folders
    may stand in folders inside the one that is read.
    """

    name = "object_masks"
    title = "Masks of objects"
    tasks: ClassVar[tuple[str, ...]] = (
        *("instance_segmentation", "segmentation", "detection", "tagging"),
    )
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`<id>/images/….png`", "the item"),
        Held("`<id>/masks/….png`", "run lengths, one object a file"),
        DRAWN_MASKS,
        Held("folders such as `stage1_train` and `stage1_test`", "the partition"),
        Held("an empty folder `masks`, or none", "the image is left out, counted"),
        Held(
            "a mask of another size, of more than two values, or without an object",
            "left out, reported",
        ),
    )

    def detect(self, path: Path) -> str | None:
        example = example_of_object_masks(path) if path.is_dir() else None
        if example is None:
            return None
        return f"{example} and alike have an image in images and its objects' masks in masks"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        reading = _Reading(path, options.follow_links)
        folders = _folders(path)
        parts = parts_among({one.split("/")[0] for one in folders})
        for folder, inside in folders.items():
            reading.add(folder, inside, parts.get(folder.split("/")[0]))
        return reading.draft(task)


def example_of_object_masks(path: Path) -> str | None:
    """Return a folder of one image and its masks, if most folders with images are so.

    One of them has several masks: else they are those of whole images.
    """
    folders = _folders(path)
    masked = [one for one, it in folders.items() if len(it.images) == 1 and it.masks]
    are_most = len(masked) > 1 and 2 * len(masked) >= len(folders)
    are_of_objects = any(len(inside.masks) > 1 for inside in folders.values())
    return masked[0] if are_most and are_of_objects else None


@dataclass
class _Inside:
    """The images and the masks of one folder."""

    images: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)


def _folders(path: Path) -> dict[str, _Inside]:
    """Return the folders that have a folder `images`, with what is in it and in `masks`."""
    found: dict[str, _Inside] = defaultdict(_Inside)
    for file in files_under(path):
        folder, _, name = os.path.dirname(file).rpartition("/")
        if folder and name in (_IMAGES, _MASKS) and is_image(file):
            inside = found[folder]
            (inside.images if name == _IMAGES else inside.masks).append(file)
    return {folder: inside for folder, inside in found.items() if inside.images}


@dataclass
class _Reading:
    """What has been read of the folders."""

    root: Path
    follow_links: bool
    items: list[DraftItem] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    findings: list[Finding] = field(default_factory=list)
    without_masks: list[str] = field(default_factory=list)

    def add(self, folder: str, inside: _Inside, part: str | None) -> None:
        """Read the masks of a folder's image."""
        if not inside.masks:
            self.without_masks += inside.images
            return
        if len(inside.images) > 1:
            name = normalised(folder)
            said = f"{name} has {len(inside.images)} images: whose its masks are cannot be told"
            self.findings.append(blocking("ambiguous_mask", said, file=name))
            return
        path = os.path.join(self.root, inside.images[0])
        size_wh = image_size_wh(Path(path))
        if size_wh is None:
            name = normalised(inside.images[0])
            said = f"{name}: its size cannot be read, so that its masks cannot be compared with it"
            self.findings.append(blocking("unreadable_image", said, file=name))
            return
        self.items.append(DraftItem(path, source_file=normalised(inside.masks[0]), partition=part))
        for mask in inside.masks:
            self._add_mask(mask, size_wh)

    def _add_mask(self, path: str, size_wh: tuple[int, int]) -> None:
        name, file = normalised(path), self.root / path
        if not self.follow_links and not is_inside(file, self.root):
            said = f"{name} leads out of the dataset's folder: it is left out"
            self.findings.append(left_out("link_outside", said, file=name))
            return
        try:
            counts = _run_lengths(file, size_wh)
        except ValueError as error:
            said = f"{name}: {error}: it is left out"
            self.findings.append(left_out("unreadable_mask", said, file=name))
            return
        size_hw = size_wh[1], size_wh[0]
        self.annotations.add_rle(
            len(self.items) - 1,
            counts,
            size_hw,
            run_lengths.box_of(counts, size_hw),
            class_index=self.classes.index(_CLASS),
            source_file=name,
        )

    def draft(self, task: str | None) -> Draft:
        """Return what was read."""
        if self.items:
            file = self.items[0].source_file
            said = f"nothing says what the objects are: the class is `{_CLASS}`"
            self.findings.append(information("class_assumed", said, file=file))
        if self.without_masks:
            name = normalised(self.without_masks[0])
            images = counted(len(self.without_masks), "image has", "images have")
            said = f"{images} no masks, such as {name}: left out"
            self.findings.append(left_out("image_without_mask", said, file=name))
        return Draft(
            root=self.root,
            task=task or "instance_segmentation",
            items=self.items,
            classes=self.classes.sorted(self.annotations),
            findings=self.findings,
            annotations=self.annotations,
        )


def _run_lengths(file: Path, size_wh: tuple[int, int]) -> str:
    """Return the run lengths of what is not black in a mask.

    Raises:
        ValueError: it cannot be read, or is no mask of one object of an image of that size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an image too large to be one is only warned of
            with Image.open(file) as image:
                found = image.size
                pixels = np.asarray(image.convert("L")) if found == size_wh else None
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        raise ValueError(f"it is no image that can be read ({error})") from None
    if pixels is None:
        (width, height), (wanted, high) = found, size_wh
        raise ValueError(f"it is {width}×{height} pixels, and its image {wanted}×{high}")
    values = np.unique(pixels)
    if len(values) > 2:
        raise ValueError(f"it has {len(values)} values, where a mask of one object has two")
    if not values.any():
        raise ValueError("it is black: no pixel is of an object")
    return run_lengths.of_mask(pixels)
