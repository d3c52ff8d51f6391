"""Our own format: what a damaged export says, and that it holds every kind of label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, draw_mask
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.datasets.exporting import export_revision
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.run_lengths import compressed

BOX = [1.0, 1.0, 4.0, 5.0]
LENGTHS = compressed([10, 2, 36])
HEAD = {
    "format": "model-playground", "version": 1, "task": "detection",
    "classes": [{"name": "cat", "source_id": 7}, {"name": "N/A"}],
    "target_names": ["weight"], "columns": ["place"],
}  # fmt: skip
OBJECTS = [
    {"kind": "box", "class": "N/A", "box": BOX, "attributes": {"a": [1, None]}, "area": 2.5},
    {"kind": "polygon", "class": "cat", "box": BOX, "rings": [[1, 1, 4, 1, 4, 5]], "crowd": True},
    {
        "kind": "rle",
        "class": "cat",
        "box": BOX,
        "rle": {"size": [6, 8], "counts": compressed([10, 2, 36])},
    },
    {"kind": "segment", "class": "cat", "pixel_value": 2**40},
    {"kind": "tag", "class": "cat", "source": {"file": "old.csv", "line": 3, "id": "x"}},
]
ITEM = {
    "id": "first", "image": "a/b.png", "width": 8, "height": 6, "partition": "fold 1",
    "status": "TO REVIEW", "further_images": ["c.png"], "class": "cat", "values": {"weight": 0.1},
    "mask": "m.png", "columns": {"place": "größer, \"x\""},
    "source": {"file": "old.csv", "line": 2}, "annotations": OBJECTS,
}  # fmt: skip


def lay(folder: Path, *items: dict[str, Any] | str, **head: Any) -> Path:
    """Write an export of three images and a mask; arguments replace what its head says."""
    for name in ("a/b.png", "c.png", "d.png"):
        draw(folder / "files" / name, like=name)
    draw_mask(folder / "files/m.png", [[7] * 8] * 6)
    (folder / "dataset.json").write_text(json.dumps(HEAD | head))
    lines = [one if isinstance(one, str) else json.dumps(one) for one in items]
    (folder / "items.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_everything_comes_back(tmp_path: Path) -> None:
    revision, report = import_dataset(lay(tmp_path / "own", ITEM, {"id": "x", "image": "d.png"}))
    assert report.errors == 0
    assert report.recognised.startswith("read as model_playground, because dataset.json says")
    assert revision.item_ids == ["first", "x"]
    assert revision.given_statuses == {"first": "TO REVIEW"}
    assert sorted(set(revision.annotations["kind"].to_pylist())) == [
        "box", "class", "mask_image", "polygon", "rle", "segment", "tag", "value",
    ]  # fmt: skip
    export_revision(revision, tmp_path / "again", format="model_playground")
    again = import_dataset(tmp_path / "again")[0]
    assert again.hash == revision.hash
    assert again.annotations.to_pylist() == revision.annotations.to_pylist()
    assert again.given_statuses == revision.given_statuses
    lines = (tmp_path / "again/items.jsonl").read_text(encoding="utf-8").splitlines()
    written = [json.loads(line) for line in lines]
    assert written[1] == {"id": "x", "image": "d.png", "width": 8, "height": 6}
    assert written[0]["annotations"][0] == OBJECTS[0]
    assert import_dataset(tmp_path / "again/dataset.json")[0].hash == revision.hash


def test_masks_in_colours_and_their_void_come_back(tmp_path: Path) -> None:
    red, white = (255, 0, 0), (255, 255, 255)
    draw(tmp_path / "set/images/a.png", (2, 1))
    (tmp_path / "set/masks").mkdir()
    mask = Image.new("RGB", (2, 1), red)
    mask.putpixel((1, 0), white)
    mask.save(tmp_path / "set/masks/a.png")
    (tmp_path / "set/classes.csv").write_text(
        "name,r,g,b\nsky,255,0,0\nroad,0,0,255\nvoid,255,255,255\n"
    )
    revision = import_dataset(tmp_path / "set")[0]
    assert len(revision.ignored_pixel_values) == 1
    export_revision(revision, tmp_path / "own", format="model_playground")
    again = import_dataset(tmp_path / "own")[0]
    assert (again.hash, again.pixel_values) == (revision.hash, revision.pixel_values)


def with_object(**changes: Any) -> dict[str, Any]:
    """The item with one object, of which arguments replace what it says."""
    return {"id": "x", "image": "d.png", "annotations": [OBJECTS[0] | changes]}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": "x"}', "missing required field `image`"),
        ('{"id": "x", "image": "d.png"', "truncated"),
        ({"id": "", "image": "d.png"}, "length >= 1"),
        ({"id": "first", "image": "d.png"}, "the id first stands on line 1 too"),
        ({"id": "x", "image": "none.png"}, "there is no file files/none.png"),
        ({"id": "x", "image": "../dataset.json"}, "is no path in files"),
        ({"id": "x", "image": "/etc/hosts"}, "is no path in files"),
        ({"id": "x", "image": "./d.png"}, "is no path in files"),
        ({"id": "x", "image": "d.png", "colour": 1}, "unknown field `colour`"),
        ({"id": "x", "image": "d.png", "class": "dog"}, "names no class 'dog'"),
        ({"id": "x", "image": "d.png", "values": {"size": 1}}, "are not those"),
        ({"id": "x", "image": "d.png", "columns": {"size": "1"}}, "names no column 'size'"),
        ({"id": "x", "image": "d.png", "status": "MAYBE"}, "Invalid enum value 'MAYBE'"),
        (with_object(**{"class": "dog"}), "names no class 'dog'"),
        (with_object(box=None), "of the kind box has no box"),
        (with_object(box=[1, 2, 3]), "of length 4"),
        (with_object(box=[1, 2, 3, 1e308]), "too large for a coordinate"),
        (with_object(kind="polygon"), "polygon does not say where it is"),
        (with_object(kind="segment"), "segment does not say where it is"),
        (with_object(kind="polygon", rings=[[1, 2, 3]]), "odd number of coordinates"),
        (with_object(kind="rle", rle={"size": [6, 8], "counts": "22"}), "do not fill"),
        (with_object(image_index=3), "has no image 3"),
    ],
)
def test_a_line_that_is_wrong_blocks_its_item(
    tmp_path: Path, line: dict[str, Any] | str, complaint: str
) -> None:
    folder = lay(tmp_path, ITEM, line)
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=ReadOptions(drop_faulty=True))
    assert revision.item_ids == ["first"]
    (finding,) = [one for one in report.findings if one.kind == "bad_image_record"]
    assert (finding.file, finding.line, finding.decision) == ("items.jsonl", 2, "dropped")


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ({"version": 2}, "a newer version of Model Playground wrote it"),
        ({"task": "sorting"}, "there is no task 'sorting'"),
        ({"classes": [{"name": "a"}, {"name": "a"}]}, "a name stands twice in its classes"),
        ({"classes": "cat"}, "Expected `array`"),
    ],
)
def test_a_head_that_is_wrong_says_so(tmp_path: Path, head: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(lay(tmp_path, ITEM, **head))


def test_labels_without_images_say_where_these_belong(tmp_path: Path) -> None:
    revision = import_dataset(lay(tmp_path / "own", ITEM))[0]
    export_revision(revision, tmp_path / "new", format="model_playground", with_images=False)
    with pytest.raises(InvalidError, match=r"there is no file files/a/b.png"):
        import_dataset(tmp_path / "new")


def test_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="is for detection, not for segmentation"):
        import_dataset(lay(tmp_path, ITEM), task="segmentation")


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    folder = lay(tmp_path / "own", ITEM, {"id": "x", "image": "d.png"})
    files = ("dataset.json", "items.jsonl")
    assert_no_traceback(folder, files, "model_playground", tmp_path / "fuzz", cases=CASES)
