"""An experiment's specification: one YAML file, the same in the page, the command line and Python.

This is its structure. Whether its names exist and fit together is checked by
`model_playground.work.validation`, which knows the registries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from model_playground.core.declaration import validated
from model_playground.core.errors import InvalidError
from model_playground.core.expression import LossTerm, parse_losses

SCHEMA_VERSION: Literal[1] = 1


class Choice(BaseModel):
    """A thing chosen by name, with its parameters."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


def _choice(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _losses(value: Any) -> Any:
    return parse_losses(value) if isinstance(value, str) else value


NamedChoice = Annotated[Choice, BeforeValidator(_choice)]
LossSum = Annotated[tuple[LossTerm, ...], BeforeValidator(_losses), Field(min_length=1)]


class EarlyStopping(BaseModel):
    """Stop when the monitored series has not improved for `patience` epochs."""

    model_config = ConfigDict(extra="forbid")

    monitor: str = Field(
        default="validation/loss", description="the series to watch, such as validation/accuracy"
    )
    patience: int = Field(
        default=10, ge=1, description="epochs without improvement before stopping"
    )
    minimum_delta: float = Field(
        default=0.0, ge=0, description="a smaller change than this is no improvement"
    )


class Training(BaseModel):
    """How long, how fast and on what an experiment trains."""

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=10, ge=1, description="passes over the train part")
    batch_size: int = Field(default=32, ge=1, description="images per step through the model")
    accumulate: int = Field(
        default=1, ge=1, description="batches per update; their losses are averaged as one batch"
    )
    image_size: int = Field(
        default=96, ge=8, le=4096, description="images are resized to this many pixels a side"
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="the first run's seed")
    repeats: int = Field(default=1, ge=1, le=100, description="runs, each with the next seed")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where to train")
    precision: Literal["32", "bf16", "16"] = Field(
        default="32", description="bits of the arithmetic; bf16 and 16 keep the losses in float32"
    )
    loader_processes: int = Field(
        default=0, ge=0, le=64, description="processes that read images; 0 reads in the training's"
    )
    early_stopping: EarlyStopping | None = Field(
        default=None, description="stop early; without it every epoch is trained"
    )


class Plugin(BaseModel):
    """A user's own file, by path and content: a worker loads it only if the content is the same."""

    model_config = ConfigDict(extra="forbid")

    path: str
    sha256: str


class Specification(BaseModel):
    """Everything needed to run an experiment again."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(default="", description="the experiment's name; made up if empty")
    split: str = Field(description="the split to train, validate and test on")
    task: str
    architecture: NamedChoice
    backbone: str = Field(default="", description="the architecture's default if empty")
    weights: str = Field(
        default="pretrained",
        title="Weights",
        description="pretrained, none, or a path to a safetensors file",
    )
    losses: dict[str, LossSum] = Field(
        default_factory=dict, description="a loss for each slot; the task's default where missing"
    )
    metrics: tuple[str, ...] = Field(default=(), description="the task's own if empty")
    solver: NamedChoice = Choice(name="adamw")
    scheduler: NamedChoice = Choice(name="cosine")
    augmentations: tuple[NamedChoice, ...] = ()
    training: Training = Training()
    plugins: tuple[Plugin, ...] = ()

    def to_yaml(self) -> str:
        """Return the specification as YAML, with losses written as expressions."""
        record = self.model_dump(mode="json")
        record["losses"] = {
            slot: " + ".join(str(term) for term in terms) for slot, terms in self.losses.items()
        }
        return yaml.safe_dump(record, sort_keys=False, allow_unicode=True)


def read_specification(path: Path) -> Specification:
    """Read a specification from a YAML file.

    Raises:
        InvalidError: the file is missing, is no YAML, or has unknown or refused entries.
    """
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidError(
            "specification.unreadable",
            "the specification {path} cannot be read: {why}",
            path=str(path),
            why=error.strerror or str(error),
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidError(
            "specification.no_yaml", "{path} is no YAML: {why}", path=str(path), why=str(error)
        ) from None
    if not isinstance(record, dict):
        raise InvalidError(
            "specification.no_record",
            "{path} holds no specification: it needs at least split, task and architecture",
            path=str(path),
        )
    return validated(Specification, record, of="the specification")
