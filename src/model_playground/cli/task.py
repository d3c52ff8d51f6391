"""`playground task`: list."""

from __future__ import annotations

import typer

from model_playground.cli.options import Json, Workspace, opened

commands = typer.Typer(name="task", help="What can be asked of an image.", no_args_is_help=True)


@commands.command("list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """List the tasks with their slots, default losses and architectures."""
    from model_playground.cli.display import print_json, print_table

    records = opened(workspace).list_tasks()
    if json:
        print_json(records)
        return
    print_table(
        ("name", "what it is", "slot = default loss", "architectures"),
        (
            (
                one.name,
                one.summary,
                ", ".join(f"{slot}={loss}" for slot, loss in one.default_losses.items()),
                ", ".join(one.architectures),
            )
            for one in records
        ),
        empty="",
    )
