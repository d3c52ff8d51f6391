"""Splits in a workspace: what is known of a dataset's items and images, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from model_playground.core.declaration import parameters_schema
from model_playground.core.errors import InvalidError
from model_playground.core.records import SplitForm, SplitPlan, SplitRecord
from model_playground.datasets.file_names import located
from model_playground.datasets.images import Advance
from model_playground.datasets.near_duplicates import NearDuplicateFinder, NearDuplicates
from model_playground.datasets.records import Revision
from model_playground.datasets.splits.conditions import ItemFields
from model_playground.datasets.splits.division import Division, divide
from model_playground.datasets.splits.group_sheet import write_group_sheet
from model_playground.datasets.splits.groups import Images
from model_playground.datasets.splits.lists import write_lists
from model_playground.datasets.splits.sources import own_partitions, partition_counts
from model_playground.store import datasets as stored_datasets
from model_playground.store import splits as stored_splits
from model_playground.store.item_tags import item_tags
from model_playground.store.workspace import Workspace
from model_playground.work.datasets import newest_revision, revision_of_split

MOST_FOLDERS = 200
"""So many folders a form offers to be given to a part; any other can be typed."""

_LONGEST_FILE_NAME = 200  # of the 255 bytes that file systems allow


def create_split(
    workspace: Workspace,
    dataset: str,
    *,
    name: str,
    plan: SplitPlan,
    notify: Callable[[str], None],
    advance: Advance | None,
) -> SplitRecord:
    """Make a split of a dataset's newest revision and keep it."""
    if plan.folds is not None:
        raise InvalidError(
            "split.has_folds",
            "a plan with {folds} folds makes so many splits: make them as folds",
            folds=plan.folds,
        )
    (record,) = _created(workspace, dataset, (name,), plan, notify, advance)
    return record


def create_folds(
    workspace: Workspace,
    dataset: str,
    *,
    name: str,
    plan: SplitPlan,
    notify: Callable[[str], None],
    advance: Advance | None,
) -> list[SplitRecord]:
    """Make a split for each fold of a plan and keep them, named NAME-fold-1 and so on."""
    if plan.folds is None:
        raise InvalidError("split.no_folds", "the plan has no folds: say how many there are to be")
    names = tuple(f"{name}-fold-{one + 1}" for one in range(plan.folds))
    return _created(workspace, dataset, names, plan, notify, advance)


def _created(
    workspace: Workspace,
    dataset: str,
    names: tuple[str, ...],
    plan: SplitPlan,
    notify: Callable[[str], None],
    advance: Advance | None,
) -> list[SplitRecord]:
    record = stored_datasets.get_dataset(workspace.store, dataset)
    stored_splits.check_names(workspace.store, names)
    revision = newest_revision(workspace, dataset)
    fields = ItemFields(revision)
    if plan.where or plan.give:
        statuses = stored_datasets.item_statuses(workspace.store, dataset)
        fields = ItemFields(revision, statuses, item_tags(workspace.store, dataset))
    near = known_near_duplicates(workspace, revision)
    if near is None and plan.near_duplicates:
        near = near_duplicates_of(workspace, revision, advance=advance)
    divisions = divide(revision, plan, fields=fields, near=near)
    if advance:  # the last moment to end it: from here on it is kept as a whole
        advance("Writing the split", 0, 0)
    for note in divisions[0].report.notes:
        notify(note)
    _write_sheets(workspace, revision, names[0], divisions[0], notify)
    return [
        stored_splits.add_split(
            workspace.store,
            name=name,
            dataset_name=dataset,
            revision_hash=record.revision,
            strategy=one.strategy,
            seed=plan.seed,
            parts=one.parts,
            class_counts=one.class_counts,
            fold=one.fold,
            plan=plan,
            report=one.report,
        )
        for name, one in zip(names, divisions, strict=True)
    ]


def _write_sheets(
    workspace: Workspace,
    revision: Revision,
    name: str,
    division: Division,
    notify: Callable[[str], None],
) -> None:
    """Show the groups that may be chains, so that a person can say whether they are."""
    for number, group in enumerate(division.large_groups, start=1):
        file = _sheets(workspace) / f"{_file_name(name)}-group-{number}.png"
        write_group_sheet(file, [located(revision.root, path) for path in group])
        notify(f"The images of a large group: {file}")


def group_sheets(workspace: Workspace, name: str) -> list[Path]:
    """Return the sheets of the large groups that a split was told of, the first group first.

    Folds are made together and have the same groups, which were shown once.

    Raises:
        NotFoundError: there is no split of that name.
    """
    record = stored_splits.get_split(workspace.store, name)
    if record.fold is not None:
        name = f"{name.removesuffix(f'-fold-{record.fold}')}-fold-1"
    sheets: list[Path] = []
    while (
        file := _sheets(workspace) / f"{_file_name(name)}-group-{len(sheets) + 1}.png"
    ).is_file():
        sheets.append(file)
    return sheets


def _sheets(workspace: Workspace) -> Path:
    return workspace.artifacts / "splits"


def _file_name(name: str) -> str:
    """Return a split's name as a file's: whatever signs it has, it stays in the folder."""
    safe = quote(name, safe=" ()+,;=@")
    return safe if len(safe) <= _LONGEST_FILE_NAME else sha256(name.encode()).hexdigest()


def near_duplicates_of(
    workspace: Workspace, revision: Revision, *, advance: Advance | None = None
) -> NearDuplicates | None:
    """Return a revision's near-duplicates; None if its images were not looked into."""
    if not revision.is_inspected:
        return None
    return _finder(workspace).find(_paths(revision), advance=advance)


def known_near_duplicates(workspace: Workspace, revision: Revision) -> NearDuplicates | None:
    """Return a revision's near-duplicates if they were looked for before."""
    if not revision.is_inspected:
        return None
    return _finder(workspace).known(filter(None, Images.of(revision.items).contents.to_pylist()))


def _finder(workspace: Workspace) -> NearDuplicateFinder:
    return NearDuplicateFinder(workspace.artifacts / "fingerprints")


def _paths(revision: Revision) -> dict[str, Path]:
    images = Images.of(revision.items)
    both = zip(images.contents.to_pylist(), images.paths.to_pylist(), strict=True)
    return {content: located(revision.root, path) for content, path in both if content}


def export_split(workspace: Workspace, name: str, folder: Path) -> list[Path]:
    """Write the paths of each part's items as a text list."""
    revision = revision_of_split(workspace, name)
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    return write_lists(folder, stored_splits.split_items(workspace.store, name), paths)


def split_form(workspace: Workspace, dataset: str) -> SplitForm:
    """Return what the form of a new split shows: the plan's fields, and what the dataset has.

    Raises:
        NotFoundError: there is no such dataset.
    """
    stored_datasets.get_dataset(workspace.store, dataset)
    revision = newest_revision(workspace, dataset)
    parts, none = _own_parts(revision)
    return SplitForm(
        dataset=dataset,
        plan=_plan_schema(revision.columns),
        items=revision.items.num_rows,
        partitions=parts,
        unpartitioned=none,
        folders=_folders(revision),
        fields=tuple(ItemFields(revision).names),
        is_inspected=revision.is_inspected,
        is_compared=known_near_duplicates(workspace, revision) is not None,
    )


def _plan_schema(columns: tuple[str, ...]) -> dict[str, Any]:
    """Return the plan's JSON schema, its columns those that the dataset has."""
    schema = parameters_schema(SplitPlan)
    for field in ("group_by", "stratify_by"):
        if columns:
            of_column = {"type": "string", "enum": list(columns)}
            schema["properties"][field] |= {"items": of_column, "uniqueItems": True}
        else:
            del schema["properties"][field]
    return schema


def _own_parts(revision: Revision) -> tuple[dict[str, int], str]:
    try:
        return partition_counts(own_partitions(revision.items)), ""
    except InvalidError as error:
        return {}, str(error)


def _folders(revision: Revision) -> tuple[str, ...]:
    """Return the folders that hold items, and those that these lie in."""
    holding = {PurePosixPath(path).parent for path in revision.items["path"].to_pylist()}
    folders = {folder for one in holding for folder in (one, *one.parents)} - {PurePosixPath()}
    return tuple(sorted(f"{folder}/" for folder in folders)[:MOST_FOLDERS])
