"""WIDER FACE: one list for all images, their boxes, and lines that fit none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

MARCH = "0--Parade/march_1.jpg"
EMPTY = "0--Parade/march_2.jpg"
HANDS = "1--Hand shake/hands.jpg"
TRAIN = (
    f"{MARCH}\n2\n1 1 3 2 0 0 0 0 0 0 \n4 2 2 3 2 0 0 1 0 0 \n{EMPTY}\n0\n0 0 0 0 0 0 0 0 0 0 \n"
)
VAL = f"{HANDS}\n1\n0 0 8 6 0 0 0 0 0 1 \n"


def write(folder: Path, train: str = TRAIN, val: str = VAL) -> Path:
    """Images of 8×6 pixels in two parts, and a list for each."""
    for name in (MARCH, EMPTY):
        draw(folder / f"WIDER_train/images/{name}", like=name)
    draw(folder / f"WIDER_val/images/{HANDS}", like=HANDS)
    (folder / "wider_face_split").mkdir(exist_ok=True)
    for part, text in (("train", train), ("val", val)):
        (folder / f"wider_face_split/wider_face_{part}_bbx_gt.txt").write_text(text)
    return folder


def test_the_boxes_of_faces_are_read(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path))
    assert (revision.format, revision.task) == ("wider_face", "detection")
    assert revision.class_counts() == {"face": 2}
    assert revision.items["path"].to_pylist() == [
        f"WIDER_train/images/{MARCH}",
        f"WIDER_train/images/{EMPTY}",
        f"WIDER_val/images/{HANDS}",
    ]
    assert revision.items["partition"].to_pylist() == ["train", "train", "validation"]
    rows = revision.annotations.to_pylist()
    boxes = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes == [[1, 1, 4, 3], [4, 2, 6, 5], [0, 0, 8, 6]]
    assert [json.loads(row["attributes"] or "{}") for row in rows] == [
        {},
        {"blur": 2, "invalid": 1},
        {"pose": 1},
    ]
    assert [row["source_line"] for row in rows] == [3, 4, 3]
    assert report.errors == 0


@pytest.mark.parametrize("line", ["1 1 3", "1 1 3 x", "a face"])
def test_a_line_that_is_no_box_is_left_out(tmp_path: Path, line: str) -> None:
    revision, report = import_dataset(write(tmp_path, val=f"{VAL}{line}\n"))
    assert revision.object_count == 3
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.file, finding.line) == ("wider_face_split/wider_face_val_bbx_gt.txt", 4)


def test_a_number_that_is_not_that_of_the_boxes_is_told(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path, val=VAL.replace("\n1\n", "\n2\n")))
    assert revision.object_count == 3
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.line, finding.decision) == (2, "kept")
    assert "counts 2, and 1 box follows" in finding.message


def test_images_that_are_missing_or_not_named_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path, train=TRAIN.replace(MARCH, "0--Parade/gone.jpg"))
    revision, report = import_dataset(folder, options=ReadOptions(drop_faulty=True))
    assert revision.items.num_rows == 2
    assert found(report, "missing_file") == ["wider_face_split/wider_face_train_bbx_gt.txt"]
    assert found(report, "file_without_row") == [f"WIDER_train/images/{MARCH}"]


def test_an_image_is_that_of_the_part_of_its_list(tmp_path: Path) -> None:
    folder = write(tmp_path, val=TRAIN)
    for name in (MARCH, EMPTY):
        draw(folder / f"WIDER_val/images/{name}")
    revision, _ = import_dataset(folder)
    parts = revision.items["partition"].to_pylist()
    assert parts == ["train", "train", "validation", "validation"]
    assert revision.items["path"].to_pylist()[2:] == [
        f"WIDER_val/images/{name}" for name in (MARCH, EMPTY)
    ]


def test_a_list_alone_finds_the_images_beside_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path)
    revision, _ = import_dataset(folder / "wider_face_split/wider_face_train_bbx_gt.txt")
    assert revision.items.num_rows == 2


def test_no_list_ends_in_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    files = [f"wider_face_split/wider_face_{part}_bbx_gt.txt" for part in ("train", "val")]
    assert_no_traceback(folder, files, "wider_face", tmp_path / "x", tasks=(None,), cases=CASES)
