"""Files that are written beside their place and take it when all is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_playground.core.errors import InvalidError

_SHOWN_NAME = 40


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write to; what was written becomes the file, or nothing is left of it.

    Raises:
        InvalidError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name[:_SHOWN_NAME]}.{os.getpid()}.unfinished")
    try:
        try:
            yield unfinished
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidError(
            "file.unwritable", "{path} cannot be written: {why}", path=str(path), why=reason(error)
        ) from error


def reason(error: OSError) -> str:
    """Return what the system says of an error, in its own words.

    >>> reason(FileNotFoundError(2, "in a library's words", "gone.txt"))
    'No such file or directory'
    """
    return os.strerror(error.errno) if error.errno else str(error)
