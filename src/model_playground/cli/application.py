"""The application: its commands, and what `playground` says of itself."""

from __future__ import annotations

from typing import Annotated

import typer

import model_playground
from model_playground.cli import (
    architecture,
    dataset,
    demo,
    experiment,
    loss,
    serve,
    split,
    task,
    worker,
)

application = typer.Typer(
    name="playground",
    help="Find out which model, trained with which loss, works on images it has not seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time that --help takes
)
for module in (dataset, split, experiment, loss, task, architecture):
    application.add_typer(module.commands)
application.command("serve")(serve.serve)
application.command("demo")(demo.demo)
application.command("worker")(worker.worker)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playground {model_playground.__version__}")
        raise typer.Exit


@application.callback()
def _application(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    pass
