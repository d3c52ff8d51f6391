"""`playground split`: create, list, show, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model_playground.cli.options import Json, SplitName, Workspace, opened
from model_playground.core.counting import counted

if TYPE_CHECKING:
    from model_playground.core.records import SplitRecord, SplitReport

commands = typer.Typer(
    name="split", help="Divide a dataset into train, validation and test.", no_args_is_help=True
)


@commands.command(epilog="Such as: playground split create fruit --name fruit-1 --stratify")
def create(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    name: Annotated[str, typer.Option("--name", help="The split's name.")],
    train: Annotated[float, typer.Option("--train", help="Per cent to learn from.")] = 70,
    test: Annotated[
        float, typer.Option("--test", help="Per cent that stays sealed until the end.")
    ] = 20,
    validation: Annotated[float, typer.Option("--validation", help="Per cent to choose by.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same split.")] = 0,
    where: Annotated[
        str,
        typer.Option("--where", help="Only the items that this holds for, such as status=DONE."),
    ] = "",
    stratify: Annotated[
        bool,
        typer.Option(
            "--stratify",
            help="Keep the shares of the classes, or of the values' ranges, in each part.",
        ),
    ] = False,
    stratify_by: Annotated[
        list[str] | None,
        typer.Option("--stratify-by", help="Columns whose texts keep their shares in each part."),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            help="This many splits, each with another fold as validation.",
            min=2,
            max=100,
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A table or list of items and parts, or a folder of train.txt, val.txt, ….",
        ),
    ] = None,
    own_partitions: Annotated[
        bool,
        typer.Option(
            "--own-partitions",
            help="The parts that the files came in; only what has none is drawn.",
        ),
    ] = False,
    give: Annotated[
        list[str] | None,
        typer.Option(
            "--give",
            help="All that a part gets: test=FOLDER/, test=@LIST.txt or test=CONDITION; "
            "test=50% of FOLDER/ takes a sample and leaves the rest out.",
        ),
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option("--group-by", help="Columns whose equal values stay together."),
    ] = None,
    group_pattern: Annotated[
        str | None,
        typer.Option(
            "--group-pattern",
            help="A regular expression of file names: what it has in parentheses tells groups.",
        ),
    ] = None,
    series: Annotated[
        bool,
        typer.Option(
            "--series/--no-series",
            help="Keep series of file names together, unless groups are named.",
        ),
    ] = True,
    near_duplicates: Annotated[
        bool,
        typer.Option(
            "--near-duplicates/--no-near-duplicates",
            help="Keep near-duplicate images together.",
        ),
    ] = True,
    large_groups: Annotated[
        bool,
        typer.Option(
            "--large-groups", help="Keep found groups above 5 % of the items together, too."
        ),
    ] = False,
    allow_leaks: Annotated[
        bool,
        typer.Option(
            "--allow-leaks",
            help="Let what is given divide groups; every experiment will show it.",
        ),
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Create a split: items in train, validation and test, what belongs together in one."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages
    from model_playground.core.records import SplitPlan

    plan = SplitPlan(
        train=train,
        test=test,
        validation=validation,
        seed=seed,
        where=where,
        stratify=stratify,
        stratify_by=tuple(stratify_by or ()),
        folds=folds,
        from_file=None if from_file is None else str(from_file),
        own_partitions=own_partitions,
        give=tuple(give or ()),
        group_by=tuple(group_by or ()),
        group_pattern=group_pattern,
        series=series,
        near_duplicates=near_duplicates,
        large_groups=large_groups,
        allow_leaks=allow_leaks,
    )
    playground = opened(workspace)
    with stages() as advance:
        if folds is None:
            records = [playground.create_split(dataset, name=name, plan=plan, advance=advance)]
        else:
            records = playground.create_folds(dataset, name=name, plan=plan, advance=advance)
    if json:
        print_json(records[0] if folds is None else records)
        return
    for record in records:
        _print_split(record, notes=False)  # they were told on the way


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
def show(name: SplitName, workspace: Workspace = None, json: Json = False) -> None:
    """Show a split: items and classes in each part."""
    from model_playground.cli.display import print_json

    record = opened(workspace).get_split(name)
    if json:
        print_json(record)
    else:
        _print_split(record)


@commands.command()
def export(
    name: SplitName,
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    workspace: Workspace = None,
) -> None:
    """Write train.txt, validation.txt and test.txt with the paths of a split's items."""
    for file in opened(workspace).export_split(name, folder):
        typer.echo(str(file))


def _print_split(record: SplitRecord, *, notes: bool = True) -> None:
    from model_playground.cli.display import print_table
    from model_playground.core.records import PARTS

    counts = ", ".join(f"{part} {record.counts[part]:,}" for part in PARTS)
    typer.echo(f"{record.name} of {record.dataset} ({record.strategy}): {counts}")
    report = record.report
    by_part = record.class_counts if report is None else report.ranges or record.class_counts
    named = list(dict.fromkeys(name for part in PARTS for name in by_part.get(part, {})))
    if named:
        heading = "range" if report is not None and report.ranges else "class"
        rows = ((name, *(by_part.get(part, {}).get(name, 0) for part in PARTS)) for name in named)
        print_table((heading, *PARTS), rows, empty="")
    if report is not None:
        _print_split_report(report, notes=notes)


def _print_split_report(report: SplitReport, *, notes: bool) -> None:
    if report.largest_distance:
        distances = ", ".join(
            f"{part} {report.largest_distance[part]:.1f} (mean {report.mean_distance[part]:.1f})"
            for part in report.largest_distance
        )
        typer.echo(f"Largest distance from the whole, in percentage points: {distances}")
    if report.left_out:
        typer.echo(f"In no part: {counted(report.left_out, 'item', 'items')} of the dataset.")
    for note in report.notes if notes else ():
        typer.echo(note)
    for leak in report.leaks:
        typer.echo(f"Leak: {leak.sentence}")
    if not report.leaks:
        typer.echo(f"The parts share nothing: looked for {', '.join(report.checked)}.")
