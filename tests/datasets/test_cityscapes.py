"""Cityscapes: masks with the classes of the benchmark, outlines, and files that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, draw_mask, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

DROP = ReadOptions(drop_faulty=True)
CORNERS = [[1, 1], [3, 1], [3, 2]]
AACHEN = "train/aachen/aachen_000001_000019"
ULM = "val/ulm/ulm_000001_000019"


def an_object(label: str = "car", **changes: Any) -> dict[str, Any]:
    return {"label": label, "polygon": CORNERS} | changes


def write(folder: Path, *objects: Any, masks: bool = True) -> Path:
    """Images of 4×2 pixels in two cities, with masks and with outlines in the first."""
    for name in (AACHEN, ULM):
        draw(folder / f"leftImg8bit/{name}_leftImg8bit.png", (4, 2), like=name)
        gt = folder / f"gtFine/{name}_gtFine"
        if masks:
            draw_mask(gt.with_name(f"{gt.name}_labelIds.png"), [[7, 7, 26, 0], [7, 7, 26, 4]])
            draw_mask(gt.with_name(f"{gt.name}_color.png"), [[9, 9, 9, 9]] * 2)
        gt.parent.mkdir(parents=True, exist_ok=True)
        said = {"imgHeight": 2, "imgWidth": 4, "objects": list(objects if name == AACHEN else ())}
        gt.with_name(f"{gt.name}_polygons.json").write_text(json.dumps(said, indent=1))
    return folder


def test_masks_have_the_classes_that_the_benchmark_evaluates(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path, an_object()))
    assert (revision.format, revision.task) == ("cityscapes", "segmentation")
    assert [one.source_id for one in revision.classes][:3] == [7, 8, 11]
    counts = revision.class_counts()
    assert (len(counts), counts["road"], counts["car"], counts["sky"]) == (19, 2, 2, 0)
    assert revision.items["partition"].to_pylist() == ["train", "validation"]
    assert {0, 4, 255} <= set(revision.ignored_pixel_values)
    assert len(found(report, "classes_assumed")) == 1
    assert report.errors == 0


def test_outlines_are_read_for_other_tasks_and_where_there_are_no_masks(tmp_path: Path) -> None:
    labels = [an_object(), an_object("cargroup"), an_object("road", deleted=1)]
    revision, _ = import_dataset(write(tmp_path / "both", *labels), task="detection")
    assert revision.class_counts() == {"car": 1}
    rows = revision.annotations.to_pylist()
    assert [row["crowd"] for row in rows] == [None, True]
    assert rows[0]["rings_xy"] == [[1, 1, 3, 1, 3, 2]]
    revision, _ = import_dataset(write(tmp_path / "outlines", *labels, masks=False))
    assert (revision.task, revision.object_count) == ("instance_segmentation", 2)


def test_masks_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path, an_object(), masks=False)
    with pytest.raises(InvalidError, match="holds no masks …_labelIds"):
        import_dataset(folder, task="segmentation")


def test_another_class_table_can_be_given(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", an_object())
    table = tmp_path / "classes.yaml"
    table.write_text("{0: nothing, 4: thing, 7: road, 26: car}")
    revision, _ = import_dataset(folder, options=ReadOptions(class_table=table))
    assert revision.format == "index_masks"
    assert revision.class_counts() == {"nothing": 2, "thing": 2, "road": 2, "car": 2}


def test_an_object_that_cannot_be_read_is_left_out_by_line(tmp_path: Path) -> None:
    folder = write(tmp_path, an_object(), an_object(polygon=[]))
    revision, report = import_dataset(folder, task="detection")
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert finding.file == f"gtFine/{AACHEN}_gtFine_polygons.json"
    assert finding.line == (folder / finding.file).read_text().splitlines().index("  },") + 2


def test_files_and_images_without_each_other_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path, an_object())
    (folder / f"leftImg8bit/{ULM}_leftImg8bit.png").unlink()
    draw(folder / "leftImg8bit/val/ulm/ulm_000002_000019_leftImg8bit.png", (4, 2))
    _, report = import_dataset(folder, options=DROP)
    assert found(report, "annotation_without_image") == [f"gtFine/{ULM}_gtFine_labelIds.png"]
    assert found(report, "image_without_mask") == [
        "leftImg8bit/val/ulm/ulm_000002_000019_leftImg8bit.png"
    ]


def test_no_file_ends_in_a_traceback(tmp_path: Path) -> None:
    labels = (an_object(), an_object("cargroup"), an_object("road", deleted=1))
    folder = write(tmp_path / "data", *labels, masks=False)
    files = (f"gtFine/{AACHEN}_gtFine_polygons.json",)
    tasks = (None, "detection")
    assert_no_traceback(folder, files, "cityscapes", tmp_path / "x", tasks=tasks, cases=CASES)


def test_a_class_table_beside_the_folders_holds(tmp_path: Path) -> None:
    folder = write(tmp_path, an_object())
    (folder / "classes.yaml").write_text("{0: nothing, 4: thing, 7: road, 26: car}")
    revision, _ = import_dataset(folder)
    assert revision.format == "index_masks"
    assert revision.class_counts() == {"nothing": 2, "thing": 2, "road": 2, "car": 2}
