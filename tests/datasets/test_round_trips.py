"""Read, write, read: for every format that can be written, the same labels come back.

The revisions are made by hypothesis in our own format, which holds everything; so that one has to
give back the very same hash. The others lose what they have no place for, say so, and then go on
giving back what they hold.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import draw, draw_mask

from model_playground.datasets.exporting import export_revision
from model_playground.datasets.formats.format import FORMATS, ReadOptions, WritableFormat
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import STATUSES, TASKS, Revision
from model_playground.datasets.run_lengths import of_mask

WRITABLE = sorted(
    (one for one in FORMATS if issubclass(one, WritableFormat)), key=lambda one: one.name
)
SIZES = {
    "a.png": (8, 6),
    "a.jpg": (8, 6),  # differs in its suffix alone
    "train/b.png": (10, 7),
    "images/val/c d.png": (3, 9),
    "größe/ä, 1.png": (640, 427),
    "labels/d.png": (1, 1),
}
MADE = ("classification", "detection", "segmentation", "regression")
"""The tasks for which labels are made; those for detection have outlines and tags, too."""

FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

names = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
words = st.sampled_from(
    ["N/A", "no", "1", 'a "b", c', "größer", "null", "~", "x: y"]
) | names.filter(lambda one: one == one.strip() and one)
shares = st.floats(-0.5, 1.5).map(lambda one: round(one, 4))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `files` with the images that revisions are made of, and a mask for each."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, size_wh in SIZES.items():
        turned = 6 if name == "train/b.png" else 1
        stored = size_wh[::-1] if turned == 6 else size_wh
        draw(folder / name, stored, exif_orientation=turned, like=name)
        rows = np.arange(size_wh[0] * size_wh[1]).reshape(size_wh[::-1]) % 2
        draw_mask(folder / mask_of(name), rows.tolist())
    return folder


def mask_of(name: str) -> str:
    return f"masks/{name.replace('/', '-').replace('.', '-')}.png"


@st.composite
def objects(draw: st.DrawFn, classes: list[str], size_wh: tuple[int, int]) -> dict[str, Any]:
    """An annotation of an image, as our own format writes it."""
    width, height = size_wh
    kind = draw(st.sampled_from(["tag", "box", "polygon", "rle"]))
    said: dict[str, Any] = {"kind": kind, "class": draw(st.sampled_from(classes))}
    if draw(st.booleans()):
        said["source"] = {"file": "old.json", "line": draw(st.integers(1, 9)), "id": "7"}
    if kind == "tag":
        return said
    xs = st.tuples(shares, shares).map(lambda one: [one[0] * width, one[1] * height])
    corners = [*draw(xs), *draw(xs)]
    said["box"] = corners
    if kind == "polygon":
        rings = draw(st.lists(st.lists(xs, min_size=1, max_size=5), min_size=1, max_size=3))
        said["rings"] = [[one for point in ring for one in point] for ring in rings]
    if kind == "rle":
        bits = draw(st.lists(st.booleans(), min_size=min(width * height, 9), max_size=9))
        mask = np.resize(np.array(bits[: width * height], dtype=bool), (height, width))
        said["rle"] = {"size": [height, width], "counts": of_mask(mask)}
    if draw(st.booleans()):
        said |= {"crowd": True, "area": draw(st.floats(0, 1e6))}
    if draw(st.booleans()):
        said["attributes"] = {"occluded": draw(st.booleans()), draw(words): draw(words)}
    return said


@st.composite
def datasets(
    draw: st.DrawFn, tasks: tuple[str, ...] = TASKS
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The head and the lines of a dataset in our own format, for one of some tasks."""
    task = draw(st.sampled_from([one for one in MADE if one in tasks]))
    classes = draw(st.lists(words, min_size=2, max_size=4, unique=True))
    ids = draw(st.lists(st.integers(0, 99), min_size=4, max_size=4, unique=True))
    if task == "segmentation":
        ids = [0, 1, 254, 253]
    head = {
        "format": "model-playground",
        "version": 1,
        "task": task,
        "classes": [
            {"name": name} | ({"source_id": one} if task == "segmentation" or ids[0] % 2 else {})
            for name, one in zip(classes, ids, strict=False)
        ],
        "target_names": ["weight", "größe"] if task == "regression" else [],
        "columns": draw(
            st.lists(words, max_size=2, unique=True).filter(
                lambda one: not {"weight", "größe", "image", "id", "class"} & {*one}
            )
        ),
    }
    paths = draw(st.lists(st.sampled_from(list(SIZES)), min_size=1, max_size=4, unique=True))
    parts = st.sampled_from([None, "train", "validation", "test", "trainval"])
    lines = []
    for number, path in enumerate(paths):
        line: dict[str, Any] = {"id": f"item{number}", "image": path}
        line |= {key: one for key, one in (("partition", draw(parts)),) if one}
        if draw(st.booleans()):
            line["status"] = draw(st.sampled_from(STATUSES))
        line["columns"] = {one: draw(words) for one in head["columns"]}
        if task == "classification":
            line["class"] = draw(st.sampled_from(classes))
            line["source"] = {"file": "table.csv", "line": number + 2}
        if task == "regression":
            line["values"] = {one: draw(st.floats(-1e6, 1e6)) for one in head["target_names"]}
        if task == "segmentation":
            line["mask"] = mask_of(path)
        some = st.lists(objects(classes, SIZES[path]), max_size=4)
        line["annotations"] = draw(some) if task == "detection" else []
        lines.append(line)
    return head, lines


def made(
    folder: Path, head: dict[str, Any], lines: list[dict[str, Any]], pictures: Path
) -> Revision:
    """Write a dataset in our own format and import it."""
    folder.mkdir()
    (folder / "files").symlink_to(pictures)
    (folder / "dataset.json").write_text(json.dumps(head), encoding="utf-8")
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "items.jsonl").write_text(text, encoding="utf-8")
    return import_dataset(
        folder, options=ReadOptions(format="model_playground", follow_links=True)
    )[0]


def round_trip(revision: Revision, folder: Path, name: str) -> Revision:
    """Export a revision and import what was written."""
    export_revision(revision, folder, format=name)
    again, report = import_dataset(folder, options=ReadOptions(format=name))
    assert report.errors == 0
    return again


def held(revision: Revision) -> Counter[tuple[Any, ...]]:
    """What every format of objects holds: their images, classes and boxes, to a millionth."""
    contents = dict(zip(revision.item_ids, revision.items["content_hash"].to_pylist(), strict=True))
    return Counter(
        (
            contents[row["item_id"]],
            revision.classes[row["class_index"]].name,
            row["kind"],
            *(round(row[one], 6) for one in ("left", "top", "right", "bottom")),
        )
        for row in revision.annotations.to_pylist()
        if row["kind"] in ("box", "polygon", "rle")
    )


@pytest.mark.parametrize("kind", WRITABLE, ids=lambda kind: kind.name)
@FEW
@given(data=st.data())
def test_what_was_written_once_comes_back_the_same(
    kind: type[WritableFormat], data: st.DataObject, pictures: Path
) -> None:
    said = data.draw(datasets(kind.tasks))
    folder = Path(tempfile.mkdtemp())
    try:
        revision = made(folder / "made", *said, pictures)
        once = round_trip(revision, folder / "once", kind.name)
        twice = round_trip(once, folder / "twice", kind.name)
        assert twice.hash == once.hash
        assert len(once.items) == len(revision.items)
        if kind.name in ("model_playground", "coco", "yolo"):  # these name what nothing has, too
            assert {one.name for one in once.classes} == {one.name for one in revision.classes}
        if kind.name == "model_playground":
            assert once.hash == revision.hash
            assert once.given_statuses == revision.given_statuses
            columns = ["item_id", "source_file", "source_line", "source_id"]
            assert (
                once.annotations.select(columns).to_pylist()
                == revision.annotations.select(columns).to_pylist()
            )
        elif kind.name == "coco":
            assert held(once) == held(revision)
    finally:
        shutil.rmtree(folder)
