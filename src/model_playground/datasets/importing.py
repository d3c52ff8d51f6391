"""Import: recognise the format, read it, look into every file, and make the records."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from model_playground.core.errors import InvalidError, NotFoundError, unknown_name
from model_playground.core.records import CheckReport, Finding
from model_playground.datasets.checks import image_fault, mask_fault, record_findings
from model_playground.datasets.file_names import files_under, is_image, normalised
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    ReadOptions,
)
from model_playground.datasets.images import (
    Advance,
    ImageFacts,
    MaskFacts,
    inspect_files,
    inspect_image,
    inspect_mask,
)
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    ITEM_SCHEMA,
    AnnotationKind,
    Revision,
    new_item_id,
)

_SHOWN_FAULTS = 5
_ROWS_AT_ONCE = 8192

Row = dict[str, Any]


def import_dataset(
    path: Path,
    *,
    task: str | None = None,
    options: ReadOptions | None = None,
    advance: Advance | None = None,
) -> tuple[Revision, CheckReport]:
    """Read labelled images into records, and say what was found in them. Nothing is written.

    Args:
        path: a folder, a table or a class table.
        task: what the labels are for, where the files leave it open.
        options: what the user says about the files.
        advance: told of the progress.

    Raises:
        NotFoundError: there is no such path, or no such task or format.
        InvalidError: no format recognises the path, several do, its labels are unclear, or items
            cannot be used and `drop_faulty` does not say to leave them out.
    """
    options = options or ReadOptions()
    advance = advance or (lambda stage, done, total: None)
    path = Path(os.path.abspath(path.expanduser()))
    chosen = _recognise(path, task, options)
    draft = chosen.read(path, task=task, options=options)
    _check_paths(draft)
    seen = _inspect(draft, advance)
    faults = [seen.fault(item) for item in draft.items]
    usable = [item for item, fault in zip(draft.items, faults, strict=True) if fault is None]
    found = [*draft.findings, *(fault for fault in faults if fault is not None)]
    found = _decided(found, path, usable, drop=options.drop_faulty)
    revision = _revision(draft, usable, seen, chosen.name)
    findings = (*found, *record_findings(revision))
    return revision, CheckReport(dataset=path.name, items=len(usable), findings=findings)


# Which format


def _recognise(path: Path, task: str | None, options: ReadOptions) -> Format:
    if not path.exists():
        raise NotFoundError(
            "dataset.missing_path", "there is no folder or file {path}", path=str(path)
        )
    formats = (
        [FORMATS[options.format]] if options.format else sorted(FORMATS, key=lambda one: one.name)
    )
    known_tasks = {known for one in FORMATS for known in one.tasks}
    if task is not None and task not in known_tasks:
        raise unknown_name("task", task, known_tasks)
    found = {one: reason for one in (kind() for kind in formats) if (reason := one.detect(path))}
    if not found:
        raise _not_recognised(path, formats)
    fitting = [one for one in found if _misfit(one, task, options) is None]
    if len(fitting) == 1:
        return fitting[0]
    reasons = "; ".join(f"as {one.name}, because {reason}" for one, reason in found.items())
    if fitting:
        raise InvalidError(
            "format.several",
            "{path} can be read in several ways: {reasons}. Choose one with --format",
            path=str(path),
            reasons=reasons,
        )
    raise InvalidError(
        "format.misfit",
        "{path} can be read {reasons}; but {misfit}",
        path=str(path),
        reasons=reasons,
        misfit="; ".join(_misfit(one, task, options) or "" for one in found),
    )


def _misfit(one: Format, task: str | None, options: ReadOptions) -> str | None:
    """Say why a format is not what the user asked for."""
    if task is not None and task not in one.tasks:
        return f"{one.name} gives labels for {' or '.join(one.tasks)}, not for {task}"
    asked = {
        "image_column": options.image_column,
        "target_columns": options.target_columns,
        "class_table": options.class_table,
    }
    for name, value in asked.items():
        if value and name not in one.options:
            return f"{one.name} has no use for --{name.removesuffix('s').replace('_', '-')}"
    return None


def _not_recognised(path: Path, formats: Sequence[type[Format]]) -> InvalidError:
    if path.is_dir() and not any(is_image(file) for file in files_under(path)):
        return InvalidError(
            "dataset.no_images",
            "{path} holds no images: give the folder, table or class table of labelled images",
            path=str(path),
        )
    return InvalidError(
        "format.unrecognised",
        "{path} is laid out in no way that is known. It should be one of: {ways}",
        path=str(path),
        ways="; ".join(f"{one.name}: {one().summary.rstrip('.')}" for one in formats),
    )


# What is in the files


def _check_paths(draft: Draft) -> None:
    """Refuse what would be one path in the records, such as a folder given for two parts."""
    counts = Counter(normalised(item.path) for item in draft.items)
    for path, count in counts.items():
        if count > 1:
            raise InvalidError(
                "dataset.path_twice",
                "{path} is read as {count} items: give each image once, under one name",
                path=path,
                count=count,
            )


@dataclass(frozen=True)
class _Inspection:
    """What was found in the files of a draft, by absolute path."""

    root: Path
    images: Mapping[str, ImageFacts]
    masks: Mapping[str, MaskFacts]
    class_ids: frozenset[int]

    def name(self, path: str) -> str:
        """Return a path as the records keep it."""
        return normalised(path.removeprefix(os.path.join(self.root, "")))

    def fault(self, item: DraftItem) -> Finding | None:
        """Return why an item cannot be used."""
        image = self.images[item.path]
        fault = image_fault(self.name(item.path), image)
        if fault is None and item.mask_path:
            mask = self.masks[item.mask_path]
            fault = mask_fault(self.name(item.mask_path), mask, image, self.class_ids)
        return fault


def _inspect(draft: Draft, advance: Advance) -> _Inspection:
    images = [item.path for item in draft.items]
    masks = [item.mask_path for item in draft.items if item.mask_path]
    return _Inspection(
        _root(draft.root, [*images, *masks]),
        inspect_files(inspect_image, images, stage="Reading images", advance=advance),
        inspect_files(inspect_mask, masks, stage="Reading masks", advance=advance),
        frozenset(one.source_id for one in draft.classes if one.source_id is not None),
    )


def _root(folder: Path, paths: Sequence[str]) -> Path:
    """Return the folder if all paths are under it, else the nearest that they have in common."""
    inside = os.path.join(folder, "")
    if all(path.startswith(inside) for path in paths):
        return folder
    return Path(os.path.commonpath([os.path.dirname(path) for path in paths]))


def _decided(
    findings: Sequence[Finding], path: Path, usable: Sequence[DraftItem], *, drop: bool
) -> list[Finding]:
    """Refuse the import if there are errors, or leave out what they are about if that is asked."""
    faults = [finding for finding in findings if finding.severity == "error"]
    shown = "; ".join(fault.message for fault in faults[:_SHOWN_FAULTS])
    if not usable:
        raise InvalidError(
            "dataset.no_usable_items",
            "{path} has no image that can be used{shown}",
            path=str(path),
            shown=f": {shown}" if shown else "",
        )
    if faults and not drop:
        more = len(faults) - _SHOWN_FAULTS
        raise InvalidError(
            "dataset.faulty",
            "{path} is not imported: {count} cannot be used ({shown}{more}). Mend them, or leave "
            "them out with --drop-faulty",
            path=str(path),
            count="1 item" if len(faults) == 1 else f"{len(faults):,} items",
            shown=shown,
            more=f"; and {more:,} more" if more > 0 else "",
        )
    return [
        one.model_copy(update={"decision": "dropped"}) if one.severity == "error" else one
        for one in findings
    ]


# The tables


def _revision(draft: Draft, usable: Sequence[DraftItem], seen: _Inspection, name: str) -> Revision:
    ids = [
        new_item_id(seen.name(item.path), seen.images[item.path].content_hash) for item in usable
    ]
    columns = dict.fromkeys(column for item in usable for column in item.columns)
    schema = pa.schema([*ITEM_SCHEMA, *((column, pa.string()) for column in columns)])
    return Revision(
        root=seen.root,
        format=name,
        task=draft.task,
        classes=draft.classes,
        target_names=draft.target_names,
        items=_table(_item_rows(usable, ids, seen), schema),
        annotations=_table(_annotation_rows(draft, usable, ids, seen), ANNOTATION_SCHEMA),
    )


def _table(rows: Iterator[Row], schema: pa.Schema) -> pa.Table:
    """Make a table of rows of which only some thousands exist as Python objects at a time."""
    batches = []
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        batches.append(pa.RecordBatch.from_pylist(some, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _item_rows(items: Sequence[DraftItem], ids: Sequence[str], seen: _Inspection) -> Iterator[Row]:
    for item, item_id in zip(items, ids, strict=True):
        image = seen.images[item.path]
        yield {
            **item.columns,
            "item_id": item_id,
            "path": seen.name(item.path),
            "content_hash": image.content_hash,
            "width": image.width,
            "height": image.height,
            "exif_orientation": image.exif_orientation,
        }


def _annotation_rows(
    draft: Draft, items: Sequence[DraftItem], ids: Sequence[str], seen: _Inspection
) -> Iterator[Row]:
    class_index = {one.name: one.index for one in draft.classes}
    class_of_id = {one.source_id: one for one in draft.classes}
    for item, item_id in zip(items, ids, strict=True):
        source: Row = {
            "item_id": item_id,
            "source_file": item.source_file,
            "source_line": item.source_line,
        }
        if item.class_name is not None:
            name = item.class_name
            yield source | _annotation("class", class_index=class_index[name], name=name)
        for name, value in zip(draft.target_names, item.values, strict=True):
            yield source | _annotation("value", name=name, value=value)
        if item.mask_path is not None:
            path, mask = seen.name(item.mask_path), seen.masks[item.mask_path]
            yield source | _annotation("mask_image", path=path, content_hash=mask.content_hash)
            for class_id, pixels in mask.pixels.items():
                if one := class_of_id.get(class_id):  # the ignored value has none
                    yield source | _annotation(
                        "mask_pixels", class_index=one.index, name=one.name, value=float(pixels)
                    )


def _annotation(
    kind: AnnotationKind,
    *,
    class_index: int | None = None,
    name: str | None = None,
    value: float | None = None,
    path: str | None = None,
    content_hash: str | None = None,
) -> Row:
    return {
        "kind": kind,
        "class_index": class_index,
        "name": name,
        "value": value,
        "path": path,
        "content_hash": content_hash,
    }
