"""Numbers as people write them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_playground.datasets.numbers import NumberStyle, number_style


@pytest.mark.parametrize(
    ("cells", "decimal_comma", "numbers"),
    [
        (["1.5", "2", "-3e2"], False, [1.5, 2, -300]),
        (["1,5", "2,25"], False, [1.5, 2.25]),  # no point in the column: commas are decimal
        (["1,5", "2.5"], False, [None, 2.5]),
        (["1,5", "2.5"], True, [1.5, 2.5]),
        (["1,234.5", "2"], False, [1234.5, 2]),
        (["1.234,5", "2.000", "7"], False, [1234.5, 2000, 7]),
        (["1.234.567"], True, [1234567]),
        (["1,234,567", "1.5"], False, [1234567, 1.5]),
        (["1,234", "12.5"], False, [1234, 12.5]),
        (["1.234", "2,5"], True, [1234, 2.5]),
        (["1 234,5", "1\u202f000"], False, [1234.5, 1000]),
        (["1'234.5"], False, [1234.5]),
        (["1,23,456.5"], False, [None]),  # no groups of three
        (["12,34.5", "1.234,5"], False, [None, None]),  # either mark would be the decimal one
        (["nan", "inf", "1_000", "", "12 g"], False, [None] * 5),
    ],
)
def test_a_columns_cells_say_how_its_numbers_are_written(
    cells: list[str], decimal_comma: bool, numbers: list[float | None]
) -> None:
    style = number_style(cells, decimal_comma=decimal_comma)
    assert [style.read(cell) for cell in cells] == numbers
    assert style.ambiguous == ""


@pytest.mark.parametrize(
    ("cells", "decimal_comma", "number"),
    [(["1,234", "5"], False, 1234), (["1,234", "5"], True, 1.234), (["1.234"], True, 1.234)],
)
def test_what_may_be_two_numbers_is_said(
    cells: list[str], decimal_comma: bool, number: float
) -> None:
    style = number_style(cells, decimal_comma=decimal_comma)
    assert style.ambiguous == cells[0]
    assert style.read(cells[0]) == number


def test_a_point_in_a_cell_that_was_a_number_is_decimal() -> None:
    style = number_style(["1.234", "2,5"], decimal_comma=True, typed=True)
    assert (style.read("1.234"), style.read("2,5"), style.ambiguous) == (1.234, 2.5, "")


CELLS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.text("0123456789.,eE+-_' \u202f\u0663nifNAx\n", max_size=8),
)


@given(st.lists(CELLS, max_size=6), st.booleans())
def test_many_cells_are_read_as_each_is_alone(cells: list[str], decimal_comma: bool) -> None:
    style = number_style(cells, decimal_comma=decimal_comma)
    for one in (style, NumberStyle()):
        each = [one.read(cell) for cell in cells]
        wanted = np.array([math.nan if number is None else number for number in each], dtype=float)
        np.testing.assert_array_equal(one.read_all(cells), wanted)
