"""The page for those who come from another library: each of its rows is run.

A row holds their call, ours, what theirs gives in terms of ours, and why; so the page cannot say
what is not so, and what a library adds has to be spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from loss_peers import losses_of_smp

from model_playground.losses import WeightedSum
from model_playground.losses.base import LOSSES

CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 1e-6, "equal_nan": True}
PAGE = Path(__file__).parents[2] / "docs" / "losses" / "migration.md"

LIBRARIES = [
    "PyTorch",
    "torchvision",
    "segmentation-models-pytorch",
    pytest.param("MONAI", marks=pytest.mark.slow),  # imports all it has, in 20 s
    "kornia",
]


class Row(NamedTuple):
    """Two calls, what theirs gives in terms of `ours`, and why where it is not the same."""

    theirs: str
    ours: str
    value: str
    why: str


@cache
def sections() -> dict[str, str]:
    """Return the page's text by heading; the inputs of all rows stand before the first."""
    first, *rest = PAGE.read_text(encoding="utf-8").split("\n## ")
    return {"inputs": first} | {part.partition("\n")[0]: part for part in rest}


def rows(library: str) -> Iterator[Row]:
    """Read the table of a library."""
    for line in sections()[library].splitlines():
        if line.startswith("| `"):
            theirs, ours, value, why = (cell.strip() for cell in line.strip("|").split(" | "))
            yield Row(theirs.strip("`"), ours.strip("`"), value.strip("`"), why.strip("| "))


def programs(section: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))


def names_for(library: str) -> dict[str, Any]:
    """Run what the page says before the rows: our losses, the inputs, the other library."""
    names: dict[str, Any] = {loss.__name__: loss for loss in LOSSES} | {"WeightedSum": WeightedSum}
    exec(programs(sections()["inputs"]), names)
    program = programs(sections()[library])
    if library == "segmentation-models-pytorch":  # without the models that it ships beside them
        assert program.strip() == "import segmentation_models_pytorch.losses as smp"
        names["smp"] = losses_of_smp()
    else:
        exec(program, names)
    return names


def check(row: Row, names: dict[str, Any]) -> None:
    """Run a row, and compare the slopes too where one value is said to follow from the other."""
    leaves = {name: names[name].detach().requires_grad_() for name in ("z", "u", "b")}
    theirs, ours = (eval(call, names | leaves) for call in (row.theirs, row.ours))
    expected = torch.as_tensor(eval(row.value, names | leaves | {"ours": ours}))
    said = f"{row.theirs} is {theirs} where ours is {ours}, not {row.value} = {expected}"
    torch.testing.assert_close(theirs, expected, msg=said, **CLOSE)
    assert ours.isfinite().all()
    if "ours" in row.value and theirs.requires_grad:
        slopes = [
            torch.autograd.grad(value.sum(), leaves.values(), allow_unused=True)
            for value in (theirs, expected)
        ]
        torch.testing.assert_close(*slopes, msg=f"the slopes of {row.theirs} differ", **CLOSE)


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_row_is_as_the_page_says(library: str) -> None:
    names = names_for(library)
    for row in rows(library):
        check(row, names)


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_loss_of_the_library_is_spoken_of(library: str) -> None:
    names = names_for(library)
    theirs = next(names[name] for name in ("kornia", "monai", "smp", "ops", "nn") if name in names)
    public = {
        name
        for name, value in vars(theirs).items()
        if "loss" in name.lower() and not name.startswith("_") and callable(value)
    }
    said = set(re.findall(r"\w+", sections()[library]))
    assert len(public) >= 4
    missing = sorted(public - said)
    assert not missing


@pytest.mark.parametrize("library", [*sections()][1:])
def test_what_differs_says_why(library: str) -> None:
    found = list(rows(library))
    assert len(found) >= 9
    for row in found:
        assert row.value == "ours" or row.why, f"{row.theirs} differs, and no word says why"
