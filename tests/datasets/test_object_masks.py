"""A folder for each image with a mask for each object: what is read, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import draw, draw_mask, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.run_lengths import decoded

ONE = [[0] * 8, [0, 255, 255, 0, 0, 0, 0, 0], *[[0] * 8] * 4]
TWO = [*[[0] * 8] * 4, *[[0] * 6 + [255] * 2] * 2]


def write(folder: Path) -> Path:
    """Two images of 8×6 pixels with two objects and with one, and one without masks."""
    for name, masks in (("a", [ONE, TWO]), ("b", [TWO])):
        draw(folder / f"stage1_train/{name}/images/{name}.png", like=name)
        for number, rows in enumerate(masks):
            draw_mask(folder / f"stage1_train/{name}/masks/{number}.png", rows)
    draw(folder / "stage1_test/c/images/c.png", like="c")
    return folder


def test_each_mask_is_an_object(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path))
    assert (revision.format, revision.task) == ("object_masks", "instance_segmentation")
    assert revision.items["path"].to_pylist() == [
        f"stage1_train/{name}/images/{name}.png" for name in "ab"
    ]
    assert revision.items["partition"].to_pylist() == ["train"] * 2
    rows = revision.annotations.to_pylist()
    sums = [int(decoded(row["rle_counts"], (6, 8)).sum()) for row in rows]
    assert sorted(sums) == [2, 4, 4]
    boxes = [[row[side] for side in ("left", "top", "right", "bottom")] for row in rows]
    assert boxes[:2] == [[1, 1, 3, 2], [6, 4, 8, 6]]
    assert rows[0]["source_file"] == "stage1_train/a/masks/0.png"
    assert revision.class_counts() == {"object": 2}
    assert found(report, "image_without_mask") == ["stage1_test/c/images/c.png"]
    assert found(report, "class_assumed") == ["stage1_train/a/masks/0.png"]
    assert report.errors == 0


def test_they_are_drawn_as_masks(tmp_path: Path) -> None:
    revision, _ = import_dataset(write(tmp_path), task="segmentation")
    areas = revision.areas(revision.item_ids)
    assert [int(one.mask((6, 8)).sum()) for one in areas.values()] == [6, 4]


def test_masks_that_are_none_are_left_out(tmp_path: Path) -> None:
    masks = write(tmp_path) / "stage1_train/a/masks"
    draw_mask(masks / "black.png", [[0] * 8] * 6)
    draw_mask(masks / "large.png", [[255] * 9] * 6)
    draw_mask(masks / "many.png", [[0, 1, 2, 3, 4, 5, 6, 7]] * 6)
    (masks / "text.png").write_text("no image")
    revision, report = import_dataset(tmp_path)
    assert revision.object_count == 3
    said = {one.file: one.message for one in report.findings if one.kind == "unreadable_mask"}
    wanted = {"black": "it is black", "large": "9×6", "many": "8 values", "text": "no image"}
    assert said.keys() == {f"stage1_train/a/masks/{name}.png" for name in wanted}
    for name, words in wanted.items():
        assert words in said[f"stage1_train/a/masks/{name}.png"]


def test_two_images_of_one_folder_block_the_import(tmp_path: Path) -> None:
    for name in "de":
        draw_mask(write(tmp_path) / f"stage1_train/{name}/masks/0.png", ONE)
        draw(tmp_path / f"stage1_train/{name}/images/{name}.png", like=name)
    draw(tmp_path / "stage1_train/a/images/more.png")
    with pytest.raises(InvalidError, match="stage1_train/a has 2 images"):
        import_dataset(tmp_path)
    assert len(import_dataset(tmp_path, options=ReadOptions(drop_faulty=True))[0].items) == 3


def test_a_mask_that_leads_out_of_the_folder_is_left_out(tmp_path: Path) -> None:
    outside = draw_mask(tmp_path / "outside.png", ONE)
    (write(tmp_path / "data") / "stage1_train/b/masks/link.png").symlink_to(outside)
    _, report = import_dataset(tmp_path / "data")
    assert found(report, "link_outside") == ["stage1_train/b/masks/link.png"]


def test_folders_of_images_and_masks_of_all_are_none(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / f"train/images/{name}.png")
        draw_mask(tmp_path / f"train/masks/{name}.png", ONE)
    assert FORMATS["object_masks"]().detect(tmp_path) is None


def test_a_table_of_run_lengths_beside_is_read(tmp_path: Path) -> None:
    (write(tmp_path) / "stage1_train_labels.csv").write_text(
        "ImageId,EncodedPixels\na,1 2\na,9 2\n"
    )
    revision, report = import_dataset(tmp_path)
    assert revision.format == "run_length_table"
    assert revision.items["path"].to_pylist() == ["stage1_train/a/images/a.png"]
    assert "(--format could also be object_masks)" in report.recognised
