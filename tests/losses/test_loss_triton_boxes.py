"""The IoU family on a GPU, against the formulas in float64."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from loss_samples import boxes
from torch import Tensor, tensor
from triton_launches import Launch, compiled, launched, no_triton

from model_playground.losses.base import LOSSES
from model_playground.losses.boxes_overlap import OverlapBoxLoss
from model_playground.losses.kernels.triton_boxes import (
    _pairs,
    costs_of_pairs,
    slopes_of_pairs,
)

WITH_KERNEL = {
    kernel.kind: loss()
    for loss in LOSSES
    if issubclass(loss, OverlapBoxLoss) and (kernel := loss().block_kernel()) is not None
}
by_kind = pytest.mark.parametrize("kind", WITH_KERNEL)


def drawn(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return boxes(count, draw), boxes(count, draw)


def expected(kind: str, input: Tensor, target: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    """Return the costs and the slopes by the loss's formula and autograd, in float64."""
    leaf = input.double().requires_grad_()
    cost = WITH_KERNEL[kind].cost(leaf, target.double())
    return cost.detach(), torch.autograd.grad(cost, leaf, above.double())[0]


def check(
    launch: Launch, kind: str, input: Tensor, target: Tensor, tolerance: float = 1e-5
) -> None:
    """Compare costs and slopes with the formula's."""
    above = torch.linspace(0.5, 2, len(input))
    cost = launch(costs_of_pairs, input, target, kind)
    slopes = launch(slopes_of_pairs, input, target, kind, above)
    expected_cost, expected_slopes = expected(kind, input, target, above)
    assert (cost.dtype, slopes.dtype) == (torch.float32, input.dtype)
    torch.testing.assert_close(cost.double(), expected_cost, rtol=1e-5, atol=1e-6)
    scale = expected_slopes.abs().amax().clamp(min=torch.finfo(torch.float32).tiny)
    torch.testing.assert_close(
        slopes.double() / scale, expected_slopes / scale, rtol=10 * tolerance, atol=tolerance
    )


@launched
@by_kind
def test_costs_and_slopes_are_the_formulas(launch: Launch, kind: str) -> None:
    check(launch, kind, *drawn(700))  # three blocks of 256


SAME = [1.0, 1.0, 5.0, 3.0]
ODD = {
    "the same": (SAME, SAME),
    "equal lower corners": ([1.0, 1.0, 4.0, 2.0], SAME),
    "equal upper corners": ([2.0, 2.0, 5.0, 3.0], SAME),
    "inside": ([2.0, 1.5, 3.0, 2.0], SAME),
    "touching": ([5.0, 1.0, 7.0, 3.0], SAME),
    "far apart": ([1e4, 1e4, 1e4 + 1, 1e4 + 2], SAME),
    "a line": ([2.0, 1.0, 2.0, 3.0], SAME),
    "a point": ([2.0, 2.0, 2.0, 2.0], SAME),
    "a true point": (SAME, [2.0, 2.0, 2.0, 2.0]),
    "two points": ([1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]),
    "one point": ([2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 2.0]),
    "reversed": ([5.0, 3.0, 1.0, 1.0], SAME),
    "reversed truth": (SAME, [5.0, 3.0, 1.0, 1.0]),
    "one side reversed": ([4.0, 1.5, 2.0, 2.5], SAME),
    "huge": ([-1e30, -1e30, 2e30, 1e30], [-2e30, -1e30, 1e30, 3e30]),
    "tiny": ([1e-30, 1e-30, 5e-30, 3e-30], [2e-30, 2e-30, 4e-30, 4e-30]),
    "flat and upright": ([0.0, 0.0, 1000.0, 1.0], [0.0, 0.0, 1.0, 1000.0]),
}


@launched
@by_kind
@pytest.mark.parametrize("case", ODD)
def test_odd_pairs_are_as_by_the_formula(launch: Launch, kind: str, case: str) -> None:
    input, target = (tensor([box]) for box in ODD[case])
    check(launch, kind, input, target)


@launched
@by_kind
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_read_and_written_but_not_reckoned_in(
    launch: Launch, kind: str, dtype: torch.dtype
) -> None:
    input, target = (one.to(dtype) for one in drawn(40))
    check(launch, kind, input, target, tolerance=2 * torch.finfo(dtype).eps)


@launched
@by_kind
def test_any_strides_are_read(launch: Launch, kind: str) -> None:
    input, target = drawn(60)
    check(launch, kind, input.t().contiguous().t()[::2], target[:1].expand(30, 4))


@launched
@by_kind
def test_no_pair_costs_nothing(launch: Launch, kind: str) -> None:
    none = torch.zeros(0, 4)
    assert launch(costs_of_pairs, none, none, kind).shape == (0,)
    assert launch(slopes_of_pairs, none, none, kind, torch.zeros(0)).shape == (0, 4)


@no_triton
@pytest.mark.slow
@pytest.mark.parametrize("architecture", [80, 90])
@by_kind
def test_the_kernel_compiles_without_a_gpu(
    architecture: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    types = dict.fromkeys(("input", "target", "slopes"), "*bf16")
    numbers = {"POINT": 1e-30, "PROPORTIONS": 0.4, "QUARTER_TURN": 1.6}
    for sloped in (False, True):
        constants = {"KIND": kind, "SLOPED": sloped, "BLOCK": 256, **numbers}
        assert compiled(_pairs, architecture, types, **constants)
