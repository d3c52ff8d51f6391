"""Which losses suit a task and a dataset: what losses declare, against what the data are like.

Nothing here knows a loss by name. A loss says for which circumstances it was made and from which
it suffers; the records say which of them there are; the slot says what can be chosen at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from model_playground.core.contracts import (
    Circumstance,
    ClassWeighting,
    Facts,
    LossDeclaration,
    Slot,
    State,
)
from model_playground.core.loss_records import (
    AdvisedLoss,
    LossAdvice,
    LossEvidence,
    MeasuredCircumstance,
    SlotAdvice,
)
from model_playground.core.records import DatasetRecord, ExperimentRecord
from model_playground.datasets.records import Revision
from model_playground.insights.advice_evidence import evidence
from model_playground.insights.advice_measures import FEW_IMAGES_NAME, measured
from model_playground.insights.loss_explanation import FACTS_BY_CONDITION
from model_playground.tasks.task import Task

_FEW = (
    "With so few images one loss can seem better by chance: repeat each with several seeds before "
    "you believe a difference."
)


class Data(NamedTuple):
    """A dataset and the records of its newest revision."""

    dataset: DatasetRecord
    revision: Revision


def advise(
    task: Task,
    catalogue: Mapping[str, LossDeclaration],
    experiments: Sequence[ExperimentRecord],
    *,
    data: Data | None = None,
) -> LossAdvice:
    """Say which losses suit a task, and with a dataset which suit these data.

    Args:
        task: the task.
        catalogue: the declarations of all losses.
        experiments: the stored experiments, for evidence.
        data: the dataset that is to be trained on.
    """
    cases = FACTS_BY_CONDITION if data is None else {"": data.revision.facts}
    slots = task.slots(next(iter(cases.values())))
    if data is not None:
        experiments = [one for one in experiments if one.dataset == data.dataset.name]
    told = evidence(task, experiments)
    return LossAdvice(
        task=task.name,
        task_title=task.title,
        dataset=data and data.dataset.name,
        revision_number=data and data.dataset.revision_number,
        images=data and data.revision.items.num_rows,
        slots=tuple(
            _slot_advice(
                slot,
                _valid_losses(task, slot.name, catalogue, cases),
                catalogue,
                None if data is None else measured(data.revision, slot),
            )
            for slot in slots
        ),
        evidence=told,
        remark=_remark(told, data),
    )


def _valid_losses(
    task: Task,
    slot: str,
    catalogue: Mapping[str, LossDeclaration],
    cases: Mapping[str, Facts],
) -> dict[str, str]:
    """Return the losses that can be chosen freely, and under which condition if not always."""
    conditions: dict[str, list[str]] = {}
    for condition, facts in cases.items():
        laid_out = task.slot(slot, facts)
        for loss in catalogue.values():
            if task.loss_validity(loss, laid_out, catalogue).state is State.VALID:
                conditions.setdefault(loss.name, []).append(condition)
    return {
        name: "" if len(found) == len(cases) else " or ".join(found)
        for name, found in conditions.items()
    }


def _slot_advice(
    slot: Slot,
    valid: Mapping[str, str],
    catalogue: Mapping[str, LossDeclaration],
    found: Sequence[MeasuredCircumstance] | None,
) -> SlotAdvice:
    """Say which of a slot's valid losses suit what was found; of nothing if nothing was measured.

    Args:
        slot: the slot.
        valid: the valid losses and their conditions.
        catalogue: the declarations of all losses.
        found: what was measured, or None without a dataset: then every circumstance is possible.
    """
    if found is None:
        matters = list(Circumstance)
    else:
        names = {one.name for one in found if one.state == "found"}
        matters = [one for one in Circumstance if one in names]
    default = catalogue[slot.default_loss]
    others = [
        _advised(catalogue[name], condition, matters)
        for name, condition in valid.items()
        if name != default.name
    ]
    losses = [*_weighted(default, matters), *(one for one in others if one.suits)]
    if found is None:
        losses.sort(key=lambda one: matters.index(Circumstance(one.suits[0])))
    else:
        losses.sort(key=lambda one: (len(one.suffers), -len(one.suits)))
    advised_default = _advised(default, "", matters)
    if found is None:
        verdict = _open_verdict(advised_default, losses)
    else:
        verdict = _verdict(advised_default, losses, matters)
        if any(one.name == FEW_IMAGES_NAME and one.state == "found" for one in found):
            verdict += " " + _FEW
    return SlotAdvice(
        slot=slot.name,
        gives=slot.gives,
        measured=tuple(found or ()),
        default=advised_default,
        verdict=verdict,
        losses=tuple(losses),
    )


def _advised(loss: LossDeclaration, condition: str, matters: Sequence[Circumstance]) -> AdvisedLoss:
    suits = [one for one in matters if one in loss.suits]
    suffers = [one for one in matters if one in loss.suffers]
    reasons = [
        f"{verb} {_joined(circumstances)}"
        for verb, circumstances in (("made for", suits), ("suffers from", suffers))
        if circumstances
    ]
    return AdvisedLoss(
        loss=loss.name,
        name=loss.name,
        title=loss.title,
        parameters={},
        condition=condition,
        suits=tuple(suits),
        suffers=tuple(suffers),
        reason=", but ".join(reasons),
        prefer=" ".join(loss.prefer.split()),
        avoid=" ".join(loss.avoid.split()),
    )


def _weighted(default: LossDeclaration, matters: Sequence[Circumstance]) -> Iterator[AdvisedLoss]:
    """Yield the default with class weights, where they mend what it suffers from."""
    mended = Circumstance.IMBALANCE
    if not default.class_factors or mended not in default.suffers or mended not in matters:
        return
    plain = _advised(default, "", matters)
    factor, word = default.class_factors[0], get_args(ClassWeighting)[0]
    suffers = tuple(one for one in plain.suffers if one != mended)
    yield plain.model_copy(
        update={
            "loss": f"{default.name}({factor}={word})",
            "title": f"{default.title}, classes weighed",
            "parameters": {factor: word},
            "suits": (*plain.suits, mended),
            "suffers": suffers,
            "reason": "weighs each class by how rare it is in the train part"
            + (f", but suffers from {_joined(suffers)}" if suffers else ""),
            "prefer": "To keep the default where some classes are rare.",
            "avoid": "Where the probabilities themselves are used, which it moves towards the "
            "rare classes.",
        }
    )


def _verdict(
    default: AdvisedLoss, losses: Sequence[AdvisedLoss], matters: Sequence[Circumstance]
) -> str:
    """Say what to try first for data that were measured."""
    named = f"{default.loss}, the default"
    if default.suffers:
        return f"{named}, {_was(default.reason)}, as found here. {_beside(losses)}"
    if default.suits:
        return f"Start with {named}: it {_was(default.reason)}, as found here."
    if not matters:
        return f"Start with {named}: nothing that was measured speaks for another loss."
    return f"Start with {named}. {_beside(losses)}"


def _was(reason: str) -> str:
    return f"was {reason}" if reason.startswith("made") else reason


def _beside(losses: Sequence[AdvisedLoss]) -> str:
    if not losses:
        return "No other loss that can be chosen here was made for that."
    return "Try those below beside it, on the same split."


def _open_verdict(default: AdvisedLoss, losses: Sequence[AdvisedLoss]) -> str:
    """Say what to try first for data that are not known."""
    start = f"Start with {default.loss}, the default"
    if default.reason:
        start += f"; it {_was(default.reason)}"
    if not losses:
        return f"{start}."
    return f"{start}. What your data have of that is measured when a dataset is named."


def _joined(words: Sequence[str]) -> str:
    """Join words as a sentence lists them.

    >>> _joined(["wrong labels"]), _joined(["imbalance", "outliers", "many classes"])
    ('wrong labels', 'imbalance, outliers and many classes')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _remark(told: Sequence[LossEvidence], data: Data | None) -> str:
    if told:
        return (
            "The evidence is of these splits and settings alone; the rest is reasons from what the "
            "losses declare, and no promise."
        )
    where = "in this workspace" if data is None else f"on {data.dataset.name}"
    return (
        f"No evidence is stored: no two finished experiments {where} share a split and differ only "
        "in their losses. These are reasons from what the losses declare, and no promise."
    )
