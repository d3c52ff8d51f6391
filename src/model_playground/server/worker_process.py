"""The worker beside the server: a process of its own, started anew if it dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_FAST_S = 30.0  # a worker that dies sooner is waited for longer and longer
_GRACE_S = 30.0  # to keep the best weights of what is running


def worker(workspace: Path, plugins: Sequence[Path]) -> AbstractContextManager[None]:
    """Keep a worker running on a workspace for as long as the context is open."""
    command = [sys.executable, "-m", "model_playground.work.worker", "--workspace", str(workspace)]
    for plugin in plugins:
        command += ["--plugin", str(plugin)]
    return kept_running(command)


@contextmanager
def kept_running(command: Sequence[str]) -> Iterator[None]:
    """Keep a command running for as long as the context is open, and end it then."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep_running, args=(command, over), name="worker keeper")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep_running(command: Sequence[str], over: threading.Event) -> None:
    wait_s = _FIRST_WAIT_S / 2
    while not over.is_set():
        started = time.monotonic()
        process = subprocess.Popen(command)
        while process.poll() is None and not over.wait(0.2):
            pass
        if over.is_set():
            _end(process)
            return
        lasted_s = time.monotonic() - started
        wait_s = _FIRST_WAIT_S if lasted_s > _FAST_S else min(2 * wait_s, _LONGEST_WAIT_S)
        print(
            f"The worker ended with exit code {process.returncode}; "
            f"it is started again in {wait_s:g} s.",
            file=sys.stderr,
        )
        over.wait(wait_s)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
