r"""A LaTeX formula as a line of text, for the terminal: `\frac{a}{b}` becomes `a / b`.

It knows what the formulas of losses are written with. A command that it does not know is shown by
its name.
"""

from __future__ import annotations

import re
import unicodedata

_GREEK = "alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ"
_MORE_GREEK = "mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ phi φ chi χ psi ψ omega ω varepsilon ε"
_CAPITALS = "varphi φ Gamma Γ Delta Δ Lambda Λ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω Theta Θ"
_OPERATORS = "sum Σ prod Π int ∫ infty ∞ partial ∂ nabla ∇ cdot · times × pm ± le ≤ leq ≤ ge ≥"
_RELATIONS = "geq ≥ neq ≠ ne ≠ approx ≈ in ∈ notin ∉ cap ∩ cup ∪ ell ℓ to → mapsto ↦ neg ¬ mid |"
_FENCES = "lVert ‖ rVert ‖ Vert ‖ | ‖ lvert | rvert | vert | lfloor ⌊ rfloor ⌋ langle ⟨ rangle ⟩"
_OTHERS = "dots … ldots … cdots … setminus \\ { { } } % %"
_NAMED = (_GREEK, _MORE_GREEK, _CAPITALS, _OPERATORS, _RELATIONS, _FENCES, _OTHERS)
_words = " ".join(_NAMED).split()
_SIGNS = {
    **dict(zip(_words[::2], _words[1::2], strict=True)),
    **dict.fromkeys((",", ";", ":", " "), " "),
    **dict.fromkeys(("quad", "qquad"), "\t"),  # wider than what stands between two factors
    **dict.fromkeys(("!", "left", "right", "big", "Big", "bigl", "bigr", "limits"), ""),
    "\\": "; ",
}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7"}
_PLAIN = ("mathrm", "text", "operatorname", "mathbf", "mathcal", "mathit", "textrm", "boldsymbol")
_FRACTIONS = ("frac", "tfrac", "dfrac")
_FUNCTIONS = ("exp", "ln", "log", "sin", "cos", "tan", "arcsin", "arctan", "cosh", "tanh")
_LOWERED = dict(
    zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_RAISED = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]|\s+|[^\\{}^_&\s]", re.DOTALL)


def formula_text(latex: str) -> str:
    r"""Return a formula as a line of text.

    >>> formula_text(r"\frac{1}{N} \sum_{i=1}^{N} (\hat{y}_i - y_i)^2")
    '1/N Σ[i=1…N] (ŷᵢ − yᵢ)²'
    >>> formula_text(r"-\alpha_{y_i} (1 - p_{i,y_i})^{\gamma} \log p_{i,y_i}")
    '−α[yᵢ] (1 − p[i,yᵢ])^γ log p[i,yᵢ]'
    """
    text = _Reader(_TOKEN.findall(" ".join(latex.split()))).read()
    text = text.replace("-", "−")
    for wrong, right in (
        (r" +([,;)])", r"\1"),
        (r"([({]) +", r"\1"),
        (r" +\}", "}"),
        (r" {2,}", " "),
        (r" *\t *", "  "),
    ):
        text = re.sub(wrong, right, text)
    return unicodedata.normalize("NFC", text).strip()


class _Reader:
    """Reads tokens from left to right; a group in braces is read by itself."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def read(self) -> str:
        """Read to the end, or to the brace that closes the group."""
        parts: list[str] = []
        while self._at < len(self._tokens):
            token = self._take()
            if token == "}":
                break
            if token in "^_":
                self._attach(parts, token)
            elif token[1:] in _FRACTIONS and self._follows_a_function(parts):
                parts.append(f"({self._one(token)})")
            else:
                parts.append(self._one(token))
        return "".join(parts)

    @staticmethod
    def _follows_a_function(parts: list[str]) -> bool:
        """Say whether a fraction is what a function is taken of, as a bar shows and no slash."""
        return next((part for part in reversed(parts) if part.strip()), "") in _FUNCTIONS

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _argument(self) -> str:
        """Read what a command or an index applies to: a group, or the next sign."""
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._one(self._take()).strip() if self._at < len(self._tokens) else ""

    def _one(self, token: str) -> str:
        if token == "{":
            return self.read()
        if token == "&":
            return ", "
        if not token.startswith("\\"):
            return " " if token.isspace() else token
        name = token[1:]
        if name in _FRACTIONS:
            above, below = self._argument(), self._argument()
            return f"{_enclosed(above)}/{_enclosed(below)}"
        if name == "sqrt":
            return f"√{_enclosed(self._argument())}"
        if name in _ACCENTS:
            argument = self._argument()
            return argument + _ACCENTS[name] if len(argument) == 1 else f"{name}({argument})"
        if name in _PLAIN:
            return self._argument()
        if name in ("begin", "end"):
            environment = self._argument()
            return {"begin": "{", "end": "}"}[name] if environment == "cases" else ""
        return _SIGNS.get(name, name)

    def _attach(self, parts: list[str], mark: str) -> None:
        argument = self._argument()
        before = parts[-1] if parts else ""
        if before in ("Σ", "Π") and mark == "_":
            above = self._upper_end()
            parts.append(f"[{argument}…{above}]" if above else f"[{argument}]")
            return
        signs = _LOWERED if mark == "_" else _RAISED
        if argument and all(sign in signs for sign in argument):
            parts.append("".join(signs[sign] for sign in argument))
        elif mark == "_":
            parts.append(f"[{argument}]")
        else:
            parts.append(f"^{argument if len(argument) == 1 else f'({argument})'}")

    def _upper_end(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at] == "^":
            self._at += 1
            return self._argument()
        return ""


def _enclosed(text: str) -> str:
    """Put parentheses around what would otherwise fall apart beside a slash or a root."""
    text = text.strip()
    whole = re.fullmatch(r"\w*[\w\u0300-\u036f\u20d7⁰-₟ᵢ-ᵪₓ]*(\[[^\[\]]*\])?", text)
    return text if whole or not text else f"({text})"
