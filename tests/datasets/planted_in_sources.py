"""Faults planted into what the readers of the formats read, one kind each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from planted_faults import (
    ITEMS,
    SIZE_WH,
    Place,
    Planting,
    change_object,
    coco,
    folders,
    masks,
    noise,
    object_places,
    read_coco,
    table,
    write_coco,
)
from spreadsheet_files import write_xlsx

planted = Planting()

COUNT = 2 * ITEMS
WIDTH, HEIGHT = SIZE_WH
TOP, BOTTOM, ACROSS = 5, 30, 20

# Clean datasets: 24 images, by turns with a cat and a dog, each in a box


def name_of(number: int) -> str:
    return ("cat", "dog")[number % 2]


def box_of(number: int) -> tuple[int, int, int, int]:
    left = number % 10
    return left, TOP, left + ACROSS, BOTTOM


def images_in(folder: Path, numbers: Sequence[int] = range(COUNT)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        noise(number).save(folder / f"{number}.png")


def change(file: Path, old: str, new: str) -> int:
    """Replace a text that stands in a file; return the line where it stood."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def voc(folder: Path) -> None:
    """Pascal VOC with lists of two parts."""
    images_in(folder / "JPEGImages")
    for name in ("Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for number in range(COUNT):
        (folder / f"Annotations/{number}.xml").write_text(voc_file(number))
    for part, numbers in (("train", range(18)), ("test", range(18, COUNT))):
        text = "".join(f"{number}\n" for number in numbers)
        (folder / f"ImageSets/Main/{part}.txt").write_text(text)


def voc_file(number: int) -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), box_of(number), strict=True)
    corners = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    return (
        f"<annotation>\n<filename>{number}.png</filename>\n"
        f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>\n"
        f"<object>\n<name>{name_of(number)}</name>\n<bndbox>{corners}</bndbox>\n</object>\n"
        "</annotation>\n"
    )


def voc_masks(folder: Path) -> None:
    """Pascal VOC's masks of classes and of objects."""
    images_in(folder / "JPEGImages", range(ITEMS))
    for name in ("SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
        (folder / name).mkdir(parents=True)
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    pixels[TOP:BOTTOM, :ACROSS] = 1
    for number in range(ITEMS):
        for name in ("SegmentationClass", "SegmentationObject"):
            Image.fromarray(pixels).save(folder / f"{name}/{number}.png")
    text = "".join(f"{number}\n" for number in range(ITEMS))
    (folder / "ImageSets/Segmentation/train.txt").write_text(text)
    (folder / "labelmap.txt").write_text("background:::\naeroplane:::\n")


def yolo(folder: Path) -> None:
    """YOLO with two parts and names."""
    for part, numbers in (("train", range(18)), ("val", range(18, COUNT))):
        images_in(folder / f"images/{part}", numbers)
        (folder / f"labels/{part}").mkdir(parents=True)
        for number in numbers:
            (folder / f"labels/{part}/{number}.txt").write_text(f"{yolo_line(number)}\n")
    (folder / "data.yaml").write_text(
        "train: images/train\nval: images/val\nnames: {0: cat, 1: dog}\n"
    )


def yolo_line(number: int) -> str:
    left, top, right, bottom = box_of(number)
    shares = (
        *((left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT),
        *((right - left) / WIDTH, (bottom - top) / HEIGHT),
    )
    return " ".join([str(number % 2), *(f"{one:.6f}" for one in shares)])


def yolo_outline(number: int, *, points: int) -> str:
    left, top, right, bottom = box_of(number)
    ring = [(left, top), (right, top), (right, bottom), (left, bottom)][:points]
    shares = [f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in ring]
    return " ".join([str(number % 2), *shares])


def cvat(folder: Path) -> None:
    """CVAT's XML of images."""
    images_in(folder / "images")
    labels = "".join(f"<label><name>{name}</name></label>" for name in ("cat", "dog"))
    rows = []
    for number in range(COUNT):
        left, top, right, bottom = box_of(number)
        rows.append(
            f'<image id="{number}" name="{number}.png" width="{WIDTH}" height="{HEIGHT}">\n'
            f'<box label="{name_of(number)}" xtl="{left}" ytl="{top}" xbr="{right}" '
            f'ybr="{bottom}"/>\n</image>\n'
        )
    (folder / "annotations.xml").write_text(
        "<annotations>\n<version>1.1</version>\n"
        f"<meta><task><labels>{labels}</labels></task></meta>\n{''.join(rows)}</annotations>\n"
    )


def cvat_video(folder: Path) -> None:
    """CVAT's XML of a track through a film."""
    images_in(folder / "images")
    for number in range(COUNT):
        (folder / f"images/{number}.png").rename(folder / f"images/frame_{number:06}.png")
    shapes = "".join(cvat_shape(number) for number in range(COUNT))
    (folder / "annotations.xml").write_text(
        "<annotations>\n<version>1.1</version>\n"
        f"<meta><task><mode>interpolation</mode><size>{COUNT}</size>"
        "<labels><label><name>cat</name></label></labels></task></meta>\n"
        f'<track id="0" label="cat">\n{shapes}</track>\n</annotations>\n'
    )


def cvat_shape(frame: int) -> str:
    left, top, right, bottom = box_of(frame)
    return (
        f'<box frame="{frame}" outside="0" keyframe="1" xtl="{left}" ytl="{top}" '
        f'xbr="{right}" ybr="{bottom}"/>\n'
    )


def labelme(folder: Path) -> None:
    """LabelMe: a JSON file beside each image."""
    images_in(folder)
    for number in range(COUNT):
        left, top, right, bottom = box_of(number)
        shape = {
            "label": name_of(number),
            "points": [[left, top], [right, top], [right, bottom]],
            "shape_type": "polygon",
            "flags": {},
            "group_id": None,
        }
        write_labelme(folder, number, {
            "version": "5.0.1", "flags": {}, "shapes": [shape], "imagePath": f"{number}.png",
            "imageData": None, "imageHeight": HEIGHT, "imageWidth": WIDTH,
        })  # fmt: skip


def read_labelme(folder: Path, number: int) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / f"{number}.json").read_text())
    return said


def write_labelme(folder: Path, number: int, said: dict[str, Any]) -> None:
    (folder / f"{number}.json").write_text(json.dumps(said, indent=1))


Result = dict[str, Any]


def label_studio_of(result_of: Callable[[int], Result]) -> Callable[[Path], None]:
    """Return what makes an export of Label Studio, a task a line."""

    def clean(folder: Path) -> None:
        images_in(folder / "images")
        write_tasks(folder, [a_task(number, result_of(number)) for number in range(COUNT)])

    return clean


def a_task(number: int, result: Result) -> dict[str, Any]:
    return {
        "id": number,
        "annotations": [{"id": number, "was_cancelled": False, "result": [result]}],
        "predictions": [],
        "data": {"image": f"/data/upload/1/{number}.png"},
    }


def a_result(kind: str, **value: Any) -> Result:
    return {
        "id": "a1", "type": kind, "from_name": "kind", "to_name": "image",
        "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0, "value": value,
    }  # fmt: skip


def a_region(number: int) -> Result:
    left, top, right, bottom = box_of(number)
    sides = {"width": 100 * (right - left) / WIDTH, "height": 100 * (bottom - top) / HEIGHT}
    corner = {"x": 100 * left / WIDTH, "y": 100 * top / HEIGHT, "rotation": 0}
    return a_result("rectanglelabels", **corner, **sides, rectanglelabels=[name_of(number)])


def a_choice(number: int) -> Result:
    return a_result("choices", choices=[name_of(number)])


def a_number(number: int) -> Result:
    return a_result("number", number=100.5 + number)


label_studio = label_studio_of(a_region)
label_studio_choices = label_studio_of(a_choice)
label_studio_numbers = label_studio_of(a_number)


def read_tasks(folder: Path) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads((folder / "export.json").read_text())
    return said


def write_tasks(folder: Path, tasks: Sequence[object]) -> None:
    lines = ",\n".join(json.dumps(one) for one in tasks)
    (folder / "export.json").write_text(f"[\n{lines}\n]\n")


def change_task(folder: Path, number: int, **changes: Any) -> set[Place]:
    tasks = read_tasks(folder)
    tasks[number] |= changes
    write_tasks(folder, tasks)
    return {("export.json", number + 2)}


def open_images(folder: Path) -> None:
    """Open Images: boxes and names of classes."""
    images_in(folder / "images")
    rows = ["ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"]
    for number in range(COUNT):
        left, top, right, bottom = box_of(number)
        shares = (left / WIDTH, right / WIDTH, top / HEIGHT, bottom / HEIGHT)
        numbers = ",".join(f"{one:.6f}" for one in shares)
        rows.append(f"{number},xclick,/m/{name_of(number)},1,{numbers}")
    (folder / "train-annotations-bbox.csv").write_text("\n".join(rows) + "\n")
    (folder / "class-descriptions-boxable.csv").write_text("/m/cat,Cat\n/m/dog,Dog\n")


def box_table(folder: Path) -> None:
    """A table of boxes in pixels."""
    images_in(folder)
    rows = ["filename,class,xmin,ymin,xmax,ymax"]
    for number in range(COUNT):
        corners = ",".join(map(str, box_of(number)))
        rows.append(f"{number}.png,{name_of(number)},{corners}")
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")


def panoptic(folder: Path) -> None:
    """COCO panoptic: a segment of each class in each mask."""
    images_in(folder / "val", range(ITEMS))
    (folder / "annotations/panoptic_val").mkdir(parents=True)
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:, :, 0] = 1
    pixels[:, :ACROSS, 0] = 2
    segments = [{"id": one, "category_id": one, "iscrowd": 0} for one in (1, 2)]
    for number in range(ITEMS):
        Image.fromarray(pixels).save(folder / f"annotations/panoptic_val/{number}.png")
    write_panoptic(folder, {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": WIDTH, "height": HEIGHT}
            for number in range(ITEMS)
        ],
        "annotations": [
            {"image_id": number, "file_name": f"{number}.png", "segments_info": segments}
            for number in range(ITEMS)
        ],
        "categories": [{"id": 1, "name": "cat", "isthing": 1}, {"id": 2, "name": "rug"}],
    })  # fmt: skip


def write_panoptic(folder: Path, said: dict[str, Any]) -> None:
    (folder / "annotations/panoptic_val.json").write_text(json.dumps(said))


def colour_masks(folder: Path) -> None:
    """Masks of two colours."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:, ACROSS:] = (255, 0, 0)
    for number in range(ITEMS):
        noise(number).save(folder / f"images/{number}.png")
        Image.fromarray(pixels).save(folder / f"masks/{number}.png")
    (folder / "class_dict.csv").write_text("name,r,g,b\nground,0,0,0\nroad,255,0,0\n")


# COCO


def add_object(folder: Path, **changes: Any) -> set[Place]:
    """Add an object that is like the first but for some keys."""
    said = read_coco(folder)
    box = [30, 10, 20, 25]
    new = {"id": 999, "image_id": 0, "category_id": 1, "bbox": box, **changes}
    said["annotations"].append({key: value for key, value in new.items() if value is not None})
    write_coco(folder, said)
    return object_places(folder, COUNT)


def image_line(number: int) -> int:
    return number + 3  # a brace and the key stand above


@planted(coco, "image_unusable")
def plant_missing_file(folder: Path) -> set[Place]:
    (folder / "images/3.png").unlink()
    return {("labels.json", image_line(3))}


@planted(coco, "missing_file")
def plant_image_unusable(folder: Path) -> set[Place]:
    (folder / "images/3.png").unlink()
    return object_places(folder, 3)


@planted(coco)
def plant_path_remapped(folder: Path) -> set[Place]:
    change(folder / "labels.json", '"3.png"', '"/home/ann/3.png"')
    return {("labels.json", image_line(3))}


@planted(coco, "image_unusable", "image_without_labels")
def plant_image_twice(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["images"].append({"id": 999, "file_name": "3.png"})
    write_coco(folder, said)
    return {("labels.json", image_line(COUNT))}


@planted(coco)
def plant_bad_image_record(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["images"].append({"id": 999})
    write_coco(folder, said)
    return {("labels.json", image_line(COUNT))}


@planted(coco)
def plant_unknown_image(folder: Path) -> set[Place]:
    return add_object(folder, image_id=12345)


@planted(coco)
def plant_unknown_class_id__of_an_object(folder: Path) -> set[Place]:
    return add_object(folder, category_id=77)


@planted(coco)
def plant_bad_annotation(folder: Path) -> set[Place]:
    return add_object(folder, category_id=[1, 2])


@planted(coco)
def plant_bad_box(folder: Path) -> set[Place]:
    return add_object(folder, bbox=[1, 2, 3])


@planted(coco)
def plant_odd_polygon(folder: Path) -> set[Place]:
    return add_object(folder, segmentation=[[1, 2, 30, 4, 30, 40, 5]])


@planted(coco)
def plant_bad_run_lengths(folder: Path) -> set[Place]:
    return add_object(folder, segmentation={"counts": [1, 2], "size": [HEIGHT, WIDTH]})


@planted(coco)
def plant_no_shape(folder: Path) -> set[Place]:
    return add_object(folder, bbox=None)


@planted(coco)
def plant_unread_key(folder: Path) -> set[Place]:
    add_object(folder, mood="good")
    return {("labels.json", None)}


@planted(coco)
def plant_key_twice(folder: Path) -> set[Place]:
    line = change(folder / "labels.json", '"id": 3, "image_id"', '"id": 3, "id": 3, "image_id"')
    return {("labels.json", line)}


@planted(coco)
def plant_json_not_a_number(folder: Path) -> set[Place]:
    line = change(folder / "labels.json", '"id": 3, "image_id"', '"id": 3, "area": NaN, "image_id"')
    return {("labels.json", line)}


# COCO panoptic


@planted(panoptic)
def plant_unlisted_segment(folder: Path) -> set[Place]:
    mask = folder / "annotations/panoptic_val/3.png"
    pixels = np.asarray(Image.open(mask)).copy()
    pixels[:5, :, 0] = 9
    Image.fromarray(pixels).save(mask)
    return {("annotations/panoptic_val/3.png", None)}


@planted(panoptic)
def plant_segment_without_pixels(folder: Path) -> set[Place]:
    mask = folder / "annotations/panoptic_val/3.png"
    pixels = np.asarray(Image.open(mask)).copy()
    pixels[:, :, 0] = 1
    Image.fromarray(pixels).save(mask)
    return {("annotations/panoptic_val/3.png", None)}


# YOLO and Pascal VOC: the same faults have the same names


@planted(yolo)
def plant_missing_annotation_file(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").unlink()
    return {("images/train/2.png", None)}


@planted(voc, "listed_not_here")
def plant_missing_annotation_file__of_voc(folder: Path) -> set[Place]:
    (folder / "Annotations/2.xml").unlink()
    return {("JPEGImages/2.png", None)}


@planted(yolo)
def plant_empty_annotation_file(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_text("")
    return {("labels/train/2.txt", None)}


@planted(voc)
def plant_empty_annotation_file__of_voc(folder: Path) -> set[Place]:
    for number in (2, 4):
        text = voc_file(number)
        whole = text[: text.index("<object>")] + "</annotation>\n"
        (folder / f"Annotations/{number}.xml").write_text(whole)
    return {("Annotations/2.xml", None), ("Annotations/4.xml", None)}


@planted(yolo)
def plant_annotation_without_image(folder: Path) -> set[Place]:
    shutil.copy(folder / "labels/train/2.txt", folder / "labels/train/stray.txt")
    return {("labels/train/stray.txt", None)}


@planted(voc, "listed_not_here")
def plant_annotation_without_image__of_voc(folder: Path) -> set[Place]:
    (folder / "JPEGImages/2.png").unlink()
    return {("Annotations/2.xml", 2)}


@planted(yolo)
def plant_unreadable_labels(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_bytes(b"0 \xff\xfe \x00")
    return {("labels/train/2.txt", None)}


@planted(voc, "listed_not_here")
def plant_unreadable_labels__of_voc(folder: Path) -> set[Place]:
    text = voc_file(2)
    (folder / "Annotations/2.xml").write_text(text[: text.index("</object>")])
    return {("Annotations/2.xml", 7)}


@planted(labelme)
def plant_unreadable_labels__of_labelme(folder: Path) -> set[Place]:
    line = change(folder / "2.json", '"imagePath": ', '"imagePath" ')
    return {("2.json", line)}


@planted(yolo)
def plant_bad_annotation__of_yolo(folder: Path) -> set[Place]:
    texts = ("0 .5 .5", "x .5 .5 .1 .1", "0.5 .5 .5 .1 .1", "0 .5 .5 .1 1e400")
    with (folder / "labels/train/2.txt").open("a") as file:
        file.write("".join(f"{text}\n" for text in texts))
    return {("labels/train/2.txt", line) for line in range(2, 2 + len(texts))}


@planted(voc)
def plant_bad_annotation__of_voc(folder: Path) -> set[Place]:
    change(folder / "Annotations/2.xml", "</annotation>", "<object>\n</object></annotation>")
    return {("Annotations/2.xml", 8)}


@planted(yolo)
def plant_unknown_class_id__of_yolo(folder: Path) -> set[Place]:
    with (folder / "labels/train/2.txt").open("a") as file:
        file.write("7 .5 .5 .3 .3\n")
    return {("labels/train/2.txt", 2)}


@planted(voc)
def plant_image_in_two_parts(folder: Path) -> set[Place]:
    with (folder / "ImageSets/Main/test.txt").open("a") as file:
        file.write("2\n")
    return {("JPEGImages/2.png", None)}


@planted(yolo)
def plant_image_in_two_parts__of_yolo(folder: Path) -> set[Place]:
    (folder / "val.txt").write_text("".join(f"images/train/{one}.png\n" for one in (2, 3)))
    change(folder / "data.yaml", "val: images/val", "val: [images/val, val.txt]")
    return {("images/train/2.png", None)}


@planted(voc)
def plant_image_in_no_part(folder: Path) -> set[Place]:
    change(folder / "ImageSets/Main/train.txt", "\n2\n3\n", "\n")
    return {("JPEGImages/2.png", None), ("JPEGImages/3.png", None)}


@planted(yolo)
def plant_image_in_no_part__of_yolo(folder: Path) -> set[Place]:
    (folder / "more").mkdir()
    noise(900).save(folder / "more/900.png")
    return {("more/900.png", None)}


# YOLO


@planted(yolo)
def plant_object_twice__of_yolo(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_text(f"{yolo_line(2)}\n{yolo_line(2)}\n")
    return {("labels/train/2.txt", 2)}


@planted(yolo)
def plant_turned_boxes(folder: Path) -> set[Place]:
    for file in folder.glob("labels/*/*.txt"):
        file.write_text(f"{yolo_outline(int(file.stem), points=4)}\n")
    return {("labels/train/0.txt", 1)}


@planted(yolo)
def plant_boxes_among_outlines(folder: Path) -> set[Place]:
    for number in range(12):
        text = f"{yolo_outline(number, points=3)}\n"
        (folder / f"labels/train/{number}.txt").write_text(text)
    return {("labels/train/12.txt", 1)}


@planted(yolo)
def plant_confidence(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_text(f"{yolo_line(2)} 0.75\n")
    return {("labels/train/2.txt", 1)}


@planted(yolo)
def plant_keypoints(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_text(f"{yolo_line(2)} 0.25 0.25\n")
    change(folder / "data.yaml", "names:", "kpt_shape: [1, 2]\nnames:")
    return {("labels/train/2.txt", 1)}


@planted(yolo, "box_off_image")
def plant_no_shares(folder: Path) -> set[Place]:
    (folder / "labels/train/2.txt").write_text(f"{yolo_line(2)}\n0 20 20 10 10\n")
    return {("labels/train/2.txt", 2)}


@planted(yolo)
def plant_missing_part(folder: Path) -> set[Place]:
    change(folder / "data.yaml", "names:", "test: images/test\nnames:")
    return {("data.yaml", None)}


@planted(yolo)
def plant_class_count(folder: Path) -> set[Place]:
    change(folder / "data.yaml", "names:", "nc: 5\nnames:")
    return {("data.yaml", None)}


@planted(yolo)
def plant_no_class_names(folder: Path) -> set[Place]:
    (folder / "data.yaml").unlink()
    return {("labels/train/0.txt", None)}


# Pascal VOC


@planted(voc)
def plant_other_labels(folder: Path) -> set[Place]:
    (folder / "Annotations/notes.xml").write_text("<notes/>\n")
    return {("Annotations/notes.xml", 1)}


@planted(labelme)
def plant_other_labels__of_labelme(folder: Path) -> set[Place]:
    (folder / "settings.json").write_text('{"colour": "red"}\n')
    return {("settings.json", None)}


@planted(voc)
def plant_listed_not_here(folder: Path) -> set[Place]:
    with (folder / "ImageSets/Main/train.txt").open("a") as file:
        file.write("nowhere\n")
    return {("ImageSets/Main/train.txt", 19)}


@planted(voc)
def plant_listed_twice(folder: Path) -> set[Place]:
    with (folder / "ImageSets/Main/train.txt").open("a") as file:
        file.write("2\n")
    return {("ImageSets/Main/train.txt", None)}


@planted(voc)
def plant_class_lists(folder: Path) -> set[Place]:
    (folder / "ImageSets/Main/cat_train.txt").write_text("0 1\n1 -1\n")
    return {("ImageSets/Main/cat_train.txt", None)}


@planted(voc)
def plant_unread_list(folder: Path) -> set[Place]:
    (folder / "ImageSets/Main/favourites.txt").write_text("0\n1\n")
    return {("ImageSets/Main/favourites.txt", None)}


@planted(voc)
def plant_counted_from_one(folder: Path) -> set[Place]:
    for number in range(COUNT):
        file = folder / f"Annotations/{number}.xml"
        left = max(1, box_of(number)[0])
        line = change(file, f"<xmin>{box_of(number)[0]}<", f"<xmin>{left}<")
    change(folder / "Annotations/5.xml", f"<ymax>{BOTTOM}<", f"<ymax>{HEIGHT}<")
    return {("Annotations/0.xml", line - 2)}  # where the object stands


@planted(voc)
def plant_masks_unread(folder: Path) -> set[Place]:
    (folder / "SegmentationClass").mkdir()
    Image.new("L", SIZE_WH).save(folder / "SegmentationClass/2.png")
    return {("SegmentationClass/2.png", None)}


@planted(voc_masks, "unused_class")
def plant_classes_assumed(folder: Path) -> set[Place]:
    (folder / "labelmap.txt").unlink()
    return {("SegmentationClass/0.png", None)}


@planted(voc_masks, "listed_not_here", task="instance_segmentation")
def plant_mask_without_classes(folder: Path) -> set[Place]:
    (folder / "SegmentationClass/2.png").unlink()
    return {("SegmentationObject/2.png", None)}


# Folders and masks


@planted(folders)
def plant_image_without_class(folder: Path) -> set[Place]:
    noise(900).save(folder / "stray.png")
    return {("stray.png", None)}


@planted(folders)
def plant_other_files(folder: Path) -> set[Place]:
    (folder / "cat/notes.txt").write_text("none")
    return {("cat/notes.txt", None)}


@planted(folders)
def plant_part_list(folder: Path) -> set[Place]:
    for part in ("test", "train"):
        (folder / f"{part}_list.txt").write_text("cat/0\ncat/1\n")
    (folder / "classes.txt").write_text("cat\ndog\n")
    return {("test_list.txt", None)}


@planted(masks)
def plant_image_without_mask(folder: Path) -> set[Place]:
    noise(900).save(folder / "images/more.png")
    return {("images/more.png", None)}


def paint(folder: Path, rows: slice, colour: tuple[int, int, int]) -> set[Place]:
    pixels = np.asarray(Image.open(folder / "masks/3.png")).copy()
    pixels[rows] = colour
    Image.fromarray(pixels).save(folder / "masks/3.png")
    return {("masks/3.png", None)}


@planted(colour_masks)
def plant_unknown_colour(folder: Path) -> set[Place]:
    return paint(folder, slice(0, 40), (0, 255, 0))


@planted(colour_masks)
def plant_blended_colours(folder: Path) -> set[Place]:
    pixels = np.asarray(Image.open(folder / "masks/3.png")).copy()
    pixels[0, ACROSS : ACROSS + 12, 0] = range(200, 212)
    Image.fromarray(pixels).save(folder / "masks/3.png")
    return {("masks/3.png", None)}


# Tables


def write_table(folder: Path, head: str, rows: Sequence[str]) -> None:
    (folder / "table.csv").write_text("\n".join([head, *rows]) + "\n")


def weights(**changed: str) -> list[str]:
    return [
        f"{number}.png,{changed.get(f'of_{number}', 100.5 + number)}" for number in range(COUNT)
    ]


@planted(table)
def plant_missing_file__of_a_table(folder: Path) -> set[Place]:
    (folder / "3.png").unlink()
    return {("table.csv", 5)}


@planted(table, "file_without_row")
def plant_ambiguous_file(folder: Path) -> set[Place]:
    for number, name in enumerate(("a", "b")):
        (folder / name).mkdir()
        noise(900 + number).save(folder / name / "3.png")
    (folder / "3.png").unlink()
    return {("table.csv", 5)}


@planted(table, "file_without_row")
def plant_conflicting_rows(folder: Path) -> set[Place]:
    write_table(folder, "file,weight", [*weights(), "3.png,7.5"])
    return {("table.csv", 5)}


@planted(table)
def plant_duplicate_row(folder: Path) -> set[Place]:
    write_table(folder, "file,weight", [*weights(), "3.png,103.5"])
    return {("table.csv", COUNT + 2)}


@planted(table)
def plant_missing_label(folder: Path) -> set[Place]:
    write_table(folder, "file,weight", weights(of_3=""))
    return {("table.csv", 5)}


@planted(table, "file_without_row")
def plant_row_too_long(folder: Path) -> set[Place]:
    write_table(folder, "file,weight", weights(of_3="103,5"))
    return {("table.csv", 5)}


@planted(table)
def plant_not_a_number(folder: Path) -> set[Place]:
    write_table(folder, "file,weight", weights(of_3="heavy"))
    return {("table.csv", 5)}


@planted(table)
def plant_file_without_row(folder: Path) -> set[Place]:
    noise(900).save(folder / "more.png")
    return {("more.png", None)}


@planted(cvat)
def plant_file_without_row__of_cvat(folder: Path) -> set[Place]:
    noise(900).save(folder / "images/more.png")
    return {("images/more.png", None)}


@planted(table, targets=("weight",), task="regression")
def plant_encoding_assumed(folder: Path) -> set[Place]:
    (folder / "3.png").rename(folder / "é.png")
    file = folder / "table.csv"
    file.write_bytes(file.read_bytes().replace(b"\n3.png", "\né.png".encode("cp1252")))
    return {("table.csv", 5)}


@planted(table, targets=("weight",), task="regression")
def plant_ambiguous_number(folder: Path) -> set[Place]:
    rows = [f'{number}.png,"{1 + number % 9},{100 + number}"' for number in range(COUNT)]
    write_table(folder, "file,weight", rows)
    return {("table.csv", None)}


@planted(table, targets=("weight",), task="regression")
def plant_named_by_beginning(folder: Path) -> set[Place]:
    for number in range(COUNT):
        (folder / f"{number}.png").rename(folder / f"egg{number // 2}({number % 2}).png")
    write_table(folder, "id,weight", [f"egg{one},{100.5 + one}" for one in range(ITEMS)])
    return {("table.csv", None)}


def kinds_in(folder: Path, head: str, cells: Callable[[int], str], *more: str) -> None:
    write_table(folder, head, [*(f"{one}.png,{cells(one)}" for one in range(COUNT)), *more])


@planted(table, task="regression", file=".")
def plant_table_not_read(folder: Path) -> set[Place]:
    (folder / "sample_submission.csv").write_bytes((folder / "table.csv").read_bytes())
    return {("sample_submission.csv", None)}


@planted(table, file=".")
def plant_label_column_guessed(folder: Path) -> set[Place]:
    rows = [f"{number}.png,{100.5 + number},{'ab'[number % 2]}" for number in range(COUNT)]
    write_table(folder, "file,weight,kind", rows)
    return {("table.csv", None)}


@planted(table, task="tagging", targets=("tags",))
def plant_tags_divided_by_spaces(folder: Path) -> set[Place]:
    ways = ("sky", "sea", "sky sea", "sea sky rock", "rock", "sky rock")
    kinds_in(folder, "file,tags", lambda number: ways[number % len(ways)])
    return {("table.csv", None)}


@planted(table, task="tagging", targets=("tag",))
def plant_tags_united(folder: Path) -> set[Place]:
    kinds_in(folder, "file,tag", lambda number: ("sky", "sea")[number % 2], "3.png,sky")
    return {("table.csv", COUNT + 2)}


@planted(table, task="tagging", targets=("tags",))
def plant_images_without_tags(folder: Path) -> set[Place]:
    kinds_in(folder, "file,tags", lambda one: "" if one == 3 else ("sky", "sea;sky")[one % 2])
    return {("table.csv", None)}


@planted(table, task="tagging", targets=("sky", "sea"))
def plant_yes_or_no_columns(folder: Path) -> set[Place]:
    kinds_in(folder, "file,sky,sea", lambda number: f"{number % 2},{1 - number % 2}")
    return {("table.csv", None)}


@planted(table, "yes_or_no_columns", task="classification", targets=("cat", "dog"))
def plant_not_one_class(folder: Path) -> set[Place]:
    kinds_in(folder, "file,cat,dog", lambda one: "1,1" if one == 3 else f"{one % 2},{1 - one % 2}")
    return {("table.csv", 5)}


def sheet(numbers: Sequence[int]) -> list[list[object]]:
    return [["file", "weight"], *([f"{one}.png", 100.5 + one] for one in numbers)]


@planted(table, task="regression", file="table.xlsx")
def plant_sheet_chosen(folder: Path) -> set[Place]:
    (folder / "table.csv").unlink()
    notes = [["who", "when"], ["Ann", "May"]]
    write_xlsx(folder / "table.xlsx", {"notes": notes, "weights": sheet(range(COUNT))})
    return {("table.xlsx", None)}


@planted(table, task="regression", file="table.xlsx")
def plant_sheets_united(folder: Path) -> set[Place]:
    (folder / "table.csv").unlink()
    halves = {"one": sheet(range(ITEMS)), "two": sheet(range(ITEMS, COUNT))}
    write_xlsx(folder / "table.xlsx", halves)
    return {("table.xlsx", None)}


@planted(box_table)
def plant_shares_assumed(folder: Path) -> set[Place]:
    rows = ["filename,class,xmin,ymin,xmax,ymax"]
    for number in range(COUNT):
        left, top, right, bottom = box_of(number)
        shares = (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT)
        rows.append(f"{number}.png,{name_of(number)}," + ",".join(f"{one:.4f}" for one in shares))
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    return {("boxes.csv", None)}


@planted(open_images)
def plant_labels_absent(folder: Path) -> set[Place]:
    (folder / "train-annotations-human-imagelabels.csv").write_text(
        "ImageID,Source,LabelName,Confidence\n3,verification,/m/cat,0\n"
    )
    return {("train-annotations-human-imagelabels.csv", 2)}


# CVAT


@planted(cvat)
def plant_approximated_shape(folder: Path) -> set[Place]:
    ellipse = '<ellipse label="cat" cx="40" cy="20" rx="10" ry="8"/>\n</image>'
    line = change(folder / "annotations.xml", "</image>", ellipse)
    return {("annotations.xml", line)}


@planted(cvat_video)
def plant_missing_frame(folder: Path) -> set[Place]:
    line = change(folder / "annotations.xml", "</track>", f"{cvat_shape(COUNT)}</track>")
    return {("annotations.xml", line)}


@planted(cvat_video, "image_without_labels")
def plant_track_gap(folder: Path) -> set[Place]:
    line = change(folder / "annotations.xml", cvat_shape(3), "")
    return {("annotations.xml", line)}


# LabelMe


@planted(labelme)
def plant_unread_shape(folder: Path) -> set[Place]:
    said = read_labelme(folder, 3)
    line = said["shapes"][0] | {"shape_type": "line", "points": [[1, 1], [9, 9]]}
    write_labelme(folder, 3, said | {"shapes": [*said["shapes"], line]})
    lines = (folder / "3.json").read_text().splitlines()
    return {("3.json", [at for at, text in enumerate(lines, start=1) if text == "  {"][1])}


@planted(labelme)
def plant_embedded_image(folder: Path) -> set[Place]:
    return {("3.json", change(folder / "3.json", '"imageData": null', '"imageData": "iVBO"'))}


# Label Studio


@planted(label_studio)
def plant_bad_image_record__of_label_studio(folder: Path) -> set[Place]:
    write_tasks(folder, [*read_tasks(folder), 7])
    return {("export.json", COUNT + 2)}


@planted(label_studio)
def plant_several_labels(folder: Path) -> set[Place]:
    change(
        folder / "export.json", '"rectanglelabels": ["dog"]', '"rectanglelabels": ["dog", "cat"]'
    )
    return {("export.json", 3)}


@planted(label_studio)
def plant_several_annotators(folder: Path) -> set[Place]:
    made = read_tasks(folder)[3]["annotations"]
    return change_task(folder, 3, annotations=made * 2)


@planted(label_studio, "image_without_labels")
def plant_skipped_items(folder: Path) -> set[Place]:
    made = read_tasks(folder)[3]["annotations"][0] | {"was_cancelled": True}
    return change_task(folder, 3, annotations=[made])


@planted(label_studio)
def plant_predicted_items(folder: Path) -> set[Place]:
    made = read_tasks(folder)[3]["annotations"][0]["result"]
    return change_task(folder, 3, annotations=[], predictions=[{"result": made}])


@planted(label_studio, "image_without_labels")
def plant_unlabelled_items(folder: Path) -> set[Place]:
    return change_task(folder, 3, annotations=[])


@planted(label_studio)
def plant_numbers_unread(folder: Path) -> set[Place]:
    made = [a_region(3), a_number(3) | {"id": "a2"}]
    return change_task(folder, 3, annotations=[{"id": 3, "result": made}])


@planted(label_studio_choices, task="classification")
def plant_several_classes(folder: Path) -> set[Place]:
    made = [a_result("choices", choices=["cat", "dog"])]
    return change_task(folder, 3, annotations=[{"id": 3, "result": made}])


@planted(label_studio_choices, task="classification")
def plant_no_class(folder: Path) -> set[Place]:
    return change_task(folder, 3, annotations=[{"id": 3, "result": []}])


@planted(label_studio_numbers, task="regression")
def plant_no_value(folder: Path) -> set[Place]:
    return change_task(folder, 3, annotations=[{"id": 3, "result": []}])


# Masks that are drawn of outlines


@planted(coco, task="segmentation")
def plant_image_without_outlines(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["annotations"] = [one for one in said["annotations"] if one["image_id"] != 2]
    write_coco(folder, said)
    return {("images/2.png", None)}


@planted(coco, task="segmentation")
def plant_ignored_pixels__of_a_box(folder: Path) -> set[Place]:
    return change_object(folder, 2, segmentation=None)


@planted(coco, task="segmentation")
def plant_ignored_pixels__of_a_crowd(folder: Path) -> set[Place]:
    return change_object(folder, 2, iscrowd=1)


# Run lengths and KITTI


def run_length_rows(number: int, *, along_rows: bool = False) -> str:
    """A row of the object of an image, its pixels counted as said."""
    left, top, right, bottom = box_of(number)
    runs = [f"{across * HEIGHT + top + 1} {bottom - top}" for across in range(left, right)]
    if along_rows:
        runs = [f"{down * WIDTH + left + 1} {right - left}" for down in range(top, bottom)]
    return f"{number}.png,{name_of(number)},{' '.join(runs)}\n"


def run_length_table(folder: Path) -> None:
    """A table of run lengths, one object an image."""
    images_in(folder)
    rows = "".join(map(run_length_rows, range(COUNT)))
    (folder / "runs.csv").write_text(f"img,class,rle_mask\n{rows}")


@planted(run_length_table)
def plant_run_order(folder: Path) -> set[Place]:
    rows = "".join(run_length_rows(number, along_rows=True) for number in range(COUNT))
    (folder / "runs.csv").write_text(f"img,class,rle_mask\n{rows}")
    return {("runs.csv", 2)}


@planted(run_length_table, task="instance_segmentation")
def plant_class_assumed(folder: Path) -> set[Place]:
    text = (folder / "runs.csv").read_text().replace(",cat,", ",").replace(",dog,", ",")
    (folder / "runs.csv").write_text(text.replace(",class,", ","))
    return {("runs.csv", None)}


def kitti(folder: Path) -> None:
    """KITTI's label files."""
    images_in(folder / "image_2")
    (folder / "label_2").mkdir()
    for number in range(COUNT):
        sides = " ".join(map(str, box_of(number)))
        line = f"{name_of(number)} 0 0 -10 {sides} -1 -1 -1 -1000 -1000 -1000 -10\n"
        (folder / f"label_2/{number}.txt").write_text(line)


@planted(kitti)
def plant_unlabelled_region(folder: Path) -> set[Place]:
    with (folder / "label_2/3.txt").open("a") as file:
        file.write("DontCare -1 -1 -10 0 0 4 4 -1 -1 -1 -1000 -1000 -1000 -10\n")
    return {("label_2/3.txt", 2)}
