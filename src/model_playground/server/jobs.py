"""Long work for requests that are not answered yet: how far it is, and how it is cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Annotated, Literal

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from model_playground.api import Advance
from model_playground.core.errors import NotFoundError, StoppedError

JobKind = Literal["import", "join", "check", "split"]


class JobRecord(BaseModel):
    """Work that is going on: an import, a join, a check, or a split that is being made."""

    number: int
    kind: JobKind
    name: str  # of what is made or looked at
    dataset: str  # empty where a path is looked at that is none yet
    stage: str = ""  # such as "Comparing images"; empty before the first is told
    done: int = 0
    total: int = 0
    cancelled: bool = False  # it ends at its next step


@dataclass
class _Job:
    record: JobRecord

    def change(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)


class Jobs:
    """The work that is going on. Each piece ends where it next tells how far it is, once cancelled.

    Args:
        is_closing: whether the server is to end, by which everything is cancelled.
    """

    def __init__(self, is_closing: Callable[[], bool]) -> None:
        self._is_closing = is_closing
        self._numbers = count(1)
        self._jobs: dict[int, _Job] = {}

    def listed(self) -> list[JobRecord]:
        """Return how far each is, the first begun first."""
        return [job.record for job in list(self._jobs.values())]

    def cancel(self, number: int) -> JobRecord:
        """Have a piece of work end at its next step.

        Raises:
            NotFoundError: it is over, or there never was one of that number.
        """
        job = self._jobs.get(number)
        if job is None:
            raise NotFoundError(
                "job.unknown", "there is nothing to cancel any more: it has ended", number=number
            )
        job.change(cancelled=True)
        return job.record

    @contextmanager
    def told(self, kind: JobKind, *, name: str, dataset: str) -> Iterator[Advance]:
        """List work for as long as it lasts; what is returned is told of progress.

        Raises:
            StoppedError: by what is returned, if the work was cancelled.
        """
        number = next(self._numbers)
        job = _Job(JobRecord(number=number, kind=kind, name=name, dataset=dataset))
        self._jobs[number] = job

        def advance(stage: str, done: int, total: int) -> None:
            if job.record.cancelled or self._is_closing():
                raise StoppedError(
                    "job.cancelled",
                    "{name!r} was cancelled: nothing was changed; what is known of single images "
                    "is kept, so that the next time goes faster",
                    name=name,
                )
            job.change(stage=stage, done=done, total=total)

        try:
            yield advance
        finally:
            del self._jobs[number]


def _going_on(connection: HTTPConnection) -> Jobs:
    jobs: Jobs = connection.app.state.jobs
    return jobs


GoingOn = Annotated[Jobs, Depends(_going_on)]
