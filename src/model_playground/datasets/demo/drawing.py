"""What the drawn datasets share: randomness by picture, smooth edges, and a camera's faults."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_playground.core.whole_files import whole_file

OVERSAMPLING = 4  # pictures are drawn this many times larger and shrunk, for smooth edges

Colour = tuple[int, int, int]


def random_of(picture: str, seed: int) -> np.random.Generator:
    """Return the randomness of one picture, whatever was drawn before it."""
    return np.random.default_rng([seed, zlib.crc32(picture.encode())])


def varied(colour: Colour, by: float, random: np.random.Generator) -> Colour:
    """Return the colour, each channel moved by chance by at most about `by` levels."""
    red, green, blue = np.clip(np.add(colour, random.uniform(-by, by, 3)), 0, 255)
    return int(red), int(green), int(blue)


def photographed(
    drawn: Image.Image, random: np.random.Generator, *, grain: float, light: float
) -> Image.Image:
    """Shrink a drawing to its picture, in uneven light and with a camera's grain.

    Args:
        drawn: the drawing, `OVERSAMPLING` times larger than the picture.
        random: the picture's randomness.
        grain: standard deviation of the noise, in levels out of 255.
        light: how much the brightness may differ, as a share of it.
    """
    side = drawn.width // OVERSAMPLING
    pixels = np.asarray(drawn.resize((side, side), Image.Resampling.BOX), dtype=np.float64)
    slope = np.linspace(-1, 1, side) * random.uniform(-light / 2, light / 2, (2, 1))
    shade = 1 + random.uniform(-light, light) + slope[0][:, None] + slope[1][None, :]
    pixels = pixels * shade[..., None] + random.normal(0, grain, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def mottled(
    colour: Colour, side_px: int, random: np.random.Generator, *, contrast: float, patch_px: int
) -> Image.Image:
    """Return a square of one colour with soft lighter and darker patches."""
    coarse = random.normal(0, contrast, (max(2, side_px // patch_px),) * 2)
    soft = Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC)
    pixels = np.add(np.asarray(soft)[..., None], colour)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def turned_rectangle(
    centre: tuple[float, float], size: tuple[float, float], angle: float
) -> list[tuple[float, float]]:
    """Return the corners of a rectangle (centre x, y; length, width) turned by an angle."""
    along = np.array([np.cos(angle), np.sin(angle)]) * size[0] / 2
    across = np.array([-np.sin(angle), np.cos(angle)]) * size[1] / 2
    corners: NDArray[Any] = np.add(
        centre, [along + across, along - across, -along - across, -along + across]
    )
    return [(float(x), float(y)) for x, y in corners]


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
