"""Export: a revision written in a format, as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import ExportReport, Finding
from model_playground.datasets.file_names import is_inside, located
from model_playground.datasets.findings import information
from model_playground.datasets.formats.format import FORMATS, Export, WritableFormat
from model_playground.datasets.images import UPRIGHT, Advance
from model_playground.datasets.records import Revision, Status
from model_playground.datasets.unfinished import unfinished_folder

_FILES_AT_ONCE = 64


def writable_format(name: str) -> WritableFormat:
    """Return a format that can be written.

    Raises:
        NotFoundError: there is no format of that name.
        InvalidError: it can only be read.
    """
    kind = FORMATS[name]
    if not issubclass(kind, WritableFormat):
        known = sorted(one.name for one in FORMATS if issubclass(one, WritableFormat))
        raise InvalidError(
            "export.read_only",
            "{format} can be read but not written. Can be written: {known}",
            format=name,
            known=", ".join(known),
        )
    return kind()


def in_parts(revision: Revision, parts: Mapping[str, str]) -> Revision:
    """Return the items that have a part, by their ids, with it as their partition."""
    chosen = pa.array(list(parts), pa.string())
    items = revision.items.filter(pc.is_in(revision.items["item_id"], value_set=chosen))
    partition = pa.array([parts[one] for one in items["item_id"].to_pylist()], pa.string())
    place = items.column_names.index("partition")
    of_chosen = pc.is_in(revision.annotations["item_id"], value_set=chosen)
    return replace(
        revision,
        items=items.set_column(place, items.schema.field(place), partition),
        annotations=revision.annotations.filter(of_chosen),
    )


def export_revision(
    revision: Revision,
    folder: Path,
    *,
    format: str,
    statuses: Mapping[str, Status] | None = None,
    with_images: bool = True,
    link: bool = False,
    tell: Callable[[Finding], None] | None = None,
    advance: Advance | None = None,
) -> ExportReport:
    """Write a revision's labels, and copy its images beside them. Sources are only read.

    All is written into a folder beside the target, which takes its place at the end; whatever
    goes wrong before, or Ctrl-C, leaves nothing.

    Args:
        revision: the records.
        folder: where to; there is nothing yet, or an empty folder.
        format: the name of a format that can be written.
        statuses: how far items are labelled, by item id; else as the revision was read.
        with_images: copy the images too.
        link: make hard links instead of copies where both are on one disk. Whoever then changes
            a file in place changes both.
        tell: told, before anything is written, what the format cannot hold.
        advance: told of the progress.

    Raises:
        NotFoundError: there is no such format.
        InvalidError: the folder is not empty, or inside the dataset's; an image cannot be read;
            or the format cannot be written.
    """
    chosen = writable_format(format)
    folder = Path(os.path.abspath(folder.expanduser()))
    _check_target(folder, revision.root)
    known = revision.given_statuses if statuses is None else statuses
    revision = replace(revision, given_statuses=known)
    findings = (*chosen.losses(revision), *_turned_images(revision))
    for finding in findings:
        (tell or (lambda finding: None))(finding)
    paths = _paths(revision, chosen)
    try:
        with unfinished_folder(folder.parent, folder.name) as unfinished:
            chosen.write(Export(revision, unfinished, paths, known))
            if with_images:
                copy_files(revision.root, unfinished, paths, link=link, advance=advance)
            os.replace(unfinished, folder)
    except OSError as error:
        raise InvalidError(
            "export.failed",
            "the export to {folder} failed and left nothing: {why}",
            folder=str(folder),
            why=str(error),
        ) from None
    said = pc.not_equal(revision.annotations["kind"], "mask_pixels")
    return ExportReport(
        folder=str(folder),
        format=chosen.name,
        items=revision.items.num_rows,
        annotations=int(pc.sum(said).as_py() or 0),
        files=len(paths) if with_images else 0,
        findings=findings,
    )


def _check_target(folder: Path, root: Path) -> None:
    if is_inside(folder, root):
        raise InvalidError(
            "export.inside",
            "{folder} is in the dataset's own folder {root}, which is never modified: export to "
            "another place",
            folder=str(folder),
            root=str(root),
        )
    try:
        is_free = not os.path.lexists(folder) or (folder.is_dir() and not os.listdir(folder))
    except OSError:
        is_free = False
    if not is_free:
        raise InvalidError(
            "export.not_empty",
            "{folder} is not empty: name a folder that does not exist yet",
            folder=str(folder),
        )


def _turned_images(revision: Revision) -> list[Finding]:
    orientations = pc.fill_null(revision.items["exif_orientation"].cast(pa.int32()), UPRIGHT)
    count = int(pc.sum(pc.not_equal(orientations, UPRIGHT)).as_py() or 0)
    if not count:
        return []
    images = counted(count, "image is", "images are")
    said = (
        f"{images} stored turned and copied so: the labels are for the upright image, as the EXIF "
        "data say"
    )
    return [information("exif_rotated", said)]


# The files


def _paths(revision: Revision, chosen: WritableFormat) -> dict[str, str]:
    """Return where each image and mask goes, by its path in the records."""
    paths: dict[str, str] = {}
    taken: set[str] = set()

    def place(path: str, wanted: str) -> None:
        if path not in paths:
            paths[path] = _untaken(wanted, taken, by_stem=chosen.by_stem)

    partitions: dict[str, str | None] = {}
    columns = ("item_id", "path", "partition", "further_images")
    for item_id, path, partition, further in zip(
        *(revision.items[name].to_pylist() for name in columns), strict=True
    ):
        partitions[item_id] = partition
        place(path, chosen.image_path(path, partition))
        for image in (further or ()) if chosen.several_images else ():
            place(image["path"], chosen.image_path(image["path"], partition))
    masks = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_image"))
    for item_id, path in zip(masks["item_id"].to_pylist(), masks["path"].to_pylist(), strict=True):
        wanted = chosen.mask_path(path, partitions[item_id])
        if wanted is not None:
            place(path, wanted)
    return paths


def _untaken(wanted: str, taken: set[str], *, by_stem: bool) -> str:
    """Return a path that no other file has: with a number before its suffix if need be."""
    stem, suffix = os.path.splitext(wanted)
    number, path = 1, wanted
    while (key := os.path.splitext(path)[0].casefold() if by_stem else path) in taken:
        number += 1
        path = f"{stem}_{number}{suffix}"
    taken.add(key)
    return path


def copy_files(
    root: Path, folder: Path, paths: Mapping[str, str], *, link: bool, advance: Advance | None
) -> None:
    """Copy files under a root into a folder: for each path under the root the one in the folder.

    Raises:
        InvalidError: one cannot be copied, or two would be one file.
    """
    made: set[Path] = set()
    for number, (path, target) in enumerate(paths.items()):
        if advance is not None and number % _FILES_AT_ONCE == 0:
            advance("Copying images", number, len(paths))
        source, copy = located(root, path), folder / target
        if copy.parent not in made:
            copy.parent.mkdir(parents=True, exist_ok=True)
            made.add(copy.parent)
        if copy.exists():
            raise InvalidError(
                "export.one_file",
                "{path} and another file would both be {target} on this disk, which does not "
                "tell capitals from small letters: rename one",
                path=path,
                target=target,
            )
        try:
            _copy_file(source, copy, link=link)
        except OSError as error:
            raise InvalidError(
                "export.unreadable_image",
                "{path} cannot be copied: {why}. `playground dataset check` names all such files",
                path=str(source),
                why=error.strerror or str(error),
            ) from None
    if advance is not None:
        advance("Copying images", len(paths), len(paths))


def _copy_file(source: Path, copy: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(os.path.realpath(source), copy)
        except FileNotFoundError:
            raise
        except OSError:  # another disk, or one without links
            pass
        else:
            return
    shutil.copyfile(source, copy)
