"""A slot with its losses at work: from the head's raw output and the target to addends.

The target comes in its task's one form (class indices or standardised values) and is given to
each loss in the form that its offer names. Imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model_playground.core.contracts import IGNORED, Layout, Link, Offer, Slot, TargetForm
from model_playground.core.expression import LossTerm
from model_playground.losses.base import LOSSES, Addend, Loss, joint_addends


@dataclass(frozen=True)
class BoundLoss:
    """One addend of a slot's loss: its weight, its module and the form it is given."""

    weight: float
    offer: Offer
    loss: Loss


@dataclass(frozen=True)
class BoundSlot:
    """A slot, its losses, and the link and width of the head they share."""

    slot: Slot
    losses: tuple[BoundLoss, ...]

    @property
    def link(self) -> Link:
        """What turns the head's raw output into predictions; stored in the checkpoint."""
        return self.losses[0].offer.link

    @property
    def head_width(self) -> int:
        """How many numbers the head gives for each prediction."""
        return self.losses[0].offer.head_width

    def addends(
        self, raw: Tensor, target: Tensor, *, per_image: bool = False
    ) -> tuple[Addend, ...]:
        """Return the addends of all the slot's losses, scaled by their weights."""
        found: dict[int, tuple[Addend, ...]] = {}
        for offer in dict.fromkeys(bound.offer for bound in self.losses):
            given, wanted = _as_read(offer, raw, target)
            numbers = [i for i, bound in enumerate(self.losses) if bound.offer == offer]
            losses = [self.losses[number].loss for number in numbers]
            for loss in losses:
                loss.check(given, wanted)
            addends = joint_addends(losses, given, wanted, per_image=per_image)
            found.update(zip(numbers, addends, strict=True))
        return tuple(
            addend._replace(scale=bound.weight * addend.scale)
            for number, bound in enumerate(self.losses)
            for addend in found[number]
        )

    @property
    def learns(self) -> bool:
        """Whether a loss has a memory: then its value means something else in every epoch."""
        return any(bound.loss.traits.stateful and bound.loss.state_dict() for bound in self.losses)

    def decode(self, raw: Tensor) -> Tensor:
        """Return predictions: probabilities of all classes along axis 1, or values."""
        return decode(raw, self.link)

    def uninformed(self, target: Tensor) -> Tensor:
        """Return the raw output of a model that knows nothing: equal scores, or the train mean."""
        if self.slot.layout is Layout.PIXEL:
            size = (target.shape[0], self.head_width, *target.shape[1:])
        else:
            size = (target.shape[0], self.head_width)
        return torch.zeros(size, device=target.device)


def losses_of(slots: Mapping[str, BoundSlot]) -> nn.ModuleDict:
    """Return the losses of all slots as one module; its state is what they have learnt."""
    return nn.ModuleDict(
        {name: nn.ModuleList([one.loss for one in slot.losses]) for name, slot in slots.items()}
    )


@contextmanager
def not_learning(slots: Mapping[str, BoundSlot]) -> Iterator[None]:
    """Keep losses with a memory from learning for a while: what is measured teaches nothing."""
    losses = losses_of(slots)
    losses.eval()
    try:
        yield
    finally:
        losses.train()


def decode(raw: Tensor, link: Link) -> Tensor:
    """Turn a head's raw output into probabilities of all classes along axis 1, or values."""
    if link is Link.SOFTMAX:
        return raw.float().softmax(1)
    if link is Link.SIGMOID:
        positive = raw.float().sigmoid()
        return torch.cat([1 - positive, positive], 1) if raw.shape[1] == 1 else positive
    return raw.float()


def _as_read(offer: Offer, raw: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if offer.form is TargetForm.MULTI_HOT:
        one = target.unsqueeze(1)
        return raw, torch.where(one == IGNORED, one, one == 1).to(raw.dtype)
    if offer.decoded:
        one_hot = functional.one_hot(target, offer.head_width).movedim(-1, 1)
        return decode(raw, offer.link), one_hot.float()
    return raw, target


def bind_losses(slot: Slot, terms: Sequence[LossTerm], offers: Sequence[Offer]) -> BoundSlot:
    """Build the losses of a slot, each with the offer found by `Task.bind`."""
    return BoundSlot(
        slot,
        tuple(
            BoundLoss(term.weight, offer, LOSSES[term.loss](**term.parameters))
            for term, offer in zip(terms, offers, strict=True)
        ),
    )
