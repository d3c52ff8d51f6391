"""The fast paths of the losses of yes-or-no answers: the same as their formulas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from model_playground.losses import AsymmetricLoss, BinaryCrossEntropyLoss, BinaryFocalLoss, Loss
from model_playground.losses.kernels import answers, formulas_only
from model_playground.losses.kernels.binary import surprise_and_wrong
from model_playground.losses.kernels.memory import room_like

LOSSES = [
    *(BinaryFocalLoss(gamma=gamma) for gamma in (0, 0.5, 1, 1.5, 2, 3)),
    BinaryFocalLoss(alpha=None),
    BinaryCrossEntropyLoss(),
    BinaryCrossEntropyLoss(pos_weight=3.0, weight=0.5),
    AsymmetricLoss(),
    AsymmetricLoss(margin=0),
    AsymmetricLoss(gamma_positive=0, gamma_negative=1, margin=0.2),
]
SIZES = [(7,), (4, 3, 5), (2, 700), (1, 3)]
TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BLOCK", 64)
    monkeypatch.setattr(answers, "PLAIN_FROM", 0)


def value_weight_slope(
    loss: Loss, input: Tensor, target: Tensor, *, per_image: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sums of each image, or of all, and the gradient of a weighted sum of them."""
    input = input.detach().requires_grad_()
    (addend,) = loss.addends(input, target, per_image=per_image)
    rows = len(input) if per_image else 1
    value, weight = (units.reshape(rows, -1).sum(1) for units in addend[2:])
    above = torch.linspace(0.5, 2, rows, dtype=value.dtype)
    (slope,) = torch.autograd.grad(value, input, above)
    return value, weight, slope


def both_ways(
    loss: Loss, input: Tensor, target: Tensor, *, per_image: bool
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return the same by the fast path and by the formula."""
    assert loss.fast_addends(input, target, per_image=per_image) is not None
    fast = value_weight_slope(loss, input, target, per_image=per_image)
    with formulas_only():
        return [fast, value_weight_slope(loss, input, target, per_image=per_image)]


def scores_and_answers(size: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(sum(size))
    scores = 3 * torch.randn(size, generator=draw, dtype=torch.float64)
    return scores.to(dtype), torch.rand(size, generator=draw, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("per_image", [False, True])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_same_as_the_formula(loss: Loss, dtype: torch.dtype, per_image: bool) -> None:
    for size in SIZES:
        scores, soft = scores_and_answers(size, dtype)
        for target in (soft, soft.round(), soft > 0.5, (soft > 0.5).long()):
            if target.dtype != torch.bool:
                target.view(-1)[1] = -100
            for found, wanted in zip(
                *both_ways(loss, scores, target, per_image=per_image), strict=True
            ):
                assert found.dtype == wanted.dtype
                torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("size", [1e4, torch.inf])
def test_extreme_scores_stay_numbers(loss: Loss, size: float) -> None:
    scores = torch.tensor([[size, -size, 0.0, size, -size]])
    target = torch.tensor([[1.0, 0.0, 0.5, -100.0, 1.0]])
    value, weight, slope = value_weight_slope(loss, scores, target, per_image=True)
    assert (
        not value.isnan()
    )  # a wrong answer of infinite certainty may cost more than a float holds
    assert slope.isfinite().all()
    assert weight.tolist() == [4]
    assert slope[0, 3] == 0


@pytest.mark.parametrize("shape", [(), (5,), (3, 1), (4, 1, 1), (4, 3, 5)])
@pytest.mark.parametrize("per_image", [False, True])
def test_factors_of_any_shape(shape: tuple[int, ...], per_image: bool) -> None:
    scores, target = scores_and_answers((4, 3, 5), torch.float64)
    draw = torch.Generator().manual_seed(3)
    factors = [torch.rand(shape, generator=draw) for _ in range(2)]
    loss = BinaryCrossEntropyLoss(weight=factors[0], pos_weight=factors[1])
    for found, wanted in zip(*both_ways(loss, scores, target, per_image=per_image), strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_first_and_second_derivatives(loss: Loss) -> None:
    scores, target = scores_and_answers((2, 4), torch.float64)
    scores.requires_grad_()

    def value(scores: Tensor) -> Tensor:
        (addend,) = loss.addends(scores, target, per_image=True)
        assert addend.value.shape == (2,)
        return addend.value

    assert torch.autograd.gradcheck(value, scores)
    assert torch.autograd.gradgradcheck(value, scores)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_backward_twice(loss: Loss, dtype: torch.dtype) -> None:
    scores, target = scores_and_answers((2, 700), dtype)
    before = scores.clone()
    scores.requires_grad_()
    value = loss(scores, target)
    once, twice, half = (
        torch.autograd.grad(value * factor, scores, retain_graph=True)[0] for factor in (1, 1, 0.5)
    )
    torch.testing.assert_close(twice, once)
    torch.testing.assert_close(half, once / 2)
    assert scores.equal(before)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_other_memory_layouts(loss: Loss) -> None:
    scores, target = scores_and_answers((4, 3, 5), torch.float64)
    (wanted, _, slope) = value_weight_slope(loss, scores, target, per_image=True)
    turned = scores.transpose(1, 2).contiguous().transpose(1, 2)
    value, _, of_turned = value_weight_slope(loss, turned, target, per_image=True)
    torch.testing.assert_close(value, wanted)
    torch.testing.assert_close(of_turned, slope)


def test_nothing_that_counts_costs_nothing() -> None:
    scores = torch.randn(3, 4, requires_grad=True)
    for loss in LOSSES:
        for some, target in (
            (scores, torch.full((3, 4), -100)),
            (scores[:0], torch.zeros(0, 4)),
        ):
            value = loss(some, target)
            (slope,) = torch.autograd.grad(value, scores)
            assert value == 0
            assert not slope.any()


def test_a_target_with_a_gradient_is_left_to_the_formula() -> None:
    scores, target = scores_and_answers((2, 4), torch.float32)
    (slope,) = torch.autograd.grad(LOSSES[0](scores, target.requires_grad_()), target)
    assert slope.any()


def test_room_for_a_gradient_has_the_shape_and_order_of_its_tensor() -> None:
    scores = torch.zeros(3, 2**20).t()  # more than a few large pages
    room = room_like(scores)
    assert (room.shape, room.stride(), room.dtype) == ((2**20, 3), scores.stride(), scores.dtype)
    assert room_like(scores, contiguous=True).is_contiguous()
    room.fill_(1)
    assert bool((room == 1).all())


def test_small_surprises_are_right_to_a_millionth_of_themselves() -> None:
    right = torch.linspace(-20, 20, 4001)
    exact = right.double()
    surprise, wrong, spare = (torch.empty_like(right) for _ in range(3))
    surprise_and_wrong(right, surprise, wrong, spare)
    torch.testing.assert_close(surprise.double(), -logsigmoid(exact), rtol=1.2e-6, atol=0)
    torch.testing.assert_close(wrong.double(), torch.sigmoid(-exact), rtol=1.2e-6, atol=0)
