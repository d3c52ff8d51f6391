"""A contact sheet: items of a dataset side by side, with their annotations drawn, as one PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc
from PIL import Image, ImageDraw

from model_playground.core.whole_files import whole_file
from model_playground.datasets.records import Revision
from model_playground.insights.annotated_images import (
    AnnotatedImages,
    AnnotatedItem,
    class_colour,
)
from model_playground.insights.lettering import draw_text, shortened, text_size, unwritable

ITEMS = 24
_COLUMNS, _SIDE, _GAP = 6, 240, 16
_CAPTION = 40  # pixels below a picture
_INK, _MUTED, _PAGE = (27, 39, 51), (88, 102, 118), (255, 255, 255)


def chosen_items(revision: Revision, count: int = ITEMS) -> list[str]:
    """Choose items to look at: the rarest classes first, then whatever the ids' order gives.

    The ids are hashes, so their order is that of chance, and the same every time.
    """
    ids = sorted(revision.item_ids)
    table = revision.annotations.select(["item_id", "class_index"])
    table = table.filter(pc.is_valid(table["class_index"]))
    first = table.group_by("class_index").aggregate([("item_id", "min"), ("item_id", "count")])
    rows = sorted(first.to_pylist(), key=lambda one: one["item_id_count"])
    rarest = dict.fromkeys(row["item_id_min"] for row in rows[: count // 2])
    chosen = list(dict.fromkeys([*rarest, *ids]))[:count]
    return sorted(chosen)


def write_contact_sheet(revision: Revision, name: str, path: Path, count: int = ITEMS) -> str:
    """Write a sheet as a whole or not at all.

    Args:
        revision: the records.
        name: the dataset's name.
        path: the PNG file.
        count: how many items to show.

    Returns:
        The characters of the names that no font of this machine has; they are drawn as squares.

    Raises:
        InvalidError: the file cannot be written.
    """
    ids = chosen_items(revision, count)
    images = AnnotatedImages(revision, ids)
    items = [images.draw(one, _SIDE) for one in ids]
    sheet = _sheet(revision, name, items)
    with whole_file(path) as unfinished:
        sheet.save(unfinished, format="PNG", optimize=True)
    names = "".join(one.name for one in revision.classes)
    return unwritable(name + names + "".join(item.path for item in items))


def _sheet(revision: Revision, name: str, items: Sequence[AnnotatedItem]) -> Image.Image:
    columns = min(_COLUMNS, max(1, len(items)))
    width = max(3, columns) * (_SIDE + _GAP) + _GAP
    drawn = frozenset[int]().union(*(item.classes for item in items))
    names = {one.index: one.name for one in revision.classes if one.index in drawn}
    legend = _legend(names, width - 2 * _GAP)
    rows = [items[at : at + columns] for at in range(0, len(items), columns)]
    heights = [max(item.image.height for item in row) + _CAPTION + _GAP for row in rows]
    head = 64
    sheet = Image.new("RGB", (width, head + sum(heights) + legend.height + _GAP), _PAGE)
    draw = ImageDraw.Draw(sheet)
    draw_text(draw, (_GAP, 14), shortened(name, 20, width - 2 * _GAP), 20, _INK)
    said = (
        f"{len(items):,} of {revision.items.num_rows:,} images, {revision.task.replace('_', ' ')}"
    )
    draw_text(draw, (_GAP, 40), said, 13, _MUTED)
    top = head
    for row, height in zip(rows, heights, strict=True):
        for place, item in enumerate(row):
            _place(sheet, draw, item, (_GAP + place * (_SIDE + _GAP), top))
        top += height
    sheet.paste(legend, (_GAP, top))
    return sheet


def _place(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, item: AnnotatedItem, xy: tuple[int, int]
) -> None:
    x, y = xy
    sheet.paste(item.image, (x, y))
    below = y + item.image.height + 4
    said = ", ".join(item.labels) or "no labels"
    while text_size(said, 12)[0] > _SIDE and len(said) > 4:
        said = said[:-2].rstrip("…") + "…"
    draw_text(draw, (x, below), said, 12, _INK)
    draw_text(draw, (x, below + 16), shortened(item.path, 11, _SIDE), 11, _MUTED)


def _legend(names: Mapping[int, str], width: int) -> Image.Image:
    """Draw the classes in their colours."""
    placed: list[tuple[int, int, int, str]] = []
    x = y = 0
    for index, name in names.items():
        taken = text_size(name, 12)[0] + 34
        if x and x + taken > width:
            x, y = 0, y + 22
        placed.append((x, y, index, name))
        x += taken
    legend = Image.new("RGB", (width, y + 22 if placed else 1), _PAGE)
    draw = ImageDraw.Draw(legend)
    for left, top, index, name in placed:
        draw.rectangle([left, top + 2, left + 12, top + 14], fill=class_colour(index))
        draw_text(draw, (left + 18, top), name, 12, _INK)
    return legend
