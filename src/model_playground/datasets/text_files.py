"""Text files as people and programs save them."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


DESCRIPTION_BYTES = 2**22
"""The most that a text has which only describes a dataset: names of classes, places of folders.

Whoever looks whether a file is such a description must not read a gigabyte of labels for it.
"""


class UnreadableTextError(Exception):
    """Says why a file cannot be read as text; whoever wanted it says what it was for."""


def text_of(path: Path | str, *, most_bytes: int = 2**28) -> str:
    """Return a text in UTF-8, or in UTF-16 with a byte order mark; line ends become "\\n".

    Raises:
        UnreadableTextError: it cannot be opened, is no such text, or has more bytes than that.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > most_bytes:
                raise UnreadableTextError(f"it has {size:,} bytes, more than {most_bytes:,}")
            content = file.read()
        text = decoded(content)
    except OSError as error:
        raise UnreadableTextError(error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableTextError(
            f"it is not saved as UTF-8, as line {line} shows: save it anew so, which spreadsheet "
            "programs call “CSV UTF-8” and editors “Save with encoding”"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded(content: bytes) -> str:
    """Return bytes as the text that they are, in UTF-8 or in UTF-16 with a byte order mark.

    Raises:
        UnicodeDecodeError: they are neither.
    """
    return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
