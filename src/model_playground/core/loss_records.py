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
