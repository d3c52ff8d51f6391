"""Check a specification against everything that can be chosen, before anything runs.

Nothing here imports torch: the losses are known from their catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from model_playground.core.contracts import Facts, LossDeclaration, Slot
from model_playground.core.declaration import Declaration, record_of_schema, validated
from model_playground.core.errors import InvalidError
from model_playground.core.expression import LossTerm
from model_playground.core.registry import Registry
from model_playground.core.specification import Choice, Specification, Training
from model_playground.metrics.metric import METRICS
from model_playground.models.architecture import ARCHITECTURES
from model_playground.tasks.task import TASKS, Task, get_task, untrainable
from model_playground.training.augmentations import AUGMENTATIONS
from model_playground.training.schedulers import SCHEDULERS
from model_playground.training.solvers import SOLVERS
from model_playground.work.class_weights import words_for_weights

Catalogue = Mapping[str, LossDeclaration]


def resolved(
    specification: Specification,
    *,
    split_task: str,
    facts: Facts,
    catalogue: Catalogue,
    notify: Callable[[str], None] = lambda message: None,
) -> Specification:
    """Return the specification with every default filled in and every parameter checked.

    Raises:
        NotFoundError: a name is unknown; the nearest names are suggested.
        InvalidError: a parameter is out of bounds, a loss is refused for its slot, the task is
            not that of the data, or the monitored series will not exist.
    """
    if split_task not in TASKS:
        raise untrainable(f"the split {specification.split!r}", [split_task])
    task = get_task(specification.task)
    if task.name != split_task:
        raise InvalidError(
            "task.differs",
            "the split {split!r} has labels for {of_split}, not for {task}; "
            "import the dataset with --task {task} if its labels allow it",
            split=specification.split,
            of_split=split_task,
            task=task.name,
        )
    metrics = specification.metrics or task.metrics
    _check_metrics(metrics, task)
    architecture, backbone = _resolved_architecture(specification, task, notify)
    losses = _resolved_losses(specification.losses, architecture, task, facts, catalogue)
    filled = specification.model_copy(
        update={
            "architecture": architecture,
            "backbone": backbone,
            "weights": _absolute(specification.weights),
            "losses": losses,
            "training": _with_monitor(specification.training, losses, metrics[0], catalogue),
            "metrics": tuple(metrics),
            "solver": _resolved_choice(SOLVERS, specification.solver),
            "scheduler": _resolved_choice(SCHEDULERS, specification.scheduler),
            "augmentations": tuple(
                _resolved_choice(AUGMENTATIONS, choice) for choice in specification.augmentations
            ),
        }
    )
    _check_monitor(filled)
    return filled


def _resolved_choice(registry: Registry[Any], choice: Choice) -> Choice:
    declaration: type[Declaration] = registry[choice.name]
    record = validated(declaration, choice.parameters, of=f"the {registry.kind} {choice.name}")
    return Choice(name=choice.name, parameters=record.model_dump(mode="json"))


def _absolute(weights: str) -> str:
    """Return where a file of weights is from anywhere: the worker may run in another folder."""
    return weights if weights in ("pretrained", "none") else str(Path(weights).absolute())


def _resolved_architecture(
    specification: Specification, task: Task, notify: Callable[[str], None]
) -> tuple[Choice, str]:
    choice = _resolved_choice(ARCHITECTURES, specification.architecture)
    architecture = ARCHITECTURES[choice.name]
    if task.name not in architecture.tasks:
        fitting = [one.name for one in ARCHITECTURES if task.name in one.tasks]
        raise InvalidError(
            "architecture.task",
            "the architecture {name} does not do {task}; choose {fitting}",
            name=choice.name,
            task=task.title.lower(),
            fitting=" or ".join(fitting),
        )
    backbone = specification.backbone or architecture.default_backbone
    architecture(**choice.parameters).check(backbone, specification.weights, notify=notify)
    return choice, backbone


def _resolved_losses(
    losses: Mapping[str, Sequence[LossTerm]],
    architecture: Choice,
    task: Task,
    facts: Facts,
    catalogue: Catalogue,
) -> dict[str, tuple[LossTerm, ...]]:
    narrow = ARCHITECTURES[architecture.name](**architecture.parameters).narrow
    slots = {slot.name: narrow(slot) for slot in task.slots(facts)}
    for name in losses:
        task.slot(name, facts)  # raises for a slot that the task does not have
    return {
        name: tuple(
            _checked_term(term, slot, width, catalogue)
            for term, width in _bound(losses.get(name), slot, task, catalogue)
        )
        for name, slot in slots.items()
    }


def _bound(
    terms: Sequence[LossTerm] | None, slot: Slot, task: Task, catalogue: Catalogue
) -> list[tuple[LossTerm, int]]:
    """Return a slot's losses, each with the width of the head that they share."""
    terms = terms or (LossTerm(loss=slot.default_loss),)
    verdicts = task.bind(slot, terms, catalogue)
    return [
        (term, verdict.offer.head_width)
        for term, verdict in zip(terms, verdicts, strict=True)
        if verdict.offer is not None
    ]


def _checked_term(term: LossTerm, slot: Slot, width: int, catalogue: Catalogue) -> LossTerm:
    declaration = catalogue[term.loss]
    record = record_of_schema(declaration.class_name, declaration.parameters)
    validated(record, term.parameters, of=f"the loss {term.loss}")
    classes = max(offer.head_width for offer in slot.offers)
    for name in {"weight", *declaration.class_factors}:
        factors = term.parameters.get(name)
        if isinstance(factors, list) and len(factors) not in (1, classes):
            raise InvalidError(
                "loss.weight_length",
                "{name} of the loss {loss} has {given} numbers, and there are {classes} classes",
                name=name,
                loss=term.loss,
                given=len(factors),
                classes=classes,
            )
    for name, word in words_for_weights(term.parameters, declaration.class_factors).items():
        if width != classes:
            raise InvalidError(
                "loss.nothing_to_weigh",
                "{name}={word} of the loss {loss} is refused: with this sum of losses the model "
                "answers one yes or no, and there are no classes to weigh against each other; "
                "sum it with losses over a softmax, or leave {name} out",
                name=name,
                word=word,
                loss=term.loss,
            )
    return term


def _check_metrics(names: Sequence[str], task: Task) -> None:
    for name in names:
        if task.name not in METRICS[name].tasks:
            fitting = [metric.name for metric in METRICS if task.name in metric.tasks]
            raise InvalidError(
                "metric.task",
                "the metric {name} does not apply to {task}; choose among {fitting}",
                name=name,
                task=task.title.lower(),
                fitting=", ".join(fitting),
            )


def _with_monitor(
    training: Training,
    losses: Mapping[str, Sequence[LossTerm]],
    metric: str,
    catalogue: Catalogue,
) -> Training:
    """Watch a metric where no series is named and a loss means something else in every epoch."""
    stopping = training.early_stopping
    learns = any(
        catalogue[term.loss].traits.stateful for terms in losses.values() for term in terms
    )
    if stopping is None or "monitor" in stopping.model_fields_set or not learns:
        return training
    watched = stopping.model_copy(update={"monitor": f"validation/{metric}"})
    return training.model_copy(update={"early_stopping": watched})


def _check_monitor(specification: Specification) -> None:
    stopping = specification.training.early_stopping
    if stopping is None:
        return
    slots = [f"validation/{slot}/" for slot in specification.losses]
    known = ["validation/loss", *(f"validation/{name}" for name in specification.metrics)]
    per_class = [f"{series}/" for series in known]
    if stopping.monitor in known or stopping.monitor.startswith((*slots, *per_class)):
        return
    raise InvalidError(
        "monitor.unknown",
        "the series {monitor!r} cannot be monitored; early stopping watches the validation part: "
        "one of {known}",
        monitor=stopping.monitor,
        known=", ".join(known),
    )
