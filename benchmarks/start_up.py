"""How long the command line takes to answer, beside Python alone and an import of PyTorch.

    python benchmarks/start_up.py

Each command runs in a process of its own, in turns, so that a busy moment meets all of them; the
quickest of the rounds counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 7
PLAYGROUND = str(Path(sys.executable).parent / "playground")
PEER = "python -c pass"
COMMANDS: dict[str, tuple[str, ...]] = {
    PEER: (sys.executable, "-c", "pass"),
    "python -c 'import torch'": (sys.executable, "-c", "import torch"),
    "playground --help": (PLAYGROUND, "--help"),
    "playground dataset list": (PLAYGROUND, "dataset", "list"),
    "playground experiment list": (PLAYGROUND, "experiment", "list"),
    "playground loss list": (PLAYGROUND, "loss", "list"),
    "playground architecture list": (PLAYGROUND, "architecture", "list"),
}
WANTED_WITHIN_S = {
    "playground --help": 0.4,
    "playground dataset list": 1.2,
    "playground experiment list": 1.2,
}
"""What is asked for on a machine with two cores."""


def seconds(command: tuple[str, ...], workspace: str) -> float:
    """Run a command and return how long it took."""
    begun = time.perf_counter()
    subprocess.run(
        command,
        env=os.environ | {"PLAYGROUND_WORKSPACE": workspace},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun


def main() -> None:
    """Print a line for each command."""
    with TemporaryDirectory() as workspace:
        rounds = [
            {name: seconds(command, workspace) for name, command in COMMANDS.items()}
            for _ in range(ROUNDS)
        ]
    best_s = {name: min(one[name] for one in rounds) for name in COMMANDS}
    print(f"{'command':<30} {'seconds':>8} {'× Python':>9}  wanted")
    for name, duration_s in best_s.items():
        wanted_s = WANTED_WITHIN_S.get(name)
        wanted = f"under {wanted_s} s" if wanted_s else ""
        print(f"{name:<30} {duration_s:>8.2f} {duration_s / best_s[PEER]:>9.1f}  {wanted}")


if __name__ == "__main__":
    main()
