"""The kernels of regions against the formulas: the same values and gradients, however cut up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from model_playground.losses import (
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    Loss,
    SoftIoULoss,
    TverskyLoss,
    WeightedSum,
)
from model_playground.losses.kernels import blocks, formulas_only, regions
from model_playground.losses.kernels.answer_areas import answer_sums, answer_sums_by_formula
from model_playground.losses.kernels.regions import region_sums, region_sums_by_formula

IGNORED = -1
SIZES = [(3, 5, 1000), (4, 3, 10), (1, 1, 300), (2, 4, 256), (7, 2, 33)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small samples into several blocks, some of several images."""
    monkeypatch.setattr(blocks, "PIXELS", (64, 256))
    monkeypatch.setattr(blocks, "FEW_NUMBERS", 0)


def classes(size: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(sum(size))
    scores = 3 * torch.randn(size, generator=draw, dtype=torch.float64)
    target = torch.randint(IGNORED, size[1], (size[0], *size[2:]), generator=draw)
    return scores.to(dtype).requires_grad_(), target


def assert_same_sums(
    fast: Callable[..., Any], formula: Callable[..., Any], input: Tensor, target: Tensor
) -> None:
    """Compare the sums, and the slopes from a different slope of every sum."""
    found, expected = (sums(input, target, IGNORED) for sums in (fast, formula))
    tolerance = {torch.float64: 1e-9, torch.float32: 2e-5, torch.bfloat16: 2e-2}[input.dtype]
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == torch.float64 if input.dtype == torch.float64 else torch.float32
        torch.testing.assert_close(one, other, rtol=min(tolerance, 2e-5), atol=1e-5)
    draw = torch.Generator().manual_seed(1)
    above = [torch.randn(one.shape, generator=draw, dtype=one.dtype) for one in found[:-1]]
    slopes = [torch.autograd.grad(sums[:-1], input, above)[0] for sums in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_sums_of_a_softmax(size: tuple[int, int, int], dtype: torch.dtype) -> None:
    assert_same_sums(region_sums, region_sums_by_formula, *classes(size, dtype))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_sums_of_answers(size: tuple[int, int, int], dtype: torch.dtype) -> None:
    input, _ = classes(size, dtype)
    draw = torch.Generator().manual_seed(2)
    hard = torch.randint(IGNORED, 2, size, generator=draw)
    assert_same_sums(answer_sums, answer_sums_by_formula, input, hard)
    soft = torch.rand(size, generator=draw, dtype=torch.float64)
    assert_same_sums(answer_sums, answer_sums_by_formula, input, soft)
    assert_same_sums(answer_sums, answer_sums_by_formula, input, hard == 1)


@pytest.mark.parametrize(
    ("low_hw", "full_hw"),
    [
        ((8, 9), (32, 36)),
        ((5, 7), (23, 31)),
        ((16, 16), (8, 8)),
        ((3, 3), (64, 64)),
        ((1, 2), (5, 5)),
    ],
)
def test_sums_of_interpolated_scores(low_hw: tuple[int, int], full_hw: tuple[int, int]) -> None:
    input, _ = classes((2, 4, *low_hw), torch.float64)
    _, target = classes((2, 4, *full_hw), torch.float64)
    assert_same_sums(region_sums, region_sums_by_formula, input, target)


def test_interpolating_inside_gives_the_same_as_interpolating_first() -> None:
    input, _ = classes((2, 4, 8, 8), torch.float32)
    _, target = classes((2, 4, 32, 32), torch.float32)
    full = functional.interpolate(input, (32, 32), mode="bilinear")
    first = CrossEntropyIoULoss2D(ignore_index=IGNORED)(full, target)
    inside = CrossEntropyIoULoss2D(ignore_index=IGNORED, interpolate=True)(input, target)
    torch.testing.assert_close(inside, first, rtol=1e-5, atol=1e-6)
    slopes = [torch.autograd.grad(loss, input)[0] for loss in (first, inside)]
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-8)


def test_logits_of_another_resolution_are_refused_unless_asked_for() -> None:
    input, target = torch.zeros(2, 4, 8, 8), torch.zeros(2, 32, 32, dtype=torch.long)
    with pytest.raises(ValueError, match=r"target is refused: it is of shape \(2, 32, 32\)"):
        CrossEntropyIoULoss2D()(input, target)
    with pytest.raises(ValueError, match="target is refused"):
        CrossEntropyIoULoss2D(interpolate=True)(input, target[:1])


@pytest.mark.parametrize(
    "loss",
    [
        CrossEntropyIoULoss2D(ignore_index=IGNORED, weight=[1.0, 0.5, 2.0]),
        CrossEntropyIoULoss2D(ignore_index=IGNORED, per_image=True, absent="count"),
        SoftIoULoss(ignore_index=IGNORED, weight=[1.0, 0.5, 2.0]),
        DiceLoss(ignore_index=IGNORED, reduction="sum"),
        TverskyLoss(ignore_index=IGNORED, per_image=True),
    ],
    ids=repr,
)
def test_losses_and_their_second_derivatives(loss: Loss) -> None:
    input, target = classes((2, 3, 2, 150), torch.float64)
    found = loss(input, target)
    with formulas_only():
        expected = loss(input, target)
    torch.testing.assert_close(found, expected)
    slopes = [torch.autograd.grad(one, input, create_graph=True)[0] for one in (found, expected)]
    torch.testing.assert_close(*slopes)
    curvatures = [torch.autograd.grad(slope.square().sum(), input)[0] for slope in slopes]
    torch.testing.assert_close(*curvatures)


def test_backward_twice_and_with_another_slope() -> None:
    input, target = classes((2, 3, 2, 150), torch.float64)
    loss = CrossEntropyIoULoss2D(ignore_index=IGNORED)(input, target)
    once, again, thrice = (
        torch.autograd.grad(factor * loss, input, retain_graph=True)[0] for factor in (1, 1, 3)
    )
    assert torch.equal(once, again)
    torch.testing.assert_close(thrice, 3 * once)


def test_logits_used_once_more_are_not_written_to() -> None:
    input, target = classes((2, 3, 2, 150), torch.float32)
    before = input.detach().clone()
    total = DiceLoss(ignore_index=IGNORED)(input, target) + input.square().sum()
    total.backward()
    assert torch.equal(input.detach(), before)


def test_wide_logits_of_any_layout_in_memory() -> None:
    input, target = classes((2, 60, 12, 11), torch.float32)
    for scores in (
        input.detach().contiguous(memory_format=torch.channels_last),
        input.detach().transpose(2, 3).contiguous().transpose(2, 3),
    ):
        scores.requires_grad_()
        for loss in (CrossEntropyLoss(ignore_index=IGNORED), DiceLoss(ignore_index=IGNORED)):
            found = torch.autograd.grad(loss(scores, target), scores)[0]
            with formulas_only():
                expected = torch.autograd.grad(loss(scores, target), scores)[0]
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-8)


def test_a_sum_of_losses_of_regions_takes_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    real = regions._sums_of_pixels
    monkeypatch.setattr(regions, "_sums_of_pixels", lambda *given: passes.append(1) or real(*given))
    input, target = classes((2, 3, 2, 150), torch.float64)
    losses = [
        CrossEntropyLoss(ignore_index=IGNORED, weight=[1.0, 2.0, 0.5]),
        DiceLoss(ignore_index=IGNORED),
        SoftIoULoss(ignore_index=IGNORED, per_image=True),
    ]
    found = WeightedSum(losses, [1.0, 0.5, 2.0])(input, target)
    assert len(passes) == 1
    with formulas_only():
        expected = WeightedSum(losses, [1.0, 0.5, 2.0])(input, target)
    torch.testing.assert_close(found, expected)


def test_the_same_input_gives_the_same_bits_and_threads_change_rounding_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "PIXELS", (2048, 2**17))
    input, target = classes((2, 5, 200_000), torch.float32)
    loss, threads, slopes = SoftIoULoss(ignore_index=IGNORED), torch.get_num_threads(), []
    try:
        for number in (1, 1, 2, 2, 4):  # PyTorch splits operations on so many numbers
            torch.set_num_threads(number)
            slopes.append(torch.autograd.grad(loss(input, target), input)[0])
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(slopes[0], slopes[1])
    assert torch.equal(slopes[2], slopes[3])
    for other in (slopes[2], slopes[4]):
        torch.testing.assert_close(other, slopes[0], rtol=1e-5, atol=1e-12)
