"""The page of the checks follows from the kinds of findings and is current."""

from __future__ import annotations

from tools.check_page import PAGE, main, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/checks.md: run make docs"
    assert main(["--check"]) == 0
