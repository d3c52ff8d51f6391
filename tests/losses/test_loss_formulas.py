"""Log-cosh, MSLE, noisy labels, boundary and instance masks: by hand, at the edges, refused."""

from __future__ import annotations

from math import cosh, dist, e, log, sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_references import boundary, total
from torch import Tensor, tensor
from torch.nn import functional

from model_playground.core.contracts import TargetForm
from model_playground.losses import (
    BinaryCrossEntropyDiceMaskLoss,
    BoundaryLoss,
    CrossEntropyLoss,
    GeneralisedCrossEntropyLoss,
    HuberLoss,
    L1Loss,
    LogCoshLoss,
    Loss,
    MSELoss,
    MSLELoss,
    SmoothL1Loss,
    SymmetricCrossEntropyLoss,
)
from model_playground.losses.boundary import distances
from model_playground.losses.kernels import formulas_only

some = settings(max_examples=15, deadline=None)


def close(found: Tensor, expected: float | list[float], atol: float = 1e-6) -> None:
    torch.testing.assert_close(found.double(), tensor(expected).double(), rtol=0, atol=atol)


class TestLogCosh:
    def test_by_hand(self) -> None:
        # differences 0, 1 and -3 at scale 2: 4 · ln cosh 0, ½ and 1½
        loss = LogCoshLoss(scale=2.0, reduction="none")
        close(
            loss(tensor([1.0, 2.0, 0.0]), tensor([1.0, 1.0, 3.0])),
            [0.0, 4 * log(cosh(0.5)), 4 * log(cosh(1.5))],
        )

    def test_keeps_its_digits_near_the_target_and_its_size_far_from_it(self) -> None:
        # x²/2 near 0; |x| - ln 2 far away, where cosh itself is out of range
        found = LogCoshLoss(reduction="none")(tensor([1e-4, 2e4]), torch.zeros(2))
        torch.testing.assert_close(found, tensor([0.5e-8, 2e4 - log(2)]))

    def test_is_near_huber_at_both_ends(self) -> None:
        x = tensor([1e-3, 1e3], dtype=torch.float64)
        smooth, huber = (loss(reduction="none")(x, 0 * x) for loss in (LogCoshLoss, HuberLoss))
        close(smooth - huber, [0.0, 0.5 - log(2)])


class TestMSLE:
    def test_by_hand(self) -> None:
        # ln(1 + y): predicted 1 and 0, true 1 and 2
        close(MSLELoss()(tensor([e - 1, 0.0]), tensor([e - 1, e**2 - 1])), (0 + 4) / 2)

    def test_a_prediction_below_0_is_led_back_along_the_tangent(self) -> None:
        # λ(-2) = -2 and ln(1 + 0) = 0: 4; its slope is 2 · -2 · 1
        input = tensor([-2.0], requires_grad=True)
        loss = MSLELoss()(input, tensor([0.0]))
        close(loss, 4.0)
        loss.backward()
        assert input.grad is not None
        close(input.grad, [-4.0])

    def test_is_smooth_where_the_tangent_begins(self) -> None:
        at = tensor([-1e-6, 0.0, 1e-6], dtype=torch.float64, requires_grad=True)
        MSLELoss(reduction="sum")(at, torch.ones(3, dtype=torch.float64)).backward()
        assert at.grad is not None
        close(at.grad, [-2 * log(2)] * 3, atol=1e-5)  # 2 (0 - ln 2) · 1

    @pytest.mark.parametrize("value", [-0.5, -1.0, -3.0, float("nan")])
    def test_a_target_below_0_is_refused(self, value: float) -> None:
        with pytest.raises(ValueError, match=r"target is refused: it is .* values of 0 or more"):
            MSLELoss()(torch.zeros(2), tensor([1.0, value]))

    @given(factor=st.floats(1.01, 50), y=st.floats(10, 1e6))
    @some
    def test_too_low_and_too_high_by_a_factor_cost_the_same(self, factor: float, y: float) -> None:
        loss = MSLELoss()
        pair = [tensor([(1 + y) * by - 1], dtype=torch.float64) for by in (factor, 1 / factor)]
        target = tensor([y], dtype=torch.float64)
        if pair[1] > 0:
            torch.testing.assert_close(loss(pair[0], target), loss(pair[1], target))


class TestFusedValues:
    """The losses that are one operator of PyTorch's, against their own formulas."""

    LOSSES = (MSELoss(), L1Loss(), SmoothL1Loss(beta=0.3), SmoothL1Loss(beta=0), HuberLoss(delta=2))

    @pytest.mark.parametrize("loss", LOSSES, ids=repr)
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
    def test_have_the_values_and_slopes_of_the_formula(
        self, loss: Loss, reduction: str, dtype: torch.dtype
    ) -> None:
        loss = type(loss)(
            reduction=reduction,
            **{name: getattr(loss, name) for name in type(loss).Record.model_fields},
        )
        input = torch.linspace(-3, 3, 24).reshape(2, 3, 4).to(dtype).requires_grad_()
        target = torch.linspace(2, -2, 24).reshape(2, 3, 4).to(dtype)
        found = loss(input, target)
        with formulas_only():
            expected = loss(input, target)
        assert found.dtype == expected.dtype
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(
            *(torch.autograd.grad(one.sum(), input)[0] for one in (found, expected))
        )


class TestNoisyLabels:
    def test_symmetric_by_hand(self) -> None:
        # p = ¾: 0.1 · -ln ¾ + 4 · ¼; p = ¼: 0.1 · -ln ¼ + 4 · ¾
        scores = tensor([[0.75, 0.25], [0.75, 0.25]]).log()
        loss = SymmetricCrossEntropyLoss(reduction="none")
        close(loss(scores, tensor([0, 1])), [1 - 0.1 * log(0.75), 3 - 0.1 * log(0.25)])

    def test_generalised_by_hand(self) -> None:
        # p = ¼ and 1/9 with q = ½: (1 - ½) / ½ and (1 - ⅓) / ½
        scores = tensor([[1 / 4, 3 / 4], [1 / 9, 8 / 9]]).log()
        loss = GeneralisedCrossEntropyLoss(q=0.5, reduction="none")
        close(loss(scores, tensor([0, 0])), [1.0, 4 / 3])

    @given(seed=st.integers(0, 2**16))
    @some
    def test_both_lead_to_cross_entropy(self, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        scores = torch.randn(6, 4, generator=draw, dtype=torch.float64)
        labels = torch.randint(4, (6,), generator=draw)
        expected = CrossEntropyLoss()(scores, labels)
        one_sided = SymmetricCrossEntropyLoss(alpha=1, beta=0)
        torch.testing.assert_close(one_sided(scores, labels), expected)
        near = GeneralisedCrossEntropyLoss(q=1e-7)
        torch.testing.assert_close(near(scores, labels), expected, rtol=1e-5, atol=1e-6)

    @given(seed=st.integers(0, 2**16))
    @some
    def test_both_lead_to_the_mean_absolute_error(self, seed: int) -> None:
        # The L1 distance of p to a one-hot label is 2 (1 - p_y).
        draw = torch.Generator().manual_seed(seed)
        scores = torch.randn(6, 4, generator=draw, dtype=torch.float64)
        labels = torch.randint(4, (6,), generator=draw)
        distance = (scores.softmax(1) - functional.one_hot(labels, 4)).abs().sum(1).mean()
        linear = GeneralisedCrossEntropyLoss(q=1)
        torch.testing.assert_close(linear(scores, labels), distance / 2)
        mirrored = SymmetricCrossEntropyLoss(alpha=0, beta=1, log_zero=-4)
        torch.testing.assert_close(mirrored(scores, labels), 2 * distance)

    def test_sum_over_all_labels_is_constant_where_labels_are_absolute(self) -> None:
        """What makes the absolute error robust: wrong labels add the same to every prediction."""
        scores = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double()
        linear = GeneralisedCrossEntropyLoss(q=1)
        found = sum(linear(scores, torch.full((5,), label)) for label in range(3))
        close(torch.as_tensor(found), 2.0)  # Σ_c (1 - p_c) = C - 1

    @pytest.mark.parametrize("q", [0.01, 0.7, 1.0])
    def test_a_true_class_that_is_ruled_out_costs_its_bound(self, q: float) -> None:
        scores = tensor([[0.0, -torch.inf, 1.0]], requires_grad=True)
        loss = GeneralisedCrossEntropyLoss(q=q)(scores, tensor([1]))
        torch.testing.assert_close(loss, tensor(1 / q))
        loss.backward()
        assert scores.grad is not None
        assert scores.grad.isfinite().all()


def brute_force(seeds: Tensor) -> Tensor:
    found = torch.full(seeds.shape, torch.inf)
    for image, of_image in enumerate(seeds):
        for region, marks in enumerate(of_image):
            sown = marks.nonzero().tolist()
            for place in torch.ones_like(marks).nonzero().tolist():
                if sown:
                    found[(image, region, *place)] = min(dist(place, one) for one in sown)
    return found


class TestBoundary:
    @given(
        seed=st.integers(0, 2**16),
        size=st.sampled_from([(1, 1), (7,), (5, 8), (8, 5), (1, 6), (3, 4, 5)]),
        share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    )
    @settings(max_examples=30, deadline=None)
    def test_distances_are_exact(self, seed: int, size: tuple[int, ...], share: float) -> None:
        draw = torch.Generator().manual_seed(seed)
        seeds = torch.rand((2, 2, *size), generator=draw) < share
        torch.testing.assert_close(distances(seeds), brute_force(seeds))

    def test_distances_do_not_depend_on_the_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seeds = torch.rand(2, 3, 17, 23, generator=torch.Generator().manual_seed(0)) < 0.02
        expected = distances(seeds)
        monkeypatch.setattr("model_playground.losses.boundary._BLOCK", 1000)  # 3 lines at a time
        assert torch.equal(distances(seeds), expected)

    def test_by_hand(self) -> None:
        # Class 1 is the last two of five pixels. φ: 3 2 1 for those outside, 0 at its edge and
        # 1 - 2 = -1 further inside; class 0 is the rest: -2 -1 0, then 1 2.
        scores = tensor([[0.5, 0.25, 0.75, 0.5, 0.25]])
        scores = torch.stack([scores, 1 - scores], 1).log()
        loss = BoundaryLoss(reduction="none")(scores, tensor([[0, 0, 0, 1, 1]]))
        close(loss[0, 0], [-2 * 0.5, -1 * 0.25, 0, 1 * 0.5, 2 * 0.25])
        close(loss[0, 1], [3 * 0.5, 2 * 0.75, 1 * 0.25, 0, -1 * 0.75])
        whole = BoundaryLoss()(scores, tensor([[0, 0, 0, 1, 1]]))
        close(whole, (-0.25 + 2.5) / 10)

    def test_distances_are_euclidean(self) -> None:
        # one pixel in the corner of 3 × 4: the farthest is √(2² + 3²) away
        truth = torch.zeros(1, 1, 3, 4)
        truth[0, 0, 0, 0] = 1
        loss = BoundaryLoss(reduction="none")(torch.zeros(1, 1, 3, 4), truth)
        close(loss[0, 0, 2, 3], sqrt(13) / 2)  # every p is ½
        close(loss[0, 0, 1, 1], sqrt(2) / 2)
        close(loss[0, 0, 0, 0], 0.0)

    def test_the_truth_costs_least(self) -> None:
        draw = torch.Generator().manual_seed(2)
        truth = torch.randint(3, (2, 6, 7), generator=draw)
        sure = 200.0 * functional.one_hot(truth, 3).movedim(-1, 1)
        lowest = BoundaryLoss()(sure, truth)
        assert lowest <= 0
        for _ in range(20):
            assert lowest <= BoundaryLoss()(5 * torch.randn(sure.shape, generator=draw), truth)

    def test_a_class_without_a_boundary_is_left_out(self) -> None:
        # The first image is all of class 1, so nothing has an edge; the second has classes 0 and 1.
        scores = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
        truth = torch.ones(2, 4, 4, dtype=torch.long)
        truth[1, :2] = 0
        both = BoundaryLoss()
        assert both(scores[:1], truth[:1]) == 0
        torch.testing.assert_close(both(scores, truth), both(scores[1:], truth[1:]))
        per_class = BoundaryLoss(reduction="none")(scores, truth)
        assert not per_class[0].any()
        assert not per_class[1, 2].any()

    @given(seed=st.integers(0, 2**16))
    @some
    def test_no_distance_is_measured_to_ignored_pixels(self, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        scores = torch.randn(2, 3, 4, 3, generator=draw, dtype=torch.float64)
        truth = torch.randint(3, (2, 4, 3), generator=draw)
        truth[torch.rand(truth.shape, generator=draw) < 0.4] = -100
        found = BoundaryLoss(reduction="sum")(scores, truth)
        close(found, total(boundary(scores, truth), "sum"))

    @given(seed=st.integers(0, 2**16))
    @some
    def test_independent_answers_equal_the_loops(self, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        scores = torch.randn(2, 2, 4, 3, generator=draw, dtype=torch.float64)
        truth = torch.randint(2, (2, 2, 4, 3), generator=draw).double()
        truth[torch.rand(truth.shape, generator=draw) < 0.2] = -100
        loss = BoundaryLoss(reduction="sum", weight=[0.5, 2.0])
        close(loss(scores, truth), total(boundary(scores, truth, weight=[0.5, 2.0]), "sum"))

    def test_two_classes_are_one_answer(self) -> None:
        draw = torch.Generator().manual_seed(3)
        score = torch.randn(2, 1, 5, 6, generator=draw)
        truth = torch.randint(2, (2, 5, 6), generator=draw)
        pair = torch.cat([torch.zeros_like(score), score], 1)
        of_pair = BoundaryLoss(reduction="none")(pair, truth)
        of_one = BoundaryLoss(reduction="none")(score, truth.unsqueeze(1).float())
        torch.testing.assert_close(of_pair[:, 1:], of_one)


class TestMasks:
    def test_by_hand(self) -> None:
        # One mask of two pixels, p = ¾ and ½, of which the first is true:
        # (-ln ¾ - ln ½) / 2, and 1 - 2 · ¾ / (1¼ + 1) = ⅓
        scores = tensor([[[0.75, 0.5]]]).logit()
        expected = -(log(0.75) + log(0.5)) / 2 + 1 / 3
        close(BinaryCrossEntropyDiceMaskLoss()(scores, tensor([[[1.0, 0.0]]])), expected)
        double = BinaryCrossEntropyDiceMaskLoss(dice_weight=2.0)
        close(double(scores, tensor([[[1.0, 0.0]]])), expected + 1 / 3)

    def test_is_divided_by_the_number_of_masks_whatever_their_pixels(self) -> None:
        draw = torch.Generator().manual_seed(0)
        scores = torch.randn(5, 4, 6, generator=draw, dtype=torch.float64)
        truth = torch.randint(2, (5, 4, 6), generator=draw).double()
        truth[3, :3] = -100  # a mask of a quarter of the pixels counts as much as the others
        each = BinaryCrossEntropyDiceMaskLoss(reduction="none")(scores, truth)
        assert each.shape == (5,)
        close(BinaryCrossEntropyDiceMaskLoss()(scores, truth), each.mean().item())
        close(BinaryCrossEntropyDiceMaskLoss(reduction="sum")(scores, truth), each.sum().item())

    def test_an_empty_mask_has_no_overlap_to_speak_of(self) -> None:
        scores = torch.zeros(2, 1, 2)
        truth = tensor([[[0.0, 0.0]], [[1.0, 0.0]]])
        # ln 2 for each; Dice only of the second: 1 - 2 · ½ / (1 + 1) = ½
        close(BinaryCrossEntropyDiceMaskLoss()(scores, truth), log(2) + 0.5)
        close(BinaryCrossEntropyDiceMaskLoss()(scores[:1], truth[:1]), log(2))

    def test_what_is_no_stack_of_masks_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"input is refused: .* \(M, height, width\)"):
            BinaryCrossEntropyDiceMaskLoss()(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4))


def test_only_amounts_are_read_by_the_logarithmic_error() -> None:
    assert [reading.form for reading in MSLELoss.reads] == [TargetForm.AMOUNT]
