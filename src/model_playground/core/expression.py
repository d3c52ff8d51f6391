"""The one notation for losses, everywhere: `class=focal(gamma=2)`, `box=giou + 0.5*l1`."""

from __future__ import annotations

import ast
import math
import re
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field

from model_playground.core.contracts import ClassWeighting
from model_playground.core.errors import InvalidError


class LossTerm(BaseModel):
    """One addend of a slot's loss: a weight, the loss's name and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loss: str
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    parameters: dict[str, Any] = Field(default_factory=dict)

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        call = f"{self.loss}({given})" if given else self.loss
        return call if self.weight == 1 else f"{self.weight:g}*{call}"


_SLOT = re.compile(r"^\s*([a-z_]+)\s*=(?!=)(.*)$", re.DOTALL)


def parse_slot(text: str) -> tuple[str | None, str]:
    """Split `slot=expression`; the slot is None where the text has only an expression.

    >>> parse_slot("box=giou + 0.5*l1")
    ('box', 'giou + 0.5*l1')
    >>> parse_slot("focal(gamma=2)")
    (None, 'focal(gamma=2)')
    """
    match = _SLOT.match(text)
    return (match.group(1), match.group(2).strip()) if match else (None, text.strip())


def parse_losses(text: str) -> tuple[LossTerm, ...]:
    """Read a loss expression: a sum of losses, each with an optional weight and parameters.

    >>> [str(term) for term in parse_losses("cross_entropy(label_smoothing=0.1) + 0.5*dice")]
    ['cross_entropy(label_smoothing=0.1)', '0.5*dice']

    Raises:
        InvalidError: the text is no such sum, or a weight is not a positive number.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(text, "it cannot be read") from None
    return tuple(_term(node, text) for node in _addends(tree))


def single_loss(text: str) -> LossTerm:
    """Read one loss with its parameters, where a sum has no meaning.

    >>> single_loss("focal(gamma=2)").parameters
    {'gamma': 2}

    Raises:
        InvalidError: the text is no loss, or a sum or a multiple of losses.
    """
    terms = parse_losses(text)
    if len(terms) > 1 or terms[0].weight != 1:
        raise _refused(text, "one loss is wanted here, without a weight")
    return terms[0]


def _addends(node: ast.expr) -> list[ast.expr]:
    addends: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        addends.append(node.right)
        node = node.left
    return [node, *reversed(addends)]


def _term(node: ast.expr, text: str) -> LossTerm:
    weight = 1.0
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        factor, node = node.left, node.right
        weight = _literal(factor, text)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise _refused(text, "a weight is a number")
        if not (weight > 0 and math.isfinite(weight)):
            raise _refused(text, f"a weight is a positive number, not {weight}")
    if isinstance(node, ast.Name):
        return LossTerm(loss=node.id, weight=weight)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise _refused(text, "parameters are given by name, as in focal(gamma=2)")
        parameters = {str(word.arg): _literal(word.value, text) for word in node.keywords}
        return LossTerm(loss=node.func.id, weight=weight, parameters=parameters)
    raise _refused(text, "each addend is a loss's name, with parameters in parentheses")


def _literal(node: ast.expr, text: str) -> Any:
    if isinstance(node, ast.Name) and node.id in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[node.id]
    if isinstance(node, ast.Name) and node.id in get_args(ClassWeighting):
        return node.id
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        raise _refused(text, "a parameter is a number, a text in quotes or a list") from None


def _refused(text: str, why: str) -> InvalidError:
    return InvalidError(
        "loss.expression",
        "the loss {text!r} is refused: {why}. Write it like focal(gamma=2) or giou + 0.5*l1",
        text=text,
        why=why,
    )
