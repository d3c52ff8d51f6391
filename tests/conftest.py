"""What all tests share."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ALL_TESTS = os.environ.get("PLAYGROUND_ALL_TESTS") == "1"
"""Whether nothing may be left out, slow tests included: what the checks of a change ask for."""

MAY_BE_MISSING = ("no CUDA device", "PLAYGROUND_REAL_DATA is not set")
"""How the reasons begin for which a test may be skipped even then: no test can mend them."""


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; tests that need it are skipped where it is not named."""
    folder = os.environ.get("PLAYGROUND_REAL_DATA")
    if not folder:
        pytest.skip("PLAYGROUND_REAL_DATA is not set: it names a folder of real datasets")
    return Path(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the slow tests, unless all are wanted."""
    if ALL_TESTS:
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: PLAYGROUND_ALL_TESTS=1 runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judged((yield))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and why."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section("left out")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4d}  {reason}")


def _judged(report: Report) -> Report:
    """Turn a skipped test into a failed one where nothing may be left out."""
    expected = hasattr(report, "wasxfail") or _reason(report).startswith(MAY_BE_MISSING)
    if ALL_TESTS and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped, where no test may be left out: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    skipped = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return skipped.removeprefix("Skipped: ")
