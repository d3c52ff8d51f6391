"""`playground experiment`: run, list, show, compare, test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model_playground.cli.options import ExperimentName, Json, Plugins, Workspace, opened
from model_playground.core.errors import InvalidError
from model_playground.core.whole_files import whole_file

if TYPE_CHECKING:
    from model_playground.core.records import ExperimentRecord
    from model_playground.core.specification import Specification

commands = typer.Typer(
    name="experiment", help="Train with a chosen loss, and compare.", no_args_is_help=True
)


@commands.command(
    epilog='Such as: playground experiment run --split fruit-1 --loss "focal(gamma=2)" --repeats 3'
)
def run(
    specification: Annotated[
        Path | None, typer.Argument(help="A YAML file; the options override its entries.")
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="The split's name.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="See playground task list.")] = None,
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="See playground architecture list.")
    ] = None,
    backbone: Annotated[str | None, typer.Option("--backbone", help="Such as resnet18.")] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="pretrained, none, or a safetensors file.")
    ] = None,
    loss: Annotated[
        list[str] | None,
        typer.Option("--loss", help='Such as "focal(gamma=2)" or "class=cross_entropy + 0.5*mse".'),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Such as accuracy; repeat for several.")
    ] = None,
    solver: Annotated[
        str | None, typer.Option("--solver", help='Such as "adamw(learning_rate=0.001)".')
    ] = None,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="Such as cosine.")] = None,
    augmentation: Annotated[
        list[str] | None,
        typer.Option("--augmentation", help='Such as "rotate(degrees=10)"; repeat for several.'),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The experiment's name.")] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Passes over the train part.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Images per step.")] = None,
    accumulate: Annotated[
        int | None, typer.Option("--accumulate", help="Batches per update.")
    ] = None,
    image_size: Annotated[int | None, typer.Option("--image-size", help="Pixels a side.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The first run's seed.")] = None,
    repeats: Annotated[
        int | None, typer.Option("--repeats", help="Runs, each with the next seed.")
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda.")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="32, bf16 or 16.")] = None,
    loader_processes: Annotated[
        int | None, typer.Option("--loader-processes", help="Processes that read images.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option("--patience", help="Stop early after so many epochs without improvement."),
    ] = None,
    minimum_delta: Annotated[
        float | None, typer.Option("--minimum-delta", help="A smaller change is no improvement.")
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option("--monitor", help="What early stopping watches, such as validation/loss."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the specification as YAML and do not run.")
    ] = None,
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Train an experiment here and now; Ctrl-C stops it and keeps the best weights."""
    from model_playground.cli.display import print_json
    from model_playground.cli.progress import training

    entries = {
        "split": split,
        "task": task,
        "backbone": backbone,
        "weights": weights,
        "name": name,
        "metrics": metric,
        "architecture": _choice(architecture),
        "solver": _choice(solver),
        "scheduler": _choice(scheduler),
        "augmentations": [_choice(one) for one in augmentation] if augmentation else None,
    }
    options = {
        "epochs": epochs,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "image_size": image_size,
        "seed": seed,
        "repeats": repeats,
        "device": device,
        "precision": precision,
        "loader_processes": loader_processes,
    }
    stopping = {"patience": patience, "minimum_delta": minimum_delta, "monitor": monitor}
    playground = opened(workspace, plugin)
    wanted = _specification(playground, specification, entries, options, stopping, loss or [])
    if write is not None:
        text = playground.validate(wanted).to_yaml()
        with whole_file(write) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {write}. Run it with: playground experiment run {write}")
        return
    if json:
        print_json(playground.run_experiment(wanted))
        return
    with training() as show:
        record = playground.run_experiment(wanted, emit=show)
    typer.echo("")
    _print_experiment(record)
    if record.state == "failed":
        raise typer.Exit(1)
    if record.state == "interrupted":
        raise typer.Exit(130)


@commands.command("list")
def list_(workspace: Workspace = None, json: Json = False) -> None:
    """List the experiments with the loss that each was trained with."""
    from model_playground.cli.display import print_json, print_table

    records = opened(workspace).list_experiments()
    if json:
        print_json(records)
        return
    print_table(
        ("name", "split", "architecture", "loss", "state", "runs", "validation loss"),
        (
            (
                one.name,
                one.split,
                one.backbone or one.architecture,
                _losses(one),
                one.state,
                len(one.runs),
                _mean([run.figures.get("validation/loss") for run in one.runs]),
            )
            for one in records
        ),
        empty="There is no experiment yet: playground experiment run --split SPLIT --task TASK",
    )


@commands.command()
def show(name: ExperimentName, workspace: Workspace = None, json: Json = False) -> None:
    """Show an experiment: its specification, and each run's figures at its best epoch."""
    import yaml

    from model_playground.cli.display import print_json

    playground = opened(workspace)
    record = playground.get_experiment(name)
    if json:
        print_json(record)
        return
    _print_experiment(record, by_class=True)
    for series in playground.experiment_series(name):
        for notice in series.notices:
            typer.echo(f"seed {series.seed}: {notice}")
    typer.echo("\nSpecification:")
    typer.echo(yaml.safe_dump(record.specification, sort_keys=False, allow_unicode=True))


@commands.command()
def compare(
    names: Annotated[list[str], typer.Argument(help="The experiments, two or more.")],
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Compare experiments with the first one: what differs, and by how much."""
    from model_playground.cli.display import figure, print_json, print_table
    from model_playground.insights.wording import spread

    comparison = opened(workspace).compare_experiments(names)
    if json:
        print_json(comparison)
        return
    print_table(
        ("differs", *comparison.experiments),
        ((field, *values) for field, values in comparison.differing.items()),
        empty="Their specifications are the same.",
    )
    typer.echo("")
    rows = []
    for one in comparison.figures:
        cells = [
            figure(mean) if deviation is None else spread(mean, deviation)
            for mean, deviation in zip(one.means, one.spreads, strict=True)
        ]
        rows.append((one.series, *cells, "; ".join(verdict for verdict in one.verdicts if verdict)))
    print_table(("figure", *comparison.experiments, "to the first"), rows, empty="No figures yet.")


@commands.command("test")
def open_test_part(name: ExperimentName, workspace: Workspace = None, json: Json = False) -> None:
    """Open the sealed test part for the best weights; each opening is counted and shown."""
    from model_playground.cli.display import print_json, print_table

    report = opened(workspace).test_experiment(name)
    if json:
        print_json(report)
        return
    times = "once" if report.opened == 1 else f"{report.opened} times"
    typer.echo(f"The test part has been opened {times} for {report.experiment}.")
    series = list(dict.fromkeys(one for figures in report.runs.values() for one in figures))
    print_table(
        ("figure", *report.runs),
        ((one, *(figures.get(one) for figures in report.runs.values())) for one in series),
        empty="No run of it has weights.",
    )


def _choice(text: str | None) -> dict[str, Any] | None:
    """Read `name(parameter=value)`, the notation of losses, for anything chosen by name."""
    from model_playground.core.expression import parse_losses

    if text is None:
        return None
    terms = parse_losses(text)
    if len(terms) > 1 or terms[0].weight != 1:
        raise InvalidError("choice.sum", "{text!r} is a sum; choose one thing", text=text)
    return {"name": terms[0].loss, "parameters": terms[0].parameters}


def _specification(
    playground: Any,
    path: Path | None,
    entries: dict[str, Any],
    options: dict[str, Any],
    stopping: dict[str, Any],
    losses: list[str],
) -> Specification:
    """Put a file's entries and the options together; an option overrides the file."""
    from model_playground.core.declaration import validated
    from model_playground.core.specification import Specification, read_specification

    record = read_specification(path).model_dump(mode="json") if path else {}
    record |= {key: value for key, value in entries.items() if value is not None}
    given = {key: value for key, value in options.items() if value is not None}
    stop = {key: value for key, value in stopping.items() if value is not None}
    record["training"] = record.get("training", {}) | given
    if stop:
        record["training"]["early_stopping"] = (
            record["training"].get("early_stopping") or {}
        ) | stop
    if "split" not in record:
        raise InvalidError(
            "experiment.no_split",
            "an experiment needs a split: name one with --split (playground split list shows which "
            "there are), or a file with a specification",
        )
    record.setdefault("task", playground.get_split(record["split"]).task)
    if losses:
        record["losses"] = record.get("losses", {}) | playground.losses_by_slot(
            record["task"], losses
        )
    record.setdefault("architecture", playground.default_architecture(record["task"]))
    return validated(Specification, record, of="the experiment")


def _losses(record: ExperimentRecord) -> str:
    if len(record.losses) == 1:
        return next(iter(record.losses.values()))
    return ", ".join(f"{slot}={loss}" for slot, loss in record.losses.items())


def _mean(values: list[float | None]) -> float | None:
    finite = [value for value in values if value is not None]
    return sum(finite) / len(finite) if finite else None


def _print_experiment(record: ExperimentRecord, *, by_class: bool = False) -> None:
    from model_playground.cli.display import print_table

    typer.echo(
        f"{record.name}: {record.architecture} {record.backbone} with {_losses(record)}, "
        f"{record.state.replace('_', ' ')}"
    )
    shown = [run for run in record.runs if run.figures]
    names = _figure_names(record, by_class=by_class)
    several = f", mean ± spread over {len(shown)} seeds" if len(shown) > 1 else ""
    print_table(
        (f"at the best epoch{several}", *(part.replace("_", " ") for part in _TRAINED_PARTS)),
        (
            (
                name,
                *(
                    _over_seeds([run.figures.get(f"{part}/{name}") for run in shown])
                    for part in _TRAINED_PARTS
                ),
            )
            for name in names
        ),
        empty="No figures yet.",
    )
    for run in record.runs:
        if run.message:
            typer.echo(f"seed {run.seed}: {run.message}")
    for leak in record.leaks:
        typer.echo(f"Leak of the split: {leak}. The figures may flatter the model.")
    if record.test_openings:
        times = "once" if record.test_openings == 1 else f"{record.test_openings} times"
        typer.echo(f"The test part has been opened {times}.")


_TRAINED_PARTS = ("train", "train_sample", "validation")


def _figure_names(record: ExperimentRecord, *, by_class: bool) -> list[str]:
    """Return the names of a run's figures without their part: losses first, then metrics."""
    series = [one.split("/", 1) for run in record.runs for one in run.figures]
    names = dict.fromkeys(name for part, name in series if part in _TRAINED_PARTS)
    losses = [name for name in names if name == "loss" or name.split("/")[0] in record.losses]
    metrics = [name for name in names if name not in losses and (by_class or "/" not in name)]
    return [*sorted(losses, key=lambda name: name != "loss"), *metrics]


def _over_seeds(values: list[float | None]) -> str:
    from statistics import mean, stdev

    from model_playground.cli.display import figure
    from model_playground.insights.wording import spread

    finite = [value for value in values if value is not None]
    if len(finite) < 2:
        return figure(finite[0]) if finite else ""
    return spread(mean(finite), stdev(finite))
