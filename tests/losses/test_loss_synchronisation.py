"""No loss waits for a device: nothing is read back into Python, forwards or backwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from loss_samples import ALL, sample
from loss_variants import HAVE_FAST_PATHS, by_name, variants
from torch.utils._python_dispatch import TorchDispatchMode

from model_playground.losses import (
    BoundingBoxRegressionLoss,
    FocalLoss,
    check_values,
)
from model_playground.losses.base import Loss
from model_playground.losses.boxes_overlap import OverlapBoxLoss
from model_playground.losses.kernels import formulas_only

aten = torch.ops.aten
WAITS = {
    aten._local_scalar_dense,
    aten.item,
    aten.is_nonzero,
    aten.nonzero,
    aten.masked_select,
    aten.equal,
    aten.unique_dim,
    aten._unique2,
    aten.bincount,
}
"""Operators whose result, or its size, has to be known before the next line can run."""


LOOK_INTO_BLOCKS = [
    loss for loss in ALL if issubclass(loss, (OverlapBoxLoss, BoundingBoxRegressionLoss))
]
"""Their kernel looks at the longest side in each block, on the CPU alone, where nothing is waited
for; on a GPU the formula serves. That of answers looks at large blocks only, on the CPU too."""


class NothingWaits(TorchDispatchMode):
    """Fail where an operator would wait for the device."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        packet = function.overloadpacket
        assert packet not in WAITS, f"{function} waits for the device"
        if packet in (aten.index, aten.index_put, aten.index_put_):
            masks = [index.dtype for index in args[1] if index is not None]
            assert torch.bool not in masks, f"{function} counts the true entries of a mask"
        return function(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def unread() -> Iterator[None]:
    """Switch the checks of values off, which is the default on a GPU."""
    check_values("nowhere")
    yield
    check_values("cpu")


@by_name
@pytest.mark.parametrize("form", ["fast", "formula"])
def test_nothing_waits_for_the_device(loss: type[Loss], form: str) -> None:
    if form == "formula" and loss not in HAVE_FAST_PATHS:
        form = "fast"  # which is the formula
    if loss in LOOK_INTO_BLOCKS:
        form = "formula"
    input, target = sample(loss, dtype=torch.float32)
    for parameters in variants(loss):
        for reduction in ("mean", "none"):
            module = loss(**parameters, reduction=reduction)
            score = input.clone().requires_grad_()
            with formulas_only() if form == "formula" else nullcontext(), NothingWaits():
                module(score, target).sum().backward()
            assert score.grad is not None


@by_name
def test_adding_up_a_part_waits_for_nothing(loss: type[Loss]) -> None:
    input, target = sample(loss, dtype=torch.float32)
    by_formula = loss in LOOK_INTO_BLOCKS
    with formulas_only() if by_formula else nullcontext(), NothingWaits():
        assert loss().addends(input, target, per_image=True)


@pytest.mark.parametrize(
    "waiting",
    [
        lambda x: x.sum().item(),
        lambda x: bool((x > 0).all()),
        lambda x: x[x > 0],
        lambda x: x.masked_select(x > 0),
        lambda x: (x > 0).nonzero(),
        lambda x: x.masked_fill_(x > 0, 1).index_put_((x > 0,), torch.tensor(0.0)),
    ],
)
def test_the_watch_sees_what_waits(waiting: Any) -> None:
    with NothingWaits(), pytest.raises(AssertionError):
        waiting(torch.randn(3))


def test_the_check_of_values_is_what_waits_where_it_is_wanted() -> None:
    input, target = sample(FocalLoss)
    check_values("everywhere")
    with NothingWaits(), pytest.raises(AssertionError, match="waits for the device"):
        FocalLoss()(input, target)


def test_the_whole_registry_is_swept() -> None:
    assert len(ALL) >= 20
