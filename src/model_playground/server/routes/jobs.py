"""Long work: how far it is, and to cancel it."""

from __future__ import annotations

from fastapi import APIRouter

from model_playground.server.jobs import GoingOn, JobRecord

router = APIRouter(prefix="/jobs")


@router.get("")
def list_jobs(jobs: GoingOn) -> list[JobRecord]:
    """List the imports, joins, checks and splits that are going on, and how far they are."""
    return jobs.listed()


@router.post("/{number}/cancel")
def cancel_job(jobs: GoingOn, number: int) -> JobRecord:
    """Have it end at its next step: its request is refused, and nothing half-made is left."""
    return jobs.cancel(number)
