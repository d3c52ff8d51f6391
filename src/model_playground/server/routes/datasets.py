"""Datasets: list, show, import from a path of the server's machine, join, check."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from model_playground.core.dataset_records import DatasetStatistics
from model_playground.core.records import CheckReport, DatasetRecord
from model_playground.server.jobs import GoingOn
from model_playground.server.names import NAME
from model_playground.server.opened import Opened

router = APIRouter(prefix="/datasets")


class DatasetSource(BaseModel):
    """What to read, and how to read it where that cannot be seen from the files."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        min_length=1, title="Path", description="a folder or table on the server's machine"
    )
    task: str | None = Field(default=None, title="Task")
    format: str | None = Field(default=None, title="Format")
    image_columns: tuple[str, ...] = Field(default=(), title="Image columns")
    target_columns: tuple[str, ...] = Field(default=(), title="Label columns")
    tag_separator: str | None = Field(default=None, title="Tag separator")
    sheets: tuple[str, ...] = Field(default=(), title="Sheets")
    class_table: str | None = Field(default=None, title="Class table")
    follow_links: bool = Field(default=False, title="Follow links out of the folder")


class DatasetImport(DatasetSource):
    """What to import, under which name, and what becomes of its files."""

    name: str = Field(min_length=1, title="Name")
    drop_faulty: bool = Field(default=False, title="Leave out items that cannot be used")
    strict: bool = Field(default=False, title="Take all or nothing")
    copy_files: bool = Field(default=False, title="Copy images and masks into the workspace")


class DatasetJoin(BaseModel):
    """Which datasets become one, under which name."""

    model_config = ConfigDict(extra="forbid")

    parts: tuple[str, ...] = Field(title="Datasets")
    name: str = Field(min_length=1, title="Name")


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
    given = dict(wanted)
    copy = given.pop("copy_files")
    with jobs.told("import", name=wanted.name, dataset=wanted.name) as advance:
        dataset, report = playground.import_dataset(**given, copy=copy, advance=advance)
    return ImportedDataset(dataset=dataset, report=report)


@router.post("/check")
def check_source(playground: Opened, jobs: GoingOn, wanted: DatasetSource) -> CheckReport:
    """Say all that an import would find, also where it would be refused; nothing is imported."""
    with jobs.told("check", name=wanted.path, dataset="") as advance:
        return playground.check_source(**dict(wanted), advance=advance)


@router.post("/join", status_code=201)
def join_datasets(playground: Opened, jobs: GoingOn, wanted: DatasetJoin) -> DatasetRecord:
    """Make one dataset of several; no file is copied."""
    with jobs.told("join", name=wanted.name, dataset=wanted.name) as advance:
        joined, _ = playground.join_datasets(wanted.parts, name=wanted.name, advance=advance)
    return joined


@router.get(f"/{NAME}")
def get_dataset(playground: Opened, name: str) -> DatasetRecord:
    """Show a dataset."""
    return playground.get_dataset(name)


@router.get(f"/{NAME}/statistics")
def get_statistics(playground: Opened, name: str) -> DatasetStatistics:
    """Show the figures of a dataset."""
    return playground.dataset_statistics(name)


@router.get(f"/{NAME}/report")
def get_import_report(playground: Opened, name: str) -> CheckReport | None:
    """Show what the import of a dataset found."""
    return playground.import_report(name)


@router.post(f"/{NAME}/inspect")
def inspect_dataset(playground: Opened, jobs: GoingOn, name: str) -> ImportedDataset:
    """Import a dataset again from where it came, and look into every image that is new."""
    with jobs.told("import", name=name, dataset=name) as advance:
        dataset, report = playground.inspect_dataset(name, advance=advance)
    return ImportedDataset(dataset=dataset, report=report)


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


@router.get(f"/{NAME}/page", response_class=HTMLResponse)
def show_dataset_page(playground: Opened, name: str) -> HTMLResponse:
    """Show the figures of a dataset and some of its items, with their annotations drawn."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "dataset.html"
        playground.write_dataset_page(name, page)
        return HTMLResponse(page.read_text(encoding="utf-8"))
