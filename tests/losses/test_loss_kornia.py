"""Agreement with kornia where it is right; where not: test_loss_traps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model_playground.losses import (
    BinaryFocalLoss,
    DiceLoss,
    FocalLoss,
    LovaszLoss,
    TverskyLoss,
)


def segmentation() -> tuple[Tensor, Tensor]:
    """Draw scores and a truth in which every image has every class."""
    draw = torch.Generator().manual_seed(3)
    scores = torch.randn(2, 3, 6, 5, generator=draw, dtype=torch.float64)
    return scores, torch.randint(3, (2, 6, 5), generator=draw)


@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
def test_focal_is_theirs_unreduced_and_summed_over_the_classes(gamma: float) -> None:
    from kornia.losses import binary_focal_loss_with_logits, focal_loss

    scores, truth = segmentation()
    theirs = focal_loss(scores, truth, alpha=None, gamma=gamma, reduction="none").sum(1)
    torch.testing.assert_close(FocalLoss(gamma=gamma, reduction="none")(scores, truth), theirs)
    answers = torch.nn.functional.one_hot(truth, 3).movedim(-1, 1).double()
    ours = BinaryFocalLoss(gamma=gamma, alpha=0.25)(scores, answers)
    torch.testing.assert_close(
        ours,
        binary_focal_loss_with_logits(scores, answers, alpha=0.25, gamma=gamma, reduction="mean"),
    )


def test_regions_of_each_image() -> None:
    from kornia.losses import dice_loss, lovasz_softmax_loss, tversky_loss

    scores, truth = segmentation()
    close = {"rtol": 1e-6, "atol": 1e-7}
    ours = TverskyLoss(alpha=0.2, beta=0.9, per_image=True)(scores, truth)
    torch.testing.assert_close(ours, tversky_loss(scores, truth, 0.2, 0.9), **close)
    ours = DiceLoss(per_image=True)(scores, truth)
    torch.testing.assert_close(ours, dice_loss(scores, truth, average="macro"), **close)
    ours = LovaszLoss(per_image=True)(scores, truth)
    torch.testing.assert_close(ours, lovasz_softmax_loss(scores, truth), **close)
