"""Values worked by hand, or published by others."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, tensor

from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    BoundingBoxRegressionLoss,
    CrossEntropyIoULoss2D,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    FocalTverskyLoss,
    GIoUBoxLoss,
    HuberLoss,
    L1Loss,
    Loss,
    LovaszLoss,
    MSELoss,
    SmoothL1BoxLoss,
    SmoothL1Loss,
    SoftIoULoss,
    TverskyLoss,
)


def close(
    found: Tensor, expected: float | list[float] | list[list[float]], atol: float = 1e-6
) -> None:
    torch.testing.assert_close(found.double(), tensor(expected).double(), rtol=0, atol=atol)


class TestPublished:
    """Golden figures of other projects' tests."""

    def test_cross_entropy_of_the_cat_that_is_taken_for_a_dog(self) -> None:
        close(CrossEntropyLoss()(tensor([[0.1, 0.5, 0.4]]).log(), tensor([0])), 2.302585)

    def test_cross_entropy_with_everything_else_ignored(self) -> None:
        scores = tensor([[0.088, 0.86, 0.018], [3.0, -1.0, 2.0]])
        close(CrossEntropyLoss()(scores, tensor([2, -100])), 1.480129)

    def test_binary_focal(self) -> None:
        scores = tensor([[0.9, 0.8], [0.7, 0.2]]).logit()
        loss = BinaryFocalLoss(alpha=None, reduction="none")(scores, tensor([[1, 0], [1, 0]]))
        close(loss.mean(1), [0.515547, 0.020513])
        close(loss.mean(), 0.268030)

    @pytest.mark.parametrize(
        ("loss", "expected"),
        [(DiceLoss(), 0.777778), (TverskyLoss(alpha=0.8, beta=0.2), 0.791667)],
        ids=repr,
    )
    def test_dice_and_tversky_of_one_region(self, loss: Loss, expected: float) -> None:
        # All twice: I = 1, P = 5, T = 4: 1 - 2 / 9, and 1 - 1 / (1 + .8 · 4 + .2 · 3). Published
        # with α = .2, β = .8 when its authors still had the two exchanged.
        truth = tensor([[1.0, 0, 1, 0], [0, 1, 0, 1]] * 2).reshape(1, 1, -1)
        predicted = tensor([[0.0, 1, 0, 1], [1, 0, 1, 1]] * 2).reshape(1, 1, -1)
        close(loss(1000 * (predicted - 0.5), truth), expected)

    def test_iou_of_hard_predictions(self) -> None:
        # y = 0 0 1 1, predicted 0 1 0 1: each class shares 1 of 3 pixels
        scores = 100 * torch.nn.functional.one_hot(tensor([[0, 1, 0, 1]]), 2).movedim(2, 1).float()
        close(SoftIoULoss()(scores, tensor([[0, 0, 1, 1]])), 1 - 1 / 3)


class TestWorkedByHand:
    @pytest.mark.parametrize(
        ("loss", "expected"),
        [
            (MSELoss(), (0.25 + 4 + 9) / 3),
            (L1Loss(), (0.5 + 2 + 3) / 3),
            (SmoothL1Loss(), (0.125 + 1.5 + 2.5) / 3),
            (SmoothL1Loss(beta=2), (0.25 / 4 + 1 + 2) / 3),  # at β itself: 2 - 2/2 = 2²/4 = 1
            (SmoothL1Loss(beta=0), (0.5 + 2 + 3) / 3),
            (HuberLoss(delta=2), (0.125 + 2 + 2 * (3 - 1)) / 3),
        ],
        ids=repr,
    )
    def test_of_differences_a_half_two_and_minus_three(self, loss: Loss, expected: float) -> None:
        close(loss(tensor([1.5, 3.0, -2.0]), tensor([1.0, 1.0, 1.0])), expected)

    def test_cross_entropy_divides_by_the_weights_of_the_true_classes(self) -> None:
        scores = tensor([[0.5, 0.5], [0.2, 0.8]]).log()
        loss = CrossEntropyLoss(weight=[1, 3])
        close(loss(scores, tensor([0, 1])), (-log(0.5) - 3 * log(0.8)) / (1 + 3))

    def test_cross_entropy_of_probabilities_divides_by_the_number(self) -> None:
        scores = tensor([[0.5, 0.5], [0.2, 0.8]]).log()
        loss = CrossEntropyLoss(weight=[1, 3])
        close(loss(scores, tensor([[1.0, 0.0], [0.0, 1.0]])), (-log(0.5) - 3 * log(0.8)) / 2)

    def test_label_smoothing_gives_each_class_a_share(self) -> None:
        # q = .9 · (1, 0) + .1 / 2 = (.95, .05)
        loss = CrossEntropyLoss(label_smoothing=0.1)
        expected = -0.95 * log(0.8) - 0.05 * log(0.2)
        close(loss(tensor([[0.8, 0.2]]).log(), tensor([0])), expected)

    def test_the_two_halves_of_an_ignored_image(self) -> None:
        # Half of the pixels ignored: the mean is of the other half, not half of it.
        scores = tensor([[[0.8, 0.5], [0.2, 0.5]]]).log()
        close(CrossEntropyLoss()(scores, tensor([[0, -100]])), -log(0.8))

    def test_binary_cross_entropy_with_factors(self) -> None:
        scores = tensor([[0.9, 0.2], [0.5, 0.7]]).logit()
        answers = tensor([[1, 0], [0, 1]])
        loss = BinaryCrossEntropyLoss(pos_weight=[2, 5], weight=[1, 0.5], reduction="none")
        expected = [[-2 * log(0.9), -0.5 * log(0.8)], [-log(0.5), -0.5 * 5 * log(0.7)]]
        close(loss(scores, answers), expected)

    def test_binary_cross_entropy_counts_only_what_is_not_ignored(self) -> None:
        scores = tensor([[[[0.9, 0.5, 0.3]]]]).logit()
        mask = tensor([[[[1.0, -100.0, 0.0]]]])
        close(BinaryCrossEntropyLoss()(scores, mask), (-log(0.9) - log(0.7)) / 2)

    def test_focal_of_an_easy_and_a_hard_item(self) -> None:
        scores = tensor([[0.9, 0.1], [0.9, 0.1]]).log()
        loss = FocalLoss(alpha=[1, 4], reduction="none")
        close(loss(scores, tensor([0, 1])), [-(0.1**2) * log(0.9), -4 * 0.9**2 * log(0.1)])

    def test_binary_focal_of_a_soft_answer(self) -> None:
        # π = .8 · .25 + .2 · .75 = .35
        loss = BinaryFocalLoss(gamma=2, alpha=0.25)
        entropy = -(0.25 * log(0.8) + 0.75 * log(0.2))
        factor = 0.25 * 0.25 + 0.75 * 0.75
        close(loss(tensor([0.8]).logit(), tensor([0.25])), factor * 0.65**2 * entropy)

    @pytest.mark.parametrize(
        ("box", "expected"),
        [
            ([0, 0, 2, 4], 0),  # the same
            ([1, 0, 3, 4], 1 - 4 / 12),  # I = 4, U = 8 + 8 - 4 = C
            ([1, 2, 3, 6], 1 - 2 / 14 + (18 - 14) / 18),  # I = 2, U = 14, C = 3 · 6
            ([2, 0, 4, 4], 1),  # touching: I = 0, U = C = 16
            ([3, 0, 4, 4], 1 + (16 - 12) / 16),  # apart: U = 8 + 4, C = 4 · 4
            ([0.5, 1, 1.5, 2], 1 - 1 / 8),  # inside: C = U = 8
            ([1, 1, 1, 3], 1),  # no width: I = 0, U = C = 8
            ([3, 1, 2, 2], 1 + (12 - 8) / 12),  # reversed: without width; C holds all corners
        ],
    )
    def test_giou_against_a_box_of_two_by_four(self, box: list[float], expected: float) -> None:
        loss = GIoUBoxLoss()(tensor([box], dtype=torch.float64), tensor([[0.0, 0, 2, 4]]))
        close(loss, expected)

    def test_smooth_l1_of_boxes_averages_four_numbers(self) -> None:
        truth = tensor([[0.0, 0, 2, 4], [0, 0, 1, 1]])
        boxes = tensor([[0.5, 0, 4, 4], [0, 0, 1, 1]])  # differences .5 0 2 0 and none
        close(SmoothL1BoxLoss(reduction="none")(boxes, truth), [(0.125 + 1.5) / 4, 0])
        close(BoundingBoxRegressionLoss(kind="smooth_l1")(boxes, truth), (0.125 + 1.5) / 8)


class TestCrossEntropyIoU:
    """Two images of two pixels, three classes of which class 2 is never true.

    First image: p = (.5, .25, .25) for true 0, (.25, .5, .25) for true 1.
    Second image: p = (.75, .125, .125) for true 0, twice.
    """

    scores = tensor(
        [
            [[[0.5, 0.25]], [[0.25, 0.5]], [[0.25, 0.25]]],
            [[[0.75, 0.75]], [[0.125, 0.125]], [[0.125, 0.125]]],
        ]
    ).log()
    target = tensor([[[0, 1]], [[0, 0]]])
    cross_entropy = (-2 * log(0.5) - 2 * log(0.75)) / 4
    # class 0: I = .5 + .75 + .75 = 2,  P = .75 + 1.5 = 2.25, T = 3, U = 3.25
    # class 1: I = .5,                  P = .75 + .25 = 1,    T = 1, U = 1.5
    class_0, class_1 = 1 - 2 / 3.25, 1 - 0.5 / 1.5

    def test_averages_the_two(self) -> None:
        iou = (self.class_0 + self.class_1) / 2
        close(CrossEntropyIoULoss2D()(self.scores, self.target), (self.cross_entropy + iou) / 2)

    def test_weighs_the_two(self) -> None:
        iou = (self.class_0 + self.class_1) / 2
        loss = CrossEntropyIoULoss2D(iou_weight=0.8)
        close(loss(self.scores, self.target), 0.2 * self.cross_entropy + 0.8 * iou)

    def test_weighs_the_classes_in_both(self) -> None:
        # true 0, 1, 0, 0 with the weights 1, 3, 1, 1
        cross_entropy = (-log(0.5) - 3 * log(0.5) - 2 * log(0.75)) / 6
        iou = (self.class_0 + 3 * self.class_1) / 4
        loss = CrossEntropyIoULoss2D(weight=[1, 3, 9])
        close(loss(self.scores, self.target), (cross_entropy + iou) / 2)

    def test_counts_an_absent_class_as_no_overlap_when_asked_to(self) -> None:
        iou = (self.class_0 + self.class_1 + 1) / 3
        loss = CrossEntropyIoULoss2D(absent="count")
        close(loss(self.scores, self.target), (self.cross_entropy + iou) / 2)

    def test_of_each_image(self) -> None:
        # first:  class 0: I = .5, P = .75, T = 1, U = 1.25; class 1 the same: 1 - .4
        # second: class 0: I = 1.5, P = 1.5, T = 2, U = 2:   1 - .75
        first = (-log(0.5) + 0.6) / 2
        second = (-log(0.75) + 0.25) / 2
        close(CrossEntropyIoULoss2D(reduction="none")(self.scores, self.target), [first, second])

    def test_per_image_averages_over_the_classes_of_all_images(self) -> None:
        iou = (0.6 + 0.6 + 0.25) / 3
        loss = CrossEntropyIoULoss2D(per_image=True)
        close(loss(self.scores, self.target), (self.cross_entropy + iou) / 2)
        addends = loss.addends(self.scores, self.target)
        assert [addend.value.shape for addend in addends] == [(2,), (2, 3)]

    def test_ignores_the_same_pixels_in_both(self) -> None:
        target = tensor([[[0, 1]], [[-100, -100]]])
        loss = CrossEntropyIoULoss2D()
        close(loss(self.scores, target), (-log(0.5) + 0.6) / 2)

    def test_of_two_classes(self) -> None:
        scores = tensor([[[[0.75, 0.5]], [[0.25, 0.5]]]]).log()
        # class 0: I = .75, U = 1.25 + 1 - .75 = 1.5; class 1: I = .5, U = .75 + 1 - .5 = 1.25
        expected = ((-log(0.75) - log(0.5)) / 2 + (0.5 + 0.6) / 2) / 2
        close(CrossEntropyIoULoss2D()(scores, tensor([[[0, 1]]])), expected)


class TestRegions:
    """One class of four pixels, truth 1 1 0 0, p = .8 .4 .2 .6: I = 1.2, P = 2, T = 2."""

    scores = tensor([[[0.8, 0.4, 0.2, 0.6]]]).logit()
    truth = tensor([[[1.0, 1, 0, 0]]])

    @pytest.mark.parametrize(
        ("loss", "expected"),
        [
            (SoftIoULoss(), 1 - 1.2 / 2.8),
            (DiceLoss(), 1 - 2.4 / 4),
            # Σ p² = .64 + .16 + .04 + .36
            (DiceLoss(squared=True), 1 - 2.4 / (1.2 + 2)),
            (TverskyLoss(alpha=0.25, beta=1), 1 - 1.2 / (1.2 + 0.25 * 0.8 + 0.8)),
            (FocalTverskyLoss(alpha=0.5, beta=0.5, gamma=2), (1 - 1.2 / 2) ** 0.5),
            # errors .6 (true), .6 (false), .2, .2: the IoU falls to 1/2, 1/3, 0, 0
            (LovaszLoss(), 0.6 / 2 + 0.6 / 6 + 0.2 / 3),
        ],
        ids=repr,
    )
    def test_of_one_class(self, loss: Loss, expected: float) -> None:
        close(loss(self.scores, self.truth), expected)

    def test_lovasz_of_a_hard_prediction_is_one_minus_the_iou(self) -> None:
        hard = 1000 * (tensor([[[1.0, 0, 0, 1]]]) - 0.5)
        close(LovaszLoss()(hard, self.truth), 1 - 1 / 3)
