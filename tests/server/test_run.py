"""Starting the server and keeping its worker alive."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from model_playground.core.errors import InvalidError
from model_playground.server.run import serve
from model_playground.server.worker_process import kept_running

PROGRAM = """
import os, sys, time
with open(sys.argv[1], "a") as file:
    print(os.getpid(), file=file)
time.sleep(0 if os.path.getsize(sys.argv[1]) < 12 else 60)
"""


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_running(process: int) -> bool:
    """Tell whether there is a process with that id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidError, match=f"127.0.0.1:{port}.*--port"):
            serve(workspace=tmp_path, port=port)


def test_a_worker_that_dies_is_started_again_and_ends_with_the_server(tmp_path: Path) -> None:
    started = tmp_path / "started"
    started.touch()

    def processes() -> list[int]:
        return [int(line) for line in started.read_text().splitlines()]

    with kept_running([sys.executable, "-c", PROGRAM, str(started)]):
        wait_for(lambda: len(processes()) >= 2)
        last = processes()[-1]
        assert is_running(last)
    assert not is_running(last)
