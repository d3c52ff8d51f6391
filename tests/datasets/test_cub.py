"""CUB's lists: classes, parts and boxes by the ids of images, and lines that fit none."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, draw_mask, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

LISTS = {
    "images": "1 001.Gull/gull_1.jpg\n2 001.Gull/gull_2.jpg\n3 002.Tern/tern_1.jpg\n",
    "image_class_labels": "1 1\n2 1\n3 2\n",
    "classes": "1 001.Gull\n2 002.Tern\n",
    "train_test_split": "1 1\n2 0\n3 1\n",
    "bounding_boxes": "1 1.0 2.0 3.0 4.0\n2 0.0 0.0 8.0 6.0\n3 1.0 1.0 2.0 2.0\n",
}


def write(folder: Path, **lists: str) -> Path:
    """Three images of 8×6 pixels of two classes; arguments replace the lists."""
    for name in ("001.Gull/gull_1", "001.Gull/gull_2", "002.Tern/tern_1"):
        draw(folder / f"CUB_200_2011/images/{name}.jpg", like=name)
    for name, text in (LISTS | lists).items():
        (folder / f"CUB_200_2011/{name}.txt").write_text(text)
    return folder


def test_classes_and_parts_are_those_of_the_lists(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path))
    assert (revision.format, revision.task) == ("cub", "classification")
    assert [(one.name, one.source_id) for one in revision.classes] == [
        ("001.Gull", 1),
        ("002.Tern", 2),
    ]
    assert revision.class_counts() == {"001.Gull": 2, "002.Tern": 1}
    assert revision.items["partition"].to_pylist() == ["train", "test", "train"]
    assert found(report, "part_list") == []


def test_the_lists_hold_where_the_folders_say_something_else(tmp_path: Path) -> None:
    revision, _ = import_dataset(write(tmp_path, image_class_labels="1 2\n2 1\n3 1\n"))
    rows = revision.annotations.to_pylist()
    assert [revision.classes[row["class_index"]].name for row in rows] == [
        *("002.Tern", "001.Gull", "001.Gull"),
    ]


def test_boxes_are_of_the_class_of_their_image(tmp_path: Path) -> None:
    revision, _ = import_dataset(write(tmp_path), task="detection")
    rows = revision.annotations.to_pylist()
    boxes = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes == [[1, 2, 4, 6], [0, 0, 8, 6], [1, 1, 3, 3]]
    assert [row["class_index"] for row in rows] == [0, 0, 1]
    assert rows[0]["source_file"] == "CUB_200_2011/bounding_boxes.txt"


def test_boxes_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "CUB_200_2011/bounding_boxes.txt").unlink()
    with pytest.raises(InvalidError, match=r"no bounding_boxes\.txt, which detection needs"):
        import_dataset(folder, task="detection")


def test_two_classes_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    revision, _ = import_dataset(write(tmp_path, classes="1 Common Gull\n2 Common Gull\n"))
    assert [one.name for one in revision.classes] == ["Common Gull (1)", "Common Gull (2)"]


@pytest.mark.parametrize(
    ("name", "line", "kind", "blocks"),
    [
        ("images", "4 001.Gull/gull_9.jpg", "missing_file", True),
        ("images", "4 001.Gull/gull_1.jpg", "image_twice", True),
        ("images", "1 001.Gull/gull_1.jpg", "image_id_twice", True),
        ("image_class_labels", "9 1", "unknown_image", False),
        ("train_test_split", "1 x", "bad_annotation", False),
    ],
)
def test_what_does_not_fit_is_told_by_line(
    tmp_path: Path, name: str, line: str, kind: str, blocks: bool
) -> None:
    folder = write(tmp_path, **{name: f"{LISTS[name]}{line}\n"})
    _, report = import_dataset(folder, options=ReadOptions(drop_faulty=True))
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.file, finding.line) == (f"CUB_200_2011/{name}.txt", 4)
    assert (finding.severity == "error") is blocks


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "CUB_200_2011/parts").mkdir()
    (folder / "CUB_200_2011/parts/part_locs.txt").write_text("1 1 0.0 0.0 0\n")
    draw_mask(folder / "segmentations/001.Gull/gull_1.png", [[0, 255]])
    _, report = import_dataset(folder)
    assert found(report, "other_labels") == ["CUB_200_2011/parts/part_locs.txt"]
    assert found(report, "file_without_row") == ["segmentations/001.Gull/gull_1.png"]


def test_no_list_ends_in_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    files = [f"CUB_200_2011/{name}.txt" for name in LISTS]
    tasks = (None, "detection", "tagging")
    assert_no_traceback(folder, files, "cub", tmp_path / "x", tasks=tasks, cases=CASES)
