"""Which format a folder is read as, whatever else it looks like."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import test_bdd100k
import test_cityscapes
import test_coco
import test_cub
import test_cvat
import test_dota
import test_hugging_face
import test_imagenet
import test_kitti
import test_label_studio
import test_labelme
import test_object_masks
import test_open_images
import test_own_format
import test_pascal_voc
import test_run_length_table
import test_via
import test_visdrone
import test_wider_face
import test_yolo
from pictures import draw

from model_playground.datasets.formats.format import FORMATS
from model_playground.datasets.importing import import_dataset


def coco(folder: Path) -> Path:
    return test_coco.write(folder, test_coco.coco())


def cvat(folder: Path) -> Path:
    return test_cvat.write(folder, test_cvat.an_image())


def video(folder: Path) -> Path:
    return test_cvat.write(folder, test_cvat.a_track((0, 0)), names=test_cvat.FRAMES)


def labelme(folder: Path) -> Path:
    return test_labelme.write(folder, a=test_labelme.a_file(test_labelme.a_shape()))


def label_studio(folder: Path) -> Path:
    task = test_label_studio.a_task(test_label_studio.a_result())
    return test_label_studio.write(folder, task)


def pascal_voc(folder: Path) -> Path:
    text = test_pascal_voc.a_file(test_pascal_voc.an_object())
    return test_pascal_voc.write(folder, {"Annotations/a.xml": text})


def voc_masks(folder: Path) -> Path:
    return test_pascal_voc.segmented(folder)


def imagenet(folder: Path) -> Path:
    return test_imagenet.write(folder)


def class_folders(folder: Path) -> Path:
    for name in ("cat", "dog"):
        draw(folder / name / f"{name}.png", like=name)
    return folder


def open_images(folder: Path) -> Path:
    draw(folder / "images/0001.jpg")
    (folder / "train-annotations-bbox.csv").write_text(test_open_images.BOXES)
    return folder


def hugging_face(folder: Path) -> Path:
    record = {"file_name": "a.png", "objects": test_hugging_face.OBJECTS}
    test_hugging_face.write(folder, "jsonl", [record])
    return folder


def yolo_without_names(folder: Path) -> Path:
    return test_yolo.lay(folder, test_yolo.TWO)


def own(folder: Path) -> Path:
    return test_own_format.lay(folder, test_own_format.ITEM)


def run_length_table(folder: Path) -> Path:
    text = f"ImageId,ClassId,EncodedPixels\na.png,1,{test_run_length_table.ONE}\n"
    return test_run_length_table.write(folder, text)


def via(folder: Path) -> Path:
    return test_via.write(folder, test_via.an_image("a.png", test_via.a_region()))


def via_project(folder: Path) -> Path:
    return test_via.write(folder, test_via.as_project(test_via.an_image("a.png")))


def kitti(folder: Path) -> Path:
    return test_kitti.write(folder, a=test_kitti.CAR, b="")


def dota(folder: Path) -> Path:
    return test_dota.write(folder, a=test_dota.PLANE, b=test_dota.SHIP)


def visdrone(folder: Path) -> Path:
    return test_visdrone.write(folder, train_a=test_visdrone.CAR, val_a="")


def cub(folder: Path) -> Path:
    return test_cub.write(folder)


def wider_face(folder: Path) -> Path:
    return test_wider_face.write(folder)


def bdd100k(folder: Path) -> Path:
    return test_bdd100k.write(folder, test_bdd100k.an_image("a.jpg", test_bdd100k.a_label()))


def cityscapes(folder: Path) -> Path:
    return test_cityscapes.write(folder, test_cityscapes.an_object())


def object_masks(folder: Path) -> Path:
    return test_object_masks.write(folder)


MADE: dict[Callable[[Path], Path], str] = {
    coco: "coco",
    cvat: "cvat",
    video: "cvat",
    labelme: "labelme",
    label_studio: "label_studio",
    pascal_voc: "pascal_voc",
    voc_masks: "pascal_voc",
    imagenet: "imagenet",
    class_folders: "class_folders",
    open_images: "open_images",
    hugging_face: "hugging_face",
    yolo_without_names: "yolo",
    own: "model_playground",
    run_length_table: "run_length_table",
    via: "via",
    kitti: "kitti",
    object_masks: "object_masks",
    dota: "dota",
    via_project: "via",
    visdrone: "visdrone",
    cub: "cub",
    wider_face: "wider_face",
    bdd100k: "bdd100k",
    cityscapes: "cityscapes",
}


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_each_is_read_as_what_it_is_and_no_other_is_certain(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    folder = make(tmp_path / "data")
    certain = {one.name for one in FORMATS if one.is_certain and one().detect(folder)}
    assert certain <= {MADE[make]}
    revision, report = import_dataset(folder)
    assert revision.format == MADE[make]
    assert report.recognised.startswith(f"read as {MADE[make]}, because ")


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_class_folders_around_the_images_do_not_hide_what_it_is(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    folder = make(tmp_path / "data")
    class_folders(folder)
    assert import_dataset(folder)[0].format == MADE[make]


@pytest.mark.parametrize("text", ["", "{", "[", "<", "<annotation/>", "[]", "{}", "\ufeff", "\x00"])
@pytest.mark.parametrize("suffix", ["json", "xml", "txt", "csv", "yaml"])
def test_no_format_trips_over_a_small_file(tmp_path: Path, text: str, suffix: str) -> None:
    class_folders(tmp_path)
    file = tmp_path / f"notes.{suffix}"
    file.write_text(text)
    for one in FORMATS:
        for path in (tmp_path, file):
            assert one().detect(path) is None or isinstance(one().detect(path), str)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("bccd", "pascal_voc"),
        ("bccd/BCCD", "pascal_voc"),
        ("ecustfd", "pascal_voc"),
        ("nuts", "coco"),
        ("coco128/object_detection", "yolo"),
        ("coco128/object_detection/config.yaml", "yolo"),
        ("coco128/instance_segmentation", "yolo"),
        ("signdigits", "class_folders"),
        ("coco128/semantic_segmentation", "index_masks"),
    ],
)
def test_real_datasets_are_recognised(real_data: Path, path: str, name: str) -> None:
    assert import_dataset(real_data / path, inspect=False)[0].format == name


FILLED = {
    ".json": b'{"images": [], "annotations": [%s], "categories": []}',
    ".csv": b"file,class\n%s\n",
    ".xml": b"<annotation>%s</annotation>",
    ".yaml": b"classes: [%s]",
    ".txt": b"%s",
}
LARGE = 2**26


@pytest.mark.parametrize("suffix", FILLED)
def test_recognition_reads_no_large_file_whole(tmp_path: Path, suffix: str) -> None:
    """A file of labels may have gigabytes, and every format has a look at it."""
    draw(tmp_path / "a.png")
    file = tmp_path / f"large{suffix}"
    file.write_bytes(FILLED[suffix].replace(b"%s", b'"a.png", ' * (LARGE // 9)))
    for one in FORMATS:
        for path in (file, tmp_path):
            tracemalloc.start()
            one().detect(path)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < LARGE / 4, one.name


def files_opened(folder: Path) -> int:
    """Count the files that are opened while a folder is recognised."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from model_playground.datasets.formats.format import FORMATS\n"
        "formats, opened = list(FORMATS), []\n"
        "sys.addaudithook(lambda event, given: event == 'open' and opened.append(str(given[0])))\n"
        "for one in formats:\n"
        "    one().detect(Path(sys.argv[1]))\n"
        "print(sum(one.startswith(sys.argv[1]) for one in opened))\n"
    )
    run = [sys.executable, "-c", program, str(folder)]
    return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


def test_recognition_looks_into_some_of_many_files(tmp_path: Path) -> None:
    """That of LabelMe's files there are many is no reason to look into each."""
    draw(tmp_path / "a.png")
    for number in range(1000):
        (tmp_path / f"{number}.json").write_text('{"shapes": [], "imagePath": "a.png"}')
    assert files_opened(tmp_path) < 500


def test_recognition_looks_into_some_of_many_text_files(tmp_path: Path) -> None:
    """Some formats have a text file for each image, in any folder."""
    draw(tmp_path / "a.png")
    for number in range(1000):
        folder = tmp_path / f"{number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text("0 .5 .5 .2 .2 .1 .1 .3 .3\n")
    assert files_opened(tmp_path) < 500


def test_a_large_file_is_found_among_many_small_ones(tmp_path: Path) -> None:
    folder = coco(tmp_path / "data")
    for number in range(300):
        (folder / f"{number}.json").write_text("{}")
    revision, _ = import_dataset(folder)
    assert revision.format == "coco"
