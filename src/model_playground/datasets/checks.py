"""What can be wrong with a dataset: its files, and its records as a whole."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow.compute as pc

from model_playground.core.records import CheckReport, Finding
from model_playground.datasets.file_names import located
from model_playground.datasets.findings import blocking, information, warning
from model_playground.datasets.images import (
    UPRIGHT,
    Advance,
    ImageFacts,
    MaskFacts,
    hash_file,
    inspect_files,
    inspect_image,
)
from model_playground.datasets.mask_values import unnamed_pixels
from model_playground.datasets.records import Revision

FEW_ITEMS = 10
"""A class with fewer items than this can hardly be learnt, let alone divided into parts."""

IMBALANCE = 10
"""How many times the items of another class the largest may have before it is worth a word."""

COMMON_SIZE_SHARE = 0.9
"""If this share of the images has one size, the others are named."""


_SAID = (
    *("kind", "class_index", "name", "value", "content_hash"),
    *("left", "top", "right", "bottom"),
)
"""The columns by which two images are labelled alike."""


def check_revision(revision: Revision, *, dataset: str, advance: Advance | None) -> CheckReport:
    """Check a revision: its files against the records, and the records as a whole.

    Args:
        revision: the revision.
        dataset: the dataset's name, for the report.
        advance: told of the progress.
    """
    files = list(_file_findings(revision, advance or (lambda stage, done, total: None)))
    return CheckReport(
        dataset=dataset,
        items=revision.items.num_rows,
        findings=(*files, *record_findings(revision)),
    )


def record_findings(revision: Revision) -> list[Finding]:
    """Say what the records alone show."""
    return [
        *_copies(revision),
        *_classes_with_few_items(revision),
        *_imbalance(revision),
        *_rotated_images(revision),
        *_odd_sizes(revision),
    ]


def image_fault(name: str, image: ImageFacts) -> Finding | None:
    """Return the finding for an image that cannot be used."""
    return (
        blocking("unreadable_image", f"{name}: {image.fault}", file=name) if image.fault else None
    )


def mask_fault(
    name: str, mask: MaskFacts, image: ImageFacts, class_ids: Collection[int]
) -> Finding | None:
    """Return the finding for a mask that cannot be used with its image and the class table."""
    if mask.fault:
        return blocking("unreadable_mask", f"{name}: {mask.fault}", file=name)
    if (mask.width, mask.height) != (image.width, image.height):
        turned = (
            " after its EXIF orientation"
            if (mask.height, mask.width) == (image.width, image.height)
            and image.exif_orientation != UPRIGHT
            else ""
        )
        said = (
            f"{name}: the mask is {mask.width}×{mask.height} pixels, "
            f"its image {image.width}×{image.height}{turned}"
        )
        return blocking("mask_size", said, file=name)
    return unnamed_pixels(name, mask, class_ids)


# Files


def _file_findings(revision: Revision, advance: Advance) -> Iterator[Finding]:
    """Compare every file with what it was at the import."""
    root = revision.root
    if not root.is_dir():
        said = f"the folder {root} does not exist: if it was moved, import it from where it is now"
        yield _changed("missing_folder", said, str(root))
        return
    masks = revision.annotations.filter(pc.equal(revision.annotations["kind"], "mask_image"))
    for table, stage in ((revision.items, "Checking images"), (masks, "Checking masks")):
        names = table["path"].to_pylist()
        paths = [str(located(root, name)) for name in names]
        hashes = inspect_files(hash_file, paths, stage=stage, advance=advance)
        expected = table["content_hash"].to_pylist()
        for name, path, content_hash in zip(names, paths, expected, strict=True):
            if hashes[path] == content_hash or (hashes[path] and not content_hash):
                continue
            if not os.path.exists(path):
                yield _changed("missing_file", f"{name} does not exist any more", name)
            elif fault := inspect_image(Path(path)).fault:
                yield _changed("unreadable_image", f"{name}: {fault}", name)
            else:
                said = f"{name} has changed since the import: import the dataset again"
                yield _changed("changed_file", said, name)


def _changed(kind: str, message: str, file: str) -> Finding:
    return Finding(kind=kind, severity="error", message=message, decision="kept", file=file)


# Records


def _copies(revision: Revision) -> Iterator[Finding]:
    """Find images that are the same, byte by byte."""
    copied = pc.value_counts(revision.items["content_hash"].drop_null())
    if not pc.any(pc.greater(copied.field("counts"), 1)).as_py():
        return
    labels: dict[str, set[object]] = defaultdict(set)
    told = revision.annotations.select(["item_id", *_SAID])
    for item_id, *label in zip(*(column.to_pylist() for column in told.columns), strict=True):
        labels[item_id].add(tuple(label))
    copies: dict[str, list[tuple[str, str]]] = defaultdict(list)
    columns = (revision.items[name].to_pylist() for name in ("content_hash", "path", "item_id"))
    for content_hash, path, item_id in zip(*columns, strict=True):
        if content_hash:  # null where the image was not inspected
            copies[content_hash].append((path, item_id))
    for same in sorted(sorted(same) for same in copies.values() if len(same) > 1):
        paths = " and ".join(path for path, _ in same[:3]) + (" and others" if same[3:] else "")
        agree = len({frozenset(labels[item_id]) for _, item_id in same}) == 1
        yield warning(
            "copied_image" if agree else "copied_image_labelled_differently",
            f"{paths} are the same image{'' if agree else ' with different labels'}; "
            "--group-by content_hash keeps copies in one part of a split",
            file=same[0][0],
        )


def _classes_with_few_items(revision: Revision) -> Iterator[Finding]:
    for name, count in revision.class_counts().items():
        if count == 0:
            yield information("unused_class", f"no image has the class {name}")
        elif count < FEW_ITEMS:
            images = "1 image has" if count == 1 else f"{count} images have"
            yield warning("few_items", f"only {images} the class {name}")


def _imbalance(revision: Revision) -> Iterator[Finding]:
    counts = Counter({name: count for name, count in revision.class_counts().items() if count})
    if not counts:
        return
    (most, largest), (least, smallest) = counts.most_common()[0], counts.most_common()[-1]
    if largest >= IMBALANCE * smallest:
        said = (
            f"the classes are unbalanced: {most} has {largest:,} images, {least} {smallest:,}; "
            "look at figures by class, and consider class weights or focal loss"
        )
        yield warning("class_imbalance", said)


def _rotated_images(revision: Revision) -> Iterator[Finding]:
    items = revision.items.filter(pc.not_equal(revision.items["exif_orientation"], UPRIGHT))
    for path in sorted(items["path"].to_pylist()):
        said = f"{path} is stored turned or mirrored, and is read upright as its EXIF data say"
        yield information("exif_rotated", said, file=path)


def _odd_sizes(revision: Revision) -> Iterator[Finding]:
    columns = (revision.items[name].to_pylist() for name in ("path", "width", "height"))
    sizes = {path: (width, height) for path, width, height in zip(*columns, strict=True) if width}
    if not sizes:
        return
    common, count = Counter(sizes.values()).most_common(1)[0]
    if count < COMMON_SIZE_SHARE * len(sizes):
        return
    for path, (width, height) in sorted(sizes.items()):
        if (width, height) != common:
            said = f"{path} is {width}×{height} pixels; most are {common[0]}×{common[1]}"
            yield information("odd_size", said, file=path)
