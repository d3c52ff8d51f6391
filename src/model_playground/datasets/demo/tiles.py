"""Classification: photographs of tiles with a defect or without. Cracks are rare and thin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from model_playground.core.errors import InvalidError
from model_playground.datasets.demo.drawing import (
    OVERSAMPLING,
    Colour,
    mottled,
    photographed,
    random_of,
    varied,
)

SIDE_PX = 48

JOINT: Colour = (92, 88, 84)
GLAZES: tuple[Colour, ...] = ((206, 196, 180), (182, 190, 192), (196, 178, 164))
BROKEN: Colour = (120, 104, 92)
CRACK: Colour = (104, 98, 92)
STAIN: Colour = (134, 112, 84)

_SIDE = SIDE_PX * OVERSAMPLING
_EDGE = 3 * OVERSAMPLING  # width of the joint around the tile


def draw_tiles(
    folder: Path,
    *,
    counts: Mapping[str, int],
    mislabelled: float = 0.0,
    grain: float = 8,
    seed: int = 0,
) -> None:
    """Draw photographs of tiles, one folder for each class.

    Args:
        folder: where to write; made if missing.
        counts: how many tiles of each class: intact, chipped, stained, cracked.
        mislabelled: the share of tiles that are given another class's label, by carelessness.
        grain: how noisy the photographs are, in levels out of 255.
        seed: the same seed gives the same pictures.
    """
    classes = list(counts)
    for name in classes:
        if name not in _DEFECTS:
            raise InvalidError(
                "demo.class",
                "{name} is no class of tile: they are {known}",
                name=name,
                known=", ".join(_DEFECTS),
            )
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, count in counts.items():
        for number in range(count):
            file = f"{name}-{number:04d}"
            random = random_of(file, seed)
            _tile(name, random, grain).save(
                folder / _label(name, classes, mislabelled, random) / f"{file}.png"
            )


def _label(name: str, classes: list[str], mislabelled: float, random: np.random.Generator) -> str:
    if random.random() >= mislabelled:
        return name
    others = [other for other in classes if other != name]
    return others[random.integers(len(others))]


def _tile(name: str, random: np.random.Generator, grain: float) -> Image.Image:
    glaze = varied(GLAZES[random.integers(len(GLAZES))], 8, random)
    drawn = mottled(glaze, _SIDE, random, contrast=3, patch_px=24)
    _reflect(drawn, random)
    _DEFECTS[name](drawn, random)
    ImageDraw.Draw(drawn).rectangle((0, 0, _SIDE - 1, _SIDE - 1), outline=JOINT, width=_EDGE)
    return photographed(drawn, random, grain=grain, light=0.12)


def _reflect(drawn: Image.Image, random: np.random.Generator) -> None:
    """Let a lamp be reflected: a straight bright line that is no defect."""
    if random.random() < 0.5:
        start, end = random.uniform(0, _SIDE, 2)
        line = ((start, 0), (end, _SIDE)) if random.random() < 0.5 else ((0, start), (_SIDE, end))
        ImageDraw.Draw(drawn).line(line, fill=(236, 236, 232), width=5)


def _leave_intact(drawn: Image.Image, random: np.random.Generator) -> None:
    """Do nothing: there is no defect."""


def _chip(drawn: Image.Image, random: np.random.Generator) -> None:
    corner_x, corner_y = random.choice([_EDGE, _SIDE - _EDGE], 2)
    reach = random.uniform(6, 12, 2) * OVERSAMPLING
    inwards_x, inwards_y = np.where(np.array([corner_x, corner_y]) < _SIDE / 2, 1, -1) * reach
    corners = [
        (corner_x, corner_y),
        (corner_x + inwards_x, corner_y),
        (corner_x, corner_y + inwards_y),
    ]
    ImageDraw.Draw(drawn).polygon(
        [(float(x), float(y)) for x, y in corners], fill=varied((120, 104, 92), 12, random)
    )


def _stain(drawn: Image.Image, random: np.random.Generator) -> None:
    """Leave a soft brown spot."""
    x, y = random.uniform(0.25 * _SIDE, 0.75 * _SIDE, 2)
    width, height = random.uniform(3, 8, 2) * OVERSAMPLING
    blot = Image.new("L", drawn.size)
    strength = int(random.uniform(120, 220))
    ImageDraw.Draw(blot).ellipse((x - width, y - height, x + width, y + height), fill=strength)
    soft = blot.filter(ImageFilter.GaussianBlur(6))
    drawn.paste(Image.new("RGB", drawn.size, varied(STAIN, 12, random)), mask=soft)


def _crack(drawn: Image.Image, random: np.random.Generator) -> None:
    """Draw a jagged dark line from one edge towards the other."""
    steps = 9
    along = np.linspace(0, random.uniform(0.55, 1.0), steps) * _SIDE
    across = random.uniform(0.25, 0.75) * _SIDE + np.cumsum(random.normal(0, 0.05 * _SIDE, steps))
    across = np.clip(across, 0.12 * _SIDE, 0.88 * _SIDE)
    points = [(float(x), float(y)) for x, y in zip(along, across, strict=True)]
    if random.random() < 0.5:
        points = [(y, x) for x, y in points]
    ImageDraw.Draw(drawn).line(points, fill=varied(CRACK, 10, random), width=4)


_DEFECTS = {"intact": _leave_intact, "chipped": _chip, "stained": _stain, "cracked": _crack}
