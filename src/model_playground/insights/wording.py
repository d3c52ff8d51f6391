"""Figures and differences in words, the same on the terminal and in the report."""

from __future__ import annotations

from math import floor, log10
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
    return text.replace("-", "−")


def spread(mean: float | None, deviation: float | None) -> str:
    """Return a mean and the standard deviation over seeds, in digits that mean something.

    >>> spread(0.83142, 0.0214), spread(34.56, 2.4), spread(0.83142, None)
    ('0.831 ± 0.021', '34.6 ± 2.4', '0.831')
    """
    if mean is None or deviation is None:
        return number(mean)
    decimals = _decimals(deviation)
    return f"{_fixed(mean, decimals)} ± {_fixed(deviation, decimals)}"


def difference(figure: ComparedSeries, index: int, unit: str = "") -> str:
    """Return how an experiment's figure differs from the first one's, with the interval.

    >>> figure = ComparedSeries(
    ...     series="validation/accuracy", means=(0.8, 0.9), spreads=(0.01, 0.01),
    ...     differences=(None, 0.1), intervals=(None, (0.07, 0.13)), verdicts=("", "higher"))
    >>> difference(figure, 1)
    '+0.100 (0.070 to 0.130)'
    >>> difference(figure, 1, "kg")
    '+0.100 (0.070 to 0.130) kg'
    """
    of_unit = f" {unit}" if unit else ""
    amount, interval = figure.differences[index], figure.intervals[index]
    verdict = figure.verdicts[index]
    if amount is None:
        return verdict
    if interval is None:
        return f"{'+' if amount > 0 else ''}{number(amount)}{of_unit}, {verdict}"
    shown = _fixed(amount, _decimals(interval[1] - interval[0]))
    sign = "+" if amount > 0 else ""
    remark = f", {verdict}" if verdict == WITHIN_NOISE else ""
    return f"{sign}{shown} ({interval_text(interval)}){of_unit}{remark}"


def interval_text(interval: tuple[float, float]) -> str:
    """Return an interval's ends with two significant digits of its width.

    >>> interval_text((-0.02961, 0.03962))
    '−0.030 to 0.040'
    """
    decimals = _decimals(interval[1] - interval[0])
    return f"{_fixed(interval[0], decimals)} to {_fixed(interval[1], decimals)}"


def _decimals(deviation: float) -> int | None:
    """Return how many decimals show two significant digits; None if there is no deviation."""
    return max(0, 1 - floor(log10(deviation))) if deviation > 0 else None


def _fixed(value: float, decimals: int | None) -> str:
    if decimals is None:
        return number(value)
    rounded = round(value, decimals) + 0.0  # no minus before a zero
    return f"{rounded:,.{decimals}f}".replace("-", "−")


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
    amount, interval = figure.differences[index], figure.intervals[index]
    if first is None or other is None or amount is None:
        reason = figure.verdicts[index] or "it was not measured in every run"
        return f"{label} cannot be compared between {names[0]} and {names[index]}: {reason}."
    values = [(measure.shown(other), names[index]), (measure.shown(first), names[0])]
    if (amount > 0) != measure.higher_is_better:
        values.reverse()
    (better, winner), (worse, loser) = values
    if interval is None:
        return (
            f"{label}: {better} with {winner}, {worse} with {loser}; one seed each cannot tell "
            "that from chance."
        )
    interval = interval if amount > 0 else (-interval[1], -interval[0])
    ends = f"{interval_text(interval)} {measure.unit}".strip()
    if figure.verdicts[index] == WITHIN_NOISE:
        return (
            f"{label}: {better} with {winner}, {worse} with {loser}: within noise (95 % interval "
            f"of the difference {ends})."
        )
    return (
        f"{label} is better with {winner}: {better}, against {worse} with {loser} (95 % interval "
        f"of the difference {ends})."
    )
