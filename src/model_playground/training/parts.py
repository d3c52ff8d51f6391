"""The parts of a split as batches: train, its fixed sample, and validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from model_playground.core.contracts import Slot
from model_playground.core.errors import InvalidError
from model_playground.core.records import Part
from model_playground.datasets.records import TrainingItem
from model_playground.training.cache import ImageCache
from model_playground.training.data import (
    Batch,
    ItemImages,
    Loader,
    epoch_order,
    even_batches,
    fixed_sample,
    reads_masks,
    reads_values,
)
from model_playground.training.images import ImageReader
from model_playground.training.plan import Plan
from model_playground.training.scale import Scale
from model_playground.training.watch import Stage


class Parts:
    """Train and validation, read by the same processes.

    Their order does not depend on how the items were listed.

    Raises:
        InvalidError: a part is empty.
    """

    def __init__(
        self,
        plan: Plan,
        items: Mapping[Part, Sequence[TrainingItem]],
        slots: Sequence[Slot],
        *,
        cache_folder: Path,
        pin_memory: bool,
    ) -> None:
        for part in ("train", "validation"):
            if not items.get(part):
                raise InvalidError(
                    "part.empty",
                    "the part {part} of the split is empty: training needs both train and "
                    "validation",
                    part=part,
                )
        training = plan.specification.training
        train = sorted(items["train"], key=lambda item: item.item_id)
        validation = sorted(items["validation"], key=lambda item: item.item_id)
        self.scale = _scale(train) if any(map(reads_values, slots)) else None
        self._seed = plan.seed
        self._train = range(len(train))
        self._train_sample = fixed_sample(train, len(validation))
        self._validation = range(len(train), len(train) + len(validation))
        cache = ImageCache(
            cache_folder,
            images=len(train) + len(validation),
            image_size=training.image_size,
            masks=any(map(reads_masks, slots)),
        )
        images = ItemImages(
            train + validation,
            ImageReader(training.image_size, plan.facts.class_pixel_values),
            slots,
            scale=self.scale,
            augmentations=plan.build_augmentations(),
            seed=plan.seed,
            cache=cache,
        )
        self._loader = Loader(
            images,
            batch_size=training.batch_size,
            processes=training.loader_processes,
            pin_memory=pin_memory,
        )
        batches = len(even_batches(self._train, training.batch_size))
        self.updates_per_epoch = -(-batches // training.accumulate)

    @property
    def sizes(self) -> dict[Stage, int]:
        """How many images an epoch has in each stage."""
        return {
            "train": len(self._train),
            "train sample": len(self._train_sample),
            "validation": len(self._validation),
        }

    def train(self, epoch: int) -> Iterator[Batch]:
        """Give train in the epoch's order and with its augmentation."""
        order = epoch_order(len(self._train), self._seed, epoch)
        return self._loader.batches(order, epoch=epoch)

    def train_sample(self) -> Iterator[Batch]:
        """Give the fixed sample of train as it is: as many images as validation has."""
        return self._loader.batches(self._train_sample)

    def validation(self) -> Iterator[Batch]:
        """Give validation."""
        return self._loader.batches(self._validation)


def _scale(items: Sequence[TrainingItem]) -> Scale:
    return Scale.of([item.values for item in items if item.values is not None])
