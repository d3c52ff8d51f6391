"""KITTI: boxes and what else is said of objects; label files and their images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

DROP = ReadOptions(drop_faulty=True)
CAR = "Car 0.25 1 -1.5 1.0 2.0 5.0 4.0 1.5 1.6 3.7 1.0 1.7 13.2 -1.6"
BARE = "Pedestrian 0.00 0 -10 0.00 0.00 8.00 6.00 -1 -1 -1 -1000 -1000 -1000 -10"
DONT_CARE = "DontCare -1 -1 -10 0.0 0.0 2.0 2.0 -1 -1 -1 -1000 -1000 -1000 -10"


def write(folder: Path, **files: str) -> Path:
    """Images of 8×6 pixels in training and testing, and label files for some of the former."""
    for name in ("a", "b"):
        draw(folder / f"training/image_2/{name}.png", like=name)
        draw(folder / f"testing/image_2/{name}.png", like=f"test {name}")
    (folder / "training/label_2").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"training/label_2/{name}.txt").write_text(text)
    return folder


def test_boxes_are_read_with_all_that_is_said_of_them(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path, a=f"{CAR}\n{BARE}\n{DONT_CARE}\n", b=CAR))
    assert (revision.format, revision.task) == ("kitti", "detection")
    assert revision.items["path"].to_pylist() == [
        "training/image_2/a.png",
        "training/image_2/b.png",
    ]
    assert revision.items["partition"].to_pylist() == ["train", "train"]
    rows = revision.annotations.to_pylist()[:2]
    boxes = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes == [[1, 2, 5, 4], [0, 0, 8, 6]]
    assert [json.loads(row["attributes"] or "{}") for row in rows] == [
        {
            "alpha": -1.5,
            "dimensions": [1.5, 1.6, 3.7],
            "location": [1.0, 1.7, 13.2],
            "occluded": 1,
            "rotation_y": -1.6,
            "truncated": 0.25,
        },
        {},
    ]
    assert [row["source_line"] for row in rows] == [1, 2]
    assert rows[0]["source_file"] == "training/label_2/a.txt"
    assert revision.class_counts() == {"Car": 2, "Pedestrian": 1}
    (finding,) = [one for one in report.findings if one.kind == "unlabelled_region"]
    assert (finding.decision, finding.file, finding.line) == ("dropped", rows[0]["source_file"], 3)
    assert found(report, "missing_annotation_file") == ["testing/image_2/a.png"]
    assert report.errors == 0
    assert report.recognised.startswith(
        "read as kitti, because training/label_2/a.txt and alike hold KITTI's 15 columns"
    )


def test_a_score_is_kept_and_reported(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path, a=f"{BARE} 0.75\n", b=CAR))
    assert revision.annotations["attributes"].to_pylist()[0] == '{"confidence":0.75}'
    assert found(report, "confidence") == ["training/label_2/a.txt"]


def test_of_the_cameras_the_one_is_read_whose_number_the_labels_have(tmp_path: Path) -> None:
    for camera in ("image_2", "image_3"):
        draw(tmp_path / camera / "a.png", like=camera)
    (tmp_path / "label_2").mkdir()
    (tmp_path / "label_2/a.txt").write_text(CAR)
    assert import_dataset(tmp_path)[0].items["path"].to_pylist() == ["image_2/a.png"]
    (tmp_path / "label_2").rename(tmp_path / "labels")
    with pytest.raises(InvalidError, match=r"may be of image_2/a.png and image_3/a.png"):
        import_dataset(tmp_path)


@pytest.mark.parametrize("folders", [("images", "labels"), ("", ""), ("images", "images")])
def test_other_folders_do_as_well(tmp_path: Path, folders: tuple[str, str]) -> None:
    images, labels = (tmp_path / one for one in folders)
    draw(images / "a.jpg")
    labels.mkdir(exist_ok=True)
    (labels / "a.txt").write_text(f"{CAR}\r\n")
    revision, report = import_dataset(tmp_path)
    assert revision.class_counts() == {"Car": 1}
    assert {one.kind for one in report.findings} == {"few_items", "tiny_object"}


def test_an_empty_file_says_that_nothing_is_there_and_a_missing_one_nothing(tmp_path: Path) -> None:
    draw(tmp_path / "training/image_2/c.png")
    revision, report = import_dataset(write(tmp_path, a=CAR, c=""))
    assert revision.items["path"].to_pylist() == [f"training/image_2/{one}.png" for one in "ac"]
    assert list(revision.given_statuses.values()) == ["DONE"]
    assert found(report, "empty_annotation_file") == ["training/label_2/c.txt"]
    assert found(report, "missing_annotation_file") == [
        "training/image_2/b.png",
        "testing/image_2/a.png",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Car 0 0", "3 columns, where KITTI has 15 or 16"),
        (CAR.replace("5.0", "x"), "'x' is no number"),
        (CAR.replace("5.0", "nan"), "'nan' is no number"),
        (CAR.replace("5.0", "1e300"), "'1e300' is no number"),
    ],
)
def test_bad_lines_are_left_out(tmp_path: Path, line: str, said: str) -> None:
    revision, report = import_dataset(write(tmp_path, a=f"{CAR}\n\n{line}\n", b=CAR))
    assert revision.object_count == 2
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.file, finding.line) == ("training/label_2/a.txt", 3)
    assert said in finding.message


def test_files_that_belong_to_no_image(tmp_path: Path) -> None:
    write(tmp_path, a=CAR, gone=CAR, notes="see the paper")
    with pytest.raises(InvalidError, match=r"training/label_2/gone.txt has no image"):
        import_dataset(tmp_path)
    _, report = import_dataset(tmp_path, options=DROP)
    assert found(report, "other_labels") == ["training/label_2/notes.txt"]


def test_two_files_of_one_image_block_the_import(tmp_path: Path) -> None:
    write(tmp_path, a=CAR)
    (tmp_path / "training/more").mkdir()
    (tmp_path / "training/more/a.txt").write_text(CAR)
    with pytest.raises(
        InvalidError, match=r"more/a.txt is of the image training/image_2/a.png, as"
    ):
        import_dataset(tmp_path)


def test_what_is_no_text_and_what_leads_out_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CAR)
    folder = write(tmp_path / "data", a=CAR)
    (folder / "training/label_2/b.txt").symlink_to(secret)
    with pytest.raises(InvalidError, match=r"label_2/b.txt leads out of the dataset's folder"):
        import_dataset(folder)
    assert len(import_dataset(folder, options=ReadOptions(follow_links=True))[0].items) == 2
    (folder / "training/label_2/b.txt").unlink()
    (folder / "training/label_2/b.txt").write_bytes(b"Car \x81")
    with pytest.raises(InvalidError, match=r"label_2/b.txt: it is not saved as UTF-8"):
        import_dataset(folder)


def test_a_class_in_windows_1252_is_read_and_reported(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", a=CAR)
    line = BARE.replace("Pedestrian", "Fußgänger").encode("cp1252")
    (folder / "training/label_2/b.txt").write_bytes(line)
    revision, report = import_dataset(folder)
    assert [one.name for one in revision.classes] == ["Car", "Fußgänger"]
    (found,) = [one for one in report.findings if one.kind == "encoding_assumed"]
    assert (found.file, found.line) == ("training/label_2/b.txt", 1)


def test_no_label_file_ends_in_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", a=f"{CAR}\n{BARE} 0.5\n{DONT_CARE}\n", b=CAR)
    files = ("training/label_2/a.txt", "training/label_2/b.txt")
    assert_no_traceback(
        folder, files, "kitti", tmp_path / "x", tasks=(None, "tagging"), cases=CASES
    )
