"""What the four studies share: the workspace they train in, and how results are shown."""

from __future__ import annotations

import io
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from model_playground.api import Playground
from model_playground.core.errors import PlaygroundError, StoppedError
from model_playground.core.records import Comparison, ExperimentRecord, RunRecord, RunSeries
from model_playground.core.specification import Specification
from model_playground.insights.comparison import COUNTED_STATES
from model_playground.insights.figures import curve_of, draw_loss_curves
from model_playground.insights.report import Cell, Figure, Listing, Section, Table
from model_playground.insights.wording import Measure, finding, number

if TYPE_CHECKING:
    from model_playground.training.inference import Prediction

Show = Callable[[str], None]
POLL_S = 0.5


@dataclass(frozen=True)
class Trained:
    """An experiment that was run: what it is called in tables, its record and its series."""

    label: str
    record: ExperimentRecord
    series: tuple[RunSeries, ...]

    @property
    def first_run(self) -> RunRecord:
        """The run whose predictions are shown."""
        return self.record.runs[0]

    def figures(self, series: str) -> list[float]:
        """Return a figure at the best epoch of every run, without those that have none."""
        values = (run.figures.get(series) for run in self.record.runs)
        return [value for value in values if value is not None]


@dataclass(frozen=True)
class Planned:
    """An experiment that is to be run, and what it is called in tables."""

    label: str
    specification: Specification


@dataclass(frozen=True)
class Bench:
    """A workspace, a folder for drawn data, and where to tell what happens."""

    playground: Playground
    data: Path
    quick: bool
    show: Show

    def predict(self, one: Trained) -> list[Prediction]:
        """Return what the first run's best weights say of validation."""
        return self.playground.predict(one.record.name, seed=one.first_run.seed)

    def compare(self, trained: Sequence[Trained]) -> Comparison:
        """Compare experiments with the first of them."""
        return self.playground.compare_experiments([one.record.name for one in trained])

    def title_of(self, loss: str) -> str:
        """Return what a loss is called."""
        return self.playground.get_loss(loss).title

    def show_table(self, table: Table) -> None:
        """Print a table as the report has it."""
        self.show(_as_text(table))


class Study(ABC):
    """One question: what is drawn and trained to answer it, and what is then reported."""

    title: ClassVar[str]

    @abstractmethod
    def prepare(self, bench: Bench) -> Sequence[Planned]:
        """Draw and import the data, split them, and say what is to be trained."""

    @abstractmethod
    def section(self, bench: Bench, trained: Sequence[Trained]) -> Section:
        """Print the comparison and return the report's section."""


def wait_for(bench: Bench, planned: Sequence[Planned], check: Callable[[], None]) -> list[Trained]:
    """Wait until experiments have been run, with a line for each run that ends.

    Args:
        bench: where they are run.
        planned: the experiments, which are queued or running.
        check: called meanwhile; it raises if nobody works on them any more.

    Raises:
        StoppedError: one was stopped.
        PlaygroundError: a run failed.
    """
    told: set[str] = set()
    while True:
        records = [bench.playground.get_experiment(one.specification.name) for one in planned]
        for one, record in zip(planned, records, strict=True):
            for run in record.runs:
                if run.state not in ("queued", "running") and run.id not in told:
                    told.add(run.id)
                    _check_ended(record, run)
                    bench.show(f"  {one.label}, seed {run.seed}: {_line(run)}")
        if len(told) == sum(len(record.runs) for record in records):
            return [
                Trained(one.label, record, tuple(bench.playground.experiment_series(record.name)))
                for one, record in zip(planned, records, strict=True)
            ]
        check()
        time.sleep(POLL_S)


def _check_ended(record: ExperimentRecord, run: RunRecord) -> None:
    if run.state == "interrupted":
        raise StoppedError("demo.stopped", "the demo was stopped before its end")
    if run.state not in COUNTED_STATES:
        raise PlaygroundError(
            "demo.run_failed",
            "the run with seed {seed} of {name} ended as {state}: {why}",
            seed=run.seed,
            name=record.name,
            state=run.state,
            why=run.message,
        )


def _line(run: RunRecord) -> str:
    assert run.started is not None
    assert run.finished is not None
    seconds = (run.finished - run.started).total_seconds()
    best = run.figures.get(run.monitor)
    return (
        f"{run.epochs_done} epochs in {seconds:.0f} s, best {run.monitor} {number(best)} in epoch "
        f"{run.best_epoch}"
    )


def findings(
    comparison: Comparison, trained: Sequence[Trained], measures: Sequence[Measure]
) -> tuple[str, ...]:
    """Say for each measure and each later experiment how it compares with the first."""
    figures = {figure.series: figure for figure in comparison.figures}
    labels = tuple(one.label for one in trained)
    return tuple(
        finding(measure, figures[measure.series], labels, index)
        for measure in measures
        if measure.series in figures
        for index in range(1, len(trained))
    )


def by_class(trained: Sequence[Trained], figure: str) -> dict[str, dict[str, list[float]]]:
    """Return a figure of each class on validation, for each experiment and run.

    Args:
        trained: the experiments.
        figure: such as recall or iou.
    """
    prefix = f"validation/{figure}/"
    names = dict.fromkeys(
        series.removeprefix(prefix)
        for one in trained
        for series in one.first_run.figures
        if series.startswith(prefix)
    )
    return {name: {one.label: one.figures(prefix + name) for one in trained} for name in names}


def loss_curves(one: Trained) -> Figure:
    """Draw an experiment's loss curves, with its verdicts below."""
    uninformed = [value for run in one.series for value in curve_of(run, "uninformed/loss").values]
    svg = draw_loss_curves(
        one.series, title=one.label, uninformed=uninformed[0] if uninformed else None
    )
    return Figure(svg, one.series[0].notices[-1] if one.series[0].notices else "")


def specification_listing(one: Trained) -> Listing:
    """Show everything that is needed to run an experiment again."""
    text = Specification.model_validate(one.record.specification).to_yaml()
    return Listing(f"The specification of {one.label}", text)


def _as_text(table: Table) -> str:
    from rich.console import Console
    from rich.table import Table as TextTable

    shown = TextTable(title=table.caption, title_justify="left", title_style="bold", box=None)
    for heading in table.headings:
        shown.add_column(heading)
    for name, *cells in table.rows:
        notes = [
            f"{cell.text}\n[dim]{cell.note}[/dim]" if cell.note else cell.text for cell in cells
        ]
        shown.add_row(name.text, *notes)
    text = io.StringIO()
    on_terminal = sys.stdout.isatty()
    console = Console(file=text, force_terminal=on_terminal, width=None if on_terminal else 120)
    console.print(shown)
    return "\n" + "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())


def _cell_as_text(cell: Cell) -> str:
    return f"{cell.text}\n[dim]{cell.note}[/dim]" if cell.note else cell.text
