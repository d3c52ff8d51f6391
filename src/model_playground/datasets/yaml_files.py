"""YAML as dataset descriptions use it: plain mappings, lists and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from model_playground.core.errors import InvalidError
from model_playground.datasets.text_files import DESCRIPTION_BYTES, UnreadableTextError, text_of


def read_yaml(path: Path) -> Any:
    """Read a YAML file with every scalar as the text that it is: `no` is a name, not False.

    Aliases are refused: no description needs them, and a few lines of them can stand for more
    than fits into memory. So is a key that stands twice in a mapping: one of the two would be
    lost.

    Raises:
        InvalidError: it cannot be read as such, with the line.
    """
    try:
        return yaml.load(text_of(path, most_bytes=DESCRIPTION_BYTES), Loader=_PlainLoader)
    except UnreadableTextError as error:
        raise _refused(path, str(error)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refused(path, f"line {line}: {error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise _refused(path, str(error)) from None
    except RecursionError:
        raise _refused(path, "its lists and mappings are nested too deeply") from None


class _PlainLoader(yaml.BaseLoader):
    """Reads scalars as texts, and refuses what a description has no use for."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            events: Any = self  # the stubs leave its type out
            event = events.peek_event()
            raise yaml.composer.ComposerError(
                None, None, f"the alias *{event.anchor} is refused", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key of a mapping is no text", key.start_mark
                )
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            keys.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _refused(path: Path, why: str, line: int | None = None) -> InvalidError:
    return InvalidError(
        "yaml.unreadable",
        "the YAML file {file} is refused: {why}",
        file=str(path),
        line=line,
        why=why,
    )
