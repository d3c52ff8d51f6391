"""The losses between boxes: values worked by hand, properties, gradients, state, fast paths."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from loss_references import REFERENCES, total, weight_of_proportions
from loss_samples import boxes
from torch import Tensor, tensor

from model_playground.core.errors import InvalidError
from model_playground.losses import (
    BalancedL1BoxLoss,
    BoundingBoxRegressionLoss,
    CIoUBoxLoss,
    GIoUBoxLoss,
    WiseIoUBoxLoss,
)
from model_playground.losses.base import LOSSES, Loss, WeightedSum
from model_playground.losses.boxes_any import KINDS
from model_playground.losses.boxes_overlap import OverlapBoxLoss
from model_playground.losses.kernels import formulas_only
from model_playground.losses.kernels.boxes import BLOCK

FAMILY = [loss for loss in LOSSES if issubclass(loss, OverlapBoxLoss)]
WITH_KERNEL = [loss for loss in FAMILY if loss().block_kernel() is not None]
WITHOUT_UNIT = [loss for loss in FAMILY if loss.traits.scale_free]


def drawn(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return boxes(count, draw), boxes(count, draw)


def slope(loss: Loss, input: Tensor, target: Tensor) -> Tensor:
    input = input.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(input, target).sum(), input)[0]


LEFT, RIGHT = [0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 5.0, 2.0]  # 2 × 2 and 4 × 1


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("l1", {}, (1 + 1 + 3 + 0) / 4),
        ("smooth_l1", {}, (0.5 + 0.5 + 2.5 + 0) / 4),
        # b = e³ - 1; at 1 and above: 1.5 |x| + 1.5 / b - 0.5
        ("balanced_l1", {}, (1.5 * 5 + 3 * (1.5 / (math.e**3 - 1) - 0.5)) / 4),
        ("iou", {}, 1 - 1 / 7),  # I = 1, U = 4 + 4 - 1
        ("iou", {"form": "log"}, math.log(7)),
        ("giou", {}, 1 - 1 / 7 + (10 - 7) / 10),  # C = 5 · 2
        ("diou", {}, 1 - 1 / 7 + 4.25 / 29),  # centres (1, 1) and (3, 1.5), 5² + 2² around
        ("eiou", {}, 1 - 1 / 7 + 4.25 / 29 + (2 / 5) ** 2 + (1 / 2) ** 2),
        ("alpha_iou", {}, 1 - (1 / 7) ** 3),
        ("wise_iou", {"version": "v1"}, math.exp(4.25 / 29) * 6 / 7),
        ("mpdiou", {"image_width": 6, "image_height": 8}, 1 - 1 / 7 + (2 + 9) / 100),
        ("nwd", {"constant": 2}, 1 - math.exp(-math.sqrt(4.25 + 1 + 0.25) / 2)),
    ],
)
def test_worked_by_hand(kind: str, options: dict[str, Any], expected: float) -> None:
    pair = tensor([LEFT], dtype=torch.float64), tensor([RIGHT], dtype=torch.float64)
    found = BoundingBoxRegressionLoss(kind=kind, options=options)(*pair)
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_proportions_worked_by_hand() -> None:
    """2 × 2 against 4 × 1: the angles are π/4 and arctan 4."""
    v = 4 / math.pi**2 * (math.atan(4) - math.pi / 4) ** 2
    expected = 1 - 1 / 7 + 4.25 / 29 + v / (6 / 7 + v) * v
    found = CIoUBoxLoss()(tensor([LEFT]), tensor([RIGHT]))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_balanced_l1_has_no_step_at_beta() -> None:
    ends = tensor([[1 - 1e-9] * 4, [1.0] * 4], dtype=torch.float64)
    below, above = BalancedL1BoxLoss(reduction="none")(ends, torch.zeros_like(ends))
    torch.testing.assert_close(below, above, rtol=0, atol=1e-8)


def test_balanced_l1_refuses_what_leaves_the_numbers() -> None:
    with pytest.raises(ValueError, match="gamma is at most 60 times alpha"):
        BalancedL1BoxLoss(alpha=0.01, gamma=1.5)


@pytest.mark.parametrize("loss", FAMILY, ids=lambda loss: loss.name)
def test_does_not_know_where_a_pair_is(loss: type[Loss]) -> None:
    input, target = drawn(20)
    shift = tensor([7.0, -3.0, 7.0, -3.0], dtype=torch.float64)
    found = loss(reduction="none")(input + shift, target + shift)
    torch.testing.assert_close(found, loss(reduction="none")(input, target))


@pytest.mark.parametrize("loss", WITHOUT_UNIT, ids=lambda loss: loss.name)
@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1e4, 1e25])
def test_does_not_know_how_large_a_pair_is(loss: type[Loss], scale: float) -> None:
    input, target = (pair.float() for pair in drawn(20))
    found = loss(reduction="none")(input * scale, target * scale)
    torch.testing.assert_close(found, loss(reduction="none")(input, target), rtol=1e-4, atol=1e-5)
    found = slope(loss(), input * scale, target * scale)
    torch.testing.assert_close(found * scale, slope(loss(), input, target), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"l1", "smooth_l1", "balanced_l1"}))
def test_which_losses_may_be_turned_round(kind: str) -> None:
    """The value never tells the boxes apart; CIoU's slope does, for α v compares angles alone."""
    input, target = drawn(20)
    loss = KINDS[kind]().eval()
    torch.testing.assert_close(loss(input, target), loss(target, input))


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_the_slope_of_wise_iou_holds_its_factors(version: str) -> None:
    def frozen(moved: Tensor, target: Tensor, input: Tensor) -> float:
        parts = REFERENCES["wise_iou_box"](moved, target, version=version, held=input.tolist())
        return total(parts, "mean")

    check_slope(WiseIoUBoxLoss(version=version), frozen)


def test_the_slope_of_ciou_holds_its_weight() -> None:
    def frozen(moved: Tensor, target: Tensor, input: Tensor) -> float:
        pairs = zip(input.tolist(), target.tolist(), strict=True)
        held = [weight_of_proportions(mine, theirs) for mine, theirs in pairs]
        return total(REFERENCES["ciou_box"](moved, target, held=held), "mean")

    check_slope(CIoUBoxLoss(), frozen)


def check_slope(loss: Loss, frozen: Any) -> None:
    """Compare with central differences of the loops, in which the factors are constant."""
    input, target = drawn(6, seed=3)
    found, step = slope(loss, input, target), 1e-6
    for index in range(input.numel()):
        moved = torch.zeros(input.numel(), dtype=torch.float64)
        moved[index] = step
        moved = moved.view_as(input)
        ends = [frozen(input + sign * moved, target, input) for sign in (1, -1)]
        assert found.flatten()[index].item() == pytest.approx(
            (ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8
        )


class TestWiseMemory:
    def test_learns_in_training_with_gradients_alone(self) -> None:
        input, target = drawn(8)
        loss = WiseIoUBoxLoss(momentum=0.25)
        with torch.no_grad():
            loss(input, target)
        loss.eval()
        loss(input, target)
        assert loss.mean_loss == 1
        usual = 1 - KINDS["alpha_iou"](alpha=1)(input, target)
        loss.train()(input, target)
        expected = 0.75 + 0.25 * (1 - usual)  # 1 - IoU of this batch gets a quarter
        torch.testing.assert_close(loss.mean_loss, expected.float())

    def test_an_empty_batch_teaches_nothing(self) -> None:
        loss = WiseIoUBoxLoss()
        loss(torch.zeros(0, 4), torch.zeros(0, 4))
        assert loss.mean_loss == 1

    def test_a_batch_that_is_no_number_is_forgotten(self) -> None:
        input, target = drawn(8)
        loss, other = WiseIoUBoxLoss(), WiseIoUBoxLoss()
        spoilt = input.detach().clone()
        spoilt[3, 0] = torch.nan
        assert loss(spoilt, target).isnan()
        torch.testing.assert_close(loss(input, target), other(input, target))

    def test_what_leaves_the_numbers_is_refused(self) -> None:
        """1.9 to the power of 1000 is 10^279, beyond float32."""
        with pytest.raises(InvalidError, match=r"delta=1000 is refused with alpha=1\.9: alpha"):
            WiseIoUBoxLoss(delta=1000)
        assert WiseIoUBoxLoss(delta=1000, version="v1")(*drawn(8)).isfinite()
        assert WiseIoUBoxLoss(delta=93)(*drawn(8)).isfinite()  # 93 · ln 1.9 = 59.7

    def test_what_holds_of_some_kinds_alone_says_of_which(self) -> None:
        held = BoundingBoxRegressionLoss.traits.detached
        assert 'the focusing factor (kind="wise_iou")' in held
        assert 'the weight α of the proportions (kind="ciou")' in held
        told = " ".join((BoundingBoxRegressionLoss.__doc__ or "").split())
        assert 'changes during training with kind="wise_iou" alone' in told

    def test_its_state_is_saved_through_all_that_holds_it(self) -> None:
        input, target = drawn(8)
        umbrella = BoundingBoxRegressionLoss(kind="wise_iou", options={"momentum": 0.5})
        module = WeightedSum([umbrella, KINDS["l1"]()], [1, 2])
        module(input, target)
        state = copy.deepcopy(module.state_dict())
        assert list(state) == ["losses.0.loss.mean_loss"]
        assert state["losses.0.loss.mean_loss"] < 1
        fresh = WeightedSum(
            [BoundingBoxRegressionLoss(kind="wise_iou"), KINDS["l1"]()], [1, 2]
        ).eval()
        fresh.load_state_dict(state)
        torch.testing.assert_close(fresh(input, target), module.eval()(input, target))

    def test_version_1_has_none(self) -> None:
        assert not WiseIoUBoxLoss(version="v1").state_dict()


ODD = [
    [1.0, 1, 3, 5],  # the same as the truth
    [3, 1, 5, 5],  # touching
    [1, 1, 3, 1],  # no height
    [3, 5, 1, 1],  # reversed
    [1e20, 1e20, 3e20, 5e20],  # squares leave float32
]


@pytest.mark.parametrize("loss", WITH_KERNEL, ids=lambda loss: loss.name)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("odd", [False, True], ids=["ordinary", "with odd pairs"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_fast_path_is_the_formula(
    loss: type[Loss], dtype: torch.dtype, odd: bool, reduction: Any
) -> None:
    input, target = drawn(BLOCK + 100)
    input[:50] = target[:50]
    input[50:100, 0] = target[50:100, 0]
    if odd:
        input[: len(ODD)] = tensor(ODD, dtype=torch.float64)
        target[: len(ODD)] = tensor(ODD[0], dtype=torch.float64)
    input, target = input.to(dtype), target.to(dtype)
    module = loss(reduction=reduction)
    found = module(input, target), slope(module, input, target)
    with formulas_only():
        expected = module(input, target), slope(module, input, target)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == theirs.dtype
        torch.testing.assert_close(
            mine, theirs, rtol=1e-2 if dtype == torch.bfloat16 else 1e-4, atol=1e-6
        )


def test_the_formula_is_asked_for_the_odd_pairs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    input, target = drawn(100)
    input[7], input[50] = tensor(ODD[3]), tensor(ODD[2])
    asked = []

    def cost(self: GIoUBoxLoss, input: Tensor, target: Tensor) -> Tensor:
        asked.append(len(input))
        return OverlapBoxLoss.cost(self, input, target)

    monkeypatch.setattr(GIoUBoxLoss, "cost", cost)
    slope(GIoUBoxLoss(), input, target)
    assert asked == [2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_second_pass_backward_gives_the_same_gradient(dtype: torch.dtype) -> None:
    input, target = (boxes.to(dtype) for boxes in drawn(100))
    input.requires_grad_()
    value = GIoUBoxLoss()(input, target)
    first, second = (
        torch.autograd.grad(value, input, retain_graph=True)[0].clone() for _ in range(2)
    )
    assert torch.equal(first, second)
    assert first.any()


@pytest.mark.parametrize("loss", WITH_KERNEL, ids=lambda loss: loss.name)
def test_the_fast_path_answers_for_a_second_derivative(loss: type[Loss]) -> None:
    input, target = drawn(3, seed=2)
    input.requires_grad_()
    again = torch.autograd.grad(loss()(input, target), input, create_graph=True)[0]
    with formulas_only():
        expected = torch.autograd.grad(loss()(input, target), input, create_graph=True)[0]
    second, wanted = (
        torch.autograd.grad(one.square().sum(), input)[0] for one in (again, expected)
    )
    torch.testing.assert_close(second, wanted)
    if not loss.traits.detached:
        assert torch.autograd.gradgradcheck(lambda moved: loss()(moved, target), input)


def test_a_target_with_gradient_gets_one() -> None:
    input, target = drawn(5)
    target.requires_grad_()
    KINDS["giou"]()(input, target).backward()
    assert target.grad is not None
    torch.testing.assert_close(target.grad, slope(KINDS["giou"](), target, input))
