"""What the four studies share: the workspace they train in, and how results are shown."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model_playground.api import Playground
from model_playground.core.errors import PlaygroundError, StoppedError
from model_playground.core.events import Event, RunFinished, RunStarted
from model_playground.core.records import Comparison, ExperimentRecord, RunRecord, RunSeries
from model_playground.core.specification import Specification
from model_playground.insights.comparison import COUNTED_STATES
from model_playground.insights.figures import curve_of, draw_loss_curves
from model_playground.insights.report import Cell, Figure, Listing, Table
from model_playground.insights.wording import Measure, finding, number

if TYPE_CHECKING:
    from model_playground.training.inference import Prediction

Show = Callable[[str], None]


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
class Bench:
    """A workspace, a folder for drawn data, and where to tell what happens."""

    playground: Playground
    data: Path
    quick: bool
    show: Show

    def draw(self, name: str) -> Path:
        """Say that a dataset is being drawn, and return the folder for it."""
        self.show(f"  drawing {name}")
        return self.data / name

    def train(self, label: str, specification: Specification) -> Trained:
        """Run an experiment, with a line for each run.

        Raises:
            StoppedError: the user stopped it.
            PlaygroundError: a run failed.
        """
        record = self.playground.run_experiment(specification, emit=_Lines(label, self.show))
        for run in record.runs:
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
        return Trained(label, record, tuple(self.playground.experiment_series(record.name)))

    def compare(self, trained: Sequence[Trained]) -> Comparison:
        """Compare experiments with the first of them."""
        return self.playground.compare_experiments([one.record.name for one in trained])

    def predict(self, one: Trained) -> list[Prediction]:
        """Return what the first run's best weights say of validation."""
        return self.playground.predict(one.record.name, seed=one.first_run.seed)

    def title_of(self, loss: str) -> str:
        """Return what a loss is called."""
        return self.playground.get_loss(loss).title

    def show_table(self, table: Table) -> None:
        """Print a table as the report has it."""
        self.show(_as_text(table))


class _Lines:
    """Tells of each run in a line, and of its first epoch, so that nobody waits in the dark."""

    def __init__(self, label: str, show: Show) -> None:
        self._label = label
        self._show = show
        self._runs = 0
        self._started = time.monotonic()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._runs += 1
            self._started = time.monotonic()
        elif isinstance(event, RunFinished):
            seconds = time.monotonic() - self._started
            epochs = f"{event.epochs_done} epochs in {seconds:.0f} s"
            best = f"{event.monitor} {number(event.best_value)} in epoch {event.best_epoch}"
            told = best if event.best_epoch is not None else event.message
            self._show(f"  {self._label}, run {self._runs}: {epochs}, best {told}")


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
