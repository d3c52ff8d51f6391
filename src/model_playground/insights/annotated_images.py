"""Images with their annotations drawn: boxes, outlines, run lengths, masks, in a colour a class."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from model_playground.datasets import run_lengths
from model_playground.datasets.colours import are_colours
from model_playground.datasets.file_names import located
from model_playground.datasets.images import load_mask
from model_playground.datasets.records import Revision
from model_playground.insights.lettering import draw_text, text_size

Rgb = tuple[int, int, int]

_GOLDEN_RATIO = 0.618033988749895
_LIGHTNESS = (0.52, 0.66, 0.42)  # by turns, so that colours with near hues differ too
_OVERLAY = 0.45  # opacity of areas
_DARK: Rgb = (20, 24, 29)
_LIGHT: Rgb = (255, 255, 255)
_NO_IMAGE: Rgb = (120, 128, 136)
_DRAWN = ("box", "polygon", "rle")
_HARD_TO_SEE = 5  # pixels of a picture
_MOST_NAMES = 8  # written into one picture


def class_colour(index: int) -> Rgb:
    """Return a class's colour: always the same, and unlike those of the classes near it.

    >>> class_colour(3) == class_colour(3) != class_colour(4)
    True
    """
    hue = (0.58 + index * _GOLDEN_RATIO) % 1
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS[index % 3], 0.85)
    return round(red * 255), round(green * 255), round(blue * 255)


def ink_on(colour: Rgb) -> Rgb:
    """Return black or white, whichever can be read on a colour.

    >>> ink_on((255, 255, 0)), ink_on((0, 0, 128))
    ((20, 24, 29), (255, 255, 255))
    """
    red, green, blue = colour
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else _LIGHT


@dataclass(frozen=True)
class AnnotatedItem:
    """An item with its annotations drawn."""

    image: Image.Image
    path: str
    labels: tuple[str, ...]  # what is said of the image as a whole, and how many of which object
    classes: frozenset[int]  # those that are drawn in their colours


class AnnotatedImages:
    """Draws items of a revision.

    Args:
        revision: the records.
        item_ids: the items that will be asked for.
    """

    def __init__(self, revision: Revision, item_ids: Sequence[str]) -> None:
        self._revision = revision
        wanted = pa.array(item_ids, pa.string())
        items = revision.items.filter(pc.is_in(revision.items["item_id"], value_set=wanted))
        self._items = {row["item_id"]: row for row in items.to_pylist()}
        table = revision.annotations
        rows = table.filter(pc.is_in(table["item_id"], value_set=wanted)).to_pylist()
        self._rows: dict[str, list[dict[str, Any]]] = {one: [] for one in item_ids}
        for row in rows:
            self._rows[row["item_id"]].append(row)

    def draw(self, item_id: str, side: int, only: Sequence[int] | None = None) -> AnnotatedItem:
        """Draw an item.

        Args:
            item_id: which.
            side: the longer side of the picture in pixels.
            only: the source lines of the annotations to draw; all if None.
        """
        item, rows = self._items[item_id], self._rows[item_id]
        labels = _labels(rows, self._names)
        if only is not None:
            rows = [row for row in rows if row["source_line"] in only] or rows
        image, scale = _opened(located(self._revision.root, item["path"]), item["width"], side)
        if image is None:
            return AnnotatedItem(_no_image(side), item["path"], labels, frozenset())
        drawn = {row["class_index"] for row in rows if row["kind"] in _DRAWN} - {None}
        for row in rows:
            if row["kind"] == "mask_image":
                image, found = self._with_mask(image, located(self._revision.root, row["path"]))
                labels = labels or tuple(self._names[one] for one in found)
                drawn.update(found)
        objects = [row for row in rows if row["kind"] in _DRAWN and not row["image_index"]]
        image = _with_objects(image, objects, scale, self._names)
        return AnnotatedItem(image, item["path"], labels, frozenset(drawn))

    @cached_property
    def _names(self) -> Mapping[int, str]:
        return {one.index: one.name for one in self._revision.classes}

    def _with_mask(self, image: Image.Image, path: Path) -> tuple[Image.Image, list[int]]:
        """Lay a mask's classes over an image; return which there are, the background left out."""
        values = self._revision.pixel_values
        try:
            mask = load_mask(path, colours=are_colours(values))
        except Exception:  # what is wrong with it is for the check to say
            return image, []
        small = _nearest(mask, image.size)
        paint = np.asarray(image, dtype=np.float64).copy()
        found = []
        for one in self._revision.classes:
            inside = small == one.source_id
            if _is_background(one.name) or not inside.any():
                continue
            paint[inside] += _OVERLAY * (np.array(class_colour(one.index)) - paint[inside])
            found.append(one.index)
        return Image.fromarray(paint.round().astype(np.uint8)), found


def _is_background(name: str) -> bool:
    return name.lower() in ("background", "unlabeled", "unlabelled", "void", "ignore")


def _opened(path: Path, width: int | None, side: int) -> tuple[Image.Image | None, float]:
    """Return the upright image with its longer side so long, and by what it was scaled."""
    try:
        with Image.open(path) as file:
            file.draft("RGB", (side, side))
            image = ImageOps.exif_transpose(file)
    except Exception:  # Pillow's decoders raise whatever their parsing runs into
        return None, 1.0
    if image.mode.startswith(("I", "F")):
        pixels = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((pixels * (255 / max(1.0, pixels.max()))).astype(np.uint8))
    known_width = width or image.width
    ratio = side / max(image.size)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    smooth = Image.Resampling.LANCZOS if ratio < 1 else Image.Resampling.NEAREST
    return image.convert("RGB").resize(size, smooth), size[0] / known_width


def _no_image(side: int) -> Image.Image:
    image = Image.new("RGB", (side, side * 3 // 4), _NO_IMAGE)
    draw_text(ImageDraw.Draw(image), (10, 10), "This image cannot be read", 13, _LIGHT)
    return image


def _nearest(mask: NDArray[Any], size_wh: tuple[int, int]) -> NDArray[Any]:
    height, width = mask.shape
    columns = np.arange(size_wh[0]) * width // size_wh[0]
    rows = np.arange(size_wh[1]) * height // size_wh[1]
    nearest: NDArray[Any] = mask[rows[:, None], columns]
    return nearest


def _with_objects(
    image: Image.Image,
    objects: Sequence[Mapping[str, Any]],
    scale: float,
    names: Mapping[int, str],
) -> Image.Image:
    """Draw the areas first, then the lines, then the names, so that none hides what is said."""
    areas = Image.new("RGBA", image.size, (0, 0, 0, 0))
    fill = ImageDraw.Draw(areas)
    for row in objects:
        paint = (*class_colour(row["class_index"] or 0), round(_OVERLAY * 255))
        for ring in row["rings_xy"] or ():
            if len(ring) >= 6:
                fill.polygon([one * scale for one in ring], fill=paint)
        if row["rle_counts"]:
            _fill_run_lengths(areas, row, paint)
    image = Image.alpha_composite(image.convert("RGBA"), areas).convert("RGB")
    lines = ImageDraw.Draw(image)
    for row in objects:
        colour = class_colour(row["class_index"] or 0)
        for ring in row["rings_xy"] or ():
            if len(ring) >= 4:
                points = [one * scale for one in (*ring, *ring[:2])]
                lines.line(points, fill=colour, width=2)
        corners = _corners(row, scale)
        if row["kind"] == "box":
            _box(lines, corners, colour)
        if max(corners[2] - corners[0], corners[3] - corners[1]) < _HARD_TO_SEE:
            _ring(lines, corners, colour)
    taken: list[Sequence[float]] = []
    for row in _named(objects):
        _name(lines, row, scale, names, image.size, taken)
    return image


def _named(objects: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the objects to name: of many the largest of each class, so that names hide little."""
    if len(objects) <= _MOST_NAMES:
        return list(objects)
    largest: dict[int | None, Mapping[str, Any]] = {}
    for row in sorted(objects, key=_area):
        largest[row["class_index"]] = row
    return list(largest.values())


def _area(row: Mapping[str, Any]) -> float:
    return float((row["right"] - row["left"]) * (row["bottom"] - row["top"]))


def _corners(row: Mapping[str, Any], scale: float) -> list[float]:
    """Return a box for drawing: ordered, since one that is reversed is to be seen too."""
    xs = sorted((row["left"] * scale, row["right"] * scale))
    ys = sorted((row["top"] * scale, row["bottom"] * scale))
    return [xs[0], ys[0], max(xs[1], xs[0] + 1), max(ys[1], ys[0] + 1)]


def _box(draw: ImageDraw.ImageDraw, corners: Sequence[float], colour: Rgb) -> None:
    """Draw a box in its colour between dark and light, so that it is seen on any image."""
    left, top, right, bottom = corners
    draw.rectangle([left - 2, top - 2, right + 2, bottom + 2], outline=_DARK)
    draw.rectangle([left - 1, top - 1, right + 1, bottom + 1], outline=colour, width=2)


def _ring(draw: ImageDraw.ImageDraw, corners: Sequence[float], colour: Rgb) -> None:
    """Draw a ring around what is too small to be seen."""
    x, y = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
    for radius, paint, width in ((13, _DARK, 4), (12, colour, 2)):
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=paint, width=width)


def _name(
    draw: ImageDraw.ImageDraw,
    row: Mapping[str, Any],
    scale: float,
    names: Mapping[int, str],
    size_wh: tuple[int, int],
    taken: list[Sequence[float]],
) -> None:
    """Write an object's name where no other name is: above it, in it or below it."""
    if row["class_index"] is None:
        return
    left, top, right, bottom = _corners(row, scale)
    text, size = names[row["class_index"]], 11
    width, height = text_size(text, size)
    if width > max(right - left, 48) or bottom - top < height:
        return  # there is no room: the colour says it
    colour = class_colour(row["class_index"])
    x = min(max(0, left), size_wh[0] - width - 4)
    for y in (top - height - 4, top, bottom):
        place = (x, y, x + width + 4, y + height + 3)
        if y >= 0 and place[3] <= size_wh[1] and not any(_overlap(place, one) for one in taken):
            break
    else:
        return
    taken.append(place)
    draw.rectangle(place, fill=colour)
    draw_text(draw, (x + 2, y + 1), text, size, ink_on(colour))


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _fill_run_lengths(
    areas: Image.Image, row: Mapping[str, Any], paint: tuple[int, int, int, int]
) -> None:
    size_hw = (row["mask_height"], row["mask_width"])
    try:
        inside = run_lengths.decoded(row["rle_counts"], size_hw)
    except ValueError:
        return
    stencil = Image.fromarray(_nearest(inside, areas.size).astype(np.uint8) * 255)
    areas.paste(paint, (0, 0), stencil)


def _labels(rows: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> tuple[str, ...]:
    """Say what is known of an image in words."""
    said: list[str] = []
    in_mask: list[str] = []
    objects: dict[str, int] = {}
    for row in rows:
        if row["kind"] in ("class", "tag"):
            said.append(names[row["class_index"]])
        elif row["kind"] == "value":
            said.append(f"{row['name']} {row['value']:.6g}")
        elif row["kind"] in _DRAWN and row["class_index"] is not None:
            name = names[row["class_index"]]
            objects[name] = objects.get(name, 0) + 1
        elif row["kind"] == "mask_pixels" and not _is_background(names[row["class_index"]]):
            in_mask.append(names[row["class_index"]])
    said += [name for name in in_mask if name not in objects]
    counted = sorted(objects.items(), key=lambda one: -one[1])
    said += [name if count == 1 else f"{count} {name}" for name, count in counted]
    return tuple(said)
