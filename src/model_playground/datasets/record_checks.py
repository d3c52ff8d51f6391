"""What is wrong with the records as a whole: copies, classes, sizes. No file is opened."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.findings import information, warning
from model_playground.datasets.records import Revision

FEW_ITEMS = 10
"""A class with fewer items than this can hardly be learnt, let alone divided into parts."""

IMBALANCE = 10
"""How many times the items of another class the largest may have before it is worth a word."""

COMMON_SIZE_SHARE = 0.9
"""If this share of the images has one size, the others are named."""

EXTREME_SIZE = 100
"""How many times the pixels of the median image, or what part of them, is worth a word."""

EXTREME_SHAPE = 4
"""How many times as narrow as the median image is worth a word."""

UPRIGHT = 1

_SAID = (
    *("kind", "class_index", "name", "value", "content_hash"),
    *("left", "top", "right", "bottom"),
)
"""The columns by which two images are labelled alike."""


def record_findings(revision: Revision) -> Iterator[Finding]:
    """Say what the records alone show."""
    yield from _copies(revision)
    yield from _unlabelled(revision)
    yield from _similar_names(revision)
    yield from _sizes_of_classes(revision)
    yield from _rotated_images(revision)
    yield from _odd_sizes(revision)
    yield from _letter_case(revision)


def _copies(revision: Revision) -> Iterator[Finding]:
    """Find images that are the same, byte by byte."""
    hashes = revision.items["content_hash"]
    counted = pc.value_counts(hashes.drop_null())
    copied = counted.filter(pc.greater(counted.field("counts"), 1)).field("values")
    if not len(copied):
        return
    items = revision.items.filter(pc.is_in(hashes, value_set=copied))
    annotations = revision.annotations
    told = annotations.filter(
        pc.is_in(annotations["item_id"], value_set=items["item_id"].combine_chunks())
    ).select(["item_id", *_SAID])
    labels: dict[str, set[object]] = defaultdict(set)
    for item_id, *label in zip(*(column.to_pylist() for column in told.columns), strict=True):
        labels[item_id].add(tuple(label))
    copies: dict[str, list[tuple[str, str]]] = defaultdict(list)
    columns = (items[name].to_pylist() for name in ("content_hash", "path", "item_id"))
    for content_hash, path, item_id in zip(*columns, strict=True):
        copies[content_hash].append((path, item_id))
    for same in sorted(sorted(one) for one in copies.values()):
        paths = [path for path, _ in same]
        named = " and ".join(paths[:3]) + (" and others" if paths[3:] else "")
        agree = len({frozenset(labels[item_id]) for _, item_id in same}) == 1
        yield warning(
            "copied_image" if agree else "copied_image_labelled_differently",
            f"{named} are the same image{'' if agree else ' with different labels'}; "
            "--group-by content_hash keeps copies in one part of a split",
            file=paths[0],
            others=paths[1:],
        )


def near_duplicate_findings(
    revision: Revision, groups: Iterable[Collection[str]]
) -> Iterator[Finding]:
    """Name the images that show the same picture without being the same file.

    Args:
        revision: the records.
        groups: the hashes of the contents of such images.
    """
    columns = (revision.items[name].to_pylist() for name in ("content_hash", "path"))
    paths: dict[str, str] = {}
    for content_hash, path in sorted(zip(*columns, strict=True), key=lambda one: one[1]):
        paths.setdefault(content_hash, path)
    for group in groups:
        alike = sorted(paths[one] for one in group if one in paths)
        if len(alike) > 1:
            more = f" and {counted(len(alike) - 3, 'other', 'others')}" if len(alike) > 3 else ""
            said = f"{', '.join(alike[:3])}{more} show nearly the same picture"
            yield warning("near_duplicates", said, file=alike[0], others=alike[1:])


def _letter_case(revision: Revision) -> Iterator[Finding]:
    """Find names that differ from their neighbours in capitals only, such as a_s(1) and a_S(2).

    What groups items by their names takes them for different ones.
    """
    names = pc.replace_substring_regex(revision.items["path"], r"^.*/|\.[^./]*$", "")
    patterns = pc.replace_substring_regex(names, r"[0-9]+", "0")
    counts = pc.value_counts(patterns)
    count_of = dict(zip(*(one.to_pylist() for one in counts.flatten()), strict=True))
    alike: dict[str, list[str]] = defaultdict(list)
    for pattern in count_of:
        alike[pattern.casefold()].append(pattern)
    for spellings in alike.values():
        usual, *others = sorted(spellings, key=lambda one: -count_of[one])
        if count_of[usual] < 2:
            continue  # each is written in a way of its own, as codes are
        for one in others:
            rare, common = (
                revision.items["path"][pc.index(patterns, pattern).as_py()].as_py()
                for pattern in (one, usual)
            )
            count = count_of[one]
            names_are = counted(count, "name is", "names are")
            said = (
                f"{names_are} written like {rare.rpartition('/')[2]}, where {count_of[usual]:,} "
                f"are written like {common.rpartition('/')[2]}: a grouping by name must not mind "
                "capitals"
            )
            yield information("letter_case", said, file=rare)


def _unlabelled(revision: Revision) -> Iterator[Finding]:
    """Name the images without labels; that no tag holds for one is a label too."""
    if revision.task == "tagging":
        return
    labelled = pc.is_in(
        revision.items["item_id"], value_set=revision.annotations["item_id"].combine_chunks()
    )
    for path in sorted(revision.items.filter(pc.invert(labelled))["path"].to_pylist()):
        yield information("image_without_labels", f"{path} has no labels", file=path)


def _similar_names(revision: Revision) -> Iterator[Finding]:
    spelled: dict[str, list[str]] = defaultdict(list)
    for one in revision.classes:
        spelled[re.sub(r"[\s_-]+", " ", one.name.strip()).casefold()].append(one.name)
    for names in spelled.values():
        if len(names) > 1:
            said = " and ".join(repr(name) for name in names)
            how = "are the same" if len(set(names)) == 1 else "differ in case or spaces only"
            yield warning(
                "similar_class_names",
                f"the names of the classes {said} {how}",
                file=_first_with(revision, names[-1]),
            )


def _sizes_of_classes(revision: Revision) -> Iterator[Finding]:
    counts = revision.class_counts()
    for name, count in counts.items():
        if count == 0:
            yield information("unused_class", f"no image has the class {name}")
        elif count < FEW_ITEMS:
            images = counted(count, "image has", "images have")
            first = _first_with(revision, name)
            yield warning("few_items", f"only {images} the class {name}", file=first)
        if revision.task == "tagging" and count == revision.items.num_rows > 1:
            first = _first_with(revision, name)
            yield warning("tag_everywhere", f"every image has the tag {name}", file=first)
    used = Counter({name: count for name, count in counts.items() if count})
    if not used:
        return
    (most, largest), (least, smallest) = used.most_common()[0], used.most_common()[-1]
    if largest >= IMBALANCE * smallest:
        said = (
            f"the classes are unbalanced: {most} has {largest:,} images, {least} {smallest:,}; "
            "look at figures by class, and consider class weights or focal loss"
        )
        yield warning("class_imbalance", said, file=_first_with(revision, least))


def _first_with(revision: Revision, class_name: str) -> str:
    """Return the first image that has a class, to look at; nothing if none has."""
    index = next(one.index for one in revision.classes if one.name == class_name)
    annotations, items = revision.annotations, revision.items
    with_it = annotations.filter(pc.equal(annotations["class_index"], index))["item_id"]
    paths = items.filter(pc.is_in(items["item_id"], value_set=with_it.combine_chunks()))["path"]
    return str(pc.min(paths).as_py() or "")


def _rotated_images(revision: Revision) -> Iterator[Finding]:
    items = revision.items.filter(pc.not_equal(revision.items["exif_orientation"], UPRIGHT))
    for path in sorted(items["path"].to_pylist()):
        said = f"{path} is stored turned or mirrored, and is read upright as its EXIF data say"
        yield information("exif_rotated", said, file=path)


def _odd_sizes(revision: Revision) -> Iterator[Finding]:
    """Name images of another size than most; where sizes vary, those far from the median."""
    known = revision.items.filter(pc.is_valid(revision.items["width"]))
    if not known.num_rows:
        return
    width, height = (known[name].to_numpy().astype(np.int64) for name in ("width", "height"))
    sizes, counts = np.unique(np.stack([width, height], axis=1), axis=0, return_counts=True)
    common = sizes[counts.argmax()]
    odd = (width != common[0]) | (height != common[1])
    if counts.max() >= COMMON_SIZE_SHARE * len(width):
        than = f"most are {common[0]}×{common[1]}"
        yield from _of_size(known, odd, "odd_size", than)
        return
    pixels = width * height
    median = float(np.median(pixels))
    is_extreme = (pixels * EXTREME_SIZE < median) | (pixels > EXTREME_SIZE * median)
    than = f"the median image has {median:,.0f} pixels"
    yield from _of_size(known, is_extreme, "extreme_size", than)
    shape = np.maximum(width, height) / np.minimum(width, height)
    usual = float(np.median(shape))
    than = f"the median image is {usual:.3g} times as long as narrow"
    is_narrow = ~is_extreme & (shape > EXTREME_SHAPE * usual)
    yield from _of_size(known, is_narrow, "extreme_shape", than)


def _of_size(items: pa.Table, chosen: object, kind: str, than: str) -> Iterator[Finding]:
    named = items.filter(pa.array(chosen)).select(["path", "width", "height"])
    rows = zip(*(column.to_pylist() for column in named.columns), strict=True)
    for path, width, height in sorted(rows):
        said = f"{path} is {width}×{height} pixels; {than}"
        yield information(kind, said, file=path)
