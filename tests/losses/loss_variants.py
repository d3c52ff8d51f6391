"""Parameters to try a loss with, derived from the bounds that its fields declare."""

from __future__ import annotations

from typing import Any

import pytest
from loss_samples import ALL, CLASSES

from model_playground.losses.base import Loss

by_name = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
"""Run a test once for every registered loss."""

HAVE_FAST_PATHS = [
    loss
    for loss in ALL
    if any(
        getattr(loss, hook) is not getattr(Loss, hook)
        for hook in ("kernel", "fast_addends", "forward")
        if hasattr(Loss, hook)
    )
]
"""The losses that replace the formula for some inputs."""

GAMMAS = (0.0, 0.5, 2.0)


def variants(loss: type[Loss]) -> list[dict[str, Any]]:
    """Return parameters: the defaults, γ of 0, ½ and 2, each field at its ends, each choice.

    Factors are tried with a 0 among them, and all of them 0.

    A combination that the loss itself refuses is left out.
    """
    found: list[dict[str, Any]] = [{}]
    for name, field in loss.Record.model_json_schema().get("properties", {}).items():
        default = field.get("default")
        found += [{name: value} for value in _values(name, field) if value != default]
    return [parameters for parameters in found if _is_allowed(loss, parameters)]


def of_gamma(loss: type[Loss]) -> list[dict[str, Any]]:
    """Return the defaults, and γ of 0, ½ and 2 where there is one: what every sweep tries."""
    return [one for one in variants(loss) if not one or "gamma" in next(iter(one))]


def _values(name: str, field: dict[str, Any]) -> list[Any]:
    if "enum" in field:
        return list(field["enum"])
    if "gamma" in name:
        return list(GAMMAS)
    kinds = field.get("anyOf", [field])
    if any(kind.get("type") == "boolean" for kind in kinds):
        return [True, False]
    if name == "ignore_index" or all("type" not in kind for kind in kinds):
        return []
    ends = [kind[end] for kind in kinds for end in ("minimum", "maximum") if end in kind]
    nothing = [None] if any(kind.get("type") == "null" for kind in kinds) else []
    if any(kind.get("type") == "array" for kind in kinds):
        return [*nothing, [0.5, 0.0, 2.0], [0.0] * CLASSES]
    return [*ends, *nothing]


def _is_allowed(loss: type[Loss], parameters: dict[str, Any]) -> bool:
    try:
        loss(**parameters)
    except ValueError:
        return False
    return True


def ids(parameters: dict[str, Any]) -> str:
    """Name parameters in a test's name."""
    return ",".join(f"{name}={value}" for name, value in parameters.items()) or "defaults"
