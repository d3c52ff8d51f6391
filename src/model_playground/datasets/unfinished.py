"""Folders that are written beside their place and take it when all is there."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHOWN_NAME = 40
_HOST = re.sub(r"[^\w-]", "-", socket.gethostname(), flags=re.ASCII)[:40]
_ABANDONED = re.compile(rf"\..*\.{_HOST}\.(\d{{1,9}})\.[0-9a-f]{{8}}\.unfinished", re.DOTALL)


@contextmanager
def unfinished_folder(parent: Path, name: str) -> Iterator[Path]:
    """Make a folder to write into; whoever has written all moves it, or what is in it, away.

    What is left of it at the end is removed, whatever went wrong. A process that is killed cannot
    do that: what such processes of this machine left in the same place is removed first.

    Args:
        parent: where it is made, on the disk of the place that is meant.
        name: what it is to become, to be recognised by.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(parent)
    marks = f"{_HOST}.{os.getpid()}.{secrets.token_hex(4)}"
    folder = parent / f".{name[:_SHOWN_NAME]}.{marks}.unfinished"
    try:
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    if os.name != "posix":
        return  # no harmless way to ask whether a process still runs
    for entry in os.scandir(parent):
        match = _ABANDONED.fullmatch(entry.name)
        if match and entry.is_dir(follow_symlinks=False) and not _is_running(int(match[1])):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True
