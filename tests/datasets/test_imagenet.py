"""ImageNet's XML: boxes and classes named by synsets."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

DROP = ReadOptions(drop_faulty=True)
TENCH, CRANE, OTHER_CRANE = "n01440764", "n02012849", "n03126707"
MAPPING = f"{TENCH} tench, Tinca tinca\n{CRANE} crane\n{OTHER_CRANE} crane, hoist\nn1 no\n"
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"


def a_file(name: str, *synsets: str) -> str:
    """What ILSVRC writes: the file name has no suffix."""
    objects = "".join(
        f"<object><name>{one}</name><pose>Unspecified</pose><truncated>0</truncated>"
        f"<difficult>0</difficult>{BOX}</object>\n"
        for one in synsets
    )
    return (
        f"<annotation>\n<folder>{name[:9]}</folder>\n<filename>{name}</filename>\n"
        f"<size><width>8</width><height>6</height></size>\n{objects}</annotation>\n"
    )


def write(folder: Path) -> Path:
    """A piece of ILSVRC: three images with files, one in train without."""
    named = {
        f"train/{TENCH}/{TENCH}_18": (TENCH, TENCH),
        f"train/{CRANE}/{CRANE}_7": (CRANE,),
        "val/ILSVRC2012_val_00000001": (OTHER_CRANE,),
    }
    for path, synsets in named.items():
        draw(folder / f"Data/CLS-LOC/{path}.JPEG", (8, 6), like=path)
        file = folder / f"Annotations/CLS-LOC/{path}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(a_file(Path(path).name, *synsets))
    draw(folder / f"Data/CLS-LOC/train/{TENCH}/{TENCH}_19.JPEG", (8, 6), like="19")
    (folder / "ImageSets/CLS-LOC").mkdir(parents=True)
    (folder / "ImageSets/CLS-LOC/train_cls.txt").write_text(f"{TENCH}/{TENCH}_18 1\n")
    (folder / "LOC_synset_mapping.txt").write_text(MAPPING)
    return folder


def test_boxes_have_the_classes_that_the_synsets_are_called(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path))
    assert (revision.task, revision.tasks) == ("detection", ("detection", "tagging"))
    assert [(one.name, one.source_id) for one in revision.classes] == [
        ("tench", 1440764),
        (f"crane ({CRANE})", 2012849),
        (f"crane ({OTHER_CRANE})", 3126707),
    ]
    assert revision.class_counts() == {
        "tench": 1,
        f"crane ({CRANE})": 1,
        f"crane ({OTHER_CRANE})": 1,
    }
    assert revision.object_count == 4
    assert revision.items["partition"].to_pylist() == ["train", "train", "validation"]
    assert "is an XML file called as ImageNet calls its own" in report.recognised
    assert "could also be class_folders" in report.recognised
    (finding,) = [one for one in report.findings if one.kind == "missing_annotation_file"]
    assert finding.message.startswith("1 image has no XML file, such as Data/CLS-LOC/train/n014")
    assert found(report, "path_remapped") == []


def test_classes_are_those_of_the_folders_or_of_the_objects(tmp_path: Path) -> None:
    revision, report = import_dataset(write(tmp_path), task="classification")
    assert revision.class_counts() == {
        "tench": 2,
        f"crane ({CRANE})": 1,
        f"crane ({OTHER_CRANE})": 1,
    }
    assert len(revision.items) == 4
    assert report.errors == 0


def test_without_a_mapping_the_synsets_are_the_names(tmp_path: Path) -> None:
    (write(tmp_path) / "LOC_synset_mapping.txt").unlink()
    revision, _ = import_dataset(tmp_path)
    assert [one.name for one in revision.classes] == [TENCH, CRANE, OTHER_CRANE]


def test_an_image_of_no_class_is_left_out_and_one_of_several_blocks(tmp_path: Path) -> None:
    folder = write(tmp_path)
    draw(folder / "Data/CLS-LOC/val/ILSVRC2012_val_00000002.JPEG", (8, 6), like="2")
    assert found(import_dataset(folder, task="classification")[1], "no_class") == [
        "Data/CLS-LOC/val/ILSVRC2012_val_00000002.JPEG"
    ]
    file = folder / "Annotations/CLS-LOC/val/ILSVRC2012_val_00000001.xml"
    file.write_text(a_file("ILSVRC2012_val_00000001", TENCH, CRANE))
    with pytest.raises(InvalidError, match="instead of one"):
        import_dataset(folder, task="classification")


def test_a_file_without_image_and_a_broken_one_block_the_import(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / f"Data/CLS-LOC/train/{CRANE}/{CRANE}_7.JPEG").unlink()
    file = folder / "Annotations/CLS-LOC/val/ILSVRC2012_val_00000001.xml"
    file.write_text("<annotation>\n<object>\n</annotation>")
    with pytest.raises(InvalidError, match=r"line 3: the XML cannot be read"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert len(revision.items) == 1
    assert len(found(report, "annotation_without_image")) == 1


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    files = (
        f"Annotations/CLS-LOC/train/{TENCH}/{TENCH}_18.xml",
        "Annotations/CLS-LOC/val/ILSVRC2012_val_00000001.xml",
        "LOC_synset_mapping.txt",
    )
    tasks = (None, "classification")
    assert_no_traceback(folder, files, "imagenet", tmp_path / "x", tasks=tasks, cases=CASES)
