"""Write docs/formats.md from what each format declares of itself.

python -m tools.format_page            write it
python -m tools.format_page --check    say whether it is current; the exit code is 1 if not
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from model_playground.core.docstrings import explanation
from model_playground.datasets.formats.format import FORMATS, Format, WritableFormat
from tools.markdown import table, write_or_check

PAGE = Path(__file__).parent.parent / "docs" / "formats.md"
HEAD = "<!-- Written by `make docs` from what each format declares: change that, not this page. -->"
INTRODUCTION = """# The formats

`playground dataset import PATH --name NAME` recognises the format and says by what; `--format`
chooses one where several fit. Source files are never modified, images stay where they are, and
whatever is not taken over is reported. How a format is added: a file in
`src/model_playground/datasets/formats/`."""


def page() -> str:
    """Return the whole page."""
    formats = sorted((kind() for kind in FORMATS), key=lambda one: one.title.lower())
    lines = [HEAD, "", INTRODUCTION, "", *_overview(formats)]
    for one in formats:
        lines += _section(one)
    return "\n".join(lines).rstrip() + "\n"


def _overview(formats: Sequence[Format]) -> Iterator[str]:
    rows = [
        (
            f"[{one.title}](#{one.title.lower().replace(' ', '-')})",
            f"`{one.name}`",
            ", ".join(one.tasks).replace("_", " "),
            "✓" if isinstance(one, WritableFormat) else "–",
        )
        for one in formats
    ]
    yield from table(("format", "name", "labels for", "can be written"), rows)


def _section(one: Format) -> Iterator[str]:
    said = explanation(type(one))
    yield from (f"## {one.title}", "", said.summary, "")
    if said.text:
        yield from (said.text, "")
    if isinstance(one, WritableFormat):
        rows = [(held.what, held.read, held.written or "–") for held in one.contents]
        yield from table(("in the files", "read as", "written as"), rows)
    else:
        yield from table(
            ("in the files", "read as"), [(held.what, held.read) for held in one.contents]
        )


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say that it is not current."""
    return write_or_check(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
