"""The page of the formats follows from their declarations and is current."""

from __future__ import annotations

import pytest

from model_playground.datasets.formats.format import FORMATS, Format, WritableFormat
from tools.format_page import PAGE, main, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/formats.md: run make docs"
    assert main(["--check"]) == 0


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_a_format_says_what_it_reads_and_writes(kind: type[Format]) -> None:
    assert kind.contents
    assert all(held.what and held.read for held in kind.contents)
    written = [held.written for held in kind.contents if held.written]
    assert bool(written) == issubclass(kind, WritableFormat)
    assert f"## {kind.title}\n\n{kind().summary}" in page()
