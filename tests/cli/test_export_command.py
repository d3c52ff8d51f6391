"""`playground dataset export`: what is lost is said, and a split gives the parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Ten images with a box each, as COCO has them."""
    folder = tmp_path / "boxes"
    folder.mkdir()
    for number in range(10):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(folder / f"{number}.png")
    said = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(10)],
        "annotations": [
            {"image_id": number, "category_id": 3, "bbox": [1, 1, 2, 3], "iscrowd": number == 0}
            for number in range(10)
        ],
        "categories": [{"id": 3, "name": "cat"}],
    }
    (folder / "instances.json").write_text(json.dumps(said))
    return folder


def test_a_dataset_is_exported_with_the_parts_of_a_split(
    run: Run, boxes: Path, tmp_path: Path
) -> None:
    assert run("dataset", "import", boxes, "--name", "boxes").code == 0
    assert run("split", "create", "boxes", "--name", "boxes-1").code == 0
    wanted = ("--format", "yolo", "--split", "boxes-1")
    exported = run("dataset", "export", "boxes", tmp_path / "yolo", *wanted)
    assert exported.code == 0, exported.err
    assert "Wrote 10 items with 10 annotations and 10 files to" in exported.out
    assert "YOLO does not hold the mark of a crowd" in exported.err
    counts = run("split", "show", "boxes-1", "--json").json["counts"]
    names = {"train": "train", "validation": "val", "test": "test"}
    for part, count in counts.items():
        assert len(list((tmp_path / f"yolo/images/{names[part]}").iterdir())) == count
        assert len(list((tmp_path / f"yolo/labels/{names[part]}").iterdir())) == count

    again = run("dataset", "export", "boxes", tmp_path / "yolo", "--format", "yolo")
    assert (again.code, "is not empty" in again.err) == (2, True)
    assert run("dataset", "import", tmp_path / "yolo", "--name", "again", "--json").code == 0


def test_labels_alone_and_as_json(run: Run, boxes: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", boxes, "--name", "boxes").code == 0
    wanted = ("--format", "coco", "--no-images", "--json")
    report = run("dataset", "export", "boxes", tmp_path / "coco", *wanted).json
    assert (report["items"], report["annotations"], report["files"]) == (10, 10, 0)
    assert [one.name for one in (tmp_path / "coco").iterdir()] == ["annotations.json"]
    for wanted, complaint in (
        (("boxes", "--format", "yollo"), "Did you mean yolo"),
        (("boxs", "--format", "yolo"), "Did you mean boxes"),
        (("boxes", "--format", "yolo", "--split", "none"), "no split named 'none'"),
    ):
        name, *options = wanted
        refused = run("dataset", "export", name, tmp_path / "other", *options)
        assert refused.code != 0
        assert complaint in refused.err
    assert not (tmp_path / "other").exists()
