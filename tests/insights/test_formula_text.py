"""Formulas as text: hand-written lines, and every loss's formula readable."""

from __future__ import annotations

import re

import pytest

from model_playground.insights.formula_text import formula_text
from model_playground.losses import catalogue


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"x^{2} y_{10}", "x² y₁₀"),
        (r"\sqrt{x_1}", "√x₁"),
        (r"\sum_{c\ \mathrm{present}} w_c", "Σ[c present] w[c]"),
        (r"\left( 1 - \pi_i \right)^{\gamma}", "(1 − πᵢ)^γ"),
        (r"e^{-z}", "e^(−z)"),
        (
            r"\begin{cases} a & x < 1 \\ b & \text{otherwise} \end{cases}",
            "{ a x < 1; b otherwise }",
        ),
        (r"\unknown{x}", "unknownx"),
        ("", ""),
    ],
)
def test_reads_as_one_would_write_it(latex: str, text: str) -> None:
    assert re.sub(r" +", " ", formula_text(latex)) == text


def test_no_formula_of_a_loss_keeps_its_markup() -> None:
    for loss in catalogue.load().values():
        for latex in (loss.formula, *loss.symbols):
            text = formula_text(latex)
            assert not re.search(r"\\|_|\$", text), f"{loss.name}: {text}"
            assert text.count("(") == text.count(")"), f"{loss.name}: {text}"
