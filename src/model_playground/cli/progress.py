"""Progress on the terminal: bars where there is one, plain lines where there is not."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from model_playground.api import Advance
from model_playground.cli.display import figure
from model_playground.core.counting import counted
from model_playground.core.events import EpochFinished, Event, Notice, RunFinished, RunStarted
from model_playground.core.events import Progress as TrainingProgress

_PLAIN_INTERVAL_S = 10.0


@contextmanager
def stages() -> Iterator[Advance]:
    """Show the stages of a long piece of work with rate and time left: bars, or plain lines.

    A stage of which nobody knows how much there is to do has a total of 0. Told to terminate, the
    work ends as with Ctrl-C, so that it can clear away what it has not finished.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _shown() as advance:
            yield advance
    except KeyboardInterrupt:
        _tell(
            "Interrupted: nothing half-made is left. What was found out about images is kept, and "
            "the same command goes on from there."
        )
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _shown() -> Iterator[Advance]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_stages(_tell)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        known = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in known:
                known[stage] = progress.add_task(stage, total=None)
            progress.update(known[stage], completed=done, total=total or None)

        yield advance


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{figure(speed)}/s")


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _plain_stages(
    tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Advance:
    """Tell of a stage in lines, the first when it has lasted for some seconds."""
    started: dict[str, tuple[float, int]] = {}  # when, and how much was done by then
    last = clock()

    def advance(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = clock()
        began, done_before = started.setdefault(stage, (now, done))
        if now - last < _PLAIN_INTERVAL_S:
            return
        last = now
        of_total = f" of {total:,}" if total else ""
        parts = [f"{stage}: {done:,}{of_total}" if done or total else stage]
        if now > began and done > done_before:
            rate = (done - done_before) / (now - began)
            parts.append(f"{figure(rate)}/s")
            if total > done:
                parts.append(f"{duration((total - done) / rate)} left")
        tell(", ".join(parts))

    return advance


@contextmanager
def training() -> Iterator[Callable[[Event], None]]:
    """Show a training: a line for each epoch, and on a terminal a live line below them."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        yield lambda event: _print_event(event, typer.echo)
        return
    with Live(console=console, transient=True, refresh_per_second=4) as live:

        def show(event: Event) -> None:
            if isinstance(event, TrainingProgress):
                live.update(_progress_line(event))
            else:
                _print_event(event, live.console.print)

        yield show


def _progress_line(event: TrainingProgress) -> str:
    parts = [
        f"epoch {event.epoch}/{event.epochs}",
        f"{event.stage} {event.images:,}/{event.images_total:,} images",
        f"{event.images_per_second:.0f} images/s",
        f"{100 * event.waiting_share:.0f} % waiting for data",
    ]
    if event.running_loss is not None:
        parts.append(f"loss {figure(event.running_loss)}")
    if event.eta_s is not None:
        parts.append(f"{duration(event.eta_s)} left")
    return " · ".join(parts)


def _print_event(event: Event, show: Callable[[str], None]) -> None:
    if isinstance(event, RunStarted):
        show(
            f"Training {event.parameters:,} parameters on {event.device}: "
            f"{event.train_items:,} train and {event.validation_items:,} validation images"
        )
        if event.message:
            show(event.message)
    elif isinstance(event, EpochFinished):
        show(_epoch_line(event))
    elif isinstance(event, Notice):
        show(
            f"{event.level.capitalize()}: {event.message}"
            if event.level == "warning"
            else event.message
        )
    elif isinstance(event, RunFinished):
        show(_finish_line(event))


def _epoch_line(event: EpochFinished) -> str:
    values = {point.series: point.value for point in event.points}
    losses = ", ".join(
        f"{part.replace('_', ' ')} {figure(values[f'{part}/loss'])}"
        for part in ("train", "train_sample", "validation")
        if f"{part}/loss" in values
    )
    metrics = ", ".join(
        f"{series.removeprefix('validation/').replace('_', ' ')} {figure(value)}"
        for series, value in values.items()
        if series.startswith("validation/")
        and series.count("/") == 1
        and series != "validation/loss"
    )
    parts = [f"epoch {event.epoch:>3}", f"loss: {losses}", metrics, duration(event.duration_s)]
    if event.best:
        parts.append("best")
    elif event.patience_left is not None:
        parts.append(f"patience {event.patience_left}")
    return " · ".join(part for part in parts if part)


def _finish_line(event: RunFinished) -> str:
    said = {
        "finished": "Finished",
        "stopped_early": "Stopped early",
        "interrupted": "Interrupted; the best weights are kept",
        "failed": "Failed",
    }[event.outcome]
    if event.outcome == "interrupted" and event.best_epoch is None:
        return "Interrupted before the end of the first epoch: there are no weights to keep."
    best = ""
    if event.best_epoch is not None:
        best = f": best {event.monitor} {figure(event.best_value)} at epoch {event.best_epoch}"
    epochs = counted(event.epochs_done, "epoch", "epochs")
    return f"{said} after {epochs}{best}. {event.message}".strip()


def duration(seconds: float) -> str:
    """Show a duration in the largest unit that fits.

    >>> duration(4.2), duration(75), duration(7320)
    ('4.2 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
