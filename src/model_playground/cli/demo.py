"""`playground demo`: what a loss does, on data that the program draws itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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

    run_demo(out, quick=quick, show=typer.echo)
