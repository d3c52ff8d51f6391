"""What can be chosen, derived from the declarations: listings, the form, *Loss & metrics*."""

from __future__ import annotations

from collections.abc import Mapping

from model_playground.core.contracts import Facts, LossDeclaration, Slot, State
from model_playground.core.declaration import parameters_schema
from model_playground.core.records import (
    ChoiceRecord,
    ExperimentForm,
    LossChoice,
    SlotChoices,
    TaskRecord,
)
from model_playground.core.specification import EarlyStopping, Training
from model_playground.metrics.metric import METRICS
from model_playground.models.architecture import ARCHITECTURES
from model_playground.tasks.task import TASKS, Task
from model_playground.training.augmentations import AUGMENTATIONS
from model_playground.training.schedulers import SCHEDULERS
from model_playground.training.solvers import SOLVERS

_ORDER = [State.VALID, State.DISCOURAGED, State.REFUSED]


def task_records() -> list[TaskRecord]:
    """Describe the tasks."""
    return [_task_record(kind()) for kind in TASKS]


def _task_record(task: Task) -> TaskRecord:
    slots = task.slots(Facts())
    return TaskRecord(
        name=task.name,
        title=task.title,
        summary=task.summary,
        slots=tuple(slot.name for slot in slots),
        default_losses={slot.name: slot.default_loss for slot in slots},
        metrics=task.metrics,
        architectures=tuple(choice.name for choice in architecture_choices(task.name)),
    )


def architecture_choices(task: str | None = None) -> list[ChoiceRecord]:
    """Describe the architectures, or those that do a task."""
    return [one.choice() for one in ARCHITECTURES if task is None or task in one.tasks]


def slot_choices(
    task: Task, facts: Facts, catalogue: Mapping[str, LossDeclaration]
) -> list[SlotChoices]:
    """Say for each slot which losses can be chosen: valid first, refused last, with reasons."""
    return [_choices_of(slot, task, catalogue) for slot in task.slots(facts)]


def _choices_of(slot: Slot, task: Task, catalogue: Mapping[str, LossDeclaration]) -> SlotChoices:
    choices = []
    for loss in catalogue.values():
        verdict = task.loss_validity(loss, slot, catalogue)
        choices.append(
            LossChoice(
                name=loss.name,
                class_name=loss.class_name,
                title=loss.title,
                state=verdict.state.value,
                reason=verdict.reason,
                summary=loss.summary,
                formula=loss.formula,
                prefer=loss.prefer,
                avoid=loss.avoid,
                default=loss.name == slot.default_loss,
                parameters=loss.parameters,
            )
        )
    choices.sort(key=lambda one: (_ORDER.index(State(one.state)), not one.default))
    return SlotChoices(slot=slot.name, gives=slot.gives, losses=tuple(choices))


def experiment_form(
    split: str, task: Task, facts: Facts, catalogue: Mapping[str, LossDeclaration]
) -> ExperimentForm:
    """Derive everything that the new-experiment form shows."""
    training = parameters_schema(Training)
    training["properties"].pop("early_stopping")
    training.pop("$defs", None)
    return ExperimentForm(
        task=task.name,
        split=split,
        training=training,
        early_stopping=parameters_schema(EarlyStopping),
        architectures=tuple(architecture_choices(task.name)),
        backbones={
            one.name: (
                one.default_backbone,
                *(name for name in one.suggested_backbones if name != one.default_backbone),
            )
            for one in ARCHITECTURES
            if task.name in one.tasks
        },
        slots=tuple(slot_choices(task, facts, catalogue)),
        metrics=tuple(one.choice() for one in METRICS if task.name in one.tasks),
        solvers=tuple(one.choice() for one in SOLVERS),
        schedulers=tuple(one.choice() for one in SCHEDULERS),
        augmentations=tuple(one.choice() for one in AUGMENTATIONS),
    )
