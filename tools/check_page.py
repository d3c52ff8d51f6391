"""Write docs/checks.md from the kinds of findings.

python -m tools.check_page            write it
python -m tools.check_page --check    say whether it is current; the exit code is 1 if not
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from model_playground.datasets.finding_kinds import GROUPS, KINDS
from tools.markdown import table, write_or_check

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"
HEAD = "<!-- Written by `make docs` from datasets/finding_kinds.py: change that, not this page. -->"
INTRODUCTION = """# What is checked

An import reports all of this but near-duplicates, and `playground dataset check NAME` looks again:
at the files as they are now, at the records, for near-duplicates, and it repeats what only the
source could show. `playground dataset check PATH` says before an import all that it would find.
Every finding has a file, a line where there are lines, and a decision; of the whole dataset, with
no file to name, is {of_all} alone:

- **kept**: it is in the dataset as it stands;
- **clipped**: a part of it is;
- **dropped**: it is left out;
- **blocks import**: nothing is imported until it is mended, or left out with `--drop-faulty`.

`--json` prints the report for programs, `--html FILE` writes it as one page with the images in
question and their boxes. The exit code of a check is 1 if there are errors. With `--strict` an
import refuses to leave anything out, and a check fails if something was: nothing may be an error,
dropped or clipped."""


def page() -> str:
    """Return the whole page."""
    of_all = ", ".join(f"`{one.name}`" for one in KINDS.values() if one.of_all)
    lines = [HEAD, "", INTRODUCTION.format(of_all=of_all), ""]
    for group, kinds in GROUPS.items():
        lines += [f"## {group}", ""]
        rows = [
            (f"{one.title} (`{one.name}`)", one.severity, one.explanation, one.remedy)
            for one in kinds
        ]
        lines += table(("finding", "severity", "what it is", "what to do"), rows)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say that it is not current."""
    return write_or_check(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
