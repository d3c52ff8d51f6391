"""Splits: list, create, show."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from model_playground.core.records import SplitRecord
from model_playground.server.opened import Opened

router = APIRouter(prefix="/splits")


class SplitRequest(BaseModel):
    """A split to create: by percentages and a seed, or from a file that lists items and parts."""

    model_config = ConfigDict(extra="forbid")

    dataset: str
    name: str = Field(min_length=1)
    train: float = 70
    test: float = 20
    validation: float = 10
    seed: int = 0
    from_file: str | None = None
    group_by: str | None = None


@router.get("")
def list_splits(playground: Opened) -> list[SplitRecord]:
    """List the splits."""
    return playground.list_splits()


@router.post("", status_code=201)
def create_split(playground: Opened, wanted: SplitRequest) -> SplitRecord:
    """Put every item of a dataset into exactly one part."""
    return playground.create_split(**dict(wanted))


@router.get("/{name}")
def get_split(playground: Opened, name: str) -> SplitRecord:
    """Show a split."""
    return playground.get_split(name)
