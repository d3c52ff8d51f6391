"""COCO panoptic: masks of segments, and a JSON file that says the class of each segment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import msgspec

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import NamedImages, files_under, is_image, is_inside
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.coco import check_categories, is_panoptic, partition_of
from model_playground.datasets.formats.draft import Box
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.json_files import RECOGNISED_BY, json_files_in
from model_playground.datasets.records import ClassRecord

Id = int | str


class _Segment(msgspec.Struct):
    id: int
    category_id: Id
    area: float | None = None
    bbox: list[float] | None = None
    iscrowd: int | bool | None = None


class _Annotation(msgspec.Struct):
    image_id: Id
    file_name: str
    segments_info: list[_Segment]


class _Image(msgspec.Struct):
    id: Id
    file_name: str
    width: int | None = None
    height: int | None = None


class _Category(msgspec.Struct):
    id: int
    name: str


class _File(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


@FORMATS.register
class CocoPanoptic(Format):
    """A COCO panoptic JSON file, and a PNG mask for each image whose pixels number its segments.

    `segments_info` says the class of each number, which is red + 256·green + 65536·blue; 0 is no
    segment. The masks stand in a folder named as the file (`panoptic_val2017.json` and
    `panoptic_val2017/`) or beside it, the images in the dataset's folder or in folders inside it.
    """

    name = "coco_panoptic"
    title = "COCO panoptic"
    tasks: ClassVar[tuple[str, ...]] = ("panoptic_segmentation",)
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`segments_info`", "segments: class, area, box and crowd"),
        Held("PNG masks", "the item's mask; its pixels number the segments"),
        Held("`categories`", "classes in the order of the file; ids are kept"),
        Held("`isthing`, `supercategory`", "not read"),
        Held("`panoptic_val….json` and alike", "the partition"),
    )
    is_certain: ClassVar[bool] = True

    def detect(self, path: Path) -> str | None:
        files = _files(path, at_most=RECOGNISED_BY)
        return f"{files[0].name} has `segments_info`" if files else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        root = path if path.is_dir() else path.parent
        if path.is_file() and root.name == "annotations":
            root = root.parent
        reading = _Reading(root)
        for file in files:
            reading.add(file)
        return Draft(
            root=root,
            task="panoptic_segmentation",
            items=reading.items,
            classes=tuple(
                ClassRecord(index, name, source_id)
                for index, (name, source_id) in enumerate(reading.classes.items())
            ),
            findings=reading.findings,
            annotations=reading.annotations,
            masks_number_segments=True,
        )


def _files(path: Path, *, at_most: int | None = None) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" and is_panoptic(path) else []
    folders = [path, path / "annotations"] if path.is_dir() else []
    return [
        file
        for folder in folders
        for file in json_files_in(folder, at_most=at_most)
        if is_panoptic(file)
    ]


@dataclass
class _Reading:
    """What has been read of one or several files of a dataset."""

    root: Path
    items: list[DraftItem] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    findings: list[Finding] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def add(self, path: Path) -> None:
        """Read a file."""
        name = os.path.relpath(path, self.root).replace(os.sep, "/")
        try:
            said = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=_File)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _unreadable(path, str(error)) from None
        index = self._add_classes(said, path, name)
        masks, images = self._masks_and_images(path)
        by_id = {str(one.id): one for one in said.images}
        for annotation in said.annotations:
            image = by_id.pop(str(annotation.image_id), None)
            if image is None:
                message = f"{name}: {annotation.file_name} is of no image that is listed"
                self.findings.append(left_out("unknown_image", message, file=name))
                continue
            mask = self._found(masks, annotation.file_name, name)
            picture = self._found(images, image.file_name, name)
            if mask is None or picture is None:
                continue
            if picture in self._known:
                self._block("image_twice", f"the image {image.file_name} is named twice", name)
                continue
            self._known.add(picture)
            size = (image.width, image.height) if image.width and image.height else None
            fits = size is not None and all(0 < side < 2**31 for side in size)
            self.items.append(
                DraftItem(
                    picture,
                    mask_path=mask,
                    partition=partition_of(path),
                    size_wh=size if fits else None,
                    source_file=name,
                )
            )
            self._add_segments(annotation, index, name)
        for image in by_id.values():
            message = f"{name}: the image {image.file_name} has no annotation: it is left out"
            self.findings.append(left_out("image_without_mask", message, file=name))

    def _add_classes(self, said: _File, path: Path, name: str) -> dict[str, int]:
        """Return the index of each class by its id as text."""
        names = [one.name for one in said.categories]
        check_categories(path, name, [one.id for one in said.categories], names)
        for one in said.categories:
            if not -(2**63) <= one.id < 2**63:
                raise _unreadable(path, f"the category id {one.id} is too large")
            self.classes.setdefault(one.name, one.id)
        places = {name: place for place, name in enumerate(self.classes)}
        return {str(one.id): places[one.name] for one in said.categories}

    def _masks_and_images(self, path: Path) -> tuple[NamedImages, NamedImages]:
        own = path.with_suffix("")
        folder = own if own.is_dir() and is_inside(own, self.root) else path.parent
        prefix = "" if folder == self.root else f"{folder.relative_to(self.root).as_posix()}/"
        files = [one for one in files_under(self.root) if is_image(one)]
        masks = [one for one in files if one.startswith(prefix) and one.lower().endswith(".png")]
        others = [one for one in files if not prefix or not one.startswith(prefix)]
        return (
            NamedImages(self.root, [folder], masks),
            NamedImages(self.root, [self.root / "images", path.parent], others),
        )

    def _found(self, files: NamedImages, wanted: str, name: str) -> str | None:
        found, by_name = files.find(wanted)
        if len(found) != 1:
            kind = "ambiguous_file" if found else "missing_file"
            why = "may be several files" if found else f"is not in {self.root}"
            self._block(kind, f"{wanted} {why}", name)
            return None
        there = os.path.relpath(found[0], self.root)
        if by_name and os.path.basename(there) != wanted:
            message = f"{name} names {wanted}; {there} is read"
            self.findings.append(information("path_remapped", message, file=name))
        return found[0]

    def _add_segments(self, annotation: _Annotation, index: dict[str, int], name: str) -> None:
        seen: set[int] = set()
        for one in annotation.segments_info:
            called = f"{name}: the segment {one.id} of {annotation.file_name}"
            if str(one.category_id) not in index:
                said = f"{called} has the category {one.category_id}, which is not listed"
                self.findings.append(left_out("unknown_class_id", said, file=name))
            elif not 0 < one.id < 2**24 or one.id in seen:
                said = f"{called} is listed twice or is no number of a colour"
                self.findings.append(left_out("bad_annotation", said, file=name))
            else:
                seen.add(one.id)
                self.annotations.add_segment(
                    len(self.items) - 1,
                    one.id,
                    class_index=index[str(one.category_id)],
                    box_xyxy=_box(one.bbox),
                    crowd=bool(one.iscrowd),
                    area=one.area,
                    source_file=name,
                    source_id=str(one.id),
                )

    def _block(self, kind: str, said: str, name: str) -> None:
        self.findings.append(blocking(kind, f"{name}: {said}", file=name))


def _box(xywh: list[float] | None) -> Box | None:
    if xywh is None or len(xywh) != 4:
        return None
    left, top, width, height = xywh
    return left, top, left + width, top + height


def _unreadable(path: Path, why: str) -> InvalidError:
    return InvalidError(
        "coco.unreadable", "the COCO file {file} cannot be read: {why}", file=str(path), why=why
    )
