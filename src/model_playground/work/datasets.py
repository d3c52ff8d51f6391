"""Datasets and splits in a workspace: the files' side and the database's side put together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from model_playground.core.contracts import Facts
from model_playground.core.errors import NotFoundError
from model_playground.core.records import (
    PARTS,
    CheckReport,
    DatasetRecord,
    Part,
    SplitRecord,
)
from model_playground.datasets.checks import check_revision
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset as read_dataset
from model_playground.datasets.records import Revision, TrainingItem, training_items
from model_playground.datasets.splitting import listed_parts, split_items
from model_playground.store import datasets as stored_datasets
from model_playground.store import splits as stored_splits
from model_playground.store.workspace import Workspace

Advance = Callable[[str, int, int], None]


def import_dataset(
    workspace: Workspace,
    path: Path,
    *,
    name: str,
    task: str | None,
    options: ReadOptions,
    advance: Advance | None,
) -> tuple[DatasetRecord, CheckReport]:
    """Read labelled images and keep their records as the dataset's newest revision."""
    revision, report = read_dataset(path, task=task, options=options, advance=advance)
    try:
        previous = stored_datasets.get_dataset(workspace.store, name)
    except NotFoundError:
        pass
    else:
        revision = revision.with_identity_of(_read(workspace, previous.revision))
    folder = workspace.revision_folder(revision.hash)
    if not folder.exists():
        revision.write(folder)
    record = stored_datasets.add_revision(
        workspace.store,
        name=name,
        revision_hash=revision.hash,
        task=revision.task,
        root=str(revision.root),
        format_name=revision.format,
        classes=[one.name for one in revision.classes],
        class_counts=revision.class_counts(),
        target_names=revision.target_names,
        columns=revision.columns,
        item_ids=revision.item_ids,
    )
    return record, report.model_copy(update={"dataset": name})


def check_dataset(workspace: Workspace, name: str, *, advance: Advance | None) -> CheckReport:
    """Check a dataset's newest revision against its files."""
    record = stored_datasets.get_dataset(workspace.store, name)
    return check_revision(_read(workspace, record.revision), dataset=name, advance=advance)


def create_split(
    workspace: Workspace,
    dataset: str,
    *,
    name: str,
    shares: Mapping[Part, float],
    seed: int,
    from_file: Path | None,
    group_by: str | None,
) -> SplitRecord:
    """Put every item of a dataset's newest revision into one part."""
    record = stored_datasets.get_dataset(workspace.store, dataset)
    revision = _read(workspace, record.revision)
    ...
    raise NotImplementedError
