"""COCO panoptic: segments by the colours of a mask."""

from __future__ import annotations

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
from model_playground.datasets.checks import check_revision
from model_playground.datasets.exporting import export_revision
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

SEGMENTS = [
    {"id": 1, "category_id": 18, "area": 24, "bbox": [0, 0, 4, 6], "iscrowd": 0},
    {"id": 256 * 2 + 65536 * 3, "category_id": 200, "iscrowd": 1},
]
"""The left half of the mask, of the colour (1, 0, 0), and a quarter, of the colour (0, 2, 3)."""


ELSEWHERE = {"image_id": 7, "file_name": "../../b.png", "segments_info": []}


def panoptic(**changes: Any) -> dict[str, Any]:
    """A file of one image with two segments; arguments replace its keys."""
    return {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 8, "height": 6}],
        "annotations": [{"image_id": 7, "file_name": "a.png", "segments_info": SEGMENTS}],
        "categories": [
            {"id": 18, "name": "dog", "isthing": 1, "supercategory": "animal"},
            {"id": 200, "name": "rug", "isthing": 0},
        ],
    } | changes


def write(folder: Path, said: dict[str, Any]) -> Path:
    draw(folder / "val2017/a.jpg", (8, 6))
    mask = np.zeros((6, 8, 3), dtype=np.uint8)
    mask[:, :4] = (1, 0, 0)
    mask[:3, 4:] = (0, 2, 3)
    masks = folder / "annotations/panoptic_val2017"
    masks.mkdir(parents=True)
    Image.fromarray(mask).save(masks / "a.png")
    (folder / "annotations/panoptic_val2017.json").write_text(json.dumps(said))
    return folder


def read(folder: Path, **changes: Any) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, panoptic(**changes)), options=ReadOptions(drop_faulty=True))


def test_segments_have_classes_and_numbers_of_the_mask(tmp_path: Path) -> None:
    revision, report = read(tmp_path)
    assert report.recognised.startswith("read as coco_panoptic, because panoptic_val2017.json has")
    assert (revision.task, report.errors) == ("panoptic_segmentation", 0)
    assert [(one.name, one.source_id) for one in revision.classes] == [("dog", 18), ("rug", 200)]
    rows = revision.annotations.to_pylist()
    assert [row["kind"] for row in rows] == ["mask_image", "segment", "segment"]
    assert rows[0]["path"] == "annotations/panoptic_val2017/a.png"
    _, dog, rug = rows
    assert (dog["pixel_value"], dog["class_index"], dog["area"], dog["right"]) == (1, 0, 24, 4)
    assert (rug["pixel_value"], rug["class_index"], rug["crowd"]) == (197120, 1, True)
    assert revision.items["partition"].to_pylist() == ["validation"]
    assert revision.class_counts() == {"dog": 1, "rug": 1}
    assert check_revision(revision, dataset="rugs", advance=None).errors == 0
    assert not {"unlisted_segment", "segment_without_pixels"} & {
        one.kind for one in report.findings
    }


def test_our_own_format_gives_them_back(tmp_path: Path) -> None:
    revision, _ = read(tmp_path / "coco")
    export_revision(revision, tmp_path / "own", format="model_playground")
    assert import_dataset(tmp_path / "own")[0].hash == revision.hash


def with_segments(*segments: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"image_id": 7, "file_name": "a.png", "segments_info": list(segments)}]


@pytest.mark.parametrize(
    ("segments", "kind"),
    [
        (SEGMENTS[:1], "unlisted_segment"),
        ([*SEGMENTS, {"id": 9, "category_id": 18}], "segment_without_pixels"),
        ([*SEGMENTS, {"id": 9, "category_id": 5}], "unknown_class_id"),
        ([*SEGMENTS, {"id": 1, "category_id": 18}], "bad_annotation"),
        ([*SEGMENTS, {"id": 2**24, "category_id": 18}], "bad_annotation"),
    ],
)
def test_lists_and_masks_that_do_not_agree_are_reported(
    tmp_path: Path, segments: list[dict[str, Any]], kind: str
) -> None:
    _, report = read(tmp_path, annotations=with_segments(*segments))
    assert len(found(report, kind)) == 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"images": 7}, "Expected `array`"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "as that on line 1 has"),
        (
            {"annotations": [{"image_id": 7, "file_name": "../../b.png", "segments_info": []}]},
            "b.png",
        ),
        ({"images": [{"id": 7, "file_name": "/etc/a.gif"}]}, "/etc/a.gif is not in"),
    ],
)
def test_a_file_that_is_none_says_why(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidError, match=complaint):
        read(tmp_path, **changes)


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "coco", panoptic())
    file = "annotations/panoptic_val2017.json"
    assert_no_traceback(folder, (file,), "coco_panoptic", tmp_path / "x", cases=CASES)
