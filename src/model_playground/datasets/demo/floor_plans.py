"""House prices: floor plans drawn to scale, and a price that depends on the floor area.

The seed's own example of a regression. A few prices of the train part have one zero too many, as
happens when people type numbers: outliers, to which mean squared error is sensitive.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from model_playground.core.records import Part
from model_playground.datasets.demo.drawing import (
    OVERSAMPLING,
    Colour,
    photographed,
    random_of,
    varied,
    write_text,
)

SIDE_PX = 64
METRES_PER_PX = 0.25
SMALLEST_ROOM_PX = 9

BASE_PRICE_KEUR = 60.0
PRICE_PER_M2_KEUR = 3.0
PRICE_NOISE_KEUR = 25.0
TYPING_ERROR_FACTOR = 10  # one zero too many

PAPER: Colour = (244, 241, 232)
WALL: Colour = (52, 54, 62)
WINDOW: Colour = (120, 178, 214)
SHRUB: Colour = (150, 184, 130)
FLOORS: tuple[Colour, ...] = ((222, 196, 160), (206, 214, 220), (226, 210, 196), (212, 220, 202))

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture


@dataclass(frozen=True)
class House:
    """One row of houses.csv, and whether its price was mistyped, which the table does not say."""

    file: str
    part: Part
    area_m2: float
    rooms: int
    price_keur: float
    typing_error: bool


def draw_floor_plans(
    folder: Path, *, counts: Mapping[Part, int], typing_errors: int, seed: int = 0
) -> list[House]:
    """Draw floor plans and write their prices.

    Writes `plans/*.png` and `houses.csv` (file, price_keur, area_m2, rooms, part). The table says
    the part of each house, so that the typing errors are all in train and the other parts can be
    trusted to measure by.

    Args:
        folder: where to write; made if missing.
        counts: how many houses each part gets.
        typing_errors: how many prices of the train part have one zero too many.
        seed: the same seed gives the same pictures and prices.
    """
    (folder / "plans").mkdir(parents=True, exist_ok=True)
    houses = []
    for part, count in counts.items():
        for number in range(count):
            file = f"plans/{part}-{number:04d}.png"
            random = random_of(file, seed)
            mistyped = part == "train" and number < typing_errors
            houses.append(_draw_house(folder, file, part, random, mistyped=mistyped))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("file", "price_keur", "area_m2", "rooms", "part"))
    table.writerows(
        (house.file, house.price_keur, house.area_m2, house.rooms, house.part) for house in houses
    )
    write_text(folder / "houses.csv", text.getvalue())
    return houses


def _draw_house(
    folder: Path, file: str, part: Part, random: np.random.Generator, *, mistyped: bool
) -> House:
    wings = _wings(random)
    rooms = [room for wing in wings for room in _rooms(wing, random)]
    _plan(wings, rooms, random).save(folder / file)
    area_px = sum((right - left) * (bottom - top) for left, top, right, bottom in wings)
    area_m2 = area_px * METRES_PER_PX**2
    price = BASE_PRICE_KEUR + PRICE_PER_M2_KEUR * area_m2 + random.normal(0, PRICE_NOISE_KEUR)
    price *= TYPING_ERROR_FACTOR if mistyped else 1
    return House(file, part, round(area_m2, 1), len(rooms), round(price, 1), mistyped)


def _wings(random: np.random.Generator) -> list[Rectangle]:
    """Lay out a house of one rectangle, or of two that touch: an L."""
    width, height = (int(size) for size in random.integers(18, 49, 2))
    left = int(random.integers(4, SIDE_PX - 4 - width, endpoint=True))
    top = int(random.integers(4, SIDE_PX - 4 - height, endpoint=True))
    house = (left, top, left + width, top + height)
    if min(width, height) < 30 or random.random() < 0.5:
        return [house]
    cut_x = left + int(width * random.uniform(0.4, 0.6))
    cut_y = top + int(height * random.uniform(0.4, 0.6))
    return [(left, top, cut_x, top + height), (cut_x, cut_y, left + width, top + height)]


def _rooms(space: Rectangle, random: np.random.Generator) -> list[Rectangle]:
    """Divide a space into rooms, across its longer side, until they are small."""
    left, top, right, bottom = space
    width, height = right - left, bottom - top
    longer = max(width, height)
    if longer < 2 * SMALLEST_ROOM_PX or (longer < 24 and random.random() < 0.6):
        return [space]
    cut = int(random.integers(SMALLEST_ROOM_PX, longer - SMALLEST_ROOM_PX, endpoint=True))
    if width >= height:
        halves = (left, top, left + cut, bottom), (left + cut, top, right, bottom)
    else:
        halves = (left, top, right, top + cut), (left, top + cut, right, bottom)
    return [room for half in halves for room in _rooms(half, random)]


def _plan(
    wings: list[Rectangle], rooms: list[Rectangle], random: np.random.Generator
) -> Image.Image:
    side = SIDE_PX * OVERSAMPLING
    drawn = Image.new("RGB", (side, side), varied(PAPER, 6, random))
    pen = ImageDraw.Draw(drawn)
    for _ in range(random.integers(0, 6)):
        _shrub(pen, random)
    for room in rooms:
        floor = FLOORS[random.integers(len(FLOORS))]
        pen.rectangle(_scaled(room), fill=varied(floor, 8, random), outline=WALL, width=4)
    for room in rooms:
        _door(pen, room, random)
    for wing in wings:
        pen.rectangle(_scaled(wing), outline=WALL, width=6)
    for wing in wings:
        _window(pen, wing, random)
    return photographed(drawn, random, grain=4, light=0.06)


def _scaled(rectangle: Rectangle) -> tuple[int, int, int, int]:
    left, top, right, bottom = (edge * OVERSAMPLING for edge in rectangle)
    return left, top, right - 1, bottom - 1


def _shrub(pen: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    x, y = random.integers(0, SIDE_PX * OVERSAMPLING, 2)
    radius = random.integers(6, 16)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=varied(SHRUB, 12, random))


def _door(pen: ImageDraw.ImageDraw, room: Rectangle, random: np.random.Generator) -> None:
    """Leave an opening in the wall on the room's right, with the door standing open."""
    _, top, right, bottom = _scaled(room)
    y = int(random.integers(top + 8, bottom - 20))
    pen.rectangle((right - 4, y, right + 4, y + 12), fill=FLOORS[0])
    pen.line((right - 14, y, right, y), fill=WALL, width=2)


def _window(pen: ImageDraw.ImageDraw, wing: Rectangle, random: np.random.Generator) -> None:
    left, top, right, _ = _scaled(wing)
    x = int(random.integers(left + 8, right - 28))
    pen.rectangle((x, top, x + 20, top + 5), fill=WINDOW)
