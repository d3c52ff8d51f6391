"""Read the parts of a declaration's docstring: the one place where a thing is explained."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

_HEADING = re.compile(r"^([A-Z][A-Za-z ]+):$")


class Explanation(NamedTuple):
    """A docstring taken apart: its first sentence, its text, and its sections by heading."""

    summary: str
    text: str
    sections: dict[str, str]


def explanation(documented: object) -> Explanation:
    """Take apart a docstring whose sections are headed by `Heading:` on a line of its own.

    >>> def area():
    ...     '''Measure a floor.
    ...
    ...     In square metres.
    ...
    ...     Formula:
    ...         a b
    ...     '''
    >>> explanation(area)
    Explanation(summary='Measure a floor.', text='In square metres.', sections={'Formula': 'a b'})
    """
    lines = (inspect.getdoc(documented) or "").splitlines()
    sections: dict[str, list[str]] = {}
    current = sections.setdefault("", [])
    for line in lines:
        heading = _HEADING.match(line)
        if heading:
            current = sections.setdefault(heading.group(1), [])
        else:
            current.append(line)
    body = {
        name: inspect.cleandoc("\n" + "\n".join(text)).strip() for name, text in sections.items()
    }
    summary, _, text = body.pop("").partition("\n\n")
    return Explanation(" ".join(summary.split()), text.strip(), body)
