"""Experiments: validate, queue, list, show, watch, stop, compare, open the test part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from model_playground.api import Playground
from model_playground.core.errors import InvalidError
from model_playground.core.events import Event
from model_playground.core.records import Comparison, ExperimentRecord, RunSeries, TestReport
from model_playground.core.specification import Specification
from model_playground.server.names import NAME
from model_playground.server.opened import Opened

router = APIRouter()

_POLL_S = 0.5


class LiveEvent(BaseModel):
    """What the training of one run told, as it is sent to the page."""

    number: int
    run: str
    event: Event


@router.get("/experiments")
def list_experiments(playground: Opened) -> list[ExperimentRecord]:
    """List the experiments."""
    return playground.list_experiments()


@router.post("/experiments", status_code=201)
def create_experiment(playground: Opened, specification: Specification) -> ExperimentRecord:
    """Validate, store and queue an experiment: the worker will run it."""
    _refuse_unknown_plugins(playground, specification)
    return playground.create_experiment(specification)


@router.post("/experiments/validate")
def validate_experiment(playground: Opened, specification: Specification) -> Specification:
    """Return the specification with defaults filled in, or what is wrong with it."""
    _refuse_unknown_plugins(playground, specification)
    return playground.validate(specification)


@router.get(f"/experiments/{NAME}")
def get_experiment(playground: Opened, name: str) -> ExperimentRecord:
    """Show an experiment with its runs."""
    return playground.get_experiment(name)


@router.get(f"/experiments/{NAME}/series")
def get_experiment_series(playground: Opened, name: str) -> list[RunSeries]:
    """Return all points of an experiment's runs."""
    return playground.experiment_series(name)


@router.post(f"/experiments/{NAME}/stop")
def stop_experiment(playground: Opened, name: str) -> ExperimentRecord:
    """Ask a queued or running experiment to stop; the best weights are kept."""
    return playground.stop_experiment(name)


@router.post(f"/experiments/{NAME}/test")
def test_experiment(playground: Opened, name: str) -> TestReport:
    """Open the sealed test part; each opening is counted."""
    # In a process of its own: this runs the model, and the server does without torch.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(_tested, playground.workspace, playground.plugins, name).result()


@router.get("/comparison")
def compare_experiments(
    playground: Opened, experiments: Annotated[list[str], Query(min_length=2)]
) -> Comparison:
    """Set experiments side by side: what differs, and by how much the figures do."""
    return playground.compare_experiments(experiments)


def _existing(playground: Opened, name: str) -> str:
    """Refuse an unknown name before the stream starts."""
    return playground.get_experiment(name).name


@router.get(
    f"/experiments/{NAME}/events",
    response_class=EventSourceResponse,
    responses={200: {"model": LiveEvent, "description": "Each message's data; `over` ends them."}},
)
async def watch_experiment(
    request: Request,
    playground: Opened,
    name: Annotated[str, Depends(_existing)],
    after: int = 0,
    last_event_id: Annotated[int | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Send what the runs tell, as it happens, until the experiment is over."""
    seen = after if last_event_id is None else last_event_id
    running = True
    while running and not request.app.state.is_closing():
        # The state is read first: what is told between the two reads is then not missed.
        experiment = await run_in_threadpool(playground.get_experiment, name)
        running = experiment.state in ("queued", "running")
        for number, run, event in await run_in_threadpool(
            playground.experiment_events, name, after=seen
        ):
            yield ServerSentEvent(
                data=LiveEvent(number=number, run=run, event=event), id=str(number)
            )
            seen = max(seen, number)
        if running:
            await asyncio.sleep(_POLL_S)
    if not running:
        yield ServerSentEvent(event="over", data=experiment.state)  # without data none is heard


def _tested(workspace: Path, plugins: tuple[Path, ...], name: str) -> TestReport:
    return Playground(workspace, plugins=plugins).test_experiment(name)


def _refuse_unknown_plugins(playground: Playground, specification: Specification) -> None:
    """A plug-in is code: it is named when the server is started, never in a request."""
    known = {str(Path(plugin).resolve()) for plugin in playground.plugins}
    for plugin in specification.plugins:
        if str(Path(plugin.path).resolve()) not in known:
            raise InvalidError(
                "plugin.not_started_with",
                "the plug-in {path} is refused: the server was not started with it; "
                "start it with --plugin {path}",
                path=plugin.path,
            )
