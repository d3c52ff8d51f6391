"""YOLO: a text file for each image, a line for each object."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import files_under, is_inside, subfolders
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import Box, box_around
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftAnnotations,
    DraftItem,
    Export,
    Held,
    ReadOptions,
    WritableFormat,
)
from model_playground.datasets.formats.yolo_layout import (
    FOLDERS,
    RESERVED,
    Layout,
    Source,
    describes,
    descriptions,
    find_layout,
    is_label_name,
    looks_like_labels,
    names_beside,
    read_description,
)
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import OBJECT_KINDS, ClassRecord, Revision
from model_playground.datasets.rows_by_item import Row, rows_by_item
from model_playground.datasets.text_files import UnreadableTextError, text_of

_BOX_NUMBERS = 4
_CORNERS_NUMBERS = 8  # of a turned box: four corners
_LEAST_OUTLINE = 6  # numbers of three points
_FAR_OUTSIDE = 2.0  # a share this large is likely a number of pixels
_TOO_LARGE = 1e12  # for a class id, and for a share
_NO_NUMBER = re.compile(r"[^-+0-9.eE]")


@FORMATS.register
class Yolo(WritableFormat):
    """A text file for each image with a line for each object: its class id, then shares of the
    image's width and height.

    Four numbers are a box (centre, width, height); six or more are an outline (x, y, x, y, …). Four
    corners are an outline like any other; where all objects of a dataset have four, or its
    description says `task: obb`, they are turned boxes, and the dataset is for detection.

    A `data.yaml` (or `obj.data`) names classes and parts; paths in it start from the file or from
    its `path`, and those of another machine are looked for by their last folders. Without one the
    folders show the parts and `classes.txt` the names. Labels stand in `labels` for `images`, or
    beside the images. An empty label file says that nothing is in the image; one that is missing
    says nothing, so that the image keeps the status NEW.
    """

    name = "yolo"
    title = "YOLO"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging"),
    )
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`id x y width height`", "a box", "the same"),
        Held("`id x y width height confidence`", "a box with the attribute `confidence`", "a box"),
        Held("`id x y x y x y …`", "a polygon", "the same; pieces of an object are joined"),
        DRAWN_MASKS,
        Held("`id` and four corners", "a polygon, turned boxes too", "the same"),
        Held("keypoints (`kpt_shape`)", "the box; keypoints are not read, reported"),
        Held("`names`, `classes.txt`", "classes; ids are kept", "`names` in `data.yaml`"),
        Held("`train`, `val`, `test`, `path`", "the partition", "folders and `data.yaml`"),
        Held("an empty label file", "an image with nothing in it", "the same"),
        Held("no label file", "an image that is still NEW, reported", "the same"),
    )

    by_stem: ClassVar[bool] = True
    is_certain: ClassVar[bool] = True

    def detect(self, path: Path) -> str | None:
        if path.is_file():
            return f"{path.name} names classes and parts" if describes(path) else None
        folder = _dataset_folder(path)
        described = descriptions(folder)
        if described:
            return f"{described[0].name} names classes and parts"
        labels = _label_folder(folder)
        return f"the text files in {labels} hold ids and shares" if labels else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        layout = _layout(path)
        reading = _Reading(layout, follow_links=options.follow_links)
        for source in layout.sources:
            reading.add(source)
        if not reading.items and not layout.findings:
            raise InvalidError(
                "yolo.no_images",
                "{path} has label files or a description of a YOLO dataset, but no images",
                path=str(path),
            )
        classes = reading.number_classes()
        reading.report()
        return Draft(
            root=layout.root,
            task=task or reading.task,
            items=reading.items,
            classes=classes,
            findings=[*layout.findings, *reading.findings],
            annotations=reading.annotations,
            relative=True,
            image_folders=tuple(source.images for source in layout.sources),
        )

    def losses(self, revision: Revision) -> list[Finding]:
        return list(_losses(revision))

    def image_path(self, path: str, partition: str | None) -> str:
        """Return images/<part>/…, without what the source has for that."""
        pieces = [one for one in path.split("/") if one.lower() not in (*FOLDERS, "labels")]
        while len(pieces) > 1 and (part_of(pieces[0]) or pieces[0] == _folder_of(partition)):
            del pieces[0]
        return "/".join(["images", _folder_of(partition), *pieces])

    def write(self, export: Export) -> None:
        revision = export.revision
        ids = _written_ids(revision.classes)
        parts: dict[str, str] = {}
        for item, said in rows_by_item(revision):
            partition = item["partition"]
            parts.setdefault(_key_of(partition), f"images/{_folder_of(partition)}")
            lines = [_line(item, one, ids) for one in said if _is_written(one)]
            if not lines and export.statuses.get(item["item_id"], "NEW") == "NEW":
                continue
            image = export.paths[item["path"]]
            file = export.folder / "labels" / image.removeprefix("images/")
            file = file.with_suffix(".txt")
            file.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(f"{line}\n" for line in lines)
            file.write_text(text, encoding="utf-8", newline="\n")
        names = {ids[one.index]: one.name for one in revision.classes}
        head = {"path": ".", **parts, "names": dict(sorted(names.items()))}
        text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=2**16)
        (export.folder / "data.yaml").write_text(text, encoding="utf-8", newline="\n")


# Which files


def _dataset_folder(path: Path) -> Path:
    """Return the folder, or the one inside it in which a download is wrapped."""
    if descriptions(path) or _label_folder(path):
        return path
    inside = subfolders(path)
    return inside[0] if len(inside) == 1 else path


def _label_folder(folder: Path) -> Path | None:
    inside = subfolders(folder)
    places = [one for one in inside if one.name.lower() == "labels"]
    places += [
        place
        for part in inside
        if part_of(part.name)
        for place in (*(one for one in subfolders(part) if one.name.lower() == "labels"), part)
    ]
    places += [one for one in inside if one.name.lower() in FOLDERS]
    return next((one for one in (*places, folder) if looks_like_labels(one)), None)


def _layout(path: Path) -> Layout:
    if path.is_file():
        return find_layout(path.parent, read_description(path))
    folder = _dataset_folder(path)
    described = descriptions(folder)
    if len(described) > 1:
        raise InvalidError(
            "yolo.several_descriptions",
            "{path} has several descriptions of a YOLO dataset ({files}): give the path of one",
            path=str(folder),
            files=", ".join(one.name for one in described),
        )
    return find_layout(folder, read_description(described[0]) if described else None)


# Reading


@dataclass
class _Reading:
    """What has been read of the label files of a dataset."""

    layout: Layout
    follow_links: bool
    items: list[DraftItem] = field(default_factory=list)
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _class_ids: dict[int, int] = field(default_factory=dict)  # those met, by their present index
    _places: dict[str, str] = field(default_factory=dict)  # of images: the part
    _examples: dict[str, tuple[str, int]] = field(default_factory=dict)
    _fit_folders: dict[Path, bool] = field(default_factory=dict)  # inside the dataset, or not

    @property
    def task(self) -> str:
        """What the labels are for first of all."""
        return "instance_segmentation" if self.counts["outline"] else "detection"

    @cached_property
    def names(self) -> dict[int, str]:
        """The classes by their ids; none where nothing names them."""
        description = self.layout.description
        if description is not None and description.names:
            return description.names
        beside = names_beside(self.layout.root)
        if beside is not None:
            return beside[1]
        if description is not None and description.count is not None:
            return {number: str(number) for number in range(description.count)}
        return {}

    def add(self, source: Source) -> None:
        """Read the images of a folder and their label files."""
        labels = {os.path.splitext(one)[0]: one for one in _label_files(source.labels)}
        stems = {os.path.splitext(one)[0] for one in source.files}
        stems_of_folder = stems if source.is_whole else _stems_in(source.images)
        shared: dict[str, list[str]] = defaultdict(list)  # paths of images by the part before
        for image in source.files:
            path = os.path.join(source.images, image)
            partition = source.partition or part_of(image.split("/")[0]) or None
            if path in self._places:
                shared[self._places[path]].append(path)
                continue
            self._places[path] = partition or "no part"
            self._add_image(path, partition, source, labels.get(os.path.splitext(image)[0]))
        for part, paths in shared.items():
            first = self._name(Path(paths[0]))
            said = (
                f"{counted(len(paths), 'image', 'images')} of {source.partition} can be found in "
                f"{part} too, such as {first}: what is in both stays in {part}"
            )
            self.findings.append(left_out("image_in_two_parts", said, file=first))
        for stem in labels.keys() - stems_of_folder:
            name = self._name(source.labels / labels[stem])
            said = f"{name} has no image of that name in {source.images}: it is left out"
            self.findings.append(left_out("annotation_without_image", said, file=name))

    def _add_image(
        self, path: str, partition: str | None, source: Source, label: str | None
    ) -> None:
        place = len(self.items)
        image = self._name(Path(path))
        if label is None:
            description = self.layout.description
            if description is not None and description.skips_unlabelled:
                said = f"{image} has no label file: it is left out, as {description.file.name} says"
                self.findings.append(left_out("missing_annotation_file", said, file=image))
                return
            said = f"{image} has no label file: it is kept as NEW"
            self.findings.append(warning("missing_annotation_file", said, file=image))
            self.items.append(DraftItem(path, partition=partition, status="NEW"))
            return
        file = source.labels / label
        name = self._name(file)
        fault = self._label_fault(file, source.labels)
        text = ""
        if fault is None:
            try:
                text = text_of(file, most_bytes=2**26)
            except UnreadableTextError as error:
                fault = blocking("unreadable_labels", f"{name}: {error}", file=name)
        if fault is not None:
            self.findings.append(fault)
            return
        self.items.append(DraftItem(path, partition=partition, source_file=name))
        if not text.strip():
            said = f"{name} is empty: nothing is in its image"
            self.findings.append(information("empty_annotation_file", said, file=name))
            self.items[place].status = "DONE"
        self._add_lines(place, text, name)

    def _label_fault(self, file: Path, folder: Path) -> Finding | None:
        """Refuse a label file that a link leads out of the dataset to."""
        if self.follow_links:
            return None
        beside = file.parent
        if beside not in self._fit_folders:
            self._fit_folders[beside] = self._is_fit(beside, folder)
        if self._fit_folders[beside] and not file.is_symlink():
            return None  # as nearly all are; following links costs more than reading the file
        if self._is_fit(file, folder):
            return None
        name = self._name(file)
        said = f"{name} leads out of the dataset's folder: copy it there"
        return blocking("link_outside", said, file=name)

    def _is_fit(self, path: Path, folder: Path) -> bool:
        return is_inside(path, folder) or is_inside(path, self.layout.root)

    def _add_lines(self, item: int, text: str, name: str) -> None:
        seen: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            pieces = line.split()
            if not pieces:
                continue
            fault = self._add_object(item, pieces, name, number)
            if fault is not None:
                message = f"line {number} of {name}: {fault[1]}: it is left out"
                self.findings.append(left_out(fault[0], message, file=name, line=number))
                continue
            plain = " ".join(pieces)
            first = seen.setdefault(plain, number)
            if first != number:
                said = f"line {number} of {name} is the same as line {first}: both are kept"
                self.findings.append(warning("object_twice", said, file=name, line=number))

    def _add_object(
        self, item: int, pieces: Sequence[str], name: str, line: int
    ) -> tuple[str, str] | None:
        """Add the object of a line, or return the kind of its fault and what is wrong."""
        wrong = next((one for one in pieces if not _is_number(one)), None)
        if wrong is not None:
            return "bad_annotation", f"{wrong!r} is no number"
        class_id, *numbers = map(float, pieces)
        if not all(abs(one) < _TOO_LARGE for one in (class_id, *numbers)):
            return "bad_annotation", f"a number is not finite, or not below {_TOO_LARGE:g}"
        if class_id != int(class_id) or not 0 <= class_id < 2**31:
            return "bad_annotation", f"the class id {pieces[0]} is no whole number from 0"
        if self.names and int(class_id) not in self.names:
            return "unknown_class_id", f"no class has the id {int(class_id)}"
        if numbers and max(map(abs, numbers)) > _FAR_OUTSIDE:
            self._count("far", name, line)
        said: dict[str, Any] = {"source_file": name, "source_line": line}
        confidence = None
        keypoints = self.layout.description.keypoint_columns if self.layout.description else 0
        if keypoints and len(numbers) == _BOX_NUMBERS + keypoints:
            self._count("keypoints", name, line)
            numbers = numbers[:_BOX_NUMBERS]
        elif len(numbers) == _BOX_NUMBERS + 1:
            self._count("confidence", name, line)
            confidence = numbers.pop()
        if len(numbers) == _BOX_NUMBERS:
            self._count("box", name, line)
            said["attributes"] = None if confidence is None else {"confidence": confidence}
            box_xyxy = _corners(numbers)
            self.annotations.add_box(item, box_xyxy, class_index=self._index(int(class_id)), **said)
            return None
        if len(numbers) < _LEAST_OUTLINE or len(numbers) % 2:
            return (
                "bad_annotation",
                f"{len(pieces)} columns are neither a class and a box (5) nor a class and the "
                "points of an outline (7, 9, 11, …)",
            )
        is_turned = len(numbers) == _CORNERS_NUMBERS
        self._count("four corners" if is_turned else "more corners", name, line)
        self.annotations.add_polygon(
            item, [numbers], class_index=self._index(int(class_id)), **said
        )
        return None

    def _count(self, what: str, name: str, line: int) -> None:
        self.counts[what] += 1
        self._examples.setdefault(what, (name, line))

    def _index(self, class_id: int) -> int:
        return self._class_ids.setdefault(class_id, len(self._class_ids))

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self.layout.root).replace(os.sep, "/")

    def number_classes(self) -> tuple[ClassRecord, ...]:
        """Return the classes in the order of their ids and number the annotations accordingly."""
        if not self.names and self._class_ids:
            said = (
                f"nothing names the classes of the {len(self._class_ids)} ids: the ids are taken "
                "for names; write a data.yaml or classes.txt"
            )
            first = self.items[0].source_file
            self.findings.append(warning("no_class_names", said, file=first))
        names = self.names or {one: str(one) for one in self._class_ids}
        ids = sorted(names)
        index = {class_id: place for place, class_id in enumerate(ids)}
        self.annotations.renumber_classes([index[one] for one in self._class_ids])
        return tuple(
            ClassRecord(place, names[class_id], class_id) for place, class_id in enumerate(ids)
        )

    def report(self) -> None:
        """Say once what holds for many lines, and what four corners were taken for."""
        counts = self.counts
        description = self.layout.description
        are_turned = counts["four corners"] and not counts["more corners"]
        if are_turned or (description is not None and description.is_oriented):
            why = (
                f"{description.file.name} says `task: obb`"
                if description is not None and description.is_oriented
                else "all outlines have four corners"
            )
            self._say(
                "four corners",
                "turned_boxes",
                f"{{count}} objects are turned boxes, because {why}: they are read as polygons, "
                "and the dataset is for detection",
            )
        else:
            counts["outline"] = counts["four corners"] + counts["more corners"]
        if counts["box"] and counts["outline"]:
            self._say("box", "boxes_among_outlines", "{count} objects are boxes, others outlines")
        self._say(
            "confidence",
            "confidence",
            "{count} boxes carry a sixth number: it is kept as the attribute confidence, and the "
            "labels may be a model's predictions",
        )
        if counts["keypoints"]:
            name, line = self._examples["keypoints"]
            count = counted(counts["keypoints"], "object has", "objects have")
            said = f"{count} keypoints, which are not read"
            self.findings.append(left_out("keypoints", said, file=name, line=line))
        if counts["far"]:
            name, line = self._examples["far"]
            lines = counted(counts["far"], "line holds", "lines hold")
            said = (
                f"{lines} numbers over {_FAR_OUTSIDE:g}, such as line {line} of {name}: YOLO's are "
                "shares of the image, these may be pixels"
            )
            self.findings.append(warning("no_shares", said, file=name, line=line))

    def _say(self, what: str, kind: str, said: str) -> None:
        if not self.counts[what]:
            return
        name, line = self._examples[what]
        message = said.format(count=f"{self.counts[what]:,}")
        self.findings.append(information(kind, message, file=name, line=line))


def _label_files(folder: Path) -> list[str]:
    return [one for one in files_under(folder) if is_label_name(one)]


def _stems_in(folder: Path) -> set[str]:
    return {os.path.splitext(one)[0] for one in files_under(folder)}


def _is_number(text: str) -> bool:
    if _NO_NUMBER.search(text):
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def _corners(numbers: Sequence[float]) -> Box:
    x, y, width, height = numbers
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


# Writing


def _folder_of(partition: str | None) -> str:
    """Return the folder of a part; what belongs to none is for training."""
    if partition is None:
        return "train"
    return {"validation": "val"}.get(partition) or re.sub(r"[^\w-]+", "_", partition)


def _key_of(partition: str | None) -> str:
    key = {None: "train", "validation": "val"}.get(partition, partition) or "train"
    return f"{key}_" if key in RESERVED else key


def _written_ids(classes: Sequence[ClassRecord]) -> list[int]:
    """Return the ids that the source had where every class has one that fits, else the indices."""
    own = [one.source_id for one in classes if one.source_id is not None and one.source_id >= 0]
    fits = len(set(own)) == len(classes) and all(one < 10**9 for one in own)
    return own if fits else [one.index for one in classes]


def _is_written(annotation: Row) -> bool:
    """Say whether a label is an object of the item's first image."""
    return annotation["kind"] in OBJECT_KINDS and not annotation["image_index"]


def _line(item: Row, annotation: Row, ids: Sequence[int]) -> str:
    width, height = item["width"], item["height"]
    if not width or not height:
        raise InvalidError(
            "export.no_size",
            "the size of {image} is not known, and YOLO's numbers are shares of it: import the "
            "dataset again with its images",
            image=item["path"],
        )
    outline = _joined(annotation["rings_xy"])
    if outline:
        numbers = [one / (width, height)[place % 2] for place, one in enumerate(outline)]
    else:
        left, top = annotation["left"] / width, annotation["top"] / height
        right, bottom = annotation["right"] / width, annotation["bottom"] / height
        numbers = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return " ".join([str(ids[annotation["class_index"]]), *map(_share, numbers)])


def _joined(rings_xy: Sequence[Sequence[float]] | None) -> list[float]:
    """Join the pieces of an object into one outline by lines that are gone there and back.

    >>> _joined([[0, 0, 1, 0, 1, 1], [5, 5, 6, 5, 6, 6]])
    [0, 0, 1, 0, 1, 1, 0, 0, 5, 5, 6, 5, 6, 6, 5, 5]
    """
    rings = [list(ring) for ring in rings_xy or () if len(ring) >= _LEAST_OUTLINE]
    if len(rings) < 2:
        return rings[0] if rings else []
    return [number for ring in rings for number in (*ring, *ring[:2])]


def _share(number: float) -> str:
    """Write a share so that a millionth of a pixel is not lost."""
    text = f"{number:.12f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _losses(revision: Revision) -> Iterator[Finding]:
    kinds: dict[str, int] = {
        one["values"]: one["counts"]
        for one in pc.value_counts(revision.annotations["kind"]).to_pylist()
    }
    for kind, count in kinds.items():
        if kind not in OBJECT_KINDS and kind != "mask_pixels":
            said = f"YOLO has no place for annotations of the kind {kind}: {count:,} left out"
            yield left_out("not_in_format", said)
    if revision.columns:
        said = f"YOLO has no columns such as {', '.join(revision.columns)}"
        yield left_out("not_in_format", said)
    further = revision.items.num_rows - revision.items["further_images"].null_count
    if further:
        said = f"YOLO has one image an item: of {further:,} only the first image is written"
        yield left_out("not_in_format", said)
    if revision.items["partition"].null_count:
        count = revision.items["partition"].null_count
        images = counted(count, "image is", "images are")
        yield information("no_part", f"{images} in no part: written to train")
    yield from _object_losses(revision)


def _rows(table: pa.Table) -> Iterator[Row]:
    for batch in table.to_batches(max_chunksize=8192):
        yield from batch.to_pylist()


def _object_losses(revision: Revision) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for row in _rows(revision.annotations):
        if not _is_written(row):
            counts["further images"] += row["kind"] in OBJECT_KINDS
            continue
        rings = row["rings_xy"] or []
        counts["attributes"] += bool(row["attributes"]) and json.loads(row["attributes"]) != {}
        counts["the mark of a crowd"] += bool(row["crowd"])
        counts["an area of their own"] += row["area"] is not None
        counts["run lengths"] += row["rle_counts"] is not None
        counts["short outlines"] += any(len(ring) < _LEAST_OUTLINE for ring in rings)
        counts["several pieces"] += sum(len(ring) >= _LEAST_OUTLINE for ring in rings) > 1
        whole = [ring for ring in rings if len(ring) >= _LEAST_OUTLINE]
        box = tuple(row[one] for one in ("left", "top", "right", "bottom"))
        counts["another box"] += bool(whole) and box_around(whole) != box
    for what in ("attributes", "the mark of a crowd", "an area of their own"):
        if counts[what]:
            said = (
                f"YOLO does not hold {what} of objects: {counted(counts[what], 'has', 'have')} it"
            )
            yield left_out("not_in_format", said)
    ways = {
        "run lengths": "of run lengths: written as boxes",
        "short outlines": "with an outline of fewer than three points: it is not written",
        "several pieces": "of several pieces: written as one outline, joined by lines",
        "further images": "of an item's further images: not written",
        "another box": "with a box that is not the one around the outline: it is not written",
    }
    for what, said in ways.items():
        if counts[what]:
            yield left_out("not_in_format", f"{counted(counts[what], 'object', 'objects')} {said}")
