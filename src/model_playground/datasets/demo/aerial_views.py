"""Semantic segmentation: land seen from above, with small objects (cars) and rare ones (pools)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from model_playground.datasets.demo.drawing import (
    OVERSAMPLING,
    Colour,
    mottled,
    photographed,
    random_of,
    turned_rectangle,
    varied,
    write_text,
)

SIDE_PX = 64
CLASSES = ("ground", "road", "building", "car", "pool")
POOL_SHARE = 0.7  # of the pictures that get a pool if there is room for it

GROUND: Colour = (124, 146, 92)
ROAD: Colour = (136, 134, 132)
TREE: Colour = (72, 104, 62)
SHADOW: Colour = (70, 80, 60)
POOL: Colour = (92, 158, 186)
ROOFS: tuple[Colour, ...] = ((168, 96, 76), (148, 128, 112), (120, 122, 128))
CARS: tuple[Colour, ...] = ((214, 214, 210), (66, 68, 76), (164, 60, 56), (78, 100, 150))

_SIDE = SIDE_PX * OVERSAMPLING
Point = tuple[float, float]
Polygon = list[Point]


def draw_aerial_views(folder: Path, *, count: int, seed: int = 0) -> None:
    """Draw pictures of land from above and, for each, the class of every pixel.

    Writes `images/*.png`, `masks/*.png` (each pixel is the class's index) and `classes.yaml`.

    Args:
        folder: where to write; made if missing.
        count: how many pictures to draw.
        seed: the same seed gives the same pictures.
    """
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        file = f"view-{number:04d}.png"
        view = _View(random_of(file, seed))
        view.picture().save(folder / "images" / file)
        view.mask().save(folder / "masks" / file)
    lines = [f"  {index}: {name}\n" for index, name in enumerate(CLASSES)]
    write_text(folder / "classes.yaml", "classes:\n" + "".join(lines))


class _View:
    """One picture and its mask, drawn together."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        ground = varied(GROUND, 18, random)
        self._drawn = mottled(ground, _SIDE, random, contrast=9, patch_px=40)
        self._classes = Image.new("L", (_SIDE, _SIDE))
        self._pen = ImageDraw.Draw(self._drawn)
        self._marker = ImageDraw.Draw(self._classes)
        self._draw_trees()
        self._draw_roads()
        self._draw_buildings()
        self._draw_pool()

    def picture(self) -> Image.Image:
        return photographed(self._drawn, self._random, grain=6, light=0.12)

    def mask(self) -> Image.Image:
        return self._classes.resize((SIDE_PX, SIDE_PX), Image.Resampling.NEAREST)

    def _polygon(self, corners: Polygon, colour: Colour, name: str) -> None:
        self._pen.polygon(corners, fill=varied(colour, 14, self._random))
        self._marker.polygon(corners, fill=CLASSES.index(name))

    def _ellipse(self, box: tuple[float, float, float, float], colour: Colour, name: str) -> None:
        self._pen.ellipse(box, fill=varied(colour, 14, self._random))
        self._marker.ellipse(box, fill=CLASSES.index(name))

    def _box(self, smallest_px: int, largest_px: int) -> tuple[float, float, float, float]:
        x, y = self._random.uniform(0.1 * _SIDE, 0.9 * _SIDE, 2)
        width, height = self._random.uniform(smallest_px, largest_px, 2) * OVERSAMPLING / 2
        return x - width, y - height, x + width, y + height

    def _draw_trees(self) -> None:
        for _ in range(self._random.integers(2, 9)):
            self._ellipse(self._box(4, 9), TREE, "ground")

    def _draw_pool(self) -> None:
        left, top, right, bottom = box = self._box(9, 14)
        corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
        if self._random.random() < POOL_SHARE and self._is_free(corners):
            self._ellipse(box, POOL, "pool")

    def _draw_roads(self) -> None:
        roads = [self._road() for _ in range(self._random.integers(1, 3))]
        for centre, angle, width in roads:
            self._polygon(turned_rectangle(centre, (3 * _SIDE, width), angle), ROAD, "road")
        for centre, angle, width in roads:
            self._draw_cars(centre, angle, width)

    def _road(self) -> tuple[Point, float, float]:
        x, y = self._random.uniform(0.2 * _SIDE, 0.8 * _SIDE, 2)
        return (x, y), self._random.uniform(0, np.pi), self._random.uniform(9, 12) * OVERSAMPLING

    def _draw_cars(self, centre: Point, angle: float, road_width: float) -> None:
        direction = np.array([np.cos(angle), np.sin(angle)])
        to_the_right = np.array([-np.sin(angle), np.cos(angle)])
        for _ in range(self._random.integers(1, 6)):
            lane = road_width / 4 * self._random.choice([-1, 1])
            along = self._random.uniform(-0.45, 0.45) * _SIDE
            x, y = np.add(centre, along * direction + lane * to_the_right)
            colour = CARS[self._random.integers(len(CARS))]
            size = (7 * OVERSAMPLING, 4 * OVERSAMPLING)
            self._polygon(turned_rectangle((float(x), float(y)), size, angle), colour, "car")

    def _draw_buildings(self) -> None:
        for _ in range(self._random.integers(2, 6)):
            x, y = self._random.uniform(0, _SIDE, 2)
            length, width = self._random.uniform(9, 18, 2) * OVERSAMPLING
            angle = self._random.uniform(0, np.pi)
            corners = turned_rectangle((x, y), (length, width), angle)
            if not self._is_free([*corners, (x, y)]):
                continue
            shadow = turned_rectangle((x + 8, y + 8), (length, width), angle)
            self._pen.polygon(shadow, fill=SHADOW)
            roof = ROOFS[self._random.integers(len(ROOFS))]
            self._polygon(corners, roof, "building")

    def _is_free(self, points: Polygon) -> bool:
        """Say whether nothing but ground is at these points."""
        inside = [(int(x), int(y)) for x, y in points if min(x, y) >= 0 and max(x, y) < _SIDE]
        return not any(self._classes.getpixel(point) for point in inside)
