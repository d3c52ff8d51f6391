"""How long a user waits before anything happens: commands and imports, each in a fresh process.

    .venv/bin/python benchmarks/start_up.py

Medians of several starts; beside each the ratio to its bound or its peer in the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 7
PLAYGROUND = [sys.executable, "-m", "model_playground.cli"]
ALL_LOSSES = "from model_playground.losses import CrossEntropyLoss, GIoUBoxLoss, FocalLoss"


def median_s(command: list[str], workspace: str) -> float:
    """Run a command several times, after once for the disk's cache, and return the median."""
    # Where the machine forbids bytecode every start would compile the program anew.
    environment = os.environ | {
        "PLAYGROUND_WORKSPACE": workspace,
        "PYTHONPYCACHEPREFIX": f"{workspace}-bytecode",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    durations = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        durations.append(time.perf_counter() - started)
    return statistics.median(durations[1:])


def main() -> None:
    """Measure and print one row for each command."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "workspace")
        bounds = {
            ("--help",): 0.4,
            ("loss", "list"): 1.2,
            ("task", "list"): 1.2,
            ("dataset", "list"): 1.2,
            ("experiment", "list"): 1.2,
        }
        print(f"{'command':<34}{'median':>9}{'bound':>9}")
        for arguments, bound_s in bounds.items():
            took_s = median_s([*PLAYGROUND, *arguments], workspace)
            name = " ".join(("playground", *arguments))
            print(f"{name:<34}{took_s:>7.2f} s{bound_s:>7.1f} s")
        torch_s = median_s([sys.executable, "-c", "import torch"], workspace)
        losses_s = median_s([sys.executable, "-c", ALL_LOSSES], workspace)
        print(f"{'import torch':<34}{torch_s:>7.2f} s")
        print(
            f"{'import the losses':<34}{losses_s:>7.2f} s  {losses_s / torch_s:.2f} × import torch"
        )


if __name__ == "__main__":
    main()
