"""Agreement with segmentation-models-pytorch where it is right; where not: test_loss_traps."""

from __future__ import annotations

import pytest
import torch
from loss_peers import losses_of_smp
from torch import Tensor

from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    CrossEntropyLoss,
    DiceLoss,
    Loss,
    LovaszLoss,
    SoftIoULoss,
    TverskyLoss,
)

OF_REGIONS = [
    (DiceLoss(), "DiceLoss", {}),
    (SoftIoULoss(), "JaccardLoss", {}),
    (TverskyLoss(alpha=0.2, beta=0.9), "TverskyLoss", {"alpha": 0.2, "beta": 0.9}),
    (LovaszLoss(), "LovaszLoss", {}),
]


def segmentation() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    scores = torch.randn(2, 4, 6, 5, generator=draw, dtype=torch.float64)
    return scores, torch.randint(4, (2, 6, 5), generator=draw)


@pytest.mark.parametrize(("ours", "theirs", "parameters"), OF_REGIONS, ids=repr)
@pytest.mark.parametrize("ignored", [False, True])
def test_regions_of_classes(
    ours: Loss, theirs: str, parameters: dict[str, float], ignored: bool
) -> None:
    scores, truth = segmentation()
    scores = scores.float()  # theirs mixes double and single precision in its Lovász loss
    if ignored:
        truth[:, :2] = -100
    peer = getattr(losses_of_smp(), theirs)("multiclass", ignore_index=-100, **parameters)
    torch.testing.assert_close(ours(scores, truth), peer(scores, truth), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("ours", "theirs", "parameters"), OF_REGIONS[:3], ids=repr)
def test_regions_of_answers(ours: Loss, theirs: str, parameters: dict[str, float]) -> None:
    scores, truth = segmentation()
    answers = torch.nn.functional.one_hot(truth, 4).movedim(-1, 1).double()
    peer = getattr(losses_of_smp(), theirs)("multilabel", **parameters)
    torch.testing.assert_close(ours(scores, answers), peer(scores, answers), rtol=1e-5, atol=1e-6)


def test_pixels_where_none_is_ignored() -> None:
    scores, truth = segmentation()
    smoothed = losses_of_smp().SoftCrossEntropyLoss(smooth_factor=0.1)(scores, truth)
    torch.testing.assert_close(CrossEntropyLoss(label_smoothing=0.1)(scores, truth), smoothed)
    answers = (truth == 0).double()
    plain = losses_of_smp().SoftBCEWithLogitsLoss()(scores[:, 0], answers)
    torch.testing.assert_close(BinaryCrossEntropyLoss()(scores[:, 0], answers), plain)
    focal = losses_of_smp().FocalLoss("binary", alpha=0.25)(scores[:, 0], answers)
    torch.testing.assert_close(BinaryFocalLoss()(scores[:, 0], answers), focal)
