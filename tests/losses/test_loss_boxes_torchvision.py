"""The losses between boxes beside torchvision's: the same, except where theirs are wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from loss_samples import boxes
from torch import Tensor, tensor

from model_playground.losses import CIoUBoxLoss, DIoUBoxLoss, GIoUBoxLoss
from model_playground.losses.base import Loss


def theirs(name: str) -> Callable[..., Tensor]:
    from torchvision import ops

    found: Callable[..., Tensor] = getattr(ops, f"{name}_box_iou_loss")
    return found


def slope(loss: Callable[[Tensor, Tensor], Tensor], input: Tensor, target: Tensor) -> Tensor:
    input = input.clone().requires_grad_()
    return torch.autograd.grad(loss(input, target).sum(), input)[0]


@pytest.mark.parametrize(
    ("loss", "name"),
    [(GIoUBoxLoss, "generalized"), (DIoUBoxLoss, "distance"), (CIoUBoxLoss, "complete")],
)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_agrees_on_ordinary_boxes(loss: type[Loss], name: str, reduction: str) -> None:
    draw = torch.Generator().manual_seed(2)
    input, target = boxes(50, draw), boxes(50, draw)
    input[:25] += 5  # some do not touch
    found = loss(reduction=reduction)(input, target)
    expected = theirs(name)(input, target, reduction=reduction)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)  # they add eps to areas
    mine = slope(loss(), input, target)
    wanted = slope(lambda a, b: theirs(name)(a, b, reduction="mean"), input, target)
    torch.testing.assert_close(mine, wanted, rtol=1e-5, atol=1e-6)


def test_their_ciou_ignores_eps_in_its_distance() -> None:
    """With the same eps, CIoU of squares is DIoU (v = 0); theirs differ: eps reaches one only.

    Centres 1 apart, 3² + 2² around: 1 - 2 / 6 + 1 / 13 without eps. With an eps of 1 their
    distance loss gives 1 - 2 / (6 + 1) + 1 / (13 + 1); their complete loss stays as it was.
    """
    input, target = tensor([[0.0, 0, 2, 2]]), tensor([[1.0, 0, 3, 2]])
    exact = 1 - 2 / 6 + 1 / 13
    assert theirs("distance")(input, target, eps=1.0).item() == pytest.approx(1 - 2 / 7 + 1 / 14)
    assert theirs("complete")(input, target, eps=1.0).item() == pytest.approx(exact, rel=1e-5)
    assert CIoUBoxLoss()(input, target).item() == pytest.approx(exact, rel=1e-6)


def test_square_boxes_prove_nothing_of_the_proportions() -> None:
    """Their tests have squares alone, where v = 0: CIoU is DIoU there, right or wrong as it be."""
    squares = tensor([[0.0, 0, 2, 2], [0, 0, 6, 6]]), tensor([[1.0, 1, 4, 4], [5, 5, 9, 9]])
    for loss in (lambda a, b: theirs("complete")(a, b), CIoUBoxLoss(reduction="none")):
        torch.testing.assert_close(loss(*squares), DIoUBoxLoss(reduction="none")(*squares))
    # 4 × 2 and 8 × 6 of one centre: an IoU of 1 / 6, and v = 4 / π² · (arctan 4/3 - arctan 2)²
    small, large = tensor([[2.0, 2, 6, 4]]).double(), tensor([[0.0, 0, 8, 6]]).double()
    v = 4 / math.pi**2 * (math.atan(8 / 6) - math.atan(4 / 2)) ** 2
    expected = 1 - 1 / 6 + v * v / (1 - 1 / 6 + v)
    assert CIoUBoxLoss()(small, large).item() == pytest.approx(expected)
    assert theirs("complete")(small, large).item() == pytest.approx(expected, rel=1e-6)


def test_the_slope_of_their_ciou_is_no_number_at_a_box_without_height() -> None:
    """An arctangent of w / 0 has the slope 0 by w, and by h that of -w / (w² + h²): -1 / w."""
    input, target = tensor([[1.0, 2, 3, 2]]), tensor([[1.0, 1, 3, 5]])
    assert slope(theirs("complete"), input, target).isnan().any()
    assert slope(CIoUBoxLoss(), input, target).isfinite().all()


def test_their_ciou_of_two_points_is_no_number() -> None:
    """Their v compares 0 / 0 with 0 / 0; points have no proportions, so ours is 1 - 0 + ρ² / c²."""
    input, target = tensor([[2.0, 2, 2, 2]]), tensor([[4.0, 4, 4, 4]])
    assert theirs("complete")(input, target).isnan().all()
    assert CIoUBoxLoss()(input, target).item() == pytest.approx(1 + 8 / 8)


def test_ciou_has_a_value_but_no_slope_that_is_symmetric() -> None:
    """They say that the two boxes may be swapped: true of the value, not of training.

    For boxes about one centre, 4 × 2 inside 8 × 6, the width's slope has the part
    ±α · 8/π² · Δ · h / (w² + h²): with h / (w² + h²) = 2 / 20 for one and 6 / 100 for the other.
    """
    small, large = tensor([[2.0, 2, 6, 4]]).double(), tensor([[0.0, 0, 8, 6]]).double()
    there, back = (CIoUBoxLoss()(*pair).item() for pair in ((small, large), (large, small)))
    assert there == pytest.approx(back)
    angle = math.atan(8 / 6) - math.atan(4 / 2)
    v = 4 / math.pi**2 * angle**2
    alpha = v / (1 - 8 / 48 + v)
    parts = []
    for mine, other in ((small, large), (large, small)):
        beyond = slope(CIoUBoxLoss(), mine, other) - slope(DIoUBoxLoss(), mine, other)
        parts.append(beyond[0, 2].item())
    force = alpha * 8 / math.pi**2 * angle
    assert parts == pytest.approx([-force * 2 / 20, force * 6 / 100])
