"""The worker: a process that has torch imported already and runs what is queued."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

POLL_S = 0.5


def work(
    folder: str | Path | None = None,
    *,
    plugins: Sequence[str | Path] = (),
    until_empty: bool = False,
    notify: Callable[[str], None] = lambda message: None,
) -> None:
    """Run queued runs, one after the other, until the process is told to end.

    A signal to terminate lets the current run stop at its next batch, with its best weights kept.

    Args:
        folder: the workspace's folder.
        plugins: files with the user's own losses, which the worker may load.
        until_empty: return when nothing is queued, instead of waiting for more.
        notify: told what the worker does.
    """
    import model_playground.training.loop  # noqa: F401  warm: the first run need not wait
    from model_playground.losses.catalogue import load_plugin
    from model_playground.store.workspace import Workspace
    from model_playground.work import queue
    from model_playground.work.experiments import new_worker_id, run_claimed

    for plugin in plugins:
        load_plugin(plugin)
    workspace = Workspace(folder)
    worker = new_worker_id()
    ending = _Ending()
    notify(f"Waiting for experiments in {workspace.folder}")
    while not ending.asked:
        queue.release_stale(workspace.store)
        run = queue.claim(workspace.store, worker)
        if run is not None:
            notify(f"Running {run.experiment}, seed {run.seed}")
            run_claimed(workspace, run, worker, should_stop=lambda: ending.asked)
        elif until_empty:
            return
        else:
            time.sleep(POLL_S)


class _Ending:
    """Whether the process has been asked to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


if __name__ == "__main__":
    import argparse

    # Until it works it has nothing to clear away: Ctrl-C, which goes to it too, ends it quietly.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description="Run queued experiments of a workspace.")
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--plugin", type=Path, action="append", default=[])
    given = parser.parse_args()
    work(given.workspace, plugins=given.plugin)
