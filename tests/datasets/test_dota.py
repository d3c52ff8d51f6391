"""DOTA: four corners, class and difficulty; the lines before them; what is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.importing import import_dataset

HEAD = "imagesource:GoogleEarth\ngsd:0.146343590398\n"
PLANE = "1 1 6 1 6 5 2 5 plane 0"
SHIP = "0.0 0.0 3.0 1.0 2.5 3.5 0.0 3.0 large-ship 1"


def write(folder: Path, labels: str = "labelTxt", **files: str) -> Path:
    """Images of 8×6 pixels in train and val, and label files for some of the former."""
    for part in ("train", "val"):
        for name in ("a", "b"):
            draw(folder / part / f"images/{name}.png", like=f"{part} {name}")
        (folder / part / labels).mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / part / labels / f"{name}.txt").write_text(text)
    return folder


def test_corners_are_polygons_with_their_difficulty(tmp_path: Path) -> None:
    folder = write(tmp_path, a=f"{HEAD}{PLANE}\n{SHIP}\n", b="imagesource:\ngsd:None\n")
    revision, report = import_dataset(folder)
    assert (revision.format, revision.task) == ("dota", "detection")
    assert revision.items["path"].to_pylist() == [
        f"{part}/images/{name}.png" for part in ("train", "val") for name in "ab"
    ]
    assert revision.items["partition"].to_pylist() == ["train"] * 2 + ["validation"] * 2
    rows = revision.annotations.to_pylist()[:2]
    assert [row["rings_xy"] for row in rows] == [
        [[1, 1, 6, 1, 6, 5, 2, 5]],
        [[0, 0, 3, 1, 2.5, 3.5, 0, 3]],
    ]
    assert [rows[1][side] for side in ("left", "top", "right", "bottom")] == [0, 0, 3, 3.5]
    assert [row["attributes"] for row in rows] == [None, '{"difficult":true}']
    assert [row["source_line"] for row in rows] == [3, 4]
    assert revision.items["gsd"].to_pylist() == ["0.146343590398", None] * 2
    assert revision.items["imagesource"].to_pylist() == ["GoogleEarth", None] * 2
    assert revision.class_counts() == {"large-ship": 2, "plane": 2}
    assert found(report, "turned_boxes") == ["train/labelTxt/a.txt"]
    assert found(report, "empty_annotation_file") == ["train/labelTxt/b.txt", "val/labelTxt/b.txt"]
    assert list(revision.given_statuses.values()) == ["DONE"] * 2
    assert report.recognised.startswith("read as dota, because train/labelTxt/a.txt and alike hold")


@pytest.mark.parametrize("labels", ["labels", "images", "labelTxt-v1.5"])
def test_whole_numbers_are_not_taken_for_yolo(tmp_path: Path, labels: str) -> None:
    folder = write(tmp_path, labels, a=f"{PLANE}\n", b=f"{PLANE}\n")
    assert FORMATS["yolo"]().detect(folder) is None
    revision, report = import_dataset(folder)
    assert (revision.format, revision.object_count, report.errors) == ("dota", 4, 0)


def test_a_class_of_several_words_and_a_line_without_difficulty(tmp_path: Path) -> None:
    corners = "1 1 6 1 6 5 2 5"
    lines = (f"{corners} basketball court 2", f"{corners} plane", f"{corners} storage tank")
    revision, _ = import_dataset(write(tmp_path, a="\n".join(lines), b=""))
    assert [one.name for one in revision.classes] == ["basketball court", "plane", "storage tank"]
    first = revision.annotations["attributes"].to_pylist()[:3]
    assert first == ['{"difficult":"2"}', None, None]


@pytest.mark.parametrize(
    "line",
    [
        "1 1 6 1 6 5 2 plane 0",
        "1 1 6 1 6 5 2 5",
        "1 1 6 1 6 5 2 nan plane 0",
        "x",
        "1e300 " * 8 + "a",
    ],
)
def test_bad_lines_are_left_out(tmp_path: Path, line: str) -> None:
    revision, report = import_dataset(write(tmp_path, a=f"{HEAD}{PLANE}\n{line}\n", b=PLANE))
    assert revision.object_count == 4
    first, _ = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (first.file, first.line) == ("train/labelTxt/a.txt", 4)


def test_labels_of_two_versions_block_the_import(tmp_path: Path) -> None:
    write(tmp_path, "labelTxt-v1.0", a=PLANE)
    write(tmp_path, "labelTxt-v1.5", a=PLANE)
    with pytest.raises(InvalidError, match=r"v1.5/a.txt is of the image train/images/a.png, as "):
        import_dataset(tmp_path)


def test_labels_of_yolo_are_none(tmp_path: Path) -> None:
    write(tmp_path, "labels", a="0 .1 .1 .6 .1 .6 .5 .2 .5\n", b="0 .5 .5 .2 .2\n")
    assert FORMATS["dota"]().detect(tmp_path) is None
    assert import_dataset(tmp_path)[0].format == "yolo"


def test_outlines_are_drawn(tmp_path: Path) -> None:
    options = ReadOptions(drop_faulty=True)
    folder = write(tmp_path, a="1 1 5 1 5 3 1 3 plane 0\n", b="")
    revision, _ = import_dataset(folder, task="segmentation", options=options)
    areas = revision.areas(revision.item_ids)
    assert [int(one.mask((6, 8)).sum()) for one in areas.values()] == [8, 0] * 2


def test_no_label_file_ends_in_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", a=f"{HEAD}{PLANE}\n{SHIP}\n", b=PLANE)
    files = ("train/labelTxt/a.txt", "val/labelTxt/b.txt")
    tasks = (None, "segmentation", "instance_segmentation")
    assert_no_traceback(folder, files, "dota", tmp_path / "x", tasks=tasks, cases=CASES)
