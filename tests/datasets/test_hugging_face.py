"""Hugging Face image folders: metadata in CSV, JSON lines and Parquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, kinds

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset

OBJECTS: dict[str, Any] = {
    "bbox": [[1, 2, 4, 2], [0.5, 0, 3, 3]],
    "categories": [7, 3],
    "area": [8, 9.0],
}


def write(folder: Path, kind: str, records: list[dict[str, Any]]) -> None:
    """Write images of 8×6 pixels and metadata of a kind that names them."""
    for record in records:
        draw(folder / record["file_name"])
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(records), folder / "metadata.parquet")
    elif kind == "jsonl":
        text = "\n".join(json.dumps(record) for record in records)
        (folder / "metadata.jsonl").write_text(text)
    else:
        lines = [list(records[0])]
        lines += [
            [one if isinstance(one, str) else json.dumps(one) for one in record.values()]
            for record in records
        ]
        quoted = [",".join('"' + one.replace('"', '""') + '"' for one in line) for line in lines]
        (folder / "metadata.csv").write_text("\n".join(quoted))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_labels_are_read_as_in_a_table(tmp_path: Path, kind: str) -> None:
    write(
        tmp_path / "train",
        kind,
        [
            {"file_name": "x/a.png", "label": "cat", "text": "a cat"},
            {"file_name": "b.png", "label": "N/A", "text": "none"},
        ],
    )
    write(tmp_path / "test", kind, [{"file_name": "a.png", "label": "dog", "text": "a dog"}])
    revision, report = import_dataset(tmp_path)
    assert (revision.format, revision.task) == ("hugging_face", "classification")
    assert revision.class_counts() == {"N/A": 1, "cat": 1, "dog": 1}
    assert dict(
        zip(
            revision.items["path"].to_pylist(),
            revision.items["partition"].to_pylist(),
            strict=True,
        )
    ) == {"train/x/a.png": "train", "train/b.png": "train", "test/a.png": "test"}
    assert set(revision.items["text"].to_pylist()) == {"a cat", "none", "a dog"}
    assert kinds(report) == ["few_items"] * 3 or report.errors == 0


def test_the_parts_may_be_inside_a_folder_data(tmp_path: Path) -> None:
    labels = [{"file_name": "a.png", "label": "cat"}, {"file_name": "b.png", "label": "dog"}]
    write(tmp_path / "data/train", "csv", labels)
    write(tmp_path / "data/test", "jsonl", labels[:1])
    revision, _ = import_dataset(tmp_path)
    assert revision.format == "hugging_face"
    assert revision.class_counts() == {"cat": 2, "dog": 1}
    assert sorted(revision.items["partition"].to_pylist()) == ["test", "train", "train"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_objects_are_boxes(tmp_path: Path, kind: str) -> None:
    write(
        tmp_path,
        kind,
        [
            {"file_name": "a.png", "objects": OBJECTS, "text": "two"},
            {
                "file_name": "b.png",
                "objects": {"bbox": [], "categories": [], "area": []},
                "text": "",
            },
        ],
    )
    revision, _ = import_dataset(tmp_path)
    assert (revision.task, revision.items.num_rows) == ("detection", 2)
    assert [one.name for one in revision.classes] == ["3", "7"]
    sides = ("class_index", "left", "top", "right", "bottom")
    assert [tuple(row[one] for one in sides) for row in revision.annotations.to_pylist()] == [
        (1, 1, 2, 5, 4),
        (0, 0.5, 0, 3.5, 3),
    ]
    assert json.loads(revision.annotations["attributes"][1].as_py()) == {"area": "9.0"}
    assert revision.items["text"].to_pylist() == ["two", ""]


def test_tags_and_values(tmp_path: Path) -> None:
    write(tmp_path, "jsonl", [{"file_name": "a.png", "tags": ["x", "y, z"], "price": 1.5}])
    assert import_dataset(tmp_path)[0].class_counts() == {"x": 1, "y, z": 1}
    options = ReadOptions(target_columns=("price",))
    revision, _ = import_dataset(tmp_path, options=options)
    assert (revision.task, revision.target_names) == ("regression", ("price",))


def test_texts_alone_are_no_labels(tmp_path: Path) -> None:
    write(tmp_path, "jsonl", [{"file_name": "a.png", "text": "a cat"}])
    with pytest.raises(InvalidError, match="names images and no labels"):
        import_dataset(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "line 2 is no JSON"), ("[1]", "line 2 is no JSON object")],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    write(tmp_path, "jsonl", [{"file_name": "a.png", "label": "x"}])
    with (tmp_path / "metadata.jsonl").open("a") as file:
        file.write(f"\n{line}\n")
    with pytest.raises(InvalidError, match=said):
        import_dataset(tmp_path)


def test_faults_are_told_by_line(tmp_path: Path) -> None:
    write(tmp_path, "jsonl", [{"file_name": "a.png", "objects": OBJECTS}])
    odd = [
        {"file_name": "../a.png/b", "objects": OBJECTS},
        {"file_name": "a.png", "objects": OBJECTS},
        {"file_name": None},
    ]
    with (tmp_path / "metadata.jsonl").open("a") as file:
        file.writelines(f"\n{json.dumps(one)}" for one in odd)
    with pytest.raises(InvalidError, match=r"line 2 of metadata\.jsonl names \.\./a\.png/b"):
        import_dataset(tmp_path)
    revision, report = import_dataset(tmp_path, options=ReadOptions(drop_faulty=True))
    assert revision.object_count == 2
    told = [(one.kind, one.line) for one in report.findings if one.line]
    assert told[:3] == [("missing_file", 2), ("duplicate_row", 3), ("missing_file", 4)]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("has_objects", [True, False])
def test_no_metadata_ends_in_a_traceback(tmp_path: Path, kind: str, has_objects: bool) -> None:
    labels = (
        [{"objects": OBJECTS}, {"objects": {}}] if has_objects else [{"label": "x"}, {"label": "y"}]
    )
    names = ("a.png", "b.png")
    records = [{"file_name": name, **one} for name, one in zip(names, labels, strict=True)]
    write(tmp_path / "made", kind, records)
    files = (f"metadata.{kind}",)
    tasks = (None, "detection") if has_objects else (None, "classification", "regression")
    assert_no_traceback(
        tmp_path / "made", files, "hugging_face", tmp_path / "x", tasks=tasks, cases=CASES // 4
    )
