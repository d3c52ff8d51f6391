"""Class folders: the layouts that people have, and what they leave lying about in them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from pictures import draw, draw_mask, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import training_items


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for file in ("cat/1.png", "cat/2.jpg", "dog/1.png"):
        draw(tmp_path / file)
    revision, report = import_dataset(tmp_path)
    assert (revision.format, revision.task) == ("class_folders", "classification")
    assert revision.root == tmp_path
    assert revision.class_counts() == {"cat": 2, "dog": 1}
    assert revision.items["path"].to_pylist() == ["cat/1.png", "cat/2.jpg", "dog/1.png"]
    assert set(revision.items["width"].to_pylist()) == {8}
    assert set(revision.items["height"].to_pylist()) == {6}
    assert (report.items, report.errors) == (3, 0)
    items = training_items(revision, revision.item_ids)
    assert [item.class_index for item in items] == [0, 0, 1]
    assert [item.path for item in items] == [
        tmp_path / file for file in ("cat/1.png", "cat/2.jpg", "dog/1.png")
    ]


def test_the_class_folders_may_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    draw(tmp_path / "Dataset/0/a.png")
    draw(tmp_path / "Dataset/1/a.png")
    (tmp_path / "LICENSE").write_text("free")
    revision, report = import_dataset(tmp_path)
    assert revision.class_counts() == {"0": 1, "1": 1}
    assert revision.items["path"].to_pylist() == ["Dataset/0/a.png", "Dataset/1/a.png"]
    assert found(report, "other_files") == []


def test_numbers_in_class_names_are_ordered_by_value(tmp_path: Path) -> None:
    for name in ("10", "9", "100"):
        draw(tmp_path / name / "a.png")
    assert list(import_dataset(tmp_path)[0].class_counts()) == ["9", "10", "100"]


def test_folders_of_parts_become_a_column(tmp_path: Path) -> None:
    for file in ("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "Test/dog/3.png"):
        draw(tmp_path / file)
    revision, _ = import_dataset(tmp_path)
    assert revision.class_counts() == {"cat": 2, "dog": 2}
    assert revision.columns == ()
    by_path = dict(
        zip(
            revision.items["path"].to_pylist(),
            revision.items["partition"].to_pylist(),
            strict=True,
        )
    )
    assert by_path == {
        "Test/dog/3.png": "test",
        "train/cat/1.png": "train",
        "train/dog/1.png": "train",
        "val/cat/2.png": "validation",
    }


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train-images", "test-images"),
        ("images.train", "images.dev"),
        ("train/train", "test"),
    ],
)
def test_the_folders_of_parts_may_differ_in_a_word_and_stand_twice(
    tmp_path: Path, train: str, test: str
) -> None:
    for file in (f"{train}/cat/1.png", f"{train}/dog/1.png", f"{test}/dog/2.png"):
        draw(tmp_path / file)
    revision, report = import_dataset(tmp_path)
    assert revision.class_counts() == {"cat": 1, "dog": 2}
    assert dict(
        zip(
            revision.items["path"].to_pylist(),
            [one == "train" for one in revision.items["partition"].to_pylist()],
            strict=True,
        )
    ) == {f"{train}/cat/1.png": True, f"{train}/dog/1.png": True, f"{test}/dog/2.png": False}
    assert None not in revision.items["partition"].to_pylist()
    assert [one for one in report.findings if one.decision == "dropped"] == []
    assert f"in {test.split('/')[0]} and {train.split('/')[0]}" in (report.recognised or "")


def test_images_beside_the_parts_and_in_a_part_without_classes_are_left_out(tmp_path: Path) -> None:
    for file in (
        *("train/ant/images/1.png", "train/bee/images/2.png", "val/images/3.png"),
        *("test/images/4.png", "predict/predict/5.png"),
    ):
        draw(tmp_path / file)
    (tmp_path / "train/none").mkdir()
    revision, report = import_dataset(tmp_path)
    assert revision.class_counts() == {"ant": 1, "bee": 1}
    assert found(report, "image_without_class") == [
        "predict/predict/5.png",
        "test/images/4.png",
        "val/images/3.png",
    ]
    empty = [one.message for one in report.findings if one.kind == "empty_folder"]
    assert empty == ["the folder none holds no images: it is no class"]


def test_folders_named_after_parts_are_no_classes(tmp_path: Path) -> None:
    draw(tmp_path / "train_images/1.png")
    draw(tmp_path / "test_images/2.png")
    with pytest.raises(InvalidError, match="laid out in no way"):
        import_dataset(tmp_path)


def test_class_names_with_the_word_of_a_part_are_classes(tmp_path: Path) -> None:
    draw(tmp_path / "train_station/1.png")
    draw(tmp_path / "test_tube/2.png")
    assert import_dataset(tmp_path)[0].class_counts() == {"test_tube": 1, "train_station": 1}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    draw(tmp_path / "bus/1.png")
    draw(tmp_path / "train/1.png")
    assert import_dataset(tmp_path)[0].class_counts() == {"bus": 1, "train": 1}


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    for file in ("cat/1.png", "cat/deeper/2.png", "dog/1.png", "loose.png"):
        draw(tmp_path / file)
    draw(tmp_path / "cat/.hidden.png")
    (tmp_path / "cat/phone.heic").write_bytes(b"...")
    (tmp_path / "bird").mkdir()
    revision, report = import_dataset(tmp_path)
    assert revision.class_counts() == {"cat": 2, "dog": 1}
    assert found(report, "image_without_class") == ["loose.png"]
    assert found(report, "other_files") == ["cat/phone.heic"]
    assert "the folder bird holds no images" in str(report.findings)
    assert {finding.decision for finding in report.findings if finding.kind != "few_items"} == {
        "dropped"
    }


@pytest.mark.parametrize("name", ["a b, c.png", "été ü.png", "图片.png", "per%cent&{0}.png"])
def test_any_file_name_is_kept_as_it_is(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "cat" / name)
    draw(tmp_path / "dog/1.png")
    revision, _ = import_dataset(tmp_path)
    assert f"cat/{name}" in revision.items["path"].to_pylist()
    paths = [item.path for item in training_items(revision, revision.item_ids)]
    assert all(path.is_file() for path in paths)


def test_names_are_normalised_and_found_again(tmp_path: Path) -> None:
    spelled = unicodedata.normalize("NFD", "café")
    draw(tmp_path / spelled / f"{spelled}.png")
    draw(tmp_path / "tea/1.png")
    revision, _ = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["café/café.png", "tea/1.png"]
    assert "café" in revision.class_counts()
    paths = [item.path for item in training_items(revision, revision.item_ids)]
    assert all(path.is_file() for path in paths)


def test_two_spellings_of_one_name_are_refused(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        draw(tmp_path / "cat" / unicodedata.normalize(form, "é.png"), like="same")
    draw(tmp_path / "dog/1.png")
    with pytest.raises(InvalidError, match="read as 2 items"):
        import_dataset(tmp_path)


def test_links_to_folders_are_followed_but_not_round_in_circles(tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere/1.png")
    draw(tmp_path / "data/dog/1.png")
    (tmp_path / "data/cat").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/dog/again").symlink_to(tmp_path / "data")
    options = ReadOptions(follow_links=True)
    revision, _ = import_dataset(tmp_path / "data", options=options)
    assert revision.class_counts() == {"cat": 1, "dog": 1}


def test_links_out_of_the_folder_are_refused_unless_allowed(tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere/1.png")
    for name in ("cat/1.png", "dog/1.png"):
        draw(tmp_path / "data" / name)
    (tmp_path / "data/dog/2.png").symlink_to(tmp_path / "elsewhere/1.png")
    with pytest.raises(InvalidError, match=r"dog/2\.png leads out of the dataset's folder"):
        import_dataset(tmp_path / "data")
    options = ReadOptions(follow_links=True)
    assert len(import_dataset(tmp_path / "data", options=options)[0].items) == 3


@pytest.mark.parametrize("files", [["1.png", "2.png"], ["cat/1.png"], ["a/b/1.png", "c/d/1.png"]])
def test_other_folders_are_not_taken_for_classes(tmp_path: Path, files: list[str]) -> None:
    for file in files:
        draw(tmp_path / file)
    with pytest.raises(InvalidError, match="class_folders: Image files in one folder for each"):
        import_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("train_test_split.txt", True),  # CUB
        ("meta/train.txt", True),  # Food-101
        ("list_eval_partition.csv", True),  # CelebA
        ("README.txt", False),
        ("test.csv", False),  # a table, which other findings are about
        ("cat/train.txt", False),  # among the images: counted with the other files there
    ],
)
def test_a_list_of_parts_that_is_not_read_is_told(tmp_path: Path, name: str, is_told: bool) -> None:
    for file in ("cat/1.png", "dog/1.png", name):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        draw(tmp_path / file) if file.endswith("png") else (tmp_path / file).write_text("1 1\n")
    _, report = import_dataset(tmp_path)
    assert found(report, "part_list") == ([name] if is_told else [])


def test_masks_beside_the_images_of_a_class_are_no_images(tmp_path: Path) -> None:
    for file in ("ill/ill (1)", "ill/ill (2)", "well/well (1)"):
        draw(tmp_path / f"{file}.png")
        draw_mask(tmp_path / f"{file}_mask.png", [[0, 255]])
    draw_mask(tmp_path / "ill/ill (1)_mask_1.png", [[0, 255]])
    chosen = ReadOptions(format="class_folders")
    revision, report = import_dataset(tmp_path, options=chosen)
    assert revision.class_counts() == {"ill": 2, "well": 1}
    (finding,) = [one for one in report.findings if one.kind == "masks_unread"]
    assert "4 masks" in finding.message
    assert finding.file == "ill/ill (1)_mask.png"


def test_pictures_called_as_masks_are_images_all_the_same(tmp_path: Path) -> None:
    for file in ("bare/1.jpg", "bare/1_mask.jpg", "masked/2.jpg", "masked/2_mask.jpg"):
        draw(tmp_path / file)
    chosen = ReadOptions(format="class_folders")
    revision, _ = import_dataset(tmp_path, options=chosen)
    assert revision.class_counts() == {"bare": 2, "masked": 2}


def test_folders_of_masks_in_each_part_are_no_classes(tmp_path: Path) -> None:
    for part in ("training", "test"):
        draw(tmp_path / f"{part}/images/21_{part}.png", (2, 1))
        draw_mask(tmp_path / f"{part}/mask/21_{part}_mask.png", [[0, 255]])
        draw_mask(tmp_path / f"{part}/1st_manual/21_manual1.png", [[0, 255]])
    with pytest.raises(InvalidError, match="no class table"):
        import_dataset(tmp_path)
