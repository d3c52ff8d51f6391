"""The masks of Pascal VOC: pictures with a palette, whose pixel values are classes or objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets import run_lengths
from model_playground.datasets.delimited import read_text
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
_COLOUR_IDS = 2**24  # a class id from here on stands for the colour in its lower bits


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


def mask_classes(
    folders: Sequence[Path], masks: Sequence[str]
) -> tuple[tuple[ClassRecord, ...], list[Finding]]:
    """Return the classes of masks: named by a `labelmap.txt`, a `class_names.txt`, or VOC's own.

    Args:
        folders: where such a file may stand, the nearest first.
        masks: absolute paths of the masks.

    Raises:
        InvalidError: a file of names cannot be read, or names a class twice.
    """
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
        said = (
            "no labelmap.txt stands beside the masks: their values are taken for background and "
            "the 20 classes of Pascal VOC"
        )
        classes = tuple(ClassRecord(index, name, index) for index, name in enumerate(CLASSES))
        return classes, [information("classes_assumed", said)]
    labels = _labels(found)
    palette = _palette(masks)
    ids = [(label.name, _value_of(label, place, palette)) for place, label in enumerate(labels)]
    return tuple(ClassRecord(index, name, value) for index, (name, value) in enumerate(ids)), []


def add_objects(
    annotations: DraftAnnotations,
    item: int,
    objects: Path,
    kinds: Path,
    classes: Sequence[ClassRecord],
    file: str,
) -> list[Finding]:
    """Add the objects of a mask as run lengths; of what kind each is the class mask says.

    Pixels of the value 0 belong to no object, those of 255 are on the border of one.
    """
    try:
        numbers, values = load_mask(objects), load_mask(kinds)
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        return [blocking("unreadable_mask", f"{file}: {error}", file=file)]
    if numbers.shape != values.shape:
        said = f"{file} has another size than the mask of its classes"
        return [blocking("mask_size", said, file=file)]
    height, width = (int(side) for side in numbers.shape)
    index_of = {one.source_id: one.index for one in classes}
    findings: list[Finding] = []
    for value in np.unique(numbers).tolist():
        if value in (0, IGNORED_PIXEL_VALUE):
            continue
        inside = numbers == value
        found, counts = np.unique(values[inside], return_counts=True)
        kind = int(found[counts.argmax()])
        if kind not in index_of or kind == 0:
            said = f"{file}: the object {value} is of the pixel value {kind}, which is no class"
            findings.append(left_out("unknown_class_id", said, file=file))
            continue
        text = run_lengths.of_mask(inside)
        annotations.add_rle(
            item, text, (height, width), run_lengths.box_of(text, (height, width)),
            class_index=index_of[kind], source_file=file, source_id=str(value),
        )  # fmt: skip
    return findings


def _labels(file: Path) -> list[_Label]:
    labels = [one for one in _read_labels(file) if one.name not in _VOID_NAMES]
    names = [one.name for one in labels]
    twice = next((one for place, one in enumerate(names) if one in names[:place]), None)
    if twice is not None or len(labels) < 2:
        why = f"it names {twice!r} twice" if twice is not None else "it names fewer than two"
        raise InvalidError(
            "voc.labels",
            "the classes in {file} cannot be used: {why}",
            file=str(file),
            why=why,
        )
    return labels


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


def _palette(masks: Sequence[str]) -> list[Colour] | str:
    """Return the colours of the first mask that can be opened, or its mode if it has no palette."""
    for mask in masks:
        try:
            with Image.open(mask) as image:
                colours = image.getpalette("RGB")
                mode = image.mode
        except Exception:  # it is reported where all masks are read
            continue
        if colours is None:
            return mode
        return [
            (colours[at], colours[at + 1], colours[at + 2]) for at in range(0, len(colours) - 2, 3)
        ]
    return "P"


def _value_of(label: _Label, place: int, palette: list[Colour] | str) -> int:
    """Return the pixel value of a class: where its colour stands in the palette, else its place."""
    if label.colour is None:
        return place
    if isinstance(palette, str):
        if palette in ("RGB", "RGBA"):
            red, green, blue = label.colour
            return _COLOUR_IDS + (red << 16) + (green << 8) + blue
        return place
    return palette.index(label.colour) if label.colour in palette else place
