"""Advice on losses: the stored dataset and experiments put before what the losses declare."""

from __future__ import annotations

from collections.abc import Mapping

from model_playground.core.contracts import LossDeclaration
from model_playground.core.errors import InvalidError
from model_playground.core.loss_records import LossAdvice
from model_playground.insights.advice import Data, advise
from model_playground.store.datasets import get_dataset
from model_playground.store.experiments import list_experiments
from model_playground.store.workspace import Workspace
from model_playground.tasks.task import TASKS, get_task, untrainable
from model_playground.work.datasets import newest_revision


def advise_losses(
    workspace: Workspace,
    catalogue: Mapping[str, LossDeclaration],
    *,
    task: str | None,
    dataset: str | None,
) -> LossAdvice:
    """Say which losses suit a task and, if one is named, a dataset's newest revision.

    Raises:
        NotFoundError: there is no such task or dataset.
        InvalidError: neither is named, or the dataset has no labels for the task.
    """
    data = None
    if dataset is not None:
        data = Data(get_dataset(workspace.store, dataset), newest_revision(workspace, dataset))
    chosen = get_task(_task_name(task, data))
    return advise(chosen, catalogue, list_experiments(workspace.store), data=data)


def _task_name(task: str | None, data: Data | None) -> str:
    if data is None:
        if task is None:
            raise InvalidError(
                "advice.of_nothing",
                "advice needs a task, a dataset or both; the tasks are {tasks}",
                tasks=", ".join(TASKS.names),
            )
        return task
    served = data.revision.tasks
    if task is None:
        task = next((one for one in served if one in TASKS), None)
    elif task in TASKS and task not in served:
        raise InvalidError(
            "task.differs",
            "the dataset {dataset!r} has labels for {served}, not for {task}",
            dataset=data.dataset.name,
            served=", ".join(served),
            task=task,
        )
    if task is None:
        raise untrainable(f"the dataset {data.dataset.name!r}", served)
    return task
