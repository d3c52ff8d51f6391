"""Figures and differences in words, the same on the terminal and in the report."""

from __future__ import annotations

from typing import NamedTuple

from model_playground.core.records import ComparedSeries
from model_playground.insights.comparison import WITHIN_NOISE


class Measure(NamedTuple):
    """A series as people read it: its name, its unit, and which way is better."""

    series: str  # as stored, such as validation/mean_iou
    label: str  # as read, such as "mean IoU on validation"
    higher_is_better: bool
    unit: str = ""

    def shown(self, value: float | None) -> str:
        """Return a value with its unit."""
        return f"{number(value)} {self.unit}".strip()


def number(value: float | None) -> str:
    """Return a number with three significant digits, or all digits before the point.

    >>> number(0.83145), number(34.56), number(1234.5), number(-0.02), number(0.0), number(None)
    ('0.831', '34.6', '1,234', '−0.02', '0', '—')
    """
    if value is None:
        return "—"
    text = f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    if "e" in text:
        return "0" if value == 0 else text.replace("-", "−")
    return text.replace("-", "−")


def spread(mean: float | None, deviation: float | None) -> str:
    """Return a mean and the standard deviation over seeds.

    >>> spread(0.8314, 0.0214), spread(0.8314, None)
    ('0.831 ± 0.0214', '0.831')
    """
    return number(mean) if deviation is None else f"{number(mean)} ± {number(deviation)}"


def difference(figure: ComparedSeries, index: int) -> str:
    """Return how an experiment's figure differs from the first one's, with the interval.

    >>> figure = ComparedSeries(
    ...     series="validation/accuracy", means=(0.8, 0.9), spreads=(0.01, 0.01),
    ...     differences=(None, 0.1), intervals=(None, (0.07, 0.13)), verdicts=("", "higher"))
    >>> difference(figure, 1)
    '+0.1 (0.07 to 0.13)'
    """
    amount, interval, verdict = (
        figure.differences[index],
        figure.intervals[index],
        figure.verdicts[index],
    )
    if amount is None:
        return verdict
    signed = f"+{number(amount)}" if amount > 0 else number(amount)
    if interval is None:
        return f"{signed}, {verdict}"
    ends = f"{number(interval[0])} to {number(interval[1])}"
    return f"{signed} ({ends})" + (f", {verdict}" if verdict == WITHIN_NOISE else "")


def finding(measure: Measure, figure: ComparedSeries, names: tuple[str, ...], index: int) -> str:
    """Say in a sentence how an experiment compares with the first, whichever is better.

    Args:
        measure: how the series is read.
        figure: the series in all experiments.
        names: what the experiments are called.
        index: the experiment that is compared with the first.
    """
    first, other = figure.means[0], figure.means[index]
    label = measure.label[0].upper() + measure.label[1:]
    amount = figure.differences[index]
    if first is None or other is None or amount is None:
        reason = figure.verdicts[index] or "it was not measured in every run"
        return f"{label} cannot be compared between {names[0]} and {names[index]}: {reason}."
    shown = f"{measure.shown(other)} with {names[index]}, {measure.shown(first)} with {names[0]}"
    interval = figure.intervals[index]
    if interval is None:
        return f"{label}: {shown}. With one seed nobody can say whether that is more than chance."
    ends = f"95 % interval of the difference {number(interval[0])} to {number(interval[1])}"
    if figure.verdicts[index] == WITHIN_NOISE:
        return f"{label}: {shown}. The difference is within noise ({ends})."
    better = names[index] if (amount > 0) == measure.higher_is_better else names[0]
    return f"{label} is better with {better}: {shown} ({ends})."
