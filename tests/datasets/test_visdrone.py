"""VisDrone: boxes with their classes' names, regions to ignore, and lines that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

CAR = "1,2,3,4,1,4,0,2,"
PERSON = "0,0,5,5,1,1,1,0"
IGNORED = "2,1,3,3,0,0,0,0"


def write(folder: Path, **files: str) -> Path:
    """Images of 8×6 pixels in two parts, and label files for some of them."""
    for part in ("train", "val"):
        for name in (f"{part}_a", f"{part}_b"):
            draw(folder / f"VisDrone2019-DET-{part}/images/{name}.jpg", like=name)
        (folder / f"VisDrone2019-DET-{part}/annotations").mkdir(exist_ok=True)
    for name, text in files.items():
        part = name.partition("_")[0]
        (folder / f"VisDrone2019-DET-{part}/annotations/{name}.txt").write_text(text)
    return folder


def test_boxes_are_read_with_the_names_of_their_classes(tmp_path: Path) -> None:
    folder = write(tmp_path, train_a=f"{CAR}\n{PERSON}\n{IGNORED}\n", val_a=PERSON)
    revision, report = import_dataset(folder)
    assert (revision.format, revision.task) == ("visdrone", "detection")
    assert revision.items["partition"].to_pylist() == ["train", "validation"]
    assert revision.class_counts() == {"car": 1, "pedestrian": 2}
    rows = revision.annotations.to_pylist()[:2]
    boxes = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes == [[1, 2, 4, 6], [0, 0, 5, 5]]
    assert [json.loads(row["attributes"]) for row in rows] == [{"occluded": 2}, {"truncated": 1}]
    (finding,) = [one for one in report.findings if one.kind == "unlabelled_region"]
    assert (finding.decision, finding.line) == ("dropped", 3)


@pytest.mark.parametrize("line", ["1,2,3,4,1,12,0,0", "1,2,3,4,1", "1,2,3,4,1,4,0,x", "car"])
def test_a_line_that_is_no_object_is_left_out(tmp_path: Path, line: str) -> None:
    revision, report = import_dataset(write(tmp_path, train_a=CAR, train_b=f"{CAR}\n{line}\n"))
    assert revision.object_count == 2
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.file, finding.line) == ("VisDrone2019-DET-train/annotations/train_b.txt", 2)


def test_a_file_of_regions_to_ignore_says_that_nothing_is_there(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path, train_a=CAR, train_b=IGNORED))
    assert revision.items.num_rows == 2
    assert found(report, "empty_annotation_file") == [
        "VisDrone2019-DET-train/annotations/train_b.txt"
    ]


def test_no_label_file_gives_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", train_a=f"{CAR}\n{PERSON}\n{IGNORED}", val_a=CAR)
    files = [
        "VisDrone2019-DET-train/annotations/train_a.txt",
        "VisDrone2019-DET-val/annotations/val_a.txt",
    ]
    options = ReadOptions(drop_faulty=True)
    assert import_dataset(folder, options=options)[0].object_count == 3
    assert_no_traceback(
        folder, files, "visdrone", tmp_path / "x", tasks=(None, "tagging"), cases=CASES
    )
