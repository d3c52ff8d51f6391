"""Figures as SVG for a page: their colours follow the page's, in light and in dark.

A figure is drawn in placeholder colours, which then become the page's CSS variables (`PAINTS`).
Its text stays text: it can be read aloud, searched and copied.
"""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from model_playground.core.records import RunSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAINTS = {
    "ink": "#010101",
    "muted": "#020202",
    "line": "#030303",
    "blue": "#040404",
    "red": "#050505",
    "series-1": "#060606",
    "series-2": "#070707",
    "series-3": "#080808",
    "series-4": "#090909",
}
"""What a page has to give a colour to: the name of the CSS variable, and its placeholder."""

_SERIES = tuple(paint for name, paint in PAINTS.items() if name.startswith("series"))
_INK, _MUTED, _BLUE, _RED = (PAINTS[name] for name in ("ink", "muted", "blue", "red"))


def style(paints: Mapping[str, str]) -> dict[Any, Any]:
    """Return Matplotlib's settings for figures in these colours, named as `PAINTS`."""
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "figure",
        "font.size": 9.5,
        "text.color": paints["ink"],
        "axes.edgecolor": paints["muted"],
        "axes.facecolor": "none",
        "axes.labelcolor": paints["ink"],
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": paints["line"],
        "grid.linewidth": 0.6,
        "xtick.color": paints["muted"],
        "ytick.color": paints["muted"],
        "xtick.labelcolor": paints["ink"],
        "ytick.labelcolor": paints["ink"],
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.linewidth": 1.6,
        "figure.facecolor": "none",
        "figure.constrained_layout.use": True,
    }


_WIDTH, _HEIGHT = 4.4, 3.5  # inches of 72 points; a page scales the figure to its column
_OTHER_SEEDS = 0.3  # opacity of the runs after the first
_numbers = count(1)


class Curve(NamedTuple):
    """One series of a run: its epochs and values, without the epochs that have none."""

    epochs: list[int]
    values: list[float]


class Predicted(NamedTuple):
    """One item of a regression: what it is drawn over, what is true and what was predicted."""

    over: float
    truth: float
    prediction: float


class Limits(NamedTuple):
    """The axes' ends, so that figures can be compared."""

    x: tuple[float, float]
    y: tuple[float, float]


def curve_of(run: RunSeries, series: str) -> Curve:
    """Return one series of a run, epoch by epoch."""
    points = [
        (point.epoch, point.value)
        for point in run.points
        if point.series == series and point.value is not None
    ]
    return Curve([epoch for epoch, _ in points], [value for _, value in points])


def draw_loss_curves(
    runs: Sequence[RunSeries], *, title: str, uninformed: float | None = None
) -> str:
    """Draw an experiment's losses by epoch: running train, the sample of train, validation.

    Every run is drawn, the first one strongest; its best epoch is marked.

    Args:
        runs: one for each seed.
        title: stands above the figure.
        uninformed: what a guess that knows nothing would cost: a dashed line.
    """

    def draw(axes: Axes) -> None:
        for index, run in enumerate(runs):
            _draw_losses(axes, run, first=index == 0)
        if uninformed is not None:
            style = (0, (6, 3))
            axes.axhline(
                uninformed, color=_MUTED, linestyle=style, linewidth=1, label="uninformed guess"
            )
        axes.set(title=title, ylabel="loss")
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        _count_epochs(axes)

    return drawn(draw, description=f"{title}: losses by epoch")


def _draw_losses(axes: Axes, run: RunSeries, *, first: bool) -> None:
    alpha = 1.0 if first else _OTHER_SEEDS
    running, sample, validation = (
        curve_of(run, f"{part}/loss") for part in ("train", "train_sample", "validation")
    )
    for curve, colour, style, label in (
        (running, _MUTED, ":", "train, running"),
        (sample, _SERIES[1], "-", "train, fixed sample"),
        (validation, _SERIES[0], "-", "validation"),
    ):
        axes.plot(
            *curve, color=colour, linestyle=style, alpha=alpha, label=label if first else None
        )
    if first and validation.values:
        lowest = min(validation.values)
        best_epoch = validation.epochs[validation.values.index(lowest)]
        axes.plot(
            best_epoch,
            lowest,
            marker="o",
            color=_SERIES[0],
            linestyle="none",
            label=f"lowest: epoch {best_epoch}",
        )


def draw_series(runs: Mapping[str, Sequence[RunSeries]], series: str, *, title: str) -> str:
    """Draw one series of several experiments, each in its colour, the first run strongest.

    Args:
        runs: each experiment's name and its runs.
        series: such as validation/accuracy.
        title: stands above the figure.
    """

    def draw(axes: Axes) -> None:
        for (name, of_experiment), colour in zip(runs.items(), _SERIES, strict=False):
            for index, run in enumerate(of_experiment):
                first = index == 0
                axes.plot(
                    *curve_of(run, series),
                    color=colour,
                    alpha=1.0 if first else _OTHER_SEEDS,
                    label=name if first else None,
                )
        axes.set_title(title)
        _count_epochs(axes)

    return drawn(draw, description=f"{title}: {series} by epoch")


def limits_of(items: Sequence[Predicted]) -> Limits:
    """Return limits that hold all items, with a margin of a twentieth."""
    x = [item.over for item in items]
    y = [value for item in items for value in (item.truth, item.prediction)]
    return Limits(_widened(x), _widened(y))


def draw_regression(
    items: Sequence[Predicted], *, title: str, x_label: str, y_label: str, limits: Limits
) -> str:
    """Draw predictions and truth over a quantity: the regression line in blue, errors in red.

    The blue line is the straight line nearest to the predictions; each red arrow is one item's
    error, from its prediction to its true value.

    Args:
        items: what was predicted.
        title: stands above the figure; the loss belongs here.
        x_label: what the items are drawn over, with its unit.
        y_label: what is predicted, with its unit.
        limits: the axes' ends.
    """

    def draw(axes: Axes) -> None:
        over, truth, predicted = (list(values) for values in zip(*items, strict=True))
        _draw_errors(axes, over, predicted, truth)
        axes.plot(over, predicted, ".", color=_BLUE, markersize=4, label="prediction")
        axes.plot(over, truth, ".", color=_INK, markersize=4, label="true value")
        slope, intercept = statistics.linear_regression(over, predicted)
        ends = list(limits.x)
        axes.plot(ends, [intercept + slope * x for x in ends], color=_BLUE, label="regression line")
        axes.plot([], [], color=_RED, label="error")
        axes.set(title=title, xlabel=x_label, ylabel=y_label, xlim=limits.x, ylim=limits.y)

    return drawn(draw, description=f"{title}: predictions and true values over {x_label}")


def draw_predicted_against_true(
    items: Sequence[Predicted], *, title: str, label: str, limits: Limits
) -> str:
    """Draw predictions against truth: on the dashed line a prediction is right.

    Args:
        items: what was predicted.
        title: stands above the figure; the loss belongs here.
        label: what is predicted, with its unit.
        limits: the y limits are those of both axes.
    """

    def draw(axes: Axes) -> None:
        truth, predicted = [item.truth for item in items], [item.prediction for item in items]
        _draw_errors(axes, truth, predicted, truth)
        axes.plot(limits.y, limits.y, color=_MUTED, linestyle="--", linewidth=1, label="right")
        axes.plot(truth, predicted, ".", color=_BLUE, markersize=4, label="prediction")
        slope, intercept = statistics.linear_regression(truth, predicted)
        fitted = [intercept + slope * x for x in limits.y]
        axes.plot(limits.y, fitted, color=_BLUE, label="regression line")
        axes.plot([], [], color=_RED, label="error")
        axes.set(title=title, xlabel=f"true {label}", ylabel=f"predicted {label}")
        axes.set(xlim=limits.y, ylim=limits.y)

    return drawn(draw, description=f"{title}: predicted against true {label}")


def _draw_errors(
    axes: Axes, x: Sequence[float], start_y: Sequence[float], end_y: Sequence[float]
) -> None:
    lengths = [end - start for start, end in zip(start_y, end_y, strict=True)]
    axes.quiver(
        x,
        start_y,
        [0.0] * len(lengths),
        lengths,
        color=_RED,
        angles="xy",
        scale_units="xy",
        scale=1,
        width=0.004,
        headwidth=4,
        headlength=4,
        headaxislength=4,
        minlength=0,
    )


def draw_by_class(
    values: Mapping[str, Mapping[str, Sequence[float]]], *, title: str, x_label: str
) -> str:
    """Draw a figure between 0 and 1 for each class and experiment: a dot a seed, a line the mean.

    Args:
        values: each class, each experiment in it, and its figure for each seed.
        title: stands above the figure.
        x_label: the figure's name.
    """
    experiments = list(dict.fromkeys(name for of_class in values.values() for name in of_class))
    step = 1 / (len(experiments) + 1)

    def draw(axes: Axes) -> None:
        for row, of_class in enumerate(values.values()):
            for place, (name, colour) in enumerate(zip(experiments, _SERIES, strict=False)):
                seeds = of_class.get(name, ())
                y = row + (place - (len(experiments) - 1) / 2) * step
                label = name if row == 0 else None
                axes.plot(seeds, [y] * len(seeds), "o", color=colour, markersize=4.5, label=label)
                if seeds:
                    mean = statistics.fmean(seeds)
                    axes.vlines(mean, y - step / 2, y + step / 2, color=colour, linewidth=2)
        axes.set(title=title, xlabel=x_label, xlim=(-0.02, 1.02))
        axes.set_yticks(range(len(values)), list(values))
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()

    rows = len(values) * (len(experiments) + 1)
    return drawn(draw, description=f"{title}: {x_label} by class", height=1.2 + 0.17 * rows)


def _count_epochs(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _widened(values: Sequence[float]) -> tuple[float, float]:
    margin = (max(values) - min(values)) / 20 or 1.0
    return min(values) - margin, max(values) + margin


def drawn(draw: Callable[[Axes], None], *, description: str, height: float = _HEIGHT) -> str:
    """Return a figure as SVG for a page.

    Args:
        draw: draws it into axes, in the colours of `PAINTS`.
        description: what it shows, for those who hear it.
        height: in inches.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    text = io.StringIO()
    with rc_context(style(PAINTS)):
        figure = Figure(figsize=(_WIDTH, height))
        axes = figure.subplots()
        draw(axes)
        if axes.get_legend_handles_labels()[1]:
            figure.legend(loc="outside lower center", ncols=2, handlelength=1.6)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return _for_page(text.getvalue(), description)


def _for_page(svg: str, description: str) -> str:
    """Make a file's SVG part of a page: its colours, its font, and names that no other has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    number = next(_numbers)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>figure-{number}-", svg)
    for name, placeholder in PAINTS.items():
        svg = svg.replace(placeholder, f"var(--{name})")
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    label = escape(description, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
