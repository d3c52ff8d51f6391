"""Ctrl-C at any moment: a sentence, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model_playground.cli.progress import training
from model_playground.core.events import RunFinished


def ended(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        # What runs in a shell's background inherits that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


WHILE_IMPORTING = """
import os, runpy, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "{imported}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""


def test_it_says_so_while_it_still_starts() -> None:
    interrupted = ended(WHILE_IMPORTING.format(imported="typer", module="model_playground.cli"))
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
    interrupted = ended(AT_THE_END, "task", "list")
    assert interrupted.returncode == -signal.SIGINT
    assert "Traceback" not in interrupted.stderr


def test_a_worker_that_still_imports_ends_without_a_word() -> None:
    code = WHILE_IMPORTING.format(imported="torch", module="model_playground.work.worker")
    interrupted = ended(code)
    assert interrupted.returncode == -signal.SIGINT
    assert interrupted.stderr == ""


@pytest.mark.slow
def test_a_demo_says_that_it_was_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "model_playground.cli", "demo", "--quick", "--out"]
    process = subprocess.Popen(
        [*command, tmp_path / "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert "workers" in process.stdout.readline()  # those are running
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)  # it goes to the workers too, as at a terminal
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "the demo was stopped before its end\n"
    assert not (tmp_path / "demo" / "report.html").exists()


def test_a_training_without_a_finished_epoch_says_that_nothing_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with training() as show:
        show(
            RunFinished(
                outcome="interrupted", epochs_done=0, best_epoch=None, monitor="", best_value=None
            )
        )
    said = "Interrupted before the end of the first epoch: there are no weights to keep.\n"
    assert capsys.readouterr().out == said
