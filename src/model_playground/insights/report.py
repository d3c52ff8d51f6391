"""One HTML file that holds everything it shows: text, tables, figures and pictures.

The file needs no network and no other file; it follows the reader's choice of light or dark and
is laid out for any width.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from model_playground.core.records import Comparison
from model_playground.core.whole_files import whole_file
from model_playground.insights.wording import Measure, difference, spread


@dataclass(frozen=True)
class Figure:
    """A figure drawn by `insights.figures`, and what one sees in it."""

    svg: str
    caption: str = ""


@dataclass(frozen=True)
class Figures:
    """Figures beside each other, where there is room."""

    figures: tuple[Figure, ...]
    title: str = ""
    kind: Literal["figures"] = "figures"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and a remark below it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first column names the rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Picture:
    """A picture as a data address, and what it shows."""

    source: str
    caption: str


@dataclass(frozen=True)
class Answer:
    """What was said about a sample, and by whom."""

    by: str
    text: str
    right: bool | None = None  # None where there is no right and wrong, as for the truth itself


@dataclass(frozen=True)
class Sample:
    """One item with its pictures and answers."""

    pictures: tuple[Picture, ...]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Samples:
    """Samples beside each other, and the meaning of the colours in them."""

    title: str
    samples: tuple[Sample, ...]
    colours: tuple[tuple[str, str], ...] = ()  # what it means, CSS colour
    caption: str = ""
    photographs: bool = False  # drawn larger and smooth, where else pixels are shown as they are
    kind: Literal["samples"] = "samples"

    @property
    def sample_width(self) -> str:
        """How wide a sample is at least: several pictures stand beside each other."""
        if any(len(sample.pictures) > 1 for sample in self.samples):
            return "min(100%, 440px)"
        return "min(100%, 250px)" if self.photographs else "150px"


@dataclass(frozen=True)
class Listing:
    """A text to open on demand, such as a specification."""

    title: str
    text: str
    kind: Literal["listing"] = "listing"


Block: TypeAlias = Figures | Table | Samples | Listing


@dataclass(frozen=True)
class Section:
    """One question and what was measured."""

    name: str  # the address within the page
    title: str
    question: str
    findings: tuple[str, ...]
    blocks: tuple[Block, ...]
    advice: str = ""  # what to do about what was found


@dataclass(frozen=True)
class Report:
    """The whole page."""

    title: str
    introduction: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str = ""


def write_report(report: Report, path: Path) -> None:
    """Write the report as a whole or not at all.

    Raises:
        InvalidError: the file cannot be written.
    """
    text = render(report)
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def render(report: Report) -> str:
    """Return the report as one HTML page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("model_playground.insights", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(report=report)


def comparison_table(
    comparison: Comparison, names: Sequence[str], measures: Sequence[Measure], *, caption: str
) -> Table:
    """Lay out a comparison: a row for each measure, a column for each experiment.

    Args:
        comparison: the figures.
        names: what the experiments are called.
        measures: the rows; one that no experiment has is left out.
        caption: stands above the table.
    """
    figures = {figure.series: figure for figure in comparison.figures}
    rows = []
    for measure in measures:
        if measure.series not in figures:
            continue
        figure = figures[measure.series]
        cells = [
            Cell(
                f"{spread(mean, deviation)} {measure.unit}".strip(),
                difference(figure, index, measure.unit),
            )
            for index, (mean, deviation) in enumerate(
                zip(figure.means, figure.spreads, strict=True)
            )
        ]
        rows.append((Cell(measure.label, measure.series), *cells))
    seeds = [
        f"{name} · {count} {'seed' if count == 1 else 'seeds'}"
        for name, count in zip(names, comparison.runs, strict=True)
    ]
    return Table(caption, ("at each run's best epoch", *seeds), tuple(rows))


def picture_source(content: bytes, kind: str = "png") -> str:
    """Return the content of a PNG file, or one of another kind, as an address that needs no file.

    >>> picture_source(b"PNG")
    'data:image/png;base64,UE5H'
    """
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
