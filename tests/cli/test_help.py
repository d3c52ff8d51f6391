"""What --help says of every command: whole sentences, and a word on everything it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import typer.main

from model_playground.cli.application import application
from tests.cli.conftest import Run


def commands(group: typer.core.TyperGroup, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


ROOT = typer.main.get_command(application)
assert isinstance(ROOT, typer.core.TyperGroup)
ALL = list(commands(ROOT))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_it_cuts_no_sentence_and_leaves_nothing_unsaid(run: Run, path: tuple[str, ...]) -> None:
    helped = run(*path, "--help")
    assert helped.code == 0
    # Typer writes three dots behind what may be given several times; we write an ellipsis.
    assert not re.search(r"[a-z]\.\.\.$", helped.out, re.MULTILINE)
    command = ROOT
    for name in path:
        assert isinstance(command, typer.core.TyperGroup)
        command = command.commands[name]
    assert (command.help or "").strip().endswith(".")
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{' '.join(path)}: {parameter.name}"
