"""Label files as no program writes them: whatever stands in one, an import ends in words.

`assert_no_traceback` changes the label files of a small dataset in every way that hypothesis thinks
of, and imports each. A failing change is shrunk to the smallest that fails, and printed.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.importing import import_dataset

CASES = 2000 if os.environ.get("PLAYGROUND_ALL_TESTS") == "1" else 100
"""How many changes a reader is tried with."""

ODD_TEXTS = (
    *("", " ", "0", "-1", "1e400", "-0.0", "NaN", "Infinity", "1e308", "12,5", "9" * 25),
    *("../../../etc/hosts", "/etc/hosts", "C:\\a\\b.png", "a/../../b.png", "\x00", "\ud800"),
    *("N/A", "null", "true", "é", "e\u0301", "'\"", "a,b;c\td", "\u202e", "{}", "[]", "x" * 3000),
)
"""What stands where something else should."""

ODD_VALUES = (
    *(None, True, False, 0, -1, 0.5, 2**31, 2**63, 2**64 + 1, -(2**70), 1e308, math.nan, math.inf),
    *([], {}, [[]], [{}], [None], [1], [1, 2, 3], [math.nan] * 4, {"": None}, {"a": {"b": [1]}}),
    *ODD_TEXTS,
)
"""What stands in JSON where something else should."""

_ODD_PIECES = (
    *(b"<", b">", b"&x;", b"&#0;", b"<!--", b"]]>", b"<![CDATA[", b"</", b"<a>", b"<!DOCTYPE a>"),
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b",", b":", b"\xff", b"\xfe\xff", b"\x00"),
    *(b"\r\n", b"\n", b"\t", b"\xef\xbb\xbf", b"9" * 400, b"[" * 2000, b"<b>" * 300),
)
_KINDS = ("token", "token", "token", "byte", "cut", "lose", "double", "insert")
_TOKEN = re.compile(rb"""-?\d+(?:\.\d+)?|"[^"\n]*"|'[^'\n]*'|</?[\w.-]+|[\w./\\-]+""")

Where = tuple[Any, ...]
Way = Callable[[Path, str | None, str], None]


@some.composite
def mutations(draw: some.DrawFn, content: bytes) -> bytes:
    """Change the bytes of a file: pieces of it are lost, doubled, exchanged or made odd."""
    tokens = [one.span() for one in _TOKEN.finditer(content)]
    for _ in range(draw(some.integers(1, 3))):
        kind = draw(
            some.sampled_from(
                ["token", "token", "token", "byte", "cut", "lose", "double", "insert"]
            )
        )
        at = draw(some.integers(0, len(content)))
        if kind == "token" and tokens:
            start, end = draw(some.sampled_from(tokens))
            other = draw(some.sampled_from(tokens))
            odd = draw(some.sampled_from(ODD_TEXTS)).encode("utf-8", "surrogatepass")
            piece = draw(some.sampled_from([odd, content[slice(*other)]]))
            content = content[:start] + piece + content[end:]
        elif kind == "byte":
            content = content[:at] + bytes([draw(some.integers(0, 255))]) + content[at + 1 :]
        elif kind == "cut":
            content = content[:at]
        else:
            end = at + draw(some.integers(0, 60))
            middle = {"lose": b"", "double": content[at:end] * 2}.get(kind)
            if middle is None:
                middle, end = draw(some.sampled_from(_ODD_PIECES)), at
            content = content[:at] + middle + content[end:]
    return content


@some.composite
def json_mutations(draw: some.DrawFn, content: bytes) -> bytes:
    """Change values of a JSON file: it stays JSON, but says something else."""
    value = json.loads(content)
    for _ in range(draw(some.integers(1, 3))):
        places = list(_places(value, ()))
        if not places:
            break
        *path, last = draw(some.sampled_from(places))
        parent = value
        for key in path:
            parent = parent[key]
        kind = draw(some.sampled_from(["odd", "odd", "odd", "lose", "other", "wrap"]))
        if kind == "lose":
            del parent[last]
        elif kind == "odd":
            parent[last] = deepcopy(draw(some.sampled_from(ODD_VALUES)))  # it may be changed next
        elif kind == "wrap":
            parent[last] = [parent[last]]
        else:
            parent[last] = _at(value, draw(some.sampled_from(places)), path)
    return json.dumps(value).encode()


def assert_no_traceback(
    source: Path,
    files: Sequence[str],
    format_name: str,
    folder: Path,
    *,
    tasks: Sequence[str | None] = (None,),
    cases: int = CASES,
) -> None:
    """Import a dataset again and again, with one of its label files changed each time.

    An import ends well, with records that hold together, or with an InvalidError or NotFoundError
    whose sentence can be shown. Of most changes the draft alone is read and looked at, which takes
    a quarter of the time; of each third all records are made.

    Args:
        source: a small dataset, which is left alone.
        files: its label files, relative to it.
        format_name: the format to read it as.
        folder: an empty folder to copy it to.
        tasks: for which it is imported by turns.
        cases: how many changes are tried.
    """
    copy = folder / "fuzzed"
    shutil.copytree(source, copy)
    whole = {file: (source / file).read_bytes() for file in files}

    @settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        change=some.one_of([_changes(file, content) for file, content in whole.items()]),
        task=some.sampled_from(list(tasks)),
        way=some.sampled_from([_read, _read, _read, _read, _import, _import_what_can_be]),
    )
    def check(change: tuple[str, bytes], task: str | None, way: Way) -> None:
        file, content = change
        (copy / file).write_bytes(content)
        try:
            way(copy, task, format_name)
        except (InvalidError, NotFoundError) as error:
            str(error)  # which fills in what the sentence is about
        finally:
            (copy / file).write_bytes(whole[file])

    check()


def _read(folder: Path, task: str | None, name: str) -> None:
    reader = FORMATS[name]()
    reader.detect(folder)
    draft = reader.read(folder, task=task, options=ReadOptions(format=name))
    assert all(0 <= one < len(draft.items) for one in draft.annotations.table()["item"].to_pylist())
    assert all(Path(item.path).is_relative_to(folder) for item in draft.items)
    _assert_holds_together(draft.annotations.table(), len(draft.classes))


def _import(folder: Path, task: str | None, name: str, *, drop: bool = False) -> None:
    options = ReadOptions(format=name, drop_faulty=drop)
    revision, _ = import_dataset(folder, task=task, options=options, inspect=False)
    assert all(not path.startswith(("/", "..")) for path in revision.items["path"].to_pylist())
    assert set(revision.annotations["item_id"].to_pylist()) <= set(revision.item_ids)
    _assert_holds_together(revision.annotations, len(revision.classes))
    if revision.has_drawn_masks:
        for areas in revision.areas(revision.item_ids).values():
            assert areas.mask((6, 8)).max() < len(revision.classes)


def _import_what_can_be(folder: Path, task: str | None, name: str) -> None:
    _import(folder, task, name, drop=True)


def _changes(file: str, content: bytes) -> some.SearchStrategy[tuple[str, bytes]]:
    ways = [mutations(content)]
    if file.endswith(".json"):
        ways.append(json_mutations(content))
    return some.tuples(some.just(file), some.one_of(ways))


def _assert_holds_together(annotations: pa.Table, class_count: int) -> None:
    """Look at annotations, those of a draft or those of a revision."""
    indices = set(annotations["class_index"].drop_null().to_pylist())
    assert indices <= set(range(class_count))
    for name in ("left", "top", "right", "bottom", "value"):
        assert np.isfinite(annotations[name].drop_null().to_numpy()).all()
    for rings in annotations["rings_xy"].drop_null().to_pylist():
        assert all(len(ring) % 2 == 0 and np.isfinite(ring).all() for ring in rings)


def _places(value: Any, path: Where) -> Iterator[Where]:
    """Yield the way to every value within another."""
    keys: Any = value if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from _places(value[key], (*path, key))


def _at(value: Any, path: Where, inside: Sequence[Any]) -> Any:
    """Return a copy of the value at a place, or nothing if what it replaces is inside it."""
    if list(path) == list(inside)[: len(path)]:
        return None
    for key in path:
        value = value[key]
    return json.loads(json.dumps(value))
