"""Checkpoints: the weights as safetensors and beside them, in JSON, what they are.

A file is written under another name and then put in place, so there is never half of one. Weights
and record have to belong together: the record stands inside the safetensors file too, and that one
is read; the JSON file is for people. Nothing is unpickled.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model_playground.core.contracts import Facts, Link
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.specification import Specification
from model_playground.core.whole_files import reason
from model_playground.training.scale import Scale

CheckpointName = Literal["best", "last"]
_SOLVER = "solver/"  # no weight's name has a slash
_LOSSES = "losses/"


class Head(BaseModel):
    """The head of a slot: how wide it is and what turns its output into predictions."""

    link: Link
    width: int


class TrainingState(BaseModel):
    """Where the training stood, beyond weights and solver: what it takes to go on exactly so."""

    step: int
    images_seen: int
    monitor: dict[str, Any]
    learning_rates: list[float]  # of the solver's groups
    scheduler: dict[str, Any]  # without what is not finite
    scaler: dict[str, Any]  # of gradients in 16 bits


class CheckpointRecord(BaseModel):
    """What a checkpoint's weights are, and how to use them."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    epoch: int
    seed: int
    specification: Specification
    facts: Facts
    heads: dict[str, Head]
    normalisation: Scale  # of the colours; the network does it itself
    standardisation: Scale | None  # of the values that are predicted
    figures: dict[str, float | None]  # null where not finite
    training: TrainingState | None = None


class Stored(NamedTuple):
    """What a checkpoint's files hold."""

    record: CheckpointRecord
    weights: dict[str, Tensor]
    solver: dict[int, dict[str, Tensor]]  # its tensors by parameter and name
    losses: dict[str, Tensor]  # what those with a memory have learnt


def write_checkpoint(
    folder: Path,
    name: CheckpointName,
    record: CheckpointRecord,
    weights: Mapping[str, Tensor],
    solver: Mapping[int, Mapping[str, Tensor | None]] | None = None,
    losses: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a checkpoint in place of an older one of that name.

    Args:
        folder: where to; it is made if need be.
        name: best or last.
        record: what the weights are.
        weights: by name.
        solver: its tensors by parameter and name, to go on training.
        losses: what those with a memory have learnt, by name.

    Raises:
        InvalidError: it cannot be written; an older one is still there.
    """
    tensors = dict(weights) | {f"{_LOSSES}{key}": value for key, value in (losses or {}).items()}
    for parameter, state in (solver or {}).items():
        tensors |= {
            f"{_SOLVER}{parameter}/{key}": value
            for key, value in state.items()
            if value is not None
        }
    text = record.model_dump_json(indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    with _in_place(folder / f"{name}.safetensors") as path:
        plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
        save_file(plain, path, metadata={"record": text})
    with _in_place(folder / f"{name}.json") as path:
        path.write_text(text + "\n", encoding="utf-8")


def read_checkpoint(folder: Path, name: CheckpointName) -> Stored:
    """Read a checkpoint.

    Raises:
        NotFoundError: there is none of that name.
        InvalidError: it cannot be read.
    """
    path = folder / f"{name}.safetensors"
    if not path.exists():
        raise NotFoundError(
            "checkpoint.missing",
            "there is no checkpoint {name} in {folder}: no epoch has been finished there",
            name=name,
            folder=str(folder),
        )
    weights: dict[str, Tensor] = {}
    solver: dict[int, dict[str, Tensor]] = {}
    losses: dict[str, Tensor] = {}
    try:
        with safe_open(path, framework="pt") as file:
            record = CheckpointRecord.model_validate_json((file.metadata() or {})["record"])
            for key in file.keys():  # noqa: SIM118  it is no mapping
                if key.startswith(_SOLVER):
                    _, parameter, state = key.split("/")
                    solver.setdefault(int(parameter), {})[state] = file.get_tensor(key)
                elif key.startswith(_LOSSES):
                    losses[key.removeprefix(_LOSSES)] = file.get_tensor(key)
                else:
                    weights[key] = file.get_tensor(key)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise InvalidError(
            "checkpoint.unreadable",
            "the checkpoint {path} cannot be read: {why}",
            path=str(path),
            why=str(error),
        ) from None
    return Stored(record, weights, solver, losses)


def finite_figures(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Return figures as JSON can hold them: null where a value is not finite."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


@contextmanager
def _in_place(path: Path) -> Iterator[Path]:
    """Give another name to write to, and put the file in place once it is whole.

    The name is always the same: what a killed training left is overwritten by the next.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        try:
            yield unfinished
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise InvalidError(
            "checkpoint.unwritable",
            "the checkpoint {path} cannot be written: {why}",
            path=str(path),
            why=reason(error) if isinstance(error, OSError) else str(error),
        ) from error
