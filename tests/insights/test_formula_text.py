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
            "{a, x < 1; b, otherwise}",
        ),
        (r"\ln \frac{a}{b} + \exp \frac{1}{2}", "ln (a/b) + exp (1/2)"),
        (r"w_c \, p, \quad p = 1", "w[c] p,  p = 1"),
        (r"\unknown{x}", "unknownx"),
        ("", ""),
    ],
)
def test_reads_as_one_would_write_it(latex: str, text: str) -> None:
    assert formula_text(latex) == text


def test_no_formula_of_a_loss_keeps_its_markup() -> None:
    for loss in catalogue.load().values():
        for latex in (loss.formula, *loss.symbols):
            text = formula_text(latex)
            assert not re.search(r"\\|_|\$", text), f"{loss.name}: {text}"
            assert text.count("(") == text.count(")"), f"{loss.name}: {text}"


def test_only_formulas_and_symbols_are_written_in_latex() -> None:
    for loss in catalogue.load().values():
        told = (loss.summary, loss.text, loss.lowest_value, loss.uninformed_guess, loss.shape)
        described = (one.get("description", "") for one in loss.parameters["properties"].values())
        for text in (*told, loss.prefer, loss.avoid, *loss.symbols.values(), *described):
            assert not re.search(r"\\|\$|[_^]\{", text), f"{loss.name}: {text}"
