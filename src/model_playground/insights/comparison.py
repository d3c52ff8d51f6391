"""Compare experiments as groups of runs: means, spreads, and differences with an interval.

An experiment's runs differ in their seed alone, so what two experiments differ by is compared with
what seeds differ by: Welch's interval of the difference of two means. Where it contains 0, the
difference is within noise.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from model_playground.core.errors import InvalidError
from model_playground.core.records import ComparedSeries, Comparison, ExperimentRecord, RunRecord

COUNTED_STATES = ("finished", "stopped_early")
CONFIDENCE = 0.95

ONE_SEED = "one seed: no interval"
OTHER_LOSS = "another loss: not comparable"
WITHIN_NOISE = "within noise"

Interval = tuple[float, float]


def compare(experiments: Sequence[ExperimentRecord]) -> Comparison:
    """Put experiments side by side: what differs in their specifications and in their figures.

    Figures are those of each run's best epoch, over the runs that ended by themselves. A figure
    that is missing or not finite in one of them has no mean. The value of a loss is not compared
    between experiments that train with different ones: it is another quantity.

    Raises:
        InvalidError: fewer than two experiments are given, or they are of different tasks.
    """
    _check(experiments)
    names = dict.fromkeys(
        series for one in experiments for run in _counted(one) for series in run.figures
    )
    return Comparison(
        experiments=tuple(one.name for one in experiments),
        runs=tuple(len(_counted(one)) for one in experiments),
        differing=_differing(experiments),
        figures=tuple(_compared(series, experiments) for series in names),
    )


def welch_interval(first: Sequence[float], other: Sequence[float]) -> Interval:
    """Return the 95 % interval of mean(other) − mean(first), without assuming equal spreads.

    Both groups need two values or more.

    >>> low, high = welch_interval([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    >>> round(low, 3), round(high, 3)
    (-1.267, 3.267)
    """
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    difference = statistics.fmean(other) - statistics.fmean(first)
    squared_errors = [statistics.variance(group) / len(group) for group in (first, other)]
    total = sum(squared_errors)
    if total == 0:
        return difference, difference
    freedom = total**2 / sum(
        error**2 / (len(group) - 1)
        for error, group in zip(squared_errors, (first, other), strict=True)
    )
    quantile = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))  # of Student's distribution
    margin = quantile * sqrt(total)
    return difference - margin, difference + margin


def _check(experiments: Sequence[ExperimentRecord]) -> None:
    if len(experiments) < 2:
        raise InvalidError("comparison.too_few", "a comparison needs two experiments or more")
    tasks = {one.task for one in experiments}
    if len(tasks) > 1:
        raise InvalidError(
            "comparison.tasks_differ",
            "the experiments are of different tasks ({tasks}): their figures cannot be compared",
            tasks=", ".join(sorted(tasks)),
        )


def _counted(experiment: ExperimentRecord) -> list[RunRecord]:
    return [run for run in experiment.runs if run.state in COUNTED_STATES]


def _compared(series: str, experiments: Sequence[ExperimentRecord]) -> ComparedSeries:
    first, *others = groups = [_values(series, one) for one in experiments]
    compared = [_difference(first, other) for other in others]
    for index, other in enumerate(experiments[1:]):
        if compared[index][2] and not _comparable(series, experiments[0], other):
            compared[index] = (None, None, OTHER_LOSS)
    differences, intervals, verdicts = zip((None, None, ""), *compared, strict=True)
    return ComparedSeries(
        series=series,
        means=tuple(statistics.fmean(group) if group else None for group in groups),
        spreads=tuple(statistics.stdev(group) if len(group) > 1 else None for group in groups),
        differences=differences,
        intervals=intervals,
        verdicts=verdicts,
    )


def _values(series: str, experiment: ExperimentRecord) -> list[float]:
    """Return the figure of every counted run, or nothing if one of them has none."""
    values = [run.figures.get(series) for run in _counted(experiment)]
    finite = [value for value in values if value is not None]
    return finite if len(finite) == len(values) else []


def _difference(
    first: Sequence[float], other: Sequence[float]
) -> tuple[float | None, Interval | None, str]:
    if not first or not other:
        return None, None, ""
    difference = statistics.fmean(other) - statistics.fmean(first)
    if min(len(first), len(other)) < 2:
        return difference, None, ONE_SEED
    low, high = welch_interval(first, other)
    if low <= 0 <= high:
        return difference, (low, high), WITHIN_NOISE
    return difference, (low, high), "higher" if difference > 0 else "lower"


def _comparable(series: str, one: ExperimentRecord, other: ExperimentRecord) -> bool:
    """Say whether a series means the same in both: metrics do, losses only if they are the same."""
    _, _, rest = series.partition("/")
    if rest == "loss":
        return one.losses == other.losses
    slot = rest.partition("/")[0]
    return one.losses.get(slot) == other.losses.get(slot)


def _differing(experiments: Sequence[ExperimentRecord]) -> dict[str, tuple[str, ...]]:
    fields = [_fields(one) for one in experiments]
    names = dict.fromkeys(name for one in fields for name in one)
    rows = {name: tuple(one.get(name, "—") for one in fields) for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _fields(experiment: ExperimentRecord) -> dict[str, str]:
    """Return the specification as dotted names and texts, without the experiment's name."""
    kept = {
        name: value
        for name, value in experiment.specification.items()
        if name not in ("name", "losses")
    }
    losses = {f"losses.{slot}": loss for slot, loss in experiment.losses.items()}
    return {**_flat(kept, ""), **losses}


def _flat(record: Mapping[str, Any], prefix: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in record.items():
        if _is_choice(value):
            flat[prefix + name] = value["name"]
            flat |= _flat(value["parameters"], f"{prefix}{name}.")
        elif isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _text(value)
    return flat


def _is_choice(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"name", "parameters"}


def _text(value: Any) -> str:
    if _is_choice(value):
        given = ", ".join(f"{name}={one}" for name, one in value["parameters"].items())
        return f"{value['name']}({given})" if given else str(value["name"])
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(one) for one in value) or "none"
    return "none" if value is None else str(value)
