"""What stands beside a revision's records: what its import found, and the figures of what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model_playground.core.dataset_records import DatasetStatistics
from model_playground.core.records import CheckReport
from model_playground.core.whole_files import whole_file

if TYPE_CHECKING:
    from model_playground.datasets.records import Revision

_REPORT = "report.json"
_STATISTICS = "statistics.json"


def keep_report(folder: Path, revision: Revision, report: CheckReport) -> None:
    """Keep what an import found beside the records, and the figures of what it read."""
    _write(folder / _REPORT, report.model_dump_json())
    keep_statistics(folder, revision)


def keep_statistics(folder: Path, revision: Revision) -> DatasetStatistics:
    """Count what a revision holds, keep the figures and return them."""
    from model_playground.datasets.statistics import statistics_of  # what reads needs no tables

    statistics = statistics_of(revision)
    _write(folder / _STATISTICS, statistics.model_dump_json())
    return statistics


def kept_report(folder: Path) -> CheckReport | None:
    """Return what the import found; None if an older version made it."""
    try:
        return CheckReport.model_validate_json((folder / _REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def kept_statistics(folder: Path) -> DatasetStatistics | None:
    """Return the figures; None if they were never counted, or are of an older version."""
    try:
        text = (folder / _STATISTICS).read_text(encoding="utf-8")
        return DatasetStatistics.model_validate_json(text)
    except (OSError, ValueError):
        return None


def _write(file: Path, text: str) -> None:
    with whole_file(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
