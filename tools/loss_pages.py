"""Write a page for each loss to docs/losses/, from what the loss declares of itself.

    python -m tools.loss_pages            write them
    python -m tools.loss_pages --check    say which are not current; the exit code is then 1

The pages follow from the declarations alone, so the same declarations give the same pages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from model_playground.core.contracts import LossDeclaration
from model_playground.core.declaration import bounds_text, default_text
from model_playground.core.loss_records import LossExplanation
from model_playground.insights.loss_explanation import IN_WORDS, explained
from model_playground.losses import catalogue
from tools.markdown import table

FOLDER = Path(__file__).parent.parent / "docs" / "losses"
WRITTEN_BY_HAND = ("migration.md",)
HEAD = "<!-- Written by `make docs` from the loss's declaration: change that, not this page. -->"
SIGNS = {"valid": "✓", "discouraged": "(✓)", "refused": "–"}


def pages() -> dict[str, str]:
    """Return every page by its file name."""
    declared = {
        name: loss
        for name, loss in catalogue.load(notify=_tell).items()
        if loss.module.startswith("model_playground.losses.")
    }
    told = [explained(loss, declared) for loss in declared.values()]
    told.sort(key=lambda loss: loss.family)  # within a family in the order of declaration
    written = {f"{loss.name}.md": "\n".join(_page(loss)) + "\n" for loss in told}
    return written | {"README.md": "\n".join(_index(told)) + "\n"}


def outdated(folder: Path = FOLDER) -> list[str]:
    """Return the names of the pages that are missing, differ, or belong to no loss."""
    wanted = pages()
    found = {
        path.name: path.read_text(encoding="utf-8")
        for path in folder.glob("*.md")
        if path.name not in WRITTEN_BY_HAND
    }
    return sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )


def write(folder: Path = FOLDER) -> None:
    """Write the pages, and remove those of losses that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in wanted and path.name not in WRITTEN_BY_HAND:
            path.unlink()


def _page(loss: LossExplanation) -> Iterator[str]:
    yield from (HEAD, "", f"# {loss.title}", "", f"`{loss.name}` · `{loss.class_name}`", "")
    yield from (loss.summary, "")
    if loss.text:
        yield from (loss.text, "")
    # A fence, since Markdown would read the underscores and backslashes between dollar signs.
    yield from ("## Formula", "", "```math", loss.formula, "```", "")
    yield from table(
        ("", "meaning"), [(f"$`{symbol}`$", meaning) for symbol, meaning in loss.symbols.items()]
    )
    yield from (f"**Lowest value:** {loss.lowest_value}", "")
    yield from (f"**Uninformed guess:** {loss.uninformed_guess}", "")
    yield from ("## When", "", f"**Prefer:** {loss.prefer}", "", f"**Avoid:** {loss.avoid}", "")
    yield from _valid(loss)
    yield from ("## Use", "", "```python", loss.usage, "```", "")
    yield from (f"**Input and target:** {loss.shape}", "")
    yield from (
        f"In an experiment: `--loss {loss.name}`. A picture: "
        f"`playground loss plot {loss.name} --out {loss.name}.png`.",
        "",
    )
    yield from _parameters(loss)
    yield from ("## To know", "", *(f"- {note}" for note in loss.notes), "")
    yield from ("## Reference", "", f"{loss.reference}.", "")
    related = [f"[{title}]({name}.md)" for name, title in loss.related.items()]
    yield f"Related: {', '.join([*related, '[all losses](README.md)'])}."


def _valid(loss: LossExplanation) -> Iterator[str]:
    yield from ("## Where it can be chosen", "")
    rows = [
        (
            place.task_title,
            place.slot,
            place.state + (f" ({place.condition})" if place.condition else ""),
            place.reason,
        )
        for place in loss.places
    ]
    yield from table(("task", "slot", "", "why"), rows)


def _parameters(loss: LossDeclaration) -> Iterator[str]:
    rows = [
        (f"`{name}`", default_text(part), bounds_text(part), part.get("description", ""))
        for name, part in loss.parameters["properties"].items()
    ]
    if rows:
        yield from ("## Parameters", "")
        yield from table(("parameter", "default", "allowed", "meaning"), rows)


def _index(losses: Sequence[LossExplanation]) -> Iterator[str]:
    yield from (HEAD.replace("the loss's declaration", "the losses' declarations"), "")
    yield from ("# The losses", "")
    yield f"{len(losses)} losses, each with its formula, its parameters and where it can be chosen."
    yield "A call to PyTorch, torchvision, segmentation-models-pytorch, MONAI or kornia, and ours:"
    yield "[coming from another library](migration.md)."
    yield ""
    for family, members in groupby(losses, key=lambda loss: loss.family):
        yield from (f"## {family.replace('_', ' ').capitalize()}", "")
        rows = [(f"[{one.title}]({one.name}.md)", f"`{one.name}`", one.summary) for one in members]
        yield from table(("loss", "name", "what it is"), rows)
    yield from ("## Where each can be chosen", "")
    yield from ("✓ valid, (✓) discouraged, – refused; the page of a loss says why.", "")
    slots = list(dict.fromkeys((place.task, place.slot) for one in losses for place in one.places))
    matrix = [
        (f"[{one.name}]({one.name}.md)", *(_cell(one, task, slot) for task, slot in slots))
        for one in losses
    ]
    yield from table(("", *(f"{task}: {slot}" for task, slot in slots)), matrix)
    yield from _advice(losses)
    yield from ("## What a call checks", "", *_CHECKS)


def _advice(losses: Sequence[LossExplanation]) -> Iterator[str]:
    """Yield how to ask which loss suits, and what the answer is drawn from."""
    yield from ("## Which suits your data", "", *_ADVICE, "")
    rows = [
        (
            phrase[0].upper() + phrase[1:],
            _links(loss for loss in losses if circumstance in loss.suits),
            _links(loss for loss in losses if circumstance in loss.suffers),
        )
        for circumstance, phrase in IN_WORDS.items()
    ]
    yield from table(("data with", "made for it", "suffers from it"), rows)


_ADVICE = """```sh
playground loss advise --task segmentation
playground loss advise --dataset fruit
```

The first names the losses that a task allows and what each was made for. The second measures the
records of a dataset, says of each circumstance below whether it was found, with the figure and
the threshold, and puts first what was made for what was found. Every loss comes with its reason.
The evidence is your own finished experiments that share a split and differ only in their losses;
where there are none it says so, and it never promises a gain. The web page says the same where a
loss is chosen, and `--json` is for programs.""".splitlines()


_CHECKS = """Types, shapes and devices are checked at every call, parameters when a loss is made:
a `ValueError` names the argument, what came and what is wanted. Whether class indices are in range
and answers between 0 and 1 can be seen only by reading them, for which a GPU would have to end all
of its queued work. So they are read on the CPU alone, unless you ask for more:

```python
from model_playground.losses import check_values

check_values("everywhere")  # on a GPU too; "cpu" is the default, and "nowhere" reads none
```""".splitlines()


def _links(losses: Iterable[LossExplanation]) -> str:
    return ", ".join(f"[{loss.title}]({loss.name}.md)" for loss in losses)


def _cell(loss: LossExplanation, task: str, slot: str) -> str:
    states = {
        place.condition: place.state
        for place in loss.places
        if (place.task, place.slot) == (task, slot)
    }
    allowed = {condition: state for condition, state in states.items() if state != "refused"}
    if not allowed:
        return SIGNS["refused"]
    return ", ".join(f"{SIGNS[state]} {condition}".strip() for condition, state in allowed.items())


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or say which are not current."""
    if "--check" not in arguments:
        write()
        return 0
    wrong = outdated()
    if wrong:
        print(f"docs/losses is not current: run make docs ({', '.join(wrong)})", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
