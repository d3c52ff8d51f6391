"""Parameters: faults become sentences, and a schema gives back the record it came from."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from model_playground.core.declaration import parameters_schema, record_of_schema, validated
from model_playground.core.errors import InvalidError


class Example(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gamma: float = Field(2.0, ge=0)
    count: int = Field(3, gt=0, lt=10)
    kind: Literal["a", "b"] = "a"
    weight: list[Annotated[float, Field(ge=0)]] | None = None
    on: bool = False


Rebuilt = record_of_schema("Rebuilt", parameters_schema(Example))

FAULTS: list[dict[str, object]] = [
    {"gamma": -1},
    {"gamma": "x"},
    {"gamma": float("nan")},
    {"count": 0},
    {"count": 10},
    {"count": 1.5},
    {"kind": "c"},
    {"weight": [1, -1]},
    {"weight": 3},
    {"gama": 2},
]


@pytest.mark.parametrize(
    "given", [{}, {"gamma": 1}, {"kind": "b", "weight": [1, 0.5]}, {"on": True}]
)
def test_a_rebuilt_record_accepts_the_same(given: dict[str, object]) -> None:
    assert Rebuilt(**given).model_dump() == Example(**given).model_dump()  # type: ignore[arg-type]


@pytest.mark.parametrize("given", FAULTS)
def test_a_rebuilt_record_refuses_the_same(given: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        validated(Rebuilt, given, of="the example")


def test_faults_are_sentences_that_name_the_parameter() -> None:
    with pytest.raises(InvalidError) as caught:
        validated(Example, {"gama": 1, "count": 12}, of="the loss example")
    message = str(caught.value)
    assert "count=12 is refused for the loss example" in message
    assert "the loss example has no parameter 'gama'; did you mean gamma?" in message


class Several(BaseModel):
    model_config = ConfigDict(extra="forbid")

    weight: list[Annotated[float, Field(ge=0)]] | Literal["balanced", "effective"] | None = None
    size: int = 1


@pytest.mark.parametrize("record", [Several, record_of_schema("R", parameters_schema(Several))])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"weight": "balancd", "size": 0.5},
            "weight='balancd' is refused for the loss: wanted is a list, or 'balanced' or "
            "'effective', or null; size=0.5 is refused for the loss: input should be a valid "
            "integer, got a number with a fractional part",
        ),
        (
            {"weight": [1, -1, "x"]},
            "weight.1=-1 is refused for the loss: input should be greater than or equal to 0",
        ),
        ({"weight": True}, "weight=True is refused for the loss: wanted is a list, or"),
    ],
)
def test_a_parameter_of_several_kinds_has_one_sentence(
    record: type[BaseModel], given: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        validated(record, given, of="the loss")
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).count("weight") == 1
