"""Agreement with PyTorch wherever PyTorch has the same loss, on all reductions."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from model_playground.losses import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
)

REDUCTIONS = ["mean", "sum", "none"]
WEIGHTS = [None, torch.tensor([0.5, 2.0, 1.25, 0.0], dtype=torch.float64)]
SHAPES = [(7, 4), (3, 4, 5), (2, 4, 3, 5), (4,)]


@pytest.fixture
def draw() -> torch.Generator:
    return torch.Generator().manual_seed(11)


def scores(shape: tuple[int, ...], draw: torch.Generator) -> Tensor:
    return 3 * torch.randn(shape, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_of_class_indices(
    shape: tuple[int, ...], reduction: str, draw: torch.Generator
) -> None:
    input = scores(shape, draw).requires_grad_()
    target = torch.randint(4, shape[:1] + shape[2:] if len(shape) > 1 else (), generator=draw)
    for weight, smoothing, ignored in itertools.product(WEIGHTS, [0.0, 0.2, 1.0], [-100, 1, 3]):
        if target.ndim == 0 and ignored == int(target):
            continue  # all ignored: 0 here, NaN there
        arguments = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignored}
        expected = functional.cross_entropy(input, target, weight=weight, **arguments)
        if expected.isnan().any():
            continue
        found = CrossEntropyLoss(weight=weight, **arguments)(input, target)
        torch.testing.assert_close(found, expected)
        slopes = [torch.autograd.grad(loss.sum(), input)[0] for loss in (found, expected)]
        torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_of_probabilities(
    shape: tuple[int, ...], reduction: str, draw: torch.Generator
) -> None:
    input = scores(shape, draw)
    target = scores(shape, draw).softmax(0 if len(shape) == 1 else 1)
    for weight, smoothing in itertools.product(WEIGHTS, [0.0, 0.2, 1.0]):
        arguments = {"reduction": reduction, "label_smoothing": smoothing}
        expected = functional.cross_entropy(input, target, weight=weight, **arguments)
        torch.testing.assert_close(
            CrossEntropyLoss(weight=weight, **arguments)(input, target), expected
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("shape", "factors"),
    [
        ((6,), (1,)),
        ((6, 3), (3,)),
        ((2, 3, 4), (3, 1)),
        ((2, 3, 4, 5), (3, 1, 1)),
        ((2, 1, 3, 3), (1,)),
    ],
)
def test_binary_cross_entropy(
    shape: tuple[int, ...], factors: tuple[int, ...], reduction: str, draw: torch.Generator
) -> None:
    input = scores(shape, draw)
    target = torch.rand(shape, generator=draw, dtype=torch.float64)
    some = torch.rand(factors, generator=draw)
    for weight, pos_weight in itertools.product([None, some], [None, 3 * some]):
        arguments = {"weight": weight, "pos_weight": pos_weight, "reduction": reduction}
        expected = functional.binary_cross_entropy_with_logits(input, target, **arguments)
        torch.testing.assert_close(BinaryCrossEntropyLoss(**arguments)(input, target), expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_differences(reduction: str, draw: torch.Generator) -> None:
    input, target = scores((5, 3), draw), scores((5, 3), draw)
    for ours, theirs in [
        (MSELoss(reduction=reduction), torch.nn.MSELoss(reduction=reduction)),
        (L1Loss(reduction=reduction), torch.nn.L1Loss(reduction=reduction)),
        *(
            pair
            for size in (0.1, 1.0, 3.0)
            for pair in (
                (
                    SmoothL1Loss(beta=size, reduction=reduction),
                    torch.nn.SmoothL1Loss(beta=size, reduction=reduction),
                ),
                (
                    HuberLoss(delta=size, reduction=reduction),
                    torch.nn.HuberLoss(delta=size, reduction=reduction),
                ),
            )
        ),
    ]:
        torch.testing.assert_close(ours(input, target), theirs(input, target))


def test_nothing_left_costs_nothing_where_pytorch_gives_no_number() -> None:
    input, target = torch.zeros(2, 3, requires_grad=True), torch.tensor([-100, -100])
    assert functional.cross_entropy(input, target).isnan()
    loss = CrossEntropyLoss()(input, target)
    loss.backward()
    assert loss == 0
    assert input.grad is not None
    assert not input.grad.any()
