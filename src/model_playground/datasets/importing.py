"""Import: recognise the format, read it, look into every file, and make the records."""

from __future__ import annotations

import gc
import os
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as cached
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError, NotFoundError, unknown_name
from model_playground.core.records import CheckReport, Finding
from model_playground.datasets.checks import image_fault, mask_fault, revision_findings
from model_playground.datasets.colours import are_colours
from model_playground.datasets.coordinates import in_pixels
from model_playground.datasets.drawn_masks import prepared_for_drawing, with_pixels_counted
from model_playground.datasets.facts_cache import FactsCache
from model_playground.datasets.file_names import (
    files_under,
    is_image,
    is_inside,
    listed_once,
    normalised,
    subfolders,
)
from model_playground.datasets.findings import blocking, warning
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    ReadOptions,
)
from model_playground.datasets.images import (
    UPRIGHT,
    Advance,
    ImageFacts,
    MaskFacts,
    image_size_wh,
    inspect_colour_mask,
    inspect_files,
    inspect_image,
    inspect_mask,
    inspect_segment_mask,
)
from model_playground.datasets.mask_values import blended_masks
from model_playground.datasets.records import (
    ANNOTATION_SCHEMA,
    IMAGE_FIELDS,
    ITEM_SCHEMA,
    Revision,
    new_item_id,
)
from model_playground.datasets.text_files import encodings_noted

_SHOWN_FAULTS = 5
_FOLDERS_LOOKED_AT = 8
_ROWS_AT_ONCE = 8192

Row = dict[str, Any]


def import_dataset(
    path: Path,
    *,
    task: str | None = None,
    options: ReadOptions | None = None,
    inspect: bool = True,
    cache: FactsCache | None = None,
    advance: Advance | None = None,
) -> tuple[Revision, CheckReport]:
    """Read labelled images into records, and say what was found in them. Nothing is written.

    Args:
        path: a folder, a table or a class table.
        task: what the labels are for, where the files leave it open.
        options: what the user says about the files.
        inspect: look into every image now. Else the records hold what the source says, without
            content hashes; importing again, or `dataset inspect`, makes a revision with them.
        cache: what is known of files that have not changed since they were looked into.
        advance: told of the progress.

    Raises:
        NotFoundError: there is no such path, or no such task or format.
        InvalidError: no format recognises the path, several do, its labels are unclear, or items
            cannot be used and `drop_faulty` does not say to leave them out.
    """
    options = options or ReadOptions()
    source = _read_source(path, task, options, inspect=inspect, cache=cache, advance=advance)
    command = check_command(source.path, task, options)
    found = _decided(
        source.findings, source.path, any(source.usable), command, drop=options.drop_faulty
    )
    return _recorded(source, found, advance)


def check_source(
    path: Path,
    *,
    task: str | None = None,
    options: ReadOptions | None = None,
    cache: FactsCache | None = None,
    advance: Advance | None = None,
) -> tuple[Revision, CheckReport]:
    """Say all that an import would find, also of what it refuses. Nothing is written.

    The revision holds what can be used, so that it can be shown.

    Args:
        path: a folder, a table or a class table.
        task: what the labels are for, where the files leave it open.
        options: what the user says about the files.
        cache: what is known of files that have not changed since they were looked into.
        advance: told of the progress.

    Raises:
        NotFoundError: there is no such path, or no such task or format.
        InvalidError: no format recognises the path, several do, or its labels are unclear.
    """
    options = options or ReadOptions()
    source = _read_source(path, task, options, inspect=True, cache=cache, advance=advance)
    return _recorded(source, source.findings, advance)


def check_command(path: Path, task: str | None, options: ReadOptions) -> str:
    """Return the command that says all that an import would find."""
    one_each = {
        "task": task,
        "format": options.format,
        "tag-separator": options.tag_separator,
        "class-table": options.class_table,
    }
    lists = {
        "image-column": options.image_columns,
        "target-column": options.target_columns,
        "sheet": options.sheets,
    }
    words = ["playground", "dataset", "check", str(path)]
    for name, value in one_each.items():
        words += [f"--{name}", str(value)] if value is not None else []
    for name, values in lists.items():
        words += [word for value in values for word in (f"--{name}", value)]
    return shlex.join([*words, *(["--follow-links"] if options.follow_links else [])])


@dataclass(frozen=True)
class _Source:
    """What stands at a path: its labels, what its files are, and which items can be used."""

    path: Path
    format: str
    recognised: str
    draft: Draft
    seen: _Inspection
    usable: Sequence[bool]
    findings: Sequence[Finding]


def _read_source(
    path: Path,
    task: str | None,
    options: ReadOptions,
    *,
    inspect: bool,
    cache: FactsCache | None,
    advance: Advance | None,
) -> _Source:
    advance = advance or _silent
    path = Path(os.path.abspath(path.expanduser()))
    with listed_once():
        chosen, reason = _recognise(path, task, options)
        advance("Reading labels", 0, 0)
        with _uncollected(), encodings_noted() as assumed:
            draft = prepared_for_drawing(chosen.read(path, task=task, options=options))
    _check_paths(draft)
    if draft.relative and not inspect:
        _sizes_for_shares(draft, advance)
    seen = _inspect(draft, advance, inspect=inspect, cache=cache, follow_links=options.follow_links)
    faults = [seen.fault(item) for item in draft.items]
    if draft.relative:
        faults = [
            fault or _unknown_size(item, seen)
            for item, fault in zip(draft.items, faults, strict=True)
        ]
    return _Source(
        path=path,
        format=chosen.name,
        recognised=f"read as {chosen.name}, because {reason}",
        draft=draft,
        seen=seen,
        usable=[fault is None for fault in faults],
        findings=[
            *(one.finding(draft.root) for one in assumed.values()),
            *draft.findings,
            *(fault for fault in faults if fault is not None),
        ],
    )


def _recorded(
    source: _Source, decided: Sequence[Finding], advance: Advance | None
) -> tuple[Revision, CheckReport]:
    """Make records of what can be used, and say what these and the files show."""
    draft, seen = source.draft, source.seen
    found = [*decided, *_size_findings(draft, seen)]
    masks = {seen.name(path): facts for path, facts in seen.masks.items()}
    found += blended_masks({} if seen.number_segments else masks, seen.class_ids)
    found += _segment_findings(draft, seen)
    revision = _revision(draft, source.usable, seen, source.format)
    if revision.has_drawn_masks and revision.is_inspected:
        revision = with_pixels_counted(revision, advance or _silent)
    if any(source.usable):  # else there is nothing that could be said of the whole
        images = {seen.name(path): facts for path, facts in seen.images.items()}
        found += revision_findings(revision, images, found)
    report = CheckReport(
        dataset=source.path.name,
        items=sum(source.usable),
        findings=tuple(found),
        recognised=source.recognised,
    )
    return revision, report


def _silent(stage: str, done: int, total: int) -> None:
    """Tell nobody of the progress."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of reference cycles from looking through millions of new objects."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _unknown_size(item: DraftItem, seen: _Inspection) -> Finding | None:
    if seen.size_wh(item) is not None:
        return None
    name = seen.name(item.path)
    said = f"{name}: its size cannot be read, and its labels are shares of it"
    return blocking("unreadable_image", said, file=name)


# Which format


def _recognise(path: Path, task: str | None, options: ReadOptions) -> tuple[Format, str]:
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
    holding = [one for one in fitting if task != "segmentation" or not one.draws_masks] or fitting
    likely = [one for one in holding if one.is_certain] or holding
    if len(likely) == 1:
        others = " or ".join(one.name for one in fitting if one is not likely[0])
        besides = f" (--format could also be {others})" if others else ""
        return likely[0], found[likely[0]] + besides
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
        misfit="; ".join(
            [
                *(_misfit(one, task, options) or "" for one in found),
                *_obstacles(path, [one for one in formats if task in one.tasks]),
            ]
        ),
    )


def _misfit(one: Format, task: str | None, options: ReadOptions) -> str | None:
    """Say why a format is not what the user asked for."""
    if task is not None and task not in one.tasks:
        return f"{one.name} gives labels for {' or '.join(one.tasks)}, not for {task}"
    asked = {
        "image_columns": options.image_columns,
        "target_columns": options.target_columns,
        "tag_separator": options.tag_separator,
        "sheets": options.sheets,
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
            "{path} holds no images{besides}: give the folder, table or class table of labelled "
            "images. Pictures inside tables, arrays or archives are not read: write each to a "
            "file, such as PNG, in a folder named after its class",
            path=str(path),
            besides=_suffixes_in(path),
        )
    hindered = [*_readable_inside(path, formats), *_obstacles(path, formats)]
    return InvalidError(
        "format.unrecognised",
        "{path} is laid out in no way that is known{besides}{hindered}. The simplest ways in are a "
        "folder of images for each class, or beside the images a table labels.csv with the columns "
        "file and class (or tags, or numbers). All ways: {ways}",
        path=str(path),
        besides=_suffixes_in(path),
        hindered=f": {'; '.join(hindered)}" if hindered else "",
        ways="; ".join(f"{one.name}: {one().summary.rstrip('.')}" for one in formats),
    )


def _readable_inside(path: Path, formats: Sequence[type[Format]]) -> list[str]:
    """Name the folders in a folder that could be read by themselves."""
    inside = subfolders(path)[:_FOLDERS_LOOKED_AT] if path.is_dir() else []
    found = {
        folder.name: names
        for folder in inside
        if (names := [one.name for one in formats if one().detect(folder)])
    }
    return [
        f"its folder {folder} can be read as {' or '.join(names)}: give the path of that"
        for folder, names in found.items()
    ]


def _obstacles(path: Path, formats: Sequence[type[Format]]) -> list[str]:
    return [said for one in formats if (said := one().obstacle(path)) is not None]


def _suffixes_in(path: Path) -> str:
    """Say what files a folder holds that are no images."""
    files = [file for file in files_under(path) if not is_image(file)] if path.is_dir() else []
    counts = Counter(os.path.splitext(file)[1].lower() for file in files)
    said = [f"{count} ending in {one or 'nothing'}" for one, count in counts.most_common(3)]
    return f" (of its files that are no images, {', '.join(said)})" if said else ""


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
    """What was found in the files of a draft, by absolute path; nothing where none was opened."""

    root: Path
    images: Mapping[str, ImageFacts]
    masks: Mapping[str, MaskFacts]
    class_ids: frozenset[int]
    outside: frozenset[str]  # what is, or is linked to, outside the dataset's folder
    number_segments: bool  # the masks' pixels are numbers of segments

    def name(self, path: str) -> str:
        """Return a path as the records keep it."""
        return normalised(path.removeprefix(os.path.join(self.root, "")))

    def fault(self, item: DraftItem) -> Finding | None:
        """Return why an item cannot be used."""
        for path in _files_of(item):
            if path in self.outside:
                said = (
                    f"{self.name(path)} leads out of the dataset's folder: copy it there, or "
                    "import the folder that it leads to"
                )
                return blocking("link_outside", said, file=self.name(path))
        for path in (item.path, *item.further_paths):
            image = self.images.get(path)
            fault = None if image is None else image_fault(self.name(path), image)
            if fault is not None:
                return fault
        if item.mask_path and item.mask_path in self.masks:
            mask = self.masks[item.mask_path]
            known = mask.pixels.keys() if self.number_segments else self.class_ids
            return mask_fault(self.name(item.mask_path), mask, self.images[item.path], known)
        return None

    def size_wh(self, item: DraftItem) -> tuple[int, int] | None:
        """Return the size of the upright image: as it is, else as the source says."""
        image = self.images.get(item.path)
        return item.size_wh if image is None else (image.width, image.height)


def _files_of(item: DraftItem) -> tuple[str, ...]:
    return (item.path, *item.further_paths, *((item.mask_path,) if item.mask_path else ()))


def _inspect(
    draft: Draft, advance: Advance, *, inspect: bool, cache: FactsCache | None, follow_links: bool
) -> _Inspection:
    images = [path for item in draft.items for path in (item.path, *item.further_paths)]
    masks = [item.mask_path for item in draft.items if item.mask_path]
    class_ids = frozenset(
        [
            *(one.source_id for one in draft.classes if one.source_id is not None),
            *draft.ignored_pixel_values,
        ]
    )
    outside = frozenset[str]() if follow_links else _outside(draft, [*images, *masks])
    wanted = [path for path in images if path not in outside] if inspect else []
    wanted_masks = [path for path in masks if path not in outside] if inspect else []
    return _Inspection(
        root=_root(draft.root, [*images, *masks]),
        images=inspect_files(
            inspect_image, wanted, stage="Reading images", advance=advance, cache=cache
        ),
        masks=inspect_files(
            _mask_inspector(draft, class_ids),
            wanted_masks,
            stage="Reading masks",
            advance=advance,
            cache=cache,
        ),
        class_ids=class_ids,
        outside=outside,
        number_segments=draft.masks_number_segments,
    )


def _mask_inspector(draft: Draft, class_ids: Collection[int]) -> Callable[[Path], MaskFacts]:
    if draft.masks_number_segments:
        return inspect_segment_mask
    return inspect_colour_mask if are_colours(class_ids) else inspect_mask


def _segment_findings(draft: Draft, seen: _Inspection) -> Iterator[Finding]:
    """Compare the segments that are listed with those that the pixels of the masks number."""
    if not seen.number_segments:
        return
    listed: dict[int, set[int]] = defaultdict(set)
    table = draft.annotations.table()
    for item, number in zip(
        *(table[one].to_pylist() for one in ("item", "pixel_value")), strict=True
    ):
        if number is not None:
            listed[item].add(number)
    for place, item in enumerate(draft.items):
        mask = seen.masks.get(item.mask_path or "")
        if mask is None or mask.fault:
            continue
        name = seen.name(item.mask_path or "")
        for numbers, kind, said in (
            (mask.pixels.keys() - listed[place], "unlisted_segment", "not listed"),
            (listed[place] - mask.pixels.keys(), "segment_without_pixels", "of no pixel"),
        ):
            if numbers:
                shown = ", ".join(map(str, sorted(numbers)[:5]))
                count = counted(len(numbers), "segment is", "segments are")
                message = f"{name}: {count} {said}, such as {shown}"
                yield warning(kind, message, file=name)


def _outside(draft: Draft, paths: Sequence[str]) -> frozenset[str]:
    """Return the files that are not in the dataset's folder once all links are followed."""
    allowed = (draft.root, *draft.image_folders)

    @cached
    def fits(path: str) -> bool:
        return any(is_inside(path, folder) for folder in allowed)

    return frozenset(
        path
        for path in paths
        if not fits(os.path.dirname(path)) or (os.path.islink(path) and not fits(path))
    )


def _sizes_for_shares(draft: Draft, advance: Advance) -> None:
    """Read the sizes of images that shares of their width and height need, where none is known."""
    unknown = [item for item in draft.items if item.size_wh is None]
    for number, item in enumerate(unknown):
        if number % _ROWS_AT_ONCE == 0:
            advance("Reading sizes", number, len(unknown))
        item.size_wh = image_size_wh(Path(item.path))
    advance("Reading sizes", len(unknown), len(unknown))


def _root(folder: Path, paths: Sequence[str]) -> Path:
    """Return the folder if all paths are under it, else the nearest that they have in common."""
    inside = os.path.join(folder, "")
    if all(path.startswith(inside) for path in paths):
        return folder
    return Path(os.path.commonpath([os.path.dirname(path) for path in paths]))


def _size_findings(draft: Draft, seen: _Inspection) -> Iterator[Finding]:
    """Compare the sizes that the source says with those of the upright images."""
    for item in draft.items:
        image = seen.images.get(item.path)
        if image is None or image.fault or item.size_wh in (None, (image.width, image.height)):
            continue
        width, height = item.size_wh or (0, 0)
        said = (
            f"{seen.name(item.path)} is {image.width}×{image.height} pixels, and "
            f"{item.source_file or 'the source'} says {width}×{height}"
        )
        if (height, width) == (image.width, image.height) and image.exif_orientation != UPRIGHT:
            said += (
                ": it is stored turned, and its annotations may be on the stored pixels; "
                "they are taken to be on the upright image"
            )
        yield warning(
            "size_differs", said, file=item.source_file or seen.name(item.path),
            line=item.source_line,
        )  # fmt: skip


def _decided(
    findings: Sequence[Finding], path: Path, has_items: bool, command: str, *, drop: bool
) -> list[Finding]:
    """Refuse the import if there are errors, or leave out what they are about if that is asked."""
    faults = [finding for finding in findings if finding.severity == "error"]
    # Names that came out wrong may be why there is no such image.
    misread = [finding for finding in findings if finding.kind == "encoding_assumed"]
    shown = some_of([one.message for one in (*misread, *faults)], command)
    if not has_items:
        raise InvalidError(
            "dataset.no_usable_items",
            "{path} has no image that can be used{shown}",
            path=str(path),
            shown=f": {shown}" if shown else "",
        )
    if faults and not drop:
        raise InvalidError(
            "dataset.faulty",
            "{path} is not imported: {count} cannot be used ({shown}). Mend them, or leave "
            "them out with --drop-faulty",
            path=str(path),
            count=counted(len(faults), "item", "items"),
            shown=shown,
        )
    return [
        one.model_copy(update={"decision": "dropped"}) if one.severity == "error" else one
        for one in findings
    ]


def some_of(messages: Sequence[str], command: str) -> str:
    """Join the first messages; where there are more, say how many and what tells all."""
    more = len(messages) - _SHOWN_FAULTS
    told = [f"and {more:,} more: `{command}` tells all"] if more > 0 else []
    return "; ".join([*messages[:_SHOWN_FAULTS], *told])


# The tables


def _revision(draft: Draft, usable: Sequence[bool], seen: _Inspection, name: str) -> Revision:
    items = [item for item, kept in zip(draft.items, usable, strict=True) if kept]
    ids = [
        item.item_id or new_item_id(seen.name(item.path), _content_hash(item, seen) or "")
        for item in items
    ]
    annotations = pa.concat_tables(
        [
            _table(_annotation_rows(draft, items, ids, seen), ANNOTATION_SCHEMA),
            _objects(draft, np.asarray(usable, dtype=bool), ids, seen),
        ]
    )
    return Revision(
        root=seen.root,
        format=name,
        task=draft.task,
        classes=draft.classes,
        target_names=draft.target_names,
        items=_items(items, ids, seen),
        annotations=annotations,
        ignored_pixel_values=draft.ignored_pixel_values,
        given_statuses={
            item_id: item.status for item, item_id in zip(items, ids, strict=True) if item.status
        },
    )


def _content_hash(item: DraftItem, seen: _Inspection) -> str | None:
    image = seen.images.get(item.path)
    return None if image is None else image.content_hash


def _items(items: Sequence[DraftItem], ids: Sequence[str], seen: _Inspection) -> pa.Table:
    images = [_image_fields(item.path, item.size_wh, seen) for item in items]
    names = [name for name, _ in IMAGE_FIELDS]
    further = [
        [dict(zip(names, _image_fields(path, None, seen), strict=True)) for path in more] or None
        for more in (item.further_paths for item in items)
    ]
    columns: dict[str, Any] = {"item_id": ids}
    columns |= {name: [image[place] for image in images] for place, name in enumerate(names)}
    columns["partition"] = [item.partition for item in items]
    columns["further_images"] = further
    own = dict.fromkeys(column for item in items for column in item.columns)
    schema = pa.schema([*ITEM_SCHEMA, *((column, pa.string()) for column in own)])
    for column in own:
        columns[column] = [item.columns.get(column) for item in items]
    return pa.table(columns, schema=schema)


def _image_fields(
    path: str, size_wh: tuple[int, int] | None, seen: _Inspection
) -> tuple[str | int | None, ...]:
    """Return what is kept of an image, in the order of IMAGE_FIELDS."""
    image = seen.images.get(path)
    if image is None:
        width, height = size_wh or (None, None)
        return seen.name(path), None, width, height, None
    return (
        seen.name(path), image.content_hash, image.width, image.height, image.exif_orientation
    )  # fmt: skip


def _table(rows: Iterator[Row], schema: pa.Schema) -> pa.Table:
    """Make a table of rows of which only some thousands exist as Python objects at a time."""
    batches = []
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        batches.append(pa.RecordBatch.from_pylist(some, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _annotation_rows(
    draft: Draft, items: Sequence[DraftItem], ids: Sequence[str], seen: _Inspection
) -> Iterator[Row]:
    """Yield what is said of an image as a whole."""
    class_index = {one.name: one.index for one in draft.classes}
    class_of_id = {one.source_id: one for one in draft.classes}
    for item, item_id in zip(items, ids, strict=True):
        source: Row = {
            "item_id": item_id,
            "source_file": item.source_file or None,
            "source_line": item.source_line,
        }
        if item.class_name is not None:
            yield source | {"kind": "class", "class_index": class_index[item.class_name]}
        for name, value in zip(draft.target_names, item.values, strict=bool(item.values)):
            yield source | {"kind": "value", "name": name, "value": value}
        if item.mask_path is not None:
            mask = seen.masks.get(item.mask_path)
            yield source | {
                "kind": "mask_image",
                "path": seen.name(item.mask_path),
                "content_hash": None if mask is None else mask.content_hash,
            }
            counted = {} if mask is None or seen.number_segments else mask.pixels
            for class_id, pixels in counted.items():
                if one := class_of_id.get(class_id):  # the ignored value has none
                    yield source | {
                        "kind": "mask_pixels",
                        "class_index": one.index,
                        "value": float(pixels),
                    }


def _objects(
    draft: Draft, usable: NDArray[np.bool_], ids: Sequence[str], seen: _Inspection
) -> pa.Table:
    """Return objects and tags with the ids of their items, in pixels."""
    sizes_wh = None
    if draft.relative:
        sizes = [seen.size_wh(item) or (0, 0) for item in draft.items]
        sizes_wh = np.asarray(sizes, dtype=float).reshape(-1, 2)
    places = np.cumsum(usable) - 1  # among the items that can be used
    item_ids = pa.array(ids, pa.string())
    tables = []
    for batch in draft.annotations.taken():
        table = pa.Table.from_batches([batch])
        items = table["item"].to_numpy()
        if not usable[items].all():
            table = table.filter(pa.array(usable[items]))
            items = table["item"].to_numpy()
        table = in_pixels(table, None if sizes_wh is None else sizes_wh[items])
        own_ids = item_ids.take(pa.array(places[items]))
        tables.append(table.set_column(0, "item_id", own_ids).cast(ANNOTATION_SCHEMA))
    return pa.concat_tables(tables) if tables else ANNOTATION_SCHEMA.empty_table()
