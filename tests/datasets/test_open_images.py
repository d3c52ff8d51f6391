"""Open Images: boxes, image-level labels, names of classes, parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found, kinds

from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

BOXES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
    "0001,xclick,/m/cat,1,0.25,0.5,0,0.5,1,0,0,-1,0\n"
    "0001,xclick,/m/dog,1,0,1,0,1,0,0,1,0,0\n"
    "0002,xclick,/m/cat,1,0.5,0.75,0.5,1,0,0,0,0,0\n"
    "ffff,xclick,/m/cat,1,0.5,0.75,0.5,1,0,0,0,0,0\n"
)
LABELS = (
    "ImageID,Source,LabelName,Confidence\n"
    "0001,verification,/m/cat,1\n0001,verification,/m/dog,0\n0002,machine,/m/dog,0.7\n"
)
NAMES = '/m/cat,Cat\n/m/dog,"Dog, small"\n/m/cow,Cow\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of 8×6 pixels and the boxes of two."""
    for name in ("0001", "0002", "0003"):
        draw(tmp_path / f"images/{name}.jpg")
    (tmp_path / "validation-annotations-bbox.csv").write_text(BOXES)
    (tmp_path / "class-descriptions-boxable.csv").write_text(NAMES)
    return tmp_path


def objects(revision: Revision) -> list[tuple[str, tuple[float, ...]]]:
    """Return class and box xyxy of each object."""
    return [
        (
            revision.classes[row["class_index"]].name,
            tuple(row[side] for side in ("left", "top", "right", "bottom")),
        )
        for row in revision.annotations.to_pylist()
        if row["kind"] == "box"
    ]


def test_boxes_are_shares_of_the_size(folder: Path) -> None:
    revision, report = import_dataset(folder)
    assert (revision.format, revision.task) == ("open_images", "detection")
    assert objects(revision) == [
        ("Cat", (2, 0, 4, 3)),
        ("Dog, small", (0, 0, 8, 6)),
        ("Cat", (4, 3, 6, 6)),
    ]
    assert revision.annotations["crowd"].to_pylist() == [None, True, None]
    assert json.loads(revision.annotations["attributes"][0].as_py()) == {"occluded": True}
    assert set(revision.items["partition"].to_pylist()) == {"validation"}
    assert found(report, "listed_not_here") == ["validation-annotations-bbox.csv"]
    assert found(report, "file_without_row") == ["images/0003.jpg"]
    assert report.errors == 0


def test_labels_of_confidence_0_are_no_tags(folder: Path) -> None:
    (folder / "validation-annotations-bbox.csv").unlink()
    (folder / "oidv6-train-annotations-human-imagelabels.csv").write_text(LABELS)
    revision, report = import_dataset(folder)
    assert revision.task == "tagging"
    assert revision.class_counts() == {"Cat": 1, "Dog, small": 1}
    assert set(revision.items["partition"].to_pylist()) == {"train"}
    assert "labels_absent" in kinds(report)


def test_without_names_classes_are_called_by_their_ids(folder: Path) -> None:
    (folder / "class-descriptions-boxable.csv").unlink()
    revision, report = import_dataset(folder / "validation-annotations-bbox.csv")
    assert [one.name for one in revision.classes] == ["/m/cat", "/m/dog"]
    assert "no_class_names" in kinds(report)


def test_a_head_over_the_names_is_no_class(folder: Path) -> None:
    (folder / "class-descriptions-boxable.csv").write_text(f"LabelName,DisplayName\n{NAMES}")
    assert [one.name for one in import_dataset(folder)[0].classes] == ["Cat", "Dog, small"]


def test_lines_with_a_fault_are_left_out_and_masks_told(folder: Path) -> None:
    path = folder / "validation-annotations-bbox.csv"
    path.write_text(BOXES + "0003,x,/m/cat,1,nan,1,0,1,0,0,0,0,0\n0003,x,/m/cat,1\n")
    (folder / "validation-annotations-object-segmentation.csv").write_text(
        "MaskPath,ImageID,LabelName,BoxID\n1.png,0001,/m/cat,x\n"
    )
    revision, report = import_dataset(folder, options=ReadOptions(format="open_images"))
    assert len(objects(revision)) == 3
    assert [one.line for one in report.findings if one.kind == "bad_box"] == [6, 7]
    assert "masks_unread" in kinds(report)


def test_faulty_boxes_of_several_files_are_named_by_file_and_line(folder: Path) -> None:
    head, *_ = BOXES.splitlines()
    reversed_box = "0003,xclick,/m/cat,1,0.5,0.25,0,1,0,0,0,0,0\n"
    for name in ("train-a.csv", "train-b.csv"):
        (folder / name).write_text(f"{head}\n" + 5_000 * reversed_box)
    _, report = import_dataset(folder)
    told = [(one.file, one.line) for one in report.findings if one.kind == "reversed_box"]
    lines = range(2, 5_002)
    assert told == [(file, line) for file in ("train-a.csv", "train-b.csv") for line in lines]


def test_no_file_ends_in_a_traceback(folder: Path, tmp_path: Path) -> None:
    (folder / "validation-labels.csv").write_text(LABELS)
    files = (
        "validation-annotations-bbox.csv",
        "validation-labels.csv",
        "class-descriptions-boxable.csv",
    )
    assert_no_traceback(
        folder, files, "open_images", tmp_path / "x", tasks=(None, "tagging"), cases=CASES
    )


def test_a_download_with_a_folder_for_each_part(tmp_path: Path) -> None:
    for part, name in (("train", "0001"), ("validation", "0002")):
        folder = tmp_path / "open-images" / part
        draw(folder / f"data/{name}.jpg")
        for inside in ("labels", "metadata"):
            (folder / inside).mkdir()
        lines = [line for line in BOXES.splitlines() if line.startswith(("ImageID", name))]
        (folder / "labels/detections.csv").write_text("\n".join(lines))
        (folder / "metadata/classes.csv").write_text(NAMES)
    revision, report = import_dataset(tmp_path)
    assert [name for name, _ in objects(revision)] == ["Cat", "Dog, small", "Cat"]
    assert sorted(revision.items["partition"].to_pylist()) == ["train", "validation"]
    assert "no_class_names" not in kinds(report)
