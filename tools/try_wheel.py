"""Install the built wheel into a fresh environment elsewhere and use it as a newcomer would.

Nothing of this repository can be reached from there but the wheel and the lock.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder, show it and what it prints, and stop here if it fails."""
    print("$", *command, flush=True)
    finished = subprocess.run(
        command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    print(finished.stdout, end="", flush=True)
    finished.check_returncode()
    return finished.stdout


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a newcomer: none that point back to this repository."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PLAYGROUND_", "VIRTUAL_ENV"))
    }
    return kept | {"XDG_CACHE_HOME": str(folder / "cache")}


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel and what the lock pins, and return the command that it brings."""
    python = folder / "venv" / "bin" / "python"
    lock = ROOT / "requirements.lock"
    for arguments in (
        ("venv", "--python", sys.executable, folder / "venv"),
        ("pip", "sync", "--python", python, "--require-hashes", lock),
        ("pip", "install", "--python", python, "--no-deps", wheel),
    ):
        subprocess.run([UV, "--quiet", *arguments], check=True)
    return python.parent / "playground"


@contextmanager
def serving(playground: Path, folder: Path) -> Iterator[str]:
    """Serve the page on a free port, yield its address, and see that all of it ends."""
    server = subprocess.Popen(
        [playground, "serve", "--port", "0"],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a process group of its own, to tell what it leaves behind
    )
    assert server.stdout is not None
    try:
        said = server.stdout.readline()
        address = re.search(r"http://\S+", said)
        assert address, f"the server did not say where it is, but {said!r}"
        yield address[0]
        server.terminate()
        server.wait(timeout=60)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, 0)
            raise AssertionError("the server ended, and its worker goes on without it")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


def fetched(address: str) -> str:
    """Fetch an address."""
    with urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())


def main() -> None:
    """Try the one wheel in dist/."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    with TemporaryDirectory(prefix="model-playground-") as temporary:
        folder = Path(temporary)
        playground = install(wheel, folder)
        run(playground, "--version", folder=folder)
        run(playground, "loss", "list", folder=folder)
        assert not (folder / "cache" / "model-playground").exists(), (
            "the wheel carries no catalogue of its losses that fits them: it had to be made"
        )
        run(playground, "demo", "--quick", "--out", "report", folder=folder)
        assert list((folder / "report").glob("*.html")), "the demo wrote no report"
        with serving(playground, folder) as address:
            page = fetched(f"{address}/")
            losses = json.loads(fetched(f"{address}/api/losses"))
        assert "<script" in page, "the wheel carries no page"
        assert losses, "the server names no loss"
    print(f"{wheel.name} works: command line, demo, page and {len(losses)} losses.")


if __name__ == "__main__":
    main()
