"""Traps that shipped libraries fall into: who is wrong, the arithmetic, and what ours gives.

Each test runs the other library as it is installed and pins what it gives, so that it tells when
they mend it; ours is held to the definition worked by hand. Where they have mended it, the test
says so and holds both to the definition. MONAI's are in a file of their own, for it takes 20 s to
import, and torchvision's of boxes beside the losses between boxes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import pytest
import torch
from loss_peers import losses_of_smp
from loss_samples import ALL, sample
from loss_variants import by_name
from torch import Tensor, tensor
from torch.nn import functional

from model_playground.losses import (
    BinaryCrossEntropyLoss,
    BinaryFocalLoss,
    CIoUBoxLoss,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    FocalTverskyLoss,
    GIoUBoxLoss,
    LovaszLoss,
    TverskyLoss,
)
from model_playground.losses.base import Loss, ratio

# Two pixels of two classes: p = (.75, .25) where class 0 is true, (.5, .5) where class 1 is.
# Class 0: I = .75, P = 1.25, T = 1. Class 1: I = .5, P = .75, T = 1.
SCORES = tensor([[[[0.75, 0.5]], [[0.25, 0.5]]]]).log()
TRUTH = tensor([[[0, 1]]])


def close(found: Tensor, expected: float, atol: float = 1e-6) -> None:
    torch.testing.assert_close(found.double(), tensor(expected).double(), rtol=0, atol=atol)


class TestWrongMathematics:
    def test_kornia_lovasz_indexed_class_ids_and_is_right_now(self) -> None:
        """Kornia took the class number for the truth (.288 for .728); since 0.9 it agrees."""
        from kornia.losses import lovasz_softmax_loss

        # Both classes: errors .5 and .25 of which the larger is right for one class only.
        # Class 0: .5 is false (J = 1 - 1/2), then .25: ½ · .5 + ½ · .25. Class 1: .5 true: 1 · .5
        expected = ((0.5 * 0.5 + 0.5 * 0.25) + 0.5) / 2
        close(LovaszLoss()(SCORES, TRUTH), expected)
        close(lovasz_softmax_loss(SCORES, TRUTH), expected)

    @pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)])
    def test_kornia_tversky_ignored_its_weights_and_is_right_now(
        self, alpha: float, beta: float
    ) -> None:
        """Kornia reduced α and β to nothing by averaging over classes; since 0.9 it agrees."""
        from kornia.losses import tversky_loss

        first = 1 - 0.75 / (0.75 + alpha * 0.5 + beta * 0.25)
        second = 1 - 0.5 / (0.5 + alpha * 0.25 + beta * 0.5)
        close(TverskyLoss(alpha=alpha, beta=beta)(SCORES, TRUTH), (first + second) / 2)
        close(tversky_loss(SCORES, TRUTH, alpha, beta), (first + second) / 2)

    def test_keras_exchanged_the_weights_of_tversky(self) -> None:
        """By arithmetic only: I = 1, P = 5, T = 4; α weighs the 4 false alarms, β the 3 misses."""
        predicted = tensor([[[0.0, 1, 0, 1, 1, 0, 1, 1]]])
        truth = tensor([[[1.0, 0, 1, 0, 0, 1, 0, 1]]])
        loss = TverskyLoss(alpha=0.2, beta=0.8)(1000 * (predicted - 0.5), truth)
        close(loss, 1 - 1 / (1 + 0.2 * 4 + 0.8 * 3))
        exchanged = TverskyLoss(alpha=0.8, beta=0.2)(1000 * (predicted - 0.5), truth)
        close(exchanged, 0.791667)  # what Keras published for α = .2, β = .8

    def test_smp_focal_of_several_classes_is_one_against_all(self) -> None:
        """SMP's multiclass focal takes a sigmoid of each class: at γ = 0 it is no cross-entropy."""
        scores, truth = tensor([[2.0, 0.0]]).reshape(1, 2, 1, 1), tensor([[[0]]])
        theirs = losses_of_smp().FocalLoss("multiclass", gamma=0.0)(scores, truth)
        close(theirs, (log(1 + exp(-2)) + log(2)) / 2)  # the sigmoids of 2 and of 0
        close(FocalLoss(gamma=0)(scores, truth), log(1 + exp(-2)))  # the softmax of (2, 0)

    def test_smp_focal_of_probabilities_takes_the_sigmoid_of_their_logarithm(self) -> None:
        """from_logits=False: σ(ln p) = p / (1 + p), so an even guess is taken for 1/3."""
        even, truth = torch.full((1, 2, 1, 1), 0.5), tensor([[[0]]])
        focal = losses_of_smp().FocalLoss("multiclass", gamma=0.0, from_logits=False)
        close(focal(even, truth), (-log(1 / 3) - log(2 / 3)) / 2, atol=1e-5)
        close(FocalLoss(gamma=0)(even.log(), truth), log(2))

    def test_smp_soft_cross_entropy_counts_ignored_pixels(self) -> None:
        """Half of the pixels ignored: SMP's mean is half of what it is."""
        truth = tensor([[[0, -100]]])
        theirs = losses_of_smp().SoftCrossEntropyLoss(smooth_factor=0.0, ignore_index=-100)
        close(theirs(SCORES, truth), -log(0.75) / 2)
        close(CrossEntropyLoss()(SCORES, truth), -log(0.75))

    def test_smp_soft_binary_cross_entropy_counts_ignored_pixels(self) -> None:
        scores, truth = tensor([[0.75, 0.5]]).logit(), tensor([[1.0, -100.0]])
        theirs = losses_of_smp().SoftBCEWithLogitsLoss(ignore_index=-100)
        close(theirs(scores, truth), -log(0.75) / 2)
        close(BinaryCrossEntropyLoss()(scores, truth), -log(0.75))

    def test_smp_lovasz_of_nothing_has_no_number(self) -> None:
        """All pixels ignored: SMP returns an empty (0, C) tensor, ours 0 with a slope of 0."""
        ignored = torch.full_like(TRUTH, -100)
        theirs = losses_of_smp().LovaszLoss("multiclass", ignore_index=-100)(SCORES, ignored)
        assert theirs.shape == (0, 2)
        scores = SCORES.clone().requires_grad_()
        loss = LovaszLoss()(scores, ignored)
        loss.backward()
        assert loss == 0
        assert scores.grad is not None
        assert not scores.grad.any()

    def test_smp_focal_tversky_raises_the_mean(self) -> None:
        """SMP raises the mean of the classes to γ; the paper raises each class, then adds."""
        lost = [1 - 0.75 / (0.75 + 0.15 + 0.175), 1 - 0.5 / (0.5 + 0.075 + 0.35)]
        theirs = losses_of_smp().TverskyLoss("multiclass", alpha=0.3, beta=0.7, gamma=2.0)
        close(theirs(SCORES, TRUTH), ((lost[0] + lost[1]) / 2) ** 2, atol=1e-5)
        ours = FocalTverskyLoss(alpha=0.3, beta=0.7, gamma=0.5)  # the exponent is 1/γ
        close(ours(SCORES, TRUTH), (lost[0] ** 2 + lost[1] ** 2) / 2)

    def test_smp_divides_by_absent_classes(self) -> None:
        """Class 1 is not there: SMP counts it as 0 and divides by two all the same."""
        truth = tensor([[[0, 0]]])
        lost = 1 - 2 * 1.25 / (1.25 + 2)
        close(losses_of_smp().DiceLoss("multiclass")(SCORES, truth), lost / 2)
        close(DiceLoss()(SCORES, truth), lost)
        close(DiceLoss(absent="count")(SCORES, truth), (lost + 1) / 2)

    def test_smp_counts_three_absent_classes_of_four(self) -> None:
        """One class is there, p = .274 at each of its pixels: .570, of which SMP makes .142."""
        p = 0.27389
        scores = tensor([p, (1 - p) / 3, (1 - p) / 3, (1 - p) / 3]).log()
        scores, truth = scores.reshape(1, 4, 1, 1).expand(1, 4, 2, 2), torch.zeros(1, 2, 2).long()
        close(DiceLoss()(scores, truth), (1 - p) / (1 + p))
        close(DiceLoss()(scores, truth), 0.570, atol=5e-4)
        close(losses_of_smp().DiceLoss("multiclass")(scores, truth), 0.142, atol=6e-4)

    def test_kornia_focal_without_gamma_is_a_share_of_cross_entropy(self) -> None:
        """Kornia's mean also divides by the number of classes: CE / C at γ = 0."""
        from kornia.losses import focal_loss

        expected = (-log(0.75) - log(0.5)) / 2
        theirs = focal_loss(SCORES, TRUTH, alpha=None, gamma=0.0, reduction="mean")
        close(theirs, expected / 2)
        close(FocalLoss(gamma=0)(SCORES, TRUTH), expected)

    def test_kornia_micro_dice_is_one_minus_the_mean_probability(self) -> None:
        """All classes in one: P + T is twice the pixels and I is Σ p_t, so no overlap is left."""
        from kornia.losses import dice_loss

        close(dice_loss(SCORES, TRUTH), 1 - (0.75 + 0.5) / 2)
        close(DiceLoss()(SCORES, TRUTH), (1 - 1.5 / 2.25 + 1 - 1 / 1.75) / 2)

    def test_all_classes_thrown_together_leave_tversky_nothing_to_weigh(self) -> None:
        """What one class has too much another has too little: P - I = T - I, so only α + β counts.

        I = .75 + .5 of 2 pixels, so .75 are false alarms and .75 misses, whatever α is: with
        α + β = 1 it is 1 - 1.25 / 2. Ours keeps the classes apart, and α decides.
        """
        p, t = SCORES.softmax(1), functional.one_hot(TRUTH, 2).movedim(-1, 1)
        shared, false_alarms, misses = (p * t).sum(), (p * (1 - t)).sum(), ((1 - p) * t).sum()
        for alpha in (0.1, 0.9):
            lost = 1 - shared / (shared + alpha * false_alarms + (1 - alpha) * misses)
            close(lost, 1 - 1.25 / 2)
        some = TverskyLoss(alpha=0.1, beta=0.9)(SCORES, TRUTH)
        others = TverskyLoss(alpha=0.9, beta=0.1)(SCORES, TRUTH)
        # Class 0: I = .75, .5 too much, .25 missing; class 1: I = .5, .25 too much, .5 missing.
        close(some, 1 - (0.75 / (0.75 + 0.05 + 0.225) + 0.5 / (0.5 + 0.025 + 0.45)) / 2)
        close(others, 1 - (0.75 / (0.75 + 0.45 + 0.025) + 0.5 / (0.5 + 0.225 + 0.05)) / 2)

    def test_summed_addends_of_two_processes_are_the_whole(self) -> None:
        """nnU-Net #1354 gathered numerators and denominators and forgot to add them."""
        input, target = sample(DiceLoss, images=4)
        loss = DiceLoss(per_image=True)
        ((one,), (two,)) = (
            loss.addends(input[part], target[part]) for part in (slice(2), slice(2, 4))
        )
        joined = ratio(one.value.sum() + two.value.sum(), one.weight.sum() + two.weight.sum())
        torch.testing.assert_close(joined, loss(input, target))
        unsummed = ratio(torch.stack([one.value.sum(), two.value.sum()]), one.weight.sum())
        assert (unsummed - joined).abs().max() > 1e-3


class TestNoNumber:
    def test_raw_half_precision_dice_of_smp_is_no_number(self) -> None:
        """512² pixels add up to more than float16 holds; ours adds in float32."""
        draw = torch.Generator().manual_seed(0)
        scores = torch.randn(1, 2, 512, 512, generator=draw).half()
        truth = torch.randint(2, (1, 512, 512), generator=draw)
        assert losses_of_smp().DiceLoss("multiclass")(scores, truth).isnan()
        assert DiceLoss()(scores, truth).dtype == torch.float32
        torch.testing.assert_close(DiceLoss()(scores, truth), DiceLoss()(scores.float(), truth))

    @pytest.mark.parametrize("gamma", [0.5, 2.0])
    def test_kornia_focal_with_a_class_ruled_out_was_infinite_and_is_right_now(
        self, gamma: float
    ) -> None:
        from kornia.losses import focal_loss

        scores, truth = tensor([[0.0, log(3), -torch.inf]]), tensor([0])  # p = ¼, ¾, 0
        expected = -(0.75**gamma) * log(0.25)
        close(FocalLoss(gamma=gamma)(scores, truth), expected)
        close(focal_loss(scores, truth, alpha=None, gamma=gamma, reduction="sum"), expected, 1e-5)

    def test_kornia_focal_at_a_sure_answer_had_no_slope_and_has_one_now(self) -> None:
        """The slope of (1 - p)^½ is infinite at p = 1, times ln 1 = 0: since 0.9 it agrees."""
        from kornia.losses import focal_loss

        for loss in (
            FocalLoss(gamma=0.5),
            lambda scores, truth: focal_loss(scores, truth, None, 0.5, "mean"),
        ):
            scores = tensor([[200.0, 0.0]], requires_grad=True)
            loss(scores, tensor([0])).backward()
            assert scores.grad is not None
            assert not scores.grad.any()

    def test_an_eps_that_a_half_type_cannot_hold_guards_nothing(self) -> None:
        """YOLOv5 #2376: w / (h + 10⁻⁹) in float16, where 10⁻⁹ is 0; #8539: 0 / 0 all the same."""
        width, height = torch.zeros(2, dtype=torch.float16)
        assert torch.atan(width / (height + 1e-9)).isnan()
        for pair in ([[2, 2, 2, 2], [1, 1, 3, 5]], [[1, 2, 3, 2], [1, 2, 3, 2]], [[2] * 4] * 2):
            boxes, truth = (tensor([box], dtype=torch.float16) for box in pair)
            boxes.requires_grad_()
            value = CIoUBoxLoss()(boxes, truth)
            value.backward()
            assert value.isfinite()
            assert boxes.grad is not None
            assert boxes.grad.isfinite().all()

    def test_binary_cross_entropy_on_probabilities_stops_learning(self) -> None:
        """PyTorch clamps ln p at -100: sure and wrong costs 100 and has no slope; ours has -1."""
        slopes, values = [], []
        for loss in (
            lambda z, y: functional.binary_cross_entropy(z.sigmoid(), y),
            BinaryCrossEntropyLoss(),
        ):
            score = tensor([-200.0], requires_grad=True)
            value = loss(score, tensor([1.0]))
            value.backward()
            values.append(value.item())
            slopes.append(score.grad.item())
        assert values == [100, 200]
        assert slopes == [0, -1]

    def test_binary_cross_entropy_of_scores_may_be_taken_under_autocast(self) -> None:
        """PyTorch #61098: on CUDA its loss of probabilities is refused there; ours has scores."""
        score, truth = tensor([0.5]), tensor([1.0])
        with torch.autocast("cpu", torch.bfloat16):
            close(BinaryCrossEntropyLoss()(score, truth), log(1 + exp(-0.5)))
        with torch.autocast("cpu", torch.bfloat16):
            assert BinaryCrossEntropyLoss()(score.bfloat16(), truth).dtype == torch.float32


class TestInterplay:
    def test_weight_smoothing_and_ignored_together(self) -> None:
        """PyTorch #69339, #73205, #91383: q = .9 [y] + .05, each class times its weight."""
        scores = tensor([[0.75, 0.25], [0.5, 0.5], [0.1, 0.9]]).log()
        truth = tensor([0, 1, -100])
        loss = CrossEntropyLoss(weight=[1, 3], label_smoothing=0.1)
        first = -0.95 * log(0.75) - 3 * 0.05 * log(0.25)
        second = -0.05 * log(0.5) - 3 * 0.95 * log(0.5)
        close(loss(scores, truth), (first + second) / (1 + 3))

    def test_hard_and_soft_targets_have_their_own_denominator(self) -> None:
        """PyTorch #107680: Σ w_y for indices, N for the same truth as probabilities."""
        scores = tensor([[0.75, 0.25], [0.5, 0.5]]).log()
        loss = CrossEntropyLoss(weight=[1, 3])
        numerator = -log(0.75) - 3 * log(0.5)
        close(loss(scores, tensor([0, 1])), numerator / 4)
        close(loss(scores, torch.eye(2)), numerator / 2)

    def test_a_batch_of_two_costs_2_016_by_indices_and_1_637_by_probabilities(self) -> None:
        """Surprises of 2.65 and 1, weights 1 and .624: 3.274 by 1.624 of weight, or by 2 items."""
        scores = tensor([[-2.65, log(1 - exp(-2.65))], [log(1 - exp(-1)), -1.0]])
        truth, weight = tensor([0, 1]), tensor([1.0, 0.624])
        for target, expected in ((truth, 2.016), (torch.eye(2), 1.637)):
            close(CrossEntropyLoss(weight=weight)(scores, target), expected, atol=5e-5)
            close(functional.cross_entropy(scores, target, weight=weight), expected, atol=5e-5)

    def test_a_weight_does_nothing_to_one_item_alone(self) -> None:
        """PyTorch #50528: w · CE / w. The sum is where it shows."""
        scores, truth = tensor([[0.75, 0.25]]).log(), tensor([0])
        close(CrossEntropyLoss(weight=[7, 1])(scores, truth), -log(0.75))
        close(CrossEntropyLoss(weight=[7, 1], reduction="sum")(scores, truth), -7 * log(0.75))

    def test_focal_takes_its_probability_before_the_weight(self) -> None:
        """Torchvision #7760: e^{-4 · CE} = .1⁴ is no probability; the factor is (1 - .1)²."""
        loss = FocalLoss(alpha=[4, 1])(tensor([[0.1, 0.9]]).log(), tensor([0]))
        close(loss, -4 * 0.9**2 * log(0.1))
        assert abs(loss.item() + 4 * (1 - 0.1**4) ** 2 * log(0.1)) > 1

    def test_halves_of_a_weighted_batch_count_by_their_weights(self) -> None:
        """Averaging two means counts an item by ½ W / W_half: here .54 and 7 times too much."""
        scores = torch.zeros(4, 2, dtype=torch.float64, requires_grad=True)
        truth = tensor([1, 1, 0, 0])  # the halves weigh 26 and 2
        loss = CrossEntropyLoss(weight=[1, 13])
        (whole,) = torch.autograd.grad(loss(scores, truth), scores)
        averaged = (loss(scores[:2], truth[:2]) + loss(scores[2:], truth[2:])) / 2
        (wrong,) = torch.autograd.grad(averaged, scores)
        torch.testing.assert_close(
            (wrong / whole)[:, 0], tensor([14 / 26, 14 / 26, 7, 7], dtype=torch.float64)
        )
        ((one,), (two,)) = (
            loss.addends(scores[part], truth[part]) for part in (slice(2), slice(2, 4))
        )
        joined = (one.value.sum() + two.value.sum()) / (one.weight.sum() + two.weight.sum())
        torch.testing.assert_close(torch.autograd.grad(joined, scores)[0], whole)

    def test_a_dice_summed_over_the_batch_depends_on_its_size(self) -> None:
        """I, P, T = 2, 2, 2 and 0, 1, 1: alone 0 and 1, mean ½; together 1 - 4 / 6 = ⅓."""
        hard = 1000 * (tensor([[[1.0, 1, 0]], [[1, 0, 0]]]) - 0.5)
        truth = tensor([[[1.0, 1, 0]], [[0, 1, 0]]])
        close(DiceLoss()(hard, truth), 1 / 3)
        close((DiceLoss()(hard[:1], truth[:1]) + DiceLoss()(hard[1:], truth[1:])) / 2, 1 / 2)
        close(DiceLoss(per_image=True)(hard, truth), 1 / 2)

    @pytest.mark.parametrize(("size", "expected"), [(1, 0.627), (2, 0.709), (4, 0.709)])
    def test_the_same_predictions_cost_627_or_709_by_the_size_of_the_batches(
        self, size: int, expected: float
    ) -> None:
        """By turns 20 true pixels found with p = .57 and 50 with .01, and nothing found falsely.

        Alone they cost (1 - p) / (1 + p), .274 and .980; together 1 - 2 · 11.9 / (11.9 + 70).
        """
        truth = torch.zeros(32, 1, 50)
        truth[::2, :, :20] = truth[1::2] = 1
        found = torch.zeros(32, 1, 50)
        found[::2], found[1::2] = 0.57, 0.01
        scores = (found * truth).logit()

        def epoch(loss: Loss) -> float:
            batches = zip(scores.split(size), truth.split(size), strict=True)
            values = [loss(*batch).item() for batch in batches]
            return sum(values) / len(values)

        assert epoch(DiceLoss()) == pytest.approx(expected, abs=5e-4)
        assert epoch(DiceLoss(per_image=True)) == pytest.approx(0.627, abs=5e-4)
        sums = [
            DiceLoss().addends(scores[part], truth[part], per_image=True)[0]
            for part in torch.arange(32).split(size)
        ]
        value, weight = (
            torch.stack([getattr(addend, of).sum() for addend in sums]).sum()
            for of in ("value", "weight")
        )
        assert (value / weight).item() == pytest.approx(0.627, abs=5e-4)  # what is reported


@by_name
def test_scores_are_left_as_they_were_and_can_be_used_again(loss: type[Loss]) -> None:
    """Liger #272, #507, #968: a fused loss wrote its slope over the scores, which others need."""
    input, target = sample(loss, dtype=torch.float64)
    leaf = input.clone().requires_grad_()
    scores = 2 * leaf
    before = scores.detach().clone()
    (3 * loss()(scores, target) + scores.square().sum()).backward()
    assert torch.equal(scores, before)
    alone = before.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss()(alone, target), alone)
    torch.testing.assert_close(leaf.grad, 2 * (3 * slope + 2 * before))


@by_name
def test_a_graph_can_be_walked_twice(loss: type[Loss]) -> None:
    """Liger #678, #1338: what was saved for the way back has to survive it."""
    input, target = sample(loss, dtype=torch.float64)
    input.requires_grad_()
    value = loss()(input, target)
    first, second = (torch.autograd.grad(value, input, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.slow
def test_graph_breaks_of_others_are_counted() -> None:
    """Boolean masks ask for the number of true entries: a graph ends there. Ours: one graph."""
    from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

    def breaks(loss: Callable[..., Tensor], *batch: Tensor) -> int:
        try:
            return int(torch._dynamo.explain(loss)(*batch).graph_break_count)
        finally:
            torch._dynamo.reset()

    pair = sample(GIoUBoxLoss, dtype=torch.float32)
    assert breaks(generalized_box_iou_loss, *pair) >= 5
    assert breaks(GIoUBoxLoss(), *pair) == 0
    regions = sample(LovaszLoss, dtype=torch.float32)
    assert breaks(losses_of_smp().LovaszLoss("multiclass"), *regions) >= 3
    assert breaks(LovaszLoss(), *regions) == 0
    assert breaks(losses_of_smp().DiceLoss("multiclass"), *regions) == 0
    assert breaks(DiceLoss(), *regions) == 0
    answers = sample(BinaryFocalLoss, dtype=torch.float32)
    assert breaks(sigmoid_focal_loss, *answers) == 0
    assert breaks(BinaryFocalLoss(), *answers) == 0


def test_every_loss_is_swept() -> None:
    assert len(ALL) >= 20
