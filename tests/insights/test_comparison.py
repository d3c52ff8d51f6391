"""Comparisons of experiments: hand-worked means and intervals, and what is not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from model_playground.core.errors import InvalidError
from model_playground.core.records import ComparedSeries, ExperimentRecord, RunRecord, RunState
from model_playground.insights.comparison import compare, welch_interval

ACCURACY = "validation/accuracy"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def run_of(seed: int, figures: Mapping[str, float | None], state: RunState) -> RunRecord:
    return RunRecord(
        id=f"run-{seed}",
        seed=seed,
        state=state,
        epochs_done=5,
        best_epoch=5,
        monitor="validation/loss",
        figures=dict(figures),
        message="",
        started=NOON,
        finished=NOON,
    )


def experiment_of(
    name: str,
    series: Mapping[str, Sequence[float | None]],
    *,
    loss: str = "cross_entropy",
    task: str = "classification",
    specification: Mapping[str, Any] | None = None,
    states: Sequence[RunState] = (),
) -> ExperimentRecord:
    """Make an experiment from a value of each series for each seed."""
    seeds = len(next(iter(series.values())))
    states = states or ["finished"] * seeds
    return ExperimentRecord(
        name=name,
        dataset="tiles",
        split="tiles",
        task=task,
        architecture="timm",
        backbone="resnet18",
        losses={"class": loss},
        state="finished",
        runs=tuple(
            run_of(seed, {one: values[seed] for one, values in series.items()}, states[seed])
            for seed in range(seeds)
        ),
        test_openings=0,
        specification={"name": name, "task": task, **(specification or {})},
        created=NOON,
    )


def compared(series: str, *experiments: ExperimentRecord) -> ComparedSeries:
    figures = {one.series: one for one in compare(experiments).figures}
    return figures[series]


def test_the_interval_is_welchs() -> None:
    # Means 2 and 6, variances 1 and 4, three values each. Squared errors 1/3 and 4/3; total 5/3.
    # Freedom (5/3)² / ((1/3)²/2 + (4/3)²/2) = (25/9) / (17/18) = 50/17 = 2.941.
    # Student's 97.5 % quantile there is 3.2188; margin 3.2188 × √(5/3) = 4.1554.
    low, high = welch_interval([1, 2, 3], [4, 6, 8])
    assert low == pytest.approx(4 - 4.1554, abs=1e-3)
    assert high == pytest.approx(4 + 4.1554, abs=1e-3)


def test_groups_without_spread_have_an_exact_difference() -> None:
    assert welch_interval([0.5, 0.5], [0.75, 0.75]) == (0.25, 0.25)


def test_means_and_spreads_are_over_seeds() -> None:
    figure = compared(
        ACCURACY,
        experiment_of("a", {ACCURACY: [0.7, 0.8, 0.9]}),
        experiment_of("b", {ACCURACY: [0.6, 0.8, 1.0]}),
    )
    assert figure.means == pytest.approx((0.8, 0.8))
    assert figure.spreads == pytest.approx((0.1, 0.2))
    assert figure.differences == (None, pytest.approx(0.0))
    assert figure.verdicts == ("", "within noise")


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ([0.90, 0.91, 0.92], "higher"),
        ([0.50, 0.51, 0.52], "lower"),
        ([0.69, 0.71, 0.73], "within noise"),
    ],
)
def test_a_difference_beyond_its_interval_has_a_direction(other: list[float], verdict: str) -> None:
    figure = compared(
        ACCURACY,
        experiment_of("a", {ACCURACY: [0.70, 0.71, 0.72]}),
        experiment_of("b", {ACCURACY: other}),
    )
    interval = figure.intervals[1]
    assert interval is not None
    low, high = interval
    assert (low <= 0 <= high) == (verdict == "within noise")
    assert figure.verdicts == ("", verdict)


def test_one_seed_gives_a_difference_without_an_interval() -> None:
    figure = compared(
        ACCURACY,
        experiment_of("a", {ACCURACY: [0.7, 0.8]}),
        experiment_of("b", {ACCURACY: [0.9]}),
    )
    assert figure.differences[1] == pytest.approx(0.15)
    assert figure.intervals[1] is None
    assert figure.spreads == (pytest.approx(0.0707, abs=1e-4), None)
    assert figure.verdicts[1] == "one seed: no interval"


def test_each_experiment_is_compared_with_the_first() -> None:
    figure = compared(
        ACCURACY,
        *(
            experiment_of(name, {ACCURACY: [value]})
            for name, value in zip("abc", (0.5, 0.6, 0.8), strict=True)
        ),
    )
    assert figure.differences == (None, pytest.approx(0.1), pytest.approx(0.3))


def test_runs_that_did_not_end_by_themselves_are_not_counted() -> None:
    comparison = compare(
        [
            experiment_of(
                "a", {ACCURACY: [0.7, 0.1, 0.8]}, states=["finished", "failed", "stopped_early"]
            ),
            experiment_of(
                "b", {ACCURACY: [0.7, 0.1, 0.8]}, states=["interrupted", "running", "queued"]
            ),
        ]
    )
    assert comparison.runs == (2, 0)
    assert comparison.figures[0].means == (pytest.approx(0.75), None)
    assert comparison.figures[0].verdicts == ("", "")


def test_a_figure_that_was_not_finite_in_one_run_has_no_mean() -> None:
    figure = compared(
        ACCURACY,
        experiment_of("a", {ACCURACY: [0.7, None]}),
        experiment_of("b", {ACCURACY: [0.7, 0.8]}),
    )
    assert figure.means == (None, pytest.approx(0.75))
    assert figure.differences[1] is None


@pytest.mark.parametrize("series", ["validation/loss", "train_sample/class/cross_entropy"])
def test_values_of_different_losses_are_not_compared(series: str) -> None:
    one = experiment_of("a", {series: [0.1, 0.2]}, loss="cross_entropy")
    same = experiment_of("b", {series: [0.3, 0.4]}, loss="cross_entropy")
    other = experiment_of("c", {series: [0.3, 0.4]}, loss="focal(gamma=2.0)")
    figure = compared(series, one, same, other)
    assert figure.means[2] == pytest.approx(0.35)
    assert figure.differences == (None, pytest.approx(0.2), None)
    assert figure.verdicts[2] == "another loss: not comparable"


def test_only_what_differs_is_shown() -> None:
    def specified(name: str, learning_rate: float, epochs: int) -> ExperimentRecord:
        return experiment_of(
            name,
            {ACCURACY: [0.5]},
            loss="mse" if name == "b" else "cross_entropy",
            specification={
                "solver": {"name": "adamw", "parameters": {"learning_rate": learning_rate}},
                "augmentations": [{"name": "rotate", "parameters": {"degrees": epochs}}],
                "training": {"epochs": epochs, "early_stopping": None},
            },
        )

    comparison = compare([specified("a", 0.001, 5), specified("b", 0.01, 5)])
    assert comparison.differing == {
        "solver.learning_rate": ("0.001", "0.01"),
        "losses.class": ("cross_entropy", "mse"),
    }
    comparison = compare([specified("a", 0.001, 5), specified("c", 0.001, 7)])
    assert comparison.differing == {
        "augmentations": ("rotate(degrees=5)", "rotate(degrees=7)"),
        "training.epochs": ("5", "7"),
    }


def test_one_experiment_is_no_comparison() -> None:
    with pytest.raises(InvalidError, match="two experiments"):
        compare([experiment_of("a", {ACCURACY: [0.5]})])


def test_experiments_of_different_tasks_are_refused() -> None:
    one = experiment_of("a", {ACCURACY: [0.5]})
    other = experiment_of("b", {ACCURACY: [0.5]}, task="regression")
    with pytest.raises(InvalidError, match="classification, regression"):
        compare([one, other])
