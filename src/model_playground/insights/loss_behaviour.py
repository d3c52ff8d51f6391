"""How a loss and its slope change as a prediction moves. Imports torch.

What moves follows from what the loss reads: a probability, a value, a box, a region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from model_playground.core.contracts import (
    BoxView,
    Layout,
    Link,
    LossDeclaration,
    Reading,
    TargetForm,
)
from model_playground.core.errors import InvalidError
from model_playground.core.expression import LossTerm
from model_playground.losses import kernels
from model_playground.losses.base import LOSSES, Loss, image_losses

POINTS = 241
"""How many predictions a curve is made of; odd, so that the exact one is among them."""

IMAGE_SIZE = 96
RADIUS = 12.0  # pixels, of the true disc
TRUE_BOX_WH = (40.0, 20.0)  # pixels
TRUE_AMOUNT = 4.0


@dataclass(frozen=True)
class Movement:
    """A prediction that moves by one number, past the truth, which stays where it is."""

    title: str
    label: str  # of the number, with its unit
    slope_of: str  # what the slope is taken by
    moved: Tensor  # (P,), what the slope is taken by
    shown: tuple[float, ...]  # the same, as it is drawn
    exact: float | None  # where the prediction is exact, as it is drawn
    place: Callable[[Tensor], tuple[Tensor, Tensor]]  # input and target of every point
    logarithmic: bool = False


@dataclass(frozen=True)
class Curve:
    """A loss and its slope along a movement."""

    values: tuple[float, ...]
    slopes: tuple[float, ...]


def behaviour(loss: Loss, movement: Movement) -> Curve:
    """Return the loss of every prediction of a movement by itself, and its slope."""
    moved = movement.moved.clone().requires_grad_()
    input, target = movement.place(moved)
    with kernels.formulas_only():
        values = image_losses(loss.eval().addends(input, target, per_image=True))
    (slopes,) = torch.autograd.grad(values.sum(), moved)
    return Curve(tuple(values.tolist()), tuple(slopes.tolist()))


def shared_movements(losses: Sequence[LossDeclaration]) -> tuple[Movement, ...]:
    """Return the movements that all of these losses can be looked at along.

    Raises:
        InvalidError: there is no prediction that all of them read.
    """
    first, *others = losses
    for layout in first.layouts:
        for reading in _read_by(first):
            if all(layout in one.layouts and reading in _read_by(one) for one in others):
                return movements(layout, reading)
    other = next(one for one in others if not _share(first, one))
    raise InvalidError(
        "loss.not_comparable",
        "{one} and {other} cannot be compared: no prediction is read by both. {one} reads "
        "{reads}; {other} reads {other_reads}",
        one=first.name,
        other=other.name,
        reads=reads_in_words(first),
        other_reads=reads_in_words(other),
    )


def _share(one: LossDeclaration, other: LossDeclaration) -> bool:
    readings = set(_read_by(one)) & set(_read_by(other))
    return bool(readings and set(one.layouts) & set(other.layouts))


def _read_by(loss: LossDeclaration) -> tuple[Reading, ...]:
    """Return a loss's readings; one that reads any values reads those of 0 or more too."""
    return (*loss.reads, _AMOUNTS) if _VALUES in loss.reads else loss.reads


_VALUES = Reading(form=TargetForm.VALUE, link=Link.IDENTITY)
_AMOUNTS = Reading(form=TargetForm.AMOUNT, link=Link.IDENTITY)


def reads_in_words(loss: LossDeclaration) -> str:
    """Say what a loss reads: predictions, targets and what they are about."""
    about = " or ".join(_LAYOUT_WORDS[layout] for layout in loss.layouts)
    return f"{' or '.join(map(_reading_in_words, loss.reads))} ({about})"


def _reading_in_words(reading: Reading) -> str:
    if reading.view is not None:
        return _VIEW_WORDS[reading.view]
    return _FORM_WORDS[reading.form]


_FORM_WORDS = {
    TargetForm.CLASS_INDEX: "scores of exclusive classes against a class",
    TargetForm.SOFT_DISTRIBUTION: "scores of exclusive classes against a distribution",
    TargetForm.MULTI_HOT: "scores of independent answers against a yes or no to each",
    TargetForm.QUALITY_SCORE: "scores against a quality between 0 and 1",
    TargetForm.VALUE: "values against values",
    TargetForm.AMOUNT: "values against values of 0 or more in their own unit",
}
_VIEW_WORDS = {
    BoxView.ENCODED: "encoded offsets of boxes",
    BoxView.XYXY: "boxes as corners",
    BoxView.CXCYWH: "boxes as centre and size",
}
_LAYOUT_WORDS = {
    Layout.ITEM: "one an item",
    Layout.PIXEL: "one a pixel",
    Layout.BOX: "matched pairs of boxes",
    Layout.MASK: "matched masks",
}


def movements(layout: Layout, reading: Reading) -> tuple[Movement, ...]:
    """Return what is looked at for a layout and a reading."""
    if layout is Layout.BOX and reading.view is not BoxView.ENCODED:
        return _of_boxes(reading)
    if layout in (Layout.PIXEL, Layout.MASK) and reading.form in _REGIONS:
        return _of_regions(layout, reading)
    if reading.form is TargetForm.AMOUNT:
        return (_of_amount(),)
    if reading.form is TargetForm.VALUE:
        return (_of_value(width=4 if layout is Layout.BOX else 1),)
    if reading.form in (TargetForm.CLASS_INDEX, TargetForm.SOFT_DISTRIBUTION):
        return (_of_classes(soft=reading.form is TargetForm.SOFT_DISTRIBUTION),)
    answers = {"yes": 1.0, "no": 0.0} if reading.form is TargetForm.MULTI_HOT else {"0.7": 0.7}
    return tuple(_of_answer(name, answer) for name, answer in answers.items())


_REGIONS = (TargetForm.CLASS_INDEX, TargetForm.MULTI_HOT)


def _line(low: float, high: float) -> Tensor:
    return low + (high - low) * torch.arange(POINTS, dtype=torch.float64) / (POINTS - 1)


def _of_value(*, width: int) -> Movement:
    moved = _line(-4, 4)
    return Movement(
        title="a value",
        label="prediction − truth",
        slope_of="the prediction",
        moved=moved,
        shown=tuple(moved.tolist()),
        exact=0,
        place=lambda x: (x.unsqueeze(1).expand(-1, width), torch.zeros(len(x), width).double()),
    )


def _of_amount() -> Movement:
    moved = _line(0, 3 * TRUE_AMOUNT)
    return Movement(
        title="an amount",
        label=f"prediction, where the truth is {TRUE_AMOUNT:g}",
        slope_of="the prediction",
        moved=moved,
        shown=tuple(moved.tolist()),
        exact=TRUE_AMOUNT,
        place=lambda x: (x.unsqueeze(1), torch.full((len(x), 1), TRUE_AMOUNT).double()),
    )


def _of_classes(*, soft: bool) -> Movement:
    moved = _line(-5, 5)

    def place(score: Tensor) -> tuple[Tensor, Tensor]:
        scores = torch.stack([score, torch.zeros_like(score)], 1)
        index = torch.zeros(len(score), dtype=torch.long)
        return scores, torch.tensor([[1.0, 0.0]]).double().repeat(len(score), 1) if soft else index

    return Movement(
        title="one of two classes",
        label="probability given to the true class",
        slope_of="its score",
        moved=moved,
        shown=tuple(moved.sigmoid().tolist()),
        exact=None,
        place=place,
    )


def _of_answer(name: str, answer: float) -> Movement:
    moved = _line(-5, 5)
    return Movement(
        title=f"the answer is {name}",
        label="predicted probability of yes",
        slope_of="the score",
        moved=moved,
        shown=tuple(moved.sigmoid().tolist()),
        exact=None,
        place=lambda x: (x.unsqueeze(1), torch.full((len(x), 1), answer).double()),
    )


def _of_boxes(reading: Reading) -> tuple[Movement, ...]:
    width, height = TRUE_BOX_WH

    def boxes(centre_x: Tensor, size: Tensor) -> Tensor:
        half = torch.stack([width * size / 2, height * size / 2], 1)
        centre = torch.stack([width / 2 + width * centre_x, torch.full_like(size, height / 2)], 1)
        if reading.view is BoxView.CXCYWH:
            return torch.cat([centre, 2 * half], 1) / (4 * width)
        return torch.cat([centre - half, centre + half], 1)

    def place(centre_x: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        return boxes(centre_x, size), boxes(torch.zeros_like(size), torch.ones_like(size))

    shift, logarithm = _line(-2, 2), _line(-2, 2)
    about = f"true box {width:g}×{height:g} pixels"
    return (
        Movement(
            title="a box slides",
            label=f"shift in box widths ({about})",
            slope_of="the shift",
            moved=shift,
            shown=tuple(shift.tolist()),
            exact=0,
            place=lambda x: place(x, torch.ones_like(x)),
        ),
        Movement(
            title="a box grows",
            label="size ÷ true size",
            slope_of="log₂ of the size",
            moved=logarithm,
            shown=tuple((2**logarithm).tolist()),
            exact=1,
            place=lambda x: place(torch.zeros_like(x), 2**x),
            logarithmic=True,
        ),
    )


def _of_regions(layout: Layout, reading: Reading) -> tuple[Movement, ...]:
    pixels = torch.arange(IMAGE_SIZE, dtype=torch.float64) - IMAGE_SIZE / 2 + 0.5
    y, x = torch.meshgrid(pixels, pixels, indexing="ij")
    truth = (x.square() + y.square()).sqrt() < RADIUS

    def place(shift: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        moved_x = x - 2 * RADIUS * shift[:, None, None]
        distance = (moved_x.square() + y.square()).sqrt()
        score = 2 * (RADIUS * size[:, None, None] - distance)  # a border two pixels wide
        true = truth.expand(len(shift), -1, -1)
        if layout is Layout.MASK:
            return score, true.double()
        if reading.form is TargetForm.CLASS_INDEX:
            return torch.stack([-score / 2, score / 2], 1), true.long()
        return score.unsqueeze(1), true.unsqueeze(1).double()

    size, shift = _line(0.1, 1.9), _line(-1.5, 1.5)
    about = f"true disc {2 * RADIUS:g} of {IMAGE_SIZE} pixels wide"
    return (
        Movement(
            title="a region grows",
            label="radius ÷ true radius",
            slope_of="the radius",
            moved=size,
            shown=tuple(size.tolist()),
            exact=1,
            place=lambda x: place(torch.zeros_like(x), x),
        ),
        Movement(
            title="a region slides",
            label=f"shift in diameters ({about})",
            slope_of="the shift",
            moved=shift,
            shown=tuple(shift.tolist()),
            exact=0,
            place=lambda x: place(x, torch.ones_like(x)),
        ),
    )


def main_parameter(loss: LossDeclaration) -> str | None:
    """Return the first number among a loss's parameters: what its picture is drawn for."""
    return next(
        (
            name
            for name, schema in loss.parameters["properties"].items()
            if _number(schema) is not None and schema.get("default") is not None
        ),
        None,
    )


def _number(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the part of a parameter's schema that describes a number, if one does."""
    parts = schema.get("anyOf", [schema])
    return next((part for part in parts if part.get("type") == "number"), None)


def settings(loss: LossDeclaration, parameter: str) -> list[float]:
    """Return values of a parameter worth looking at: its default, its lower end, more, and less.

    Args:
        loss: the loss.
        parameter: one of its parameters that is a number.
    """
    schema = loss.parameters["properties"][parameter]
    number = _number(schema) or {}
    default = float(schema["default"])
    low = number.get("minimum", number.get("exclusiveMinimum", 0.0))
    high = number.get("maximum", number.get("exclusiveMaximum"))
    if high is not None:
        above = [default + (high - default) / 2]
    else:
        above = [2.5 * default] if default else [1.0, 2.0]
    below = [low] if "minimum" in number else []
    between = [(low + default) / 2] if default > low else []
    return [float(f"{value:.3g}") for value in dict.fromkeys([*below, *between, default, *above])]


def variants(
    term: LossTerm, declaration: LossDeclaration, varied: tuple[str, Sequence[Any]] | None
) -> dict[str, Loss]:
    """Return the losses to draw, by what tells them apart: the settings of one parameter.

    Args:
        term: the loss with the parameters that all of them have.
        declaration: the loss's declaration.
        varied: the parameter and its values; None chooses the main one.
    """
    kind = LOSSES[term.loss]
    if varied is None:
        name = main_parameter(declaration)
        if name is None or name in term.parameters:
            return {str(term): kind(**term.parameters)}
        varied = name, settings(declaration, name)
    name, values = varied
    default = declaration.parameters["properties"].get(name, {}).get("default")
    return {
        f"{name} = {value:g}{' (default)' if value == default else ''}"
        if isinstance(value, float | int) and not isinstance(value, bool)
        else f"{name} = {value}": kind(**{**term.parameters, name: value})
        for value in values
    }
