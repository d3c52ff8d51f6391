"""Tables of run lengths: the columns that competitions use, the order of pixels, and faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing import CASES, assert_no_traceback
from numpy.typing import NDArray
from pictures import draw, draw_mask, found, kinds

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.run_lengths import decoded

DROP = ReadOptions(drop_faulty=True)
Mask = tuple[str, str, list[list[int]]]


def a_mask(left: int, top: int, right: int, bottom: int, size_wh: tuple[int, int] = (8, 6)) -> str:
    """The runs of a rectangle, as Kaggle's own snippet writes them."""
    pixels = np.zeros(size_wh[::-1], dtype=bool)
    pixels[top:bottom, left:right] = True
    return runs_of(pixels.T)


def along_rows(left: int, top: int, right: int, bottom: int) -> str:
    pixels = np.zeros((6, 8), dtype=bool)
    pixels[top:bottom, left:right] = True
    return runs_of(pixels)


def runs_of(pixels: NDArray[np.bool_]) -> str:
    flat = np.concatenate([[0], pixels.ravel(), [0]]).astype(int)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges[1::2] -= edges[0::2]
    return " ".join(map(str, edges))


def write(folder: Path, text: str, name: str = "train.csv") -> Path:
    """Three images of 8×6 pixels and a table."""
    for one in ("a", "b", "c"):
        draw(folder / f"train_images/{one}.png", like=one)
    (folder / name).write_text(text)
    return folder


def masks(revision: Revision) -> list[Mask]:
    """Return image, class and the box xyxy around the pixels of each object."""
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    rows = revision.annotations.filter(pa.compute.equal(revision.annotations["kind"], "rle"))
    said = []
    for row in rows.to_pylist():
        pixels = decoded(row["rle_counts"], (row["mask_height"], row["mask_width"]))
        down, across = pixels.nonzero()
        box = [across.min(), down.min(), across.max() + 1, down.max() + 1]
        assert [row[side] for side in ("left", "top", "right", "bottom")] == box
        assert pixels[box[1] : box[3], box[0] : box[2]].all()
        name = revision.classes[row["class_index"]].name
        said.append((paths[row["item_id"]].rpartition("/")[2], name, [int(one) for one in box]))
    return said


ONE, TWO = a_mask(1, 2, 5, 4), a_mask(0, 0, 8, 6)


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        (f"ImageId,ClassId,EncodedPixels\na.png,1,{ONE}\na.png,4,{TWO}\n", ["1", "4"]),
        (f"ImageId,EncodedPixels\na.png,{ONE}\na.png,{TWO}\nb.png,\n", ["object", "object"]),
        (f"img,rle_mask,class\na.png,{ONE},car\na.png,{TWO},road\n", ["car", "road"]),
        (f"id,rle_mask\na,{ONE}\na,{TWO}\nb,\n", ["object", "object"]),
        (
            f"id,class,segmentation\na,bowel,{ONE}\na,stomach,{TWO}\nb,bowel,\n",
            ["bowel", "stomach"],
        ),
        (f"ImageId_ClassId,EncodedPixels\na.png_1,{ONE}\na.png_2,{TWO}\nb.png_2,\n", ["1", "2"]),
        (f"Image_Label,EncodedPixels\na.png_Fish,{ONE}\na.png_Sugar,{TWO}\n", ["Fish", "Sugar"]),
        (f"ImageId;EncodedPixels;Height;Width\na.png;{ONE};6;8\na.png;{TWO};6;8\n", ["object"] * 2),
    ],
)
def test_the_columns_of_competitions_are_known(
    tmp_path: Path, text: str, classes: list[str]
) -> None:
    write(tmp_path, text)
    for path in (tmp_path, tmp_path / "train.csv"):
        revision, report = import_dataset(path, task="instance_segmentation")
        assert revision.format == "run_length_table"
        wanted = [[1, 2, 5, 4], [0, 0, 8, 6]]
        assert masks(revision) == [
            ("a.png", name, box) for name, box in zip(classes, wanted, strict=True)
        ]
        assert revision.annotations["source_line"].to_pylist() == [2, 3]
        assert revision.annotations["source_file"].to_pylist() == ["train.csv"] * 2
        assert report.errors == 0
        assert found(report, "file_without_row") != []
        assert report.recognised.startswith(
            "read as run_length_table, because train.csv has run lengths in the column "
        )


def test_parquet_is_read_too(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "train.csv").unlink()
    table = pa.table({"ImageId": ["a.png", "b.png"], "EncodedPixels": [ONE, None]})
    pq.write_table(table, tmp_path / "train.parquet")
    assert masks(import_dataset(tmp_path)[0]) == [("a.png", "object", [1, 2, 5, 4])]


def test_rows_of_one_class_are_objects_and_else_masks(tmp_path: Path) -> None:
    head = "ImageId,ClassId,EncodedPixels\n"
    write(tmp_path, head + f"a.png,1,{ONE}\na.png,2,{TWO}\nb.png,1,{ONE}\nc.png,1,-1\n")
    revision, _ = import_dataset(tmp_path)
    assert revision.task == "segmentation"
    assert [one.name for one in revision.classes] == ["background", "1", "2"]
    assert sorted(revision.items["path"].to_pylist()) == [f"train_images/{x}.png" for x in "abc"]
    drawn = revision.areas(revision.item_ids)
    by_path = dict(zip(revision.items["path"].to_pylist(), revision.item_ids, strict=True))
    mask = drawn[by_path["train_images/a.png"]].mask((6, 8))
    np.testing.assert_array_equal(mask[2:4, 1:5], 1)  # the smaller one over the larger
    assert (mask == 2).sum() == 6 * 8 - 2 * 4
    assert not drawn[by_path["train_images/c.png"]].mask((6, 8)).any()
    write(tmp_path, head + f"a.png,1,{ONE}\na.png,1,{TWO}\n")
    assert import_dataset(tmp_path)[0].task == "instance_segmentation"


def test_an_empty_cell_says_that_somebody_looked(tmp_path: Path) -> None:
    write(tmp_path, f"ImageId,EncodedPixels\na.png,{ONE}\nb.png,\nc.png,9 9 9\n")
    revision, report = import_dataset(tmp_path)
    assert sorted(revision.items["path"].to_pylist()) == [
        "train_images/a.png",
        "train_images/b.png",
    ]
    assert list(revision.given_statuses.values()) == ["DONE"]
    assert found(report, "image_without_outlines") == ["train_images/c.png"]


def test_pixels_counted_along_the_rows_are_told_by_how_far_runs_lie_apart(tmp_path: Path) -> None:
    boxes = [(1, 2, 5, 4), (0, 1, 3, 6)]
    rows = "".join(f"a.png,{along_rows(*box)}\n" for box in boxes)
    write(tmp_path, "ImageId,EncodedPixels\n" + rows)
    revision, report = import_dataset(tmp_path)
    assert masks(revision) == [("a.png", "object", list(box)) for box in boxes]
    (finding,) = [one for one in report.findings if one.kind == "run_order"]
    assert (finding.file, finding.line) == ("train.csv", 2)
    assert "counted along the rows" in finding.message


def test_square_images_do_not_show_it_which_is_said(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", (8, 8))
    (tmp_path / "a.csv").write_text(f"img,rle_mask\na.png,{a_mask(1, 2, 5, 4, (8, 8))}\n")
    revision, report = import_dataset(tmp_path)
    assert masks(revision) == [("a.png", "object", [1, 2, 5, 4])]
    assert found(report, "run_order") == ["a.csv"]
    write(tmp_path / "other", f"img,rle_mask\na.png,{ONE}\n")
    assert "run_order" not in kinds(import_dataset(tmp_path / "other")[1])


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("3 2 9", "3 numbers, so that a run has no length"),
        ("3 2 x 4", "not all whole numbers"),
        ("3 2.5", "not all whole numbers"),
        ("9" * 30 + " 2", "not all whole numbers"),
        ("0 2", "the run 0 2 starts before pixel 1"),
        ("-3 2", "the run -3 2 starts before pixel 1"),
        ("3 0", "the run 3 0 has no length"),
        ("3 -2", "the run 3 -2 has no length"),
        ("47 3", "the run 47 3 ends behind pixel 48"),
        ("1 9223372036854775807", "ends behind pixel 48"),
        ("9 2 3 2", "the run 3 2 stands behind one that starts later"),
        ("3 4 5 4", "the run 5 4 starts within the one before"),
    ],
)
def test_bad_runs_are_left_out_by_line(tmp_path: Path, runs: str, said: str) -> None:
    write(tmp_path, f"ImageId,EncodedPixels\na.png,{ONE}\nb.png,{runs}\n")
    revision, report = import_dataset(tmp_path, task="instance_segmentation")
    assert len(masks(revision)) == 1
    assert revision.items.num_rows == 2
    (finding,) = [one for one in report.findings if one.kind == "bad_run_lengths"]
    assert (finding.decision, finding.file, finding.line) == ("dropped", "train.csv", 3)
    assert said in finding.message


def test_runs_that_touch_are_one_and_the_last_pixel_counts(tmp_path: Path) -> None:
    write(tmp_path, "ImageId,EncodedPixels\na.png,1 2 3 4 43 6\n")
    revision, _ = import_dataset(tmp_path, task="instance_segmentation")
    (row,) = revision.annotations.to_pylist()
    pixels = decoded(row["rle_counts"], (6, 8))
    assert pixels[:, [0, 7]].all()
    assert pixels.sum() == 12


def test_a_mask_without_a_class_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, f"ImageId,ClassId,EncodedPixels\na.png,1,{ONE}\na.png,,{TWO}\n")
    revision, report = import_dataset(tmp_path)
    assert len(masks(revision)) == 1
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.file, finding.line) == ("train.csv", 3)


def test_the_size_that_is_said_is_the_one_over_which_pixels_are_counted(tmp_path: Path) -> None:
    runs = a_mask(2, 4, 10, 8, (16, 12))
    write(tmp_path, f"ImageId,EncodedPixels,Height,Width\na.png,{runs},12,16\n")
    revision, report = import_dataset(tmp_path)
    assert found(report, "size_differs") == ["train.csv"]
    (areas,) = revision.areas(revision.item_ids).values()
    down, across = areas.mask((6, 8)).nonzero()
    assert (across.min(), down.min(), across.max() + 1, down.max() + 1) == (1, 2, 5, 4)


def test_further_columns_are_attributes_and_parts_are_kept(tmp_path: Path) -> None:
    text = f"ImageId,EncodedPixels,split,plate\na.png,{ONE},val,7\nb.png,{TWO},train,\n"
    revision, _ = import_dataset(write(tmp_path, text))
    assert revision.items["partition"].to_pylist() == ["validation", "train"]
    rles = [row for row in revision.annotations.to_pylist() if row["kind"] == "rle"]
    assert [row["attributes"] for row in rles] == ['{"plate":"7"}', None]


def test_tables_of_parts_are_read_together_and_others_refused(tmp_path: Path) -> None:
    head = "ImageId,EncodedPixels\n"
    write(tmp_path, f"{head}a.png,{ONE}\n")
    write(tmp_path, f"{head}b.png,{ONE}\n", "test.csv")
    write(tmp_path, f"{head}c.png,1 1\n", "sample_submission.csv")
    revision, _ = import_dataset(tmp_path)
    assert sorted(revision.items["partition"].to_pylist()) == ["test", "train"]
    write(tmp_path, f"{head}c.png,1 1\n", "more.csv")
    with pytest.raises(InvalidError, match=r"3 tables of run lengths \(more.csv, test.csv, train"):
        import_dataset(tmp_path)
    assert import_dataset(tmp_path / "test.csv")[0].items["partition"].to_pylist() == [None]


def test_masks_of_the_same_names_are_not_taken_for_images(tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(tmp_path / f"train/images/{name}.png", like=name)
        draw_mask(tmp_path / f"train/masks/{name}.png", [[0] * 8] * 6)
    (tmp_path / "train.csv").write_text(f"id,rle_mask\na,{ONE}\nb,\n")
    revision, report = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["train/images/a.png", "train/images/b.png"]
    assert found(report, "file_without_row") == []


def test_images_that_are_not_there_are_named_once(tmp_path: Path) -> None:
    text = f"ImageId,EncodedPixels\na.png,{ONE}\ngone.png,{ONE}\ngone.png,{TWO}\n,{ONE}\n"
    write(tmp_path, text)
    with pytest.raises(InvalidError, match=r"2 lines of train.csv, the first 3, name gone.png"):
        import_dataset(tmp_path)
    revision, report = import_dataset(tmp_path, options=DROP)
    assert revision.items.num_rows == 1
    assert [one.line for one in report.findings if one.kind == "missing_file"] == [3, 5]


def test_an_image_whose_size_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    write(tmp_path, f"ImageId,EncodedPixels\na.png,{ONE}\nb.png,{ONE}\n")
    (tmp_path / "train_images/b.png").write_text("no image")
    _, report = import_dataset(tmp_path, options=DROP)
    assert [one.line for one in report.findings if one.kind == "unreadable_image"] == [3]


def test_columns_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, f"who,sort,EncodedPixels\na.png,x,{ONE}\n")
    with pytest.raises(InvalidError, match="--image-column"):
        import_dataset(tmp_path)
    options = ReadOptions(image_columns=("who",), target_columns=("sort",))
    assert masks(import_dataset(tmp_path, options=options)[0]) == [("a.png", "x", [1, 2, 5, 4])]


@pytest.mark.parametrize(
    "text",
    [
        "file,segmentation\na.png,yes\nb.png,no\n",
        "file,mask\na.png,a_mask.png\nb.png,b_mask.png\n",
        "emotion,pixels\n1,70 80 82 72\n2,1 2 3 4\n",
        "file,annotation\na.png,\nb.png,\n",
    ],
)
def test_other_tables_are_none(tmp_path: Path, text: str) -> None:
    assert FORMATS["run_length_table"]().detect(write(tmp_path, text)) is None


def test_no_table_of_run_lengths_ends_in_a_traceback(tmp_path: Path) -> None:
    text = (
        "ImageId,ClassId,EncodedPixels,Height,Width,split\n"
        f"a.png,1,{ONE},6,8,val\na.png,2,{TWO},6,8,val\nb.png,1,,6,8,train\n"
    )
    folder = write(tmp_path / "data", text)
    write(folder, f"Image_Label,EncodedPixels\nc.png_x,{along_rows(1, 2, 5, 4)}\n", "test.csv")
    assert_no_traceback(
        folder,
        ("train.csv", "test.csv"),
        "run_length_table",
        tmp_path / "x",
        tasks=(None, "segmentation", "instance_segmentation"),
        cases=CASES,
    )
