"""What a trained checkpoint says of images: predictions, figures and the hardest items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from model_playground.datasets.records import TrainingItem
from model_playground.losses.base import image_losses
from model_playground.models.backbones import NONE
from model_playground.tasks.task import get_task
from model_playground.training.binding import losses_of, not_learning
from model_playground.training.checkpoint import CheckpointName, CheckpointRecord, read_checkpoint
from model_playground.training.data import Batch, ItemImages, Loader
from model_playground.training.evaluation import Slots, addends_of, evaluate
from model_playground.training.images import ImageReader
from model_playground.training.plan import Plan


class Prediction(NamedTuple):
    """What the model says of one item, slot by slot, on the CPU.

    Probabilities (C,) or, of pixels, (C, height, width) in the training's image size; or values
    (K,) in their unit.
    """

    item: TrainingItem
    slots: dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and everything needed to use it."""

    record: CheckpointRecord
    plan: Plan
    network: nn.Module
    slots: Slots
    device: torch.device

    def batches(self, items: Sequence[TrainingItem]) -> Iterator[Batch]:
        """Read items in their order."""
        training = self.record.specification.training
        images = ItemImages(
            items,
            ImageReader(training.image_size, self.record.facts.class_pixel_values),
            [bound.slot for bound in self.slots.values()],
            scale=self.record.standardisation,
        )
        loader = Loader(images, batch_size=training.batch_size, processes=0, pin_memory=False)
        for batch in loader.batches(range(len(items))):
            yield batch.prepared(self.device)


def load_checkpoint(folder: Path, name: CheckpointName = "best") -> Checkpoint:
    """Load a checkpoint of a run, ready to predict.

    Raises:
        NotFoundError: no epoch was finished there.
        InvalidError: the checkpoint cannot be read.
    """
    stored = read_checkpoint(folder, name)
    record, specification = stored.record, stored.record.specification
    plan = Plan(specification, get_task(specification.task), record.facts, record.seed)
    on_gpu = specification.training.device != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    slots = plan.bind_losses(device)
    network = plan.build_network(slots, weights=NONE)
    network.load_state_dict(stored.weights)
    losses_of(slots).load_state_dict(stored.losses)
    network.to(device).eval()
    return Checkpoint(record, plan, network, slots, device)


@torch.no_grad()
def predict(checkpoint: Checkpoint, items: Sequence[TrainingItem]) -> Iterator[Prediction]:
    """Say what the model predicts for each item, in order.

    The items need labels, which have no influence.
    """
    remaining = iter(items)
    for batch in checkpoint.batches(items):
        decoded = {}
        raw = checkpoint.network(batch.images).slots
        for name, slot in checkpoint.slots.items():
            decoded[name] = slot.decode(raw[name])
            if checkpoint.record.standardisation is not None:
                decoded[name] = checkpoint.record.standardisation.undo(decoded[name])
        for index, item in zip(range(len(batch.images)), remaining, strict=False):
            yield Prediction(item, {name: tensor[index].cpu() for name, tensor in decoded.items()})


def evaluate_checkpoint(
    folder: Path, items: Sequence[TrainingItem], name: CheckpointName = "best"
) -> dict[str, float]:
    """Return losses and metrics of a checkpoint on items: `loss`, `class/…`, `accuracy` and so on.

    Raises:
        NotFoundError: no epoch was finished there.
        InvalidError: the checkpoint or an image cannot be read.
    """
    checkpoint = load_checkpoint(folder, name)
    return evaluate(
        checkpoint.network,
        checkpoint.batches(items),
        checkpoint.slots,
        checkpoint.plan.build_metrics(),
        scale=checkpoint.record.standardisation,
    )


@torch.no_grad()
def item_losses(checkpoint: Checkpoint, items: Sequence[TrainingItem]) -> dict[str, float]:
    """Return each item's own loss, summed over the slots, by item id: the hardest has the most."""
    losses: list[float] = []
    for batch in checkpoint.batches(items):
        raw = checkpoint.network(batch.images).slots
        with not_learning(checkpoint.slots):
            addends = addends_of(checkpoint.slots, raw, batch.targets, per_image=True)
        losses += image_losses(addends.values()).tolist()
    return {item.item_id: loss for item, loss in zip(items, losses, strict=True)}
