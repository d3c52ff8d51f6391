"""Experiments from specification to stored result: resolve, queue, run, open the test part."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from model_playground.core.contracts import LossDeclaration
from model_playground.core.errors import InvalidError, PlaygroundError, render
from model_playground.core.events import Emit, Event, Notice, Point, Progress, RunFinished
from model_playground.core.records import ExperimentRecord, TestReport
from model_playground.core.specification import Plugin, Specification
from model_playground.losses.catalogue import load_plugin
from model_playground.store.events import append_event, series
from model_playground.store.experiments import (
    add_experiment,
    get_experiment,
    list_experiments,
    record_test_opening,
)
from model_playground.store.splits import get_split
from model_playground.store.workspace import Workspace
from model_playground.tasks.task import get_task
from model_playground.work import queue as runs_queue
from model_playground.work.class_weights import with_class_weights
from model_playground.work.datasets import facts_of_split, items_by_part, train_counts
from model_playground.work.validation import resolved

if TYPE_CHECKING:
    from model_playground.training.inference import Prediction
    from model_playground.training.plan import Plan

HEARTBEAT_S = 2.0


def resolve(
    workspace: Workspace,
    specification: Specification,
    *,
    catalogue: Mapping[str, LossDeclaration],
    plugins: Sequence[Path] = (),
    notify: Callable[[str], None] = lambda message: None,
) -> Specification:
    """Return the specification with defaults filled in, a name and its plug-ins, all checked.

    Raises:
        PlaygroundError: a name is unknown, or something does not fit.
    """
    filled = resolved(
        specification,
        split_task=get_split(workspace.store, specification.split).task,
        facts=facts_of_split(workspace, specification.split),
        catalogue=catalogue,
        notify=notify,
    )
    known = {one.name for one in list_experiments(workspace.store)}
    if specification.name in known:
        raise InvalidError(
            "experiment.exists",
            "there is an experiment named {name!r} already: choose another name",
            name=specification.name,
        )
    return filled.model_copy(
        update={
            "name": specification.name or _made_up_name(filled, known),
            "plugins": _used_plugins(filled, catalogue, plugins),
        }
    )


def _made_up_name(specification: Specification, known: set[str]) -> str:
    losses = "+".join(term.loss for terms in specification.losses.values() for term in terms)
    name = f"{specification.split}-{losses}"
    return next(
        candidate
        for candidate in (name, *(f"{name}-{number}" for number in range(2, len(known) + 3)))
        if candidate not in known
    )


def _used_plugins(
    specification: Specification,
    catalogue: Mapping[str, LossDeclaration],
    plugins: Sequence[Path],
) -> tuple[Plugin, ...]:
    """Name the files of the losses that are used, by path and content."""
    used = {
        catalogue[term.loss].plugin for terms in specification.losses.values() for term in terms
    }
    return tuple(
        Plugin(path=str(path), sha256=_content_hash(path)) for path in plugins if str(path) in used
    )


def _content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def queue(workspace: Workspace, specification: Specification) -> ExperimentRecord:
    """Store an experiment whose runs any worker may take."""
    return _add(workspace, specification)


def run_here(
    workspace: Workspace, specification: Specification, *, emit: Emit | None = None
) -> ExperimentRecord:
    """Store an experiment and run it in this process, one seed after the other."""
    worker = new_worker_id()
    _add(workspace, specification, worker=worker)
    while run := runs_queue.claim(workspace.store, worker):
        if run_claimed(workspace, run, worker, emit=emit) == "interrupted":
            runs_queue.request_stop(workspace.store, specification.name)
    return get_experiment(workspace.store, specification.name)


def stop(workspace: Workspace, name: str) -> ExperimentRecord:
    """Ask an experiment's runs to stop."""
    runs_queue.request_stop(workspace.store, name)
    return get_experiment(workspace.store, name)


def _add(
    workspace: Workspace, specification: Specification, worker: str | None = None
) -> ExperimentRecord:
    first = specification.training.seed
    runs = [(uuid4().hex, first + number) for number in range(specification.training.repeats)]
    record = specification.model_dump(mode="json")
    return add_experiment(workspace.store, record, runs, worker=worker)


def new_worker_id() -> str:
    """Return an id that no other process has."""
    return uuid4().hex


def run_claimed(
    workspace: Workspace,
    run: runs_queue.ClaimedRun,
    worker: str,
    *,
    emit: Emit | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> str:
    """Train one claimed run, store everything it tells, and return how it ended.

    A run that fails is stored as failed with the reason; the worker goes on.
    """
    alive = _Alive(workspace, run.id, worker)

    def tell(event: Event) -> None:
        if isinstance(event, RunFinished):
            # The verdict comes first: who follows the events stops listening at the end.
            _tell_verdict(workspace, run, tell)
        # Progress comes often: it is always shown, and stored when the heartbeat is due.
        if alive.beat() or not isinstance(event, Progress):
            append_event(workspace.store, run.id, event)
        if emit is not None:
            emit(event)

    try:
        from model_playground.training.loop import train

        plan = _plan(workspace, run, tell)
        return train(
            plan,
            items_by_part(workspace, plan.specification.split),
            workspace.run_folder(run.id),
            emit=tell,
            should_stop=lambda: should_stop() or alive.stop_requested(),
        ).outcome
    except PlaygroundError as error:
        ended = _failed(render(error))
    except KeyboardInterrupt:
        ended = _failed("interrupted before the training began", outcome="interrupted")
    except Exception as error:
        # Kept for the page and the listing: no one run may end the worker.
        ended = _failed(f"{type(error).__name__}: {error}")
    tell(ended)
    return ended.outcome


def _failed(message: str, *, outcome: Literal["failed", "interrupted"] = "failed") -> RunFinished:
    return RunFinished(
        outcome=outcome,
        epochs_done=0,
        best_epoch=None,
        monitor="",
        best_value=None,
        message=message,
    )


def _plan(workspace: Workspace, run: runs_queue.ClaimedRun, tell: Emit) -> Plan:
    """Put together what a run needs to know; its plug-ins are loaded if they are unchanged."""
    from model_playground.losses.base import LOSSES, declaration
    from model_playground.training.plan import Plan

    specification = Specification.model_validate(run.specification)
    for plugin in specification.plugins:
        path = Path(plugin.path)
        if path.exists() and _content_hash(path) != plugin.sha256:
            raise InvalidError(
                "plugin.changed",
                "the plug-in {path} has changed since the experiment was created: create it anew",
                path=plugin.path,
            )
        load_plugin(path)
    facts = facts_of_split(workspace, specification.split)
    weighted = with_class_weights(
        specification,
        facts,
        lambda layout: train_counts(workspace, specification.split, layout),
        {loss.name: declaration(loss) for loss in LOSSES},
        notify=lambda message: tell(Notice(level="information", message=message)),
    )
    return Plan(
        specification=weighted,
        task=get_task(specification.task),
        facts=facts,
        seed=run.seed,
    )


def _tell_verdict(workspace: Workspace, run: runs_queue.ClaimedRun, tell: Emit) -> None:
    """Say what the run's losses show: over-fitting, too short a training, or all well."""
    from model_playground.insights.overfitting import judge

    (points,) = (one.points for one in series(workspace.store, run.experiment) if one.run == run.id)
    by_series: dict[str, list[float | None]] = {}
    for point in points:
        by_series.setdefault(point.series, []).append(point.value)
    if not by_series:
        return
    verdict = judge(
        by_series.get("train_sample/loss", []),
        by_series.get("validation/loss", []),
        uninformed=next(iter(by_series.get("uninformed/loss", [])), None),
    )
    tell(Notice(level=verdict.level, message=verdict.sentence))


def open_test_part(workspace: Workspace, experiment: ExperimentRecord) -> TestReport:
    """Evaluate the best weights of every run on the test part, and count the opening.

    Raises:
        InvalidError: no run has kept weights.
    """
    from model_playground.training.inference import evaluate_checkpoint

    for plugin in experiment.specification["plugins"]:
        load_plugin(plugin["path"])
    items = items_by_part(workspace, experiment.split)["test"]
    trained = [run for run in experiment.runs if run.best_epoch is not None]
    if not trained:
        raise InvalidError(
            "experiment.untrained",
            "the experiment {name} has no weights to test yet: it is {state}",
            name=experiment.name,
            state=experiment.state,
        )
    figures = {run.id: evaluate_checkpoint(workspace.run_folder(run.id), items) for run in trained}
    opened = record_test_opening(
        workspace.store,
        experiment.name,
        {
            run: [Point.of(one, value) for one, value in found.items()]
            for run, found in figures.items()
        },
    )
    return TestReport(
        experiment=experiment.name,
        opened=opened,
        runs={
            f"seed {run.seed}": {
                one: Point.of(one, value).value for one, value in figures[run.id].items()
            }
            for run in trained
        },
    )


def predict_part(
    workspace: Workspace,
    experiment: ExperimentRecord,
    part: Literal["train", "validation"],
    *,
    seed: int | None = None,
) -> list[Prediction]:
    """Return what the best weights of one run say of every item of a part.

    Raises:
        InvalidError: there is no such run, or it has kept no weights.
    """
    from model_playground.training.inference import load_checkpoint, predict

    for plugin in experiment.specification["plugins"]:
        load_plugin(plugin["path"])
    trained = [
        run for run in experiment.runs if run.best_epoch is not None and seed in (None, run.seed)
    ]
    if not trained:
        raise InvalidError(
            "experiment.untrained",
            "the experiment {name} has no weights to predict with{of_seed}: it is {state}",
            name=experiment.name,
            of_seed="" if seed is None else f" of the seed {seed}",
            state=experiment.state,
        )
    checkpoint = load_checkpoint(workspace.run_folder(trained[0].id))
    return list(predict(checkpoint, items_by_part(workspace, experiment.split)[part]))


class _Alive:
    """Tells the queue that the worker lives, and asks it for a stop, both only now and then."""

    def __init__(self, workspace: Workspace, run_id: str, worker: str) -> None:
        self._store = workspace.store
        self._run_id = run_id
        self._worker = worker
        self._told = 0.0
        self._asked = 0.0
        self._stop = False

    def beat(self) -> bool:
        """Tell the queue if it is time to; say whether it was."""
        if time.monotonic() - self._told < HEARTBEAT_S:
            return False
        self._told = time.monotonic()
        runs_queue.heartbeat(self._store, self._worker)
        return True

    def stop_requested(self) -> bool:
        """Say whether someone asked for the run's end."""
        if not self._stop and time.monotonic() - self._asked >= HEARTBEAT_S / 2:
            self._asked = time.monotonic()
            self._stop = runs_queue.stop_requested(self._store, self._run_id)
        return self._stop
