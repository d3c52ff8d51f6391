"""What holds for every loss between boxes: where a pair is, how large, how it is turned.

A loss that declares itself free of scale is the same for a pair that is scaled as a whole. Each
other has a unit: the numbers themselves, or a parameter that is a length.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_samples import ALL
from torch import Tensor, tensor

from model_playground.core.contracts import BoxView, Layout
from model_playground.losses import (
    BoundingBoxRegressionLoss,
    CIoUBoxLoss,
    DIoUBoxLoss,
    EIoUBoxLoss,
    L1BoxLoss,
    Loss,
    MPDIoUBoxLoss,
    NWDBoxLoss,
    SmoothL1BoxLoss,
)
from model_playground.losses.boxes import reading
from model_playground.losses.boxes_any import KINDS

seeds = st.integers(0, 2**16)
some = settings(max_examples=10, deadline=None)
eighths = st.integers(-800, 800).map(lambda number: number / 8)  # sums of them are exact

OF_CORNERS = [
    loss for loss in ALL if Layout.BOX in loss.layouts and reading(BoxView.XYXY) in loss.reads
]
of_corners = pytest.mark.parametrize("loss", OF_CORNERS, ids=lambda loss: loss.name)


def pair_of(seed: int) -> tuple[Tensor, Tensor]:
    """Draw pairs of any proportions, in eighths: overlapping, apart, with edges in common."""
    draw = torch.Generator().manual_seed(seed)

    def box(farthest: int) -> Tensor:
        corner = torch.randint(-farthest, farthest, (20, 2), generator=draw)
        return torch.cat([corner, corner + torch.randint(1, 80, (20, 2), generator=draw)], 1) / 8

    return box(30).double(), box(60).double()


def value_and_slope(loss: Loss, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    input = input.clone().requires_grad_()
    value = loss.eval()(input, target)
    return value.detach(), torch.autograd.grad(value.sum(), input)[0]


def same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@of_corners
@given(seed=seeds, x=eighths, y=eighths)
@some
def test_a_pair_may_be_moved(loss: type[Loss], seed: int, x: float, y: float) -> None:
    pair = pair_of(seed)
    shift = tensor([x, y, x, y], dtype=torch.float64)
    module = loss(reduction="none")
    value, slope = value_and_slope(module, *pair)
    moved, moved_slope = value_and_slope(module, pair[0] + shift, pair[1] + shift)
    same(moved, value)
    same(moved_slope, slope)


@of_corners
@given(seed=seeds, power=st.integers(-20, 20))
@some
def test_a_pair_may_be_scaled_where_the_loss_is_free_of_scale(
    loss: type[Loss], seed: int, power: int
) -> None:
    pair, scale = pair_of(seed), 2.0**power
    module = loss(reduction="none")
    value, slope = value_and_slope(module, *pair)
    scaled, scaled_slope = value_and_slope(module, pair[0] * scale, pair[1] * scale)
    if loss.traits.scale_free:
        same(scaled, value)
        same(scaled_slope * scale, slope)
    elif loss is not BoundingBoxRegressionLoss:  # free of it by some of its kinds
        larger = module(pair[0] * 64, pair[1] * 64)
        assert not torch.allclose(larger, value, rtol=1e-3)


def test_which_losses_are_free_of_scale() -> None:
    assert {name for name, loss in KINDS.items() if loss.traits.scale_free} == {
        *("iou", "giou", "diou", "ciou", "eiou", "siou", "alpha_iou", "wise_iou"),
    }
    assert not BoundingBoxRegressionLoss.traits.scale_free


@given(seed=seeds, scale=st.floats(1e-2, 1e2))
@some
def test_what_has_a_unit_is_the_same_where_its_parameters_are_scaled_too(
    seed: int, scale: float
) -> None:
    """Lengths that are parameters; and a mean of differences is itself a length."""
    pair = pair_of(seed)
    scaled = [boxes * scale for boxes in pair]
    same(L1BoxLoss()(*scaled), scale * L1BoxLoss()(*pair))
    same(SmoothL1BoxLoss(beta=3 * scale)(*scaled), scale * SmoothL1BoxLoss(beta=3)(*pair))
    sides = {"image_width": 320, "image_height": 200}
    wide = MPDIoUBoxLoss(**{name: side * scale for name, side in sides.items()})
    same(wide(*scaled), MPDIoUBoxLoss(**sides)(*pair))
    same(NWDBoxLoss(constant=8 * scale)(*scaled), NWDBoxLoss(constant=8)(*pair))


@of_corners
@given(seed=seeds)
@some
def test_neither_axis_nor_side_is_another(loss: type[Loss], seed: int) -> None:
    """Width for height, left for right: with boxes that are not square a mix-up would show."""
    pair = pair_of(seed)
    module = loss(reduction="none")
    value, slope = value_and_slope(module, *pair)
    turned, turned_slope = value_and_slope(module, *(boxes[:, [1, 0, 3, 2]] for boxes in pair))
    same(turned, value)
    same(turned_slope[:, [1, 0, 3, 2]], slope)
    mirror = tensor([-1.0, 1, -1, 1], dtype=torch.float64)
    mirrored, mirrored_slope = value_and_slope(
        module, *((boxes * mirror)[:, [2, 1, 0, 3]] for boxes in pair)
    )
    same(mirrored, value)
    same((mirrored_slope * mirror)[:, [2, 1, 0, 3]], slope)


@of_corners
@given(seed=seeds)
@some
def test_a_box_that_fits_costs_nothing(loss: type[Loss], seed: int) -> None:
    truth = pair_of(seed)[1]
    same(loss(reduction="none").eval()(truth, truth), torch.zeros(20, dtype=torch.float64))


@given(seed=seeds, factor=st.floats(1.2, 5))
@some
def test_proportions_count_in_ciou_and_sizes_in_eiou(seed: int, factor: float) -> None:
    """Of one centre: CIoU asks nothing more of a smaller box of the same proportions."""
    truth = pair_of(seed)[1]
    centre, half = (truth[:, :2] + truth[:, 2:]) / 2, (truth[:, 2:] - truth[:, :2]) / 2
    smaller = torch.cat([centre - half / factor, centre + half / factor], 1)
    stretch = tensor([factor, 1 / factor], dtype=torch.float64)
    stretched = torch.cat([centre - half * stretch, centre + half * stretch], 1)
    losses = [loss(reduction="none") for loss in (DIoUBoxLoss, CIoUBoxLoss, EIoUBoxLoss)]
    diou, ciou, eiou = (loss(smaller, truth) for loss in losses)
    same(ciou, diou)
    same(eiou, diou + 2 * (1 - 1 / factor) ** 2)
    diou, ciou, eiou = (loss(stretched, truth) for loss in losses)
    assert (ciou > diou).all()
    same(eiou, diou + (1 - 1 / factor) ** 2 * 2)
