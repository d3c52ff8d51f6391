"""The base of every loss: a formula for each unit, from which everything else is derived.

A loss writes `terms(input, target) → (value, weight)`: the numerator and the denominator of every
unit (pixel, item, matched pair, or group × class). From it follow the three reductions, a sum over
any number of batches (`addends`), the share of one image, and an empty input that costs 0.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import torch
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)
from torch import Tensor, nn

from model_playground.core.contracts import (
    Circumstance,
    ClassWeighting,
    Layout,
    LossDeclaration,
    Reading,
    Traits,
)
from model_playground.core.declaration import parameters_schema, validated
from model_playground.core.docstrings import explanation
from model_playground.core.errors import InvalidError
from model_playground.core.expression import LossTerm
from model_playground.core.registry import Registry
from model_playground.losses import kernels
from model_playground.losses.arithmetic import in_float32 as in_float32
from model_playground.losses.arithmetic import ratio as ratio
from model_playground.losses.catalogue import ENTRY_POINTS

Reduction = Literal["mean", "sum", "none"]
REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")
ALL_LAYOUTS = (Layout.ITEM, Layout.PIXEL)


Kernel = tuple[Callable[[Tensor, Tensor, int], Any], int]
"""A pass over input and target that several losses can share: what does it, and the index or
target value that it ignores."""


class RecordedAs(NamedTuple):
    """Marks a field whose stored record has another type than the argument."""

    type: Any


def _as_list(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [value]
    return value.flatten().tolist() if isinstance(value, Tensor) else value


def _not_negative(values: list[float] | None) -> list[float] | None:
    if values is not None and not all(value >= 0 for value in values):
        raise ValueError("each factor is 0 or more")
    return values


_FACTORS: dict[str, Any] = {"type": "array", "items": {"type": "number", "minimum": 0}}
_NONE: dict[str, Any] = {"type": "null"}

Factors = Annotated[
    float | Sequence[float] | Tensor | None,
    RecordedAs(
        Annotated[
            list[float] | None,
            BeforeValidator(_as_list),
            AfterValidator(_not_negative),
            WithJsonSchema({"anyOf": [_FACTORS, _NONE]}),
        ]
    ),
]
"""Factors, mostly one for each class, as a list or a tensor; None is a factor of 1 everywhere."""


def _no_word(value: Any) -> Any:
    if isinstance(value, str) and value in get_args(ClassWeighting):
        raise ValueError(
            "an experiment computes these weights from its train part; elsewhere give numbers, as "
            "balanced_weights(counts) and effective_number_weights(counts) of "
            "model_playground.losses return them"
        )
    return _as_list(value)


ClassFactors = Annotated[
    float | Sequence[float] | Tensor | None,
    RecordedAs(
        Annotated[
            list[float] | None,
            BeforeValidator(_no_word),
            AfterValidator(_not_negative),
            WithJsonSchema(
                {
                    "anyOf": [
                        {**_FACTORS, "title": "A factor for each class"},
                        {
                            "type": "string",
                            "enum": list(get_args(ClassWeighting)),
                            "title": "Computed from the train part",
                        },
                        _NONE,
                    ]
                }
            ),
        ]
    ),
]
"""A factor for each class; a specification may have the word `balanced` or `effective` instead."""


def _of_64_bits(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("a whole number of 64 bits is wanted, as targets hold")
    return value


IgnoreIndex = Annotated[int, AfterValidator(_of_64_bits)]
"""The class index or target value that is left out of a loss."""


class Addend(NamedTuple):
    """One addend of a loss: `scale` · Σ value / Σ weight, summed over every unit."""

    name: str
    scale: float
    value: Tensor  # numerator of every unit, float32
    weight: Tensor  # denominator of every unit, of the same shape


_RECORD = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _record(loss: type[Loss]) -> type[BaseModel]:
    """Build the pydantic record of a loss's parameters from its annotations."""
    inherited = getattr(loss.__mro__[1], "Record", None)
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in (inherited.model_fields if inherited else {}).items()
    }
    hints = get_type_hints(loss, include_extras=True)
    for name in inspect.get_annotations(loss):
        if name not in vars(loss) or not _is_parameter(name, hints[name]):
            continue
        if hasattr(loss.__mro__[1], name):
            raise TypeError(f"{loss.__name__}.{name} cannot be a field: a module has that name")
        fields[name] = (_recorded_type(hints[name]), vars(loss)[name])
    return create_model(f"{loss.__name__}Record", __config__=_RECORD, **fields)


def _is_parameter(name: str, hint: Any) -> bool:
    """Say whether an annotated attribute with a value is a parameter, as in a dataclass."""
    is_of_class = get_origin(hint) is ClassVar or name in inspect.get_annotations(Loss)
    return not name.startswith("_") and not is_of_class


def _recorded_type(hint: Any) -> Any:
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, RecordedAs):
            return mark.type
    return hint


def _signature(loss: type[Loss]) -> inspect.Signature:
    defaults = {
        name: inspect.Parameter.empty if field.is_required() else field.get_default()
        for name, field in loss.Record.model_fields.items()
    }
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in {**defaults, "reduction": "mean"}.items()
        ]
    )


def _complete_docstring(loss: type[Loss]) -> None:
    """Add the parameters, which the fields describe, to a docstring that explains the rest."""
    if not loss.__doc__ or "Args:" in loss.__doc__ or not loss.Record.model_fields:
        return
    lines = [
        f"    {name}: {field.description or ''} "
        + ("(required)" if field.is_required() else f"(default {field.get_default()!r})")
        for name, field in loss.Record.model_fields.items()
    ]
    lines.append("    reduction: mean, sum or none (default 'mean')")
    loss.__doc__ = inspect.cleandoc(loss.__doc__) + "\n\nArgs:\n" + "\n".join(lines)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class Loss(nn.Module):
    """A loss: fields with defaults and bounds, a docstring, and `terms`, the formula.

    A subclass states its `name`, `title`, `family`, what it `reads`, its `traits`, and what data
    it `suits` and what it `suffers` from; annotates its parameters as
    `gamma: float = Field(default=2.0, ge=0, description="…")`, or `= 2.0` where there is nothing to
    say; explains itself in its docstring; and writes `terms`. `register` makes it known. It is an
    ordinary `nn.Module`.

    Raises:
        ValueError: a parameter is unknown or out of bounds; or, when called, a shape, a type or
            a value is not what the loss needs. The sentence names the argument.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[str]
    reads: ClassVar[tuple[Reading, ...]]
    layouts: ClassVar[tuple[Layout, ...]] = ALL_LAYOUTS
    traits: ClassVar[Traits] = Traits()
    suits: ClassVar[tuple[Circumstance, ...]] = ()  # what it was made for
    suffers: ClassVar[tuple[Circumstance, ...]] = ()  # what makes it a poor choice
    Record: ClassVar[type[BaseModel]]
    __signature__: ClassVar[inspect.Signature]

    reduction: Reduction = "mean"

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.Record = _record(cls)
        for field in cls.Record.model_fields:
            # nn.Module refuses to register a buffer under the name of a class attribute.
            if field in vars(cls):
                delattr(cls, field)
        _complete_docstring(cls)
        if "__init__" not in vars(cls):
            cls.__signature__ = _signature(cls)  # what help() and editors show

    if not TYPE_CHECKING:

        def __init__(self, *, reduction: Reduction = "mean", **parameters: Any) -> None:
            super().__init__()
            if reduction not in REDUCTIONS:
                raise InvalidError(
                    "loss.reduction",
                    "reduction={reduction!r} is refused: it is one of mean, sum, none",
                    reduction=reduction,
                )
            self.reduction = reduction
            record = validated(type(self).Record, parameters, of=type(self).__name__)
            for field in type(self).Record.model_fields:
                self._keep(field, parameters.get(field), getattr(record, field))
            self.__post_init__()

    def __post_init__(self) -> None:
        """Prepare what follows from the parameters, such as losses that this one is made of."""

    def _keep(self, field: str, given: Any, recorded: Any) -> None:
        """Keep a number as an attribute, and factors as a buffer that moves with the model."""
        if not isinstance(recorded, list):
            setattr(self, field, recorded)
            return
        values = given if isinstance(given, Tensor) else torch.tensor(recorded)
        self.register_buffer(field, values.detach().float(), persistent=False)

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return numerator and denominator of every unit, of one shape: the formula."""
        raise NotImplementedError(f"{type(self).__name__} has no terms(input, target), its formula")

    def factors(self, field: str) -> Tensor | None:
        """Return the factors that a field of that type holds, as a tensor on the loss's device."""
        held = getattr(self, field)
        assert held is None or isinstance(held, Tensor)
        return held

    def check(self, input: Tensor, target: Tensor) -> None:
        """Raise a ValueError that names the argument if the input or the target is unfit."""

    def addends(
        self, input: Tensor, target: Tensor, *, per_image: bool = False
    ) -> tuple[Addend, ...]:
        """Return the addends, summable over batches.

        With `per_image`, the first axis of every value and weight is the image, and a loss that
        groups a batch groups each image instead: what is summed so does not depend on how the
        images were put into batches. A fast path, where there is one for this input, gives the
        sums of each image's units in place of the units.
        """
        if kernels.apply_to(input):
            sums = self.fast_addends(input, target, per_image=per_image)
            if sums is not None:
                return sums
        return self.formula_addends(input, target, per_image=per_image)

    def formula_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...]:
        """Return the addends as the formula gives them: one value for each unit."""
        value, weight = self.terms(input, target)
        return (Addend(self.name, 1.0, value, weight),)

    def fast_addends(
        self, input: Tensor, target: Tensor, *, per_image: bool
    ) -> tuple[Addend, ...] | None:
        """Return the same addends by a kernel, summed over each image's units; None if none fits.

        Names and scales are those of `formula_addends`; the first axis of every value and weight
        is the image. A kernel may be asked for a second derivative, and answers by the formula.
        """
        kernel = self.kernel(input, target)
        if kernel is None:
            return None
        run, ignored = kernel
        return self.addends_of_sums(run(input, target, ignored), per_image=per_image)

    def kernel(self, input: Tensor, target: Tensor) -> Kernel | None:
        """Return the pass that gives all that this loss needs of input and target, if there is one.

        Losses with the same one share it in a weighted sum.
        """
        return None

    def addends_of_sums(self, sums: Any, *, per_image: bool) -> tuple[Addend, ...]:
        """Return the addends from what `kernel` gave."""
        raise NotImplementedError

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss, reduced as `reduction` says."""
        self.check(input, target)
        if self.reduction == "none":
            return self.unreduced(input, target)
        return reduced(self.addends(input, target), self.reduction)

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the value of every unit."""
        return self.terms(input, target)[0]

    def extra_repr(self) -> str:
        """Show the parameters that differ from their defaults."""
        shown = {
            name: value
            for name, field in type(self).Record.model_fields.items()
            if not _same(value := getattr(self, name), field.default)
        }
        if self.reduction != "mean":
            shown["reduction"] = self.reduction
        return ", ".join(f"{name}={_readable(value)!r}" for name, value in shown.items())


def _same(value: Any, default: Any) -> bool:
    return not isinstance(value, Tensor) and bool(value == default)


def _readable(value: Any) -> Any:
    return value.tolist() if isinstance(value, Tensor) else value


def reduced(addends: Iterable[Addend], reduction: Literal["mean", "sum"]) -> Tensor:
    """Sum the addends: Σ scale · Σ value / Σ weight; for the sum without the division."""
    parts = []
    for addend in addends:
        part = _total(addend.value)
        if reduction == "mean":
            part = ratio(part, _total(addend.weight))
        parts.append(part if addend.scale == 1 else addend.scale * part)
    return sum(parts[1:], start=parts[0])


def _total(units: Tensor) -> Tensor:
    return units.sum() if units.ndim else units  # a sum of one number costs as much as its loss


def image_losses(addends: Iterable[Addend]) -> Tensor:
    """Return each image's loss, (N,), from addends whose first axis is the image."""
    return torch.stack(
        [
            addend.scale * ratio(_image_sums(addend.value), _image_sums(addend.weight))
            for addend in addends
        ]
    ).sum(0)


def _image_sums(units: Tensor) -> Tensor:
    return units.flatten(1).sum(1) if units.ndim > 1 else units


def joint_addends(
    losses: Sequence[Loss], input: Tensor, target: Tensor, *, per_image: bool
) -> list[tuple[Addend, ...]]:
    """Return the addends of several losses of one input; a kernel that several want runs once."""
    wanted = [
        loss.kernel(input, target) if len(losses) > 1 and kernels.apply_to(input) else None
        for loss in losses
    ]
    times = Counter(kernel for kernel in wanted if kernel is not None)
    passes = {
        (run, ignored): run(input, target, ignored) for (run, ignored), n in times.items() if n > 1
    }
    return [
        loss.addends_of_sums(passes[kernel], per_image=per_image)
        if kernel in passes
        else loss.addends(input, target, per_image=per_image)
        for loss, kernel in zip(losses, wanted, strict=True)
    ]


class WeightedSum(Loss):
    """A weighted sum of losses that read the same input and target.

    Its addends are those of its losses, each with its own denominator.
    """

    def __init__(
        self, losses: Sequence[Loss], weights: Sequence[float], *, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        if len(losses) != len(weights) or not losses:
            raise InvalidError(
                "loss.weights",
                "weights has {weights} numbers for {losses} losses: it needs one for each",
                weights=len(weights),
                losses=len(losses),
            )
        self.losses = nn.ModuleList(losses)
        self.weights = tuple(float(weight) for weight in weights)

    def check(self, input: Tensor, target: Tensor) -> None:
        for loss in self.losses:
            assert isinstance(loss, Loss)
            loss.check(input, target)

    def addends(
        self, input: Tensor, target: Tensor, *, per_image: bool = False
    ) -> tuple[Addend, ...]:
        losses = [loss for loss in self.losses if isinstance(loss, Loss)]
        found = joint_addends(losses, input, target, per_image=per_image)
        return tuple(
            addend._replace(scale=weight * addend.scale)
            for addends, weight in zip(found, self.weights, strict=True)
            for addend in addends
        )

    def unreduced(self, input: Tensor, target: Tensor) -> Tensor:
        """Return each image's own loss, (N,): the units of the losses may differ."""
        return image_losses(self.addends(input, target, per_image=True))

    def extra_repr(self) -> str:
        return f"weights={self.weights}"


LossType = TypeVar("LossType", bound=type[Loss])
LOSSES: Registry[type[Loss]] = Registry(
    "loss", package="model_playground.losses", group=ENTRY_POINTS
)


def register(loss: LossType) -> LossType:
    """Make a loss known everywhere: a class decorator.

    Raises:
        TypeError: the class does not state what every loss states of itself, or its name cannot
            be written as in `focal(gamma=2)`.
    """
    missing = [name for name in ("name", "title", "family", "reads") if not hasattr(loss, name)]
    if missing:
        raise TypeError(f"{loss.__name__} does not state its {' and '.join(missing)}")
    if not isinstance(loss.name, str) or not loss.name.isidentifier():
        raise TypeError(f"the name {loss.name!r} is refused: letters, digits and _ make a name")
    if not loss.reads or not all(isinstance(reading, Reading) for reading in loss.reads):
        raise TypeError(f"{loss.__name__}.reads is refused: it is a tuple of one Reading or more")
    LOSSES.register(loss)
    return loss


def build(terms: Sequence[LossTerm]) -> Loss:
    """Build the module for a slot's loss from its records.

    >>> from model_playground.core.expression import parse_losses
    >>> build(parse_losses("mse"))
    MSELoss()
    """
    losses = [LOSSES[term.loss](**term.parameters) for term in terms]
    if len(losses) == 1 and terms[0].weight == 1:
        return losses[0]
    return WeightedSum(losses, [term.weight for term in terms])


def declaration(loss: type[Loss]) -> LossDeclaration:
    """Return everything about a loss that can be known without torch."""
    said = explanation(loss)
    sections = said.sections
    module = sys.modules[loss.__module__]
    return LossDeclaration(
        name=loss.name,
        title=loss.title,
        family=loss.family,
        class_name=loss.__name__,
        module=loss.__module__,
        plugin=getattr(module, "__plugin__", None),
        reads=loss.reads,
        layouts=loss.layouts,
        traits=loss.traits,
        suits=loss.suits,
        suffers=loss.suffers,
        summary=said.summary,
        text=said.text,
        formula=sections.get("Formula", ""),
        symbols=_definitions(sections.get("Symbols", "")),
        lowest_value=_joined(sections.get("Lowest value", "")),
        uninformed_guess=_joined(sections.get("Uninformed guess", "")),
        prefer=_joined(sections.get("Prefer", "")),
        avoid=_joined(sections.get("Avoid", "")),
        shape=_joined(sections.get("Shape", "")),
        example=sections.get("Example", ""),
        reference=_joined(sections.get("Reference", "")),
        parameters=parameters_schema(loss.Record),
    )


def _joined(text: str) -> str:
    return " ".join(text.split())


def _definitions(text: str) -> dict[str, str]:
    """Read `symbol: meaning` lines; an indented line continues the one before."""
    definitions: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith(" ") and definitions:
            definitions[list(definitions)[-1]] += " " + line.strip()
        elif ": " in line:
            symbol, meaning = line.split(": ", 1)
            definitions[symbol.strip()] = meaning.strip()
    return definitions
