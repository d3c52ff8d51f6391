"""The report: one file that needs no other, whatever stands in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model_playground.core.records import ComparedSeries, Comparison
from model_playground.insights.figures import PAINTS
from model_playground.insights.report import (
    Answer,
    Cell,
    Figure,
    Figures,
    Listing,
    Picture,
    Report,
    Sample,
    Samples,
    Section,
    Table,
    comparison_table,
    picture_source,
    render,
    write_report,
)
from model_playground.insights.wording import Measure

VOID = {"meta", "img", "br"}


class Outline(HTMLParser):
    """Checks that elements are closed in order, and collects addresses and names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.classes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href"):
                self.addresses.append(value or "")
            if name == "id":
                self.names.append(value or "")
            if name == "class":
                self.classes.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline_of(html: str) -> Outline:
    outline = Outline()
    outline.feed(html)
    assert not outline.open
    return outline


@pytest.fixture
def report() -> Report:
    picture = Picture(picture_source(b"PNG"), "view")
    section = Section(
        name="tiles",
        title="Tiles & <cracks>",
        question="Which?",
        findings=("0.5 < 0.6",),
        blocks=(
            Table("A table", ("", "a"), ((Cell("accuracy", "validation/accuracy"), Cell("0.5")),)),
            Figures((Figure("<svg></svg>", "A caption"), Figure("<svg></svg>")), "Curves"),
            Samples(
                "Samples",
                (
                    Sample((picture,), (Answer("truth", "a"), Answer("mse", "b", right=False))),
                    Sample((picture, picture)),
                ),
                colours=(("car", "#ff0000"),),
            ),
            Samples("None", ()),
            Listing("The specification", "losses: <script>"),
        ),
    )
    return Report("What a loss does", ("First.",), (section,), "Made today")


def test_everything_stands_in_the_page(report: Report) -> None:
    html = render(report)
    outline = outline_of(html)
    for words in (
        "Tiles &amp; &lt;cracks&gt;",
        "0.5 &lt; 0.6",
        "A caption",
        "losses: &lt;script&gt;",
    ):
        assert words in html
    assert "<svg></svg>" in html
    assert "wrong" in outline.classes
    assert "b ✗" in html


def test_the_page_needs_no_other_file(report: Report) -> None:
    html = render(report)
    outline = outline_of(html)
    assert all(address.startswith(("data:", "#")) for address in outline.addresses)
    assert not re.findall(r"https?://|url\((?!#)|@import|<script|<link", html)


def test_links_lead_to_sections(report: Report) -> None:
    outline = outline_of(render(report))
    links = {address[1:] for address in outline.addresses if address.startswith("#")}
    assert links == {"tiles"}
    assert links <= set(outline.names)


def test_the_page_follows_light_and_dark(report: Report) -> None:
    html = render(report)
    assert "prefers-color-scheme: dark" in html
    styles = html[html.index("<style>") : html.index("</style>")]
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", styles)) - {"sample-width"}
    light, dark = (
        set(re.findall(r"--([a-z0-9-]+):", part))
        for part in re.findall(r":root \{(.*?)\}", styles, re.DOTALL)
    )
    assert used <= light == dark


def test_every_paint_of_the_figures_has_a_colour(report: Report) -> None:
    html = render(report)
    assert all(html.count(f"--{name}: #") == 2 for name in PAINTS)


def test_a_report_is_written_as_a_whole(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(report, path)
    assert path.read_text(encoding="utf-8") == render(report)
    assert list(tmp_path.iterdir()) == [path]


def test_a_comparison_is_laid_out_row_by_row() -> None:
    figure = ComparedSeries(
        series="validation/accuracy",
        means=(0.8, 0.9),
        spreads=(0.02, 0.01),
        differences=(None, 0.1),
        intervals=(None, (0.06, 0.14)),
        verdicts=("", "higher"),
    )
    comparison = Comparison(experiments=("a", "b"), runs=(3, 1), differing={}, figures=(figure,))
    measures = (
        Measure("validation/accuracy", "accuracy", higher_is_better=True),
        Measure("validation/loss", "loss", higher_is_better=False),
    )
    table = comparison_table(comparison, ("one", "two"), measures, caption="All")
    assert table.headings[1:] == ("one · 3 seeds", "two · 1 seed")
    assert table.rows == (
        (
            Cell("accuracy", "validation/accuracy"),
            Cell("0.800 ± 0.020"),
            Cell("0.900 ± 0.010", "+0.100 (0.060 to 0.140)"),
        ),
    )
