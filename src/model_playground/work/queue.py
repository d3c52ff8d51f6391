"""The queue: workers claim runs, keep them by being heard of, and lose them by falling silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select, update

from model_playground.core.events import RunFinished
from model_playground.store.database import Store
from model_playground.store.events import append_event_within
from model_playground.store.names import row_id
from model_playground.store.schema import experiment, now, run

LEASE_S = 60.0
"""A worker that has not been heard of for so long has lost its runs."""


@dataclass(frozen=True)
class ClaimedRun:
    """A run that a worker has taken: what it needs to do it."""

    id: str
    seed: int
    experiment: str
    specification: dict[str, Any]


def claim(store: Store, worker: str) -> ClaimedRun | None:
    """Take the run that has waited longest, if there is one; no other worker gets it then.

    Args:
        store: where the queue is.
        worker: an id that no other process has.
    """
    with store.read() as connection:  # a worker that waits does not keep others from writing
        if connection.execute(_waiting(worker)).first() is None:
            return None
    with store.write() as connection:
        row = connection.execute(_waiting(worker)).first()
        if row is None:  # another worker was faster
            return None
        connection.execute(
            update(run)
            .where(run.c.id == row.id)
            .values(state="running", worker=worker, heartbeat=now(), started=now())
        )
        return ClaimedRun(**row._asdict())


def _waiting(worker: str) -> Select[Any]:
    return (
        select(
            run.c.id, run.c.seed, experiment.c.name.label("experiment"), experiment.c.specification
        )
        .join_from(run, experiment)
        .where(run.c.state == "queued", or_(run.c.worker.is_(None), run.c.worker == worker))
        .order_by(run.c.experiment_id, run.c.seed)
        .limit(1)
    )


def heartbeat(store: Store, worker: str) -> None:
    """Keep the runs that a worker has or has reserved; call this more often than the lease."""
    with store.write() as connection:
        connection.execute(
            update(run)
            .where(run.c.worker == worker, run.c.state.in_(("queued", "running")))
            .values(heartbeat=now())
        )


def request_stop(store: Store, name: str) -> None:
    """Ask for the end of an experiment: what waits ends now, what runs ends when it next looks.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with store.write() as connection:
        of_experiment = run.c.experiment_id == row_id(connection, experiment, name)
        _interrupt(connection, of_experiment & (run.c.state == "queued"), "stopped before it began")
        connection.execute(
            update(run).where(of_experiment, run.c.state == "running").values(stop_requested=True)
        )


def stop_requested(store: Store, run_id: str) -> bool:
    """Say whether someone asked for the end of a run."""
    with store.read() as connection:
        return bool(connection.scalar(select(run.c.stop_requested).where(run.c.id == run_id)))


def release_stale(store: Store, *, older_than_s: float = LEASE_S) -> list[str]:
    """Interrupt the runs whose worker has fallen silent, and return their ids.

    Args:
        store: where the queue is.
        older_than_s: how long a worker may be silent.
    """
    stale = (run.c.state.in_(("queued", "running"))) & (
        run.c.heartbeat < now() - timedelta(seconds=older_than_s)
    )
    with store.read() as connection:
        if connection.execute(select(run.c.id).where(stale)).first() is None:
            return []
    with store.write() as connection:
        message = "its worker has not been heard of since {heartbeat:%Y-%m-%d %H:%M:%S} UTC"
        return _interrupt(connection, stale, message)


def _interrupt(connection: Connection, which: ColumnElement[bool], message: str) -> list[str]:
    """End runs from outside; what they had finished is kept."""
    rows = connection.execute(select(run).where(which).order_by(run.c.id)).all()
    for row in rows:
        append_event_within(
            connection,
            row.id,
            RunFinished(
                outcome="interrupted",
                epochs_done=row.epochs_done,
                best_epoch=row.best_epoch,
                monitor=row.monitor,
                best_value=None,
                message=message.format(heartbeat=row.heartbeat),
            ),
        )
    return [row.id for row in rows]
