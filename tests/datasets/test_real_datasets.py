"""Datasets that others made, with their dirt; the figures are from counting every file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from pictures import found

from model_playground.core.records import CheckReport, SplitPlan
from model_playground.datasets.checks import check_revision
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.images import load_mask
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision, training_items
from model_playground.datasets.splits.division import divide
from model_playground.datasets.splits.lists import listed_parts


def test_signdigits_imports_to_its_exact_counts(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "signdigits")
    assert len(revision.items) == 2062
    assert revision.class_counts() == dict(
        zip("0123456789", (205, 206, 206, 206, 207, 207, 207, 206, 208, 204), strict=True)
    )
    turned = found(report, "exif_rotated")
    assert len(turned) == 3
    assert all(file.startswith("Dataset/7/") for file in turned)
    assert found(report, "odd_size") == turned
    sizes = Counter(
        zip(revision.items["width"].to_pylist(), revision.items["height"].to_pylist(), strict=True)
    )
    assert sizes == {(100, 100): 2059, (3024, 3024): 3}
    assert report.errors == 0
    assert check_revision(revision, dataset="signs", advance=None).errors == 0


def weights(real_data: Path) -> tuple[Revision, CheckReport]:
    options = ReadOptions(target_columns=("weight_g",))
    return import_dataset(real_data / "ecustfd", task="regression", options=options)


def test_ecustfd_imports_by_its_table(real_data: Path) -> None:
    revision, report = weights(real_data)
    assert (len(revision.items), report.errors) == (668, 0)
    assert revision.target_names == ("weight_g",)
    assert revision.columns == ("item", "food", "part")
    assert len(set(revision.items["item"].to_pylist())) == 49
    assert Counter(revision.items["food"].to_pylist()) == {
        "apple": 296,
        "banana": 178,
        "bun": 90,
        "egg": 104,
    }
    values = [item.values or () for item in training_items(revision, revision.item_ids)]
    assert (min(values), max(values)) == ((54.5,), (325.0,))


def test_ecustfd_splits_by_its_own_list_and_keeps_items_apart(real_data: Path) -> None:
    revision, _ = weights(real_data)
    listed, findings = listed_parts(real_data / "ecustfd/weights.csv", revision.items)
    assert Counter(listed.values()) == {"trainval": 290, "test": 378}
    assert findings == []
    lists = {"item": str(real_data / "ecustfd/weights.csv"), "food": None}
    for group_by, from_file in lists.items():
        plan = SplitPlan(from_file=from_file, group_by=(group_by,))
        parts = divide(revision, plan)[0].parts
        of_group: dict[str, set[str]] = {}
        for item_id, group in zip(
            revision.item_ids, revision.items[group_by].to_pylist(), strict=True
        ):
            of_group.setdefault(group, set()).add(parts[item_id])
        assert all(len(one) == 1 for one in of_group.values())
        assert set(parts.values()) == {"train", "validation", "test"}


def test_ecustfd_lists_of_the_whole_set_do_for_a_part_of_it(real_data: Path) -> None:
    revision, _ = weights(real_data)
    listed, findings = listed_parts(real_data / "ecustfd/ImageSets/Main", revision.items)
    assert len(listed) == 668
    assert Counter(listed.values())["test"] == 378
    assert "2,310 names are not in the dataset" in findings[0].message  # of 2,978


def test_coco128_masks_import_with_sparse_ids(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "coco128/semantic_segmentation")
    assert (revision.task, revision.root) == ("segmentation", real_data / "coco128")
    assert Counter(revision.items["partition"].to_pylist()) == {"train": 100, "validation": 100}
    assert len(found(report, "image_without_mask")) == 56
    ids = revision.facts.class_pixel_values
    assert (ids[0], ids[-1], len(ids)) == (0, 200, len(revision.classes))
    assert len(ids) < 201  # sparse
    assert revision.classes[0].name == "unlabeled"
    counts = revision.class_counts()
    first = training_items(revision, revision.item_ids[:20])
    for index, one in enumerate(revision.classes[:3]):
        has = [bool(np.any(load_mask(item.mask_path or Path()) == one.source_id)) for item in first]
        assert sum(has) == revision.class_counts(revision.item_ids[:20])[one.name], index
    assert counts["person"] > counts["bicycle"] > 0


def test_pixels_of_bccd_may_be_counted_from_one(real_data: Path) -> None:
    _, report = import_dataset(real_data / "bccd", inspect=False)
    (said,) = (one.message for one in report.findings if one.kind == "counted_from_one")
    assert "no box begins at pixel 0, 610 begin at 1" in said
    _, report = import_dataset(real_data / "ecustfd", task="detection", inspect=False)
    assert found(report, "counted_from_one") == []


def test_bccd_is_read_by_its_table_of_boxes(real_data: Path) -> None:
    revision, report = import_dataset(real_data / "bccd/test.csv", inspect=False)
    assert (revision.format, revision.items.num_rows) == ("box_table", 364)
    names = (revision.classes[one].name for one in revision.annotations["class_index"].to_pylist())
    assert Counter(names) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert found(report, "empty_box") == ["test.csv"] * 2  # in BloodImage_00338 and _00343
    assert report.errors == 0


def test_ecustfd_is_read_by_its_spreadsheet(real_data: Path) -> None:
    options = ReadOptions(sheets=("apple", "banana", "bun", "egg"), target_columns=("weight(g)",))
    revision, report = import_dataset(
        real_data / "ecustfd/density.xls", task="regression", options=options, inspect=False
    )
    assert revision.items.num_rows == 668
    assert len(set(revision.items["id"].to_pylist())) == 49
    by_table, _ = weights(real_data)
    assert labels_by_name(revision) == labels_by_name(by_table)
    (unit,) = (one.message for one in report.findings if one.kind == "impossible_density")
    assert "volume(mm^3)" in unit


def labels_by_name(revision: Revision) -> dict[str, tuple[float, ...] | None]:
    return {item.path.name: item.values for item in training_items(revision, revision.item_ids)}
