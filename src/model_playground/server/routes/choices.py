"""What can be chosen: tasks, formats, losses, architectures, and the form derived from them."""

from __future__ import annotations

from fastapi import APIRouter

from model_playground.core.contracts import LossDeclaration
from model_playground.core.dataset_records import FindingKindRecord, FormatRecord
from model_playground.core.loss_records import LossAdvice
from model_playground.core.records import (
    ChoiceRecord,
    ExperimentForm,
    SlotChoices,
    SplitPlan,
    TaskRecord,
)
from model_playground.core.specification import Specification
from model_playground.server.names import NAME
from model_playground.server.opened import Opened
from model_playground.server.routes.datasets import DatasetImport
from model_playground.server.words import PLACES, words_of

router = APIRouter()


@router.get("/tasks")
def list_tasks(playground: Opened) -> list[TaskRecord]:
    """List the tasks with their slots."""
    return playground.list_tasks()


@router.get("/formats")
def list_formats(playground: Opened) -> list[FormatRecord]:
    """List the formats that labelled images can come in."""
    return playground.list_formats()


@router.get("/finding-kinds")
def list_finding_kinds(playground: Opened) -> list[FindingKindRecord]:
    """List what an import or a check can find, with what to do about it."""
    return playground.list_finding_kinds()


@router.get("/losses")
def list_losses(playground: Opened) -> list[LossDeclaration]:
    """List the losses."""
    return playground.list_losses()


@router.get("/losses/advice")
def advise_on_losses(
    playground: Opened, task: str | None = None, dataset: str | None = None
) -> LossAdvice:
    """Say which losses suit a task and a dataset, each with its reason."""
    return playground.advise_losses(task, dataset=dataset)


@router.get(f"/losses/{NAME}")
def get_loss(playground: Opened, name: str) -> LossDeclaration:
    """Show a loss: formula, parameters, when to prefer it."""
    return playground.get_loss(name)


@router.get("/loss-choices")
def list_loss_choices(playground: Opened, task: str, split: str | None = None) -> list[SlotChoices]:
    """Say for each slot of a task which losses are valid, discouraged or refused."""
    return playground.loss_choices(task, split=split)


@router.get("/architectures")
def list_architectures(playground: Opened, task: str | None = None) -> list[ChoiceRecord]:
    """List the architectures, or those that do a task."""
    return playground.list_architectures(task)


@router.get("/form")
def get_experiment_form(playground: Opened, split: str, task: str | None = None) -> ExperimentForm:
    """Derive everything that the new-experiment form shows."""
    return playground.experiment_form(split, task=task)


@router.get("/words")
def list_words() -> dict[str, str]:
    """Say what the page calls what the command line's options set, and where it does a command."""
    return words_of((Specification, DatasetImport, SplitPlan)) | PLACES
