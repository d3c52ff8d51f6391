"""Label Studio JSON: regions, choices and numbers; what is read, what is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.formats.label_studio_brush import brush_mask
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.run_lengths import decoded

DROP = ReadOptions(drop_faulty=True)

# A brush stream written by hand for an image of 2×2 pixels, which has 16 values of 8 bits:
# the left upper and the right lower pixel are opaque. Counts are 3, 4, 5 or 6 bits long.
BRUSH_BITS = (
    "00000000000000000000000000010000"  # 16 values
    "00111"  # of 8 bits
    "0010 0011 0100 0101"  # lengths of counts: 3, 4, 5, 6
    "1 00 011 11111111"  # 4 times 255: the first pixel
    "1 01 0110 00000000"  # 7 times 0: the second, and the third without its opacity
    "0 00 100 00000000 11111111 11111111 00000001 11111111"  # 5 values one by one
).replace(" ", "")
BRUSH = [int(BRUSH_BITS[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(BRUSH_BITS), 8)]


def a_result(kind: str = "rectanglelabels", **value: Any) -> dict[str, Any]:
    """A box of a dog in an image of 8×6 pixels; what is given replaces its value."""
    said = value or {"x": 12.5, "y": 50, "width": 50, "height": 25, "rotation": 0}
    if kind.endswith("labels") and kind not in said:
        said = said | {kind: ["dog"]}
    return {
        "id": "a1",
        "type": kind,
        "from_name": "kind",
        "to_name": "image",
        "original_width": 8,
        "original_height": 6,
        "image_rotation": 0,
        "value": said,
    }


def a_task(*results: dict[str, Any], image: str = "a.png", **changes: Any) -> dict[str, Any]:
    """A task with one annotation; arguments replace its keys."""
    return {
        "id": 1,
        "annotations": [{"id": 5, "was_cancelled": False, "result": list(results)}],
        "data": {"image": f"/data/upload/1/{image}"},
        "predictions": [],
    } | changes


def write(folder: Path, *tasks: dict[str, Any]) -> Path:
    for name in ("a", "b", "c"):
        draw(folder / f"images/{name}.png", (8, 6), like=name)
    (folder / "export.json").write_text(json.dumps(tasks, indent=1), encoding="utf-8")
    return folder


def read(folder: Path, *tasks: dict[str, Any], **options: Any) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, *tasks), options=DROP, **options)


def line_of_task(folder: Path, number: int) -> int:
    lines = (folder / "export.json").read_text().splitlines()
    return [at for at, line in enumerate(lines, start=1) if line == " {"][number]


def test_a_box_is_a_share_of_the_image_in_percent(tmp_path: Path) -> None:
    revision, report = read(tmp_path, a_task(), a_task(a_result(), image="b.png"))
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [1, 3, 5, 4.5]
    assert (row["kind"], row["source_id"]) == ("box", "a1")
    assert (row["source_file"], row["source_line"]) == ("export.json", line_of_task(tmp_path, 1))
    assert set(revision.given_statuses.values()) == {"DONE"}
    assert revision.task == "detection"
    assert report.recognised.startswith("read as label_studio, because export.json is a list of")


def test_outlines_and_turned_boxes_become_polygons(tmp_path: Path) -> None:
    turned = {"x": 50, "y": 0, "width": 50, "height": 50, "rotation": 90}
    revision, report = read(
        tmp_path,
        a_task(
            a_result(**turned),  # about its left upper corner (4, 0): it reaches left and down
            a_result("polygonlabels", points=[[12.5, 50], [50, 50], [50, 100]]),
            a_result("ellipselabels", x=50, y=50, radiusX=25, radiusY=50, rotation=0),
        ),
    )
    first, second, third = revision.annotations.to_pylist()
    assert first["rings_xy"] == [[4, 0, 4, 4, 1, 4, 1, 0]]
    assert second["rings_xy"] == [[1, 3, 4, 3, 4, 6]]
    assert [third[one] for one in ("left", "top", "right", "bottom")] == [2, 0, 6, 6]
    assert found(report, "approximated_shape") == ["export.json"]
    assert revision.task == "instance_segmentation"


def test_a_brush_stream_is_a_mask() -> None:
    assert brush_mask(BRUSH, (2, 2)).tolist() == [[True, False], [False, True]]
    assert brush_mask(BRUSH, (1, 4)).tolist() == [[True, False, False, True]]


@pytest.mark.parametrize(
    ("stream", "size_hw", "complaint"),
    [
        (BRUSH, (3, 2), "hold 16 values for 2×3 pixels"),
        (BRUSH[:-3], (2, 2), "end too soon"),
        ([], (2, 2), "end too soon"),
        ([256], (2, 2), "not all bytes"),
        (BRUSH, (10**6, 10**6), "more than can be painted on"),
        ([0, 0, 0, 16, 0x39, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], (2, 2), "more values"),
    ],
)
def test_a_brush_stream_that_is_none_is_refused(
    stream: list[int], size_hw: tuple[int, int], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        brush_mask(stream, size_hw)


def test_a_painted_region_is_read_as_run_lengths(tmp_path: Path) -> None:
    result = a_result("brushlabels", format="rle", rle=BRUSH) | {
        "original_width": 2,
        "original_height": 2,
    }
    draw(tmp_path / "images/d.png", (2, 2))
    revision, _ = read(tmp_path, a_task(result, image="d.png"))
    (row,) = revision.annotations.to_pylist()
    assert decoded(row["rle_counts"], (2, 2)).tolist() == [[True, False], [False, True]]
    assert (row["kind"], revision.task) == ("rle", "instance_segmentation")


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (a_result(x=1, y=2, width=3), "bad_box"),
        (a_result(x=1, y=2, width=3, height="4"), "bad_box"),
        (a_result(x=1, y=2, width=3, height=1e300), "bad_box"),
        (a_result("polygonlabels", points=[[1, 2], [3]]), "bad_annotation"),
        (a_result("rectanglelabels", x=1, y=2, width=3, height=4, rectanglelabels=[]), "bad_box"),
        (a_result() | {"image_rotation": 90}, "bad_box"),
        (a_result("brushlabels", format="rle", rle=[1, 2]), "bad_run_lengths"),
        (a_result("brushlabels", format="png"), "bad_run_lengths"),
        (a_result("keypointlabels", x=1, y=2), "unread_key"),
        ({"type": "relation", "from_id": "a1"}, "unread_key"),
        (a_result("number", number="heavy") | {"id": "b"}, "bad_annotation"),
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, result: dict[str, Any], kind: str
) -> None:
    revision, report = read(tmp_path, a_task(a_result()), a_task(result, image="b.png"))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert finding.decision == "dropped"
    assert (finding.file, finding.line) == ("export.json", line_of_task(tmp_path, 1))


def test_what_is_said_of_a_region_is_an_attribute(tmp_path: Path) -> None:
    region = a_result("rectangle") | {"score": 0.5}
    labels = a_result("labels", labels=["dog", "wet"])
    choice = a_result("choices", choices=["young"]) | {"from_name": "age"}
    number = a_result("number", number=7) | {"from_name": "weight"}
    revision, report = read(tmp_path, a_task(region, labels, choice, number))
    (row,) = revision.annotations.to_pylist()
    assert json.loads(row["attributes"]) == {
        "age": ["young"],
        "weight": 7,
        "labels": ["dog", "wet"],
        "score": 0.5,
    }
    assert revision.class_counts() == {"dog": 1}
    assert found(report, "several_labels") == ["export.json"]


def test_choices_are_the_class_or_tags(tmp_path: Path) -> None:
    one = a_result("choices", choices=["N/A"])
    two = a_result("choices", choices=["dog", "cat"])
    single, _ = read(tmp_path / "1", a_task(one), a_task(one, image="b.png"))
    assert (single.task, single.class_counts()) == ("classification", {"N/A": 2})
    several, _ = read(tmp_path / "2", a_task(one), a_task(two, image="b.png"))
    assert several.task == "tagging"
    assert several.class_counts() == {"N/A": 1, "cat": 1, "dog": 1}
    with pytest.raises(InvalidError, match="classes dog, cat instead of one"):
        import_dataset(tmp_path / "2", task="classification")


def test_numbers_are_values(tmp_path: Path) -> None:
    tasks = [
        a_task(a_result("number", number=2.5) | {"from_name": "kg"}),
        a_task(a_result("number", number=3) | {"from_name": "kg"}, image="b.png"),
        a_task(image="c.png"),
    ]
    revision, report = read(tmp_path, *tasks)
    assert (revision.task, revision.target_names) == ("regression", ("kg",))
    assert revision.annotations["value"].to_pylist() == [2.5, 3]
    assert found(report, "no_value") == ["export.json"]


def test_what_nobody_finished_has_its_status(tmp_path: Path) -> None:
    cancelled = [{"was_cancelled": True, "result": [a_result()]}]
    predicted = [{"score": 0.9, "result": [a_result()]}]
    revision, report = read(
        tmp_path,
        a_task(annotations=cancelled, predictions=predicted),
        a_task(image="b.png", annotations=[], predictions=predicted),
        a_task(image="c.png", annotations=[], drafts=[{"id": 1}]),
    )
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    assert {paths[one]: status for one, status in revision.given_statuses.items()} == {
        "images/a.png": "SKIPPED",
        "images/b.png": "AUTO-LABELLED",
        "images/c.png": "IN PROGRESS",
    }
    assert revision.object_count == 1
    for kind in ("skipped_items", "predicted_items", "unlabelled_items"):
        assert found(report, kind) == ["export.json"]


def test_of_several_annotations_the_truth_or_the_first_is_read(tmp_path: Path) -> None:
    made = [
        {"was_cancelled": True, "result": [a_result(), a_result(), a_result()]},
        {"result": [a_result()]},
        {"result": [a_result(), a_result()], "ground_truth": True},
    ]
    revision, report = read(
        tmp_path, a_task(annotations=made), a_task(image="b.png", annotations=made[:2])
    )
    assert revision.object_count == 3
    (finding,) = [one for one in report.findings if one.kind == "several_annotators"]
    assert finding.message.startswith("1 task has several annotations")


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/3/0a1b2c3d-a.png",
        "/data/local-files/?d=images/a.png",
        "s3://bucket/folder/a.png",
        "https://example.org/x/a.png?size=1&token=2",
        "images/a.png",
        "C:\\photos\\a.png",
        "/data/upload/a%2Epng",
        "../../a.png",
    ],
)
def test_images_are_found_by_what_their_address_ends_in(tmp_path: Path, address: str) -> None:
    revision, _ = read(tmp_path, a_task(a_result(), data={"image": address, "source": "web"}))
    assert revision.items["path"].to_pylist() == ["images/a.png"]
    assert revision.columns == ("source",)


def test_an_image_that_is_not_there_blocks_the_import(tmp_path: Path) -> None:
    draw(tmp_path / "outside.png")
    tasks = a_task(a_result()), a_task(image="../outside.png"), a_task(image="a.png"), {"id": 3}
    folder = write(tmp_path / "data", *tasks)
    with pytest.raises(InvalidError, match=r"image /data/upload/1/../outside.png is not here"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert len(revision.items) == 1
    for kind in ("missing_file", "image_twice", "bad_image_record"):
        assert found(report, kind) == ["export.json"]


def test_columns_may_be_called_as_the_records_call_theirs(tmp_path: Path) -> None:
    data = {"image": "a.png", "width": 3, "": "x", "deep": {"a": 1}}
    revision, _ = read(tmp_path, a_task(a_result(), data=data))
    assert revision.columns == ("data width", "data ")


def test_the_smaller_export_says_the_same(tmp_path: Path) -> None:
    region = a_result()["value"] | {"original_width": 8, "original_height": 6}
    smaller = {
        "image": "/data/upload/1/a.png",
        "id": 1,
        "kind": [region],
        "choice": "wet",
        "kg": 3,
        "annotator": 1,
        "annotation_id": 5,
    }
    revision, _ = read(tmp_path / "min", smaller)
    box, tag = sorted(revision.annotations.to_pylist(), key=lambda row: row["kind"])
    assert [box[one] for one in ("left", "top", "right", "bottom")] == [1, 3, 5, 4.5]
    assert (tag["kind"], revision.classes[tag["class_index"]].name) == ("tag", "wet")
    values, _ = import_dataset(tmp_path / "min", task="regression")
    assert values.target_names == ("kg",)
    several = smaller | {"choice": {"choices": ["wet", "old"]}}
    assert read(tmp_path / "two", several)[0].class_counts() == {"dog": 1, "old": 1, "wet": 1}


def test_a_broken_file_is_refused_by_line(tmp_path: Path) -> None:
    folder = write(tmp_path, a_task(a_result()))
    text = (folder / "export.json").read_text()
    (folder / "export.json").write_text(text.replace('"id": 1,', '"id" 1,'))
    with pytest.raises(InvalidError, match=r"export.json line 3: the JSON cannot be read"):
        import_dataset(folder)


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    brush = a_result("brushlabels", format="rle", rle=BRUSH) | {
        "original_width": 2,
        "original_height": 2,
    }
    results = (
        a_result(),
        a_result(x=50, y=0, width=50, height=50, rotation=90),
        a_result("polygonlabels", points=[[12.5, 50], [50, 50], [50, 100]]),
        a_result("choices", choices=["wet"]) | {"id": "b"},
        a_result("number", number=3) | {"id": "b"},
    )
    tasks = (
        a_task(*results, data={"image": "/data/upload/1/0a1b2c3d-a.png", "x": 1}),
        a_task(brush, image="b.png", annotations=[], predictions=[{"result": [brush]}]),
    )
    folder = write(tmp_path / "data", *tasks)
    wanted = (None, "classification", "regression", "segmentation")
    files = ("export.json",)
    assert_no_traceback(folder, files, "label_studio", tmp_path / "x", tasks=wanted, cases=CASES)
    region = a_result()["value"] | {"original_width": 8, "original_height": 6}
    said = {"image": "a.png", "kind": [region], "choice": "wet", "kg": 3}
    smaller = write(tmp_path / "min", said | {"annotator": 1, "annotation_id": 5})
    fewer = CASES // 4
    assert_no_traceback(smaller, files, "label_studio", tmp_path / "y", tasks=wanted, cases=fewer)


def test_masks_of_every_shape_come_back(tmp_path: Path) -> None:
    """A stream in the simplest way that the format allows: every value by itself."""
    pixels = np.random.default_rng(0).random((5, 7)) < 0.5
    values = np.repeat(pixels[..., None], 4, axis=2).astype(np.uint8).ravel() * 255
    bits = f"{values.size:032b}" + "00111" + "0000" * 4
    bits += "".join(f"0000{value:08b}" for value in values)  # no run, a count of 1 bit: one value
    stream = [int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8)]
    assert (brush_mask(stream, (5, 7)) == pixels).all()
