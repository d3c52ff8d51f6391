"""How fast datasets are read, beside the libraries that users know, each in a fresh process.

    .venv/bin/python benchmarks/datasets.py

Makes a COCO file of the size of train2017 (118,000 images, 860,000 polygons, about 450 MB) in a
temporary folder; and CSV tables of 100,000 images with a class each, and of 100,000 boxes. Times
are medians, memory is the process's peak less what its imports take.
"""

from __future__ import annotations

import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.datasets.images import inspect_files, inspect_image

PHOTOGRAPHS = 600
IMAGES, OBJECTS, CLASSES = 118_000, 860_000, 80
ROWS, BOXES_PER_IMAGE = 100_000, 10
REPEATS = 3

MEASURED = """
import os, resource, sys, threading, time
{imports}
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
{work}
took = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(took, (peak - kilobytes) / 1024, file=sys.stderr)
"""

IMPORTED = """
from model_playground.api import Playground
import model_playground.datasets.formats.coco, model_playground.work.importing
""", """
Playground({workspace!r}).import_dataset({path!r}, name="coco", inspect=False)
"""  # fmt: skip
TABLE_IMPORTED = """
from model_playground.api import Playground
from model_playground.datasets.formats.format import FORMATS
import model_playground.work.importing
list(FORMATS)
""", """
Playground({workspace!r}).import_dataset({path!r}, name="table", inspect=False)
"""  # fmt: skip
TABLE_READERS = {
    library: (f"import {library}", f"{library}.read_csv({{path!r}})")
    for library in ("pandas", "polars")
    if find_spec(library) is not None
} or {"csv": ("import csv", "list(csv.reader(open({path!r}, newline='')))")}
PYCOCOTOOLS = "from pycocotools.coco import COCO", "COCO({path!r})"


def write_coco(folder: Path, images: int = IMAGES, objects: int = OBJECTS) -> Path:
    """Write a COCO file with polygons as long as those of train2017, and the images as empty files.

    Nothing reads the images here: importing does not look into them until it is asked to.
    """
    chance = random.Random(0)
    (folder / "images").mkdir()
    for number in range(images):
        (folder / "images" / f"{number:012d}.jpg").touch()
    path = folder / "instances.json"
    with path.open("w") as file:
        named = ({"id": one, "name": f"class {one}"} for one in range(1, CLASSES + 1))
        pictures = (
            {"id": one, "file_name": f"{one:012d}.jpg", "width": 640, "height": 480}
            for one in range(images)
        )
        file.write('{"categories": ' + json.dumps(list(named)))
        file.write(', "images": ' + json.dumps(list(pictures)) + ', "annotations": [')
        for number in range(objects):
            file.write((", " if number else "") + _annotation(number, number % images, chance))
        file.write("]}")
    return path


def _annotation(number: int, image: int, chance: random.Random) -> str:
    """Return an object whose outline has about the 26 corners that an outline has in train2017."""
    left, top = chance.uniform(0, 500), chance.uniform(0, 350)
    ring = [
        round(start + chance.uniform(0, 100), 2)
        for _ in range(chance.randint(8, 44))
        for start in (left, top)
    ]
    across, down = ring[::2], ring[1::2]
    corner = [min(across), min(down)]
    size = [round(max(across) - corner[0], 2), round(max(down) - corner[1], 2)]
    return json.dumps(
        {
            "segmentation": [ring],
            "area": round(size[0] * size[1] / 2, 4),
            "iscrowd": 0,
            "image_id": image,
            "bbox": [*corner, *size],
            "category_id": chance.randint(1, CLASSES),
            "id": number,
        }
    )


def write_class_table(folder: Path, rows: int = ROWS) -> Path:
    """Write a table with a row for each image, and the images as empty files."""
    chance = random.Random(0)
    lines = (
        (name, f"class {chance.randrange(CLASSES)}", f"site {chance.randrange(300)}")
        for name in _empty_images(folder, rows)
    )
    return _write_table(folder / "labels.csv", ("file", "class", "site"), lines)


def write_box_table(folder: Path, rows: int = ROWS) -> Path:
    """Write a table with a row for each box, and the images as empty files."""
    chance = random.Random(0)
    head = ("file", "class", "xmin", "ymin", "xmax", "ymax", "width", "height")
    return _write_table(
        folder / "boxes.csv",
        head,
        (
            (name, f"class {chance.randrange(CLASSES)}", *_box(chance), 640, 480)
            for name in _empty_images(folder, rows // BOXES_PER_IMAGE)
            for _ in range(BOXES_PER_IMAGE)
        ),
    )


def _box(chance: random.Random) -> tuple[float, float, float, float]:
    left, top = round(chance.uniform(0, 500), 2), round(chance.uniform(0, 350), 2)
    width, height = chance.uniform(10, 100), chance.uniform(10, 100)
    return left, top, round(left + width, 2), round(top + height, 2)


def _empty_images(folder: Path, count: int) -> Iterator[str]:
    (folder / "images").mkdir()
    for number in range(count):
        path = folder / "images" / f"{number:012d}.jpg"
        path.touch()
        yield path.name


def _write_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
    return path


def compare_tables(folder: Path) -> None:
    """Compare importing tables with reading the same files and doing nothing with them."""
    for what, write in (("images", write_class_table), ("boxes", write_box_table)):
        path = write(folder / what)
        own_s, _ = measured(TABLE_IMPORTED, path=str(path), workspace="WORKSPACE")
        print(f"{f'import of {ROWS:,} {what}':<34}{own_s:>7.2f} s")
        for library, parts in TABLE_READERS.items():
            read_s, _ = measured(parts, path=str(path))
            print(f"{f'{library} reads the table':<34}{read_s:>7.2f} s")


def measured(parts: tuple[str, str], **names: object) -> tuple[float, float]:
    """Return the median time in seconds and peak memory in MiB of work in fresh processes."""
    imports, work = (part.format(**names) for part in parts)
    script = MEASURED.format(imports=imports, work=work)
    figures = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as workspace:
            own = script.replace("'WORKSPACE'", repr(workspace))
            done = subprocess.run(
                [sys.executable, "-c", own],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        figures.append(tuple(float(one) for one in done.stderr.split()[-2:]))
    return statistics.median(one[0] for one in figures), statistics.median(
        one[1] for one in figures
    )


def shown_s(path: Path) -> float:
    """Return how long `playground dataset show` takes on the imported file, start-up included."""
    with tempfile.TemporaryDirectory() as workspace, tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "model_playground.cli"]
        # Where the machine forbids bytecode every start would compile the program anew.
        environment = os.environ | {"PLAYGROUND_WORKSPACE": workspace, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        imported = ["dataset", "import", str(path), "--name", "coco", "--no-inspect"]
        subprocess.run(
            [*command, *imported], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        durations = []
        for _ in range(REPEATS + 1):  # the first writes the bytecode
            started = time.perf_counter()
            subprocess.run(
                [*command, "dataset", "show", "coco"],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            durations.append(time.perf_counter() - started)
    return statistics.median(durations[1:])


def write_photographs(folder: Path, count: int = PHOTOGRAPHS) -> list[str]:
    """Write JPEG files of 640 × 480 pixels, about as large as photographs of that size are."""
    chance = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = Image.fromarray(chance.integers(0, 256, (60, 80, 3), dtype=np.uint8))
        path = folder / f"{number}.jpg"
        coarse.resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=90)
        paths.append(str(path))
    return paths


def decode(path: str) -> None:
    """Decode an image: the least that anything takes that finds out whether it is whole."""
    with Image.open(path) as image:
        image.load()


def check_images(folder: Path) -> None:
    """Compare looking into images with decoding them, on all cores."""
    paths = write_photographs(folder)
    plain, own = [], []
    for _ in range(REPEATS):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            started = time.perf_counter()
            list(pool.map(decode, paths))
            plain.append(time.perf_counter() - started)
        started = time.perf_counter()
        inspect_files(inspect_image, paths, stage="", advance=lambda stage, done, total: None)
        own.append(time.perf_counter() - started)
    plain_s, own_s = statistics.median(plain), statistics.median(own)
    print(f"{'plain decode of JPEG files':<34}{len(paths) / plain_s:>7.0f} images/s")
    print(f"{'looking into them':<34}{len(paths) / own_s:>7.0f} images/s")
    print(f"{'ratio of the times':<34}{own_s / plain_s:>7.2f}")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        check_images(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        compare_tables(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        path = write_coco(Path(folder))
        print(f"{os.path.getsize(path) / 1e6:.0f} MB, {IMAGES:,} images, {OBJECTS:,} polygons")
        peer_s, peer_mib = measured(PYCOCOTOOLS, path=str(path))
        own_s, own_mib = measured(IMPORTED, path=str(path), workspace="WORKSPACE")
        print(f"{'pycocotools.coco.COCO(file)':<34}{peer_s:>7.1f} s{peer_mib:>8.0f} MiB")
        print(f"{'import, validated and stored':<34}{own_s:>7.1f} s{own_mib:>8.0f} MiB")
        print(f"{'ratio':<34}{own_s / peer_s:>7.2f}  {own_mib / peer_mib:>8.2f}")
        print(f"{'playground dataset show':<34}{shown_s(path):>7.2f} s")


if __name__ == "__main__":
    main()
