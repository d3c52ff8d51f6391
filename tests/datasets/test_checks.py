"""Checks: files that changed since the import, and what the records show."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import cut_short, draw, draw_mask, draw_noise, found, kinds

from model_playground.core.records import CheckReport
from model_playground.datasets.checks import check_revision
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision


def check(revision: Revision) -> CheckReport:
    return check_revision(revision, dataset="animals", advance=None)


def faults(report: CheckReport) -> list[tuple[str, str]]:
    """Return kind and file of the errors."""
    return [(one.kind, one.file) for one in report.findings if one.severity == "error"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten images of each of two classes, which leave nothing to remark on."""
    for number in range(10):
        draw(tmp_path / f"data/cat/{number}.png")
        draw(tmp_path / f"data/dog/{number}.png")
    draw_noise(tmp_path / "data/dog/noise.png", (8, 6))
    return tmp_path / "data"


def test_an_unchanged_dataset_has_nothing_to_report(folder: Path) -> None:
    revision, imported = import_dataset(folder)
    report = check(revision)
    assert (report.dataset, report.items, report.findings) == ("animals", 21, ())
    assert imported.findings == ()


def test_files_that_changed_since_the_import_are_named(folder: Path) -> None:
    revision, _ = import_dataset(folder)
    (folder / "cat/0.png").unlink()
    draw(folder / "cat/1.png", like="another")
    cut_short(folder / "dog/noise.png")
    report = check(revision)
    assert faults(report) == [
        ("vanished_file", "cat/0.png"),
        ("changed_file", "cat/1.png"),
        ("unreadable_image", "dog/noise.png"),
    ]
    assert {one.decision for one in report.findings} == {"kept"}


def test_masks_are_checked_too(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        draw(tmp_path / f"images/{name}.png", (2, 2))
        draw_mask(tmp_path / f"masks/{name}.png", [[0, 1], [1, 1]])
    (tmp_path / "classes.yaml").write_text("[ground, road]")
    revision, _ = import_dataset(tmp_path)
    draw_mask(tmp_path / "masks/a.png", [[1, 1], [1, 1]])
    (tmp_path / "masks/b.png").unlink()
    assert faults(check(revision)) == [
        ("changed_file", "masks/a.png"),
        ("vanished_file", "masks/b.png"),
    ]


def test_a_folder_that_is_gone_is_one_error(folder: Path) -> None:
    revision, _ = import_dataset(folder)
    shutil.move(folder, folder.parent / "moved")
    assert faults(check(revision)) == [("missing_folder", str(folder))]
    assert faults(check(replace(revision, root=folder.parent / "moved"))) == []


def test_copies_are_told_and_those_with_different_labels_apart(folder: Path) -> None:
    draw(folder / "cat/copy.png", like=str(folder / "cat/0.png"))
    draw(folder / "dog/stray.png", like=str(folder / "cat/1.png"))
    _, report = import_dataset(folder)
    assert found(report, "copied_image") == ["cat/0.png"]
    assert found(report, "copied_image_labelled_differently") == ["cat/1.png"]
    assert "cat/0.png and cat/copy.png are the same image" in report.findings[0].message
    assert [one.others for one in report.findings if one.kind.startswith("copied")] == [
        ("cat/copy.png",),
        ("dog/stray.png",),
    ]


def test_small_classes_and_imbalance_are_told(folder: Path) -> None:
    draw(folder / "owl/1.png")
    _, report = import_dataset(folder)
    assert [one.message for one in report.findings if one.kind == "few_items"] == [
        "only 1 image has the class owl"
    ]
    assert "dog has 11 images, owl 1" in report.findings[1].message


def test_a_size_unlike_most_is_told(folder: Path) -> None:
    draw(folder / "cat/large.png", (80, 60))
    report = import_dataset(folder)[1]
    assert [one.message for one in report.findings] == [
        "cat/large.png is 80×60 pixels; most are 8×6"
    ]
    for number in range(10):
        draw(folder / f"cat/wide-{number}.png", (9 + number, 6))
    assert kinds(import_dataset(folder)[1]) == []  # of many sizes none is odd
