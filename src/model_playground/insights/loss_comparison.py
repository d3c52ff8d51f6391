"""Losses drawn, and set side by side on the same predictions. Imports torch."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model_playground.core.contracts import LossDeclaration
from model_playground.core.declaration import default_text
from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.expression import LossTerm, single_loss
from model_playground.core.loss_records import ComparedLosses, ComparedPoint
from model_playground.insights.formula_text import formula_text
from model_playground.insights.loss_behaviour import (
    POINTS,
    Curve,
    behaviour,
    movements,
    shared_movements,
    variants,
)
from model_playground.insights.loss_explanation import explained
from model_playground.insights.loss_pictures import draw_losses
from model_playground.losses.base import LOSSES

_TOLD = (POINTS // 10, 3 * POINTS // 10, POINTS // 2, 7 * POINTS // 10, 9 * POINTS // 10)
"""The points of a movement that a table shows."""


def plot(
    text: str,
    catalogue: Mapping[str, LossDeclaration],
    path: Path,
    *,
    vary: str | None,
    dark: bool,
) -> None:
    """Draw a loss for several settings of one parameter.

    Args:
        text: the loss, such as `focal` or `focal(alpha=[1, 2])`.
        catalogue: the declarations of all losses.
        path: where to write the picture.
        vary: the parameter and its values, such as `gamma=0,1,2`; else its first number.
        dark: in the colours for dark pages.
    """
    term, declaration = _read(text, catalogue)
    varied = None if vary is None else _varied(vary, declaration)
    along = movements(declaration.layouts[0], declaration.reads[0])
    curves = {
        name: [behaviour(loss, movement) for movement in along]
        for name, loss in variants(term, declaration, varied).items()
    }
    if varied is None:
        curves = _different(curves, str(term))
    draw_losses(declaration.title, along, curves, path, dark=dark)


def compare(
    texts: Sequence[str],
    catalogue: Mapping[str, LossDeclaration],
    *,
    out: Path | None,
    dark: bool,
) -> ComparedLosses:
    """Set losses side by side, and draw them if a path is given.

    Raises:
        InvalidError: fewer than two losses are named, or no prediction is read by all of them.
    """
    if len(texts) < 2:
        raise InvalidError("loss.compare_one", "a comparison needs two losses: name at least two")
    found = [_read(text, catalogue) for text in texts]
    declarations = [declaration for _, declaration in found]
    along = shared_movements(declarations)
    names = tuple(str(term) for term, _ in found)
    curves = [
        [behaviour(LOSSES[term.loss](**term.parameters), movement) for movement in along]
        for term, _ in found
    ]
    if out is not None:
        title = " · ".join(declaration.title for declaration in declarations)
        draw_losses(title, along, dict(zip(names, curves, strict=True)), out, dark=dark)
    return ComparedLosses(
        losses=names,
        class_names=tuple(one.class_name for one in declarations),
        formulas=tuple(formula_text(one.formula) for one in declarations),
        parameters=_parameters(found),
        places=_places(declarations, catalogue),
        points=tuple(
            ComparedPoint(
                movement=movement.title,
                label=movement.label,
                at=movement.shown[index],
                values=tuple(of_loss[column].values[index] for of_loss in curves),
                slopes=tuple(of_loss[column].slopes[index] for of_loss in curves),
            )
            for column, movement in enumerate(along)
            for index in _TOLD
        ),
    )


def _read(text: str, catalogue: Mapping[str, LossDeclaration]) -> tuple[LossTerm, LossDeclaration]:
    term = single_loss(text)
    if term.loss not in catalogue:
        raise unknown_name("loss", term.loss, catalogue)
    return term, catalogue[term.loss]


def _varied(text: str, declaration: LossDeclaration) -> tuple[str, list[Any]]:
    name, _, values = text.partition("=")
    known = declaration.parameters["properties"]
    if name not in known:
        raise unknown_name(f"parameter of {declaration.name}", name, known)
    chosen = [_value(value.strip()) for value in values.split(",") if value.strip()]
    if not chosen:
        raise InvalidError(
            "loss.vary_nothing",
            "{text!r} gives {name} no values: write them behind it, such as {name}=0,1,2",
            text=text,
            name=name,
        )
    return name, chosen


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _different(curves: dict[str, list[Curve]], name: str) -> dict[str, list[Curve]]:
    """Leave out a setting whose curves are those of another; of one alone the setting is not told.

    What a parameter does may not show in these movements, as class weights do not.
    """
    kept: dict[str, list[Curve]] = {}
    for setting, drawn in curves.items():
        if drawn not in kept.values():
            kept[setting] = drawn
    return kept if len(kept) > 1 else {name: next(iter(kept.values()))}


def _parameters(found: Sequence[tuple[LossTerm, LossDeclaration]]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for _, one in found for name in one.parameters["properties"])
    return {
        name: tuple(
            repr(term.parameters[name])
            if name in term.parameters
            else default_text(one.parameters["properties"].get(name, {}))
            for term, one in found
        )
        for name in names
    }


def _places(
    declarations: Sequence[LossDeclaration], catalogue: Mapping[str, LossDeclaration]
) -> dict[str, tuple[str, ...]]:
    by_loss = []
    for one in declarations:
        states: dict[str, str] = {}
        for place in explained(one, catalogue).places:
            said = f"{place.state} ({place.condition})" if place.condition else place.state
            key = f"{place.task}/{place.slot}"
            states[key] = f"{states[key]}, {said}" if key in states else said
        by_loss.append(states)
    return {key: tuple(states[key] for states in by_loss) for key in by_loss[0]}
