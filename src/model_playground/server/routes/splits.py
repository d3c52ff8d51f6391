"""Splits: list, create, show."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from model_playground.core.records import SplitPlan, SplitRecord
from model_playground.server.opened import Opened

router = APIRouter(prefix="/splits")


class SplitRequest(SplitPlan):
    """A split to create: the dataset, the split's name, and the plan."""

    dataset: str
    name: str = Field(min_length=1)

    @property
    def plan(self) -> SplitPlan:
        """The plan alone."""
        return SplitPlan(**{name: getattr(self, name) for name in SplitPlan.model_fields})


@router.get("")
def list_splits(playground: Opened) -> list[SplitRecord]:
    """List the splits."""
    return playground.list_splits()


@router.post("", status_code=201)
def create_split(playground: Opened, wanted: SplitRequest) -> SplitRecord:
    """Put items of a dataset into train, validation and test, each into one part."""
    return playground.create_split(wanted.dataset, name=wanted.name, plan=wanted.plan)


@router.post("/folds", status_code=201)
def create_folds(playground: Opened, wanted: SplitRequest) -> list[SplitRecord]:
    """Make a split for each fold: each fold is the validation part of one."""
    return playground.create_folds(wanted.dataset, name=wanted.name, plan=wanted.plan)


@router.get("/{name}")
def get_split(playground: Opened, name: str) -> SplitRecord:
    """Show a split."""
    return playground.get_split(name)
