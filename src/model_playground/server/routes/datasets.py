"""Datasets: list, show, import from a path of the server's machine, check."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from model_playground.core.records import CheckReport, DatasetRecord
from model_playground.server.jobs import GoingOn
from model_playground.server.names import NAME
from model_playground.server.opened import Opened

router = APIRouter(prefix="/datasets")


class DatasetImport(BaseModel):
    """What to import, and how to read it where that cannot be seen from the files."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        min_length=1, title="Path", description="a folder or table on the server's machine"
    )
    name: str = Field(min_length=1, title="Name")
    task: str | None = Field(default=None, title="Task")
    format: str | None = Field(default=None, title="Format")
    image_columns: tuple[str, ...] = Field(default=(), title="Image columns")
    target_columns: tuple[str, ...] = Field(default=(), title="Label columns")
    tag_separator: str | None = Field(default=None, title="Tag separator")
    sheets: tuple[str, ...] = Field(default=(), title="Sheets")
    class_table: str | None = Field(default=None, title="Class table")
    drop_faulty: bool = Field(default=False, title="Leave out items that cannot be used")
    follow_links: bool = Field(default=False, title="Follow links out of the folder")


class ImportedDataset(BaseModel):
    """The dataset, and what its check found."""

    dataset: DatasetRecord
    report: CheckReport


@router.get("")
def list_datasets(playground: Opened) -> list[DatasetRecord]:
    """List the datasets."""
    return playground.list_datasets()


@router.post("", status_code=201)
def import_dataset(playground: Opened, jobs: GoingOn, wanted: DatasetImport) -> ImportedDataset:
    """Import a dataset; its files are only read."""
    with jobs.told("import", name=wanted.name, dataset=wanted.name) as advance:
        dataset, report = playground.import_dataset(**dict(wanted), advance=advance)
    return ImportedDataset(dataset=dataset, report=report)


@router.get(f"/{NAME}")
def get_dataset(playground: Opened, name: str) -> DatasetRecord:
    """Show a dataset."""
    return playground.get_dataset(name)


@router.post(f"/{NAME}/check")
def check_dataset(playground: Opened, jobs: GoingOn, name: str) -> CheckReport:
    """Open every file of a dataset again and report what is wrong."""
    with jobs.told("check", name=name, dataset=name) as advance:
        return playground.check_dataset(name, advance=advance)


@router.get(f"/{NAME}/check-page", response_class=HTMLResponse)
def show_check_page(playground: Opened, jobs: GoingOn, name: str) -> HTMLResponse:
    """Check a dataset again and show what is wrong, with the images in question."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "check.html"
        with jobs.told("check", name=name, dataset=name) as advance:
            playground.check_dataset(name, html=page, advance=advance)
        return HTMLResponse(page.read_text(encoding="utf-8"))
