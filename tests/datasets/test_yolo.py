"""YOLO: every layout in use, what a line can be, and what is reported of one that is none."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.formats.yolo_layout import followed
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

BOX = "0 0.5 0.5 0.25 0.5\n"  # of an image of 8×6 pixels: x 3 to 5, y 1.5 to 4.5
CORNERS = ("left", "top", "right", "bottom")
NAMED = "names: [cat, dog]\ntrain: images\n"
Imported = tuple[Revision, CheckReport]


def lay(folder: Path, files: dict[str, str]) -> Path:
    """Write text files; those that are named as images become pictures of 8×6 pixels."""
    for name, text in files.items():
        file = folder / name
        if file.suffix in (".png", ".jpg"):
            draw(file, like=name)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


def one_image(folder: Path, labels: str, description: str = NAMED) -> Imported:
    """Import a dataset of one image and its label file."""
    lay(folder, {"images/a.png": "", "labels/a.txt": labels, "data.yaml": description})
    return import_dataset(folder)


def read(folder: Path, **options: bool) -> Imported:
    return import_dataset(folder, options=ReadOptions(format="yolo", **options))


def partitions(revision: Revision) -> dict[str, str]:
    columns = (revision.items[name].to_pylist() for name in ("path", "partition"))
    return dict(zip(*columns, strict=True))


# What a line says


def test_a_box_is_in_pixels_with_its_file_and_line(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, f"\n{BOX}")
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in CORNERS] == [3, 1.5, 5, 4.5]
    assert (row["kind"], row["source_file"], row["source_line"]) == ("box", "labels/a.txt", 2)
    assert [(one.name, one.source_id) for one in revision.classes] == [("cat", 0), ("dog", 1)]
    assert revision.tasks == ("detection", "tagging")
    assert report.recognised == "read as yolo, because data.yaml names classes and parts"


def test_an_outline_is_a_polygon(tmp_path: Path) -> None:
    revision, _ = one_image(tmp_path, "1 0 0 0.5 0 0.5 1 0.25 1 0 0.5\n")
    (row,) = revision.annotations.to_pylist()
    assert row["rings_xy"] == [[0, 0, 4, 0, 4, 6, 2, 6, 0, 3]]
    assert [row[one] for one in CORNERS] == [0, 0, 4, 6]
    assert revision.task == "instance_segmentation"


TURNED = "0 0.5 0 1 0.5 0.5 1 0 0.5\n"


def test_four_corners_alone_are_turned_boxes(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, TURNED)
    assert revision.annotations["rings_xy"].to_pylist() == [[[4, 0, 8, 3, 4, 6, 0, 3]]]
    assert revision.task == "detection"
    assert found(report, "turned_boxes") == ["labels/a.txt"]


def test_four_corners_among_other_outlines_are_outlines(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, f"{TURNED}0 0 0 1 0 0 1\n")
    assert revision.task == "instance_segmentation"
    assert found(report, "turned_boxes") == []


def test_a_description_may_say_that_boxes_are_turned(tmp_path: Path) -> None:
    said = "names: [cat]\ntrain: images\ntask: obb\n"
    revision, report = one_image(tmp_path, f"{TURNED}0 0 0 1 0 0 1\n", said)
    assert revision.task == "detection"
    (finding,) = [one for one in report.findings if one.kind == "turned_boxes"]
    assert "says `task: obb`" in finding.message


def test_a_sixth_number_is_the_confidence(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, "0 0.5 0.5 0.25 0.5 0.75\n")
    assert revision.annotations["attributes"].to_pylist() == ['{"confidence":0.75}']
    assert found(report, "confidence") == ["labels/a.txt"]


def test_keypoints_are_not_taken_for_an_outline(tmp_path: Path) -> None:
    said = "names: [cat]\ntrain: images\nkpt_shape: [2, 3]\n"
    revision, report = one_image(tmp_path, "0 0.5 0.5 0.25 0.5 0.1 0.1 2 0.2 0.2 0\n", said)
    (row,) = revision.annotations.to_pylist()
    assert (row["kind"], row["left"]) == ("box", 3)
    assert found(report, "keypoints") == ["labels/a.txt"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 0.5 0.5 0.2", "bad_annotation"),
        ("0", "bad_annotation"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "bad_annotation"),
        ("cat 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("0 0,5 0,5 0,2 0,2", "bad_annotation"),
        ("0 0.5 nan 0.2 0.2", "bad_annotation"),
        ("0 0.5 1e999 0.2 0.2", "bad_annotation"),
        ("0 0.5 0.5 0.2 1_0", "bad_annotation"),
        ("0 0.5 ٠ 0.2 0.2", "bad_annotation"),
        ("0.5 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("-1 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("1e300 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("1e999 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("0 1e308 0.5 0.2 0.2", "bad_annotation"),
        ("1e10 0.5 0.5 0.2 0.2", "bad_annotation"),
        ("2 0.5 0.5 0.2 0.2", "unknown_class_id"),
    ],
)
def test_a_line_that_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, line: str, kind: str
) -> None:
    revision, report = one_image(tmp_path, f"{BOX}{line}\n")
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.file, finding.line) == ("dropped", "labels/a.txt", 2)


def test_a_class_id_may_be_written_as_a_real_number(tmp_path: Path) -> None:
    revision, _ = one_image(tmp_path, "1.0 0.5 0.5 0.25 0.5\n")
    assert revision.class_counts() == {"cat": 0, "dog": 1}


def test_a_box_that_leaves_the_image_is_kept_and_reported(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, "0 0.9 0.5 0.5 0.5\n")
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in CORNERS] == [5.2, 1.5, 9.2, 4.5]
    (finding,) = [one for one in report.findings if one.kind == "box_outside"]
    assert (finding.file, finding.line) == ("labels/a.txt", 1)


def test_numbers_that_no_image_has_room_for_are_no_labels(tmp_path: Path) -> None:
    draw(tmp_path / "houses/1_kitchen.jpg")
    (tmp_path / "houses/prices.txt").write_text("4 2.5 4053 85255 869500\n")
    with pytest.raises(InvalidError, match="laid out in no way"):
        import_dataset(tmp_path)


def test_pixels_instead_of_shares_are_named(tmp_path: Path) -> None:
    _, report = one_image(tmp_path, "0 4 3 2 2\n")
    (finding,) = [one for one in report.findings if one.kind == "no_shares"]
    assert (finding.decision, finding.line) == ("kept", 1)


def test_an_object_that_stands_twice_is_kept_and_reported(tmp_path: Path) -> None:
    revision, report = one_image(tmp_path, BOX + BOX.replace(" ", "  "))
    assert revision.object_count == 2
    (finding,) = [one for one in report.findings if one.kind == "object_twice"]
    assert finding.line == 2


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    plain, _ = one_image(tmp_path / "one", BOX * 2)
    other = lay(tmp_path / "two", {"images/a.png": "", "data.yaml": "names: [cat, dog]\nnc: 2"})
    (other / "labels").mkdir()
    (other / "labels/a.txt").write_bytes(("\ufeff" + BOX * 2).replace("\n", "\r\n").encode())
    assert (
        import_dataset(other)[0]
        .annotations.drop_columns(["item_id"])
        .equals(plain.annotations.drop_columns(["item_id"]))
    )


def test_an_empty_label_file_is_not_a_missing_one(tmp_path: Path) -> None:
    folder = lay(
        tmp_path,
        {"images/a.png": "", "images/b.png": "", "images/c.png": "", "labels/a.txt": BOX}
        | {"labels/b.txt": "\n", "labels/d.txt": BOX, "data.yaml": "names: [cat]\ntrain: images"},
    )
    revision, report = import_dataset(folder)
    assert found(report, "empty_annotation_file") == ["labels/b.txt"]
    assert found(report, "missing_annotation_file") == ["images/c.png"]
    assert found(report, "annotation_without_image") == ["labels/d.txt"]
    ids = dict(zip(revision.items["path"].to_pylist(), revision.item_ids, strict=True))
    assert revision.given_statuses == {ids["images/b.png"]: "DONE", ids["images/c.png"]: "NEW"}


def test_images_without_label_files_are_left_out_where_the_description_says_so(
    tmp_path: Path,
) -> None:
    said = "names: [cat]\ntrain: images\nskip_if_label_file_missing: true\n"
    lay(tmp_path, {"images/b.png": ""})
    revision, report = one_image(tmp_path, BOX, said)
    assert revision.items["path"].to_pylist() == ["images/a.png"]
    assert found(report, "missing_annotation_file") == ["images/b.png"]


# Where things stand

TWO = {
    "images/train/a.png": "", "labels/train/a.txt": BOX,
    "images/val/b.png": "", "labels/val/b.txt": BOX,
}  # fmt: skip
EXPECTED = {"images/train/a.png": "train", "images/val/b.png": "validation"}


@pytest.mark.parametrize(
    "description",
    [
        "path: .\ntrain: images/train\nval: images/val\nnames: [cat]\n",
        "train: ./images/train\nval: images/val/\nnames: {0: cat}\n",
        "train: ../images/train\nval: ../images/val\nnames: [cat]\nnc: 1\n",
        "path: ../datasets/cats\ntrain: images/train\nval: images/val\nnames: [cat]\n",
        "path: /content/cats\ntrain: images/train\nval: images/val\nnames: [cat]\n",
        "train: /home/me/cats/images/train\nval: C:\\cats\\images\\val\nnames: [cat]\n",
        "train: [images/train]\nval: [images/val]\ntest:\nnames: ['cat']\n",
        "names: [cat]\nnc: 1\n",
    ],
)
def test_both_styles_of_paths_and_those_of_another_machine(
    tmp_path: Path, description: str
) -> None:
    folder = lay(tmp_path / "cats", TWO | {"data.yaml": description})
    revision, report = import_dataset(folder)
    assert partitions(revision) == EXPECTED
    assert revision.class_counts() == {"cat": 2}
    is_remapped = any(one in description for one in ("../", "/content", "/home"))
    assert bool(found(report, "path_remapped")) == is_remapped
    assert read(folder / "data.yaml")[0].hash == revision.hash


def test_the_part_may_come_before_the_images(tmp_path: Path) -> None:
    files = {
        "train/images/a.png": "", "train/labels/a.txt": BOX,
        "valid/images/b.png": "", "valid/labels/b.txt": BOX,
    }  # fmt: skip
    lay(tmp_path / "plain", files)
    lay(
        tmp_path / "named",
        files | {"data.yaml": "train: ../train/images\nval: valid/images\nnames: [cat]\n"},
    )
    expected = {"train/images/a.png": "train", "valid/images/b.png": "validation"}
    for name in ("plain", "named"):
        assert partitions(import_dataset(tmp_path / name)[0]) == expected


def test_lists_of_images_are_parts(tmp_path: Path) -> None:
    description = "train: train.txt\nval: lists/val.txt\nnames: [cat]\n"
    lists = {
        "train.txt": "# mine\n./images/all/a.png\n",
        "lists/val.txt": "/data/images/all/b.png\n\nimages/all/z.png\n",
    }
    images = {"images/all/a.png": "", "images/all/b.png": "", "images/all/c.png": ""}
    labels = {"labels/all/a.txt": BOX, "labels/all/b.txt": BOX, "labels/all/c.txt": BOX}
    folder = lay(tmp_path, lists | images | labels | {"data.yaml": description})
    with pytest.raises(InvalidError, match=r"line 3 of lists/val.txt: the image images/all/z.png"):
        import_dataset(folder)
    revision, report = read(folder, drop_faulty=True)
    assert partitions(revision) == {"images/all/a.png": "train", "images/all/b.png": "validation"}
    assert found(report, "path_remapped") == ["lists/val.txt"]
    assert found(report, "image_in_no_part") == ["images/all/c.png"]
    assert found(report, "annotation_without_image") == []


def test_darknet_names_its_files_in_obj_data(tmp_path: Path) -> None:
    files = {
        "obj.data": "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = b/\n",
        "obj.names": "cat\ndog\n",
        "train.txt": "data/obj_train_data/a.png\n",
        "obj_train_data/a.png": "",
        "obj_train_data/a.txt": BOX.replace("0", "1", 1),
    }
    revision, report = import_dataset(lay(tmp_path, files))
    assert partitions(revision) == {"obj_train_data/a.png": "train"}
    assert revision.class_counts() == {"cat": 0, "dog": 1}
    assert report.recognised == "read as yolo, because obj.data names classes and parts"


@pytest.mark.parametrize(
    "files",
    [
        {"images/a.png": "", "labels/a.txt": BOX, "classes.txt": "cat\n"},
        {"a.png": "", "a.txt": BOX, "classes.txt": "cat\n"},
        {"images/a.png": "", "images/a.txt": BOX, "classes.txt": "cat\n"},
        {"a.png": "", "labels/a.txt": BOX, "labels/classes.txt": "cat\n"},
        {"cats/images/a.png": "", "cats/labels/a.txt": BOX, "cats/classes.txt": "cat\n"},
    ],
)
def test_without_a_description_the_folders_speak(tmp_path: Path, files: dict[str, str]) -> None:
    revision, report = import_dataset(lay(tmp_path, files))
    assert revision.class_counts() == {"cat": 1}
    assert revision.items["partition"].to_pylist() == [None]
    assert found(report, "annotation_without_image") == []
    assert "hold ids and shares" in report.recognised


def test_where_nothing_names_the_classes_the_ids_are_names(tmp_path: Path) -> None:
    files = {"images/a.png": "", "labels/a.txt": "7 0.5 0.5 0.1 0.1\n3 0.5 0.5 0.1 0.1\n"}
    revision, report = import_dataset(lay(tmp_path, files))
    assert [(one.name, one.source_id) for one in revision.classes] == [("3", 3), ("7", 7)]
    assert revision.class_counts() == {"3": 1, "7": 1}
    assert found(report, "no_class_names") == ["labels/a.txt"]


def test_ids_may_have_gaps_and_names_be_any_text(tmp_path: Path) -> None:
    said = "train: images\nnames:\n  90: 'N/A'\n  7: no\n  12: hot dog, größer\n"
    revision, _ = one_image(tmp_path, "90 0.5 0.5 0.1 0.1\n", said)
    assert [(one.name, one.source_id) for one in revision.classes] == [
        ("no", 7), ("hot dog, größer", 12), ("N/A", 90),
    ]  # fmt: skip
    assert revision.class_counts()["N/A"] == 1


def test_images_of_two_parts_stay_in_the_first(tmp_path: Path) -> None:
    said = "train: images\nval: images\nnames: [cat]\n"
    revision, report = one_image(tmp_path, BOX, said)
    assert partitions(revision) == {"images/a.png": "train"}
    assert found(report, "image_in_two_parts") == ["images/a.png"]


def test_of_a_list_that_shares_images_one_of_these_is_named(tmp_path: Path) -> None:
    for name in ("new/b", "train/a"):
        draw(tmp_path / f"images/{name}.png")
        (tmp_path / f"labels/{name}.txt").parent.mkdir(parents=True)
        (tmp_path / f"labels/{name}.txt").write_text(BOX)
    (tmp_path / "val.txt").write_text("images/new/b.png\nimages/train/a.png\n")
    (tmp_path / "data.yaml").write_text("train: images/train\nval: val.txt\nnames: [cat]\n")
    revision, report = import_dataset(tmp_path)
    assert sorted(partitions(revision).values()) == ["train", "validation"]
    assert found(report, "image_in_two_parts") == ["images/train/a.png"]


def test_a_part_that_is_not_there_is_reported(tmp_path: Path) -> None:
    said = "train: images\ntest: pictures/test\nnames: [cat]\nnc: 3\n"
    revision, report = one_image(tmp_path, BOX, said)
    assert revision.object_count == 1
    assert found(report, "missing_part") == ["data.yaml"]
    assert found(report, "class_count") == ["data.yaml"]


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ("train: images\nnames: [cat, cat]\n", "the classes 0 and 1 are both 'cat'"),
        ("train: images\nnames: {x: cat}\n", "the id 'x' is no whole number"),
        ("train: images\nnames: {1: cat, 01: dog}\n", "the id 1 stands twice"),
        ("train: images\nnames: [cat, '']\n", "the class 1 has no name"),
        ("train: images\nnames: cat\n", "neither a list of names nor a mapping"),
        ("train: images\nnames: [cat\n", "line 3"),
        ("train: images\nnames: &a [x]\nval: *a\n", r"line 3: the alias \*a is refused"),
    ],
)
def test_a_description_that_is_unclear_says_where(
    tmp_path: Path, description: str, complaint: str
) -> None:
    with pytest.raises(InvalidError, match=complaint) as refused:
        one_image(tmp_path, BOX, description)
    assert "data.yaml" in str(refused.value)


def test_of_several_descriptions_one_has_to_be_chosen(tmp_path: Path) -> None:
    one_image(tmp_path, BOX)
    lay(tmp_path, {"other.yaml": "train: images\nnames: [dog]\n"})
    with pytest.raises(InvalidError, match=r"several descriptions .* \(data.yaml, other.yaml\)"):
        import_dataset(tmp_path)
    assert [one.name for one in read(tmp_path / "other.yaml")[0].classes] == ["dog"]


# What leads out of the folder


def test_a_link_that_git_wrote_as_a_file_is_followed(tmp_path: Path) -> None:
    folder = lay(
        tmp_path,
        {"shared/train/a.png": "", "set/images": "../shared\n", "set/labels/train/a.txt": BOX}
        | {"set/data.yaml": "train: images/train\nnames: [cat]\n"},
    )
    revision, report = import_dataset(folder / "set")
    assert (revision.root, revision.object_count) == (folder / "shared/train", 1)
    assert report.errors == 0
    (folder / "set/images").unlink()
    (folder / "set/images").symlink_to("../shared")
    assert import_dataset(folder / "set")[0].object_count == 1


@pytest.mark.parametrize("target", ["../../far/train", "/etc", "../missing", "\0", "x" * 5000])
def test_no_link_leads_further_than_beside_the_folder(tmp_path: Path, target: str) -> None:
    lay(tmp_path, {"far/train/a.png": "", "near/set/images": target, "near/set/b.png": ""})
    assert followed(tmp_path / "near/set", tmp_path / "near/set/images") is None


@pytest.mark.parametrize("place", ["../../far", "{far}", "/etc", "../../../../../../etc"])
def test_no_path_in_a_description_leads_out(tmp_path: Path, place: str) -> None:
    lay(tmp_path, {"far/b.png": "", "far/b.txt": BOX})
    said = f"train: images\nval: '{place.format(far=tmp_path / 'far')}'\nnames: [cat]\n"
    revision, report = one_image(tmp_path / "near/set", BOX, said)
    assert partitions(revision) == {"images/a.png": "train"}
    assert found(report, "missing_part") == ["data.yaml"]


def test_a_label_file_that_is_linked_from_elsewhere_is_refused_unless_allowed(
    tmp_path: Path,
) -> None:
    folder = lay(tmp_path / "set", TWO | {"data.yaml": "names: [cat]\nnc: 1\n"})
    (tmp_path / "far.txt").write_text(BOX)
    (folder / "labels/val/b.txt").unlink()
    (folder / "labels/val/b.txt").symlink_to(tmp_path / "far.txt")
    with pytest.raises(InvalidError, match="leads out of the dataset's folder"):
        import_dataset(folder)
    assert read(folder, follow_links=True)[0].object_count == 2


# What others have


@pytest.mark.parametrize(
    "files",
    [
        {"images/a.png": "", "labels/a.txt": "a cat on a mat and a dog\n"},  # captions
        {"a.png": "", "notes.txt": "3 cats 2 dogs and 1 bird\n"},
        {"images/a.png": "", "masks/a.png": "", "classes.yaml": "classes: {0: a, 1: b}\n"},
        {"images/a.png": "", "data.yaml": "train: {images: images, masks: m}\nnames: [a]\n"},
        {"cat/a.png": "", "dog/b.png": "", "labels.txt": "1 2 3 4 5\n"},
        {"a.png": "", "settings.yaml": "names: [a, b]\n"},
    ],
)
def test_what_is_no_yolo_dataset_is_not_claimed(tmp_path: Path, files: dict[str, str]) -> None:
    lay(tmp_path, files)
    assert FORMATS["yolo"]().detect(tmp_path) is None
    for file in files:
        assert FORMATS["yolo"]().detect(tmp_path / file) is None


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "set",
        TWO
        | {"data.yaml": "path: .\ntrain: images/train\nval: lists/val.txt\nnames: {0: cat}\n"}
        | {
            "lists/val.txt": "images/val/b.png\n",
            "labels/val/b.txt": f"{BOX}0 0 0 0.5 0 0.5 1\n{TURNED}",
        },
    )
    files = ("data.yaml", "lists/val.txt", "labels/train/a.txt", "labels/val/b.txt")
    tasks = (None, "instance_segmentation", "segmentation")
    assert_no_traceback(folder, files, "yolo", tmp_path / "fuzz", tasks=tasks, cases=CASES)


def test_coco128_boxes_import_to_their_exact_counts(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "coco128/object_detection")
    part = dict(zip(revision.item_ids, revision.items["partition"].to_pylist(), strict=True))
    of = [part[one] for one in revision.annotations["item_id"].to_pylist()]
    assert Counter(part.values()) == {"train": 128, "validation": 128}
    assert Counter(of) == {"train": 929, "validation": 898}
    classes = set(zip(of, revision.annotations["class_index"].to_pylist(), strict=True))
    assert Counter(part for part, _ in classes) == {"train": 71, "validation": 73}
    assert [one.source_id for one in revision.classes] == list(range(80))
    stems = [
        [int(os.path.splitext(os.path.basename(file))[0]) for file in found(report, kind)]
        for kind in ("missing_annotation_file", "annotation_without_image")
    ]
    assert (stems[0], sorted(stems[1])) == ([250, 508], [656, 659])
    assert set(revision.annotations["kind"].to_pylist()) == {"box"}
    assert (revision.task, report.errors) == ("detection", 0)


def test_coco128_outlines_import_to_their_exact_counts(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "coco128/instance_segmentation")
    part = dict(zip(revision.item_ids, revision.items["partition"].to_pylist(), strict=True))
    of = [part[one] for one in revision.annotations["item_id"].to_pylist()]
    assert Counter(of) == {"train": 746, "validation": 712}
    left_out = found(report, "missing_annotation_file")
    assert Counter(file.split("/")[2] for file in left_out) == {"train2017": 28, "val2017": 28}
    assert [file[-7:] for file in found(report, "empty_annotation_file")] == ["250.txt", "508.txt"]
    ids = [one.source_id for one in revision.classes]
    assert (ids[0], ids[-1], len(ids)) == (1, 90, 80)
    assert set(revision.annotations["kind"].to_pylist()) == {"polygon"}
    assert (revision.task, report.errors) == ("instance_segmentation", 0)


def test_a_class_id_beyond_all_numbers_is_left_out(tmp_path: Path) -> None:
    _, report = one_image(tmp_path, f"{BOX}{'9' * 400} 0.5 0.5 0.25 0.5\n")
    assert found(report, "bad_annotation") == ["labels/a.txt"]
