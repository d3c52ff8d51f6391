"""A sheet of the images of a group, by which a person sees whether they belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

_SIDE, _GAP, _COLUMNS, _MOST = 128, 4, 10, 60


def write_group_sheet(file: Path, paths: Sequence[Path]) -> None:
    """Write a sheet of thumbnails, of a large group from its beginning to its end.

    Args:
        file: where to write it, as a PNG.
        paths: the images; one that cannot be read leaves its place empty.
    """
    step = max(1, math.ceil(len(paths) / _MOST))
    shown = paths[::step]
    rows = math.ceil(len(shown) / _COLUMNS)
    pitch = _SIDE + _GAP
    sheet = Image.new("RGB", (_COLUMNS * pitch + _GAP, rows * pitch + _GAP), "white")
    for place, path in enumerate(shown):
        row, column = divmod(place, _COLUMNS)
        try:
            with Image.open(path) as image:
                image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
                upright = ImageOps.exif_transpose(image).convert("RGB")
        except Exception:  # Pillow's decoders raise whatever their parsing runs into
            continue
        small = ImageOps.contain(upright, (_SIDE, _SIDE))
        sheet.paste(small, (_GAP + column * pitch, _GAP + row * pitch))
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file, "PNG")
