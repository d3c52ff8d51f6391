"""The drawn datasets: the same for a seed, what they claim to be, and read like a user's own."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import Part
from model_playground.datasets.demo import (
    AERIAL_CLASSES,
    draw_aerial_views,
    draw_floor_plans,
    draw_tiles,
)
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

PARTS: dict[Part, int] = {"train": 6, "validation": 3, "test": 2}


def draw_everything(folder: Path, seed: int) -> None:
    draw_floor_plans(folder / "plans", counts=PARTS, typing_errors=2, seed=seed)
    draw_aerial_views(folder / "views", count=4, seed=seed)
    draw_tiles(folder / "tiles", counts={"intact": 3, "cracked": 2}, seed=seed)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_seed_gives_the_same_files_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        draw_everything(tmp_path / name, seed)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values()) - {one["views/classes.yaml"]}


def test_more_pictures_leave_the_earlier_ones_as_they_are(tmp_path: Path) -> None:
    draw_aerial_views(tmp_path / "few", count=2)
    draw_aerial_views(tmp_path / "many", count=3)
    few, many = contents(tmp_path / "few"), contents(tmp_path / "many")
    assert few.items() < many.items()


def test_prices_follow_the_area_but_for_the_mistyped(tmp_path: Path) -> None:
    counts: dict[Part, int] = {"train": 60, "validation": 30, "test": 10}
    houses = draw_floor_plans(tmp_path, counts=counts, typing_errors=3)
    assert Counter(house.part for house in houses) == counts
    mistyped = [house for house in houses if house.typing_error]
    assert [house.part for house in mistyped] == ["train"] * 3
    right = [house for house in houses if not house.typing_error]
    areas, prices = (
        np.array([getattr(house, name) for house in right]) for name in ("area_m2", "price_keur")
    )
    slope, base = np.polyfit(areas, prices, 1)
    assert slope == pytest.approx(3.0, abs=0.3)
    assert base == pytest.approx(60, abs=25)
    assert min(house.price_keur for house in mistyped) > max(prices)


def test_the_floor_area_can_be_measured_in_the_picture(tmp_path: Path) -> None:
    (house,) = draw_floor_plans(tmp_path, counts={"train": 1}, typing_errors=0)
    pixels = np.asarray(Image.open(tmp_path / house.file).convert("L")).astype(int)
    walls = np.argwhere(pixels < 110)
    (top, left), (bottom, right) = walls.min(0), walls.max(0) + 1
    assert (bottom - top) * (right - left) * 0.25**2 == pytest.approx(house.area_m2, rel=0.1)


def test_masks_hold_every_class_and_the_small_ones_are_small(tmp_path: Path) -> None:
    draw_aerial_views(tmp_path, count=40)
    masks = np.stack([np.asarray(Image.open(path)) for path in (tmp_path / "masks").iterdir()])
    shares = {name: (masks == index).mean() for index, name in enumerate(AERIAL_CLASSES)}
    assert masks.max() == len(AERIAL_CLASSES) - 1
    assert shares["ground"] > shares["road"] > shares["building"] > 0.02
    assert 0 < shares["pool"] < 0.01 < shares["car"] < 0.03


def test_some_labels_are_wrong_where_that_is_asked_for(tmp_path: Path) -> None:
    draw_tiles(tmp_path, counts={"intact": 50, "cracked": 50}, mislabelled=0.2)
    files = list(tmp_path.rglob("*.png"))
    assert len(files) == 100
    wrong = sum(not path.name.startswith(path.parent.name) for path in files)
    assert 8 <= wrong <= 32


def test_an_unknown_kind_of_tile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="broken is no class of tile"):
        draw_tiles(tmp_path / "tiles", counts={"broken": 1})
    assert not (tmp_path / "tiles").exists()


@pytest.mark.parametrize(
    ("place", "task", "options", "items"),
    [
        ("plans/houses.csv", "regression", ReadOptions(target_columns=("price_keur",)), 11),
        ("views", "segmentation", ReadOptions(), 4),
        ("tiles", "classification", ReadOptions(), 5),
    ],
)
def test_the_importer_finds_what_was_mistyped_and_nothing_else(
    tmp_path: Path, place: str, task: str, options: ReadOptions, items: int
) -> None:
    draw_everything(tmp_path, seed=0)
    revision, report = import_dataset(tmp_path / place, task=task, options=options, advance=None)
    assert len(revision.item_ids) == items
    found = {finding.kind for finding in report.findings} - {"few_items"}
    assert found == ({"value_outlier"} if place == "plans/houses.csv" else set())  # the mistyped
    assert revision.task == task


def test_the_table_tells_the_part_of_each_house(tmp_path: Path) -> None:
    draw_floor_plans(tmp_path, counts=PARTS, typing_errors=0)
    with (tmp_path / "houses.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert Counter(row["part"] for row in rows) == PARTS
    assert all((tmp_path / row["file"]).is_file() for row in rows)
