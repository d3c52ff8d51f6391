"""Faults planted into clean datasets, one kind each: where they are is known."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ITEMS = 12
SIZE_WH = (64, 48)
Place = tuple[str, int | None]
"""A file, and a line where there are lines."""

Plant = Callable[[Path], set[Place]]


@dataclass(frozen=True)
class Planted:
    """A kind of fault.

    Args:
        kind: what the check should call it.
        clean: makes the dataset that it is planted in.
        plant: plants it and says where.
        brings: the kinds that come with it of necessity.
        later: it comes about after the import.
        task: what the dataset is imported for, where its files leave it open.
        file: what is imported; the folder if empty.
        targets: the columns of a table that are labels.
    """

    kind: str
    clean: Callable[[Path], None]
    plant: Plant
    brings: frozenset[str] = field(default_factory=frozenset)
    later: bool = False
    task: str | None = None
    file: str = ""
    targets: tuple[str, ...] = ()


class Planting:
    """Faults, collected from the functions that plant them."""

    def __init__(self) -> None:
        self.faults: list[Planted] = []

    def __call__(
        self,
        clean: Callable[[Path], None],
        *brings: str,
        later: bool = False,
        task: str | None = None,
        file: str = "",
        targets: tuple[str, ...] = (),
    ) -> Callable[[Plant], Plant]:
        """Collect a function that is named after the kind that it plants."""

        def collect(plant: Plant) -> Plant:
            kind = plant.__name__.removeprefix("plant_").partition("__")[0]
            told = (frozenset(brings), later, task, file, targets)
            self.faults.append(Planted(kind, clean, plant, *told))
            return plant

        return collect


planted = Planting()


# Clean datasets


def noise(seed: int, size_wh: tuple[int, int] = SIZE_WH) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (*reversed(size_wh), 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def folders(folder: Path) -> None:
    """Class folders of cats and dogs."""
    for place, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(ITEMS):
            noise(100 * place + number).save(folder / name / f"{number}.png")


def coco(folder: Path) -> None:
    """COCO: a box or an outline in each image, by turns of two classes."""
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(2 * ITEMS):
        noise(number).save(folder / f"images/{number}.png")
        images.append(
            {"id": number, "file_name": f"{number}.png", "width": SIZE_WH[0], "height": SIZE_WH[1]}
        )
        left = number % 10
        ring = [left, 5, left + 20, 5, left + 20, 30, left, 30]
        said = {"id": number, "image_id": number, "category_id": 1 + number % 2}
        annotations.append(said | {"bbox": [left, 5, 20, 25], "segmentation": [ring]})
    write_coco(folder, {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    })  # fmt: skip


def table(folder: Path) -> None:
    """A table of weights between 100 and 123."""
    folder.mkdir(parents=True)
    lines = ["file,weight"]
    for number in range(2 * ITEMS):
        noise(number).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{100.5 + number}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")


def masks(folder: Path) -> None:
    """Index masks of ground and road."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(ITEMS):
        noise(number).save(folder / f"images/{number}.png")
        mask = np.zeros(tuple(reversed(SIZE_WH)), dtype=np.uint8)
        mask[:, 20:] = 1
        Image.fromarray(mask).save(folder / f"masks/{number}.png")
    (folder / "classes.yaml").write_text("classes: {0: ground, 1: road}\n")


def read_coco(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "labels.json").read_text())
    return said


def write_coco(folder: Path, said: dict[str, Any]) -> None:
    """Write one annotation a line, so that lines can be told."""
    parts = [f'"{key}": [\n{_lines(rows)}\n]' for key, rows in said.items()]
    (folder / "labels.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


def _lines(rows: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(row) for row in rows)


def change_object(folder: Path, number: int, **changes: Any) -> set[Place]:
    """Change an object and return its place."""
    said = read_coco(folder)
    said["annotations"][number] |= changes
    write_coco(folder, said)
    return object_places(folder, number)


def object_places(folder: Path, *numbers: int) -> set[Place]:
    lines = (folder / "labels.json").read_text().splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith('"annotations"'))
    return {("labels.json", first + 2 + number) for number in numbers}


# Images


@planted(folders)
def plant_unreadable_image(folder: Path) -> set[Place]:
    for name, content in (("cat/1.png", b""), ("dog/2.png", b"no image at all")):
        (folder / name).write_bytes(content)
    whole = (folder / "cat/3.png").read_bytes()
    (folder / "cat/3.png").write_bytes(whole[: len(whole) // 2])
    return {("cat/1.png", None), ("dog/2.png", None), ("cat/3.png", None)}


@planted(folders)
def plant_wrong_extension(folder: Path) -> set[Place]:
    noise(900).save(folder / "cat/1.png", format="JPEG")
    return {("cat/1.png", None)}


@planted(folders)
def plant_exif_rotated(folder: Path) -> set[Place]:
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(900, (SIZE_WH[1], SIZE_WH[0])).save(folder / "cat/1.png", exif=exif)
    return {("cat/1.png", None)}


@planted(folders)
def plant_cmyk_image(folder: Path) -> set[Place]:
    noise(900).convert("CMYK").save(folder / "cat/extra.jpg")
    return {("cat/extra.jpg", None)}


@planted(folders)
def plant_deep_image(folder: Path) -> set[Place]:
    pixels = np.random.default_rng(900).integers(0, 65536, (48, 64), dtype=np.uint16)
    Image.fromarray(pixels).save(folder / "cat/1.png")
    return {("cat/1.png", None)}


@planted(folders)
def plant_alpha_image(folder: Path) -> set[Place]:
    image = noise(900).convert("RGBA")
    image.putalpha(128)
    image.save(folder / "cat/1.png")
    opaque = noise(901).convert("RGBA")
    opaque.save(folder / "cat/2.png")  # has the channel, and nothing shines through
    return {("cat/1.png", None)}


@planted(folders)
def plant_several_frames(folder: Path) -> set[Place]:
    noise(900).save(folder / "cat/film.gif", save_all=True, append_images=[noise(901)])
    return {("cat/film.gif", None)}


@planted(folders)
def plant_near_constant_image(folder: Path) -> set[Place]:
    pixels = np.full((48, 64, 3), 90, dtype=np.uint8)
    pixels[0, 0] += 3
    Image.fromarray(pixels).save(folder / "cat/1.png")
    return {("cat/1.png", None)}


@planted(folders)
def plant_odd_size(folder: Path) -> set[Place]:
    noise(900, (80, 60)).save(folder / "cat/1.png")
    return {("cat/1.png", None)}


@planted(folders)
def plant_extreme_size(folder: Path) -> set[Place]:
    for number in range(6):
        noise(800 + number, (60 + number, 50)).save(folder / f"dog/{number}.png")
    noise(900, (700, 600)).save(folder / "cat/1.png")
    noise(901, (5, 4)).save(folder / "cat/2.png")
    return {("cat/1.png", None), ("cat/2.png", None)}


@planted(folders)
def plant_extreme_shape(folder: Path) -> set[Place]:
    for number in range(6):
        noise(800 + number, (60 + number, 50)).save(folder / f"dog/{number}.png")
    noise(900, (240, 20)).save(folder / "cat/1.png")
    return {("cat/1.png", None)}


@planted(coco)
def plant_size_differs(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["images"][3]["width"] = 128
    write_coco(folder, said)
    return {("labels.json", 6)}  # a brace, the key, images 0, 1, 2


@planted(folders)
def plant_copied_image(folder: Path) -> set[Place]:
    shutil.copy(folder / "cat/1.png", folder / "cat/copy.png")
    return {("cat/1.png", None)}


@planted(folders)
def plant_copied_image_labelled_differently(folder: Path) -> set[Place]:
    shutil.copy(folder / "cat/1.png", folder / "dog/copy.png")
    return {("cat/1.png", None)}


@planted(folders)
def plant_letter_case(folder: Path) -> set[Place]:
    for number in range(ITEMS):
        (folder / f"cat/{number}.png").rename(folder / f"cat/cat_S({number}).png")
    (folder / "cat/cat_S(5).png").rename(folder / "cat/cat_s(5).png")
    return {("cat/cat_s(5).png", None)}


@planted(table)
def plant_letter_case__of_a_table(folder: Path) -> set[Place]:
    lines = (folder / "table.csv").read_text().splitlines()
    for number in range(2 * ITEMS):
        name = f"{'e' if number == 3 else 'E'}gg{number}.png"
        (folder / f"{number}.png").rename(folder / name)
        lines[number + 1] = f"{name},{100.5 + number}"
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return {("egg3.png", None)}


@planted(folders)
def plant_link_outside(folder: Path) -> set[Place]:
    noise(900).save(folder.parent / "elsewhere.png")
    (folder / "cat/link.png").symlink_to(folder.parent / "elsewhere.png")
    return {("cat/link.png", None)}


# Since the import


@planted(folders, later=True)
def plant_vanished_file(folder: Path) -> set[Place]:
    (folder / "cat/1.png").unlink()
    return {("cat/1.png", None)}


@planted(folders, later=True)
def plant_changed_file(folder: Path) -> set[Place]:
    noise(900).save(folder / "cat/1.png")
    return {("cat/1.png", None)}


@planted(folders, later=True)
def plant_missing_folder(folder: Path) -> set[Place]:
    folder.rename(folder.parent / "moved")
    return {(str(folder), None)}


# Objects


@planted(coco)
def plant_empty_box(folder: Path) -> set[Place]:
    return change_object(folder, 2, bbox=[5, 5, 0, 20], segmentation=None)


@planted(coco)
def plant_reversed_box(folder: Path) -> set[Place]:
    return change_object(folder, 2, bbox=[30, 5, -10, 20], segmentation=None)


@planted(coco)
def plant_box_outside(folder: Path) -> set[Place]:
    return change_object(folder, 2, bbox=[50, 5, 30, 20], segmentation=None)


@planted(coco)
def plant_box_off_image(folder: Path) -> set[Place]:
    return change_object(folder, 2, bbox=[80, 5, 30, 20], segmentation=None)


@planted(coco)
def plant_short_polygon(folder: Path) -> set[Place]:
    return change_object(folder, 2, segmentation=[[2, 5, 22, 30]])


@planted(coco)
def plant_crossed_polygon(folder: Path) -> set[Place]:
    return change_object(folder, 2, segmentation=[[2, 5, 22, 30, 22, 5, 2, 30]])


@planted(coco)
def plant_tiny_object(folder: Path) -> set[Place]:
    return change_object(folder, 2, bbox=[5, 5, 3, 4], segmentation=None)


@planted(coco)
def plant_object_twice(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["annotations"].append(said["annotations"][2] | {"id": 999})
    write_coco(folder, said)
    return object_places(folder, 2 * ITEMS)


@planted(coco)
def plant_image_without_labels(folder: Path) -> set[Place]:
    said = read_coco(folder)
    del said["annotations"][2]
    write_coco(folder, said)
    return {("images/2.png", None)}


# Masks


@planted(masks)
def plant_unreadable_mask(folder: Path) -> set[Place]:
    (folder / "masks/2.png").write_bytes(b"no mask")
    return {("masks/2.png", None)}


@planted(masks)
def plant_mask_size(folder: Path) -> set[Place]:
    Image.new("L", (32, 24)).save(folder / "masks/2.png")
    return {("masks/2.png", None)}


@planted(masks)
def plant_unknown_class_id(folder: Path) -> set[Place]:
    mask = np.asarray(Image.open(folder / "masks/2.png")).copy()
    mask[:5] = 7
    Image.fromarray(mask).save(folder / "masks/2.png")
    return {("masks/2.png", None)}


# Classes


@planted(coco)
def plant_unused_class(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["categories"].append({"id": 3, "name": "owl"})
    write_coco(folder, said)
    return {("", None)}


@planted(folders)
def plant_few_items(folder: Path) -> set[Place]:
    for number in range(5):
        (folder / f"dog/{number}.png").unlink()
    return {("dog/10.png", None)}


@planted(folders)
def plant_class_imbalance(folder: Path) -> set[Place]:
    for number in range(ITEMS, 10 * ITEMS):
        noise(1000 + number, (8, 6)).resize(SIZE_WH).save(folder / f"dog/{number}.png")
    return {("cat/0.png", None)}


@planted(coco)
def plant_similar_class_names(folder: Path) -> set[Place]:
    said = read_coco(folder)
    said["categories"][1]["name"] = "Cat "
    write_coco(folder, said)
    return {("images/1.png", None)}


@planted(table, "yes_or_no_columns")
def plant_tag_everywhere(folder: Path) -> set[Place]:
    rows = [f"{number}.png,1,{number % 2}" for number in range(2 * ITEMS)]
    (folder / "table.csv").write_text("\n".join(["file,sky,sea", *rows]) + "\n")
    return {("0.png", None)}


# Values


def change_weight(folder: Path, number: int, weight: str) -> set[Place]:
    lines = (folder / "table.csv").read_text().splitlines()
    lines[number + 1] = f"{number}.png,{weight}"
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return {("table.csv", number + 2)}


@planted(table)
def plant_value_outlier(folder: Path) -> set[Place]:
    return change_weight(folder, 3, "70100.5")


@planted(table)
def plant_wrong_unit(folder: Path) -> set[Place]:
    return change_weight(folder, 3, "0.1115")


@planted(table)
def plant_constant_value(folder: Path) -> set[Place]:
    rows = [f"{number}.png,7.5" for number in range(2 * ITEMS)]
    (folder / "table.csv").write_text("\n".join(["file,weight", *rows]) + "\n")
    return {("table.csv", None)}


@planted(table)
def plant_impossible_density(folder: Path) -> set[Place]:
    rows = [f"{number}.png,{100.5 + number},{200 + number}" for number in range(2 * ITEMS)]
    (folder / "table.csv").write_text("\n".join(["file,weight(g),volume(mm^3)", *rows]) + "\n")
    return {("table.csv", None)}


# What a reader sees


@planted(coco)
def plant_image_id_twice(folder: Path) -> set[Place]:
    said = read_coco(folder)
    noise(900).save(folder / "images/more.png")
    said["images"].append({"id": 3, "file_name": "more.png"})
    write_coco(folder, said)
    return {("labels.json", 3 + 2 * ITEMS)}


@planted(folders)
def plant_empty_folder(folder: Path) -> set[Place]:
    (folder / "owl").mkdir()
    return {("owl", None)}


@planted(masks)
def plant_mask_without_image(folder: Path) -> set[Place]:
    shutil.copy(folder / "masks/2.png", folder / "masks/stray.png")
    return {("masks/stray.png", None)}


@planted(masks)
def plant_ambiguous_mask(folder: Path) -> set[Place]:
    noise(900).save(folder / "images/2.jpg")
    return {("images/2.jpg", None)}
