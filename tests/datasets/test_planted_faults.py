"""Every kind of fault is found where it was planted, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import planted_faults
import planted_in_sources
import pytest
from planted_faults import Planted, coco, folders
from test_near_duplicates import scene

from model_playground.core.records import CheckReport
from model_playground.datasets.checks import check_revision
from model_playground.datasets.finding_kinds import KINDS, SEVERITIES, kind_of
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.formats.yolo import Yolo
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.near_duplicates import NearDuplicateFinder
from model_playground.datasets.record_checks import near_duplicate_findings
from model_playground.datasets.records import Revision
from model_playground.datasets.splits.lists import listed_parts

PLANTED = [*planted_faults.planted.faults, *planted_in_sources.planted.faults]


def read(
    folder: Path, task: str | None = None, file: str = "", targets: tuple[str, ...] = ()
) -> tuple[Revision, CheckReport]:
    path = folder / file
    if not file and (folder / "table.csv").exists():
        path = folder / "table.csv"
        columns = path.read_text(errors="replace").splitlines()[0].split(",")[1:]
        task = task or ("tagging" if "sky" in columns else "regression")
        targets = targets or tuple(one for one in columns if not one.startswith("volume"))
    options = ReadOptions(drop_faulty=True, target_columns=targets)
    return import_dataset(path, task=task, options=options)


CLEAN = {fault.clean: fault for fault in reversed(PLANTED)}


@pytest.mark.parametrize("fault", CLEAN.values(), ids=lambda fault: fault.clean.__name__)
def test_a_clean_dataset_gives_no_alarm(fault: Planted, tmp_path: Path) -> None:
    fault.clean(tmp_path / "data")
    revision, imported = read(tmp_path / "data", task=None if fault.targets else fault.task)
    assert imported.findings == ()
    assert check_revision(revision, dataset="clean", advance=None).findings == ()


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.plant.__name__)
def test_a_planted_fault_is_found_where_it_is(fault: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    fault.clean(folder)
    if fault.later:
        revision, imported = read(folder)
        places = fault.plant(folder)
        reports = []
    else:
        places = fault.plant(folder)
        revision, imported = read(folder, fault.task, fault.file, fault.targets)
        reports = [imported]
    reports.append(check_revision(revision, dataset="data", advance=None, imported=imported))
    for report in reports:
        assert [one for one in report.findings if not one.file and not kind_of(one).of_all] == []
        found = [one for one in report.findings if one.kind == fault.kind]
        assert {(one.file, one.line) for one in found} == places
        assert len(found) == len(places)
        gravest = SEVERITIES.index(KINDS[fault.kind].severity)
        assert all(SEVERITIES.index(one.severity) >= gravest for one in found)
        assert all(one.message for one in found)
        others = {one.kind for one in report.findings} - {fault.kind} - fault.brings
        assert others == set()


def test_nearly_the_same_pictures_are_found(tmp_path: Path) -> None:
    folders(tmp_path / "data")
    scene(1).save(tmp_path / "data/cat/large.png")
    scene(1).resize((80, 80)).save(tmp_path / "data/cat/small.png")
    revision, _ = read(tmp_path / "data")
    contents = {
        one["content_hash"]: revision.root / one["path"] for one in revision.items.to_pylist()
    }
    near = NearDuplicateFinder(tmp_path / "fingerprints").find(contents)
    (found,) = near_duplicate_findings(revision, near.groups)
    assert (found.kind, found.file) == ("near_duplicates", "cat/large.png")
    assert "cat/small.png" in found.message


def test_what_a_format_cannot_hold_is_found(tmp_path: Path) -> None:
    folders(tmp_path / "data")
    revision, _ = read(tmp_path / "data")
    found = [one for one in Yolo().losses(revision) if one.kind == "not_in_format"]
    assert [one.message for one in found] == [
        "YOLO has no place for annotations of the kind class: 24 left out"
    ]


def test_images_in_no_part_are_found_where_each_needs_one(tmp_path: Path) -> None:
    coco(tmp_path / "data")
    revision, _ = read(tmp_path / "data")
    (found,) = Yolo().losses(revision)
    assert (found.kind, found.message[:22]) == ("no_part", "24 images are in no pa")


def test_names_of_no_item_are_found(tmp_path: Path) -> None:
    coco(tmp_path / "data")
    revision, _ = read(tmp_path / "data")
    (tmp_path / "parts.csv").write_text("images/3.png,train\nimages/4.png,test\nnowhere.png,test\n")
    listed, (found,) = listed_parts(tmp_path / "parts.csv", revision.items)
    assert len(listed) == 2
    assert (found.kind, "nowhere.png" in found.message) == ("unknown_item", True)


def test_parts_that_are_numbers_are_found(tmp_path: Path) -> None:
    coco(tmp_path / "data")
    revision, _ = read(tmp_path / "data")
    (tmp_path / "parts.txt").write_text("images/3.png 0\nimages/4.png 2\n")
    listed, (found,) = listed_parts(tmp_path / "parts.txt", revision.items)
    assert list(listed.values()) == ["train", "test"]
    assert (found.kind, found.message) == (
        "part_numbers",
        "parts.txt: 0 is read as train, 2 is read as test",
    )


ELSEWHERE = {
    "near_duplicates": test_nearly_the_same_pictures_are_found,
    "not_in_format": test_what_a_format_cannot_hold_is_found,
    "no_part": test_images_in_no_part_are_found_where_each_needs_one,
    "unknown_item": test_names_of_no_item_are_found,
    "part_numbers": test_parts_that_are_numbers_are_found,
}
"""What neither an import nor a check of one dataset finds, and the tests that plant it."""


def test_every_kind_is_planted() -> None:
    assert {fault.kind for fault in PLANTED} | ELSEWHERE.keys() == KINDS.keys()
