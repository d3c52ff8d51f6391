"""Several datasets as one: paths, classes, masks and what does not go together."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import draw, draw_mask

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.joining import joined
from model_playground.datasets.records import ClassRecord, Revision, training_items


def class_folders(folder: Path, *classes: str) -> Revision:
    for name in classes:
        for number in range(2):
            draw(folder / name / f"{number}.png")
    return import_dataset(folder)[0]


def masks(folder: Path, **ids: int) -> Revision:
    draw(folder / "images/a.png", (2, 1))
    draw_mask(folder / "masks/a.png", [list(ids.values())])
    lines = "".join(f"  {number}: {name}\n" for name, number in ids.items())
    (folder / "classes.yaml").write_text(f"classes:\n{lines}")
    return import_dataset(folder)[0]


def items_by_path(revision: Revision) -> dict[str, str]:
    paths = revision.items["path"].to_pylist()
    return dict(zip(paths, revision.items["dataset"].to_pylist(), strict=True))


def test_items_keep_their_images_and_their_classes_by_name(tmp_path: Path) -> None:
    one = class_folders(tmp_path / "site a/pictures", "cat", "dog")
    other = class_folders(tmp_path / "site b", "bird", "cat")
    both = joined({"a": one, "b": other})
    assert both.root == tmp_path
    assert items_by_path(both)["site a/pictures/cat/0.png"] == "a"
    assert items_by_path(both)["site b/cat/0.png"] == "b"
    assert [item.name for item in both.classes] == ["cat", "dog", "bird"]
    assert both.class_counts() == {"cat": 4, "dog": 2, "bird": 2}
    for item in training_items(both, both.item_ids):
        assert item.class_index is not None
        assert item.path.parent.name == both.classes[item.class_index].name
        assert item.path.is_file()
    assert len(set(both.item_ids)) == 8


def test_joining_again_gives_the_same_records(tmp_path: Path) -> None:
    parts = {name: class_folders(tmp_path / name, "cat", "dog") for name in ("a", "b")}
    first = joined(parts)
    assert joined(parts).hash == first.hash
    first.write(tmp_path / "kept")
    assert Revision.read(tmp_path / "kept").hash == first.hash


def test_a_joined_dataset_is_joined_with_another(tmp_path: Path) -> None:
    a, b, c = (class_folders(tmp_path / name, "cat", "dog") for name in "abc")
    all_three = joined({"ab": joined({"a": a, "b": b}), "c": c})
    assert sorted(set(items_by_path(all_three).values())) == ["a", "b", "c"]


def test_columns_of_one_are_empty_for_the_other(tmp_path: Path) -> None:
    for name, head, row in (
        ("a", "file,kind,site", "x.png,cat,north"),
        ("b", "file,kind", "x.png,dog"),
    ):
        draw(tmp_path / name / "x.png")
        draw(tmp_path / name / "y.png")
        second = row.replace("x.png", "y.png").replace("cat", "bird").replace("dog", "bird")
        (tmp_path / name / "labels.csv").write_text(f"{head}\n{row}\n{second}\n")
    options = ReadOptions(target_columns=("kind",))
    parts = {
        name: import_dataset(tmp_path / name, task="classification", options=options)[0]
        for name in ("a", "b")
    }
    both = joined(parts)
    assert both.columns == ("site", "dataset")
    assert both.items["site"].to_pylist() == ["north", "north", None, None]
    files = set(both.annotations["source_file"].cast("string").to_pylist())
    assert files == {"a/labels.csv", "b/labels.csv"}


def test_further_images_move_too(tmp_path: Path) -> None:
    parts = {}
    for name in ("a", "b"):
        for number in range(4):
            draw(tmp_path / name / f"{number}.png")
        rows = "front,back,price\n0.png,1.png,3\n2.png,,4\n"
        (tmp_path / name / "t.csv").write_text(rows)
        options = ReadOptions(image_columns=("front", "back"), target_columns=("price",))
        parts[name] = import_dataset(tmp_path / name, task="regression", options=options)[0]
    further = joined(parts).items["further_images"].to_pylist()
    paths = [[image["path"] for image in images or ()] for images in further]
    assert [one for one in paths if one] == [["a/1.png"], ["b/1.png"]]


def test_masks_of_one_numbering_go_together(tmp_path: Path) -> None:
    both = joined(
        {"a": masks(tmp_path / "a", sky=0, road=7), "b": masks(tmp_path / "b", sky=0, car=9)}
    )
    assert both.classes == (
        ClassRecord(0, "sky", 0),
        ClassRecord(1, "road", 7),
        ClassRecord(2, "car", 9),
    )
    found = {item.mask_path for item in training_items(both, both.item_ids)}
    assert found == {tmp_path / "a/masks/a.png", tmp_path / "b/masks/a.png"}


@pytest.mark.parametrize("ids", [{"sky": 0, "car": 7}, {"sky": 1, "road": 7}])
def test_masks_of_another_numbering_are_refused(tmp_path: Path, ids: dict[str, int]) -> None:
    parts = {"a": masks(tmp_path / "a", sky=0, road=7), "b": masks(tmp_path / "b", **ids)}
    with pytest.raises(InvalidError, match=r"a and b cannot be joined: a has .* as .*, b has "):
        joined(parts)


def test_other_tasks_are_refused(tmp_path: Path) -> None:
    parts = {
        "a": masks(tmp_path / "a", sky=0, road=7),
        "b": class_folders(tmp_path / "b", "cat", "dog"),
    }
    with pytest.raises(InvalidError, match="a has the task segmentation, b has the task classific"):
        joined(parts)
