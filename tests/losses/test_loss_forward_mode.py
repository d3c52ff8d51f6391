"""Derivatives carried forwards: the formula answers, for kernels have backward passes alone."""

from __future__ import annotations

import pytest
import torch
from loss_samples import boxes, sample
from loss_variants import by_name
from torch import Tensor
from torch.autograd import forward_ad

from model_playground.core.contracts import Layout
from model_playground.losses.base import Loss
from model_playground.losses.kernels import formulas_only


def case(loss: type[Loss]) -> tuple[Tensor, Tensor, Tensor]:
    """Draw an input and a target of more than a handful of units, and a tangent."""
    input, target = sample(loss, images=7, size_hw=(12, 13))
    if Layout.BOX in loss.layouts:
        draw = torch.Generator().manual_seed(0)
        input, target = boxes(300, draw), boxes(300, draw)
    tangent = torch.linspace(-1, 1, input.numel(), dtype=input.dtype).view_as(input)
    return input, target, tangent


def backward(module: Loss, input: Tensor, target: Tensor) -> Tensor:
    leaf = input.clone().requires_grad_()
    return torch.autograd.grad(module(leaf, target), leaf)[0]


@by_name
@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # of PyTorch itself
def test_a_tangent_is_the_slope_along_it(loss: type[Loss], requires_grad: bool) -> None:
    input, target, tangent = case(loss)
    module = loss().eval()
    with formulas_only():
        expected = (backward(module, input, target) * tangent).sum()
    with forward_ad.dual_level():
        leaf = input.clone().requires_grad_(requires_grad)
        value = module(forward_ad.make_dual(leaf, tangent), target)
        found = forward_ad.unpack_dual(value).tangent
    torch.testing.assert_close(found, expected)
    _, found = torch.func.jvp(lambda moved: module(moved, target), (input,), (tangent,))
    torch.testing.assert_close(found, expected)


@by_name
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_forward_over_reverse_is_the_curvature(loss: type[Loss]) -> None:
    """As `torch.func.hessian` does it: the slope of the slope, along the tangent."""
    input, target, tangent = case(loss)
    module = loss().eval()
    leaf = input.clone().requires_grad_()
    (slope,) = torch.autograd.grad(module(leaf, target), leaf, create_graph=True)
    if not slope.requires_grad:  # straight everywhere: no curvature
        expected = torch.zeros_like(input)
    else:
        (expected,) = torch.autograd.grad((slope * tangent).sum(), leaf)
    _, found = torch.func.jvp(
        torch.func.grad(lambda moved: module(moved, target)), (input,), (tangent,)
    )
    torch.testing.assert_close(found, expected)
