"""What holds for every loss of a kind, whatever the numbers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_samples import ALL, CLASSES, sample
from torch import Tensor

from model_playground.core.contracts import Layout, PerSample, TargetForm
from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    FocalLoss,
    GIoUBoxLoss,
    SoftIoULoss,
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
WITHOUT_HELD_FACTORS = [loss for loss in ALL if not loss.traits.detached]
by_name = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)


def summed(batches: list[tuple[Addend, ...]]) -> Tensor:
    """Add up the addends of several batches, as a training does over a part."""
    return sum(
        addends[0].scale
        * ratio(sum(one.value.sum() for one in addends), sum(one.weight.sum() for one in addends))
        for addends in zip(*batches, strict=True)
    )


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
    torch.testing.assert_close(loss()(input[order], target[order]), loss()(input, target))


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


@pytest.mark.parametrize("loss", WITH_WEIGHTS, ids=lambda loss: loss.name)
@given(seed=seeds, factor=st.sampled_from([1.0, 2.5]))
@some
def test_equal_weights_do_not_change_a_mean(loss: type[Loss], seed: int, factor: float) -> None:
    if loss is FocalLoss:  # α is no part of the denominator
        factor, name = 1.0, "alpha"
    else:
        name = "weight"
    input, target = sample(loss, seed=seed)
    weighted = loss(**{name: [factor] * CLASSES})
    torch.testing.assert_close(weighted(input, target), loss()(input, target))


@given(seed=seeds)
@some
def test_focal_without_gamma_is_cross_entropy(seed: int) -> None:
    input, target = sample(FocalLoss, seed=seed)
    torch.testing.assert_close(FocalLoss(gamma=0)(input, target), CrossEntropyLoss()(input, target))
    input, target = sample(BinaryFocalLoss, seed=seed)
    plain = BinaryCrossEntropyLoss()(input, target)
    torch.testing.assert_close(BinaryFocalLoss(gamma=0, alpha=None)(input, target), plain)


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


@given(seed=seeds, scale=st.floats(0.1, 100), shift=st.floats(-100, 100))
@some
def test_giou_does_not_know_where_or_how_large_a_pair_is(
    seed: int, scale: float, shift: float
) -> None:
    input, target = sample(GIoUBoxLoss, seed=seed)
    moved = GIoUBoxLoss()(input * scale + shift, target * scale + shift)
    torch.testing.assert_close(moved, GIoUBoxLoss()(input, target))
    torch.testing.assert_close(GIoUBoxLoss()(target, input), GIoUBoxLoss()(input, target))


def test_cross_entropy_iou_is_the_sum_of_its_parts() -> None:
    input, target = sample(CrossEntropyIoULoss2D)
    parts = WeightedSum([CrossEntropyLoss(), SoftIoULoss()], [0.5, 0.5])
    torch.testing.assert_close(CrossEntropyIoULoss2D()(input, target), parts(input, target))
    of_each_image = CrossEntropyIoULoss2D(reduction="none")(input, target)
    parts.reduction = "none"
    torch.testing.assert_close(of_each_image, parts(input, target))


@pytest.mark.parametrize("loss", WITHOUT_HELD_FACTORS, ids=lambda loss: loss.name)
def test_the_slope_belongs_to_the_value(loss: type[Loss]) -> None:
    input, target = sample(loss, images=2, seed=4, size_hw=(2, 2))
    input.requires_grad_()
    assert torch.autograd.gradcheck(lambda scores: loss()(scores, target), input)
    if Layout.BOX not in loss.layouts:
        assert torch.autograd.gradgradcheck(lambda scores: loss()(scores, target), input)
