"""Sentences about differences: they follow the figures, whichever experiment is better."""

from __future__ import annotations

import pytest

from model_playground.core.records import ComparedSeries
from model_playground.insights.wording import Measure, finding, spread

ACCURACY = Measure("validation/accuracy", "accuracy", higher_is_better=True)
ERROR = Measure("validation/mean_absolute_error", "error", higher_is_better=False, unit="g")
NAMES = ("cross-entropy", "focal")


def compared(
    first: float | None,
    other: float | None,
    interval: tuple[float, float] | None,
    verdict: str,
) -> ComparedSeries:
    difference = None if first is None or other is None else other - first
    return ComparedSeries(
        series="validation/accuracy",
        means=(first, other),
        spreads=(None, None),
        differences=(None, difference),
        intervals=(None, interval),
        verdicts=("", verdict),
    )


@pytest.mark.parametrize(
    ("measure", "first", "other", "sentence"),
    [
        (ACCURACY, 0.5, 0.8, "Accuracy is better with focal: 0.8, against 0.5 with cross-entropy"),
        (ACCURACY, 0.8, 0.5, "Accuracy is better with cross-entropy: 0.8, against 0.5 with focal"),
        (ERROR, 20.0, 30.0, "Error is better with cross-entropy: 20 g, against 30 g with focal"),
        (ERROR, 30.0, 20.0, "Error is better with focal: 20 g, against 30 g with cross-entropy"),
    ],
)
def test_the_better_one_is_named(
    measure: Measure, first: float, other: float, sentence: str
) -> None:
    amount = other - first
    interval = (amount - 0.1, amount + 0.1)
    figure = compared(first, other, interval, "higher" if amount > 0 else "lower")
    assert finding(measure, figure, NAMES, 1).startswith(sentence)


def test_a_difference_within_noise_is_called_so() -> None:
    figure = compared(0.80, 0.81, (-0.02, 0.04), "within noise")
    assert finding(ACCURACY, figure, NAMES, 1) == (
        "Accuracy: 0.81 with focal, 0.8 with cross-entropy: within noise "
        "(95 % interval of the difference −0.020 to 0.040)."
    )


def test_the_interval_is_that_of_the_better_minus_the_worse() -> None:
    figure = compared(0.8, 0.5, (-0.4, -0.2), "lower")
    assert finding(ACCURACY, figure, NAMES, 1).endswith("difference 0.20 to 0.40).")
    figure = compared(20.0, 30.0, (5.0, 15.0), "higher")
    assert finding(ERROR, figure, NAMES, 1).endswith("difference 5 to 15 g).")


def test_one_seed_is_not_told_from_chance() -> None:
    figure = compared(0.5, 0.8, None, "one seed: no interval")
    assert "cannot tell that from chance" in finding(ACCURACY, figure, NAMES, 1)


def test_what_was_not_measured_is_not_compared() -> None:
    figure = compared(0.5, None, None, "")
    assert "cannot be compared" in finding(ACCURACY, figure, NAMES, 1)


def test_a_mean_is_shown_in_the_digits_of_its_spread() -> None:
    assert spread(24, 0.0) == "24 ± 0"
    assert spread(1234.5, 56.7) == "1,234 ± 57"
    assert spread(None, None) == "—"
