"""Blocks worked off by several threads, each on its own core and in its own cache.

PyTorch splits every single operation over the cores, and waits for the slowest before the next:
for a block that fits a cache this costs more than it saves, and ten times as much when another
program uses a core. Here a thread takes whole blocks, and waits once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import torch

Job = TypeVar("Job")

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_pool_size = 0


def in_parallel(work: Callable[[Sequence[Job]], None], jobs: Sequence[Job], unit: int = 1) -> None:
    """Give each thread an equal run of the jobs; the result may not depend on how many there are.

    Args:
        work: does some jobs, one after the other, without a gradient.
        jobs: what there is to do.
        unit: how many consecutive jobs have to stay together.
    """
    threads = min(torch.get_num_threads(), len(jobs) // unit)
    if threads < 2:
        work(jobs)
        return
    units = len(jobs) // unit
    edges = [unit * (units * number // threads) for number in range(threads + 1)]
    pool = _pool_of(threads)
    runs = [
        pool.submit(_without_gradient, work, jobs[first:last]) for first, last in pairwise(edges)
    ]
    for run in runs:
        run.result()


def _without_gradient(work: Callable[[Sequence[Job]], None], jobs: Sequence[Job]) -> None:
    with torch.no_grad():  # the mode is each thread's own
        work(jobs)


def _pool_of(threads: int) -> ThreadPoolExecutor:
    """Return the threads, each of which leaves its operations in one piece."""
    global _pool, _pool_size
    with _lock:
        if _pool is None or _pool_size < threads:
            wanted = torch.get_num_threads()
            ready = threading.Barrier(threads + 1)
            _pool = ThreadPoolExecutor(
                threads, "loss-kernel", initializer=_use_one_core, initargs=(ready,)
            )
            for _ in range(threads):
                _pool.submit(int)
            ready.wait()
            torch.set_num_threads(wanted)  # for threads yet to come, which the workers changed
            _pool_size = threads
        return _pool


def _use_one_core(ready: threading.Barrier) -> None:
    # A thread's first operation gives it the process's number, which asking for it does before.
    torch.get_num_threads()
    torch.set_num_threads(1)  # of this thread
    ready.wait()


def _forget_pool() -> None:
    """Start anew in a forked process, which has none of its parent's threads."""
    global _pool, _pool_size, _lock
    _pool, _pool_size, _lock = None, 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
