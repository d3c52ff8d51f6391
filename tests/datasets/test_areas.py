"""Masks drawn of outlines and run lengths, pixel by pixel, against COCO's own tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as peer

from model_playground.core.contracts import IGNORED
from model_playground.datasets.areas import Area, Areas
from model_playground.datasets.run_lengths import compressed, decoded, of_mask

SIZE_HW = (17, 23)

corner = st.floats(-15, 40) | st.integers(-15, 40).map(float)
outline = st.lists(st.tuples(corner, corner), min_size=3, max_size=9).map(
    lambda points: [number for point in points for number in point]
)


def ours(rings: list[list[float]], size_hw: tuple[int, int]) -> NDArray[Any]:
    area = Area(1, tuple(np.array(ring, dtype=np.float64) for ring in rings))
    return Areas((area,), background=0).mask(size_hw)


def theirs(rings: list[list[float]], size_hw: tuple[int, int]) -> NDArray[Any]:
    whole = [[float(number) for number in ring] for ring in rings]
    merged = peer.merge(peer.frPyObjects(whole, *size_hw))
    return decoded(merged["counts"].decode("ascii"), size_hw)


@given(st.lists(outline, min_size=1, max_size=3))
@example([[2, 2, 20, 15, 20, 2, 2, 15]])  # crosses itself
@example([[-9, -9, 40, -9, 40, 40, -9, 40]])  # all around
@example([[30, 2, 40, 2, 40, 9]])  # outside
@example([[3, 3, 3, 3, 3, 3]])  # a point
@example([[3, 3, 9, 9, 3, 3]])  # a line
def test_an_outline_holds_the_pixels_that_coco_draws(rings: list[list[float]]) -> None:
    np.testing.assert_array_equal(ours(rings, SIZE_HW), theirs(rings, SIZE_HW))


@pytest.mark.parametrize(
    "file",
    ["nuts/data/trainval.json", "coco-golden/tests/dataset/cocoapi/instances_val2014_100.json"],
)
def test_real_outlines_hold_the_pixels_that_coco_draws(real_data: Path, file: str) -> None:
    said = json.loads((real_data / file).read_text())
    sizes = {one["id"]: (one["height"], one["width"]) for one in said["images"]}
    compared = 0
    for one in said["annotations"]:
        if isinstance(one["segmentation"], list):
            given_to = one["segmentation"], sizes[one["image_id"]]
            np.testing.assert_array_equal(ours(*given_to), theirs(*given_to))
            compared += 1
    assert compared == {"nuts": 165, "coco-golden": 830}[file.split("/")[0]]


@pytest.mark.parametrize("far", [1e9, -1e300, np.inf, np.nan])
def test_what_is_far_outside_takes_no_room(far: float) -> None:
    assert ours([[2, 2, far, 2, far, 9, 2, 9]], SIZE_HW).shape == SIZE_HW
    assert ours([[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]], SIZE_HW).all()


def test_an_outline_of_two_points_holds_nothing() -> None:
    assert not ours([[2, 2, 9, 9]], SIZE_HW).any()


def square(class_index: int, left: float, right: float) -> Area:
    corners = [left, left, right, left, right, right, left, right]
    return Area(class_index, (np.array(corners),))


def test_small_areas_are_drawn_over_large_ones() -> None:
    large, small, ignored = square(1, 0, 12), square(2, 4, 8), square(IGNORED, 2, 10)
    mask = Areas((small, ignored, large), background=5).mask((14, 14))
    assert [int(mask[one, one]) for one in (1, 3, 5, 9, 11, 13)] == [1, IGNORED, 2, IGNORED, 1, 5]
    np.testing.assert_array_equal(mask, Areas((large, ignored, small), background=5).mask((14, 14)))


@pytest.mark.parametrize(("counts", "size_hw"), [([], (0, 0)), ([0], (0, 5))])
def test_run_lengths_of_no_mask_hold_nothing(counts: list[int], size_hw: tuple[int, int]) -> None:
    area = Area(3, counts=compressed(counts), size_hw=size_hw)
    assert not Areas((area,), background=0).mask((4, 6)).any()


def test_run_lengths_of_a_huge_mask_take_no_room() -> None:
    side = 2**30
    area = Area(3, counts=compressed([0, side * side]), size_hw=(side, side))
    assert Areas((area,), background=0).mask((4, 6)).all()


def test_run_lengths_of_another_size_are_brought_to_the_images() -> None:
    inside = np.array([[0, 1], [0, 0]])
    area = Area(3, counts=of_mask(inside), size_hw=(2, 2))
    mask = Areas((area,), background=0).mask((4, 6))
    np.testing.assert_array_equal(mask, 3 * inside.repeat(2, axis=0).repeat(3, axis=1))
