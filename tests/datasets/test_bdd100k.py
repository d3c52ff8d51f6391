"""BDD100K: lists of images with boxes, outlines and lines, and what in them cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

DROP = ReadOptions(drop_faulty=True)
BOX = {"x1": 1.0, "y1": 2.0, "x2": 5.0, "y2": 4.0}
CORNERS = [[1, 1], [5, 1], [5, 4]]


def a_label(category: str = "car", **changes: Any) -> dict[str, Any]:
    """A label with a box; arguments replace its keys."""
    return {"id": "0", "category": category, "box2d": BOX} | changes


def an_outline(**changes: Any) -> dict[str, Any]:
    return {"vertices": CORNERS, "types": "LLL", "closed": True} | changes


def an_image(name: str, *labels: Any, **changes: Any) -> dict[str, Any]:
    return {"name": name, "timestamp": 10000, "labels": list(labels)} | changes


def write(folder: Path, *images: Any, name: str = "labels/det_train.json") -> Path:
    """Images a.jpg and b.jpg of 8×6 pixels, and a file."""
    for one in ("a", "b"):
        draw(folder / f"images/100k/{one}.jpg", like=one)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(images, indent=1))
    return folder


def read(folder: Path, *labels: Any) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, an_image("a.jpg", *labels)), options=DROP)


def test_boxes_are_read_with_what_is_said_of_them(tmp_path: Path) -> None:
    attributes = {"occluded": True, "truncated": False, "trafficLightColor": "none"}
    images = (
        an_image("a.jpg", a_label(attributes=attributes), attributes={"weather": "clear"}),
        an_image("b.jpg", labels=None),
    )
    revision, report = import_dataset(write(tmp_path, *images))
    assert (revision.format, revision.task) == ("bdd100k", "detection")
    assert revision.items["path"].to_pylist() == ["images/100k/a.jpg", "images/100k/b.jpg"]
    assert revision.items["partition"].to_pylist() == ["train", "train"]
    assert revision.items["weather"].to_pylist() == ["clear", None]
    (row,) = revision.annotations.to_pylist()
    assert [row[side] for side in ("left", "top", "right", "bottom")] == [1, 2, 5, 4]
    assert json.loads(row["attributes"]) == {"occluded": True}
    lines = (tmp_path / "labels/det_train.json").read_text().splitlines()
    assert row["source_line"] == lines.index('    "id": "0",')  # the line before
    assert report.errors == 0


def test_closed_outlines_are_polygons_and_lines_are_counted(tmp_path: Path) -> None:
    labels = (
        a_label("drivable area", box2d=None, poly2d=[an_outline(), an_outline(types="LCC")]),
        a_label("lane", box2d=None, poly2d=[an_outline(closed=False)]),
        a_label("lane", box2d=None, poly2d=[an_outline(closed=False)]),
    )
    revision, report = read(tmp_path, *labels)
    assert revision.task == "instance_segmentation"
    (row,) = revision.annotations.to_pylist()
    assert row["rings_xy"] == [[1, 1, 5, 1, 5, 4]] * 2
    (lines,) = [one for one in report.findings if one.kind == "unread_shape"]
    assert "2 in all" in lines.message
    assert len(found(report, "approximated_shape")) == 1


def test_the_frames_of_scalabel_are_read(tmp_path: Path) -> None:
    folder = write(tmp_path)
    said = {"frames": [an_image("a.jpg", a_label())], "config": {}}
    (folder / "labels/det_train.json").write_text(json.dumps(said))
    assert import_dataset(folder)[0].class_counts() == {"car": 1}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"box2d": None}, "no_shape"),
        ({"box2d": {"x1": 1}}, "bad_annotation"),
        ({"box2d": None, "poly2d": [an_outline(vertices=[])]}, "bad_annotation"),
        ({"category": ""}, "bad_annotation"),
        ({"box2d": BOX | {"x2": 1e300}}, "bad_annotation"),
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, change: dict[str, Any], kind: str
) -> None:
    revision, report = read(tmp_path, a_label(), a_label(**change))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert finding.file == "labels/det_train.json"
    assert finding.line == (tmp_path / finding.file).read_text().splitlines().index("   },") + 2


def test_an_image_in_two_files_asks_for_one_of_them(tmp_path: Path) -> None:
    folder = write(tmp_path, an_image("a.jpg", a_label()))
    write(folder, an_image("a.jpg", a_label()), name="labels/lane_train.json")
    with pytest.raises(InvalidError, match=r"stands in labels/det_train\.json too: give the path"):
        import_dataset(folder)


def test_no_file_ends_in_a_traceback(tmp_path: Path) -> None:
    labels = (
        a_label(attributes={"occluded": True}),
        a_label(box2d=None, poly2d=[an_outline(types="LCC"), an_outline(closed=False)]),
    )
    images = (an_image("a.jpg", *labels, attributes={"weather": "clear"}), an_image("b.jpg"))
    folder = write(tmp_path / "data", *images)
    files = ("labels/det_train.json",)
    tasks = (None, "segmentation")
    assert_no_traceback(folder, files, "bdd100k", tmp_path / "x", tasks=tasks, cases=CASES)
