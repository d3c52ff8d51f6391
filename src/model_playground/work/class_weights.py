"""Class weights that an experiment leaves to its train part, turned into numbers before it runs.

The specification that is stored keeps the word; the run's plan, and so its checkpoints, have the
numbers, and using them needs no train part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, get_args

from model_playground.core.contracts import ClassWeighting, Facts, Layout, LossDeclaration
from model_playground.core.expression import LossTerm
from model_playground.core.specification import Specification
from model_playground.losses.class_weights import class_weights
from model_playground.models.architecture import ARCHITECTURES
from model_playground.tasks.task import get_task

Counts = Callable[[Layout], Mapping[str, int]]
"""How often each class occurs in train: in items or, of a slot of pixels, in pixels."""


def words_for_weights(
    parameters: Mapping[str, Any], class_factors: Collection[str]
) -> dict[str, ClassWeighting]:
    """Return the parameters in whose place there is a word for how to compute them."""
    return {
        name: parameters[name]
        for name in class_factors
        if isinstance(parameters.get(name), str) and parameters[name] in get_args(ClassWeighting)
    }


def with_class_weights(
    specification: Specification,
    facts: Facts,
    counts: Counts,
    catalogue: Mapping[str, LossDeclaration],
    *,
    notify: Callable[[str], None],
) -> Specification:
    """Return the specification with numbers for the words, and tell what they are.

    Raises:
        InvalidError: train has no label of any class.
    """
    architecture = ARCHITECTURES[specification.architecture.name](
        **specification.architecture.parameters
    )
    layouts = {
        slot.name: architecture.narrow(slot).layout
        for slot in get_task(specification.task).slots(facts)
    }

    def numbered(term: LossTerm, layout: Layout) -> LossTerm:
        words = words_for_weights(term.parameters, catalogue[term.loss].class_factors)
        if not words:
            return term
        found = counts(layout)
        numbers = {name: class_weights(word, found.values()) for name, word in words.items()}
        for name, word in words.items():
            notify(_told(term.loss, name, word, numbers[name], found, layout))
        return term.model_copy(update={"parameters": term.parameters | numbers})

    losses = {
        slot: tuple(numbered(term, layouts[slot]) for term in terms)
        for slot, terms in specification.losses.items()
    }
    return specification.model_copy(update={"losses": losses})


def _told(
    loss: str,
    name: str,
    word: ClassWeighting,
    weights: list[float],
    counts: Mapping[str, int],
    layout: Layout,
) -> str:
    units = "pixels" if layout is Layout.PIXEL else "items"
    each = ", ".join(f"{one} {number:.3g}" for one, number in zip(counts, weights, strict=True))
    absent = [one for one, count in counts.items() if count == 0]
    without = f"; no {units} of {', '.join(absent)}, weighed 1" if absent else ""
    return f"{name}={word} of {loss}, from the {units} of train: {each}{without}"
