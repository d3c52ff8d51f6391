"""What holds for every loss of a kind, whatever the numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_samples import ALL, CLASSES, sample
from loss_variants import ids, variants
from torch import Tensor

from model_playground.core.contracts import Layout, PerSample, TargetForm
from model_playground.losses import (
    AlphaIoUBoxLoss,
    AsymmetricLoss,
    BinaryCrossEntropyDiceMaskLoss,
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    FocalTverskyLoss,
    HuberLoss,
    IoUBoxLoss,
    L1BoxLoss,
    L1Loss,
    MSELoss,
    Poly1Loss,
    QuantileLoss,
    SmoothL1BoxLoss,
    SmoothL1Loss,
    SoftIoULoss,
    SymmetricCrossEntropyLoss,
    TverskyLoss,
    WeightedSum,
)
from model_playground.losses.base import Addend, Loss, image_losses, ratio, reduced

seeds = st.integers(0, 2**16)
some = settings(max_examples=10, deadline=None)

EXACT = [loss for loss in ALL if loss.traits.per_sample is PerSample.EXACT]
WITH_IGNORED = [loss for loss in ALL if "ignore_index" in loss.Record.model_fields]
OF_CLASSES = [loss for loss in ALL if loss.reads[0].form is TargetForm.CLASS_INDEX]
WITH_WEIGHTS = [
    loss
    for loss in OF_CLASSES
    for name in ("weight", "alpha")
    if name in loss.Record.model_fields and loss.Record.model_fields[name].default is None
]
WITH_FACTORS = [
    (loss, name)
    for loss in ALL
    for name, field in loss.Record.model_json_schema().get("properties", {}).items()
    if field.get("default", 0) is None
    and any(kind.get("type") == "array" for kind in field.get("anyOf", []))
]
NOT_OF_UNITS = {"boundary"}  # its distances go through the pixels between
OF_UNITS = [
    loss
    for loss in WITH_IGNORED
    if loss.name not in NOT_OF_UNITS and loss.reads[0].form is not TargetForm.VALUE
]
by_name = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)


def summed(batches: list[tuple[Addend, ...]]) -> Tensor:
    """Add up the addends of several batches, as a training does over a part."""
    return sum(
        addends[0].scale
        * ratio(sum(one.value.sum() for one in addends), sum(one.weight.sum() for one in addends))
        for addends in zip(*batches, strict=True)
    )


def value_and_slope(loss: Loss, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    input = input.detach().clone().requires_grad_()
    value = loss(input, target)
    return value.detach(), torch.autograd.grad(value.sum(), input)[0]


@pytest.mark.parametrize("loss", EXACT, ids=lambda loss: loss.name)
@given(seed=seeds, cut=st.integers(0, 5))
@some
def test_unequal_batches_add_up_to_the_whole(loss: type[Loss], seed: int, cut: int) -> None:
    input, target = sample(loss, images=5, seed=seed)
    module = loss().eval()
    halves = [module.addends(input[:cut], target[:cut]), module.addends(input[cut:], target[cut:])]
    torch.testing.assert_close(summed(halves), module(input, target))


def test_unequal_batches_add_up_with_weights_and_ignored_pixels() -> None:
    input, target = sample(CrossEntropyIoULoss2D, images=5)
    target[1, :2] = -100
    module = CrossEntropyLoss(weight=[0.1, 1, 5], label_smoothing=0.1)
    halves = [module.addends(input[:2], target[:2]), module.addends(input[2:], target[2:])]
    torch.testing.assert_close(summed(halves), module(input, target))


@by_name
@given(seed=seeds, cut=st.integers(0, 5))
@some
def test_each_image_counts_the_same_in_any_batch(loss: type[Loss], seed: int, cut: int) -> None:
    input, target = sample(loss, images=5, seed=seed)
    module = loss().eval()
    whole = module.addends(input, target, per_image=True)
    parts = [
        module.addends(input[part], target[part], per_image=True)
        for part in (slice(cut), slice(cut, None))
    ]
    torch.testing.assert_close(summed(parts), reduced(whole, "mean"))
    torch.testing.assert_close(
        torch.cat([image_losses(part) for part in parts]), image_losses(whole)
    )


@by_name
@given(seed=seeds)
@some
def test_one_image_alone_is_its_own_loss(loss: type[Loss], seed: int) -> None:
    input, target = sample(loss, images=1, seed=seed)
    module = loss().eval()
    found = image_losses(module.addends(input, target, per_image=True))
    torch.testing.assert_close(found[0], module(input, target))


@by_name
@given(seed=seeds, order=st.permutations(range(6)))
@some
def test_the_order_of_the_batch_does_not_matter(
    loss: type[Loss], seed: int, order: list[int]
) -> None:
    input, target = sample(loss, images=6, seed=seed)
    found, slope = value_and_slope(loss(), input[order], target[order])
    expected, slope_before = value_and_slope(loss(), input, target)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(slope, slope_before[order])


@pytest.mark.parametrize("loss", WITH_IGNORED, ids=lambda loss: loss.name)
@given(seed=seeds, ignored=st.sets(st.integers(0, 5), max_size=5))
@some
def test_ignoring_is_deleting(loss: type[Loss], seed: int, ignored: set[int]) -> None:
    input, target = sample(loss, images=6, seed=seed)
    kept = [number for number in range(6) if number not in ignored]
    expected = loss()(input[kept], target[kept])
    target[list(ignored)] = -100
    input.requires_grad_()
    found = loss()(input, target)
    torch.testing.assert_close(found, expected)
    (slope,) = torch.autograd.grad(found, input)
    assert not slope[list(ignored)].any()


@pytest.mark.parametrize("loss", OF_UNITS, ids=lambda loss: loss.name)
@given(seed=seeds, share=st.floats(0.1, 0.9))
@some
def test_ignoring_units_is_deleting_them(loss: type[Loss], seed: int, share: float) -> None:
    """Any pixels or answers: what is left is put into one row, and gives value and slope."""
    draw = torch.Generator().manual_seed(seed)
    input = torch.randn(2, CLASSES, 3, 5, generator=draw, dtype=torch.float64)
    ignored = torch.rand(2, 3, 5, generator=draw) < share
    ignored[:, 0, 0], ignored[:, 0, 1] = True, False
    if loss.reads[0].form is TargetForm.CLASS_INDEX:
        target = torch.randint(CLASSES, (2, 3, 5), generator=draw)
        left = rows_of(input, ~ignored), target[~ignored].reshape(1, 1, -1)
    elif loss.layouts == (Layout.MASK,):
        input, ignored = input[0], ignored[:1].expand(CLASSES, 3, 5)  # of each mask the same
        target = torch.randint(2, input.shape, generator=draw).double()
        left = tuple(units[~ignored].reshape(CLASSES, 1, -1) for units in (input, target))
    else:
        ignored = torch.rand(input.shape, generator=draw) < share
        target = torch.randint(2, input.shape, generator=draw).double()
        left = tuple(units[~ignored] for units in (input, target))
    target = target.masked_fill(ignored, -100)
    found, slope = value_and_slope(loss(), input, target)
    expected, slope_left = value_and_slope(loss(), *left)
    torch.testing.assert_close(found, expected)
    if input.ndim > target.ndim:
        torch.testing.assert_close(rows_of(slope, ~ignored), slope_left)
        assert not rows_of(slope, ignored).any()
    else:
        torch.testing.assert_close(slope[~ignored], slope_left.flatten())
        assert not slope[ignored].any()


def rows_of(scores: Tensor, kept: Tensor) -> Tensor:
    """Return the scores of some pixels of a batch as an image of one row, (1, C, 1, pixels)."""
    return scores.movedim(1, -1)[kept].T.reshape(1, CLASSES, 1, -1)


@pytest.mark.parametrize(("loss", "field"), WITH_FACTORS, ids=lambda one: getattr(one, "name", one))
@given(seed=seeds)
@some
def test_factors_of_1_are_none(loss: type[Loss], field: str, seed: int) -> None:
    input, target = sample(loss, seed=seed)
    for reduction in ("mean", "sum", "none"):
        found = value_and_slope(
            loss(**{field: [1.0] * CLASSES}, reduction=reduction), input, target
        )
        torch.testing.assert_close(found, value_and_slope(loss(reduction=reduction), input, target))


@pytest.mark.parametrize("loss", WITH_WEIGHTS, ids=lambda loss: loss.name)
@given(seed=seeds, factor=st.floats(0.1, 10))
@some
def test_equal_weights_do_not_change_a_mean(loss: type[Loss], seed: int, factor: float) -> None:
    """But α of a focal loss is no part of the denominator, in the paper either: it is a factor."""
    input, target = sample(loss, seed=seed)
    if loss is FocalLoss:
        weighted, plain = loss(alpha=[factor] * CLASSES), factor * loss()(input, target)
    else:
        weighted, plain = loss(weight=[factor] * CLASSES), loss()(input, target)
    torch.testing.assert_close(weighted(input, target), plain)


SPECIAL_CASES: list[tuple[Loss, Loss, float]] = [
    (FocalLoss(gamma=0), CrossEntropyLoss(), 1),
    (BinaryFocalLoss(gamma=0, alpha=None), BinaryCrossEntropyLoss(), 1),
    (BinaryFocalLoss(gamma=1, alpha=0.5), BinaryFocalLoss(gamma=1, alpha=None), 1 / 2),
    (
        AsymmetricLoss(gamma_positive=2, gamma_negative=2, margin=0),
        BinaryFocalLoss(alpha=None),
        1,
    ),
    (Poly1Loss(epsilon=0), CrossEntropyLoss(), 1),
    (SymmetricCrossEntropyLoss(alpha=1, beta=0), CrossEntropyLoss(), 1),
    (CrossEntropyLoss(label_smoothing=0), FocalLoss(gamma=0), 1),
    (CrossEntropyIoULoss2D(iou_weight=0), CrossEntropyLoss(), 1),
    (CrossEntropyIoULoss2D(iou_weight=1), SoftIoULoss(), 1),
    (TverskyLoss(alpha=0.5, beta=0.5), DiceLoss(), 1),
    (TverskyLoss(alpha=1, beta=1), SoftIoULoss(), 1),
    (FocalTverskyLoss(gamma=1), TverskyLoss(), 1),
    (BinaryCrossEntropyDiceMaskLoss(dice_weight=0), BinaryCrossEntropyLoss(), 1),
    (SmoothL1Loss(beta=0), L1Loss(), 1),
    (SmoothL1Loss(beta=100), MSELoss(), 1 / 200),
    (HuberLoss(delta=0.3), SmoothL1Loss(beta=0.3), 0.3),
    (HuberLoss(delta=100), MSELoss(), 1 / 2),
    (QuantileLoss(quantile=0.5), L1Loss(), 1 / 2),
    (SmoothL1BoxLoss(beta=0), L1BoxLoss(), 1),
    (AlphaIoUBoxLoss(alpha=1), IoUBoxLoss(), 1),
]
"""A loss with parameters at which it is another one, but for a factor."""


@pytest.mark.parametrize(("loss", "other", "factor"), SPECIAL_CASES, ids=repr)
@given(seed=seeds)
@some
def test_at_some_parameters_a_loss_is_another(
    loss: Loss, other: Loss, factor: float, seed: int
) -> None:
    input, target = sample(type(loss), seed=seed)
    value, slope = value_and_slope(other, input, target)
    found, slope_found = value_and_slope(loss, input, target)
    torch.testing.assert_close(found, factor * value)
    torch.testing.assert_close(slope_found, factor * slope, rtol=1e-6, atol=1e-9)


def test_each_loss_with_a_focus_that_can_be_0_is_cross_entropy_there() -> None:
    tried = {
        type(loss)
        for loss, other, _ in SPECIAL_CASES
        if getattr(loss, "gamma", None) == 0 and "Entropy" in type(other).__name__
    }
    fields = {loss: loss.Record.model_json_schema().get("properties", {}) for loss in ALL}
    assert tried == {loss for loss in ALL if fields[loss].get("gamma", {}).get("minimum") == 0}


@given(seed=seeds)
@some
def test_two_scores_against_one(seed: int) -> None:
    """A softmax over (0, z) is the sigmoid of z."""
    input, target = sample(BinaryFocalLoss, seed=seed)
    pair = torch.stack([torch.zeros_like(input), input], 1)
    torch.testing.assert_close(
        FocalLoss()(pair, target.long()), BinaryFocalLoss(alpha=None)(input, target)
    )
    torch.testing.assert_close(
        CrossEntropyLoss()(pair, target.long()), BinaryCrossEntropyLoss()(input, target)
    )


@pytest.mark.parametrize("loss", OF_CLASSES, ids=lambda loss: loss.name)
@given(seed=seeds, order=st.permutations(range(CLASSES)))
@some
def test_the_numbering_of_the_classes_does_not_matter(
    loss: type[Loss], seed: int, order: list[int]
) -> None:
    input, target = sample(loss, seed=seed)
    renumbered = torch.tensor(order).argsort()[target]
    torch.testing.assert_close(loss()(input[:, order], renumbered), loss()(input, target))


def test_cross_entropy_iou_is_the_sum_of_its_parts() -> None:
    input, target = sample(CrossEntropyIoULoss2D)
    parts = WeightedSum([CrossEntropyLoss(), SoftIoULoss()], [0.5, 0.5])
    torch.testing.assert_close(CrossEntropyIoULoss2D()(input, target), parts(input, target))
    of_each_image = CrossEntropyIoULoss2D(reduction="none")(input, target)
    parts.reduction = "none"
    torch.testing.assert_close(of_each_image, parts(input, target))


@pytest.mark.parametrize(
    ("loss", "parameters"),
    [
        pytest.param(
            loss,
            parameters,
            marks=pytest.mark.slow if parameters else (),  # the defaults say most
            id=f"{loss.name} {ids(parameters)}",
        )
        for loss in ALL
        if not loss.traits.detached  # where factors are held: test_loss_boxes
        for parameters in variants(loss)
    ],
)
def test_the_slope_belongs_to_the_value_and_the_curvature_to_the_slope(
    loss: type[Loss], parameters: dict[str, Any]
) -> None:
    input, target = sample(loss, images=2, seed=4, size_hw=(2, 2))
    input.requires_grad_()
    module = loss(**parameters)
    assert torch.autograd.gradcheck(lambda scores: module(scores, target), input)
    assert torch.autograd.gradgradcheck(lambda scores: module(scores, target), input)
