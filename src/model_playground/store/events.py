"""What happened in the runs: events, and the series that their epochs draw."""

from __future__ import annotations

import json
from collections import defaultdict

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select, update

from model_playground.core.events import EpochFinished, Event, Progress, RunFinished
from model_playground.core.records import RunSeries, SeriesPoint
from model_playground.store.database import Store
from model_playground.store.names import row_id
from model_playground.store.schema import event, experiment, now, run, series_point

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def append_event(store: Store, run_id: str, happened: Event) -> None:
    """Keep an event of a run, with all that follows from it, or nothing of it.

    The points of an epoch become the run's series; the end of a run becomes its state. Of the
    progress only the latest is kept, so that the database does not grow with time.

    Raises:
        InvalidError: the database cannot be written.
    """
    with store.write() as connection:
        append_event_within(connection, run_id, happened)


def append_event_within(connection: Connection, run_id: str, happened: Event) -> None:
    """Do what `append_event` does as a part of a transaction."""
    # Writers take turns, so the numbers of events become visible in order: whoever asks for what
    # came after a number misses none.
    if isinstance(happened, Progress | RunFinished):
        connection.execute(
            delete(event).where(event.c.run_id == run_id, event.c.kind == "progress")
        )
    connection.execute(
        insert(event).values(
            run_id=run_id,
            kind=happened.kind,
            payload=json.loads(happened.model_dump_json()),  # turns what is not finite into null
            created=now(),
        )
    )
    if isinstance(happened, EpochFinished):
        _keep_epoch(connection, run_id, happened)
    if isinstance(happened, RunFinished):
        _keep_end(connection, run_id, happened)


def events_after(store: Store, name: str, number: int = 0) -> list[tuple[int, str, Event]]:
    """List the events of an experiment after an event's number: number, run id and event.

    Args:
        store: where to read.
        name: the experiment.
        number: the last event that is known; 0 for all.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with store.read() as connection:
        rows = connection.execute(
            select(event.c.number, event.c.run_id, event.c.payload)
            .join_from(event, run)
            .where(run.c.experiment_id == row_id(connection, experiment, name))
            .where(event.c.number > number)
            .order_by(event.c.number)
        )
        return [(row.number, row.run_id, _EVENT.validate_python(row.payload)) for row in rows]


def series(store: Store, name: str) -> list[RunSeries]:
    """Return all points and notices of an experiment's runs, by seed.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with store.read() as connection:
        of_experiment = run.c.experiment_id == row_id(connection, experiment, name)
        points: defaultdict[str, list[SeriesPoint]] = defaultdict(list)
        for row in connection.execute(
            select(series_point)
            .join_from(series_point, run)
            .where(of_experiment)
            .order_by(series_point.c.series, series_point.c.epoch)
        ):
            points[row.run_id].append(SeriesPoint.model_validate(row._asdict()))
        notices: defaultdict[str, list[str]] = defaultdict(list)
        for row in connection.execute(
            select(event.c.run_id, event.c.payload)
            .join_from(event, run)
            .where(of_experiment, event.c.kind == "notice")
            .order_by(event.c.number)
        ):
            notices[row.run_id].append(row.payload["message"])
        runs = connection.execute(select(run).where(of_experiment).order_by(run.c.seed))
        return [
            RunSeries(
                run=row.id,
                seed=row.seed,
                points=tuple(points[row.id]),
                notices=tuple(notices[row.id]),
            )
            for row in runs
        ]


def _keep_epoch(connection: Connection, run_id: str, epoch: EpochFinished) -> None:
    at = {
        "run_id": run_id,
        "epoch": epoch.epoch,
        "step": epoch.step,
        "images_seen": epoch.images_seen,
    }
    if epoch.points:
        connection.execute(
            insert(series_point), [at | point.model_dump() for point in epoch.points]
        )
    values = {"epochs_done": epoch.epoch} | ({"best_epoch": epoch.epoch} if epoch.best else {})
    connection.execute(update(run).where(run.c.id == run_id).values(values))


def _keep_end(connection: Connection, run_id: str, end: RunFinished) -> None:
    connection.execute(
        update(run)
        .where(run.c.id == run_id)
        .values(
            state=end.outcome,
            epochs_done=end.epochs_done,
            best_epoch=end.best_epoch,
            monitor=end.monitor,
            message=end.message,
            finished=now(),
        )
    )
