"""The application: its commands, and what `playground` says of itself."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

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


class WholeSentences(TyperGroup):
    """A group that lists its commands with what each does, whole where others cut it short."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        listed = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(1000)) for name, one in listed if one]
            )


application = typer.Typer(
    name="playground",
    cls=WholeSentences,
    help="Find out which model, trained with which loss, works on images it has not seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time that --help takes
)
for module in (dataset, split, experiment, loss, task, architecture):
    application.add_typer(module.commands, cls=WholeSentences)
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
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass
