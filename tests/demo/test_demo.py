"""The demo in its reduced form: the whole way, and a report that stands alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model_playground.api import Playground
from model_playground.core.errors import InvalidError
from model_playground.demo import run_demo
from model_playground.demo.run import STUDIES, WORKSPACE


@pytest.mark.slow
def test_the_reduced_demo_trains_compares_and_reports(tmp_path: Path) -> None:
    lines: list[str] = []
    report = run_demo(tmp_path / "demo", quick=True, show=lines.append)
    page = report.read_text(encoding="utf-8")
    said = "\n".join(lines)
    for number, study in enumerate(STUDIES, start=1):
        assert f"[{number}/{len(STUDIES)}] {study.title}" in said
    assert page.count("<svg") + page.count("data:image") > len(STUDIES)
    assert not re.search(r"""(src|href)=["']https?:""", page)  # nothing is fetched
    experiments = Playground(tmp_path / "demo" / WORKSPACE).list_experiments()
    assert {one.state for one in experiments} <= {"finished", "stopped_early"}
    assert {"mse", "smooth_l1", "cross_entropy", "cross_entropy_iou_2d"} <= {
        loss.split("(")[0] for one in experiments for loss in one.losses.values()
    }
    assert sum(one.test_openings for one in experiments) == 0  # the test parts stay sealed


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidError, match="holds something else"):
        run_demo(tmp_path, quick=True, show=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
