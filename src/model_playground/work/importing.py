"""Import into a workspace: read labels, look into images, keep the records, do so again.

Labels and images are separate stages. What was found in an image is kept until its file changes,
so an import that was interrupted, or is made again, looks only into what is new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import CheckReport, DatasetRecord
from model_playground.datasets.exporting import copy_files
from model_playground.datasets.facts_cache import FactsCache
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.images import Advance
from model_playground.datasets.importing import check_command, some_of
from model_playground.datasets.importing import check_source as check_files
from model_playground.datasets.importing import import_dataset as read_dataset
from model_playground.datasets.joining import joined
from model_playground.datasets.records import Revision
from model_playground.datasets.unfinished import unfinished_folder
from model_playground.store import datasets as stored_datasets
from model_playground.store.workspace import Workspace
from model_playground.work.dataset_reports import check_page_file, write_check_page
from model_playground.work.datasets import near_duplicates_found, newest_revision
from model_playground.work.kept_reports import keep_report

_SOURCE = "source.json"  # beside a revision's records: what it was read from, and how


def import_dataset(
    workspace: Workspace,
    path: Path,
    *,
    name: str,
    task: str | None,
    options: ReadOptions,
    inspect: bool,
    copy: bool,
    strict: bool,
    advance: Advance | None,
) -> tuple[DatasetRecord, CheckReport]:
    """Read labelled images and keep their records as the dataset's newest revision.

    Args:
        workspace: where to keep them.
        path: what to read.
        name: the dataset's name.
        task: what the labels are for, where the files leave it open.
        options: what the user says about the files.
        inspect: look into every image now, else when `inspect_dataset` is called.
        copy: copy images and masks into the workspace, and read these from then on.
        strict: refuse to leave anything out, in whole or in part.
        advance: told of the progress.
    """
    advance = advance or (lambda stage, done, total: None)
    path = Path(os.path.abspath(path.expanduser()))
    cache = FactsCache(workspace.artifacts / "image_facts.sqlite")
    revision, report = read_dataset(
        path, task=task, options=options, inspect=inspect, cache=cache, advance=advance
    )
    if strict and report.losses:
        raise _not_whole(path, report, check_command(path, task, options))
    source = {"path": str(path), "task": task, "copy": copy, "options": asdict(options)}
    return _kept(workspace, name, revision, report, source, copy=copy, advance=advance)


def join_datasets(
    workspace: Workspace, parts: Sequence[str], *, name: str, advance: Advance | None
) -> tuple[DatasetRecord, CheckReport]:
    """Keep the items of several datasets as the newest revision of one."""
    if len(set(parts)) < 2 or name in parts:
        raise InvalidError(
            "dataset.join",
            "a dataset is joined of two or more others: {parts} cannot become {name}",
            parts=" and ".join(parts) or "none",
            name=name,
        )
    revisions = {}
    for part in dict.fromkeys(parts):
        statuses = stored_datasets.item_statuses(workspace.store, part)
        revisions[part] = replace(newest_revision(workspace, part), given_statuses=statuses)
    revision = joined(revisions)
    report = CheckReport(dataset=name, items=len(revision.items), findings=())
    source = {"joined": list(revisions)}
    advance = advance or (lambda stage, done, total: None)
    return _kept(workspace, name, revision, report, source, copy=False, advance=advance)


def _kept(
    workspace: Workspace,
    name: str,
    revision: Revision,
    report: CheckReport,
    source: dict[str, Any],
    *,
    copy: bool,
    advance: Advance,
) -> tuple[DatasetRecord, CheckReport]:
    """Keep a revision's records, what it was read from and what was found."""
    revision = _with_known_items(workspace, name, revision)
    advance("Writing records", 0, 0)
    folder = revision.write_under(workspace.revisions)
    if copy:
        revision = _copied(revision, workspace.copies / revision.hash, advance)
    report = report.model_copy(update={"dataset": name})
    keep_report(folder, revision, report)
    (folder / _SOURCE).write_text(json.dumps(source, default=str), encoding="utf-8")
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
        statuses=revision.given_statuses,
    )
    return record, report


def inspect_dataset(
    workspace: Workspace, name: str, *, drop_faulty: bool, advance: Advance | None
) -> tuple[DatasetRecord, CheckReport]:
    """Import a dataset again from where it came, and look into its images.

    Raises:
        NotFoundError: there is no such dataset, or it was imported by an older version.
    """
    record = stored_datasets.get_dataset(workspace.store, name)
    file = workspace.revision_folder(record.revision) / _SOURCE
    try:
        source: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(
            "dataset.no_source",
            "the dataset {name} was imported before its source was kept: import it again with "
            "`playground dataset import`",
            name=name,
        ) from None
    if "joined" in source:
        raise InvalidError(
            "dataset.is_joined",
            "the dataset {name} is joined of {parts}: inspect these, then join them again",
            name=name,
            parts=" and ".join(source["joined"]),
        )
    options = source["options"]
    class_table = options["class_table"] and Path(options["class_table"])
    lists = {key: tuple(value) for key, value in options.items() if isinstance(value, list)}
    given = options | lists | {"class_table": class_table}
    return import_dataset(
        workspace,
        Path(source["path"]),
        name=name,
        task=source["task"],
        options=replace(ReadOptions(**given), drop_faulty=drop_faulty or options["drop_faulty"]),
        inspect=True,
        copy=source["copy"],
        strict=False,
        advance=advance,
    )


def check_source(
    workspace: Workspace,
    path: Path,
    *,
    task: str | None,
    options: ReadOptions,
    html: Path | None,
    advance: Advance | None,
) -> CheckReport:
    """Say all that an import would find; what was found in images is kept for it."""
    if html is not None:
        check_page_file(html)
    cache = FactsCache(workspace.artifacts / "image_facts.sqlite")
    revision, report = check_files(path, task=task, options=options, cache=cache, advance=advance)
    if report.items:
        found = (*report.findings, *near_duplicates_found(workspace, revision, advance))
        report = CheckReport(
            dataset=report.dataset,
            items=report.items,
            findings=found,
            recognised=report.recognised,
        )
    if html is not None:
        write_check_page(report, revision, html)
    return report


def _not_whole(path: Path, report: CheckReport, command: str) -> InvalidError:
    lost = [one for one in report.findings if one.decision in ("dropped", "clipped")]
    return InvalidError(
        "dataset.not_whole",
        "{path} is not imported: {count} would be left out or clipped ({shown}). Mend them, "
        "or import without --strict",
        path=str(path),
        count=counted(len(lost), "thing", "things"),
        shown=some_of([one.message for one in lost], command),
    )


def _with_known_items(workspace: Workspace, name: str, revision: Revision) -> Revision:
    """Give the items the ids that an earlier revision of the dataset gave them."""
    try:
        previous = stored_datasets.get_dataset(workspace.store, name)
    except NotFoundError:
        return revision
    return revision.with_identity_of(Revision.read(workspace.revision_folder(previous.revision)))


def _copied(revision: Revision, folder: Path, advance: Advance) -> Revision:
    """Copy images and masks into a folder of the revision's own, whole or not at all."""
    if not folder.exists():
        masks = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_image"))
        further = pc.list_flatten(revision.items["further_images"]).combine_chunks()
        paths = [
            *revision.items["path"].to_pylist(),
            *further.field("path").to_pylist(),
            *masks["path"].to_pylist(),
        ]
        with unfinished_folder(folder.parent, "images") as images:
            copy_files(
                revision.root,
                images,
                {one: one for one in dict.fromkeys(paths)},
                link=False,
                advance=advance,
            )
            os.replace(images, folder)
    return replace(revision, root=folder)
