"""Every registered loss against its plain-loop reference, in float64."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from loss_references import REFERENCES, total
from loss_samples import ALL, sample
from torch import Tensor

from model_playground.losses.base import LOSSES, Loss
from model_playground.losses.kernels import formulas_only

W = [0.5, 2.0, 1.25]
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "cross_entropy": [
        {"weight": W},
        {"label_smoothing": 0.1},
        {"weight": W, "label_smoothing": 0.3},
        {"ignore_index": 1},
        {"weight": W, "label_smoothing": 0.3, "ignore_index": 2},
    ],
    "focal": [{"gamma": 0}, {"gamma": 0.5}, {"alpha": W, "gamma": 3}, {"ignore_index": 0}],
    "binary_cross_entropy": [{"pos_weight": 3.0}, {"ignore_index": 0}],
    "binary_focal": [{"alpha": None}, {"gamma": 0.5, "alpha": 0.75}, {"ignore_index": 1}],
    "poly_1": [{"epsilon": -0.5}, {"ignore_index": 1}],
    "asymmetric": [
        {"gamma_positive": 0.5, "gamma_negative": 1.5, "margin": 0.3},
        {"margin": 0.0},
        {"ignore_index": 0},
    ],
    "quantile": [{"quantile": 0.9}],
    "log_cosh": [{"scale": 0.25}],
    "symmetric_cross_entropy": [
        {"alpha": 6.0, "beta": 0.1, "log_zero": -6.0},
        {"ignore_index": 1},
    ],
    "generalised_cross_entropy": [{"q": 1.0}, {"q": 0.1, "ignore_index": 0}],
    "boundary": [{"weight": W}, {"ignore_index": 1}, {"ignore_index": 2, "weight": W}],
    "binary_cross_entropy_dice_mask": [{"dice_weight": 2.5}, {"ignore_index": 0}],
    "smooth_l1": [{"beta": 0.25}],
    "huber": [{"delta": 0.25}],
    "soft_iou": [
        {"weight": W},
        {"per_image": True},
        {"absent": "count", "ignore_index": 1},
        {"ignore_index": 2, "per_image": True, "weight": W},
    ],
    "dice": [{"squared": True}, {"weight": W, "per_image": True, "ignore_index": 1}],
    "tversky": [{"alpha": 0.9, "beta": 0.2}, {"absent": "count", "ignore_index": 0}],
    "focal_tversky": [{"gamma": 0.75, "alpha": 0.2}],
    "lovasz": [{"per_image": True}, {"ignore_index": 1, "weight": W, "absent": "count"}],
    "cross_entropy_iou_2d": [
        {"weight": W},
        {"iou_weight": 0.2},
        {"per_image": True, "ignore_index": 1},
        {"absent": "count", "ignore_index": 2},
    ],
    "smooth_l1_box": [{"beta": 0.25}],
    "balanced_l1_box": [{"alpha": 1.0, "gamma": 0.5, "beta": 2.0}],
    "iou_box": [{"form": "log"}],
    "siou_box": [{"theta": 2.0}],
    "alpha_iou_box": [{"alpha": 1.5}],
    "wise_iou_box": [{"version": "v1"}, {"alpha": 1.4, "delta": 5.0}],
    "mpdiou_box": [{"image_width": 12.0, "image_height": 8.0}],
    "nwd_box": [{"constant": 2.0}],
    "bounding_box_regression": [{"kind": "smooth_l1", "options": {"beta": 0.25}}],
}
CASES = [(loss.name, {}) for loss in ALL] + [
    (name, variant) for name, variants in VARIANTS.items() for variant in variants
]


@pytest.mark.parametrize(("name", "parameters"), CASES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_equals_the_loops(name: str, parameters: dict[str, Any], reduction: str) -> None:
    input, target = sample(LOSSES[name], images=12, seed=len(str(parameters)))
    loss = LOSSES[name](reduction=reduction, **parameters)
    expected = total(REFERENCES[name](input, target, **parameters), reduction)
    untouched = copy.deepcopy(loss)  # a loss with a state moves on
    torch.testing.assert_close(loss(input, target).item(), expected, rtol=1e-6, atol=1e-9)
    with formulas_only():
        by_formula = untouched(input, target).item()
    torch.testing.assert_close(by_formula, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
def test_every_addend_equals_the_loops_unit_by_unit(loss: type[Loss]) -> None:
    input, target = sample(loss, seed=5)
    with formulas_only():
        found = loss().addends(input, target)
    expected = REFERENCES[loss.name](input, target)
    assert [addend.scale for addend in found] == [scale for scale, _ in expected]
    for addend, (_, units) in zip(found, expected, strict=True):
        value, weight = torch.tensor(units, dtype=torch.float64).unbind(1)
        if addend.value.ndim == 1:  # the units of an image are summed already
            value, weight = (each.view(len(input), -1).sum(1) for each in (value, weight))
        torch.testing.assert_close(addend.value.flatten(), value)
        torch.testing.assert_close(addend.weight.flatten().double(), weight)


def soft_targets() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    input = torch.randn(4, 3, 2, generator=draw, dtype=torch.float64)
    return input, torch.rand(4, 3, 2, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("parameters", [{}, {"weight": W}, {"weight": W, "label_smoothing": 0.2}])
def test_cross_entropy_of_probabilities_equals_the_loops(parameters: dict[str, Any]) -> None:
    input, target = soft_targets()
    target = target / target.sum(1, keepdim=True)
    expected = total(REFERENCES["cross_entropy"](input, target, **parameters), "mean")
    found = LOSSES["cross_entropy"](**parameters)(input, target).item()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_focal", "asymmetric"])
def test_answers_between_no_and_yes_equal_the_loops(name: str) -> None:
    input, target = soft_targets()
    expected = total(REFERENCES[name](input, target), "mean")
    torch.testing.assert_close(LOSSES[name]()(input, target).item(), expected)


OF_REGIONS = [
    loss for loss in ALL if "per_image" in loss.Record.model_fields and len(loss.reads) > 1
]


@pytest.mark.parametrize("loss", OF_REGIONS, ids=lambda loss: loss.name)
@pytest.mark.parametrize("parameters", [{}, {"per_image": True, "weight": W}], ids=str)
def test_regions_of_independent_answers_equal_the_loops(
    loss: type[Loss], parameters: dict[str, Any]
) -> None:
    input, target = soft_targets()
    target = target.round()
    target[1, :, 0] = -100
    expected = total(REFERENCES[loss.name](input, target, **parameters), "mean")
    torch.testing.assert_close(loss(**parameters)(input, target).item(), expected)


@pytest.mark.parametrize("name", ["soft_iou", "dice", "tversky"])
def test_regions_of_soft_targets_equal_the_loops_and_are_0_where_met(name: str) -> None:
    input, target = soft_targets()
    expected = total(REFERENCES[name](input, target), "mean")
    torch.testing.assert_close(LOSSES[name]()(input, target).item(), expected)
    assert LOSSES[name]()(target.logit(), target).abs() < 1e-12
