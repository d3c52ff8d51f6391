"""Agreement with torchvision where it has the same loss."""

from __future__ import annotations

import pytest
import torch
from loss_samples import boxes

from model_playground.losses import BinaryFocalLoss, GIoUBoxLoss

REDUCTIONS = ["mean", "sum", "none"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_sigmoid_focal(reduction: str) -> None:
    from torchvision.ops import sigmoid_focal_loss

    draw = torch.Generator().manual_seed(1)
    input = 4 * torch.randn(6, 5, generator=draw, dtype=torch.float64)
    target = torch.rand(6, 5, generator=draw, dtype=torch.float64)
    for answers in (target, target.round()):
        for gamma, alpha in [(2, 0.25), (0, 0.5), (1.5, None), (0.5, 0.9)]:
            ours = BinaryFocalLoss(gamma=gamma, alpha=alpha, reduction=reduction)
            theirs = sigmoid_focal_loss(
                input, answers, -1 if alpha is None else alpha, gamma, reduction=reduction
            )
            torch.testing.assert_close(ours(input, answers), theirs)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_giou(reduction: str) -> None:
    from torchvision.ops import generalized_box_iou_loss

    draw = torch.Generator().manual_seed(2)
    input, target = boxes(50, draw), boxes(50, draw)
    input[:25] += 5  # some do not touch
    ours = GIoUBoxLoss(reduction=reduction)(input, target)
    theirs = generalized_box_iou_loss(input, target, reduction=reduction)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)  # they add eps to areas


def test_focal_slope_stays_a_number_where_theirs_does_not() -> None:
    from torchvision.ops import sigmoid_focal_loss

    slopes = []
    for loss in (
        BinaryFocalLoss(gamma=0.5),
        lambda x, y: sigmoid_focal_loss(x, y, gamma=0.5).mean(),
    ):
        score = torch.tensor([200.0], requires_grad=True)
        loss(score, torch.tensor([1.0])).backward()
        slopes.append(score.grad)
    assert slopes[0].isfinite()
    assert slopes[1].isnan()
