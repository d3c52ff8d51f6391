"""Pictures of losses as files: value and slope as a prediction moves."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model_playground.core.errors import InvalidError
from model_playground.core.whole_files import whole_file
from model_playground.insights.figures import style
from model_playground.insights.loss_behaviour import Curve, Movement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIGHT = {
    "page": "#ffffff",
    "ink": "#1b2733",
    "muted": "#586676",
    "line": "#dce2e8",
    "series-1": "#1f5fd0",
    "series-2": "#c9650a",
    "series-3": "#12806a",
    "series-4": "#8a4fc7",
}
DARK = {
    "page": "#14181d",
    "ink": "#e6ebf0",
    "muted": "#9aa8b6",
    "line": "#313b46",
    "series-1": "#6ea8ff",
    "series-2": "#ffa657",
    "series-3": "#4fd1ae",
    "series-4": "#c99bff",
}
"""The colours of the report and the page, in light and in dark."""

SUFFIXES = (".png", ".svg")
MOST_CURVES = 4
_DASHES = ("-", (0, (7, 2)), (0, (4, 1.5, 1, 1.5)), (0, (1.5, 1.2)))  # told apart without colours
_WIDTH, _HEIGHT = 4.6, 5.2  # inches, of a movement
_LETTERS_AN_INCH = 8  # of a title


def draw_losses(
    title: str,
    movements: Sequence[Movement],
    curves: Mapping[str, Sequence[Curve]],
    path: Path,
    *,
    dark: bool = False,
) -> None:
    """Draw losses and their slopes along movements, and write the picture.

    Args:
        title: stands above the picture.
        movements: what moves, a column each.
        curves: by name, one for each movement; at most four names.
        path: where to write it; the suffix says whether as PNG or SVG.
        dark: in the colours for dark pages.

    Raises:
        InvalidError: the suffix is neither .png nor .svg, there are too many curves, or the file
            cannot be written.
    """
    _check(path, curves)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    paints = DARK if dark else LIGHT
    columns = len(movements)
    shows_zero = _is_near_zero([curve.values for drawn in curves.values() for curve in drawn])
    with rc_context({**style(paints), "figure.facecolor": paints["page"], "font.size": 10}):
        width = _WIDTH * max(columns, 1.25)
        figure = Figure(figsize=(width, _HEIGHT))
        lines = textwrap.fill(title, round(width * _LETTERS_AN_INCH))
        figure.suptitle(lines, x=0.01, ha="left", fontsize=12, fontweight="bold")
        grid = figure.subplots(2, columns, sharex="col", sharey="row", squeeze=False)
        for column, movement in enumerate(movements):
            value, slope = grid[0][column], grid[1][column]
            for name, paint, dashes in zip(curves, _series(paints), _DASHES, strict=False):
                curve = curves[name][column]
                label = name if column == 0 else None
                look = {"color": paint, "linestyle": dashes}
                value.plot(movement.shown, curve.values, label=label, **look)
                slope.plot(movement.shown, curve.slopes, **look)
            _finish(value, slope, movement, paints)
            for axes in (slope, value) if shows_zero else (slope,):
                axes.axhline(0, color=paints["muted"], linewidth=0.8)
            value.set_title(f"If {movement.title}" if columns > 1 else "")
        grid[0][0].set_ylabel("loss")
        slopes = dict.fromkeys(movement.slope_of for movement in movements)
        grid[1][0].set_ylabel(f"slope by {next(iter(slopes))}" if len(slopes) == 1 else "slope")
        if len(curves) > 1:
            figure.legend(loc="outside lower center", ncols=2 * columns, handlelength=2.6)
        kind = path.suffix.lower().removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else {}
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, format=kind, dpi=160, metadata=metadata)


def _series(paints: Mapping[str, str]) -> list[str]:
    return [paint for name, paint in paints.items() if name.startswith("series")]


def _is_near_zero(values: Sequence[Sequence[float]]) -> bool:
    """Say whether 0 can be on the axis without pressing the curves into a strip.

    >>> _is_near_zero([[0.1, 0.9]]), _is_near_zero([[-12.0, -11.0]])
    (True, False)
    """
    low, high = min(map(min, values)), max(map(max, values))
    return max(low, -high) <= high - low


def _finish(value: Axes, slope: Axes, movement: Movement, paints: Mapping[str, str]) -> None:
    for axes in (value, slope):
        if movement.exact is not None:
            axes.axvline(movement.exact, color=paints["muted"], linewidth=0.8, linestyle=":")
        if movement.logarithmic:
            axes.set_xscale("log", base=2)
            ticks = [0.25, 0.5, 1, 2, 4]
            axes.set_xticks(ticks, ["¼", "½", "1", "2", "4"])
    if movement.exact is not None:
        value.annotate(
            "exact",
            (movement.exact, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            color=paints["muted"],
            fontsize=8.5,
            ha="center",  # above the axes, where no curve goes
            va="bottom",
        )
    slope.set_xlabel(movement.label)


def _check(path: Path, curves: Mapping[str, Sequence[Curve]]) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidError(
            "picture.suffix",
            "the picture {path} is refused: its name ends with {suffixes}",
            path=str(path),
            suffixes=" or ".join(SUFFIXES),
        )
    if len(curves) > MOST_CURVES:
        raise InvalidError(
            "picture.curves",
            "{count} curves are too many for one picture: {most} can be told apart",
            count=len(curves),
            most=MOST_CURVES,
        )
