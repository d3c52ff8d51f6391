"""The export: as a whole or not at all, with what a format cannot hold said before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import draw

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import Finding
from model_playground.datasets.exporting import export_revision, in_parts
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

BOX = "0 0.5 0.5 0.25 0.5\n"


@pytest.fixture
def revision(tmp_path: Path) -> Revision:
    """Two images, each with a box; the names differ in the suffix alone."""
    source = tmp_path / "source"
    draw(source / "images/a.png")
    draw(source / "images/b/a.jpg")
    for name in ("a", "b/a"):
        (source / f"labels/{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (source / f"labels/{name}.txt").write_text(BOX)
    (source / "data.yaml").write_text("train: images\nnames: [cat]\n")
    return import_dataset(source)[0]


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }


def test_an_export_holds_labels_and_images_and_leaves_the_source_alone(
    revision: Revision, tmp_path: Path
) -> None:
    before = files_in(tmp_path / "source")
    progress: list[tuple[str, int, int]] = []
    report = export_revision(
        revision, tmp_path / "new/export", format="yolo",
        advance=lambda *one: progress.append(one),
    )  # fmt: skip
    assert (report.items, report.annotations, report.files) == (2, 2, 2)
    assert report.findings == ()
    written = files_in(tmp_path / "new/export")
    assert written["images/train/a.png"] == before["images/a.png"]
    assert written["images/train/b/a.jpg"] == before["images/b/a.jpg"]
    assert written["labels/train/b/a.txt"].decode() == BOX
    assert written["data.yaml"].decode() == "path: .\ntrain: images/train\nnames:\n  0: cat\n"
    assert len(written) == 5
    assert os.listdir(tmp_path / "new") == ["export"]
    assert files_in(tmp_path / "source") == before
    assert progress == [("Copying images", 0, 2), ("Copying images", 2, 2)]


def test_labels_can_be_written_alone(revision: Revision, tmp_path: Path) -> None:
    report = export_revision(revision, tmp_path / "export", format="coco", with_images=False)
    assert report.files == 0
    assert list(files_in(tmp_path / "export")) == ["instances_train.json"]


def test_links_stand_for_copies(revision: Revision, tmp_path: Path) -> None:
    export_revision(revision, tmp_path / "export", format="yolo", link=True)
    assert (tmp_path / "export/images/train/a.png").samefile(tmp_path / "source/images/a.png")


def test_an_empty_folder_is_taken_and_any_other_refused(revision: Revision, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export_revision(revision, tmp_path / "empty", format="yolo")
    (tmp_path / "file").write_text("mine")
    for target in ("empty", "file"):
        before = files_in(tmp_path)
        with pytest.raises(InvalidError, match="is not empty"):
            export_revision(revision, tmp_path / target, format="yolo")
        assert files_in(tmp_path) == before


def test_nothing_is_written_into_the_dataset_itself(revision: Revision, tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="which is never modified"):
        export_revision(revision, tmp_path / "source/images/new", format="yolo")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), InvalidError),
    ],
)
def test_whatever_goes_wrong_leaves_nothing(
    revision: Revision, tmp_path: Path, error: BaseException, expected: type[BaseException]
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done == total:
            raise error

    with pytest.raises(expected):
        export_revision(revision, tmp_path / "export", format="yolo", advance=stop)
    assert os.listdir(tmp_path) == ["source"]


def test_what_a_killed_export_left_is_removed_by_the_next(
    revision: Revision, tmp_path: Path
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from model_playground.datasets.exporting import export_revision
from model_playground.datasets.importing import import_dataset

revision, _ = import_dataset(Path({str(revision.root)!r}))
export_revision(
    revision, Path({str(tmp_path / "first")!r}), format="yolo",
    advance=lambda *told: os.kill(os.getpid(), signal.SIGKILL),
)
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (left,) = [one for one in os.listdir(tmp_path) if one.endswith(".unfinished")]
    mine = tmp_path / left.replace(f".{left.split('.')[3]}.", f".{os.getpid()}.")
    mine.mkdir()  # as of an export that is going on
    export_revision(revision, tmp_path / "second", format="yolo")
    assert sorted(os.listdir(tmp_path)) == sorted([mine.name, "second", "source"])


def test_an_image_that_is_gone_is_named(revision: Revision, tmp_path: Path) -> None:
    (tmp_path / "source/images/b/a.jpg").unlink()
    for link in (False, True):
        with pytest.raises(InvalidError, match=r"b/a.jpg cannot be copied: No such file"):
            export_revision(revision, tmp_path / "export", format="coco", link=link)
    assert os.listdir(tmp_path) == ["source"]


def test_images_that_would_be_one_file_are_told_apart(tmp_path: Path) -> None:
    for name in ("images/a.png", "a.png", "A.jpg"):
        draw(tmp_path / f"source/{name}", like=name)
    images = [
        {"id": n, "file_name": one} for n, one in enumerate(("images/a.png", "a.png", "A.jpg"))
    ]
    boxes = [{"image_id": n, "category_id": 1, "bbox": [n, 0, 1, 1]} for n in range(3)]
    said = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "source/instances.json").write_text(json.dumps(said))
    revision = import_dataset(tmp_path / "source")[0]
    export_revision(revision, tmp_path / "export", format="yolo")
    again = import_dataset(tmp_path / "export")[0]
    assert again.items["path"].to_pylist() == [
        "images/train/A_3.jpg", "images/train/a.png", "images/train/a_2.png",
    ]  # fmt: skip

    def boxes_of(one: Revision) -> set[tuple[str, float]]:
        contents = dict(zip(one.item_ids, one.items["content_hash"].to_pylist(), strict=True))
        columns = (one.annotations[name].to_pylist() for name in ("item_id", "left"))
        return {(contents[item], left) for item, left in zip(*columns, strict=True)}

    assert boxes_of(again) == boxes_of(revision)


def test_a_split_gives_the_parts(revision: Revision, tmp_path: Path) -> None:
    parts = {revision.item_ids[0]: "test"}
    export_revision(in_parts(revision, parts), tmp_path / "export", format="yolo")
    again = import_dataset(tmp_path / "export")[0]
    assert again.items["partition"].to_pylist() == ["test"]
    assert again.object_count == 1


def said_of(revision: Revision, folder: Path, name: str) -> list[str]:
    """Export and return what is told before anything is written."""
    told: list[str] = []

    def tell(finding: Finding) -> None:
        assert not folder.exists()
        told.append(finding.message)

    report = export_revision(revision, folder, format=name, tell=tell)
    assert [one.message for one in report.findings] == told
    return told


def own(folder: Path, *annotations: dict[str, object], **item: object) -> Revision:
    """A dataset of one image and what is said of it, in our own format."""
    draw(folder / "files/a.png", exif_orientation=3)
    draw(folder / "files/b.png")
    head = {
        "format": "model-playground", "version": 1, "task": "detection",
        "classes": [{"name": "cat"}], "columns": ["place"],
    }  # fmt: skip
    line = {"id": "one", "image": "a.png", "annotations": annotations} | item
    (folder / "dataset.json").write_text(json.dumps(head))
    (folder / "items.jsonl").write_text(json.dumps(line))
    return import_dataset(folder)[0]


def test_what_a_format_cannot_hold_is_told_before(tmp_path: Path) -> None:
    ring, box = [0, 0, 4, 0, 4, 3], [0, 0, 4, 3]
    polygon = {"kind": "polygon", "class": "cat", "box": box}
    annotations = [
        {"kind": "tag", "class": "cat"},
        {"kind": "rle", "class": "cat", "box": box, "rle": {"size": [2, 2], "counts": "22"}},
        polygon | {"rings": [ring, ring], "attributes": {"difficult": True}},
        polygon | {"rings": [ring, [1, 1]], "crowd": True},
        polygon | {"rings": [ring], "box": [0, 0, 5, 5], "area": 3.0},
        {"kind": "box", "class": "cat", "box": box, "image_index": 1},
    ]
    revision = own(tmp_path / "own", *annotations, columns={"place": "x"}, further_images=["b.png"])
    assert said_of(revision, tmp_path / "yolo", "yolo") == [
        "YOLO has no place for annotations of the kind tag: 1 left out",
        "YOLO has no columns such as place",
        "YOLO has one image an item: of 1 only the first image is written",
        "1 image is in no part: written to train",
        "YOLO does not hold attributes of objects: 1 has it",
        "YOLO does not hold the mark of a crowd of objects: 1 has it",
        "YOLO does not hold an area of their own of objects: 1 has it",
        "1 object of run lengths: written as boxes",
        "1 object with an outline of fewer than three points: it is not written",
        "1 object of several pieces: written as one outline, joined by lines",
        "1 object of an item's further images: not written",
        "1 object with a box that is not the one around the outline: it is not written",
        "1 image is stored turned and copied so: the labels are for the upright image, as the EXIF "
        "data say",
    ]
    assert said_of(revision, tmp_path / "coco", "coco")[:-1] == [
        "COCO JSON has no place for annotations of the kind tag: 1 left out",
        "COCO JSON has no columns such as place",
        "COCO JSON has one image an item: of 1 only the first is written",
        "1 object of an item's further images: not written",
    ]
    assert len(said_of(revision, tmp_path / "again", "model_playground")) == 1  # turned images
    assert import_dataset(tmp_path / "again")[0].hash == revision.hash


def test_an_image_of_unknown_size_has_no_shares(revision: Revision, tmp_path: Path) -> None:
    export_revision(revision, tmp_path / "own", format="model_playground")
    lines = (tmp_path / "own/items.jsonl").read_text().splitlines()
    without = [
        {key: one for key, one in json.loads(line).items() if key not in ("width", "height")}
        for line in lines
    ]
    (tmp_path / "own/items.jsonl").write_text("\n".join(map(json.dumps, without)))
    later = import_dataset(tmp_path / "own", inspect=False)[0]
    with pytest.raises(InvalidError, match=r"the size of images/a.png is not known"):
        export_revision(later, tmp_path / "export", format="yolo")
    assert not (tmp_path / "export").exists()


@pytest.mark.parametrize(
    ("name", "error", "complaint"),
    [
        ("yollo", NotFoundError, "Did you mean yolo"),
        ("class_folders", InvalidError, "can be read but not written. Can be written: coco"),
    ],
)
def test_a_format_that_cannot_be_written_is_refused(
    revision: Revision, tmp_path: Path, name: str, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        export_revision(revision, tmp_path / "export", format=name)


@pytest.mark.parametrize("name", ["coco", "yolo", "model_playground"])
def test_what_was_written_is_recognised(revision: Revision, tmp_path: Path, name: str) -> None:
    export_revision(revision, tmp_path / "export", format=name)
    again, report = import_dataset(tmp_path / "export")
    assert again.format == name
    assert report.recognised.startswith(f"read as {name}, because ")


REAL: dict[str, tuple[str, ...]] = {
    "nuts": ("coco", "yolo", "model_playground"),
    "coco128/object_detection": ("coco", "yolo", "model_playground"),
    "bccd": ("coco", "yolo", "model_playground"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name"), [(folder, name) for folder, names in REAL.items() for name in names]
)
def test_real_datasets_come_back(real_data: Path, tmp_path: Path, folder: str, name: str) -> None:
    revision = import_dataset(real_data / folder)[0]
    options = ReadOptions(format=name)
    export_revision(revision, tmp_path / "once", format=name, link=True)
    once = import_dataset(tmp_path / "once", options=options)[0]
    export_revision(once, tmp_path / "twice", format=name, link=True)
    assert import_dataset(tmp_path / "twice", options=options)[0].hash == once.hash
    assert (len(once.items), once.object_count) == (len(revision.items), revision.object_count)
    assert once.class_counts() == revision.class_counts()
    if name == "model_playground":
        assert once.hash == revision.hash
