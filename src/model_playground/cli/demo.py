"""`playground demo`: what a loss does, on data that the program draws itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model_playground.core.errors import StoppedError


def demo(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the report and the workspace.")
    ] = Path("demo-report"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A reduced form: one seed, few epochs.")
    ] = False,
) -> None:
    """Train the demo's experiments, compare their losses and write a report."""
    from model_playground.demo import run_demo

    try:
        run_demo(out, quick=quick, show=typer.echo)
    except KeyboardInterrupt:
        raise StoppedError("demo.stopped", "the demo was stopped before its end") from None
