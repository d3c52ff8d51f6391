"""`playground architecture`: list."""

from __future__ import annotations

from typing import Annotated

import typer

from model_playground.cli.options import Json, Workspace, opened

commands = typer.Typer(name="architecture", help="What models there are.", no_args_is_help=True)


@commands.command("list")
def list_(
    task: Annotated[str | None, typer.Option("--task", help="Only those that do it.")] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """List the architectures."""
    from model_playground.cli.display import print_json, print_table

    records = opened(workspace).list_architectures(task)
    if json:
        print_json(records)
        return
    print_table(
        ("name", "title", "what it is"),
        ((one.name, one.title, one.summary) for one in records),
        empty="No architecture does that.",
    )
