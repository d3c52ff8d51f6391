"""The walk in blocks gives what the formula gives."""

from __future__ import annotations

import pytest
import torch
from loss_samples import sample
from torch import Tensor

from model_playground.losses import CrossEntropyIoULoss2D, DiceLoss, SoftIoULoss, TverskyLoss
from model_playground.losses.base import Loss
from model_playground.losses.kernels import softmax_areas as kernel

LOSSES = [
    CrossEntropyIoULoss2D(weight=[0.5, 2, 1]),
    CrossEntropyIoULoss2D(per_image=True, absent="count"),
    SoftIoULoss(),
    DiceLoss(weight=[0.5, 2, 1]),
    TverskyLoss(per_image=True),
]


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the samples' 20 pixels of 3 classes into blocks of 7."""
    monkeypatch.setattr(kernel, "FORMULA_UP_TO", 0)
    monkeypatch.setattr(kernel, "NUMBERS_IN_A_BLOCK", 23)


def value_and_slope(loss: Loss, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    input = input.detach().requires_grad_()
    value = loss(input, target)
    value.backward()
    assert input.grad is not None
    return value.detach(), input.grad


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("layout", ["contiguous", "channels last", "every second pixel"])
def test_blocks_equal_the_formula(
    loss: Loss, dtype: torch.dtype, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    input, target = sample(type(loss), dtype=dtype)
    target[0, 1:3] = -100
    if layout == "channels last":
        input = input.contiguous(memory_format=torch.channels_last)
    if layout == "every second pixel":
        input, target = input[..., ::2], target[..., ::2]
    expected = value_and_slope(loss, input, target)
    monkeypatch.setattr(kernel, "FORMULA_UP_TO", 0)
    monkeypatch.setattr(kernel, "NUMBERS_IN_A_BLOCK", 23)
    found = value_and_slope(loss, input, target)
    torch.testing.assert_close(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1])


@pytest.mark.usefixtures("in_blocks")
def test_the_slopes_belong_to_the_values() -> None:
    input, target = sample(CrossEntropyIoULoss2D, images=2)
    input, target = input[..., :2].requires_grad_(), target[..., :2]
    kept = target != 1

    def areas(scores: Tensor) -> tuple[Tensor, ...]:
        return kernel.softmax_areas(scores, target, kept)[:3]

    assert torch.autograd.gradcheck(areas, input)
    assert torch.autograd.gradgradcheck(areas, input)


@pytest.mark.usefixtures("in_blocks")
def test_blocks_step_aside_for_the_compiler_and_for_transforms() -> None:
    input, target = sample(CrossEntropyIoULoss2D)
    loss = CrossEntropyIoULoss2D()
    _, expected = value_and_slope(loss, input, target)
    torch.testing.assert_close(torch.func.grad(loss)(input, target), expected)
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    torch.testing.assert_close(value_and_slope(compiled, input, target)[1], expected)
    torch._dynamo.reset()


@pytest.mark.usefixtures("in_blocks")
def test_blocks_survive_extremes() -> None:
    loss = CrossEntropyIoULoss2D()
    input, target = sample(CrossEntropyIoULoss2D, dtype=torch.float32)
    for scores in (1e4 * input, input.index_fill(1, torch.tensor([2]), -torch.inf)):
        value, slope = value_and_slope(loss, scores, target.clamp(max=1))
        assert value.isfinite()
        assert slope.isfinite().all()
    ignored = torch.full_like(target, -100)
    value, slope = value_and_slope(loss, input, ignored)
    assert value == 0
    assert not slope.any()
    assert loss(input[:0], target[:0]) == 0
