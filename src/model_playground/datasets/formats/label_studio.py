"""Label Studio: a JSON file of tasks, each with annotations, predictions or neither."""

from __future__ import annotations

import math
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeGuard
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.file_names import NamedImages, is_image, normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import Box, ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.image_classes import ImageClasses, without_items
from model_playground.datasets.formats.label_studio_brush import brush_mask
from model_playground.datasets.images import image_size_wh
from model_playground.datasets.json_files import (
    RECOGNISED_BY,
    JsonFile,
    ends_of_json,
    json_files_in,
)
from model_playground.datasets.outline_shapes import POINTS, ellipse
from model_playground.datasets.records import ITEM_SCHEMA, Status

_GEOMETRIES = ("rectangle", "polygon", "ellipse", "brush")
_FAULTS = {"brush": "bad_run_lengths", "rectangle": "bad_box"}
_ANSWERS = ("choices", "number", "rating")
_UPLOAD_HASH = re.compile(r"^[0-9a-f]{8}-(?=.)")
_LARGEST_NUMBER = 2.0**53
_MIN_KEYS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
_WAYS = (("annotations", "result"), ("completions", "result"), ("predictions", "result"))

Values = dict[str, Any]


@FORMATS.register
class LabelStudio(Format):
    """Label Studio JSON: an export of tasks with boxes, outlines, masks, choices or numbers.

    One file, JSON or JSON-MIN, or a folder that holds it. The images stand anywhere in its folder;
    they are found by the file name that the task's address ends in, with or without the eight
    characters that Label Studio puts before the names of uploaded files.
    """

    name = "label_studio"
    title = "Label Studio JSON"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation"),
        *("tagging", "classification", "regression"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`RectangleLabels`", "a box; one with `rotation` becomes an outline of four corners"),
        Held("`PolygonLabels`", "an outline"),
        Held("`EllipseLabels`", "an outline of 64 points, reported"),
        Held("`BrushLabels`", "run lengths; what is not transparent is inside"),
        DRAWN_MASKS,
        Held("`Choices`", "tags, or the one class where each image has one choice"),
        Held("`Number`, `Rating`", "a value, for regression, named as the control"),
        Held("choices and numbers of a region", "attributes of the object"),
        Held("further kinds of results, such as key points", "not read, counted"),
        Held("several annotations of a task", "the ground truth among them, or the first; counted"),
        Held("a cancelled annotation", "the status SKIPPED"),
        Held("`predictions`, where there is no annotation", "read with the status AUTO-LABELLED"),
        Held("a task without either", "kept with the status NEW, or IN PROGRESS with a draft"),
        Held("`original_width`, `original_height`", "compared with the image's own"),
        Held("further texts and numbers of `data`", "columns"),
        Held("a task whose image is not there", "blocks the import, reported"),
    )

    def detect(self, path: Path) -> str | None:
        files = _files(path, at_most=RECOGNISED_BY)
        return f"{files[0].name} is a list of Label Studio's tasks" if files else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError(
                "label_studio.none", "{path} holds no export of Label Studio", path=str(path)
            )
        root = path if path.is_dir() else path.parent
        reading = _Reading(root, NamedImages(root))
        for file in files:
            reading.add(JsonFile(file, normalised(os.path.relpath(file, root))))
        return reading.draft(task)


def _files(path: Path, *, at_most: int | None = None) -> list[Path]:
    if path.is_file():
        candidates = [path] if path.suffix.lower() == ".json" else []
    else:
        candidates = json_files_in(path, at_most=at_most)
    return [one for one in candidates if _is_label_studio(one)]


def _is_label_studio(path: Path) -> bool:
    ends = ends_of_json(path)
    if not ends.lstrip().startswith(b"["):
        return False
    if b'"annotation_id"' in ends and b'"annotator"' in ends:
        return True  # JSON-MIN
    ways = any(f'"{key}"'.encode() in ends for key, _ in _WAYS)
    return b'"data"' in ends and ways


@dataclass
class _Region:
    """Where a result was read."""

    place: int
    file: str
    line: int
    size_wh: tuple[int, int]


@dataclass
class _Reading:
    """What has been read of one or several exports."""

    root: Path
    images: NamedImages
    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    choices: ImageClasses = field(default_factory=ImageClasses)
    values: dict[int, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    kinds: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)  # by image: where it was named
    counted: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    unread: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, file: JsonFile) -> None:
        """Read a file."""
        for raw in file.decoded(list[msgspec.Raw]):
            line = file.line_of(raw)
            try:
                task = _as_task(file.value_of(raw, dict[str, Any]))
            except ValueError as error:
                said = f"line {line} of {file.name}: a task cannot be read ({error})"
                self.findings.append(blocking("bad_image_record", said, file=file.name, line=line))
                continue
            self._add_task(task, file.name, line)
        self.findings += file.findings

    def draft(self, task: str | None) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        task = task or self._fitting_task()
        items, annotations = self.items, self.annotations
        target_names: tuple[str, ...] = ()
        if task == "classification":
            self.findings += self.choices.as_the_class(items, self.classes)
            lacking = {place for place, one in enumerate(items) if one.class_name is None}
            items, annotations = without_items(items, annotations, lacking)
        else:
            self.choices.as_tags(annotations, self.classes)
        if task == "regression":
            target_names = tuple(sorted({name for one in self.values.values() for name in one}))
            lacking = set(self._give_values(target_names))
            items, annotations = without_items(items, annotations, lacking)
        elif self.values:
            for item in (self.items[place] for place in self.values):
                self.counted["numbers_unread"].append((item.source_file, item.source_line or 1))
        return Draft(
            root=self.root,
            task=task,
            items=items,
            classes=self.classes.sorted(annotations),
            target_names=target_names,
            findings=[*self.findings, *self._counted()],
            annotations=annotations,
        )

    def _fitting_task(self) -> str:
        if self.kinds & {"polygon", "rle"}:
            return "instance_segmentation"
        if not self.kinds and self.choices:
            return "classification" if self.choices.are_single else "tagging"
        if not self.kinds and self.values:
            return "regression"
        return "detection"

    def _give_values(self, names: tuple[str, ...]) -> Iterator[int]:
        """Give the items their values; yield the places of those that lack one."""
        for place, item in enumerate(self.items):
            values = self.values.get(place, {})
            missing = [name for name in names if name not in values]
            if not missing and names:
                item.values = tuple(values[name] for name in names)
                continue
            where = f"line {item.source_line} of {item.source_file}"
            said = f"{where}: the image has no {' and no '.join(missing) or 'value'}: left out"
            self.findings.append(
                left_out("no_value", said, file=item.source_file, line=item.source_line)
            )
            yield place

    def _counted(self) -> Iterator[Finding]:
        for kind, places in sorted(self.counted.items()):
            make, one, several, what = _COUNTED[kind]
            file, line = places[0]
            said = (
                f"{counted(len(places), one, several)} {what}; the first on line {line} of {file}"
            )
            yield make(kind, said, file=file, line=line)
        for kind, places in sorted(self.unread.items()):
            file, line = places[0]
            count = counted(len(places), "result", "results")
            said = f"{count} of the type {kind} not read; the first on line "
            yield left_out("unread_key", f"{said}{line} of {file}", file=file, line=line)

    # Tasks

    def _add_task(self, task: Values, file: str, line: int) -> None:
        data = task.get("data")
        if not isinstance(data, dict):
            said = f"line {line} of {file}: a task has no data"
            self.findings.append(blocking("bad_image_record", said, file=file, line=line))
            return
        key, named = _image_key(data)
        image = self._image_of(named, task.get("file_upload"), file, line)
        if image is None:
            return
        chosen, status = self._annotation_of(task, file, line)
        place = len(self.items)
        item = DraftItem(image, source_file=file, source_line=line, status=status)
        item.columns = _columns(data, key)
        self.items.append(item)
        results = [one for one in chosen if isinstance(one, dict)]
        if len(results) < len(chosen):
            self._drop("bad_annotation", "a result is no record", file, line)
        self._add_results(results, place, file, line)

    def _image_of(self, named: str, upload: object, file: str, line: int) -> str | None:
        found: list[str] = []
        for name in _names(named, upload if isinstance(upload, str) else ""):
            found, _ = self.images.find(name)
            if found:
                break
        if len(found) != 1:
            what = f"may be {len(found)} of those that are here" if found else "is not here"
            said = f"line {line} of {file}: the image {named or 'of a task'} {what}"
            kind = "ambiguous_file" if found else "missing_file"
            self.findings.append(blocking(kind, said, file=file, line=line))
            return None
        if found[0] in self.known:
            said = f"line {line} of {file}: the image {named} is that of {self.known[found[0]]} too"
            self.findings.append(blocking("image_twice", said, file=file, line=line))
            return None
        self.known[found[0]] = f"line {line}"
        return found[0]

    def _annotation_of(self, task: Values, file: str, line: int) -> tuple[list[Any], Status]:
        """Choose the annotation of a task: what counts is what somebody finished."""
        made = _records(task.get("annotations") or task.get("completions"))
        cancelled = [one for one in made if one.get("was_cancelled") or one.get("skipped")]
        finished = [one for one in made if one not in cancelled]
        if finished:
            if len(finished) > 1:
                self.counted["several_annotators"].append((file, line))
            truth = [one for one in finished if one.get("ground_truth") is True]
            return _list((truth or finished)[0].get("result")), "DONE"
        if cancelled:
            self.counted["skipped_items"].append((file, line))
            return [], "SKIPPED"
        predicted = _records(task.get("predictions"))
        if predicted:
            self.counted["predicted_items"].append((file, line))
            return _list(predicted[0].get("result")), "AUTO-LABELLED"
        self.counted["unlabelled_items"].append((file, line))
        return [], "IN PROGRESS" if task.get("drafts") else "NEW"

    # Results

    def _add_results(self, results: list[Values], place: int, file: str, line: int) -> None:
        """Add regions with all that is said of them, and what is said of the whole image."""
        labels: dict[str, list[str]] = defaultdict(list)
        answers: dict[str, dict[str, Any]] = defaultdict(dict)
        regions = [one for one in results if _geometry(one)]
        ids = {one["id"] for one in regions if isinstance(one.get("id"), str)}
        for one in results:
            own = one.get("id")
            region = own if isinstance(own, str) and own in ids else None
            kind, value = one.get("type"), one.get("value")
            if _geometry(one):
                continue
            if kind == "labels" and region and isinstance(value, dict):
                labels[region] += _texts(value.get("labels"))
            elif kind in _ANSWERS and region and isinstance(value, dict):
                answers[region][str(one.get("from_name"))] = value.get(kind)
            elif kind in _ANSWERS:
                self._add_answer(one, place, file, line)
            else:
                self.unread[str(kind)[:40]].append((file, line))
        for one in regions:
            own = one["id"] if isinstance(one.get("id"), str) else ""
            try:
                self._add_region(one, place, file, line, labels[own], answers[own])
            except ValueError as error:
                kind = _FAULTS.get(_geometry(one), "bad_annotation")
                self._drop(kind, f"a {_geometry(one)} cannot be read: {error}", file, line)

    def _add_answer(self, said: Values, place: int, file: str, line: int) -> None:
        """Read a choice or a number of the whole image."""
        value, kind = said.get("value"), said["type"]
        answer = value.get(kind) if isinstance(value, dict) else None
        if kind == "choices" and _texts(answer):
            for name in _texts(answer):
                self.choices.add(place, name, file, line)
        elif kind != "choices" and _is_number(answer):
            self.values[place][str(said.get("from_name") or kind)] = float(answer)
        else:
            self._drop("bad_annotation", f"{kind} that cannot be read", file, line)

    def _add_region(
        self, said: Values, place: int, file: str, line: int, more: list[str], answers: Values
    ) -> None:
        value = said["value"]
        names = [
            *(text for key in value if key.endswith("labels") for text in _texts(value[key])),
            *more,
        ]
        if not names or not names[0]:
            raise ValueError("it has no label")
        if _is_number(said.get("image_rotation")) and said["image_rotation"] % 360:
            raise ValueError("it was drawn while the image was shown turned")
        if len(names) > 1:
            self.counted["several_labels"].append((file, line))
        region = _Region(place, file, line, self._size_of(said, place))
        attributes = {name: one for name, one in answers.items() if _is_plain(one)}
        if len(names) > 1:
            attributes["labels"] = names
        score = said.get("score", value.get("score"))
        if _is_number(score):
            attributes["score"] = score
        self._add_shape(value, _geometry(said), region, names[0], attributes, said.get("id"))

    def _size_of(self, said: Values, place: int) -> tuple[int, int]:
        """Return the size of which places are percents, as said or as the image itself has it."""
        item = self.items[place]
        width, height = said.get("original_width"), said.get("original_height")
        if _is_side(width) and _is_side(height):
            item.size_wh = item.size_wh or (int(width), int(height))
            return int(width), int(height)
        size = item.size_wh or image_size_wh(Path(item.path))
        if size is None:
            raise ValueError("the size of its image is not known")
        return size

    def _add_shape(
        self,
        value: Values,
        kind: str,
        region: _Region,
        label: str,
        attributes: Values,
        source_id: object,
    ) -> None:
        shape: Box | list[float] | None = None
        if kind == "brush":
            size_hw = region.size_wh[1], region.size_wh[0]
            stream = value.get("rle")
            if value.get("format") != "rle" or not isinstance(stream, list):
                raise ValueError("it holds no run lengths")
            if not all(type(one) is int for one in stream):
                raise ValueError("its run lengths are not all bytes")
            mask = brush_mask(stream, size_hw)
        elif kind == "polygon":
            shape = _outline(value, region.size_wh)
        elif kind == "ellipse":
            shape = _ellipse(value, region.size_wh)
            attributes["shape"] = "ellipse"
            self.counted["approximated_shape"].append((region.file, region.line))
        else:
            shape = _rectangle(value, region.size_wh)
        where: dict[str, Any] = {
            "class_index": self.classes.index(label),
            "attributes": attributes,
            "source_file": region.file,
            "source_line": region.line,
            "source_id": source_id if isinstance(source_id, str) else None,
        }
        if shape is None:
            self.kinds.add("rle")
            text = run_lengths.of_mask(mask)
            box = run_lengths.box_of(text, size_hw)
            self.annotations.add_rle(region.place, text, size_hw, box, **where)
        elif isinstance(shape, list):
            self.kinds.add("polygon")
            self.annotations.add_polygon(region.place, [shape], **where)
        else:
            self.kinds.add("box")
            self.annotations.add_box(region.place, shape, **where)

    def _drop(self, kind: str, why: str, file: str, line: int) -> None:
        message = f"line {line} of {file}: {why}: left out"
        self.findings.append(left_out(kind, message, file=file, line=line))


_COUNTED = {
    "several_annotators": (
        information,
        "task has",
        "tasks have",
        "several annotations: the ground truth or else the first is read",
    ),
    "skipped_items": (information, "task was", "tasks were", "cancelled: the status is SKIPPED"),
    "predicted_items": (
        warning,
        "task has",
        "tasks have",
        "predictions only: read with the status AUTO-LABELLED",
    ),
    "unlabelled_items": (
        warning,
        "task has",
        "tasks have",
        "no annotation: kept with the status NEW or IN PROGRESS",
    ),
    "several_labels": (
        warning,
        "region has",
        "regions have",
        "several labels: the first is the class, all are an attribute",
    ),
    "approximated_shape": (
        warning,
        "ellipse is",
        "ellipses are",
        f"read as outlines of {POINTS} points",
    ),
    "numbers_unread": (
        information,
        "image has",
        "images have",
        "numbers: --task regression reads them",
    ),
}
"""What is counted, not named one by one: what to make of it, and what to say."""


# Tasks and images


def _as_task(said: Values) -> Values:
    """Return a task as the full export has it: JSON-MIN has its results beside its data."""
    if "data" in said or not {"annotation_id", "annotator"} & said.keys():
        return said
    data: Values = {}
    results: list[Values] = []
    for key, value in said.items():
        if key in _MIN_KEYS:
            continue
        found = list(_min_results(key, value))
        if found:
            results += found
        else:
            data[key] = value
    return {"data": data, "annotations": [{"result": results}]}


def _min_results(key: str, value: Any) -> Iterator[Values]:
    """Yield what a key of JSON-MIN says: regions, choices, or a number."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for number, one in enumerate(value):
            size = {name: one.get(name) for name in ("original_width", "original_height")}
            kind = next((name for name in one if name.endswith("labels")), "region")
            kind = "brushlabels" if "rle" in one and kind == "region" else kind
            yield {"id": f"{key}/{number}", "type": kind, "value": one, **size}
    elif isinstance(value, dict) and "choices" in value:
        yield {"type": "choices", "from_name": key, "value": value}
    elif isinstance(value, str) and key.startswith("choice"):
        yield {"type": "choices", "from_name": key, "value": {"choices": [value]}}
    elif _is_number(value):
        yield {"type": "number", "from_name": key, "value": {"number": value}}


def _image_key(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key of a task's data that names its image, and what it says."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    for key in sorted(texts, key=lambda one: one != "image"):
        if any(is_image(name) for name in _names(texts[key], "")):
            return key, texts[key]
    return "image", texts.get("image", "")


def _names(address: str, upload: str) -> Iterator[str]:
    """Yield the paths that an address can mean: /data/upload/1/0a1b2c3d-a.jpg is a.jpg too."""
    for text in (address, upload):
        if not text:
            continue
        try:
            parts = urlsplit(text)
        except ValueError:  # such as an address with half of a bracket
            yield text
            continue
        local = parse_qs(parts.query).get("d", [])
        path = local[0] if local else unquote(parts.path)
        for one in dict.fromkeys((text, path.lstrip("/"))):
            yield one
            folder, _, last = one.replace("\\", "/").rpartition("/")
            plain = _UPLOAD_HASH.sub("", last)
            if plain != last:
                yield f"{folder}/{plain}" if folder else plain


def _columns(data: Mapping[str, Any], image_key: str) -> dict[str, str]:
    """Return further texts and numbers of a task as columns, under names that are free."""
    found: dict[str, str] = {}
    for key, value in data.items():
        if key == image_key or not _is_plain(value):
            continue
        found[f"data {key}" if key in ITEM_SCHEMA.names or not key else key] = str(value)
    return found


# Shapes


def _geometry(said: Values) -> str:
    """Return rectangle, polygon, ellipse or brush, if a result is a region that is read."""
    kind, value = said.get("type"), said.get("value")
    if not isinstance(kind, str) or not isinstance(value, dict):
        return ""
    plain = kind.removesuffix("labels")
    return plain if plain in _GEOMETRIES else ""


def _rectangle(value: Values, size_wh: tuple[int, int]) -> Box | list[float]:
    """Return a box, or the corners of one that is turned about its upper left corner."""
    left, top = _percent(value, "x", size_wh[0]), _percent(value, "y", size_wh[1])
    width, height = _percent(value, "width", size_wh[0]), _percent(value, "height", size_wh[1])
    angle = _angle(value)
    if not angle:
        return left, top, left + width, top + height
    cosine, sine = math.cos(angle), math.sin(angle)
    ring: list[float] = []
    for across, down in ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)):
        ring += [left + across * cosine - down * sine, top + across * sine + down * cosine]
    return ring


def _outline(value: Values, size_wh: tuple[int, int]) -> list[float]:
    points = value.get("points")
    if not isinstance(points, list) or not points:
        raise ValueError("it has no points")
    ring: list[float] = []
    for point in points:
        if not (isinstance(point, list) and len(point) == 2 and all(map(_is_number, point))):
            raise ValueError(f"the point {str(point)[:40]} is no x and y")
        ring += [point[0] / 100 * size_wh[0], point[1] / 100 * size_wh[1]]
    return ring


def _ellipse(value: Values, size_wh: tuple[int, int]) -> list[float]:
    x, y = _percent(value, "x", size_wh[0]), _percent(value, "y", size_wh[1])
    across, down = (
        _percent(value, name, side)
        for name, side in zip(("radiusX", "radiusY"), size_wh, strict=True)
    )
    return ellipse(x, y, across, down, _angle(value))


def _percent(value: Values, name: str, of: int) -> float:
    said = value.get(name)
    if not _is_number(said):
        raise ValueError(f"{name} is no number")
    return float(said) / 100 * of


def _angle(value: Values) -> float:
    turn = value.get("rotation") or 0
    if not _is_number(turn):
        raise ValueError("rotation is no number")
    return math.radians(turn % 360)


# JSON


def _is_number(value: object) -> TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= _LARGEST_NUMBER
    )


def _is_side(value: object) -> TypeGuard[float]:
    return _is_number(value) and 1 <= value < 2**31


def _is_plain(value: object) -> bool:
    """Say whether a value is one text or number, or some texts."""
    return isinstance(value, str) or _is_number(value) or (bool(value) and bool(_texts(value)))


def _texts(value: object) -> list[str]:
    """Return the texts of a list, or one text alone."""
    if isinstance(value, str):
        return [value] if value else []
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _records(value: object) -> list[Values]:
    return [one for one in _list(value) if isinstance(one, dict)]
