"""Pictures for the report, small enough to be part of it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.datasets.demo.drawing import Colour
from model_playground.insights.report import picture_source


def photograph(path: Path) -> str:
    """Return an image file as a data address."""
    with Image.open(path) as image:
        return _source(image.convert("RGB"))


def coloured(class_indices: np.ndarray, colours: Sequence[Colour]) -> str:
    """Return a mask (H, W) of class indices as a data address, each class in its colour."""
    palette = np.array(colours, dtype=np.uint8)
    return _source(Image.fromarray(palette[class_indices]))


def css_colour(colour: Colour) -> str:
    """Return a colour as CSS writes it.

    >>> css_colour((255, 0, 16))
    '#ff0010'
    """
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def _source(image: Image.Image) -> str:
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=True)
    return picture_source(png.getvalue())
