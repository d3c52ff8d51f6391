"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from model_playground.api import Playground

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        envvar="PLAYGROUND_WORKSPACE",
        help="Where datasets, splits and experiments are kept; .playground here by default.",
    ),
]
DatasetName = Annotated[str, typer.Argument(help="The dataset's name; `dataset list` shows them.")]
SplitName = Annotated[str, typer.Argument(help="The split's name; `split list` shows them.")]
ExperimentName = Annotated[
    str, typer.Argument(help="The experiment's name; `experiment list` shows them.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="A Python file with your own loss; repeat for several."),
]


def notify(message: str) -> None:
    """Say on standard error what is being done, so that standard output stays clean."""
    typer.echo(message, err=True)


def opened(workspace: Path | None, plugins: list[Path] | None = None) -> Playground:
    """Open the workspace that the options name."""
    from model_playground.api import Playground

    return Playground(workspace, plugins=plugins or (), notify=notify)
