"""`playground split`: create, list, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model_playground.cli.options import Json, Workspace, opened

if TYPE_CHECKING:
    from model_playground.core.records import SplitRecord

commands = typer.Typer(
    name="split", help="Divide a dataset into train, validation and test.", no_args_is_help=True
)


@commands.command()
def create(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    name: Annotated[str, typer.Option("--name", help="The split's name.")],
    train: Annotated[float, typer.Option("--train", help="Per cent to learn from.")] = 70,
    test: Annotated[float, typer.Option("--test", help="Per cent sealed for the end.")] = 20,
    validation: Annotated[float, typer.Option("--validation", help="Per cent to choose by.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same split.")] = 0,
    from_file: Annotated[
        Path | None, typer.Option("--from", help="A table with the columns item and part.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option("--group-by", help="A column whose equal values stay together.")
    ] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Create a split: every item in exactly one part."""
    from model_playground.cli.display import print_json

    record = opened(workspace).create_split(
        dataset,
        name=name,
        train=train,
        test=test,
        validation=validation,
        seed=seed,
        from_file=from_file,
        group_by=group_by,
    )
    if json:
        print_json(record)
        return
    _print_split(record)


@commands.command("list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """List the splits."""
    from model_playground.cli.display import print_json, print_table
    from model_playground.core.records import PARTS

    records = opened(workspace).list_splits()
    if json:
        print_json(records)
        return
    print_table(
        ("name", "dataset", "task", *PARTS, "strategy"),
        (
            (one.name, one.dataset, one.task, *(one.counts[part] for part in PARTS), one.strategy)
            for one in records
        ),
        empty="There is no split yet: playground split create DATASET --name NAME",
    )


@commands.command()
def show(name: str, workspace: Workspace = None, json: Json = False) -> None:
    """Show a split: items and classes in each part."""
    from model_playground.cli.display import print_json

    record = opened(workspace).get_split(name)
    if json:
        print_json(record)
    else:
        _print_split(record)


def _print_split(record: SplitRecord) -> None:
    from model_playground.cli.display import print_table
    from model_playground.core.records import PARTS

    counts = ", ".join(f"{part} {record.counts[part]:,}" for part in PARTS)
    typer.echo(f"{record.name} of {record.dataset} ({record.strategy}): {counts}")
    classes = sorted({name for part in PARTS for name in record.class_counts.get(part, {})})
    if classes:
        rows = (
            (name, *(record.class_counts.get(part, {}).get(name, 0) for part in PARTS))
            for name in classes
        )
        print_table(("class", *PARTS), rows, empty="")
