"""Cityscapes: views of streets, masks whose pixels are its label ids, and outlines of objects."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import files_under, is_image, normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.index_masks import class_table_of_masks
from model_playground.datasets.json_files import JsonFile
from model_playground.datasets.parts import part_of_folders
from model_playground.datasets.records import IGNORED_PIXEL_VALUE, ClassRecord

_OUTLINES = "_polygons.json"
_MASKS = "_labelIds.png"
_KINDS = ("_gtFine", "_gtCoarse")
_IMAGE_ENDING = "_leftImg8bit"
_GROUP = "group"  # behind the class of many objects in one: `cargroup`
_LARGEST_NUMBER = 2.0**53
_LARGEST_ID = 33
_EVALUATED = {
    7: "road",
    8: "sidewalk",
    11: "building",
    12: "wall",
    13: "fence",
    17: "pole",
    19: "traffic light",
    20: "traffic sign",
    21: "vegetation",
    22: "terrain",
    23: "sky",
    24: "person",
    25: "rider",
    26: "car",
    27: "truck",
    28: "bus",
    31: "train",
    32: "motorcycle",
    33: "bicycle",
}
"""The labels that the benchmark evaluates, by their ids."""


class _File(msgspec.Struct):
    objects: list[msgspec.Raw]
    imgWidth: int | None = None
    imgHeight: int | None = None


class _Object(msgspec.Struct):
    label: str
    polygon: list[tuple[float, float]]
    deleted: int | bool | None = None


@FORMATS.register
class Cityscapes(Format):
    """Cityscapes: `…_leftImg8bit.png` with `…_gtFine_labelIds.png` and `…_gtFine_polygons.json`.

    The images stand in `leftImg8bit`, what is said of them in `gtFine` or `gtCoarse`, both in
    folders of parts and cities. Segmentation reads the masks, with the 19 classes that the
    benchmark evaluates; pixels of all other labels are ignored. With --class-table, or a class
    table beside the folders, the masks are read as index masks instead. The other tasks read the
    outlines.
    """

    name = "cityscapes"
    title = "Cityscapes"
    tasks: ClassVar[tuple[str, ...]] = (
        *("segmentation", "instance_segmentation", "detection", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`…_labelIds.png`", "with `--task segmentation`, or where they are there: the mask"),
        Held("labels that the benchmark does not evaluate", "ignored in masks, reported"),
        Held("`…_polygons.json`", "with the other tasks, or without masks: outlines"),
        Held("`cargroup` and alike", "a crowd of the class"),
        Held("`…_instanceIds.png`, `…_color.png`", "not read"),
        Held("folders train, val, test", "the partition"),
        Held("a file whose image is not there", "blocks the import, reported"),
        Held("an image without a file", "left out, counted"),
    )

    def detect(self, path: Path) -> str | None:
        files = files_under(path) if path.is_dir() else []
        found = next((one for one in files if _base(one, _OUTLINES) or _base(one, _MASKS)), None)
        has_images = any(f"{_IMAGE_ENDING}." in one for one in files)
        if found is None or not has_images or class_table_of_masks(path) is not None:
            return None  # a table beside the masks names other classes
        return f"{found} is called as Cityscapes calls its labels"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        reading = _Reading(path)
        has_masks = next(reading.labels(_MASKS), None) is not None
        if task is None:
            task = "segmentation" if has_masks else "instance_segmentation"
        if task == "segmentation":
            return reading.with_masks()
        return reading.with_outlines(task)


def _base(file: str, ending: str) -> str | None:
    """Return what the names of an image and of its labels begin with.

    >>> _base("gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png", "_labelIds.png")
    'ulm_000001_000019'
    """
    name = os.path.basename(file)
    kind = next((one for one in _KINDS if name.endswith(f"{one}{ending}")), None)
    return name.removesuffix(f"{kind}{ending}") if kind else None


@dataclass
class _Reading:
    root: Path
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # by image

    @cached_property
    def images(self) -> dict[str, list[str]]:
        """The images by what their names begin with."""
        found: dict[str, list[str]] = defaultdict(list)
        for file in files_under(self.root):
            stem = os.path.splitext(os.path.basename(file))[0]
            if is_image(file) and stem.endswith(_IMAGE_ENDING):
                found[stem.removesuffix(_IMAGE_ENDING)].append(file)
        return found

    def labels(self, ending: str) -> Iterator[tuple[str, str]]:
        """Yield the files of labels, with what the names of their images begin with."""
        for file in files_under(self.root):
            base = _base(file, ending)
            if base is not None:
                yield file, base

    def with_masks(self) -> Draft:
        """Return the images with masks.

        Raises:
            InvalidError: there are none.
        """
        for file, base in self.labels(_MASKS):
            place = self._add_item(file, base)
            if place is not None:
                self.items[place].mask_path = os.path.join(self.root, file)
        if not self.items and not self.findings:
            raise InvalidError(
                "cityscapes.no_masks",
                "{path} holds no masks {ending}, which segmentation needs: choose "
                "--task instance_segmentation for the outlines",
                path=str(self.root),
                ending=f"…{_MASKS}",
            )
        self._report_unlabelled("image_without_mask", "a mask")
        said = (
            f"pixels of the {_LARGEST_ID + 1 - len(_EVALUATED)} labels that Cityscapes' benchmark "
            "does not evaluate are ignored; --class-table says other classes"
        )
        first = self.items[0].source_file if self.items else ""
        self.findings.append(information("classes_assumed", said, file=first))
        return Draft(
            root=self.root,
            task="segmentation",
            items=self.items,
            classes=tuple(
                ClassRecord(index, name, value)
                for index, (value, name) in enumerate(_EVALUATED.items())
            ),
            findings=self.findings,
            ignored_pixel_values=(
                *(value for value in range(_LARGEST_ID + 1) if value not in _EVALUATED),
                IGNORED_PIXEL_VALUE,
            ),
        )

    def with_outlines(self, task: str) -> Draft:
        """Return the images with the outlines of what is on them."""
        annotations, classes = DraftAnnotations(), ClassNames()
        for file, base in self.labels(_OUTLINES):
            read = self._read_file(file, base)
            place = None if read is None else self._add_item(file, base)
            if read is not None and place is not None:
                self._add_objects(*read, place, annotations, classes)
        self._report_unlabelled("missing_annotation_file", "outlines")
        return Draft(
            root=self.root,
            task=task,
            items=self.items,
            classes=classes.sorted(annotations),
            findings=self.findings,
            annotations=annotations,
        )

    def _add_item(self, file: str, base: str) -> int | None:
        """Add the item of a file of labels, or say why its image cannot be had."""
        name, found = normalised(file), self.images.get(base, [])
        if len(found) != 1:
            said = f"{name} may be of {len(found)} images" if found else f"{name} has no image"
            kind = "ambiguous_file" if found else "annotation_without_image"
            said += f" {base}{_IMAGE_ENDING}"
            self.findings.append(blocking(kind, said, file=name))
            return None
        (image,) = found
        if image in self.files:
            said = f"{name} is of the image {image}, as {self.files[image]} is: keep one of them"
            self.findings.append(blocking("image_twice", said, file=name))
            return None
        self.files[image] = name
        self.items.append(
            DraftItem(
                os.path.join(self.root, image),
                source_file=name,
                partition=part_of_folders(name) or part_of_folders(normalised(image)),
            )
        )
        return len(self.items) - 1

    def _read_file(self, path: str, base: str) -> tuple[JsonFile, _File] | None:
        """Read a file of outlines; the image of one that cannot be read is no item."""
        name = normalised(path)
        try:
            file = JsonFile(self.root / path, name)
            said = file.decoded(_File)
        except InvalidError as error:
            line = error.arguments["line"]
            self.findings.append(blocking("unreadable_labels", str(error), file=name, line=line))
            self.files |= dict.fromkeys(self.images.get(base, ()), name)
            return None
        self.findings += file.findings
        return file, said

    def _add_objects(
        self,
        file: JsonFile,
        said: _File,
        place: int,
        annotations: DraftAnnotations,
        classes: ClassNames,
    ) -> None:
        self.items[place].size_wh = _size_wh(said)
        for raw in said.objects:
            line = file.line_of(raw)
            try:
                one: _Object = file.value_of(raw, _Object)
                ring = _ring(one)
            except ValueError as error:
                message = (
                    f"line {line} of {file.name}: an object cannot be read ({error}): left out"
                )
                found = left_out("bad_annotation", message, file=file.name, line=line)
                self.findings.append(found)
                continue
            if one.deleted:
                continue
            is_crowd = one.label.endswith(_GROUP) and one.label != _GROUP
            annotations.add_polygon(
                place,
                [ring],
                class_index=classes.index(
                    one.label.removesuffix(_GROUP) if is_crowd else one.label
                ),
                crowd=is_crowd,
                source_file=file.name,
                source_line=line,
            )

    def _report_unlabelled(self, kind: str, what: str) -> None:
        left = [one for found in self.images.values() for one in found if one not in self.files]
        if left:
            first = normalised(left[0])
            images = counted(len(left), "image has", "images have")
            said = f"{images} no file of {what}, such as {first}: left out"
            self.findings.append(left_out(kind, said, file=first))


def _size_wh(said: _File) -> tuple[int, int] | None:
    width, height = said.imgWidth or 0, said.imgHeight or 0
    return (width, height) if all(0 < one < 2**31 for one in (width, height)) else None


def _ring(one: _Object) -> list[float]:
    if not one.label:
        raise ValueError("it has no label")
    if not one.polygon:
        raise ValueError("its outline has no corners")
    ring: list[Any] = [number for corner in one.polygon for number in corner]
    if not all(abs(number) <= _LARGEST_NUMBER for number in ring):
        raise ValueError("a coordinate is too large")
    return ring
