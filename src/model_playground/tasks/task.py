"""What a task is: slots derived from the facts of a dataset, and defaults."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from model_playground.core.contracts import (
    Facts,
    Link,
    LossDeclaration,
    Offer,
    Slot,
    State,
    Validity,
    fitting_offers,
    validity,
)
from model_playground.core.docstrings import explanation
from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.expression import LossTerm
from model_playground.core.registry import Registry


class Task(ABC):
    """A kind of question about an image. Its docstring's first sentence is its explanation."""

    name: ClassVar[str]
    title: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]  # shown by default, the most telling first

    @abstractmethod
    def slots(self, facts: Facts) -> tuple[Slot, ...]:
        """Lay out the slots for a dataset with these facts."""

    @property
    def summary(self) -> str:
        """The task in one sentence."""
        return explanation(type(self)).summary

    def slot(self, name: str, facts: Facts) -> Slot:
        """Return the slot of that name, or raise which slots there are."""
        slots = {slot.name: slot for slot in self.slots(facts)}
        if name not in slots:
            raise unknown_name("slot", name, slots)
        return slots[name]

    def loss_validity(
        self, loss: LossDeclaration, slot: Slot, catalogue: Mapping[str, LossDeclaration]
    ) -> Validity:
        """Say whether a loss can be chosen for a slot of this task, and why not."""
        default = catalogue[slot.default_loss].title
        return validity(loss, slot, task_title=self.title, default_title=default)

    def bind(
        self, slot: Slot, terms: Sequence[LossTerm], catalogue: Mapping[str, LossDeclaration]
    ) -> tuple[Validity, ...]:
        """Return the validity of each addend of a slot's loss; they share one head.

        Raises:
            NotFoundError: no loss has that name.
            InvalidError: a loss is refused here, or two of them need different heads.
        """
        found = []
        for term in terms:
            if term.loss not in catalogue:
                raise unknown_name("loss", term.loss, catalogue)
            verdict = self.loss_validity(catalogue[term.loss], slot, catalogue)
            if verdict.state is State.REFUSED:
                raise InvalidError(
                    "loss.refused",
                    "{reason}",
                    reason=verdict.reason,
                    loss=term.loss,
                    slot=slot.name,
                )
            found.append((verdict, fitting_offers(catalogue[term.loss], slot)))
        head = _shared_head(slot, [offers for _, offers in found])
        return tuple(
            replace(verdict, offer=next(one for one in offers if _head(one) == head))
            for verdict, offers in found
        )


def _head(offer: Offer) -> tuple[Link, int]:
    return offer.link, offer.head_width


def _shared_head(slot: Slot, choices: Sequence[Sequence[Offer]]) -> tuple[Link, int]:
    """Return the first head that every loss of a slot can read."""
    for offer in choices[0]:
        if all(_head(offer) in map(_head, offers) for offers in choices):
            return _head(offer)
    wanted = sorted({_head(offers[0]) for offers in choices})
    raise InvalidError(
        "loss.heads_differ",
        "the losses of the slot {slot} cannot be summed: they need different heads ({heads}); "
        "choose losses that read the same prediction",
        slot=slot.name,
        heads=" and ".join(f"{link} over {width}" for link, width in wanted),
    )


TASKS: Registry[type[Task]] = Registry("task", package="model_playground.tasks")


def get_task(name: str) -> Task:
    """Return the task of that name."""
    return TASKS[name]()


def untrainable(data: str, served: Sequence[str]) -> InvalidError:
    """Return the error for data whose labels serve tasks that have no model here.

    Args:
        data: what they are, such as "the split 'birds-1'".
        served: the tasks that their labels serve.
    """
    return InvalidError(
        "task.untrainable",
        "{data} has labels for {served}, for which no model here can be trained yet; the tasks "
        "are {tasks}",
        data=data,
        served=", ".join(served),
        tasks=", ".join(TASKS.names),
    )
