"""Several datasets as one: their items side by side, each with the name of where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.errors import InvalidError
from model_playground.datasets.file_names import normalised
from model_playground.datasets.records import (
    IMAGE_FIELDS,
    ClassRecord,
    Revision,
    new_item_id,
)

ORIGIN = "dataset"
"""The column that says which dataset an item comes from."""

_FILES_OF_MASKS = ("mask_image", "segment")


def joined(revisions: Mapping[str, Revision]) -> Revision:
    """Return the items of several revisions as one, with a column `dataset`; nothing is copied.

    Classes of one name are one class. Items that already have a column `dataset`, such as those
    of a dataset that is joined itself, keep what it says.

    Args:
        revisions: by the names of their datasets, two or more.

    Raises:
        InvalidError: they are for different tasks, have different values, or masks in which a
            number stands for different classes; or lie on different drives.
    """
    _check_alike(revisions)
    root = _common_root(revisions)
    classes = _classes(revisions)
    parts = [_moved(name, one, root, classes) for name, one in revisions.items()]
    first = parts[0]
    return replace(
        first,
        root=root,
        format="joined",
        classes=classes,
        items=pa.concat_tables((one.items for one in parts), promote_options="default"),
        annotations=pa.concat_tables(one.annotations for one in parts).unify_dictionaries(),
        ignored_pixel_values=tuple(
            sorted({value for one in parts for value in one.ignored_pixel_values})
        ),
        given_statuses={key: value for one in parts for key, value in one.given_statuses.items()},
    )


def _check_alike(revisions: Mapping[str, Revision]) -> None:
    """Refuse datasets of which one says what another does not."""
    (name, first), *others = revisions.items()
    for other, one in others:
        for what, ours, theirs in (
            ("the task", first.task, one.task),
            ("the values", _listed(first.target_names), _listed(one.target_names)),
            ("masks that are", _masks(first), _masks(one)),
        ):
            if ours != theirs:
                raise _unlike(name, other, f"{what} {ours}", f"{what} {theirs}")


def _masks(revision: Revision) -> str:
    if revision.task != "segmentation":
        return "none"
    return "drawn of outlines" if revision.has_drawn_masks else "files"


def _unlike(name: str, other: str, ours: str, theirs: str) -> InvalidError:
    return InvalidError(
        "dataset.unlike",
        "{name} and {other} cannot be joined: {name} has {ours}, {other} has {theirs}. Import one "
        "of them anew so that they agree",
        name=name,
        other=other,
        ours=ours,
        theirs=theirs,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _common_root(revisions: Mapping[str, Revision]) -> Path:
    """Return the innermost folder that holds all of them."""
    try:
        return Path(os.path.commonpath([one.root for one in revisions.values()]))
    except ValueError:
        raise InvalidError(  # of Windows
            "dataset.drives",
            "{names} cannot be joined: they lie on different drives. Import them with --copy",
            names=" and ".join(revisions),
        ) from None


def _classes(revisions: Mapping[str, Revision]) -> tuple[ClassRecord, ...]:
    """Return the classes of all, each name once, in the order in which they come.

    Where the datasets number them differently they have no numbers, unless masks hold these.
    """
    of_name: dict[str, tuple[str, str]] = {}  # the dataset and its number
    of_number: dict[str, tuple[str, str]] = {}  # the dataset and what it stands for there
    numbers: dict[str, int | None] = {}
    conflict = None
    for dataset, revision in revisions.items():
        ignored = [(str(value), "no class") for value in revision.ignored_pixel_values]
        for one in revision.classes:
            numbers.setdefault(one.name, one.source_id)
        named = [(one.name, str(one.source_id)) for one in revision.classes]
        numbered = [(number, name) for name, number in named if number != "None"]
        for known, pairs in ((of_name, named), (of_number, [*numbered, *ignored])):
            for key, meaning in pairs:
                first, before = known.setdefault(key, (dataset, meaning))
                if before != meaning:
                    said = "{} as {}".format
                    conflict = _unlike(first, dataset, said(key, before), said(key, meaning))
    if conflict is not None and any(_has_files_of_masks(one) for one in revisions.values()):
        raise conflict
    return tuple(
        ClassRecord(index, name, None if conflict else number)
        for index, (name, number) in enumerate(numbers.items())
    )


def _has_files_of_masks(revision: Revision) -> bool:
    kinds = pc.is_in(revision.annotations["kind"], value_set=pa.array(_FILES_OF_MASKS))
    return bool(pc.any(kinds).as_py())


def _moved(
    dataset: str, revision: Revision, root: Path, classes: tuple[ClassRecord, ...]
) -> Revision:
    """Return a revision with paths from another folder, other class indices and new item ids."""
    prefix = normalised(os.path.relpath(revision.root, root))
    prefix = "" if prefix == "." else f"{prefix}/"
    renamed = {old: new_item_id(f"{dataset}\n{old}", "") for old in revision.item_ids}
    items = _with_ids(revision.items, renamed)
    items = _set(items, "path", _prefixed(items["path"], prefix))
    items = _set(items, "further_images", _further(items["further_images"], prefix))
    if ORIGIN not in items.column_names:
        items = items.append_column(ORIGIN, pa.array([dataset] * len(items), pa.string()))
    annotations = _with_ids(revision.annotations, renamed)
    places = {one.name: one.index for one in classes}
    new_index = pa.array([places[one.name] for one in revision.classes], pa.int32())
    index = annotations["class_index"].combine_chunks()
    annotations = _set(annotations, "class_index", new_index.take(index))
    for column in ("path", "source_file"):
        annotations = _set(annotations, column, _prefixed(annotations[column], prefix))
    return replace(
        revision,
        items=items,
        annotations=annotations,
        given_statuses={renamed[key]: value for key, value in revision.given_statuses.items()},
    )


def _with_ids(table: pa.Table, renamed: Mapping[str, str]) -> pa.Table:
    old = pa.array(renamed, pa.string())
    new = pa.array(renamed.values(), pa.string())
    return _set(table, "item_id", new.take(pc.index_in(table["item_id"], value_set=old)))


def _prefixed(paths: pa.ChunkedArray, prefix: str) -> pa.ChunkedArray:
    """Put a folder before paths; what is null or nothing stays so."""
    text = paths.cast(pa.string())
    is_path = pc.greater(pc.fill_null(pc.utf8_length(text), 0), 0)
    longer = pc.binary_join_element_wise(prefix, text, "")
    return pc.if_else(is_path, longer, text).cast(paths.type)


def _further(images: pa.ChunkedArray, prefix: str) -> pa.Array:
    """Put a folder before the paths of the further images of each item."""
    lists = images.combine_chunks()
    flat = lists.flatten()
    fields = [flat.field(name) for name, _ in IMAGE_FIELDS]
    fields[0] = _prefixed(pa.chunked_array([fields[0]]), prefix).combine_chunks()
    structs = pa.StructArray.from_arrays(fields, [name for name, _ in IMAGE_FIELDS])
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, structs, type=lists.type, mask=pc.is_null(lists))


def _set(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(column), values)
