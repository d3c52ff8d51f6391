"""Experiments, their runs with the figures at the best epoch, and the openings of the test part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, true

from model_playground.core.events import Point
from model_playground.core.expression import LossTerm
from model_playground.core.records import (
    ExperimentRecord,
    RunRecord,
    RunState,
    SplitReport,
    TestReport,
)
from model_playground.store.database import Store
from model_playground.store.names import insert_named, row_id, unknown
from model_playground.store.schema import (
    dataset,
    experiment,
    now,
    revision,
    run,
    series_point,
    split,
    test_opening,
)

_STATES: tuple[RunState, ...] = (
    "running",
    "queued",
    "failed",
    "interrupted",
    "finished",
    "stopped_early",
)
"""An experiment is in the first of these states that one of its runs is in."""


def add_experiment(
    store: Store,
    specification: Mapping[str, Any],
    runs: Sequence[tuple[str, int]],
    *,
    worker: str | None = None,
) -> ExperimentRecord:
    """Add an experiment and queue its runs.

    Args:
        store: where to add it.
        specification: the resolved specification as JSON-ready data; it names the experiment.
        runs: the id and seed of each run.
        worker: the only worker that may claim the runs; without it any may.

    Raises:
        InvalidError: the name is taken or refused.
        NotFoundError: there is no such split.
    """
    with store.write() as connection:
        row = {
            "name": specification["name"],
            "split_id": row_id(connection, split, specification["split"]),
            "specification": dict(specification),
            "created": now(),
        }
        experiment_id = insert_named(connection, experiment, row)
        queued = {
            "experiment_id": experiment_id,
            "state": "queued",
            "worker": worker,
            "heartbeat": now() if worker else None,
            "stop_requested": False,
            "epochs_done": 0,
            "monitor": "",
            "message": "",
        }
        connection.execute(insert(run), [queued | {"id": one, "seed": seed} for one, seed in runs])
        return _get(connection, specification["name"])


def list_experiments(store: Store) -> list[ExperimentRecord]:
    """List the experiments, the oldest first."""
    with store.read() as connection:
        return _records(connection)


def get_experiment(store: Store, name: str) -> ExperimentRecord:
    """Return an experiment with its runs.

    Raises:
        NotFoundError: there is none of that name.
    """
    with store.read() as connection:
        return _get(connection, name)


def record_test_opening(store: Store, name: str, figures: Mapping[str, Sequence[Point]]) -> int:
    """Record that the test part was opened for an experiment, and return how often it has been.

    Args:
        store: where to record it.
        name: the experiment.
        figures: what was found, by run id.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with store.write() as connection:
        experiment_id = row_id(connection, experiment, name)
        before = select(func.count()).where(test_opening.c.experiment_id == experiment_id)
        times = connection.scalars(before).one() + 1
        connection.execute(
            insert(test_opening).values(
                experiment_id=experiment_id,
                number=times,
                figures={
                    run_id: [point.model_dump(mode="json") for point in points]
                    for run_id, points in figures.items()
                },
                created=now(),
            )
        )
        return times


def list_test_reports(store: Store, name: str) -> list[TestReport]:
    """List what each opening of an experiment's test part found, the first opening first.

    Raises:
        NotFoundError: there is no such experiment.
    """
    with store.read() as connection:
        of_experiment = test_opening.c.experiment_id == row_id(connection, experiment, name)
        rows = connection.execute(
            select(test_opening).where(of_experiment).order_by(test_opening.c.number)
        )
        return [
            TestReport(
                experiment=name,
                opened=row.number,
                runs={
                    run_id: {point["series"]: point["value"] for point in points}
                    for run_id, points in row.figures.items()
                },
            )
            for row in rows
        ]


def _get(connection: Connection, name: str) -> ExperimentRecord:
    records = _records(connection, name)
    if not records:
        raise unknown(connection, experiment, name)
    return records[0]


def _records(connection: Connection, name: str | None = None) -> list[ExperimentRecord]:
    """Read all experiments, or the one of a name."""
    wanted = true() if name is None else experiment.c.name == name
    openings = select(func.count()).where(test_opening.c.experiment_id == experiment.c.id)
    experiments = (
        select(
            experiment,
            split.c.name.label("split"),
            split.c.report.label("split_report"),
            dataset.c.name.label("dataset"),
            openings.scalar_subquery().label("test_openings"),
        )
        .join_from(experiment, split)
        .join(revision)
        .join(dataset)
        .where(wanted)
        .order_by(experiment.c.id)
    )
    runs = (
        select(run)
        .join_from(run, experiment)
        .where(wanted)
        .order_by(run.c.experiment_id, run.c.seed)
    )
    at_best_epoch = (
        select(series_point.c.run_id, series_point.c.series, series_point.c.value)
        .join_from(series_point, run)
        .join(experiment)
        .where(wanted, series_point.c.epoch == run.c.best_epoch)
        .order_by(series_point.c.series)
    )
    figures: defaultdict[str, dict[str, float | None]] = defaultdict(dict)
    for point in connection.execute(at_best_epoch):
        figures[point.run_id][point.series] = point.value
    by_experiment: defaultdict[int, list[RunRecord]] = defaultdict(list)
    for row in connection.execute(runs):
        record = RunRecord.model_validate({**row._asdict(), "figures": figures[row.id]})
        by_experiment[row.experiment_id].append(record)
    return [_record(row, by_experiment[row.id]) for row in connection.execute(experiments)]


def _leaks(report: Any) -> tuple[str, ...]:
    if report is None:
        return ()
    return tuple(leak.sentence for leak in SplitReport.model_validate(report).leaks)


def _record(row: Row[Any], runs: Sequence[RunRecord]) -> ExperimentRecord:
    specification = row.specification
    states = {one.state for one in runs}
    return ExperimentRecord(
        name=row.name,
        dataset=row.dataset,
        split=row.split,
        task=specification["task"],
        architecture=specification["architecture"]["name"],
        backbone=specification["backbone"],
        losses={
            slot: " + ".join(str(LossTerm.model_validate(term)) for term in terms)
            for slot, terms in specification["losses"].items()
        },
        state=next(state for state in _STATES if state in states),
        runs=tuple(runs),
        test_openings=row.test_openings,
        leaks=_leaks(row.split_report),
        specification=specification,
        created=row.created,
    )
