"""LabelMe JSON: shapes, masks and flags; what is read, what is reported."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.run_lengths import decoded

DROP = ReadOptions(drop_faulty=True)


def a_shape(**changes: Any) -> dict[str, Any]:
    """A triangle of a dog; arguments replace its keys."""
    return {
        "label": "dog",
        "points": [[1, 2], [5, 2], [5, 4]],
        "group_id": None,
        "shape_type": "polygon",
        "flags": {},
    } | changes


def a_file(*shapes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The file of an image of 8×6 pixels; arguments replace its keys."""
    return {
        "version": "5.0.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": 6,
        "imageWidth": 8,
    } | changes


def write(folder: Path, **files: dict[str, Any] | str) -> Path:
    for name in ("a", "b"):
        draw(folder / f"{name}.png", (8, 6), like=name)
    for name, said in files.items():
        text = said if isinstance(said, str) else json.dumps(said, indent=1)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, *shapes: dict[str, Any], **changes: Any) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, a=a_file(*shapes, **changes)), options=DROP)


def png(rows: list[list[int]]) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.array(rows, dtype=np.uint8) * 255).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_a_polygon_is_read_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    shape = a_shape(label="N/A", flags={"wet": True, "dry": False}, description="far away")
    revision, report = read(tmp_path, shape)
    (row,) = revision.annotations.to_pylist()
    assert row["rings_xy"] == [[1, 2, 5, 2, 5, 4]]
    assert row["attributes"] == '{"description":"far away","wet":true}'
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert (row["source_file"], row["source_line"]) == ("a.json", lines.index("  {") + 1)
    assert revision.class_counts() == {"N/A": 1}
    assert revision.task == "instance_segmentation"
    assert report.recognised.startswith("read as labelme, because a.json holds LabelMe's shapes")
    assert found(report, "missing_annotation_file") == ["b.png"]


def test_rectangles_are_boxes_from_whichever_corner_they_were_drawn(tmp_path: Path) -> None:
    revision, _ = read(tmp_path, a_shape(shape_type="rectangle", points=[[5, 4], [1, 2]]))
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [1, 2, 5, 4]
    assert (row["kind"], revision.task) == ("box", "detection")


def test_circles_are_outlines_and_are_reported(tmp_path: Path) -> None:
    revision, report = read(tmp_path, a_shape(shape_type="circle", points=[[4, 3], [4, 5]]))
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [2, 1, 6, 5]
    assert len(row["rings_xy"][0]) == 128
    assert found(report, "approximated_shape") == ["a.json"]


def test_outlines_of_a_group_are_one_object(tmp_path: Path) -> None:
    other = [[0, 0], [1, 0], [1, 1]]
    revision, _ = read(
        tmp_path,
        a_shape(group_id=1),
        a_shape(group_id=1, points=other),
        a_shape(group_id=2, points=other),
        a_shape(label="cat", group_id=1),
        a_shape(points=other),
        a_shape(points=other),
    )
    assert [len(row["rings_xy"]) for row in revision.annotations.to_pylist()] == [2, 1, 1, 1, 1]


def test_a_mask_is_a_piece_of_the_image(tmp_path: Path) -> None:
    mask = png([[0, 1, 1], [1, 0, 0]])
    revision, _ = read(tmp_path, a_shape(shape_type="mask", points=[[2, 1], [4, 2]], mask=mask))
    (row,) = revision.annotations.to_pylist()
    pixels = decoded(row["rle_counts"], (6, 8))
    assert [one.tolist() for one in pixels.nonzero()] == [[1, 1, 2], [3, 4, 2]]
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [2, 1, 5, 3]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"points": [[1, 2], [3]]}, "bad_annotation"),
        ({"points": [[1, None], [3, 4]]}, "bad_annotation"),
        ({"points": "1,2"}, "bad_annotation"),
        ({"points": []}, "bad_annotation"),
        ({"points": [[1e300, 2], [3, 4]]}, "bad_annotation"),
        ({"label": ""}, "bad_annotation"),
        ({"label": 7}, "bad_annotation"),
        ({"shape_type": "cube"}, "bad_annotation"),
        ({"shape_type": "circle"}, "bad_annotation"),
        ({"shape_type": "line"}, "unread_shape"),
        ({"shape_type": "mask", "points": [[1, 1], [2, 2]], "mask": "!"}, "bad_run_lengths"),
        ({"shape_type": "mask", "points": [[1, 1], [2, 2]], "mask": "aaaa"}, "bad_run_lengths"),
        ({"shape_type": "mask", "points": [[7, 1], [8, 2]], "mask": png([[1] * 3])}, "bad_run_le"),
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, change: dict[str, Any], kind: str
) -> None:
    revision, report = read(tmp_path, a_shape(), a_shape(**change))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind.startswith(kind)]
    lines = (tmp_path / "a.json").read_text().splitlines()
    second = [number for number, line in enumerate(lines, start=1) if line == "  {"][1]
    assert (finding.decision, finding.file, finding.line) == ("dropped", "a.json", second)


def test_a_key_that_is_not_known_and_an_embedded_image_are_reported(tmp_path: Path) -> None:
    _, report = read(tmp_path, a_shape(colour="red"), imageData="abcd")
    assert found(report, "unread_key") == ["a.json"]
    assert found(report, "embedded_image") == ["a.json"]


def test_flags_of_an_image_are_tags_or_its_class(tmp_path: Path) -> None:
    files = {
        "a": a_file(flags={"indoor": True, "outdoor": False}),
        "b": a_file(flags={"indoor": True, "outdoor": True}, imagePath="b.png"),
    }
    revision, _ = import_dataset(write(tmp_path, **files))
    assert revision.task == "tagging"
    assert revision.class_counts() == {"indoor": 2, "outdoor": 1}
    single, report = import_dataset(tmp_path, task="classification", options=DROP)
    assert single.class_counts() == {"indoor": 1}
    assert found(report, "several_classes") == ["b.json"]


@pytest.mark.parametrize("named", ["..\\..\\photos\\b.png", "/home/me/b.png", "C:\\b.png"])
def test_paths_of_another_machine_are_found_by_file_name(tmp_path: Path, named: str) -> None:
    revision, report = read(tmp_path, a_shape(), imagePath=named)
    assert revision.items["path"].to_pylist() == ["b.png"]
    assert found(report, "path_remapped") == ["a.json"]


@pytest.mark.parametrize("named", ["gone.png", "", "../outside.png", "a\u0000.png"])
def test_else_the_image_is_the_one_of_the_files_name(tmp_path: Path, named: str) -> None:
    draw(tmp_path / "outside.png")
    revision, _ = read(tmp_path / "data", a_shape(), imagePath=named)
    assert revision.items["path"].to_pylist() == ["a.png"]


def test_folders_of_images_and_files_apart(tmp_path: Path) -> None:
    for part in ("train", "test"):
        draw(tmp_path / part / "images/a.png", (8, 6), like=part)
        (tmp_path / part / "labels").mkdir()
        said = json.dumps(a_file(a_shape(), imagePath="../images/a.png"))
        (tmp_path / part / "labels/a.json").write_text(said)
    revision, report = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["test/images/a.png", "train/images/a.png"]
    assert revision.items["partition"].to_pylist() == ["test", "train"]
    assert report.errors == 0
    assert found(report, "path_remapped") == []


def test_a_file_without_image_blocks_the_import(tmp_path: Path) -> None:
    folder = write(tmp_path, a=a_file(), c=a_file(imagePath="c.png", imageData="abcd"))
    with pytest.raises(InvalidError, match="is not here; a copy is in the file as imageData"):
        import_dataset(folder)


def test_a_broken_file_blocks_the_import_by_line_and_another_is_left(tmp_path: Path) -> None:
    broken = json.dumps(a_file(a_shape()), indent=1).replace("]", "", 1)
    folder = write(tmp_path, a=a_file(a_shape()), b=broken, c={"version": 1})
    with pytest.raises(InvalidError, match=r"b.json line \d+: the JSON cannot be read"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert len(revision.items) == 1
    assert found(report, "other_labels") == ["c.json"]


def test_a_key_that_is_no_text_is_reported(tmp_path: Path) -> None:
    folder = write(tmp_path, a=a_file(a_shape(odd=1)))
    content = (folder / "a.json").read_bytes().replace(b'"odd"', b'"\xff"')
    (folder / "a.json").write_bytes(content)
    assert found(import_dataset(folder)[1], "bad_annotation") == ["a.json"]


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    shapes = (
        a_shape(group_id=1, flags={"wet": True}),
        a_shape(shape_type="rectangle", points=[[5, 4], [1, 2]]),
        a_shape(shape_type="circle", points=[[4, 3], [4, 5]]),
        a_shape(shape_type="mask", points=[[2, 1], [4, 2]], mask=png([[0, 1, 1], [1, 0, 0]])),
    )
    files = {"a": a_file(*shapes, flags={"indoor": True}), "b": a_file(imagePath="x/b.png")}
    folder = write(tmp_path / "data", **files)
    tasks = (None, "classification", "segmentation")
    names = ("a.json", "b.json")
    assert_no_traceback(folder, names, "labelme", tmp_path / "x", tasks=tasks, cases=CASES)
