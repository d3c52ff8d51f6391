"""The fast path of the focal loss over classes: its formula's values, however sure the scores."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_playground.losses import FocalLoss
from model_playground.losses.base import image_losses, reduced
from model_playground.losses.kernels import blocks, formulas_only

CLOSE = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 2e-2}


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "FEW_NUMBERS", 0)
    monkeypatch.setattr(blocks, "NUMBERS", 64)
    monkeypatch.setattr(blocks, "PIXELS", (4, 16))


def value_and_slope(loss: FocalLoss, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    leaf = input.detach().requires_grad_()
    images = image_losses(loss.addends(leaf, target, per_image=True))
    value = reduced(loss.addends(leaf, target), "mean") + (images * images.detach()).sum()
    return value.detach(), torch.autograd.grad(value, leaf)[0]


def compare(loss: FocalLoss, input: Tensor, target: Tensor) -> None:
    assert loss.fast_addends(input, target, per_image=False) is not None
    fast = value_and_slope(loss, input, target)
    with formulas_only():  # in float64: at 1e4 the formula in float32 is right to 1e-3 only
        formula = value_and_slope(loss, input.double(), target)
    for found, expected in zip(fast, formula, strict=True):
        assert torch.isfinite(found).all()
        within = CLOSE[input.dtype]
        torch.testing.assert_close(found.double(), expected, rtol=within, atol=within)


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("alpha", [None, [0.2, 1.0, 0.0, 3.0]])
@pytest.mark.parametrize("gamma", [0.0, 1.0, 1.5, 2.0, 3.0])
def test_equals_the_formula(gamma: float, alpha: list[float] | None, dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(3)
    loss = FocalLoss(gamma=gamma, alpha=alpha)
    for shape in ((3, 4), (2, 4, 5, 9), (9, 4, 1), (1, 4, 70)):
        input = (4 * torch.randn(shape, generator=draw)).to(dtype)
        target = torch.randint(0, 4, (shape[0], *shape[2:]), generator=draw)
        target[torch.rand(target.shape, generator=draw) < 0.2] = -100
        compare(loss, input, target)
    compare(loss, input, torch.full_like(target, -100))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("high", [30.0, 1e4])
def test_sure_scores_and_impossible_classes(gamma: float, high: float) -> None:
    right = torch.tensor([[high, 0, -high], [0, high, -torch.inf], [high, high, -high]])
    for target in ([0, 1, 0], [1, 0, 1], [2, 0, 2], [0, -100, -100]):
        compare(FocalLoss(gamma=gamma), right, torch.tensor(target))


def test_a_sure_prediction_keeps_its_small_value() -> None:
    """With p = 1 - e⁻³⁰ the value is about e⁻⁹⁰: 1 - p taken from p would be 0."""
    score, target = torch.tensor([[30.0, 0.0]]), torch.tensor([0])
    (addend,) = FocalLoss().fast_addends(score, target, per_image=False) or ()
    expected = torch.tensor(-90.0, dtype=torch.float64).exp()  # (e⁻³⁰)² · e⁻³⁰
    torch.testing.assert_close(
        addend.value[0].double(), expected.float().double(), rtol=1e-5, atol=0
    )


def test_backward_twice_and_second_derivatives() -> None:
    draw = torch.Generator().manual_seed(1)
    input = torch.randn(2, 3, 4, generator=draw, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 3, (2, 4), generator=draw)
    loss = FocalLoss(alpha=[1.0, 2.0, 0.5])
    value = loss(input, target)
    first = torch.autograd.grad(value, input, retain_graph=True)[0].clone()
    torch.testing.assert_close(torch.autograd.grad(value, input)[0], first)
    assert torch.autograd.gradcheck(lambda z: loss(z, target), input)
    assert torch.autograd.gradgradcheck(lambda z: loss(z, target), input)
