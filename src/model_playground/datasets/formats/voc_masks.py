"""The masks of Pascal VOC: pictures with a palette, whose pixel values are classes or objects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.class_tables import ClassTable
from model_playground.datasets.colours import are_colours, colour_value
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import DraftAnnotations
from model_playground.datasets.images import load_mask
from model_playground.datasets.records import IGNORED_PIXEL_VALUE, ClassRecord

CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
    *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
    *("sheep", "sofa", "train", "tvmonitor"),
)
"""What the pixel values from 0 on mean in the challenge's own sets."""

Colour = tuple[int, int, int]

_VOID_NAMES = ("__ignore__", "void", "ignored")
_VOID = IGNORED_PIXEL_VALUE
_VALUES = 256  # that a pixel of a mask with a palette can have


@dataclass(frozen=True)
class _Label:
    name: str
    colour: Colour | None


def palette_colour(value: int) -> Colour:
    """Return the colour that VOC's palette has for a pixel value.

    >>> palette_colour(0), palette_colour(1), palette_colour(15), palette_colour(255)
    ((0, 0, 0), (128, 0, 0), (192, 128, 128), (224, 224, 192))
    """
    colour = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            colour[channel] |= ((value >> (3 * bit + channel)) & 1) << (7 - bit)
    return colour[0], colour[1], colour[2]


def mask_classes(folders: Sequence[Path], masks: Sequence[str]) -> tuple[ClassTable, list[Finding]]:
    """Return the classes of masks: named by a `labelmap.txt`, a `class_names.txt`, or VOC's own.

    Masks without a palette that are pictures in colours have these as their pixel values.

    Args:
        folders: where such a file may stand, the nearest first, the dataset's last.
        masks: absolute paths of the masks.

    Raises:
        InvalidError: a file of names cannot be read, or names a class or a colour twice.
    """
    palette = _palette(masks)
    found = next(
        (
            folder / name
            for folder in folders
            for name in ("labelmap.txt", "class_names.txt")
            if (folder / name).is_file()
        ),
        None,
    )
    if found is None:
        own = [_Label(name, palette_colour(value)) for value, name in enumerate(CLASSES)]
        known = own if palette.in_colours else [_Label(one.name, None) for one in own]
        said = (
            "no labelmap.txt stands beside the masks: they are taken to have background and the "
            "20 classes of Pascal VOC"
        )
        return _table(known, palette, "VOC's own classes"), [
            information(
                "classes_assumed", said, file=normalised(os.path.relpath(masks[0], folders[-1]))
            )
        ]
    return _table(list(_read_labels(found)), palette, str(found)), []


def add_objects(
    annotations: DraftAnnotations,
    item: int,
    objects: Path,
    kinds: Path,
    classes: Sequence[ClassRecord],
    file: str,
) -> list[Finding]:
    """Add the objects of a mask as run lengths; of what kind each is the class mask says.

    Pixels of the value 0 belong to no object, those of 255 are on the border of one; in pictures
    without a palette these are black and VOC's light border.
    """
    colours = are_colours(one.source_id or 0 for one in classes)
    outside = _outside(classes)
    try:
        numbers, values = load_mask(objects, colours=colours), load_mask(kinds, colours=colours)
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        return [blocking("unreadable_mask", f"{file}: {error}", file=file)]
    if numbers.shape != values.shape:
        said = f"{file} has another size than the mask of its classes"
        return [blocking("mask_size", said, file=file)]
    height, width = (int(side) for side in numbers.shape)
    index_of = {one.source_id: one.index for one in classes}
    findings: list[Finding] = []
    for value in np.unique(numbers).tolist():
        if value in outside:
            continue
        inside = numbers == value
        found, counts = np.unique(values[inside], return_counts=True)
        kind = int(found[counts.argmax()])
        if kind not in index_of or kind in outside:
            said = f"{file}: the object {value} is of the pixel value {kind}, which is no class"
            findings.append(left_out("unknown_class_id", said, file=file))
            continue
        text = run_lengths.of_mask(inside)
        annotations.add_rle(
            item, text, (height, width), run_lengths.box_of(text, (height, width)),
            class_index=index_of[kind], source_file=file, source_id=str(value),
        )  # fmt: skip
    return findings


def of_objects(classes: Sequence[ClassRecord]) -> tuple[ClassRecord, ...]:
    """Return the classes that objects can have: no object is the background or a border."""
    outside = _outside(classes)
    kept = (one for one in classes if one.source_id not in outside)
    return tuple(ClassRecord(place, one.name, one.source_id) for place, one in enumerate(kept))


def _outside(classes: Sequence[ClassRecord]) -> set[int]:
    """Return the pixel values of what is no object."""
    colours = are_colours(one.source_id or 0 for one in classes)
    return {colour_value(palette_colour(one)) if colours else one for one in (0, _VOID)}


def _table(labels: Sequence[_Label], palette: _Palette, file: str) -> ClassTable:
    """Give each class its pixel value: where its colour is in the palette, or else its place."""
    classes: dict[int, str] = {}
    ignored: list[int] = [colour_value(palette_colour(_VOID))] if palette.in_colours else []
    named = [one for one in labels if one.name not in _VOID_NAMES]
    for place, one in enumerate(named):
        value = palette.value_of(one.colour, place)
        if value in classes or one.name in classes.values():
            raise _bad_labels(file, f"{one.name!r} or its colour stands in it twice")
        classes[value] = one.name
    if len(classes) < 2:
        raise _bad_labels(file, "it names fewer than two")
    for one in labels:
        if one.name in _VOID_NAMES and one.colour is not None:
            ignored.append(palette.value_of(one.colour, _VOID))
    records = (ClassRecord(at, name, value) for at, (value, name) in enumerate(classes.items()))
    return ClassTable(tuple(records), tuple(one for one in ignored if one not in classes))


def _bad_labels(file: str, why: str) -> InvalidError:
    return InvalidError(
        "voc.labels", "the classes in {file} cannot be used: {why}", file=file, why=why
    )


def _read_labels(file: Path) -> Iterator[_Label]:
    """Read `name:r,g,b:parts:actions`, or a name a line; what follows # is said to readers."""
    has_colours = file.name == "labelmap.txt"
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        text = line.strip()
        if not text or (has_colours and text.startswith("#")):
            continue
        if not has_colours:
            yield _Label("background" if text == "_background_" else text, None)
            continue
        name, colour = _name_and_colour(text)
        if colour == ():
            raise InvalidError(
                "voc.labels",
                "line {line} of {file} should read name:red,green,blue:parts:actions",
                file=str(file),
                line=number,
            )
        yield _Label(name, colour or None)


def _name_and_colour(text: str) -> tuple[str, Colour | tuple[()] | None]:
    """Return the name and the colour: None where there is none, empty where it is none."""
    name, *rest = text.rsplit(":", 3) if text.count(":") >= 3 else text.split(":")
    said = rest[0].strip() if rest else ""
    if not said:
        return name.strip(), None
    pieces = said.split(",")
    if len(pieces) != 3 or not all(one.strip().isdecimal() for one in pieces):
        return name, ()
    red, green, blue = (int(one) for one in pieces)
    return name.strip(), ((red, green, blue) if max(red, green, blue) <= 255 else ())


@dataclass(frozen=True)
class _Palette:
    """How the masks say their values: by a palette, by the colours themselves, or as numbers."""

    colours: tuple[Colour, ...] = ()
    in_colours: bool = False

    def value_of(self, colour: Colour | None, place: int) -> int:
        """Return the pixel value of a colour, or of a class that stands at a place of a list."""
        if colour is not None and self.in_colours:
            return colour_value(colour)
        if colour is None or not self.colours:
            return place
        # What the palette lacks is in no mask: it gets a value that none can have.
        return self.colours.index(colour) if colour in self.colours else _VALUES + place


def _palette(masks: Sequence[str]) -> _Palette:
    """Return the palette of the first mask that can be opened."""
    for mask in masks:
        try:
            with Image.open(mask) as image:
                colours = image.getpalette("RGB")
                in_colours = image.mode in ("RGB", "RGBA")
        except Exception:  # it is reported where all masks are read
            continue
        return _Palette(tuple(_colours_of(colours or [])), in_colours)
    return _Palette()


def _colours_of(numbers: Sequence[int]) -> Iterator[Colour]:
    """Yield the colours of a palette that Pillow gives as red, green, blue, red, …"""
    for at in range(0, len(numbers) - 2, 3):
        yield numbers[at], numbers[at + 1], numbers[at + 2]
