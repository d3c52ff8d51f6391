"""Ctrl-C at any moment: a sentence, never a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest


def ended(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, "loss", "list"],
        capture_output=True,
        text=True,
        check=False,
        # What runs in a shell's background inherits that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


WHILE_IMPORTING = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from model_playground.cli import main
sys.exit(main())
"""


def test_it_says_so_while_it_still_starts() -> None:
    interrupted = ended(WHILE_IMPORTING)
    assert interrupted.returncode in (130, -signal.SIGINT)
    assert interrupted.stderr == "Interrupted.\n"


AT_THE_END = """
import atexit, os, signal, sys
atexit.register(os.kill, os.getpid(), signal.SIGINT)
from model_playground.cli import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_second_one_while_it_ends_shows_nothing_more() -> None:
    interrupted = ended(AT_THE_END)
    assert interrupted.returncode == -signal.SIGINT
    assert "Traceback" not in interrupted.stderr
