"""VIA, the VGG Image Annotator: images with regions, as a project or an export in JSON or CSV."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.datasets.file_names import normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import ClassNames, DraftAnnotations
from model_playground.datasets.formats.format import (
    DRAWN_MASKS,
    FORMATS,
    Draft,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.named_items import NamedItems, near_files
from model_playground.datasets.json_files import (
    RECOGNISED_BY,
    UNREADABLE,
    JsonFile,
    ends_of_json,
)
from model_playground.datasets.outline_shapes import POINTS, ellipse
from model_playground.datasets.tables import read_tables, table_header

_METADATA = "_via_img_metadata"
_ATTRIBUTES = "_via_attributes"
_LARGEST_NUMBER = 2.0**53
_UNREAD = ("polyline", "point")
_ROUND = ("circle", "ellipse")
_READ_KEYS = {*("filename", "size", "regions", "file_attributes", "fileref", "base64_img_data")}
_CLASS_WORDS = ("class", "label", "name", "type", "category", "object")
_CLASS = "object"
_TABLE = ".csv"
_FILE_COLUMN = "filename"
_SHAPE_COLUMN = "region_shape_attributes"
_ATTRIBUTE_COLUMN = "region_attributes"

Values = Mapping[str, Any]


class _Entry(msgspec.Struct):
    filename: str
    regions: list[msgspec.Raw] | dict[str, msgspec.Raw] | None = None
    file_attributes: dict[str, Any] | None = None
    base64_img_data: str | None = None


class _Region(msgspec.Struct):
    shape_attributes: dict[str, Any]
    region_attributes: dict[str, Any] | None = None


@FORMATS.register
class Via(Format):
    """VIA, the VGG Image Annotator: a file of images with regions, a project or an export.

    A file, JSON or CSV, or a folder with such files in it or in folders inside it, such as train
    and val; CSV is read where there is no JSON. The images stand in the file's folder, in its
    folder `images`, or anywhere under the folder that is read. The attribute of regions that is
    called class, label, name, type, category or object says the class, or else the only one;
    without any attribute all are of the class `object`.
    """

    name = "via"
    title = "VIA"
    tasks: ClassVar[tuple[str, ...]] = (
        *("detection", "instance_segmentation", "segmentation", "tagging"),
    )
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`rect`", "a box"),
        Held("`polygon`", "an outline"),
        Held("`circle`, `ellipse`", f"an outline of {POINTS} points, reported"),
        DRAWN_MASKS,
        Held("`polyline`, `point`", "not read, counted"),
        Held("the attribute of regions with the class", "the class; else --target-column"),
        Held("`_via_attributes`", "the options' names, classes without objects too"),
        Held("further attributes of regions", "attributes of the object"),
        Held("`file_attributes`", "columns"),
        Held("`base64_img_data`", "not read, counted"),
        Held("folders train, val, test around the file or the image", "the partition"),
        Held("an image that is not there, or stands in two files", "blocks the import, reported"),
        Held("an image that no file names", "left out, counted"),
    )
    options: ClassVar[tuple[str, ...]] = ("target_columns",)

    def detect(self, path: Path) -> str | None:
        found = next(iter(_files(path, at_most=RECOGNISED_BY)), None)
        return None if found is None else f"{found.name} holds VIA's regions of images"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files:
            raise InvalidError("via.none", "{path} holds no file of VIA", path=str(path))
        root = path if path.is_dir() else path.parent
        reading = _Reading(root)
        for file in files:
            name = normalised(os.path.relpath(file, root))
            if file.suffix.lower() == _TABLE:
                reading.add_table(file, name)
            else:
                reading.add(JsonFile(file, name))
        return reading.draft(task, options.target_columns)


def _files(path: Path, *, at_most: int | None = None) -> list[Path]:
    """Return the files of VIA; where an export stands there in both ways, it is read once."""
    found = [one for one in near_files(path, ".json")[:at_most] if _is_via(one)]
    return found or [one for one in near_files(path, _TABLE)[:at_most] if _is_via_table(one)]


def _is_via_table(path: Path) -> bool:
    return {_FILE_COLUMN, _SHAPE_COLUMN, _ATTRIBUTE_COLUMN} <= set(map(_plain, table_header(path)))


def _plain(column: str) -> str:
    return column.removeprefix("#")  # as VIA 1 begins the first line


def _is_via(path: Path) -> bool:
    ends = ends_of_json(path)
    if not ends.lstrip().startswith(b"{"):
        return False
    if f'"{_METADATA}"'.encode() in ends:
        return True
    of_region = b'"shape_attributes"' in ends or b'"file_attributes"' in ends
    return of_region and b'"regions"' in ends and b'"filename"' in ends


class _Shape(NamedTuple):
    """A region that is read, before it is known which attribute says its class."""

    place: int
    kind: str
    numbers: list[float]
    attributes: dict[str, Any]
    file: str
    line: int


@dataclass
class _Reading(NamedItems):
    """What has been read of one or several files."""

    shapes: list[_Shape] = field(default_factory=list)
    options: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    counted: dict[tuple[str, str], list[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, file: JsonFile) -> None:
        """Read a file.

        Raises:
            InvalidError: it is no JSON, or does not hold images.
        """
        entries = file.decoded(dict[str, msgspec.Raw])
        self.findings += file.findings
        if _METADATA in entries:
            self._add_options(file, entries.get(_ATTRIBUTES))
            try:
                entries = file.value_of(entries[_METADATA], dict[str, msgspec.Raw])
            except ValueError as error:
                raise InvalidError(
                    "via.metadata",
                    "{file}: `{key}` holds no images: {why}",
                    file=file.name,
                    key=_METADATA,
                    why=str(error),
                ) from None
        for raw in entries.values():
            self._add_entry(file, raw)

    def add_table(self, path: Path, name: str) -> None:
        """Read a table, which has a row for each region, or for an image without any.

        Raises:
            InvalidError: it cannot be read.
        """
        (table,) = read_tables(path)
        columns = {_plain(column): place for place, column in enumerate(table.columns)}
        if _FILE_COLUMN not in columns:
            raise InvalidError(
                "via.table", "the first line of {file} names no columns", file=str(path)
            )
        places: dict[str, int | None] = {}
        for row in table.rows:
            cells = {column: row.cells[place] for column, place in columns.items()}
            try:
                region = _Region(_record(cells, _SHAPE_COLUMN), _record(cells, _ATTRIBUTE_COLUMN))
                columns_of_image = _record(cells, "file_attributes")
            except ValueError as error:
                self.leave_out(
                    "bad_annotation", f"a region cannot be read ({error})", name, row.line
                )
                continue
            image = cells[_FILE_COLUMN]
            if image not in places:
                said = dict(_texts(columns_of_image))
                places[image] = self.add_item(image, name, row.line, columns=said)
            place = places[image]
            if place is not None and region.shape_attributes:
                self._add_shape(region, name, row.line, place)

    def _add_options(self, file: JsonFile, raw: msgspec.Raw | None) -> None:
        """Note what the options of attributes are called; what is no such thing names none."""
        try:
            said = file.value_of(raw or msgspec.Raw(b"{}"), dict[str, dict[str, dict[str, Any]]])
        except ValueError:
            line = file.line_of(raw) if raw is not None else None
            message = f"{file.name}: `{_ATTRIBUTES}` cannot be read: options go by their ids"
            self.findings.append(left_out("unread_key", message, file=file.name, line=line))
            return
        for name, attribute in said.get("region", {}).items():
            options = attribute.get("options")
            if isinstance(options, dict):
                self.options[name] |= {
                    one: title if isinstance(title, str) and title else one
                    for one, title in options.items()
                    if one
                }

    def _add_entry(self, file: JsonFile, raw: msgspec.Raw) -> None:
        line = file.line_of(raw)
        try:
            entry: _Entry = file.value_of(raw, _Entry)
            keys = file.value_of(raw, dict[str, msgspec.Raw]).keys()
        except ValueError as error:
            message = f"line {line} of {file.name}: an image cannot be read ({error})"
            found = blocking("bad_image_record", message, file=file.name, line=line)
            self.findings.append(found)
            return
        for key in keys - _READ_KEYS:
            self.counted["unread_key", f"what images say as {key!r}"].append((file.name, line))
        if entry.base64_img_data:
            what = "base64_img_data, a copy of the image in the file,"
            self.counted["embedded_image", what].append((file.name, line))
        said = dict(_texts(entry.file_attributes or {}))
        place = self.add_item(entry.filename, file.name, line, columns=said)
        if place is None:
            return
        regions = entry.regions or ()
        for region in regions.values() if isinstance(regions, dict) else regions:
            self._add_region(file, region, place)

    def _add_region(self, file: JsonFile, raw: msgspec.Raw, place: int) -> None:
        line = file.line_of(raw)
        try:
            region: _Region = file.value_of(raw, _Region)
        except ValueError as error:
            self.leave_out("bad_annotation", f"a region cannot be read ({error})", file.name, line)
            return
        self._add_shape(region, file.name, line, place)

    def _add_shape(self, region: _Region, file: str, line: int, place: int) -> None:
        kind = region.shape_attributes.get("name")
        if kind in _UNREAD:
            self.counted["unread_shape", f"a region that is a {kind}"].append((file, line))
            return
        try:
            numbers = _numbers(region.shape_attributes)
        except ValueError as error:
            self.leave_out("bad_annotation", f"a region cannot be read ({error})", file, line)
            return
        if kind in _ROUND:
            what = f"circles and ellipses are read as outlines of {POINTS} points"
            self.counted["approximated_shape", what].append((file, line))
        attributes = region.region_attributes or {}
        self.shapes.append(_Shape(place, str(kind), numbers, attributes, file, line))

    def draft(self, task: str | None, targets: Sequence[str]) -> Draft:
        """Return what was read, for a task or for the one that it is fit for."""
        annotations, classes = DraftAnnotations(), ClassNames()
        attribute = self._class_attribute(targets)
        options = self.options.get(attribute or "", {})
        for title in options.values():
            classes.index(title)
        kinds = set[str]()
        for shape in self.shapes:
            name = _CLASS
            if attribute is not None:
                chosen = _chosen(shape.attributes.get(attribute))
                if len(chosen) != 1:
                    what = f"has {len(chosen)} values" if chosen else "is empty"
                    said = f"the attribute {attribute} of a {shape.kind} {what}"
                    self.leave_out("bad_annotation", said, shape.file, shape.line)
                    continue
                name = options.get(chosen[0], chosen[0])
            kinds.add("box" if shape.kind == "rect" else "polygon")
            _add_shape(annotations, shape, classes.index(name), attribute)
        self._report(no_attribute=attribute is None)
        return Draft(
            root=self.root,
            task=task or ("instance_segmentation" if "polygon" in kinds else "detection"),
            items=self.items,
            classes=classes.sorted(annotations),
            findings=self.findings,
            annotations=annotations,
        )

    def _class_attribute(self, targets: Sequence[str]) -> str | None:
        """Return the attribute of regions that says their class; none has any if None."""
        names = list(
            dict.fromkeys(name for one in self.shapes for name, _ in _texts(one.attributes))
        )
        if targets:
            if len(targets) == 1 and targets[0] in names:
                return targets[0]
            why = f"--target-column says {' and '.join(targets)}"
        else:
            words = [one for word in _CLASS_WORDS for one in names if one.strip().lower() == word]
            chosen = words[:1] or names
            if len(chosen) < 2:
                return chosen[0] if chosen else None
            why = "it is not clear which attribute of the regions says their class"
        raise InvalidError(
            "via.class_attribute",
            "{path}: {why}; they have {names}: name one with --target-column",
            path=str(self.root),
            why=why,
            names=", ".join(names) or "no attributes",
        )

    def _report(self, *, no_attribute: bool) -> None:
        """Say once what holds for many regions or images."""
        for (kind, what), places in sorted(self.counted.items()):
            file, line = places[0]
            said = f"{what} is not read, {len(places):,} in all; the first on line {line} of {file}"
            if kind == "approximated_shape":
                said = f"{len(places):,} {what}; the first on line {line} of {file}"
            self.findings.append(_COUNTED[kind](kind, said, file=file, line=line))
        if no_attribute and self.shapes:
            file, line = self.shapes[0].file, self.shapes[0].line
            regions = counted(len(self.shapes), "region has", "regions have")
            said = f"{regions} no attribute that says what it is: the class is `{_CLASS}`"
            self.findings.append(information("class_assumed", said, file=file, line=line))
        self.findings += self.unnamed()


_COUNTED = {
    "embedded_image": information,
    "approximated_shape": warning,
    "unread_shape": left_out,
    "unread_key": left_out,
}


def _add_shape(
    annotations: DraftAnnotations, shape: _Shape, class_index: int, attribute: str | None
) -> None:
    attributes = {name: text for name, text in _texts(shape.attributes) if name != attribute}
    if shape.kind in _ROUND:
        attributes["shape"] = shape.kind
    said: dict[str, Any] = {
        "class_index": class_index,
        "attributes": attributes,
        "source_file": shape.file,
        "source_line": shape.line,
    }
    if shape.kind == "rect":
        left, top, width, height = shape.numbers
        annotations.add_box(shape.place, (left, top, left + width, top + height), **said)
    else:
        annotations.add_polygon(shape.place, [shape.numbers], **said)


def _record(cells: Mapping[str, str], column: str) -> dict[str, Any]:
    """Return what a cell says in JSON, which is nothing where it is empty.

    Raises:
        ValueError: it is no JSON of names and values.
    """
    try:
        return msgspec.json.decode(cells.get(column) or "{}", type=dict[str, Any])
    except UNREADABLE as error:
        raise ValueError(f"its {column} is no JSON of names and values: {error}") from None


def _numbers(said: Values) -> list[float]:
    """Return left, top, width and height of a rectangle, or x, y, x, y, … of another shape.

    Raises:
        ValueError: it is no shape, or one of its numbers is none.
    """
    kind = said.get("name")
    if kind == "rect":
        return [_number(said.get(one), one) for one in ("x", "y", "width", "height")]
    if kind == "circle":
        x, y, radius = (_number(said.get(one), one) for one in ("cx", "cy", "r"))
        return ellipse(x, y, radius, radius)
    if kind == "ellipse":
        x, y, across, down = (_number(said.get(one), one) for one in ("cx", "cy", "rx", "ry"))
        return ellipse(x, y, across, down, _number(said.get("theta", 0), "theta"))
    if kind != "polygon":
        raise ValueError(f"its shape is called {str(kind)[:40]!r}")
    xs, ys = said.get("all_points_x"), said.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys) or not xs:
        raise ValueError("all_points_x and all_points_y are not as many numbers")
    return [_number(one, "a corner") for point in zip(xs, ys, strict=True) for one in point]


def _number(said: Any, name: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise ValueError(f"{name} is no number")
    if not abs(said) <= _LARGEST_NUMBER or math.isnan(said):
        raise ValueError(f"{name} is too large")
    return float(said)


def _chosen(value: Any) -> list[str]:
    """Return what an attribute says: a text, or of some boxes those that are ticked."""
    if isinstance(value, dict):
        return [name for name, ticked in value.items() if ticked is True and name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    text = str(value).strip()
    return [text] if text else []


def _texts(attributes: Values) -> Iterator[tuple[str, str]]:
    """Yield the attributes that say something."""
    for name, value in attributes.items():
        if chosen := _chosen(value):
            yield name, ", ".join(chosen)
