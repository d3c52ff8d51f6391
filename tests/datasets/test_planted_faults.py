"""Every kind of fault is found where it was planted, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_faults import PLANTED, Planted, coco, folders, masks, table

from model_playground.core.records import CheckReport
from model_playground.datasets.checks import check_revision
from model_playground.datasets.finding_kinds import KINDS
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision


def read(folder: Path) -> tuple[Revision, CheckReport]:
    path, task = folder, None
    options = ReadOptions(drop_faulty=True)
    if (folder / "table.csv").exists():
        path = folder / "table.csv"
        first = path.read_text().splitlines()[0]
        task = "tagging" if "sky" in first else "regression"
        targets = tuple(one for one in first.split(",")[1:] if not one.startswith("volume"))
        options = ReadOptions(drop_faulty=True, target_columns=targets)
    return import_dataset(path, task=task, options=options)


@pytest.mark.parametrize("clean", [folders, coco, table, masks])
def test_a_clean_dataset_gives_no_alarm(clean: object, tmp_path: Path) -> None:
    assert callable(clean)
    clean(tmp_path / "data")
    revision, imported = read(tmp_path / "data")
    assert imported.findings == ()
    assert check_revision(revision, dataset="clean", advance=None).findings == ()


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.kind)
def test_a_planted_fault_is_found_where_it_is(fault: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    fault.clean(folder)
    if fault.later:
        revision, imported = read(folder)
        places = fault.plant(folder)
        reports = []
    else:
        places = fault.plant(folder)
        revision, imported = read(folder)
        reports = [imported]
    reports.append(check_revision(revision, dataset="data", advance=None, imported=imported))
    for report in reports:
        found = [one for one in report.findings if one.kind == fault.kind]
        assert {(one.file, one.line) for one in found} == places
        assert len(found) == len(places)
        assert {one.severity for one in found} == {KINDS[fault.kind].severity}
        assert all(one.message for one in found)
        others = {one.kind for one in report.findings} - {fault.kind} - fault.brings
        assert others == set()


def test_every_kind_that_checks_find_is_planted() -> None:
    """What a reader alone can see is for its own tests; so are colours and near-duplicates."""
    own = {fault.kind for fault in PLANTED} | {
        "unknown_colour",
        "blended_colours",
        "near_duplicates",
    }
    assert [kind.name for kind in KINDS.values() if not kind.read and kind.name not in own] == []
