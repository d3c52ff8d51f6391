"""What is told of losses beyond their declarations: explanations, comparisons, advice."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from model_playground.core.contracts import LossDeclaration


class LossPlace(BaseModel):
    """A slot of a task, and whether a loss can be chosen there."""

    model_config = ConfigDict(frozen=True)

    task: str
    task_title: str
    slot: str
    state: Literal["valid", "discouraged", "refused"]
    condition: str  # such as "two classes", where the state holds for these facts only
    reason: str


class LossExplanation(LossDeclaration):
    """A loss's declaration with what follows from it."""

    formula_text: str  # the formula as one line of text
    usage: str  # Python
    notes: tuple[str, ...]  # its traits, in words
    places: tuple[LossPlace, ...]
    related: dict[str, str]  # name → title of the losses of its family


class ComparedPoint(BaseModel):
    """One prediction, and what each loss makes of it."""

    model_config = ConfigDict(frozen=True)

    movement: str  # such as "a box slides"
    label: str  # what the number is, with its unit
    at: float
    values: tuple[float, ...]
    slopes: tuple[float, ...]


class ComparedLosses(BaseModel):
    """Losses side by side on the same predictions."""

    model_config = ConfigDict(frozen=True)

    losses: tuple[str, ...]  # as they were asked for, such as focal(gamma=1)
    class_names: tuple[str, ...]
    formulas: tuple[str, ...]  # as lines of text
    parameters: dict[str, tuple[str, ...]]  # name → value in each; empty where one has none
    places: dict[str, tuple[str, ...]]  # task/slot → state in each
    points: tuple[ComparedPoint, ...]


class MeasuredCircumstance(BaseModel):
    """What data are like in one respect that matters for the choice of a loss."""

    model_config = ConfigDict(frozen=True)

    name: str  # a Circumstance, or "few images"
    state: Literal["found", "not found", "not measured"]
    said: str  # with the measured figures, or why they could not be measured
    threshold: str  # from where on it counts as found, and where that comes from
    figures: dict[str, float] = {}
    files: tuple[str, ...] = ()  # some that show it


class AdvisedLoss(BaseModel):
    """A loss that is valid in a slot, and what its declaration says of these data."""

    model_config = ConfigDict(frozen=True)

    loss: str  # as it is given to an experiment, such as cross_entropy(weight=balanced)
    name: str
    title: str
    parameters: dict[str, Any]  # those that are not left as they are
    condition: str  # such as "two classes", where it is valid under that only
    suits: tuple[str, ...]  # of the circumstances that were found, or of all without a dataset
    suffers: tuple[str, ...]
    reason: str
    prefer: str
    avoid: str


class SlotAdvice(BaseModel):
    """Which losses suit a slot of a task, and why."""

    model_config = ConfigDict(frozen=True)

    slot: str
    gives: str
    measured: tuple[MeasuredCircumstance, ...]
    default: AdvisedLoss
    verdict: str  # what is to be tried first, and why
    losses: tuple[AdvisedLoss, ...]  # to be tried beside the default, the most fitting first


class LossEvidence(BaseModel):
    """Two stored experiments on one split that differ in their losses alone."""

    model_config = ConfigDict(frozen=True)

    split: str
    experiments: tuple[str, str]
    losses: tuple[str, str]
    runs: tuple[int, int]
    series: str
    means: tuple[float | None, float | None]
    difference: float | None
    interval: tuple[float, float] | None
    verdict: str  # of the second against the first, as in a comparison
    finding: str  # the same in a sentence


class LossAdvice(BaseModel):
    """Which losses suit a task and a dataset: reasons from declarations, evidence where stored."""

    model_config = ConfigDict(frozen=True)

    task: str
    task_title: str
    dataset: str | None
    revision_number: int | None
    images: int | None
    slots: tuple[SlotAdvice, ...]
    evidence: tuple[LossEvidence, ...]
    remark: str  # what the advice rests on
