"""Batches of images and targets, the same whatever the number of loader processes.

An item's randomness depends on seed, epoch and item alone; an epoch's order on seed and epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from model_playground.core.contracts import Layout, Slot, TargetForm
from model_playground.core.errors import InvalidError, PlaygroundError
from model_playground.datasets.records import TrainingItem
from model_playground.training.cache import ImageCache, Pixels
from model_playground.training.images import ImageReader
from model_playground.training.randomness import derived_seed
from model_playground.training.scale import Scale

Transform = Callable[[Any, Any], tuple[Any, Any]]
"""Changes an image and its mask together; the mask may be None."""

Place = tuple[int, int]
"""An epoch, 0 for images as they are, and an item's index."""


class Batch(NamedTuple):
    """Images (N, 3, H, W) and for every slot its target; both on one device."""

    images: Tensor  # uint8 as read; float32 between 0 and 1 once prepared
    targets: dict[str, Tensor]

    def prepared(self, device: torch.device) -> Batch:
        """Move the batch to the device and turn the images into numbers between 0 and 1."""
        images = self.images.to(device, non_blocking=True)
        return Batch(
            images.to(torch.float32).div_(255),
            {slot: target.to(device, non_blocking=True) for slot, target in self.targets.items()},
        )


class ItemImages(Dataset["Batch | PlaygroundError"]):
    """The images and targets of a sequence of items.

    Args:
        items: which items.
        reader: reads their images.
        slots: what targets are wanted.
        scale: of values.
        augmentations: random transforms, for epochs from 1 on.
        seed: of the run.
        cache: keeps what was read.
    """

    def __init__(
        self,
        items: Sequence[TrainingItem],
        reader: ImageReader,
        slots: Sequence[Slot],
        *,
        scale: Scale | None = None,
        augmentations: Sequence[Transform] = (),
        seed: int = 0,
        cache: ImageCache | None = None,
    ) -> None:
        self.items = items
        self.reader = reader
        self.slots = slots
        self.scale = scale
        self.augmentations = augmentations
        self.cache = cache
        self._reads_masks = any(map(reads_masks, slots))
        self.seed = seed

    def __getitem__(self, place: Place) -> Batch | PlaygroundError:
        """Return one item as a batch without its first axis, or why it cannot be had.

        The error is returned, not raised: from another process only its text would arrive.
        """
        try:
            return self._item(place)
        except PlaygroundError as error:
            return error

    def _item(self, place: Place) -> Batch:
        epoch, index = place
        item = self.items[index]
        pixels, classes = self._read(index)
        image = torch.from_numpy(pixels).permute(2, 0, 1)
        mask = None if classes is None else torch.from_numpy(classes)
        if self.augmentations and epoch > 0:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(derived_seed(self.seed, epoch, item.item_id))
                image, mask = _augmented(self.augmentations, image, mask)
        targets = {slot.name: self._target(slot, item, mask) for slot in self.slots}
        return Batch(image, targets)

    def _read(self, index: int) -> Pixels:
        kept = None if self.cache is None else self.cache.get(index)
        if kept is not None:
            return kept
        item = self.items[index]
        has_mask = self._reads_masks and (item.mask_path or item.areas) is not None
        pixels = self.reader.image(item), self.reader.mask(item) if has_mask else None
        if self.cache is not None:
            self.cache.put(index, pixels)
        return pixels

    def _target(self, slot: Slot, item: TrainingItem, mask: Tensor | None) -> Tensor:
        if reads_masks(slot):
            if mask is not None:
                return mask.long()
        elif reads_values(slot):
            if item.values is not None and self.scale is not None:
                return self.scale.standardise(torch.tensor(item.values, dtype=torch.float64))
        elif item.class_index is not None:
            return torch.tensor(item.class_index)
        raise InvalidError(
            "item.unlabelled",
            "the item {item} has no label for the slot {slot}: label it or leave it out",
            item=item.item_id,
            slot=slot.name,
        )


def reads_masks(slot: Slot) -> bool:
    """Say whether a slot's targets are masks."""
    return slot.layout is Layout.PIXEL


def reads_values(slot: Slot) -> bool:
    """Say whether a slot's targets are values, which are standardised."""
    return all(offer.form is TargetForm.VALUE for offer in slot.offers)


def _augmented(
    augmentations: Sequence[Transform], image: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    from torchvision.tv_tensors import Image, Mask

    changed = (Image(image), None if mask is None else Mask(mask))
    for augmentation in augmentations:
        changed = augmentation(*changed)
    image, mask = changed
    return image.as_subclass(Tensor), None if mask is None else mask.as_subclass(Tensor)


def _stacked(samples: list[Batch | PlaygroundError]) -> Batch | PlaygroundError:
    found: list[Batch] = []
    for sample in samples:
        if isinstance(sample, PlaygroundError):
            return sample
        found.append(sample)
    # Stacked as they were read, with the channels of a pixel side by side: nothing is rearranged.
    images = torch.stack([sample.images.permute(1, 2, 0) for sample in found])
    return Batch(
        images.permute(0, 3, 1, 2),
        {
            slot: torch.stack([sample.targets[slot] for sample in found])
            for slot in found[0].targets
        },
    )


def epoch_order(items: int, seed: int, epoch: int) -> list[int]:
    """Return the order in which an epoch takes the items."""
    generator = torch.Generator().manual_seed(derived_seed(seed, epoch, "order"))
    return torch.randperm(items, generator=generator).tolist()


def even_batches(order: Sequence[int], batch_size: int) -> list[list[int]]:
    """Cut an order into as few batches as it takes, as even as can be.

    No batch is much smaller than the others: batch normalisation cannot learn from one image.

    >>> even_batches(range(7), 3)
    [[0, 1, 2], [3, 4], [5, 6]]
    """
    count = -(-len(order) // batch_size)
    size, larger = divmod(len(order), count)
    ends = [number * size + min(number, larger) for number in range(count + 1)]
    return [list(order[start:end]) for start, end in pairwise(ends)]


def fixed_sample(items: Sequence[TrainingItem], size: int) -> list[int]:
    """Return the indices of a sample that depends on nothing but the items' ids."""
    by_hash = sorted(range(len(items)), key=lambda index: derived_seed(items[index].item_id))
    return sorted(by_hash[:size])


class Loader:
    """Gives batches of a sequence of items, read by other processes if there are any.

    The processes live as long as this does, so that they are started once.
    """

    def __init__(
        self, images: ItemImages, *, batch_size: int, processes: int, pin_memory: bool
    ) -> None:
        self._batch_size = batch_size
        self._batches: list[list[Place]] = []
        self._loader = DataLoader(
            images,
            batch_sampler=self._batches,
            num_workers=processes,
            collate_fn=_stacked,
            pin_memory=pin_memory,
            persistent_workers=processes > 0,
            generator=torch.Generator().manual_seed(0),  # leaves the training's randomness alone
        )

    def batches(self, indices: Sequence[int], *, epoch: int = 0) -> Iterator[Batch]:
        """Give the items of these indices in this order, augmented if the epoch is not 0.

        Raises:
            InvalidError: an item cannot be read or has no label.
        """
        self._batches[:] = [
            [(epoch, index) for index in batch] for batch in even_batches(indices, self._batch_size)
        ]
        for batch in self._loader:
            if isinstance(batch, PlaygroundError):
                raise batch
            yield batch
