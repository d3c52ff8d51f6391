"""The notation for losses: what it reads, and what it refuses with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_playground.core.errors import InvalidError
from model_playground.core.expression import LossTerm, parse_losses, parse_slot


def test_a_sum_is_read_in_order() -> None:
    terms = parse_losses("giou + 0.5*l1(beta=2) + 3*dice")
    assert terms == (
        LossTerm(loss="giou"),
        LossTerm(loss="l1", weight=0.5, parameters={"beta": 2}),
        LossTerm(loss="dice", weight=3),
    )


def test_lists_texts_and_booleans_are_parameters() -> None:
    (term,) = parse_losses('focal(alpha=[1, 2.5], kind="x", on=True, off=false, none=null)')
    assert term.parameters == {
        "alpha": [1, 2.5],
        "kind": "x",
        "on": True,
        "off": False,
        "none": None,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "focal(",
        "focal(2)",
        "focal(**x)",
        "focal - mse",
        "-1*focal",
        "0*focal",
        "1e999*focal",
        "True*focal",
        "focal*2",
        "f.g(x=1)",
        "focal(gamma=g)",
        "focal(gamma=open('x'))",
        "(" * 500,
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidError, match="Write it like"):
        parse_losses(text)


values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans(), st.none()
)


@given(
    st.lists(
        st.builds(
            LossTerm,
            loss=st.sampled_from(["focal", "mse", "giou"]),
            weight=st.sampled_from([1, 0.5, 3, 0.125]),
            parameters=st.dictionaries(st.sampled_from(["gamma", "alpha"]), values),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_written_reads_back(terms: list[LossTerm]) -> None:
    assert parse_losses(" + ".join(str(term) for term in terms)) == tuple(terms)


@pytest.mark.parametrize(
    ("text", "slot", "expression"),
    [
        ("class=focal(gamma=2)", "class", "focal(gamma=2)"),
        (" box = giou + l1", "box", "giou + l1"),
        ("focal(gamma=2)", None, "focal(gamma=2)"),
    ],
)
def test_a_slot_may_stand_before_the_expression(
    text: str, slot: str | None, expression: str
) -> None:
    assert parse_slot(text) == (slot, expression)
