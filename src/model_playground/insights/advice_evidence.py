"""What stored experiments say of losses: pairs on one split that differ in nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model_playground.core.contracts import Facts
from model_playground.core.loss_records import LossEvidence
from model_playground.core.records import ComparedSeries, ExperimentRecord
from model_playground.insights.comparison import COUNTED_STATES, compare
from model_playground.insights.wording import Measure, finding
from model_playground.metrics.metric import METRICS
from model_playground.tasks.task import Task

_MAY_DIFFER = ("name", "losses", "plugins")
_MAY_DIFFER_IN_TRAINING = ("seed", "repeats")
"""Seeds are what a difference is compared with, so they may be others, and more in one."""


def evidence(task: Task, experiments: Sequence[ExperimentRecord]) -> tuple[LossEvidence, ...]:
    """Compare the experiments of a task that differ in their losses alone.

    Of those with the same settings on the same split, the one with the default losses, or else the
    first, is what the others are compared with, by the task's most telling metric.
    """
    alike: defaultdict[str, list[ExperimentRecord]] = defaultdict(list)
    for one in experiments:
        if one.task == task.name and any(run.state in COUNTED_STATES for run in one.runs):
            alike[_settings(one.specification)].append(one)
    measure = _measure(task)
    return tuple(
        told for group in alike.values() for told in _compared(group, measure, _defaults(task))
    )


def _settings(specification: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in specification.items() if name not in _MAY_DIFFER}
    kept["training"] = {
        name: value
        for name, value in kept.get("training", {}).items()
        if name not in _MAY_DIFFER_IN_TRAINING
    }
    return json.dumps(kept, sort_keys=True)


def _measure(task: Task) -> Measure:
    metric = METRICS[task.metrics[0]]
    title = metric.title if metric.title[:2].isupper() else metric.title.lower()
    return Measure(f"validation/{metric.name}", f"{title} on validation", metric.higher_is_better)


def _defaults(task: Task) -> dict[str, str]:
    return {slot.name: slot.default_loss for slot in task.slots(Facts())}


def _compared(
    group: Sequence[ExperimentRecord], measure: Measure, defaults: Mapping[str, str]
) -> Iterator[LossEvidence]:
    first = next((one for one in group if one.losses == defaults), group[0])
    others = [one for one in group if one.losses != first.losses]
    if not others:
        return
    comparison = compare([first, *others])
    figure = next((one for one in comparison.figures if one.series == measure.series), None)
    if figure is None:  # the metric was not among those that were measured
        return
    for place, other in enumerate(others, start=1):
        runs = (comparison.runs[0], comparison.runs[place])
        yield _told(figure, place, measure, (first, other), runs)


def _told(
    figure: ComparedSeries,
    place: int,
    measure: Measure,
    pair: tuple[ExperimentRecord, ExperimentRecord],
    runs: tuple[int, int],
) -> LossEvidence:
    first, other = pair
    slots = [slot for slot in first.losses if first.losses[slot] != other.losses.get(slot)]
    names = _losses(first, slots), _losses(other, slots)
    return LossEvidence(
        split=first.split,
        experiments=(first.name, other.name),
        losses=names,
        runs=runs,
        series=figure.series,
        means=(figure.means[0], figure.means[place]),
        difference=figure.differences[place],
        interval=figure.intervals[place],
        verdict=figure.verdicts[place],
        finding=finding(measure, figure, _in_places(names, place), place),
    )


def _losses(experiment: ExperimentRecord, slots: Sequence[str]) -> str:
    """Write the losses of some slots; where a task has only one, without its name."""
    if len(experiment.losses) == 1:
        return next(iter(experiment.losses.values()))
    return ", ".join(f"{slot}={experiment.losses[slot]}" for slot in slots)


def _in_places(names: tuple[str, str], place: int) -> tuple[str, ...]:
    """Put two names where the comparison has them: at the front and at the second's place."""
    return (names[0], *[""] * (place - 1), names[1])
