"""Images, masks and targets as the network gets them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from model_playground.core.contracts import IGNORED, Facts
from model_playground.core.errors import InvalidError
from model_playground.datasets.records import TrainingItem
from model_playground.tasks.task import get_task
from model_playground.training.augmentations import AUGMENTATIONS
from model_playground.training.data import (
    ItemImages,
    Loader,
    epoch_order,
    even_batches,
    fixed_sample,
)
from model_playground.training.images import ImageReader
from model_playground.training.scale import Scale

FACTS = Facts(classes=("a", "b"), target_names=("width", "height"), class_pixel_values=(0, 7))
SLOTS = {
    task: get_task(task).slots(FACTS) for task in ("classification", "segmentation", "regression")
}


def _picture(path: Path, pixels: np.ndarray, **arguments: object) -> Path:
    Image.fromarray(pixels).save(path, **arguments)
    return path


@pytest.fixture
def item(tmp_path: Path) -> TrainingItem:
    """An image with red at the upper left and the mask value 7 there; 200 in the last row."""
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:20, :30, 0] = 255
    mask = np.where(pixels[..., 0] > 0, 7, 0).astype(np.uint8)
    mask[-1] = 200
    return TrainingItem(
        "one",
        _picture(tmp_path / "one.png", pixels),
        class_index=1,
        values=(3.0, 20.0),
        mask_path=_picture(tmp_path / "one-mask.png", mask),
    )


def test_images_are_resized_to_a_square(item: TrainingItem) -> None:
    pixels = ImageReader(20).image(item)
    assert pixels.shape == (20, 20, 3)
    assert pixels[:9, :9, 0].min() == 255
    assert pixels[11:].max() == pixels[:, 11:].max() == 0


def test_images_are_turned_upright(tmp_path: Path) -> None:
    pixels = np.zeros((60, 40, 3), dtype=np.uint8)
    pixels[:30] = 255  # the upper half, which orientation 6 turns to the right
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = _picture(tmp_path / "turned.jpg", pixels, exif=exif)
    found = ImageReader(20).image(TrainingItem("turned", path))
    assert found[:, 12:].min() > 240
    assert found[:, :8].max() < 15


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_image_becomes_rgb(mode: str, tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((10, 10), 100, dtype=np.uint8))
    sixteen = Image.new("I;16", (10, 10), 100 * 256 + 9)
    path = tmp_path / "image.tif"
    (sixteen if mode == "I;16" else grey.convert(mode)).save(path)
    pixels = ImageReader(8).image(TrainingItem("x", path))
    assert pixels.shape == (8, 8, 3)
    assert pixels.min() == pixels.max() == 100


def test_mask_values_become_class_indices(item: TrainingItem) -> None:
    mask = ImageReader(20, class_pixel_values=(0, 7)).mask(item)
    assert (mask[:10, :10] == 1).all()
    assert (mask[:10, 10:] == 0).all()
    assert (mask[10:-1] == 0).all()
    assert (mask[-1] == IGNORED).all()


def test_targets_of_each_task(item: TrainingItem) -> None:
    scale = Scale(mean=(1.0, 10.0), std=(2.0, 5.0))
    found = {
        task: ItemImages([item], ImageReader(20, (0, 7)), slots, scale=scale)[0, 0]
        for task, slots in SLOTS.items()
    }
    assert found["classification"].targets["class"].item() == 1
    assert found["regression"].targets["value"].tolist() == [1.0, 2.0]
    mask = found["segmentation"].targets["class"]
    assert (mask.shape, mask.dtype) == ((20, 20), torch.int64)


@pytest.mark.parametrize("task", SLOTS)
def test_an_item_without_label_is_named(task: str, item: TrainingItem) -> None:
    bare = TrainingItem("bare", item.path)
    images = ItemImages([bare], ImageReader(20), SLOTS[task])
    loader = Loader(images, batch_size=1, processes=0, pin_memory=False)
    with pytest.raises(InvalidError, match="the item bare has no label"):
        next(loader.batches([0]))


def test_images_between_0_and_1_keep_their_place(item: TrainingItem) -> None:
    loader = Loader(
        ItemImages([item], ImageReader(20), SLOTS["classification"]),
        batch_size=4,
        processes=0,
        pin_memory=False,
    )
    (batch,) = (one.prepared(torch.device("cpu")) for one in loader.batches([0, 0]))
    assert batch.images.shape == (2, 3, 20, 20)
    assert batch.images[0, 0, :9, :9].min() == 1
    assert batch.images[:, 1:].max() == 0


@pytest.mark.parametrize("name", AUGMENTATIONS.names)
def test_augmentation_moves_image_and_mask_together(name: str, item: TrainingItem) -> None:
    images = ItemImages(
        [item],
        ImageReader(40, (0, 7)),
        SLOTS["segmentation"],
        augmentations=[AUGMENTATIONS[name]().build(40)],
    )
    plain = images[0, 0].images
    changed = 0
    for epoch in range(1, 9):
        batch = images[epoch, 0]
        image, mask = batch.images, batch.targets["class"]
        assert image.shape == plain.shape
        assert set(mask.unique().tolist()) <= {0, 1, IGNORED}
        red = image[0].float() > 127
        # The edge of what is red is soft in the image; elsewhere it is where the mask says.
        agree = (mask == red)[mask != IGNORED].float().mean()
        assert agree > 0.95
        changed += not torch.equal(image, plain)
    assert changed > 0


def test_randomness_depends_on_seed_epoch_and_item(item: TrainingItem) -> None:
    def image(seed: int, epoch: int, item_id: str = "one") -> torch.Tensor:
        one = TrainingItem(item_id, item.path, class_index=0)
        images = ItemImages(
            [one],
            ImageReader(20),
            SLOTS["classification"],
            augmentations=[AUGMENTATIONS["rotate"]().build(20)],
            seed=seed,
        )
        return images[epoch, 0].images

    first = image(0, 1)
    torch.rand(5)
    assert torch.equal(image(0, 1), first)
    for other in (image(1, 1), image(0, 2), image(0, 1, "two")):
        assert not torch.equal(other, first)


@given(st.integers(1, 200), st.integers(1, 64))
def test_even_batches(items: int, batch_size: int) -> None:
    batches = even_batches(range(items), batch_size)
    assert [index for batch in batches for index in batch] == list(range(items))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert len(batches) == -(-items // batch_size)


def test_every_epoch_has_an_order_of_its_own() -> None:
    orders = [epoch_order(20, seed, epoch) for seed in (0, 1) for epoch in (1, 2)]
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert orders[0] == epoch_order(20, 0, 1)


def test_the_fixed_sample_depends_on_ids_alone() -> None:
    items = [TrainingItem(str(number), Path("x")) for number in range(50)]
    chosen = {items[index].item_id for index in fixed_sample(items, 10)}
    backwards = items[::-1]
    assert {backwards[index].item_id for index in fixed_sample(backwards, 10)} == chosen
    assert len(chosen) == 10
    assert len(fixed_sample(items, 99)) == 50


def test_standardisation_undoes_itself() -> None:
    rows = [(1.0, 5e6), (2.0, 5e6), (6.0, 5e6)]
    scale = Scale.of(rows)
    values = torch.tensor(rows, dtype=torch.float64)
    standardised = scale.standardise(values)
    assert standardised[:, 0].mean().item() == pytest.approx(0, abs=1e-6)
    assert standardised[:, 0].std(correction=0).item() == pytest.approx(1)
    torch.testing.assert_close(scale.undo(standardised), values, rtol=1e-6, atol=0)
