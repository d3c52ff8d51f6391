"""The base of everything that is chosen by name and has parameters, the losses excepted.

A solver, scheduler, augmentation or architecture is a pydantic record: its fields, with defaults
and bounds, are the form in the page, the stored record and the documentation. What needs torch is
imported inside its `build`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import reduce
from itertools import groupby
from operator import or_
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from model_playground.core.docstrings import explanation
from model_playground.core.errors import InvalidError
from model_playground.core.records import ChoiceRecord


class Declaration(BaseModel):
    """A thing chosen by name: `name` and `title` on the class, parameters as fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    title: ClassVar[str]

    @classmethod
    def choice(cls) -> ChoiceRecord:
        """Describe this thing for a listing or a form."""
        said = explanation(cls)
        return ChoiceRecord(
            name=cls.name,
            title=cls.title,
            summary=said.summary,
            text=said.text,
            reference=said.sections.get("Reference", ""),
            parameters=parameters_schema(cls),
        )


def parameters_schema(record: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a record's parameters, without pydantic's own titles."""
    schema = record.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    schema.setdefault("properties", {})
    for name, field in schema["properties"].items():
        declared = record.model_fields[name].title
        field["title"] = declared or name.replace("_", " ").capitalize()
    return schema


R = TypeVar("R", bound=BaseModel)


def validated(record: type[R], parameters: dict[str, Any], *, of: str) -> R:
    """Build a record from parameters that a user gave, or raise one sentence for each fault.

    Args:
        record: the pydantic model to build.
        parameters: what the user gave.
        of: what the parameters belong to, for the sentence: "the loss focal".

    Raises:
        InvalidError: a parameter is unknown, of the wrong type or out of bounds.
    """
    try:
        return record.model_validate(parameters)
    except ValidationError as invalid:
        faults = "; ".join(_faults(invalid, record, of))
        raise InvalidError("parameter.invalid", "{faults}", faults=faults, of=of) from None


def _faults(invalid: ValidationError, record: type[BaseModel], of: str) -> Iterator[str]:
    """Yield a sentence for each fault, and one alone for a field of several kinds of values.

    Of such a field pydantic tells each kind's fault. What is wrong inside of a value of the right
    kind is told; else what is wanted, all kinds together.
    """
    errors: list[dict[str, Any]] = [{**error} for error in invalid.errors()]
    for field, group in groupby(errors, key=lambda error: error["loc"][:1]):
        of_field = list(group)
        if not field or not _takes_several_kinds(record, field[0]):
            yield from (_fault(error, record, of) for error in of_field)
            continue
        inside = [error for error in of_field if len(error["loc"]) > 2]
        for error in inside[:1]:
            yield _fault({**error, "loc": field + error["loc"][2:]}, record, of)
        if not inside:
            schema = record.model_json_schema()["properties"][field[0]]
            wanted = bounds_text(schema)
            yield f"{field[0]}={of_field[0]['input']!r} is refused for {of}: wanted is {wanted}"


def _takes_several_kinds(record: type[BaseModel], field: str) -> bool:
    annotation = record.model_fields[field].annotation if field in record.model_fields else None
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return get_origin(annotation) in (Union, UnionType) and len(kinds) > 1


def _fault(error: dict[str, Any], record: type[BaseModel], of: str) -> str:
    name = ".".join(str(part) for part in error["loc"]) or "value"
    if error["type"] == "extra_forbidden":
        known = list(record.model_fields)
        nearest = get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"it has: {', '.join(known) or 'none'}"
        return f"{of} has no parameter {name!r}; {hint}"
    if error["type"] == "missing":
        return f"{of} needs the parameter {name!r}"
    wanted = error["msg"][0].lower() + error["msg"][1:]
    return f"{name}={error['input']!r} is refused for {of}: {wanted.removeprefix('value error, ')}"


_BOUNDS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
_TYPES: dict[str, Any] = {
    "number": float,
    "integer": int,
    "boolean": bool,
    "string": str,
    "null": None,
    "object": dict[str, Any],
}


def record_of_schema(name: str, schema: dict[str, Any]) -> type[BaseModel]:
    """Rebuild the record that a parameters' schema describes, without the class it came from.

    It checks what the schema says: names, types, bounds and choices. So a specification is
    checked against a loss's declaration without importing the loss.

    >>> schema = {"properties": {"gamma": {"type": "number", "minimum": 0, "default": 2.0}}}
    >>> record_of_schema("Focal", schema)(gamma=1).gamma
    1.0
    """
    required = schema.get("required", ())
    fields: dict[str, Any] = {
        field: (_type_of(part), ... if field in required else part.get("default"))
        for field, part in schema["properties"].items()
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)


def _type_of(schema: dict[str, Any]) -> Any:
    if "enum" in schema or "const" in schema:
        return Literal[tuple(schema.get("enum", (schema.get("const"),)))]
    if "anyOf" in schema:
        return reduce(or_, (_type_of(option) for option in schema["anyOf"]))
    if schema.get("type") == "array":
        return list[_type_of(schema.get("items", {}))]  # type: ignore[misc]
    bounds = {_BOUNDS[word]: schema[word] for word in _BOUNDS if word in schema}
    kind = _TYPES.get(schema.get("type", ""), Any)
    return (
        Annotated[kind, Field(allow_inf_nan=False, **bounds)]
        if kind is float
        else (Annotated[kind, Field(**bounds)])
    )


def default_text(schema: dict[str, Any]) -> str:
    """Return a parameter's default as it is written in an expression; empty if it has none.

    >>> default_text({"default": None}), default_text({"default": "skip"}), default_text({})
    ('null', "'skip'", '')
    """
    if "default" not in schema:
        return ""
    default = schema["default"]
    if default is None or isinstance(default, bool):
        return {None: "null", True: "true", False: "false"}[default]
    return f"{default:.4g}" if isinstance(default, float) else repr(default)


def bounds_text(schema: dict[str, Any]) -> str:
    """Return in words which values a parameter takes.

    >>> bounds_text({"type": "number", "minimum": 0, "exclusiveMaximum": 1})
    'a number, 0 or more, below 1'
    >>> bounds_text({"anyOf": [{"type": "array"}, {"type": "null"}]})
    'a list, or null'
    """
    if "anyOf" in schema:
        return ", or ".join(bounds_text(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(repr(one) for one in schema.get("enum", (schema.get("const"),)))
    kind = _KINDS.get(schema.get("type", ""), "a value")
    limits = [
        words.format(f"{schema[word]:g}") for word, words in _LIMITS.items() if word in schema
    ]
    return ", ".join([kind, *limits])


_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "a text",
    "null": "null",
    "array": "a list",
    "object": "parameters by name",
}
_LIMITS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "above {}",
    "maximum": "{} or less",
    "exclusiveMaximum": "below {}",
}
