"""The canonical records of a dataset: items and annotations as tables, and what they belong to.

Every format reads into this one form, and the training knows no other.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from model_playground.core.contracts import Facts
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.areas import Areas, areas_by_item
from model_playground.datasets.canonical import table_digest
from model_playground.datasets.file_names import located
from model_playground.datasets.unfinished import unfinished_folder

SCHEMA_VERSION = 2
"""Version 1 knew no objects (boxes, polygons, run lengths) and no partition; it is still read."""

IGNORED_PIXEL_VALUE = 255
"""A mask's pixels of this value belong to no class, unless the class table names it."""

BACKGROUND = "background"
"""The name of the class of all pixels that are of no object."""

AnnotationKind = Literal[
    "class",  # the one class of the image
    "tag",  # one of several classes of the image
    "value",  # one of the image's values
    "mask_image",  # where its mask is
    "mask_pixels",  # how many pixels of the mask a class has
    "box",  # an object known by its box
    "polygon",  # an object known by its outline, and the box around it
    "rle",  # an object known by its pixels as run lengths, and the box around it
    "segment",  # an object or a region known by its number in the mask image
]
"""What an annotation says."""

_OF_IMAGES: tuple[AnnotationKind, ...] = ("class", "value", "mask_image")
_READ_OF_IMAGES = ["item_id", "kind", "class_index", "name", "value", "path"]

OBJECT_KINDS: tuple[AnnotationKind, ...] = ("box", "polygon", "rle")
"""The kinds that have a box."""

Status = Literal["NEW", "IN PROGRESS", "DONE", "TO REVIEW", "SKIPPED", "AUTO-LABELLED"]
STATUSES: tuple[Status, ...] = get_args(Status)

IMAGE_FIELDS = (
    ("path", pa.string()),  # POSIX, NFC, relative to the root
    ("content_hash", pa.string()),  # SHA-256; null until the image was inspected
    ("width", pa.int32()),  # after EXIF orientation, as the height; null where nothing says it
    ("height", pa.int32()),
    ("exif_orientation", pa.int8()),  # null until the image was inspected
)

ITEM_SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),  # given at first import and kept
        *IMAGE_FIELDS,
        ("partition", pa.string()),  # the part that the source puts it in, in its own word or ours
        ("further_images", pa.list_(pa.struct(IMAGE_FIELDS))),  # of the same item, in order
    ]
)
"""The columns that every items table begins with; those of the user's table follow, as text."""

ANNOTATION_SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("kind", pa.string()),  # an AnnotationKind
        ("class_index", pa.int32()),
        ("name", pa.string()),  # of a value
        ("value", pa.float64()),
        ("left", pa.float64()),  # of the box, in pixels of the upright image from its corner
        ("top", pa.float64()),
        ("right", pa.float64()),
        ("bottom", pa.float64()),
        ("rings_xy", pa.list_(pa.list_(pa.float64()))),  # x, y, x, y, …; an object has 1 or more
        ("rle_counts", pa.string()),  # as COCO compresses them: columns first
        ("mask_height", pa.int32()),  # of the mask that the run lengths fill
        ("mask_width", pa.int32()),
        ("area", pa.float64()),  # of the object, where the source says it
        ("crowd", pa.bool_()),  # many objects in one; null is no
        ("pixel_value", pa.int64()),  # of a segment: its number in the mask image
        ("image_index", pa.int16()),  # null: the item's image; else 1 + place in further_images
        ("attributes", pa.string()),  # what else is said of it: a JSON object with sorted keys
        ("path", pa.string()),  # of a mask, as an item's
        ("content_hash", pa.string()),  # of a mask
        ("source_file", pa.dictionary(pa.int32(), pa.string())),  # relative to the root
        ("source_line", pa.int32()),  # from 1
        ("source_id", pa.string()),  # what the source calls it by
    ]
)
_PROVENANCE = ("source_file", "source_line", "source_id")
"""Where an annotation was read says nothing of what it is."""


_TASK_NEEDS: dict[str, set[AnnotationKind]] = {
    "classification": {"class"},
    "tagging": {"tag", "box", "polygon", "rle"},
    "regression": {"value"},
    "segmentation": {"mask_image"},
    "detection": {"box", "polygon", "rle"},
    "instance_segmentation": {"polygon", "rle"},
    "panoptic_segmentation": {"segment"},
}
"""For each task the kinds of annotations of which any serves it."""

TASKS = tuple(_TASK_NEEDS)


@dataclass(frozen=True)
class ClassRecord:
    """A class: its index is contiguous, its source id is how the files number it, if they do."""

    index: int
    name: str
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """What the training needs of an item, with absolute paths."""

    item_id: str
    path: Path
    class_index: int | None = None
    values: tuple[float, ...] | None = None
    mask_path: Path | None = None
    areas: Areas | None = None  # of which its mask is drawn


@dataclass(frozen=True, eq=False)
class Revision:
    """An immutable state of a dataset's labels. The images stay where they are, under `root`."""

    root: Path
    format: str
    task: str
    classes: tuple[ClassRecord, ...]
    target_names: tuple[str, ...]
    items: pa.Table
    annotations: pa.Table

    ignored_pixel_values: tuple[int, ...] = ()
    """Of masks: values that the class table names as standing for no class."""

    given_statuses: Mapping[str, Status] = field(default_factory=dict)
    """What the source says of how far items are labelled, by item id. It is no part of the records:
    the workspace keeps statuses in its database, where they can change."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the records, whatever order and files they were read from."""
        digest = hashlib.sha256()
        head = (SCHEMA_VERSION, self.task, [asdict(one) for one in self.classes], self.target_names)
        digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        digest.update(table_digest(self.items))
        digest.update(table_digest(self.annotations.drop_columns(list(_PROVENANCE))))
        return digest.hexdigest()

    @property
    def is_inspected(self) -> bool:
        """Whether every image has been looked into."""
        return int(self.items["content_hash"].null_count) == 0

    @property
    def pixel_values(self) -> frozenset[int]:
        """The values that a mask's pixels may have, those that stand for no class included."""
        ids = (one.source_id for one in self.classes if one.source_id is not None)
        return frozenset([*ids, *self.ignored_pixel_values])

    @property
    def has_segments(self) -> bool:
        """Whether the pixels of the masks are the numbers of segments, not class ids."""
        return self._count("segment") > 0

    @property
    def has_drawn_masks(self) -> bool:
        """Whether there are no files of masks, so that masks are drawn of the objects' areas."""
        return self.task == "segmentation" and not self._count("mask_image")

    @property
    def object_count(self) -> int:
        """How many boxes, polygons and run lengths there are."""
        return sum(self._count(kind) for kind in OBJECT_KINDS)

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks that the labels serve, the one they are for first of all at the front."""
        kinds = {kind for kind in get_args(AnnotationKind) if self._count(kind)}
        served = (task for task, needed in _TASK_NEEDS.items() if kinds & needed)
        return tuple(dict.fromkeys([self.task, *served]))

    def _count(self, kind: AnnotationKind) -> int:
        return int(pc.sum(pc.equal(self.annotations["kind"], kind)).as_py() or 0)

    @property
    def item_ids(self) -> list[str]:
        """The ids of all items."""
        ids: list[str] = self.items["item_id"].to_pylist()
        return ids

    @property
    def columns(self) -> tuple[str, ...]:
        """The further columns of the user's table: items can be grouped by them."""
        return tuple(name for name in self.items.column_names if name not in ITEM_SCHEMA.names)

    @property
    def facts(self) -> Facts:
        """What a task needs to know to lay out its slots."""
        return Facts(
            classes=tuple(one.name for one in self.classes),
            target_names=self.target_names,
            class_pixel_values=tuple(
                one.source_id for one in self.classes if one.source_id is not None
            ),
        )

    def areas(self, item_ids: Collection[str]) -> dict[str, Areas]:
        """Return for each of these items the areas that its mask is drawn of, none left out.

        Of an item with several images they are those in the first.
        """
        table = self.annotations
        wanted = pc.is_in(table["item_id"], value_set=pa.array(item_ids, pa.string()))
        is_object = pc.is_in(table["kind"], value_set=pa.array(OBJECT_KINDS))
        in_first = pc.equal(pc.fill_null(table["image_index"], 0), 0)
        found = areas_by_item(table.filter(pc.and_(pc.and_(wanted, is_object), in_first)))
        background = next(one.index for one in self.classes if is_background(one.name))
        return {one: Areas(tuple(found.get(one, ())), background) for one in item_ids}

    def class_counts(self, item_ids: Collection[str] | None = None) -> dict[str, int]:
        """Return for each class the number of items that have or contain it, none left out.

        Args:
            item_ids: count among these items only.
        """
        table = self.annotations.select(["item_id", "class_index"]).drop_null()
        if item_ids is not None:
            wanted = pa.array(item_ids, pa.string())
            table = table.filter(pc.is_in(table["item_id"], value_set=wanted))
        counted = table.group_by("class_index").aggregate([("item_id", "count_distinct")])
        counts = dict(
            zip(
                counted["class_index"].to_pylist(),
                counted["item_id_count_distinct"].to_pylist(),
                strict=True,
            )
        )
        return {one.name: counts.get(one.index, 0) for one in self.classes}

    def with_identity_of(self, previous: Revision) -> Revision:
        """Return the same records with the item ids that an earlier revision gave.

        An item is the same if its path is; of those that remain, if its content is.
        """
        kept = _kept_ids(self.items, previous.items)

        def renamed(table: pa.Table) -> pa.Table:
            encoded = table["item_id"].combine_chunks().dictionary_encode()
            if isinstance(encoded, pa.ChunkedArray):
                encoded = encoded.unify_dictionaries().combine_chunks()
            names = [kept[one] for one in encoded.dictionary.to_pylist()]
            return table.set_column(
                0, "item_id", pa.array(names, pa.string()).take(encoded.indices)
            )

        statuses = {kept[one]: status for one, status in self.given_statuses.items()}
        return replace(
            self,
            items=renamed(self.items),
            annotations=renamed(self.annotations),
            given_statuses=statuses,
        )

    def write(self, folder: Path) -> None:
        """Write the records, as a whole or not at all. A folder that is there already is kept."""
        if folder.exists():
            return
        self._write(folder.parent, lambda: folder.name)

    def write_under(self, revisions: Path) -> Path:
        """Write the records into a folder named by their hash, as `write` does, and return it."""
        return self._write(revisions, lambda: self.hash)

    def _write(self, parent: Path, name: Callable[[], str]) -> Path:
        """Write while the name is found out: a hash of a million objects takes as long."""
        with unfinished_folder(parent, "records") as records, ThreadPoolExecutor(1) as pool:
            written = pool.submit(self._write_records, records)
            folder = parent / name()
            written.result()
            if not folder.exists():
                os.replace(records, folder)
        return folder

    def _write_records(self, folder: Path) -> None:
        for table, file in ((self.items, "items"), (self.annotations, "annotations")):
            # Numbers in lists are coordinates: they hardly repeat, a dictionary is only work.
            plain = [one.name for one in table.schema if not pa.types.is_nested(one.type)]
            pq.write_table(table, folder / f"{file}.parquet", use_dictionary=plain)
        record = {
            "schema_version": SCHEMA_VERSION,
            "root": str(self.root),
            "format": self.format,
            "task": self.task,
            "classes": [asdict(one) for one in self.classes],
            "target_names": list(self.target_names),
            "ignored_pixel_values": list(self.ignored_pixel_values),
        }
        text = json.dumps(record, ensure_ascii=False, indent=1)
        (folder / "revision.json").write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Revision:
        """Read what `write` wrote.

        Raises:
            NotFoundError: there is none.
            InvalidError: a newer version of the program wrote it.
        """
        try:
            record = json.loads((folder / "revision.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotFoundError(
                "revision.missing",
                "the records of a revision are missing: there is no {folder}",
                folder=str(folder),
            ) from None
        if record["schema_version"] > SCHEMA_VERSION:
            raise InvalidError(
                "revision.newer",
                "{folder} was written by a newer version of Model Playground: update this one",
                folder=str(folder),
            )
        return cls(
            root=Path(record["root"]),
            format=record["format"],
            task=record["task"],
            classes=tuple(ClassRecord(**one) for one in record["classes"]),
            target_names=tuple(record["target_names"]),
            items=_upgraded(folder / "items.parquet", ITEM_SCHEMA),
            annotations=_upgraded(folder / "annotations.parquet", ANNOTATION_SCHEMA),
            ignored_pixel_values=tuple(record.get("ignored_pixel_values", ())),
        )


def is_background(class_name: str) -> bool:
    """Say whether a class is what is left beside the objects."""
    return class_name.strip().casefold() == BACKGROUND


def new_item_id(path: str, content_hash: str) -> str:
    """Return the id of an item that no earlier revision knows."""
    return hashlib.sha256(f"{path}\n{content_hash}".encode()).hexdigest()[:16]


def training_items(revision: Revision, item_ids: Sequence[str]) -> list[TrainingItem]:
    """Return what the training needs of some items, in the order of their ids.

    Raises:
        NotFoundError: the revision lacks one of them.
    """
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    missing = next((one for one in item_ids if one not in paths), None)
    if missing is not None:
        raise NotFoundError(
            "item.unknown", "the dataset's revision has no item {item}", item=missing
        )
    labels = _labels_by_item(revision, set(item_ids))
    return [
        TrainingItem(one, located(revision.root, paths[one]), **labels.get(one, {}))
        for one in item_ids
    ]


def _labels_by_item(revision: Revision, item_ids: set[str]) -> dict[str, dict[str, Any]]:
    """Return the fields of a training item that its annotations fill."""
    labels: dict[str, dict[str, Any]] = {}
    values: dict[str, dict[str, float]] = {}
    of_images = pc.is_in(revision.annotations["kind"], value_set=pa.array(_OF_IMAGES))
    for row in _rows(revision.annotations.select(_READ_OF_IMAGES).filter(of_images)):
        item_id = row["item_id"]
        if item_id not in item_ids:
            continue
        of_item = labels.setdefault(item_id, {})
        if row["kind"] == "class":
            of_item["class_index"] = row["class_index"]
        elif row["kind"] == "mask_image":
            of_item["mask_path"] = located(revision.root, row["path"])
        elif row["kind"] == "value":
            values.setdefault(item_id, {})[row["name"]] = row["value"]
    for item_id, by_name in values.items():
        labels[item_id]["values"] = tuple(by_name[name] for name in revision.target_names)
    if revision.has_drawn_masks:
        for item_id, areas in revision.areas(item_ids).items():
            labels.setdefault(item_id, {})["areas"] = areas
    return labels


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield a table's rows; only some thousands at a time exist as Python objects."""
    for batch in table.to_batches(max_chunksize=8192):
        yield from batch.to_pylist()


def _upgraded(file: Path, schema: pa.Schema) -> pa.Table:
    """Read a table; columns that an older version did not know are null, the user's come last."""
    table = pq.read_table(file, memory_map=True)
    columns = {
        one.name: table[one.name].cast(one.type)
        if one.name in table.column_names
        else pa.nulls(table.num_rows, one.type)
        for one in schema
    }
    further = {name: table[name] for name in table.column_names if name not in columns}
    return pa.table({**columns, **further})


def _kept_ids(items: pa.Table, previous: pa.Table) -> dict[str, str]:
    """Return for each item's own id the one that it keeps."""
    own = list(_identities(items))
    unclaimed = {path: (item_id, content) for item_id, path, content in _identities(previous)}
    kept = {item_id: unclaimed.pop(path)[0] for item_id, path, _ in own if path in unclaimed}
    by_content: dict[str, list[str]] = {}
    for item_id, content in reversed(unclaimed.values()):
        if content:  # of an image that was not inspected nothing is known
            by_content.setdefault(content, []).append(item_id)
    taken = set(previous["item_id"].to_pylist())
    for item_id, path, content in own:
        if item_id in kept:
            continue
        if content and by_content.get(content):
            kept[item_id] = by_content[content].pop()
            continue
        kept[item_id] = item_id
        while kept[item_id] in taken:  # a file that stands where another, since renamed, was born
            kept[item_id] = new_item_id(path, kept[item_id])
    return kept


def _identities(items: pa.Table) -> Iterator[tuple[str, str, str | None]]:
    columns = (items[name].to_pylist() for name in ("item_id", "path", "content_hash"))
    return iter(sorted(zip(*columns, strict=True), key=lambda one: one[1]))
