"""What follows from a loss's declaration: where it can be chosen, its traits in words, its use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from model_playground.core.contracts import (
    Circumstance,
    Facts,
    LossDeclaration,
    PerSample,
    Traits,
)
from model_playground.core.loss_records import LossExplanation, LossPlace
from model_playground.insights.formula_text import formula_text
from model_playground.tasks.task import TASKS, Task

IN_WORDS = {
    Circumstance.IMBALANCE: "classes of which some are much rarer than others",
    Circumstance.SMALL_OBJECTS: "objects or regions that cover little of an image",
    Circumstance.MANY_CLASSES: "many classes",
    Circumstance.WRONG_LABELS: "wrong labels",
    Circumstance.OUTLIERS: "target values far from the others",
    Circumstance.WIDE_RANGE: "positive target values of very different size",
}
"""What data can be like, as a phrase."""

FACTS_BY_CONDITION = {
    "two classes": Facts(classes=("a", "b"), target_names=("value",)),
    "more than two classes": Facts(classes=("a", "b", "c"), target_names=("value",)),
}
"""What the validity of a loss may hang on besides the task."""


def explained(loss: LossDeclaration, catalogue: Mapping[str, LossDeclaration]) -> LossExplanation:
    """Return a loss's declaration with what follows from it.

    Args:
        loss: the declaration.
        catalogue: those of all losses, for the defaults of slots and the relatives.
    """
    return LossExplanation(
        **dict(loss),
        formula_text=formula_text(loss.formula),
        usage=usage(loss),
        notes=tuple(_notes(loss)),
        places=tuple(place for task in TASKS for place in _places_in(task(), loss, catalogue)),
        related={
            other.name: other.title
            for other in catalogue.values()
            if other.family == loss.family and other.name != loss.name
        },
    )


def usage(loss: LossDeclaration) -> str:
    """Return how the loss is used in Python: its import and its example.

    A plug-in is imported by its file's name, as from the folder that it is in.
    """
    place = loss.module if loss.plugin is None else Path(loss.plugin).stem
    package = "model_playground.losses"
    if place.startswith(f"{package}."):
        place = package
    lines = [f"from {place} import {loss.class_name}"]
    if re.search(r"^>>> (?!import).*\btorch\.", loss.example, re.MULTILINE):
        lines.insert(0, "import torch\n")
    return "\n".join([*lines, *_typed(loss.example)])


def _typed(example: str) -> Iterator[str]:
    """Turn an interactive session into lines that can be typed, with the results as comments."""
    for line in example.splitlines():
        if line.startswith((">>> ", "... ")):
            if line != ">>> import torch":
                yield line[4:]
        elif line.strip():
            yield f"# {line}"


def _places_in(
    task: Task, loss: LossDeclaration, catalogue: Mapping[str, LossDeclaration]
) -> Iterator[LossPlace]:
    """Yield the verdict on each slot, once where it does not hang on the facts."""
    by_slot: dict[str, dict[str, LossPlace]] = {}
    for condition, facts in FACTS_BY_CONDITION.items():
        for slot in task.slots(facts):
            verdict = task.loss_validity(loss, slot, catalogue)
            by_slot.setdefault(slot.name, {})[condition] = LossPlace(
                task=task.name,
                task_title=task.title,
                slot=slot.name,
                state=verdict.state.value,
                condition=condition,
                reason=verdict.reason,
            )
    for places in by_slot.values():
        first, *others = places.values()
        if all(other.state == first.state for other in others):
            yield first.model_copy(update={"condition": ""})
        else:
            yield from places.values()


def _notes(loss: LossDeclaration) -> Iterator[str]:
    """Yield what the traits mean, and what data the loss was made for."""
    if loss.suits:
        yield f"Made for data with {_listed(loss.suits)}."
    if loss.suffers:
        yield f"Suffers from {_listed(loss.suffers)}."
    yield from trait_words(loss.traits)
    if loss.in_target_unit:
        yield (
            f"In the unit of the targets: {', '.join(loss.in_target_unit)}. Image regression "
            "standardises its targets, so 1 is one standard deviation of the train part there; "
            "each run says how much that is in their own unit."
        )


def trait_words(traits: Traits) -> Iterator[str]:
    """Yield a sentence for each trait that a user has to know of."""
    if traits.detached:
        yield (
            f"Held constant in the gradient: {', '.join(traits.detached)}. So the gradient is not "
            "that of the value alone."
        )
    if traits.stateful:
        yield (
            "It changes during training and is saved with the model. Its value means something "
            "else in every epoch, so a metric is monitored instead."
        )
    if traits.pairwise:
        yield "Every pair of prediction and target has a value: it can be the cost of a matcher."
    if traits.scale_free:
        yield "Free of units: a pair of boxes that is moved or scaled as a whole costs the same."
    if traits.per_sample is PerSample.PER_IMAGE_FORM:
        yield (
            "In training it is summed over the batch, so it depends on what else is in it; the "
            "reported loss and the loss of an image are of each image by itself."
        )
    else:
        yield "The loss of an image is its exact share of the loss of the batch."


def _listed(circumstances: tuple[Circumstance, ...]) -> str:
    return ", and ".join(IN_WORDS[one] for one in circumstances)
