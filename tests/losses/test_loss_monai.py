"""MONAI: agreement where it is right, and each disagreement with its arithmetic.

Slow, because MONAI imports everything it has, which takes 20 s.
"""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, tensor

from model_playground.losses import (
    BinaryFocalLoss,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    SoftIoULoss,
    TverskyLoss,
    WeightedSum,
)

pytestmark = pytest.mark.slow
EXACT = {"to_onehot_y": True, "softmax": True, "smooth_nr": 0, "smooth_dr": 0}


def segmentation() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    scores = torch.randn(2, 3, 4, 4, generator=draw, dtype=torch.float64)
    return scores, torch.randint(3, (2, 4, 4), generator=draw)


@pytest.mark.parametrize("batch", [False, True])
def test_agrees_on_regions(batch: bool) -> None:
    from monai import losses as monai

    scores, truth = segmentation()
    for ours, theirs in [
        (DiceLoss(per_image=not batch), monai.DiceLoss(**EXACT, batch=batch)),
        (SoftIoULoss(per_image=not batch), monai.DiceLoss(**EXACT, batch=batch, jaccard=True)),
        (
            TverskyLoss(alpha=0.2, beta=0.9, per_image=not batch),
            monai.TverskyLoss(**EXACT, batch=batch, alpha=0.2, beta=0.9),
        ),
    ]:
        torch.testing.assert_close(ours(scores, truth), theirs(scores, truth[:, None]))


def test_agrees_on_the_sum_of_cross_entropy_and_dice() -> None:
    from monai.losses import DiceCELoss

    scores, truth = segmentation()
    ours = CrossEntropyLoss()(scores, truth) + DiceLoss(per_image=True)(scores, truth)
    torch.testing.assert_close(ours, DiceCELoss(**EXACT)(scores, truth[:, None]))


def test_agrees_on_sigmoid_focal() -> None:
    from monai.losses import FocalLoss as Theirs

    scores, truth = segmentation()
    answers = torch.nn.functional.one_hot(truth, 3).movedim(-1, 1).double()
    ours = BinaryFocalLoss(alpha=None)(scores, answers)
    torch.testing.assert_close(ours, Theirs()(scores, answers).double(), rtol=1e-5, atol=1e-6)


def test_its_softmax_focal_divides_by_the_classes_too() -> None:
    """At γ = 0 MONAI's mean gives CE / C."""
    from monai.losses import FocalLoss as Theirs

    scores, truth = segmentation()
    theirs = Theirs(to_onehot_y=True, use_softmax=True, gamma=0.0)(scores, truth[:, None])
    expected = CrossEntropyLoss()(scores, truth)
    torch.testing.assert_close(theirs.double(), expected / 3)
    torch.testing.assert_close(FocalLoss(gamma=0)(scores, truth), expected)


def test_its_focal_sum_takes_a_mean_over_the_image() -> None:
    """reduction="sum" of 16 pixels is a 16th of the sum."""
    from monai.losses import FocalLoss as Theirs

    scores, truth = segmentation()
    answers = torch.nn.functional.one_hot(truth, 3).movedim(-1, 1).double()
    whole = BinaryFocalLoss(alpha=None, reduction="sum")(scores, answers)
    theirs = Theirs(reduction="sum")(scores, answers)
    torch.testing.assert_close(theirs.double(), whole / 16, rtol=1e-5, atol=1e-6)


def test_its_dice_focal_with_softmax_still_takes_the_sigmoid() -> None:
    """DiceFocalLoss(softmax=True) adds the one-against-all focal to the softmax Dice."""
    from monai.losses import DiceFocalLoss

    scores, truth = segmentation()
    answers = torch.nn.functional.one_hot(truth, 3).movedim(-1, 1).double()
    focal = DiceFocalLoss(**EXACT)(scores, truth[:, None]) - DiceLoss(per_image=True)(scores, truth)
    sigmoid = BinaryFocalLoss(alpha=None)(scores, answers)
    torch.testing.assert_close(focal, sigmoid, rtol=1e-5, atol=1e-6)
    assert (focal - FocalLoss()(scores, truth)).abs() > 0.1


def test_an_absent_class_costs_it_nearly_1() -> None:
    """p = .01 everywhere and no true pixel: 1 - 1e-5 / (.01 · 512² + 1e-5); ours leaves it out."""
    from monai.losses import DiceLoss as Theirs

    scores = torch.full((1, 1, 512, 512), 0.01).logit()
    nothing = torch.zeros_like(scores)
    assert Theirs(sigmoid=True)(scores, nothing) > 0.999
    assert DiceLoss()(scores, nothing) == 0
    torch.testing.assert_close(DiceLoss(absent="count")(scores, nothing), tensor(1.0))


def test_its_smoothing_in_the_numerator_decides_over_an_empty_mask() -> None:
    """MONAI #807: one prediction costs 1 or .03, by a constant that should only avoid 0 / 0."""
    from monai.losses import DiceLoss as Theirs

    scores, nothing = torch.full((1, 1, 2, 2), -5.0), torch.zeros(1, 1, 2, 2)
    area = 4 * scores.sigmoid()[0, 0, 0, 0].item()
    for smooth in (1e-5, 1.0):
        theirs = Theirs(sigmoid=True, smooth_nr=smooth, smooth_dr=smooth)(scores, nothing)
        torch.testing.assert_close(
            theirs.item(), 1 - smooth / (area + smooth), rtol=1e-4, atol=1e-6
        )
    assert DiceLoss()(scores, nothing) == 0


def test_its_half_precision_dice_is_silently_wrong() -> None:
    """512² pixels of three classes overflow float16: 1 where it is .667."""
    from monai.losses import DiceLoss as Theirs

    draw = torch.Generator().manual_seed(0)
    scores = torch.randn(1, 3, 512, 512, generator=draw).half()
    truth = torch.randint(3, (1, 512, 512), generator=draw)
    assert Theirs(to_onehot_y=True, softmax=True)(scores, truth[:, None]) > 0.99
    # By chance a third of each class's probability lies in a third of the pixels: 1 - 2/9 / 2/3
    assert DiceLoss()(scores, truth).item() == pytest.approx(2 / 3, abs=0.01)


def test_its_weighted_and_its_joint_dice_break_the_graph() -> None:
    from monai import losses as monai

    scores, truth = segmentation()
    for theirs in (monai.DiceLoss(**EXACT, weight=[1.0, 2.0, 3.0]), monai.DiceCELoss(**EXACT)):
        assert torch._dynamo.explain(theirs)(scores, truth[:, None]).graph_break_count >= 2
        torch._dynamo.reset()
    ours = WeightedSum([CrossEntropyLoss(), DiceLoss(weight=[1, 2, 3])], [1, 1])
    assert torch._dynamo.explain(ours)(scores, truth).graph_break_count == 0
    torch._dynamo.reset()


def test_its_softmax_focal_has_no_slope_where_it_is_sure() -> None:
    from monai.losses import FocalLoss as Theirs

    slopes = []
    for loss, truth in (
        (Theirs(use_softmax=True, gamma=0.5), tensor([[1.0, 0.0]])),
        (FocalLoss(gamma=0.5), tensor([0])),
    ):
        scores = tensor([[200.0, 0.0]], requires_grad=True)
        loss(scores, truth).backward()
        slopes.append(scores.grad)
    assert slopes[0].isnan().all()
    assert slopes[1].isfinite().all()


def test_its_softmax_focal_with_a_class_ruled_out_is_no_number() -> None:
    from monai.losses import FocalLoss as Theirs

    scores, truth = tensor([[0.0, log(3), -torch.inf]]), tensor([[0]])
    assert Theirs(to_onehot_y=True, use_softmax=True)(scores, truth).isnan()
    expected = tensor(-(0.75**2) * log(0.25))
    torch.testing.assert_close(FocalLoss()(scores, truth[:, 0]), expected)
