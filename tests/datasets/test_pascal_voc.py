"""Pascal VOC: boxes, lists and masks; what is read, what is reported."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found, kinds
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.formats.voc_masks import CLASSES, palette_colour
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.run_lengths import decoded

DROP = ReadOptions(drop_faulty=True)
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"


def an_object(name: str = "dog", said: str = BOX) -> str:
    return f"<object>\n<name>{name}</name>\n{said}\n</object>\n"


def a_file(objects: str = "", filename: str = "a.png", size: tuple[int, int] = (8, 6)) -> str:
    return (
        f"<annotation>\n<filename>{filename}</filename>\n<size><width>{size[0]}</width>"
        f"<height>{size[1]}</height></size>\n{objects}</annotation>\n"
    )


def write(folder: Path, said: dict[str, str], images: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    for name in images:
        draw(folder / f"JPEGImages/{name}", (8, 6), like=name)
    for name, text in said.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, *files: str) -> tuple[Revision, CheckReport]:
    """Read files about the images a.png, b.png, …"""
    said = {f"Annotations/{name}.xml": text for name, text in zip("abcd", files, strict=False)}
    return import_dataset(write(folder, said), options=DROP)


def test_a_box_is_read_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    said = (
        f"{BOX}<pose>Left</pose><truncated>1</truncated><difficult>0</difficult>"
        "<occluded>Unspecified</occluded>"
        f"<part><name>head</name>{BOX}</part>"
        "<attributes><attribute><name>fur</name><value>long</value></attribute></attributes>"
    )
    revision, report = read(tmp_path, a_file(an_object("N/A", said)), a_file(filename="b.png"))
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [1, 2, 5, 4]
    assert row["attributes"] == (
        '{"fur":"long","parts":[{"box":[1.0,2.0,5.0,4.0],"name":"head"}],'
        '"pose":"Left","truncated":true}'
    )
    assert (row["source_file"], row["source_line"]) == ("Annotations/a.xml", 4)
    assert revision.class_counts() == {"N/A": 1}
    assert revision.tasks == ("detection", "tagging")
    assert "is an XML file of an image's objects" in report.recognised
    assert found(report, "empty_annotation_file") == ["Annotations/b.xml"]
    assert len(revision.items) == 2  # the one without objects is background


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", "no_shape"),
        (BOX.replace("<xmax>5</xmax>", ""), "bad_box"),
        (BOX.replace("5", "NaN"), "bad_box"),
        (BOX.replace("5", "five"), "bad_box"),
        (BOX.replace("5", "1e400"), "bad_box"),
        (BOX.replace("5", ""), "bad_box"),
        ("<polygon><x1>1</x1><y1>2</y1><x2>3</x2></polygon>", "bad_annotation"),
    ],
)
def test_an_object_that_cannot_be_read_is_left_out_by_line(
    tmp_path: Path, said: str, kind: str
) -> None:
    revision, report = read(tmp_path, a_file(an_object() + an_object("cat", said)))
    assert revision.class_counts() == {"dog": 1}
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.file, finding.line) == ("dropped", "Annotations/a.xml", 8)


def test_an_object_without_a_name_and_elements_without_a_place_are_reported(tmp_path: Path) -> None:
    text = a_file(an_object("") + an_object("dog", f"{BOX}<actions><run>1</run></actions>"))
    revision, report = read(tmp_path, text)
    assert revision.object_count == 1
    assert found(report, "bad_annotation") == ["Annotations/a.xml"]
    assert found(report, "unread_key") == ["Annotations/a.xml"]


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        (BOX.replace("5", "1"), "empty_box"),
        (BOX.replace("5", "0"), "reversed_box"),
        (BOX.replace("5", "20"), "box_outside"),
    ],
)
def test_boxes_that_cannot_be_meant_are_kept_and_reported_by_line(
    tmp_path: Path, box: str, kind: str
) -> None:
    revision, report = read(tmp_path, a_file(an_object("dog", box)))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.line) == ("kept", 4)


def test_outlines_and_turned_boxes_become_polygons(tmp_path: Path) -> None:
    flat = "".join(
        f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, x, y in [(1, 1, 2), (2, 5, 2), (10, 5, 4)]
    )
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in [(1, 2), (5, 2), (5, 4)])
    turned = f"<cx>4</cx><cy>3</cy><w>4</w><h>2</h><angle>{math.pi / 2}</angle>"
    shapes = [
        f"{BOX}<polygon>{flat}</polygon>",
        f"<polygon>{points}</polygon>",
        f"<type>robndbox</type><robndbox>{turned}</robndbox>",
    ]
    revision, _ = read(tmp_path, a_file("".join(an_object("dog", one) for one in shapes)))
    first, second, third = revision.annotations.to_pylist()
    assert first["rings_xy"] == second["rings_xy"] == [[1, 2, 5, 2, 5, 4]]
    assert third["rings_xy"] == [[5, 1, 5, 5, 3, 5, 3, 1]]
    assert [third[one] for one in ("left", "top", "right", "bottom")] == [3, 1, 5, 5]
    assert revision.task == "instance_segmentation"


def test_the_image_is_the_one_of_the_files_name(tmp_path: Path) -> None:
    revision, report = read(
        tmp_path, a_file(an_object(), filename="../../b.png"), a_file(filename="gone.jpg")
    )
    assert revision.items["path"].to_pylist() == ["JPEGImages/a.png", "JPEGImages/b.png"]
    assert found(report, "path_remapped") == ["Annotations/a.xml", "Annotations/b.xml"]


def test_else_the_image_is_the_one_that_is_named_if_it_is_here(tmp_path: Path) -> None:
    draw(tmp_path / "outside.png")
    folder = write(
        tmp_path / "data",
        {
            "Annotations/0001.xml": a_file(filename="b.png"),
            "Annotations/0002.xml": a_file(filename="../../outside.png"),
        },
    )
    with pytest.raises(InvalidError, match=r"outside.png, which is not here"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert revision.items["path"].to_pylist() == ["JPEGImages/b.png"]
    (finding,) = [one for one in report.findings if one.kind == "annotation_without_image"]
    assert (finding.file, finding.line) == ("Annotations/0002.xml", 2)
    assert found(report, "missing_annotation_file") == ["JPEGImages/a.png"]


def test_of_images_of_one_name_the_nearest_is_meant(tmp_path: Path) -> None:
    for base in ("VOC2007", "VOC2012"):
        write(tmp_path / base, {"Annotations/a.xml": a_file(an_object())}, images=("a.png",))
    draw(tmp_path / "VOC2007/small/a.png", (4, 3))
    revision, report = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == [
        "VOC2007/JPEGImages/a.png",
        "VOC2012/JPEGImages/a.png",
    ]
    assert found(report, "missing_annotation_file") == ["VOC2007/small/a.png"]
    draw(tmp_path / "VOC2007/images/a.png", (4, 3))
    with pytest.raises(InvalidError, match="may be of VOC2007/JPEGImages/a"):
        import_dataset(tmp_path)


def test_a_file_that_is_no_xml_blocks_the_import_by_line(tmp_path: Path) -> None:
    text = a_file(an_object()).replace("</size>", "")
    with pytest.raises(InvalidError, match=r"Annotations/b.xml line 8: the XML cannot be read"):
        import_dataset(write(tmp_path, {"Annotations/a.xml": a_file(), "Annotations/b.xml": text}))
    revision, _ = import_dataset(tmp_path, options=DROP)
    assert len(revision.items) == 1


def test_a_folder_of_broken_files_is_recognised_and_says_where(tmp_path: Path) -> None:
    folder = write(tmp_path, {"Annotations/a.xml": "", "Annotations/b.xml": "<a"})
    with pytest.raises(InvalidError, match=r"a.xml line 1: .*; .*b.xml line 1"):
        import_dataset(folder)


def test_two_files_of_one_image_and_other_xml_are_reported(tmp_path: Path) -> None:
    said = {
        "Annotations/a.xml": a_file(an_object()),
        "Annotations/x.xml": a_file(filename="a.png"),
        "Annotations/y.xml": "<svg/>",
    }
    revision, report = import_dataset(write(tmp_path, said), options=DROP)
    assert len(revision.items) == 1
    assert found(report, "image_twice") == ["Annotations/x.xml"]
    assert found(report, "other_labels") == ["Annotations/y.xml"]


def test_lists_are_the_partition(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {f"Annotations/{name}.xml": a_file(an_object()) for name in ("a", "b", "é 1", "d,e", "x")}
        | {
            "ImageSets/Main/train.txt": "\ufeffa\r\nd,e\r\n",
            "ImageSets/Main/val.txt": "b.png\n",
            "ImageSets/Main/trainval.txt": "a\nb\nd,e\nold\nolder\n",
            "ImageSets/Main/test.txt": "e\u0301 1\na\na",
            "ImageSets/Main/dog_train.txt": "a  1\nb -1\n",
            "ImageSets/Main/cat_val.txt": "a  0\nb -1\n",
            "ImageSets/Main/favourites.txt": "a\n",
            "ImageSets/Segmentation/train.txt": "b\n",
        },
        images=("a.png", "b.png", "é 1.png", "d,e.png", "x.png"),
    )
    revision, report = import_dataset(folder)
    parts = dict(
        zip(
            revision.items["path"].to_pylist(), revision.items["partition"].to_pylist(), strict=True
        )
    )
    assert {Path(one).stem: part for one, part in parts.items()} == {
        "a": "test",  # rather than train: what is tested on must not be trained on
        "b": "validation",
        "é 1": "test",
        "d,e": "train",
        "x": None,
    }
    (finding,) = [one for one in report.findings if one.kind == "listed_not_here"]
    assert "names 2 images that are not here, such as old" in finding.message
    assert (finding.file, finding.line) == ("ImageSets/Main/trainval.txt", 4)
    for kind, said in {
        "image_in_two_parts": "for test and train: test holds",
        "listed_twice": "names 1 image twice",
        "class_lists": "2 lists say of each image",
        "unread_list": "favourites.txt is named after no part",
        "image_in_no_part": "is in no list of a part",
    }.items():
        (message,) = [one.message for one in report.findings if one.kind == kind]
        assert said in message


def test_folders_of_parts_with_files_beside_the_images(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        draw(tmp_path / part / "a.png", (8, 6), like=part)
        (tmp_path / part / "a.xml").write_text(a_file(an_object()))
    revision, report = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["test/a.png", "train/a.png", "valid/a.png"]
    assert revision.items["partition"].to_pylist() == ["test", "train", "validation"]
    assert report.errors == 0
    one, _ = import_dataset(tmp_path / "valid/a.xml")
    assert (len(one.items), one.object_count) == (1, 1)


def test_names_written_in_other_capitals_are_named(tmp_path: Path) -> None:
    names = ("egg1S(1)", "egg1S(2)", "egg2s(1)")
    said = {f"Annotations/{name}.xml": a_file(an_object()) for name in names}
    folder = write(tmp_path, said, images=tuple(f"{name}.png" for name in names))
    assert found(import_dataset(folder)[1], "letter_case") == ["JPEGImages/egg2s(1).png"]


def test_another_size_is_reported(tmp_path: Path) -> None:
    _, report = read(tmp_path, a_file(an_object(), size=(6, 8)))
    assert found(report, "size_differs") == ["Annotations/a.xml"]
    _, report = read(tmp_path / "none", a_file(an_object(), size=(0, 0)))
    assert "size_differs" not in kinds(report)


# Masks


def palette_mask(path: Path, rows: list[list[int]], mode: str = "P") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.array(rows, dtype=np.uint8))
    image.putpalette([part for value in range(256) for part in palette_colour(value)])
    image.convert(mode).save(path)


def segmented(folder: Path, mode: str = "P", labels: str = "") -> Path:
    """One image of 4×2 pixels with two objects of the class 12, its border ignored."""
    draw(folder / "JPEGImages/a.png", (4, 2))
    palette_mask(folder / "SegmentationClass/a.png", [[12, 12, 0, 255], [0, 15, 15, 255]], mode)
    palette_mask(folder / "SegmentationObject/a.png", [[1, 1, 0, 255], [0, 2, 2, 255]], mode)
    (folder / "ImageSets/Segmentation").mkdir(parents=True)
    (folder / "ImageSets/Segmentation/val.txt").write_text("a\n")
    if labels:
        (folder / "labelmap.txt").write_text(labels)
    return folder


def test_masks_are_read_with_the_classes_of_the_challenge(tmp_path: Path) -> None:
    revision, report = import_dataset(segmented(tmp_path))
    assert (revision.task, revision.items["partition"].to_pylist()) == (
        "segmentation",
        ["validation"],
    )
    assert [one.name for one in revision.classes] == list(CLASSES)
    counts = revision.class_counts()
    assert {name for name, count in counts.items() if count} == {"background", "dog", "person"}
    assert found(report, "classes_assumed") == ["SegmentationClass/a.png"]
    assert report.errors == 0


def test_a_labelmap_gives_classes_by_their_colours(tmp_path: Path) -> None:
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::"]
    for name, value in (("horse", 15), ("cow", 12), ("void", 255)):
        lines.append(f"{name}:{','.join(map(str, palette_colour(value)))}:head,tail:")
    revision, _ = import_dataset(segmented(tmp_path, labels="\n".join(lines)))
    assert {one.name: one.source_id for one in revision.classes} == {
        "background": 0,
        "horse": 15,
        "cow": 12,
    }


def test_masks_without_a_palette_are_read_by_their_colours(tmp_path: Path) -> None:
    labels = "background:0,0,0::\nhorse:192,128,128::\ncow:64,0,128::\nsheep:9,9,9::\n"
    revision, report = import_dataset(segmented(tmp_path / "named", "RGB", labels))
    assert report.errors == 0
    assert revision.class_counts() == {"background": 1, "horse": 1, "cow": 1, "sheep": 0}
    own, _ = import_dataset(segmented(tmp_path / "own", "RGB"))
    assert {name for name, count in own.class_counts().items() if count} == {
        "background",
        "dog",
        "person",
    }
    objects, _ = import_dataset(tmp_path / "own", task="instance_segmentation")
    assert objects.object_count == 2
    assert {name for name, count in objects.class_counts().items() if count} == {"dog", "person"}


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ("background:0,0,0::\ndog:64,0,128::\ndog:1,1,1::\n", "'dog' or its colour stands"),
        ("background:0,0,0::\ndog:64,0,128::\ncat:64,0,128::\n", "'cat' or its colour stands"),
        ("background:0,0,0::\n", "fewer than two"),
        ("background:0,0,0::\ndog:64,0,300::\n", "line 2 of"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, labels: str, complaint: str
) -> None:
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(segmented(tmp_path, labels=labels))


def test_names_without_colours_are_values_in_their_order(tmp_path: Path) -> None:
    folder = segmented(tmp_path)
    names = ["_background_", *(f"kind {number}" for number in range(1, 16))]
    (folder / "class_names.txt").write_text("\n".join(names))
    revision, _ = import_dataset(folder)
    counts = revision.class_counts()
    assert {name for name, count in counts.items() if count} == {"background", "kind 12", "kind 15"}


def test_objects_are_run_lengths_of_the_class_beneath_them(tmp_path: Path) -> None:
    revision, _ = import_dataset(segmented(tmp_path), task="instance_segmentation")
    names = {one.index: one.name for one in revision.classes}
    masks = {
        names[row["class_index"]]: decoded(row["rle_counts"], (2, 4)).astype(int).tolist()
        for row in revision.annotations.to_pylist()
    }
    assert masks == {"dog": [[1, 1, 0, 0], [0, 0, 0, 0]], "person": [[0, 0, 0, 0], [0, 1, 1, 0]]}


def test_masks_beside_boxes_are_read_if_the_task_asks_for_them(tmp_path: Path) -> None:
    folder = segmented(tmp_path)
    write(folder, {"Annotations/a.xml": a_file(an_object(), size=(4, 2))}, images=())
    boxes, report = import_dataset(folder)
    assert boxes.task == "detection"
    assert report.recognised.endswith("(--format could also be index_masks)")
    assert "--task segmentation reads such" in str([one.message for one in report.findings])
    assert import_dataset(folder, task="segmentation")[0].task == "segmentation"


def test_masks_that_fit_nothing_block_the_import(tmp_path: Path) -> None:
    folder = segmented(tmp_path)
    palette_mask(folder / "SegmentationClass/b.png", [[0]])
    with pytest.raises(InvalidError, match=r"the mask SegmentationClass/b.png has no image"):
        import_dataset(folder)


def test_labels_that_cannot_be_read_are_refused_by_line(tmp_path: Path) -> None:
    folder = segmented(tmp_path, labels="# said\nbackground:0,0,0::\ndog:1,2::\n")
    with pytest.raises(InvalidError, match="line 3 of"):
        import_dataset(folder)


# Real data


def test_bccd_imports_to_its_exact_counts(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "bccd/BCCD")
    sizes = zip(*(revision.items[one].to_pylist() for one in ("width", "height")), strict=True)
    assert Counter(sizes) == {(640, 480): 364}
    names = [revision.classes[one].name for one in revision.annotations["class_index"].to_pylist()]
    assert Counter(names) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert revision.class_counts() == {"Platelets": 201, "RBC": 349, "WBC": 358}
    partitions = Counter(revision.items["partition"].to_pylist())
    assert partitions == {"train": 205, "validation": 87, "test": 72}
    empty = [(one.file, one.line) for one in report.findings if one.kind == "empty_box"]
    assert empty == [
        ("Annotations/BloodImage_00338.xml", 158),
        ("Annotations/BloodImage_00343.xml", 50),
    ]
    lines = (real_data / "bccd/BCCD" / empty[0][0]).read_text().splitlines()
    assert lines[157].strip() == "<object>"
    assert report.errors == 0


def test_ecustfd_has_boxes_too(real_data: Path) -> None:
    options = ReadOptions(format="pascal_voc")
    revision, report = import_dataset(real_data / "ecustfd", options=options, inspect=False)
    assert revision.class_counts() == {
        "apple": 296,
        "banana": 178,
        "bun": 90,
        "coin": 668,
        "egg": 104,
    }
    partitions = Counter(revision.items["partition"].to_pylist())
    assert partitions == {"train": 145, "validation": 145, "test": 378}
    missing = {one.file: one.message for one in report.findings if one.kind == "listed_not_here"}
    assert "names 955 images that are not here" in missing["ImageSets/Main/trainval.txt"]
    assert "names 1,355 images that are not here" in missing["ImageSets/Main/test.txt"]
    (case,) = [one for one in report.findings if one.kind == "letter_case"]
    assert case.file == "JPEGImages/egg002s(1).JPG"
    assert case.message.startswith("9 names are written like egg002s(1).JPG")
    assert report.errors == 0


# Bad input


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    said = (
        f"{BOX}<truncated>1</truncated><part><name>head</name>{BOX}</part>"
        "<polygon><x1>1</x1><y1>2</y1><x2>3</x2><y2>4</y2></polygon>"
    )
    turned = "<robndbox><cx>1</cx><cy>2</cy><w>3</w><h>4</h><angle>1</angle></robndbox>"
    folder = write(
        tmp_path / "voc",
        {
            "Annotations/a.xml": a_file(an_object("dog", said) + an_object()),
            "Annotations/b.xml": a_file(an_object("cat", turned)),
            "ImageSets/Main/train.txt": "a\nb 1\n",
        },
    )
    files = ("Annotations/a.xml", "Annotations/b.xml", "ImageSets/Main/train.txt")
    assert_no_traceback(folder, files, "pascal_voc", tmp_path / "boxes")
    masks = segmented(tmp_path / "masks", labels="# said\nbackground:0,0,0::\ndog:64,0,128::\n")
    files = ("labelmap.txt", "ImageSets/Segmentation/val.txt")
    both = ("segmentation", "instance_segmentation")
    assert_no_traceback(
        masks, files, "pascal_voc", tmp_path / "pixels", tasks=both, cases=CASES // 4
    )


def test_no_real_file_gives_a_traceback(tmp_path: Path, real_data: Path) -> None:
    source = real_data / "bccd/BCCD"
    for name in ("BloodImage_00338", "BloodImage_00343"):
        for file in (f"Annotations/{name}.xml", f"JPEGImages/{name}.jpg"):
            (tmp_path / "bccd" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file, tmp_path / "bccd" / file)
    files = ("Annotations/BloodImage_00338.xml", "Annotations/BloodImage_00343.xml")
    assert_no_traceback(tmp_path / "bccd", files, "pascal_voc", tmp_path, cases=CASES // 4)


def test_a_mask_nearer_than_the_image_of_its_name_is_no_image(tmp_path: Path) -> None:
    draw(tmp_path / "images/a.jpg", (8, 6))
    draw(tmp_path / "annotations/trimaps/a.png", (8, 6))
    xml = tmp_path / "annotations/xmls/a.xml"
    xml.parent.mkdir()
    xml.write_text(a_file(an_object("cat"), filename="a.jpg"))
    revision, report = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["images/a.jpg"]
    assert not found(report, "path_remapped")


def test_masks_that_stand_elsewhere_are_pointed_to_the_format_that_reads_them(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path, {"Annotations/a.xml": a_file(an_object())})
    with pytest.raises(InvalidError, match=r"no folder SegmentationClass .*--format index_masks"):
        import_dataset(folder, task="segmentation")


def test_a_list_may_have_numbers_behind_each_name(tmp_path: Path) -> None:
    """As Oxford's pets have them: class, species and breed."""
    folder = write(
        tmp_path,
        {f"annotations/xmls/{one}.xml": a_file(an_object()) for one in ("a_1", "b 2")}
        | {
            "annotations/trainval.txt": "a_1 1 1 1\n",
            "annotations/test.txt": "b 2 25 2 13\n",
        },
        images=("a_1.png", "b 2.png"),
    )
    revision, report = import_dataset(folder)
    assert revision.items["partition"].to_pylist() == ["trainval", "test"]
    assert found(report, "listed_not_here") == []
