"""The whole demo: draw, import, split, train, compare, and one report about it all."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from model_playground import __version__
from model_playground.api import Playground
from model_playground.core.errors import InvalidError
from model_playground.demo.aerial_views import AerialViews
from model_playground.demo.house_price import HousePrice
from model_playground.demo.overfitting import Overfitting
from model_playground.demo.study import Bench, Show, Study, wait_for
from model_playground.demo.tiles import Tiles
from model_playground.demo.workers import MOST_WORKERS, cores, working
from model_playground.insights.report import Report, write_report

STUDIES = (HousePrice, AerialViews, Tiles, Overfitting)
WORKSPACE, DATA, REPORT = "workspace", "data", "report.html"
_MARK = ".made-by-playground-demo"

_INTRODUCTION = (
    "Which loss should a model be trained with? Four small experiments, each with data that the "
    "program drew itself and models that started from random weights. The same network, images, "
    "order and seeds were used for each loss; only the loss differs.",
    "Everything below is what was measured in this run, whichever loss it favours. Figures are "
    "means over runs that differ in their seed alone, with the standard deviation after ±. A "
    "difference comes with its 95 % interval (Welch); where that contains 0, it is within noise. "
    "The values of two different losses are never compared with each other: they are different "
    "quantities. Nothing here has looked at the sealed test parts.",
    "Drawn data are simple. What holds here need not hold for your images: measure there.",
)


def run_demo(out: Path, *, quick: bool = False, show: Show) -> Path:
    """Run the demo and return its report.

    Args:
        out: a folder for the report, the drawn data and the workspace; an earlier demo in it is
            replaced.
        quick: a reduced form, with one run of few epochs each.
        show: told each line of progress and each table.

    Raises:
        InvalidError: the folder holds something else.
        StoppedError: the user stopped it.
    """
    started = time.monotonic()
    _prepare(out)
    bench = Bench(Playground(out / WORKSPACE, notify=_once(show)), out / DATA, quick, show)
    bench.playground.list_datasets()  # makes the workspace, so that the workers find one
    workers = 1 if quick else min(MOST_WORKERS, cores())
    show(f"Drawing data; workers ({workers}) import PyTorch meanwhile…")
    with working(out / WORKSPACE, workers) as team:
        studies: list[Study] = [study() for study in STUDIES]
        planned = []
        for study in studies:
            planned.append(study.prepare(bench))
            for one in planned[-1]:
                bench.playground.create_experiment(one.specification)
        sections = []
        for number, (study, experiments) in enumerate(zip(studies, planned, strict=True), start=1):
            show(f"\n[{number}/{len(studies)}] {study.title}")
            sections.append(study.section(bench, wait_for(bench, experiments, team.check)))
    report = out / REPORT
    seconds = time.monotonic() - started
    write_report(
        Report("What a loss does", _INTRODUCTION, tuple(sections), _footer(seconds, quick)), report
    )
    show(f"\nDone in {seconds:.0f} s. The report with figures and samples: {report}")
    show(f"All of it can be looked at again: playground serve --workspace {out / WORKSPACE}")
    return report


def _once(show: Show) -> Show:
    """Leave out what has been said before: the imports are waited for once."""
    said: set[str] = set()

    def tell(message: str) -> None:
        if message not in said:
            said.add(message)
            show(message)

    return tell


def _prepare(out: Path) -> None:
    """Make the folder, without what an earlier demo left in it."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).exists())):
        raise InvalidError(
            "demo.folder_used",
            "{out} holds something else: name a new or an empty folder with --out",
            out=str(out),
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
    for name in (WORKSPACE, DATA):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / REPORT).unlink(missing_ok=True)


def _footer(seconds: float, quick: bool) -> str:
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reduced = " in the reduced form" if quick else ""
    return (
        f"Made by Model Playground {__version__} on {made}{reduced}, in {seconds:.0f} seconds on "
        f"{cores()} processor cores."
    )
