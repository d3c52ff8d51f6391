"""Errors: a code, arguments and one English sentence that says what to do.

    PlaygroundError
    ├── NotFoundError         a name that nothing has; carries the nearest names
    ├── InvalidError          a value, file or combination that is refused (also a ValueError)
    └── StoppedError          the user stopped the work; what was finished is kept

The sentence stands where the error is raised; `render` is the one place that shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class PlaygroundError(Exception):
    """An expected failure. `code` names its kind, `arguments` what it was about.

    >>> error = PlaygroundError("split.empty_part", "the part {part!r} is empty", part="test")
    >>> error.code, str(error)
    ('split.empty_part', "the part 'test' is empty")
    """

    def __init__(self, code: str, message: str, **arguments: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.arguments = arguments

    def __str__(self) -> str:
        return self.message.format(**self.arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.message, self.arguments)

    def as_record(self) -> dict[str, Any]:
        """Return the error as JSON-ready data: code, message and arguments."""
        return {"code": self.code, "message": str(self), "arguments": self.arguments}


def _rebuild(
    kind: type[PlaygroundError], code: str, message: str, arguments: dict[str, Any]
) -> PlaygroundError:
    return kind(code, message, **arguments)


class NotFoundError(PlaygroundError):
    """A name that nothing has."""


class InvalidError(PlaygroundError, ValueError):
    """A value, a file or a combination that cannot be accepted."""


class StoppedError(PlaygroundError):
    """The user stopped the work; what was finished is kept."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> NotFoundError:
    """Return the error for an unknown name, with the nearest known names.

    >>> str(unknown_name("loss", "focl", ["focal", "mse"]))
    "there is no loss named 'focl'. Did you mean focal? Known: focal, mse"
    """
    names = sorted(known)
    nearest = get_close_matches(name, names, n=3, cutoff=0.5)
    message = f"there is no {kind} named {{name!r}}."
    if nearest:
        message += " Did you mean {nearest}?"
    if names and len(names) <= 40:
        message += " Known: {known}"
    elif not names:
        message += f" There is no {kind} yet."
    return NotFoundError(
        f"{kind.replace(' ', '_')}.unknown",
        message,
        name=name,
        nearest=" or ".join(nearest),
        known=", ".join(names[:40]),
    )


def render(error: PlaygroundError) -> str:
    """Return the text shown to a person, on the terminal and in the page."""
    return str(error)
