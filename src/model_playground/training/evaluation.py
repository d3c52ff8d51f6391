"""Losses and metrics over a part: sums of numerators and denominators first, the division last.

So what is reported does not depend on batch size, order or the number of processes. A loss whose
groups are batches (batch-summed Dice) is measured here with each image as a group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

import torch
from torch import Tensor, nn

from model_playground.core.errors import PlaygroundError
from model_playground.losses.base import Addend, ratio
from model_playground.metrics.metric import Accumulator
from model_playground.training.binding import BoundSlot, not_learning
from model_playground.training.data import Batch
from model_playground.training.scale import Scale

Slots = Mapping[str, BoundSlot]
Addends = dict[str, Addend]
"""The addends of all slots' losses, by slot and term: `class/cross_entropy`."""


def addends_of(
    slots: Slots,
    raw: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    *,
    per_image: bool = False,
) -> Addends:
    """Return the addends of all slots by slot and term; a term that comes again is numbered."""
    found: Addends = {}
    for name, slot in slots.items():
        for addend in slot.addends(raw[name], targets[name], per_image=per_image):
            term = f"{name}/{addend.name}"
            numbered = (term if number == 1 else f"{term}_{number}" for number in count(1))
            found[next(free for free in numbered if free not in found)] = addend
    return found


class NotFiniteError(PlaygroundError):
    """A loss is no longer a number."""


class LossSums:
    """Numerators and denominators of every term, summed over batches in float64."""

    def __init__(self) -> None:
        self._scales: dict[str, float] = {}
        self._sums: dict[str, Tensor] = {}

    def add(self, addends: Addends) -> None:
        """Add a batch."""
        for term, addend in addends.items():
            sums = torch.stack(
                [addend.value.detach().double().sum(), addend.weight.detach().double().sum()]
            )
            self._scales[term] = addend.scale
            self._sums[term] = self._sums[term] + sums if term in self._sums else sums

    def figures(self) -> dict[str, float]:
        """Return `loss`, the sum of all, and every term's own value without its scale."""
        terms = {term: float(ratio(*sums)) for term, sums in self._sums.items()}
        loss = sum(self._scales[term] * value for term, value in terms.items())
        return {"loss": loss} | terms

    def finite_loss(self) -> float:
        """Return the loss so far.

        Raises:
            NotFiniteError: it is infinite or no number.
        """
        figures = self.figures()
        wrong = [name for name, value in figures.items() if not math.isfinite(value)]
        if wrong:
            raise NotFiniteError(
                "loss.not_finite",
                "the training loss {terms} became {value}: try a lower learning rate, or "
                "precision 32",
                terms=wrong[-1],
                value=figures[wrong[-1]],
            )
        return figures["loss"]


@torch.no_grad()
def evaluate(
    network: nn.Module,
    batches: Iterable[Batch],
    slots: Slots,
    metrics: Sequence[Accumulator] = (),
    *,
    scale: Scale | None = None,
) -> dict[str, float]:
    """Return the losses and metrics of a network over all batches.

    Args:
        network: what to judge; it is put into evaluation mode and left there.
        batches: prepared batches.
        slots: the slots with their losses.
        metrics: new accumulators.
        scale: of values; metrics are in their unit.
    """
    sums = LossSums()
    network.eval()
    for batch in batches:
        raw = network(batch.images).slots
        with not_learning(slots):
            sums.add(addends_of(slots, raw, batch.targets, per_image=True))
        for name, slot in slots.items():
            predictions, target = slot.decode(raw[name]), batch.targets[name]
            if scale is not None:
                predictions, target = scale.undo(predictions), scale.undo(target)
            for metric in metrics:
                metric.update(predictions, target)
    figures = sums.figures()
    for metric in metrics:
        figures |= metric.compute()
    return figures


def uninformed_losses(batches: Iterable[Batch], slots: Slots) -> dict[str, float]:
    """Return what a model that knows nothing would cost on the same batches."""
    sums = LossSums()
    for batch in batches:
        raw = {name: slot.uninformed(batch.targets[name]) for name, slot in slots.items()}
        with not_learning(slots):
            sums.add(addends_of(slots, raw, batch.targets, per_image=True))
    return sums.figures()
