"""Splits: the form of a new one, list, create, show, their lists and the groups to look at."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import Field

from model_playground.core.errors import NotFoundError
from model_playground.core.records import SplitForm, SplitPlan, SplitRecord
from model_playground.server.jobs import GoingOn
from model_playground.server.names import NAME
from model_playground.server.opened import Opened

router = APIRouter()


class SplitRequest(SplitPlan):
    """A split to create: the dataset, the split's name, and the plan."""

    dataset: str
    name: str = Field(min_length=1)

    @property
    def plan(self) -> SplitPlan:
        """The plan alone."""
        return SplitPlan(**{name: getattr(self, name) for name in SplitPlan.model_fields})


@router.get("/split-form")
def get_split_form(playground: Opened, dataset: str) -> SplitForm:
    """Return everything that the form of a new split shows."""
    return playground.split_form(dataset)


@router.get("/splits")
def list_splits(playground: Opened) -> list[SplitRecord]:
    """List the splits."""
    return playground.list_splits()


@router.post("/splits", status_code=201)
def create_split(playground: Opened, jobs: GoingOn, wanted: SplitRequest) -> SplitRecord:
    """Put items of a dataset into train, validation and test, each into one part."""
    with jobs.told("split", name=wanted.name, dataset=wanted.dataset) as advance:
        return playground.create_split(
            wanted.dataset, name=wanted.name, plan=wanted.plan, advance=advance
        )


@router.post("/splits/folds", status_code=201)
def create_folds(playground: Opened, jobs: GoingOn, wanted: SplitRequest) -> list[SplitRecord]:
    """Make a split for each fold: each fold is the validation part of one."""
    with jobs.told("split", name=wanted.name, dataset=wanted.dataset) as advance:
        return playground.create_folds(
            wanted.dataset, name=wanted.name, plan=wanted.plan, advance=advance
        )


@router.get(f"/splits/{NAME}")
def get_split(playground: Opened, name: str) -> SplitRecord:
    """Show a split."""
    return playground.get_split(name)


_Answers = dict[int | str, dict[str, Any]]

_ZIP: _Answers = {
    200: {"content": {"application/zip": {}}, "description": "The lists, one for each part."}
}
_PNG: _Answers = {200: {"content": {"image/png": {}}, "description": "The group's images, small."}}


@router.get(f"/splits/{NAME}/lists", response_class=Response, responses=_ZIP)
def export_split(playground: Opened, name: str) -> Response:
    """Return train.txt, validation.txt and test.txt with the paths of a split's items."""
    packed = io.BytesIO()
    with TemporaryDirectory() as folder, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for file in playground.export_split(name, Path(folder) / "lists"):
            archive.write(file, file.name)
    called = f"attachment; filename*=UTF-8''{quote(name, safe='')}.zip"
    headers = {"Content-Disposition": called}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


@router.get(f"/splits/{NAME}/groups")
def list_groups(playground: Opened, name: str) -> list[int]:
    """List the numbers of the large groups that were found, which a person has to look at."""
    return list(range(1, len(playground.split_group_sheets(name)) + 1))


@router.get(f"/splits/{NAME}/groups/{{number}}", response_class=FileResponse, responses=_PNG)
def show_group(playground: Opened, name: str, number: int) -> FileResponse:
    """Show the images of a large group."""
    sheets = playground.split_group_sheets(name)
    if not 1 <= number <= len(sheets):
        raise NotFoundError(
            "group.unknown",
            "the split {name!r} has no group {number}: {count} were found that need a look",
            name=name,
            number=number,
            count=len(sheets),
        )
    return FileResponse(sheets[number - 1], media_type="image/png")
