"""What is shown of a dataset: its figures, pages with them, sheets of its items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model_playground.core.dataset_records import (
    DatasetStatistics,
    FindingKindRecord,
    FormatRecord,
    HeldRecord,
)
from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.store import datasets as stored_datasets
from model_playground.store.workspace import Workspace
from model_playground.work.kept_reports import keep_statistics, kept_report, kept_statistics

if TYPE_CHECKING:
    from model_playground.datasets.records import Revision


def dataset_statistics(workspace: Workspace, name: str) -> DatasetStatistics:
    """Return the figures of a dataset's newest revision; they are counted once."""
    record = stored_datasets.get_dataset(workspace.store, name)
    folder = workspace.revision_folder(record.revision)
    kept = kept_statistics(folder)
    if kept is None:
        from model_playground.work.datasets import newest_revision  # reads tables

        kept = keep_statistics(folder, newest_revision(workspace, name))
    return kept


def import_report(workspace: Workspace, name: str) -> CheckReport | None:
    """Return what the import of a dataset's newest revision found, if that was kept."""
    record = stored_datasets.get_dataset(workspace.store, name)
    return kept_report(workspace.revision_folder(record.revision))


def format_records() -> list[FormatRecord]:
    """Return what each format says of itself, by title."""
    from model_playground.datasets.formats.format import FORMATS, WritableFormat

    records = [
        FormatRecord(
            name=one.name,
            title=one.title,
            summary=one.summary,
            tasks=one.tasks,
            options=one.options,
            contents=tuple(
                HeldRecord(what=held.what, read=held.read, written=held.written)
                for held in one.contents
            ),
            writable=isinstance(one, WritableFormat),
        )
        for one in (kind() for kind in FORMATS)
    ]
    return sorted(records, key=lambda one: one.title.lower())


def finding_kind_records() -> list[FindingKindRecord]:
    """Return what is known of every kind of finding."""
    from model_playground.datasets.finding_kinds import KINDS

    return [
        FindingKindRecord(
            name=one.name,
            title=one.title,
            severity=one.severity,
            explanation=one.explanation,
            remedy=one.remedy,
        )
        for one in KINDS.values()
    ]


def check_page_file(path: Path) -> None:
    """Refuse a file that can be no page, before any work is done for it."""
    _check_suffix(path, (".html", ".htm"))


def write_check_page(report: CheckReport, revision: Revision, path: Path) -> None:
    """Write what a check found as one HTML file, with the images in question."""
    from model_playground.insights.dataset_pages import check_page
    from model_playground.insights.report import write_report

    write_report(check_page(report, revision), path)


def write_dataset_page(workspace: Workspace, name: str, path: Path) -> None:
    """Write figures of a dataset and some of its items as one HTML file."""
    from model_playground.insights.dataset_pages import dataset_page
    from model_playground.insights.report import write_report
    from model_playground.work.datasets import newest_revision

    check_page_file(path)
    revision = newest_revision(workspace, name)
    write_report(dataset_page(revision, dataset_statistics(workspace, name), name), path)


def write_contact_sheet(workspace: Workspace, name: str, path: Path, *, items: int) -> str:
    """Write some items with their annotations as one PNG; return characters no font has."""
    from model_playground.insights import contact_sheet
    from model_playground.work.datasets import newest_revision

    _check_suffix(path, (".png",))
    revision = newest_revision(workspace, name)
    return contact_sheet.write_contact_sheet(revision, name, path, items)


def _check_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse what is evidently not meant before any work is done."""
    if path.suffix.lower() not in suffixes:
        raise InvalidError(
            "report.suffix",
            "{path} should end in {suffix}, for that is what is written",
            path=str(path),
            suffix=suffixes[0],
        )
    if not path.absolute().parent.is_dir():
        raise InvalidError(
            "report.no_folder",
            "the folder {folder} does not exist: make it first",
            folder=str(path.absolute().parent),
        )
