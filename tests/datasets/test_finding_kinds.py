"""Every kind of finding that the sources name is declared, and used as it is declared."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import model_playground.datasets
from model_playground.core.records import Finding
from model_playground.datasets import findings
from model_playground.datasets.finding_kinds import (
    GROUPS,
    KINDS,
    SEVERITIES,
    Kind,
    Severity,
    kind_of,
)

SOURCES = sorted(Path(model_playground.datasets.__file__).parent.rglob("*.py"))
SEVERITY_OF: dict[str, Severity] = {
    "blocking": "error",
    "warning": "warning",
    "left_out": "warning",
    "clipped": "warning",
    "information": "information",
}
IS_KIND = re.compile(r"[a-z]+(_[a-z]+)*")


def calls() -> Iterator[tuple[str, str, str]]:
    """Yield file, function and kind of every call that makes a finding of a literal kind."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                first, callee = node.args[0], node.func
                name = callee.attr if isinstance(callee, ast.Attribute) else ast.unparse(callee)
                if isinstance(first, ast.Constant) and is_said_by(name):
                    yield source.name, name, str(first.value)


def is_said_by(function: str) -> bool:
    """Whether a function makes a finding: those of `findings`, and what formats make of them."""
    return function in SEVERITY_OF or function.lstrip("_") in ("drop", "fault", "found", "said")


@pytest.mark.parametrize(("source", "function", "kind"), sorted(set(calls())))
def test_what_the_sources_say_is_declared(source: str, function: str, kind: str) -> None:
    assert kind in KINDS, f"declare {kind} of {source} in datasets/finding_kinds.py"
    if function in SEVERITY_OF:
        # The table has the gravest: what damages one format's records is a remark in another's.
        order = SEVERITIES.index
        assert order(KINDS[kind].severity) <= order(SEVERITY_OF[function])


def test_every_declared_kind_is_said_somewhere() -> None:
    said = "".join(
        source.read_text(encoding="utf-8") for source in SOURCES if source.stem != "finding_kinds"
    )
    assert [kind for kind in KINDS if f'"{kind}"' not in said] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_says_what_it_is_and_what_to_do(kind: Kind) -> None:
    assert IS_KIND.fullmatch(kind.name)
    assert kind.severity in SEVERITIES
    assert re.fullmatch(r"[A-Z0-9].*[^.]", kind.title)
    for text in (kind.explanation, kind.remedy):
        assert re.fullmatch(r"[A-Z0-9].*\.", text)


def test_no_kind_is_declared_twice() -> None:
    assert len(KINDS) == sum(map(len, GROUPS.values()))
    assert len({one.title for one in KINDS.values()}) == len(KINDS)


def test_a_kind_that_nobody_declared_is_shown_all_the_same() -> None:
    said = Finding(kind="new_fault", severity="warning", message="it is new", decision="kept")
    assert (kind_of(said).title, kind_of(said).severity) == ("New fault", "warning")
    assert kind_of(findings.warning("few_items", "")) is KINDS["few_items"]
    assert list(chain(*GROUPS.values())) == list(KINDS.values())
