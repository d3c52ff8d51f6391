"""`playground loss`: list, show, plot, compare, advise, check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill, indent
from typing import TYPE_CHECKING, Annotated

import typer

from model_playground.cli.options import Json, Plugins, Workspace, opened

if TYPE_CHECKING:
    from model_playground.core.loss_records import (
        AdvisedLoss,
        ComparedLosses,
        LossAdvice,
        LossEvidence,
        LossExplanation,
        MeasuredCircumstance,
    )
    from model_playground.core.records import LossCertificate

_WIDTH = 96
_NESTED = " " * 6

commands = typer.Typer(
    name="loss", help="What losses there are, and which suits.", no_args_is_help=True
)


@commands.command("list")
def list_(
    task: Annotated[
        str | None, typer.Option("--task", help="Say which can be chosen for it.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="…for the classes of this split.")
    ] = None,
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """List the losses; with --task, whether each can be chosen and why not."""
    from model_playground.cli.display import print_json, print_table

    playground = opened(workspace, plugin)
    if task is None and split is None:
        losses = playground.list_losses()
        if json:
            print_json(losses)
            return
        rows = ((one.name, one.class_name, one.family, one.summary) for one in losses)
        print_table(("name", "class", "family", "what it is"), rows, empty="")
        return
    slots = playground.loss_choices(task, split=split)
    if json:
        print_json(slots)
        return
    for slot in slots:
        typer.echo(f"Slot {slot.slot}: {slot.gives}")
        rows_of_slot = (
            (
                f"{one.name} (default)" if one.default else one.name,
                one.state,
                one.reason or one.summary,
            )
            for one in slot.losses
        )
        print_table(("loss", "", ""), rows_of_slot, empty="")


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="The loss's name; `loss list` shows them.")],
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Explain a loss: formula, symbols, what it costs, when to prefer it, its parameters."""
    from model_playground.cli.display import print_json

    loss = opened(workspace, plugin).explain_loss(name)
    if json:
        print_json(loss)
    else:
        _print_explanation(loss)


def _print_explanation(loss: LossExplanation) -> None:
    from model_playground.cli.display import print_table
    from model_playground.core.declaration import bounds_text, default_text
    from model_playground.insights.formula_text import formula_text

    typer.echo(f"{loss.title} ({loss.name}, {loss.class_name})\n")
    _print_paragraphs(loss.summary, loss.text)
    if loss.formula:
        typer.echo("Formula:")
        _print_indented(loss.formula_text)
        for symbol, meaning in loss.symbols.items():
            _print_indented(f"{formula_text(symbol)}: {meaning}", hanging=4)
        typer.echo("")
    for heading, text in (
        ("Lowest value", loss.lowest_value),
        ("Uninformed guess", loss.uninformed_guess),
        ("Prefer", loss.prefer),
        ("Avoid", loss.avoid),
        ("Input and target", loss.shape),
    ):
        if text:
            _print_paragraphs(f"{heading}: {text}")
    _print_paragraphs(*loss.notes)
    parameters = loss.parameters["properties"]
    if parameters:
        rows = (
            (key, default_text(part), bounds_text(part), part.get("description", ""))
            for key, part in parameters.items()
        )
        print_table(("parameter", "default", "allowed", "meaning"), rows, empty="")
        typer.echo("")
    places = (
        (one.task, one.slot, _state(one.state, one.condition), one.reason) for one in loss.places
    )
    print_table(("task", "slot", "", ""), places, empty="")
    typer.echo(f"\nPython:\n{indent(loss.usage, '  ')}\n")
    if loss.related:
        _print_paragraphs(f"Related: {', '.join(loss.related)}")
    if loss.reference:
        _print_paragraphs(f"Reference: {loss.reference}")


def _state(state: str, condition: str) -> str:
    return f"{state} ({condition})" if condition else state


def _print_paragraphs(*paragraphs: str) -> None:
    for paragraph in paragraphs:
        if paragraph:
            typer.echo(fill(" ".join(paragraph.split()), _WIDTH) + "\n")


def _print_indented(text: str, *, hanging: int = 2) -> None:
    typer.echo(fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  " + " " * hanging))


Dark = Annotated[bool, typer.Option("--dark", help="In the colours for dark pages.")]


@commands.command()
def plot(
    loss: Annotated[str, typer.Argument(help="A loss such as focal or focal(gamma=1).")],
    out: Annotated[Path, typer.Option("--out", help="Where to write it: a .png or .svg file.")],
    vary: Annotated[
        str | None, typer.Option("--vary", help="A parameter and its values: gamma=0,1,2,5.")
    ] = None,
    dark: Dark = False,
    plugin: Plugins = None,
    workspace: Workspace = None,
) -> None:
    """Draw a loss and its slope as a prediction moves."""
    typer.echo(f"Drawn: {opened(workspace, plugin).plot_loss(loss, out, vary=vary, dark=dark)}")


@commands.command()
def compare(
    losses: Annotated[list[str], typer.Argument(help="Two or more, such as mse huber(delta=1).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Draw them too: a .png or .svg file.")
    ] = None,
    dark: Dark = False,
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Set losses side by side: formulas, parameters, where they are valid, values."""
    from model_playground.cli.display import print_json

    compared = opened(workspace, plugin).compare_losses(losses, picture=out, dark=dark)
    if json:
        print_json(compared)
        return
    _print_comparison(compared)
    if out is not None:
        typer.echo(f"\nDrawn: {out}")


def _print_comparison(compared: ComparedLosses) -> None:
    from model_playground.cli.display import print_table

    for loss, formula in zip(compared.losses, compared.formulas, strict=True):
        typer.echo(f"{loss}:")
        _print_indented(formula)
    typer.echo("")
    print_table(("", *compared.losses), _rows(compared), empty="")
    typer.echo("\nOn the same predictions, loss and slope:")
    headings = [title for loss in compared.losses for title in (loss, "slope")]
    for movement in dict.fromkeys(point.movement for point in compared.points):
        points = [point for point in compared.points if point.movement == movement]
        rows = (
            (
                point.at,
                *(
                    number
                    for pair in zip(point.values, point.slopes, strict=True)
                    for number in pair
                ),
            )
            for point in points
        )
        typer.echo(f"\nIf {movement}")
        print_table((points[0].label, *headings), rows, empty="")


def _rows(compared: ComparedLosses) -> Iterator[tuple[str, ...]]:
    yield ("class", *compared.class_names)
    for name, values in compared.parameters.items():
        yield (name, *(value or "—" for value in values))
    for place, states in compared.places.items():
        yield (place, *states)


@commands.command()
def advise(
    task: Annotated[
        str | None, typer.Option("--task", help="What is asked of an image; else the dataset's.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Whose labels are measured.")
    ] = None,
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Say which losses suit a task and a dataset, each with its reason and what is known of it."""
    from model_playground.cli.display import print_json

    advice = opened(workspace, plugin).advise_losses(task, dataset=dataset)
    if json:
        print_json(advice)
    else:
        _print_advice(advice)


def _print_advice(advice: LossAdvice) -> None:
    data = f" on {advice.dataset}, {advice.images:,} images" if advice.dataset else ""
    typer.echo(f"{advice.task_title}{data}")
    for slot in advice.slots:
        typer.echo(f"\nSlot {slot.slot}: {slot.gives}\n")
        for one in slot.measured:
            _print_measured(one)
        if slot.measured:
            typer.echo("")
        _print_paragraphs(slot.verdict)
        _print_advised(slot.default, " (default)")
        for loss in slot.losses:
            _print_advised(loss)
    typer.echo("")
    if advice.evidence:
        typer.echo("Evidence from experiments that differ only in their losses:")
        for evidence in advice.evidence:
            _print_indented(f"- {evidence.finding} {_source(evidence)}")
        typer.echo("")
    _print_paragraphs(advice.remark)
    if any(slot.losses for slot in advice.slots):
        typer.echo(_TO_MEASURE)


_TO_MEASURE = """To measure it, for a SPLIT and a LOSS of the above:
  playground experiment run --split SPLIT --repeats 3 --name default
  playground experiment run --split SPLIT --repeats 3 --name other --loss LOSS
  playground experiment compare default other"""


def _print_measured(one: MeasuredCircumstance) -> None:
    state = one.state.upper() if one.state == "found" else one.state
    files = f" ({', '.join(one.files)})" if one.files else ""
    text = f"{state:<12}  {one.name}: {one.said}{files} [{one.threshold}]"
    _print_indented(text, hanging=14)


def _print_advised(one: AdvisedLoss, remark: str = "") -> None:
    condition = f" ({one.condition})" if one.condition else ""
    reason = f": {one.reason}" if one.reason else ""
    _print_indented(f"{one.loss}{remark}{condition}{reason}", hanging=4)
    for heading, text in (("prefer it", one.prefer), ("avoid it", one.avoid)):
        line = f"{heading}: {text}"
        typer.echo(fill(line, _WIDTH, initial_indent=_NESTED, subsequent_indent=_NESTED + "  "))


def _source(evidence: LossEvidence) -> str:
    first, other = evidence.experiments
    of_first, of_other = evidence.runs
    runs = f"{of_first} and {of_other} runs"
    return f"(split {evidence.split}; experiments {first} and {other}, {runs})"


@commands.command()
def check(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS|FILE.py", help="A loss such as focal(gamma=0.5), or a file of your own."
        ),
    ],
    plugin: Plugins = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Try everything that a loss has to be and to do; the exit code is 1 if it fails."""
    from model_playground.cli.display import print_json

    certificates = opened(workspace, plugin).check_loss(loss)
    if json:
        print_json(certificates)
    else:
        for certificate in certificates:
            _print_certificate(certificate)
    if not all(certificate.passed for certificate in certificates):
        raise typer.Exit(1)


def _print_certificate(certificate: LossCertificate) -> None:
    from model_playground.cli.display import print_table

    given = ", ".join(f"{name}={value!r}" for name, value in certificate.parameters.items())
    typer.echo(f"{certificate.loss}({given}), {certificate.class_name}")
    rows = (
        (check.state.upper() if check.state == "failed" else check.state, check.title, check.found)
        for check in certificate.checks
        if check.state != "not tried"
    )
    print_table(("", "check", "what was found"), rows, empty="")
    counts = Counter(check.state for check in certificate.checks)
    rest = f", {counts['not tried']} not tried" if counts["not tried"] else ""
    typer.echo(f"{counts['passed']} passed, {counts['failed'] or 'none'} failed{rest}.\n")
