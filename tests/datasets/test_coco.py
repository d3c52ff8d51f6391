"""COCO JSON: what is read, what is reported, and what is never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.exporting import export_revision, in_parts
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.run_lengths import compressed

DROP = ReadOptions(drop_faulty=True)
RING = [1, 1, 5, 1, 5, 4]


def coco(**changes: Any) -> dict[str, Any]:
    """A file of two images of 8×6 pixels and one box in the first; arguments replace its keys."""
    return {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 8, "height": 6},
            {"id": 9, "file_name": "b.png", "width": 8, "height": 6},
        ],
        "annotations": [annotation()],
        "categories": [{"id": 18, "name": "dog"}, {"id": 3, "name": "N/A"}],
    } | changes


def annotation(**changes: Any) -> dict[str, Any]:
    """A box of a dog; arguments replace its keys."""
    return {"id": 1, "image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4]} | changes


def write(folder: Path, said: dict[str, Any] | str) -> Path:
    for name in ("a", "b"):
        draw(folder / f"images/{name}.png", (8, 6), like=name)
    text = said if isinstance(said, str) else json.dumps(said, indent=1)
    (folder / "instances.json").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, said: dict[str, Any] | str) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, said), options=DROP)


def test_boxes_are_corners_and_ids_are_kept_beside_contiguous_indices(tmp_path: Path) -> None:
    revision, report = read(tmp_path, coco())
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [1, 2, 4, 6]
    assert [(one.name, one.source_id) for one in revision.classes] == [("dog", 18), ("N/A", 3)]
    assert (row["kind"], row["source_file"], row["source_id"]) == ("box", "instances.json", "1")
    lines = (tmp_path / "instances.json").read_text().splitlines()
    assert row["source_line"] == lines.index("  {", lines.index(' "annotations": [')) + 1
    assert revision.tasks == ("detection", "tagging")
    assert report.recognised.startswith("read as coco, because instances.json has the keys")
    assert revision.class_counts() == {"dog": 1, "N/A": 0}


def test_polygons_run_lengths_and_crowds_are_read(tmp_path: Path) -> None:
    counts = [10, 2, 36]  # down the columns of 6: two pixels of the second column
    said = [
        annotation(id=1, segmentation=[RING, RING], area=7.5),
        annotation(id=2, bbox=[], segmentation={"size": [6, 8], "counts": counts}, iscrowd=1),
        annotation(id=3, bbox=None, segmentation=[RING]),
    ]
    revision, _ = read(tmp_path, coco(annotations=said))
    first, second, third = revision.annotations.sort_by("source_id").to_pylist()
    assert (first["kind"], first["rings_xy"], first["area"]) == ("polygon", [RING, RING], 7.5)
    assert (second["kind"], second["rle_counts"], second["crowd"]) == (
        "rle",
        compressed(counts),
        True,
    )
    assert [second[one] for one in ("left", "top", "right", "bottom")] == [1, 4, 2, 6]
    assert [third[one] for one in ("left", "top", "right", "bottom")] == [1, 1, 5, 4]
    assert (revision.task, revision.object_count) == ("instance_segmentation", 3)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"image_id": 8}, "unknown_image"),
        ({"category_id": 4}, "unknown_class_id"),
        ({"bbox": [1, 2, 3]}, "bad_box"),
        ({"bbox": None}, "no_shape"),
        ({"bbox": "1 2 3 4"}, "bad_annotation"),
        ({"segmentation": [[1, 2, 3]]}, "odd_polygon"),
        ({"segmentation": {"size": [6, 8], "counts": "2342"}}, "bad_run_lengths"),
        ({"segmentation": {"size": [6, 8], "counts": "\u007f"}}, "bad_run_lengths"),
        ({"image_id": None}, "bad_annotation"),
        (None, "bad_annotation"),
        (18, "bad_annotation"),
        ([], "bad_annotation"),
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, change: dict[str, Any] | int | list[Any] | None, kind: str
) -> None:
    second = annotation(id=2, **change) if isinstance(change, dict) else change
    said = [annotation(), second]
    revision, report = read(tmp_path, coco(annotations=said))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.file) == ("dropped", "instances.json")
    lines = (tmp_path / "instances.json").read_text().splitlines()
    starts = [
        place
        for place, line in enumerate(lines, start=1)
        if line.startswith("  ") and not line.startswith(("   ", "  }"))
    ]
    assert finding.line in starts


@pytest.mark.parametrize(
    ("box", "kind"),
    [([1, 1, 0, 3], "empty_box"), ([4, 1, -2, 3], "reversed_box"), ([4, 1, 9, 3], "box_outside")],
)
def test_boxes_that_cannot_be_meant_are_kept_and_reported(
    tmp_path: Path, box: list[float], kind: str
) -> None:
    revision, report = read(tmp_path, coco(annotations=[annotation(bbox=box)]))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.severity) == ("kept", "warning")
    assert finding.line is not None


def test_an_outline_of_two_points_is_kept_and_reported(tmp_path: Path) -> None:
    said = coco(annotations=[annotation(segmentation=[RING, [1, 1, 2, 2]])])
    revision, report = read(tmp_path, said)
    assert revision.object_count == 1
    assert found(report, "short_polygon") == ["instances.json"]


@pytest.mark.parametrize(
    "name", ["../outside.png", "/home/me/photos/outside.png", "C:\\photos\\outside.png"]
)
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "outside.png")
    images = [{"id": 7, "file_name": name}, {"id": 9, "file_name": "b.png"}]
    revision, report = read(tmp_path / "data", coco(images=images))
    assert revision.items["path"].to_pylist() == ["images/b.png"]
    assert found(report, "missing_file") == ["instances.json"]
    assert found(report, "image_unusable") == ["instances.json"]


def test_paths_of_another_machine_are_found_by_file_name(tmp_path: Path) -> None:
    images = [{"id": 7, "file_name": "C:\\data\\a.png"}, {"id": 9, "file_name": "/x/y/b.png"}]
    revision, report = read(tmp_path, coco(images=images))
    assert revision.items["path"].to_pylist() == ["images/a.png", "images/b.png"]
    assert found(report, "path_remapped") == ["instances.json"] * 2


def test_ids_may_be_texts_or_large(tmp_path: Path) -> None:
    large = 2**62 + 1  # a float would lose the 1
    images = [{"id": str(large), "file_name": "a.png"}, {"id": "b", "file_name": "b.png"}]
    said = [annotation(image_id=large, category_id="18"), annotation(image_id="b")]
    revision, _ = read(tmp_path, coco(images=images, annotations=said))
    assert len(set(revision.annotations["item_id"].to_pylist())) == 2


def test_numbers_that_are_none_leave_out_what_needs_them(tmp_path: Path) -> None:
    text = json.dumps(coco(annotations=[annotation(bbox=[1, 1, float("nan"), 2]), annotation()]))
    revision, report = read(tmp_path, text)
    assert revision.object_count == 1
    assert found(report, "json_not_a_number") == ["instances.json"]
    assert found(report, "bad_annotation") == ["instances.json"]


def test_keys_that_stand_twice_are_reported(tmp_path: Path) -> None:
    text = json.dumps(coco()).replace('"id": 1,', '"id": 1, "id": 2,')
    assert found(read(tmp_path, text)[1], "key_twice") == ["instances.json"]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    plain = read(tmp_path / "one", coco())[0]
    text = "\ufeff" + json.dumps(coco(), indent=1).replace("\n", "\r\n")
    assert read(tmp_path / "two", text)[0].hash == plain.hash


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"images": [], "file_name": 1,\n"categories": [}', "line 2"),
        ('{"images": 7, "categories": [], "file_name": 0}', "Expected `array`"),
        (json.dumps(coco(categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}])), "the id 1"),
        (json.dumps(coco(categories=[{"id": 1, "name": "a"}, {"id": 2, "name": "a"}])), "the name"),
    ],
)
def test_a_file_that_is_none_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("second", "what"), [('{"id": 1, "name": "b"}', "id 1"), ('{"id": 2, "name": "a"}', "name a")]
)
def test_two_categories_that_are_one_are_named_by_line(
    tmp_path: Path, second: str, what: str
) -> None:
    before = json.dumps(coco(categories=[]))[: -len("[]}")]
    text = f'{before}[\n{{"id": 1, "name": "a"}},\n{second}]}}'
    said = rf"line 3 of .*instances\.json: the category has the {what}, as that on line 2 has"
    with pytest.raises(InvalidError, match=said):
        read(tmp_path, text)


def test_files_by_part_are_partitions(tmp_path: Path) -> None:
    folder = write(tmp_path, coco(images=coco()["images"][:1]))
    (folder / "annotations").mkdir()
    (folder / "instances.json").rename(folder / "annotations/instances_train2017.json")
    second = coco(images=coco()["images"][1:], annotations=[annotation(image_id=9)])
    (folder / "annotations/instances_val2017.json").write_text(json.dumps(second))
    revision, _ = import_dataset(folder)
    assert revision.items["partition"].to_pylist() == ["train", "validation"]
    assert revision.class_counts() == {"dog": 2, "N/A": 0}


def test_images_can_be_looked_into_later(tmp_path: Path) -> None:
    folder = write(tmp_path, coco())
    later, _ = import_dataset(folder, inspect=False)
    assert not later.is_inspected
    assert later.items["width"].to_pylist() == [8, 8]  # as the file says
    now = import_dataset(folder)[0].with_identity_of(later)
    assert now.is_inspected
    assert now.item_ids == later.item_ids
    assert now.hash != later.hash


def test_what_is_written_is_what_others_read(tmp_path: Path) -> None:
    """Ids with gaps stay, every object has an area, and run lengths are compressed."""
    lengths = {"size": [6, 8], "counts": [10, 2, 36]}
    said = [
        annotation(id=5, bbox=[1, 2, 3, 1.5], attributes={"occluded": True}),
        annotation(id=6, segmentation=[[0, 0, 4, 0, 4, 3], [5, 5, 7, 5, 7, 6, 5, 6]]),
        annotation(id=7, bbox=None, segmentation=lengths, iscrowd=1, category_id=3),
        annotation(id=8, area=2.25),
    ]
    revision, _ = read(tmp_path / "source", coco(annotations=said))
    report = export_revision(revision, tmp_path / "new", format="coco")
    assert report.findings == ()
    written = json.loads((tmp_path / "new/annotations.json").read_text())
    assert written["images"][0] == {
        "id": 1, "file_name": "images/a.png", "width": 8, "height": 6,
    }  # fmt: skip
    assert written["categories"] == [{"id": 18, "name": "dog"}, {"id": 3, "name": "N/A"}]
    by_area = {one["area"]: one for one in written["annotations"]}
    assert by_area.keys() == {4.5, 8.0, 2.0, 2.25}  # 3·1.5; 4·3/2 + 2·1; pixels; as it was said
    assert by_area[4.5]["bbox"] == [1, 2, 3, 1.5]
    assert by_area[4.5]["attributes"] == {"occluded": True}
    assert by_area[2.0]["segmentation"] == {"size": [6, 8], "counts": compressed([10, 2, 36])}
    assert (by_area[2.0]["iscrowd"], by_area[2.0]["category_id"]) == (1, 3)
    assert (by_area[2.0]["bbox"], by_area[8.0]["iscrowd"]) == ([1, 4, 1, 2], 0)


def test_each_part_has_a_file_of_its_own(tmp_path: Path) -> None:
    revision, _ = read(tmp_path / "source", coco())
    parts = dict(zip(revision.item_ids, ("fold 1", "test"), strict=True))
    report = export_revision(in_parts(revision, parts), tmp_path / "new", format="coco")
    assert [one.message.partition(":")[0] for one in report.findings] == ["fold 1"]
    files = sorted(one.name for one in (tmp_path / "new").glob("*.json"))
    assert files == ["instances_fold_1.json", "instances_test.json"]
    assert import_dataset(tmp_path / "new")[0].items["partition"].to_pylist() == [None, "test"]


def test_nuts_imports_to_its_exact_counts(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "nuts")
    assert len(revision.items) == 18
    names = [revision.classes[one].name for one in revision.annotations["class_index"].to_pylist()]
    assert {name: names.count(name) for name in names} == {"date": 71, "fig": 41, "hazelnut": 53}
    assert set(revision.annotations["kind"].to_pylist()) == {"polygon"}
    assert set(revision.items["width"].to_pylist()) == {800}
    assert report.errors == 0


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    said = [
        annotation(segmentation=[RING], attributes={"wet": True}),
        annotation(id=2, bbox=[], segmentation={"size": [6, 8], "counts": [10, 2, 36]}),
        annotation(id=3, bbox=None, segmentation={"size": [6, 8], "counts": compressed([10, 38])}),
    ]
    folder = write(tmp_path / "data", coco(annotations=said))
    files, tasks = ("instances.json",), (None, "segmentation")
    assert_no_traceback(folder, files, "coco", tmp_path / "x", tasks=tasks, cases=CASES)


def file_of(*names: str, first_id: int = 1) -> dict[str, Any]:
    """A file of images with a dog in each."""
    ids = range(first_id, first_id + len(names))
    return coco(
        images=[{"id": one, "file_name": name} for one, name in zip(ids, names, strict=True)],
        annotations=[annotation(id=one, image_id=one) for one in ids],
    )


def test_captions_and_key_points_beside_the_objects_are_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    for part in ("train", "val"):
        draw(tmp_path / f"{part}2017/{part}.png")
        said = file_of(f"{part}.png")
        (folder / f"instances_{part}2017.json").write_text(json.dumps(said))
        captions = {"images": said["images"], "annotations": [{"image_id": 1, "caption": "A dog"}]}
        (folder / f"captions_{part}2017.json").write_text(json.dumps(captions))
        said["annotations"][0] |= {"keypoints": [1, 2, 2], "num_keypoints": 1}
        (folder / f"person_keypoints_{part}2017.json").write_text(json.dumps(said))
    revision, report = import_dataset(tmp_path)
    assert revision.object_count == 2
    assert sorted(revision.items["partition"].to_pylist()) == ["train", "validation"]
    assert sorted(one.file for one in report.findings if one.kind == "other_labels") == [
        "annotations/captions_train2017.json",
        "annotations/captions_val2017.json",
        "annotations/person_keypoints_train2017.json",
        "annotations/person_keypoints_val2017.json",
    ]
    assert not found(report, "path_remapped")  # a part's folder is where its images belong


def test_key_points_alone_are_read_as_boxes(tmp_path: Path) -> None:
    said = annotation(keypoints=[1, 2, 2], num_keypoints=1)
    revision, _ = read(tmp_path, coco(annotations=[said]))
    assert revision.annotations["kind"].to_pylist() == ["box"]


@pytest.mark.parametrize("top", ["", "download"])
def test_a_file_in_each_folder_of_a_part(tmp_path: Path, top: str) -> None:
    for part in ("train", "valid", "test"):
        draw(tmp_path / top / part / "a.png", like=part)
        said = file_of("a.png")
        (tmp_path / top / part / "_annotations.coco.json").write_text(json.dumps(said))
    revision, _ = import_dataset(tmp_path)
    columns = (revision.items[one].to_pylist() for one in ("path", "partition"))
    assert {path.split("/")[-2]: part for path, part in zip(*columns, strict=True)} == {
        "train": "train",
        "valid": "validation",
        "test": "test",
    }
    assert revision.object_count == 3


def test_images_of_one_name_are_those_of_the_files_part(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    for part in ("train", "val"):
        draw(tmp_path / f"images/{part}/a.png", like=part)
        (tmp_path / f"annotations/{part}.json").write_text(json.dumps(file_of("a.png")))
    revision, _ = import_dataset(tmp_path)
    columns = (revision.items[one].to_pylist() for one in ("path", "partition"))
    assert sorted(zip(*columns, strict=True)) == [
        ("images/train/a.png", "train"),
        ("images/val/a.png", "validation"),
    ]


def whole_images(*said: tuple[int, int]) -> dict[str, Any]:
    """A file that says classes of images, by their ids."""
    content = coco()
    content["annotations"] = [
        {"id": number, "image_id": image, "category_id": category}
        for number, (image, category) in enumerate(said, start=1)
    ]
    return content


def test_where_no_annotation_has_a_shape_each_is_the_class_of_its_image(tmp_path: Path) -> None:
    revision, report = read(tmp_path, whole_images((7, 18), (9, 3)))
    assert revision.task == "classification"
    assert [(one.name, one.source_id) for one in revision.classes] == [("dog", 18), ("N/A", 3)]
    classes = {
        row["item_id"]: revision.classes[row["class_index"]].name
        for row in revision.annotations.to_pylist()
    }
    assert [classes[one] for one in revision.item_ids] == ["dog", "N/A"]
    assert found(report, "no_shape") == []


def test_several_classes_of_an_image_without_shapes_are_tags(tmp_path: Path) -> None:
    revision, _ = read(tmp_path, whole_images((7, 18), (7, 3)))
    assert (revision.task, revision.class_counts()) == ("tagging", {"dog": 1, "N/A": 1})
    assert revision.items.num_rows == 2


def test_an_image_without_a_class_is_left_out_of_those_that_have_one(tmp_path: Path) -> None:
    revision, report = read(tmp_path, whole_images((9, 3)))
    assert revision.items["path"].to_pylist() == ["images/b.png"]
    assert found(report, "no_class") == ["instances.json"]


def test_classes_of_images_are_no_objects(tmp_path: Path) -> None:
    folder = write(tmp_path, whole_images((7, 18), (9, 3)))
    revision, report = import_dataset(folder, task="detection")
    assert revision.object_count == 0
    assert len(found(report, "no_shape")) == 2


def test_objects_are_no_classes_of_images(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="--task tagging takes the classes"):
        import_dataset(write(tmp_path, coco()), task="classification")


def test_images_that_no_file_names_are_counted(tmp_path: Path) -> None:
    folder = write(tmp_path, coco())
    for place in ("images/c.png", "images/d.png", "elsewhere/e.png"):
        draw(folder / place)
    _, report = import_dataset(folder)
    (finding,) = [one for one in report.findings if one.kind == "file_without_row"]
    assert finding.file == "images/c.png"
    assert "2 images are named by no file" in finding.message


def test_an_image_in_two_files_asks_for_one_of_them(tmp_path: Path) -> None:
    folder = write(tmp_path, coco())
    (folder / "unofficial.json").write_text(json.dumps(coco()))
    with pytest.raises(InvalidError, match=r"stands in instances\.json too: give the path of one"):
        import_dataset(folder)
