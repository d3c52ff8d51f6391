"""Each image is decoded once in a run."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from model_playground.datasets.records import TrainingItem
from model_playground.tasks.task import get_task
from model_playground.training.cache import ImageCache
from model_playground.training.data import ItemImages
from model_playground.training.images import ImageReader
from tests.training.conftest import FACTS, Items

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
MASK = np.arange(-8, 8, dtype=np.int16).reshape(4, 4)


@pytest.mark.parametrize("mask", [MASK, None])
def test_what_is_put_there_comes_back(mask: np.ndarray | None, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, images=3, image_size=4, masks=mask is not None)
    cache.put(2, (IMAGE, mask))
    assert cache.get(0) is cache.get(1) is None
    kept = cache.get(2)
    assert kept is not None
    assert np.array_equal(kept[0], IMAGE)
    assert kept[0].flags.writeable
    assert kept[1] is None if mask is None else np.array_equal(kept[1], mask)


def test_the_file_has_no_name(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, images=3, image_size=4, masks=False)
    cache.put(0, (IMAGE, None))
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_does_not_inherit_the_file_reads_for_itself(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, images=3, image_size=4, masks=False)
    cache.put(0, (IMAGE, None))
    sent = pickle.loads(pickle.dumps(cache))
    sent.put(0, (IMAGE, None))
    assert sent.get(0) is None
    assert cache.get(0) is not None


def test_a_disk_without_room_keeps_nothing(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    cache = ImageCache(tmp_path, images=free, image_size=4, masks=False)
    cache.put(0, (IMAGE, None))
    assert cache.get(0) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_up_stops_the_keeping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ImageCache(tmp_path, images=3, image_size=4, masks=False)
    full = os.open("/dev/full", os.O_RDWR)
    monkeypatch.setattr(cache, "_file", full)
    cache.put(0, (IMAGE, None))
    os.close(full)
    assert cache.get(0) is None


def test_images_come_from_the_cache_unchanged(drawn_items: Items, tmp_path: Path) -> None:
    (slot,) = get_task("segmentation").slots(FACTS["segmentation"])
    original = drawn_items["train"][0]
    item = copy.copy(original)
    cache = ImageCache(tmp_path, images=1, image_size=16, masks=True)
    reader = ImageReader(16, FACTS["segmentation"].class_pixel_values)
    images = ItemImages([item], reader, [slot], cache=cache)
    first = images[0, 0]
    images.items = [TrainingItem(item.item_id, tmp_path / "gone", mask_path=tmp_path / "gone")]
    again = images[0, 0]
    assert (first.images == again.images).all()
    assert (first.targets["class"] == again.targets["class"]).all()
