"""`playground dataset`: import, list, show, check."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model_playground.cli.options import DatasetName, Json, Workspace, opened
from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model_playground.api import Playground
    from model_playground.core.dataset_records import DatasetStatistics
    from model_playground.core.records import CheckReport, DatasetRecord

commands = typer.Typer(
    name="dataset", help="Import, list, show and check datasets.", no_args_is_help=True
)

# What a user can say of the files of a dataset

Task = Annotated[
    str | None,
    typer.Option("--task", help="What the labels are for, such as segmentation; else recognised."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="How the labels stand on disk, such as coco, yolo or table; else recognised.",
    ),
]
ImageColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--image-column",
        help="Of a table: the column of image files; repeat for several images of an item.",
    ),
]
TargetColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--target-column",
        help="Of a table: class, tags or value; repeat for several values. Of VIA: the attribute "
        "with the class.",
    ),
]
TagSeparator = Annotated[
    str | None,
    typer.Option(
        "--tag-separator", help='Of a table: what divides the tags in a cell, such as ";".'
    ),
]
Sheets = Annotated[
    list[str] | None,
    typer.Option("--sheet", help="Of a spreadsheet: which sheet; repeat for several."),
]
ClassTable = Annotated[
    Path | None, typer.Option("--class-table", help="Of masks: pixel value → class name.")
]
FollowLinks = Annotated[
    bool, typer.Option("--follow-links", help="Read what links out of the folder point to.")
]


@commands.command("import", epilog="Such as: playground dataset import photos/ --name fruit")
def import_(
    path: Annotated[
        Path, typer.Argument(help="A folder, a table or a class table. Never modified.")
    ],
    name: Annotated[str, typer.Option("--name", help="The dataset's name in the workspace.")],
    task: Task = None,
    format: Format = None,
    image_column: ImageColumns = None,
    target_column: TargetColumns = None,
    tag_separator: TagSeparator = None,
    sheet: Sheets = None,
    class_table: ClassTable = None,
    drop_faulty: Annotated[
        bool, typer.Option("--drop-faulty", help="Leave out faulty items, each one reported.")
    ] = False,
    follow_links: FollowLinks = False,
    inspect: Annotated[
        bool,
        typer.Option(
            "--inspect/--no-inspect",
            help="Look into every image now, or later with `dataset inspect`.",
        ),
    ] = True,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy images and masks into the workspace.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse to leave anything out or to clip it.")
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Import labelled images; they stay where they are."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages

    playground = opened(workspace)
    with stages() as advance:
        record, report = playground.import_dataset(
            path,
            name=name,
            task=task,
            format=format,
            image_columns=image_column or (),
            target_columns=target_column or (),
            tag_separator=tag_separator,
            sheets=sheet or (),
            class_table=class_table,
            drop_faulty=drop_faulty,
            follow_links=follow_links,
            inspect=inspect,
            copy=copy,
            strict=strict,
            advance=advance,
        )
    if json:
        print_json(record)
        return
    _print_imported(record, report, playground.dataset_statistics(record.name))
    if inspect:
        typer.echo(
            "Near-duplicate images were not looked for; this does, as a split does: "
            f"playground dataset check {shlex.quote(name)}"
        )
    else:
        typer.echo(
            "No image was looked into yet, so copies and damaged files are not known: "
            f"playground dataset inspect {shlex.quote(name)}"
        )


@commands.command("inspect")
def inspect_(
    name: DatasetName,
    drop_faulty: Annotated[
        bool, typer.Option("--drop-faulty", help="Leave out faulty items, each one reported.")
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Import a dataset again from where it came, and look into every image that is new."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages

    playground = opened(workspace)
    with stages() as advance:
        record, report = playground.inspect_dataset(name, drop_faulty=drop_faulty, advance=advance)
    if json:
        print_json(record)
        return
    _print_imported(record, report, playground.dataset_statistics(record.name))


@commands.command("join")
def join(
    parts: Annotated[list[str], typer.Argument(help="The datasets, two or more.")],
    name: Annotated[str, typer.Option("--name", help="The name of the joined dataset.")],
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Make one dataset of several; its column `dataset` says where an item comes from."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages

    playground = opened(workspace)
    with stages() as advance:
        record, _ = playground.join_datasets(parts, name=name, advance=advance)
    if json:
        print_json(record)
        return
    typer.echo(
        f"Joined {' and '.join(parts)} as {record.name} (revision {record.revision_number}): "
        f"{counted(record.items, 'image', 'images')}, "
        f"{counted(len(record.classes), 'class', 'classes')}"
    )
    whole = f'test=dataset="{parts[-1]}"'
    typer.echo(
        f"To test on one of them: playground split create {shlex.quote(name)} --name NAME "
        f"--give {shlex.quote(whole)}"
    )


@commands.command("list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """List the datasets."""
    from model_playground.cli.display import print_json, print_table

    records = opened(workspace).list_datasets()
    if json:
        print_json(records)
        return
    print_table(
        ("name", "task", "images", "labels", "revision", "folder"),
        (
            (one.name, one.task, one.items, _labels(one), one.revision_number, one.root)
            for one in records
        ),
        empty="There is no dataset yet: playground dataset import FOLDER --name NAME",
    )


@commands.command()
def show(
    name: DatasetName,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write figures and annotated items to this HTML file."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write annotated items to this PNG file.")
    ] = None,
    items: Annotated[
        int, typer.Option("--items", min=1, max=500, help="How many are on the sheet.")
    ] = 24,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Show a dataset: its classes with their counts, its figures, its items."""
    from model_playground.cli.display import print_json, print_table

    playground = opened(workspace)
    record = playground.get_dataset(name)
    if html is not None or sheet is not None:
        from model_playground.cli.progress import stages

        with stages() as advance:
            advance("Drawing", 0, 0)
            if html is not None:
                playground.write_dataset_page(name, html)
            if sheet is not None:
                playground.write_contact_sheet(name, sheet, items=items)
    if json:
        print_json(record)
        return
    for written in (html, sheet):
        if written is not None:
            typer.echo(f"Written: {written}")
    typer.echo(
        f"{record.name}: {counted(record.items, 'image', 'images')} for {record.task}, in "
        f"{record.root}"
    )
    typer.echo(
        f"Read as {record.format}; revision {record.revision_number} ({record.revision[:12]})"
    )
    if record.target_names:
        typer.echo(f"Values: {', '.join(record.target_names)}")
    if record.columns:
        typer.echo(f"Columns for --group-by: {', '.join(record.columns)}")
    statistics = playground.dataset_statistics(name)
    for line in _figures(statistics):
        typer.echo(line)
    if statistics.classes:
        with_objects = ("objects",) if statistics.objects else ()
        rows = (
            (one.name, one.items, *([one.objects] if with_objects else []))
            for one in statistics.classes
        )
        print_table(("class", "images", *with_objects), rows, empty="")


@commands.command()
def check(
    name: Annotated[str, typer.Argument(help="A dataset, or the path of one before its import.")],
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the report, with the images in question, to this file."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Fail too if anything was dropped or clipped."),
    ] = False,
    task: Task = None,
    format: Format = None,
    image_column: ImageColumns = None,
    target_column: TargetColumns = None,
    tag_separator: TagSeparator = None,
    sheet: Sheets = None,
    class_table: ClassTable = None,
    follow_links: FollowLinks = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Check an imported dataset against its files; exit code 1 if there are errors.

    Of a path, say all that an import would find; the options are those of `dataset import`.
    """
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages

    playground = opened(workspace)
    told = {
        "task": task,
        "format": format,
        "image_columns": image_column,
        "target_columns": target_column,
        "tag_separator": tag_separator,
        "sheets": sheet,
        "class_table": class_table,
        "follow_links": follow_links,
    }
    given: dict[str, Any] = {option: value for option, value in told.items() if value}
    is_source = _is_source(playground, name)
    if given and not is_source:
        raise InvalidError(
            "check.no_path",
            "{name} is no path that is there, and the options of an import are for one: leave "
            "them out to check the dataset of that name",
            name=name,
        )
    check = playground.check_source if is_source else playground.check_dataset
    with stages() as advance:
        report = check(name, **given, html=html, advance=advance)
    if json:
        print_json(report)
    else:
        if is_source:
            items = counted(report.items, "image", "images")
            typer.echo(f"Not imported: {name} is {report.recognised}; {items} can be used.")
        _print_report(report)
    if report.errors or (strict and report.losses):
        raise typer.Exit(1)


def _is_source(playground: Playground, name: str) -> bool:
    """Whether a path is meant: it is there, and no dataset is called so."""
    if not Path(name).expanduser().exists():
        return False
    return name not in {one.name for one in playground.list_datasets()}


@commands.command()
def export(
    name: DatasetName,
    folder: Annotated[Path, typer.Argument(help="Where to: it must not exist yet, or be empty.")],
    format: Annotated[
        str, typer.Option("--format", help="How to write it: coco, yolo, model_playground, …")
    ],
    split: Annotated[
        str | None, typer.Option("--split", help="Write a split's items, in its parts.")
    ] = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Write the labels alone.")] = False,
    link: Annotated[
        bool,
        typer.Option(
            "--link",
            help="Hard links instead of copies: whoever changes such a file changes the source.",
        ),
    ] = False,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Write a dataset in a format, with its images: as a whole or not at all."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import stages

    with stages() as advance:
        report = opened(workspace).export_dataset(
            name,
            folder,
            format=format,
            split=split,
            with_images=not no_images,
            link=link,
            advance=advance,
        )
    if json:
        print_json(report)
        return
    files = f" and {counted(report.files, 'file', 'files')}" if report.files else ""
    typer.echo(
        f"Wrote {counted(report.items, 'item', 'items')} with "
        f"{counted(report.annotations, 'annotation', 'annotations')}{files} to "
        f"{report.folder} as {report.format}."
    )
    if report.findings:
        count = len(report.findings)
        things = counted(count, "thing is", "things are")
        typer.echo(f"{things} not as in the dataset, as told above.")


def _print_imported(
    record: DatasetRecord, report: CheckReport, statistics: DatasetStatistics
) -> None:
    typer.echo(
        f"Imported {record.name} (revision {record.revision_number}): "
        f"{counted(record.items, 'image', 'images')}, {_labels(record)}, "
        f"{report.recognised or f'read as {record.format}'}."
    )
    for line in _parts(statistics):
        typer.echo(line)
    _print_report(report)


def _labels(record: DatasetRecord) -> str:
    if record.classes:
        return counted(len(record.classes), "class", "classes")
    return ", ".join(record.target_names)


def _parts(statistics: DatasetStatistics) -> Iterator[str]:
    """Say which parts the files came in, and how a split takes these."""
    from model_playground.datasets.parts import parts_of

    if statistics.partitions:
        parts = ", ".join(f"{part} {items:,}" for part, items in statistics.partitions.items())
        uses = "uses them" if parts_of(statistics.partitions) else "cannot tell which is which"
        yield f"The files came in parts: {parts} (split create --own-partitions {uses})"


def _figures(statistics: DatasetStatistics) -> Iterator[str]:
    """Say in lines what a dataset's images and objects are like."""
    yield from _parts(statistics)
    if statistics.sizes:
        first = statistics.sizes[0]
        common = f"{first.width}×{first.height} ({first.items:,})"
        more = statistics.distinct_sizes - 1
        yield f"Sizes: {common}" + (f" and {more:,} others" if more else "")
    if statistics.objects:
        small, medium, large = statistics.object_sizes
        most = max(statistics.objects_per_item)
        bare = statistics.objects_per_item.get(0, 0)
        yield (
            f"Objects: {statistics.objects:,}, {statistics.objects / statistics.items:.3g} an "
            f"image, at most {most:,}; {bare:,} images have none; {small:,} small, "
            f"{medium:,} medium, {large:,} large"
        )
    for one in statistics.values:
        yield (
            f"{one.name}: {one.lowest:.6g} to {one.highest:.6g}, median {one.median:.6g}, "
            f"mean {one.mean:.6g}"
        )


def _print_report(report: CheckReport, shown_per_kind: int = 5) -> None:
    """Print findings by kind, the first few of each, errors first."""
    if not report.findings:
        typer.echo(f"Checked {counted(report.items, 'image', 'images')}: nothing to report.")
        return
    from model_playground.datasets.finding_kinds import kind_of

    order = ("error", "warning", "information")
    kinds = sorted(
        {(finding.severity, finding.kind) for finding in report.findings},
        key=lambda one: (order.index(one[0]), one[1]),
    )
    for severity, kind in kinds:
        found = [one for one in report.findings if (one.severity, one.kind) == (severity, kind)]
        decisions = ", ".join(dict.fromkeys(one.decision for one in found))
        typer.echo(f"{severity}: {kind_of(found[0]).title} ({len(found):,}), {decisions}")
        for finding in found[:shown_per_kind]:
            typer.echo(f"  {finding.text}")
        if len(found) > shown_per_kind:
            typer.echo(f"  … and {len(found) - shown_per_kind} more (all with --json)")
