"""Datasets and splits in a workspace: the files' side and the database's side put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from model_playground.core.contracts import Facts, Layout
from model_playground.core.errors import InvalidError
from model_playground.core.records import (
    PARTS,
    CheckReport,
    DatasetRecord,
    ExportReport,
    Finding,
    Part,
)
from model_playground.datasets.checks import check_revision
from model_playground.datasets.exporting import export_revision, in_parts
from model_playground.datasets.facts_cache import FactsCache
from model_playground.datasets.pixel_counts import pixel_counts
from model_playground.datasets.record_checks import near_duplicate_findings
from model_playground.datasets.records import Revision, TrainingItem, training_items
from model_playground.store import datasets as stored_datasets
from model_playground.store import splits as stored_splits
from model_playground.store.workspace import Workspace
from model_playground.work.dataset_reports import check_page_file, write_check_page
from model_playground.work.kept_reports import kept_report

Advance = Callable[[str, int, int], None]


def check_dataset(
    workspace: Workspace, name: str, *, html: Path | None, advance: Advance | None
) -> CheckReport:
    """Check a dataset's newest revision against its files."""
    if html is not None:
        check_page_file(html)
    record = stored_datasets.get_dataset(workspace.store, name)
    revision = _revision(workspace, record)
    report = check_revision(
        revision,
        dataset=name,
        advance=advance,
        cache=FactsCache(workspace.artifacts / "image_facts.sqlite"),
        imported=kept_report(workspace.revision_folder(record.revision)),
    )
    if revision.root.is_dir():
        found = (*report.findings, *near_duplicates_found(workspace, revision, advance))
        report = CheckReport(dataset=name, items=report.items, findings=found)
    if html is not None:
        write_check_page(report, revision, html)
    return report


def near_duplicates_found(
    workspace: Workspace, revision: Revision, advance: Advance | None
) -> Iterator[Finding]:
    """Name the images that show the same picture, if the images were looked into."""
    from model_playground.work.splits import near_duplicates_of  # which needs this module

    near = near_duplicates_of(workspace, revision, advance=advance)
    if near is not None:
        yield from near_duplicate_findings(revision, near.groups)


def export_dataset(
    workspace: Workspace,
    name: str,
    folder: Path,
    *,
    format: str,
    split: str | None,
    with_images: bool,
    link: bool,
    notify: Callable[[str], None],
    advance: Advance | None,
) -> ExportReport:
    """Write a dataset's newest revision, or what a split pins of it, in a format."""
    revision = newest_revision(workspace, name)
    if split is not None:
        of = stored_splits.get_split(workspace.store, split).dataset
        if of != name:
            raise InvalidError(
                "export.other_split",
                "the split {split} is of the dataset {of}, not of {name}",
                split=split,
                of=of,
                name=name,
            )
        revision = in_parts(
            revision_of_split(workspace, split),
            stored_splits.split_items(workspace.store, split),
        )
    return export_revision(
        revision,
        folder,
        format=format,
        statuses=stored_datasets.item_statuses(workspace.store, name),
        with_images=with_images,
        link=link,
        tell=lambda finding: notify(finding.message),
        advance=advance,
    )


def newest_revision(workspace: Workspace, name: str) -> Revision:
    """Return the records of a dataset's newest revision."""
    return _revision(workspace, stored_datasets.get_dataset(workspace.store, name))


def facts_of_split(workspace: Workspace, split: str) -> Facts:
    """Return what a task needs to know of the revision that a split pins."""
    return revision_of_split(workspace, split).facts


def train_counts(workspace: Workspace, split: str, layout: Layout) -> dict[str, int]:
    """Return how often each class occurs in a split's train part, in the units of a layout."""
    revision = revision_of_split(workspace, split)
    parts = stored_splits.split_items(workspace.store, split)
    train = [item_id for item_id, part in parts.items() if part == "train"]
    if layout is Layout.PIXEL:
        return pixel_counts(revision, train)
    return revision.class_counts(train)


def items_by_part(workspace: Workspace, split: str) -> dict[Part, list[TrainingItem]]:
    """Return what the training needs of every item of a split, part by part."""
    revision = revision_of_split(workspace, split)
    ids: dict[Part, list[str]] = {part: [] for part in PARTS}
    for item_id, part in stored_splits.split_items(workspace.store, split).items():
        ids[part].append(item_id)
    return {part: training_items(revision, ids[part]) for part in PARTS}


def revision_of_split(workspace: Workspace, split: str) -> Revision:
    """Return the revision that a split pins."""
    record = stored_splits.get_split(workspace.store, split)
    pinned = stored_datasets.get_dataset(
        workspace.store, record.dataset, revision_hash=record.revision
    )
    return _revision(workspace, pinned)


def _revision(workspace: Workspace, record: DatasetRecord) -> Revision:
    """Read a revision's records; its root is the database's, since a folder may be moved."""
    revision = Revision.read(workspace.revision_folder(record.revision))
    return replace(revision, root=Path(record.root))
