"""What the server says names neither commands nor options that the page has no words for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import model_playground
from model_playground.server.routes.choices import list_words

PACKAGE = Path(model_playground.__file__).parent
SAID_ELSEWHERE = {
    "cli",  # in the terminal
    "demo",
    "server",  # of how the server itself is started
}
COMMAND = re.compile(r"`(?:playground )?([a-z]+ [a-z]+)(?: [^`]*)?`")
NOUNS = ("dataset", "split", "experiment", "loss", "task", "architecture")
OPTION = re.compile(r"(?<![\w-])--(?:no-)?([a-z][a-z-]*[a-z])")


def texts() -> Iterator[tuple[str, str]]:
    """Return every text in the code that may reach the page, docstrings left out."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.relative_to(PACKAGE).parts[0] in SAID_ELSEWHERE:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        loose = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in loose:
                yield f"{file.name}:{node.lineno}", node.value


def test_the_page_knows_where_it_does_what_a_message_names_a_command_for() -> None:
    words = list_words()
    named = {
        (place, command)
        for place, text in texts()
        for command in COMMAND.findall(text)
        if command.split()[0] in NOUNS
    }
    assert {"dataset check", "dataset inspect", "split create"} <= {one for _, one in named}
    assert {one for one in named if one[1] not in words} == set()


def test_a_command_stands_in_backticks_by_which_the_page_finds_it() -> None:
    bare = [
        (place, text)
        for place, text in texts()
        if re.search(r"(?<!`)\bplayground (?:dataset|split|experiment|loss) [a-z]", text)
    ]
    assert bare == []


def test_every_option_that_a_message_names_is_a_field_of_a_form() -> None:
    words = list_words()
    of_processes = {"worker.py"}  # what it was started with
    unknown = {
        (place, option)
        for place, text in texts()
        for option in OPTION.findall(re.sub("`[^`]*`", "", text))
        if option not in words and place.partition(":")[0] not in of_processes
    }
    assert unknown == set()
