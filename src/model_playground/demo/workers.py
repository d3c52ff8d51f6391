"""Workers for the demo: processes that run the queued experiments beside each other.

Small models gain little from more than one thread: a worker for each core is faster.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_playground.core.errors import PlaygroundError

MOST_WORKERS = 4  # each takes about a gigabyte of memory
_GRACE_S = 30.0  # to keep the best weights of what is running


class Workers:
    """The running workers of a workspace."""

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self._processes = processes

    def check(self) -> None:
        """Make sure that someone is still working.

        Raises:
            PlaygroundError: a worker has ended, which none does by itself.
        """
        for process in self._processes:
            if process.poll() is not None:
                raise PlaygroundError(
                    "demo.worker_ended",
                    "a worker ended with exit code {exit_code}: see the messages above",
                    exit_code=process.returncode,
                )


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def working(workspace: Path, count: int) -> Iterator[Workers]:
    """Keep so many workers running on a workspace for as long as the context is open."""
    threads = str(max(1, cores() // count))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    command = [sys.executable, "-m", "model_playground.work.worker", "--workspace", str(workspace)]
    processes = [subprocess.Popen(command, env=environment) for _ in range(count)]
    try:
        yield Workers(processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _wait_for_end(process)


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
