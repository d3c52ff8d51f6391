"""What is told of losses beyond their declarations: explanations, comparisons, advice."""

from __future__ import annotations

from typing import Literal

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
