"""Verdicts on runs: curves drawn by hand, and how often noise alone is mistaken for a trend."""

from __future__ import annotations

import numpy as np
import pytest

from model_playground.insights.overfitting import judge, noise_of

FALLING = [0.9, 0.6, 0.4, 0.3, 0.2, 0.12, 0.07, 0.04, 0.02, 0.01]


CURVES = {
    "over-fitting": (FALLING, [0.95, 0.7, 0.6, 0.58, 0.6, 0.64, 0.7, 0.75, 0.82, 0.9]),
    "unstable": (
        [0.9, 0.5, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8],
        [0.9, 0.55, 0.45, 0.45, 0.6, 0.7, 0.8, 0.9],
    ),
    "still improving": (FALLING, [0.95, 0.8, 0.7, 0.62, 0.56, 0.51, 0.47, 0.43, 0.4, 0.37]),
    "gap": (FALLING, [0.95, 0.7, 0.6, 0.58, 0.57, 0.57, 0.57, 0.57, 0.57, 0.57]),
    "well": (
        [0.8, 0.6, 0.4, 0.35, 0.33, 0.32, 0.32, 0.32, 0.32, 0.32],
        [0.9, 0.6, 0.45, 0.4, 0.38, 0.37, 0.37, 0.37, 0.37, 0.37],
    ),
    "too few epochs": ([0.9, 0.5, 0.3, 0.1], [0.9, 1.0, 1.1, 1.2]),
}


@pytest.mark.parametrize("kind", CURVES)
def test_a_curve_has_its_verdict(kind: str) -> None:
    assert judge(*CURVES[kind]).kind == kind


def test_validation_that_only_rises_is_over_fitting() -> None:
    rising = [0.95, 0.95, 0.97, 1.0, 1.04, 1.1, 1.15, 1.2, 1.26, 1.3]
    assert judge(FALLING, rising).kind == "over-fitting"


def test_a_rise_is_seen_though_validation_scatters_more_and_more() -> None:
    # Measured: 99 small photographs, 81 others learnt by heart.
    validation = [1.17, 1.4, 1.48, 1.42, 1.25, 1.25, 1.01, 0.99, 0.97, 1.31, 2.28, 1.24, 1.71, 1.3]
    validation += [1.39, 1.24, 1.28, 3.43, 1.87, 1.09, 2.32, 1.36, 2.04, 1.56]
    train = [1.16, 1.38, 1.41, 1.14, 0.81, 0.52, 0.46, 0.45, 0.23, 0.13, 1.29, 0.08, 0.27, 0.07]
    train += [0.08, 0.09, 0.2, 0.44, 0.22, 0.05, 0.34, 0.11, 0.37, 0.03]
    assert judge(train, validation, uninformed=1.1).kind == "over-fitting"


def test_nothing_is_said_of_no_epochs() -> None:
    assert judge([], []).kind == "too few epochs"


def test_the_sentence_tells_the_figures() -> None:
    verdict = judge(*CURVES["over-fitting"])
    assert verdict.level == "warning"
    assert "lowest in epoch 4, at 0.58, and has risen to 0.82" in verdict.sentence
    assert "on train fell to 0.02" in verdict.sentence


def test_a_model_as_dear_as_a_guess_has_not_learnt() -> None:
    flat = [0.69, 0.695, 0.688, 0.69, 0.691]
    assert judge(flat, flat, uninformed=0.693).kind == "not learning"
    assert judge(flat, flat, uninformed=1.5).kind == "well"


def test_a_loss_that_is_not_finite_is_named() -> None:
    verdict = judge([0.5, 0.4, None, None], [0.5, 0.4, 0.4, None])
    assert verdict.kind == "not finite"
    assert verdict.level == "warning"


def test_a_single_bad_epoch_is_no_over_fitting() -> None:
    validation = [0.95, 0.7, 0.6, 0.58, 0.57, 1.4, 0.57, 0.56, 0.57, 0.56]
    assert judge(FALLING, validation).kind == "gap"


def test_the_noise_of_a_straight_line_is_nothing() -> None:
    assert noise_of([5.0, 4.0, 3.0, 2.0, 1.0]) == 0
    assert noise_of([1.0, 2.0]) == 0


def test_the_noise_is_that_of_a_normal_distribution() -> None:
    values = np.linspace(3, 1, 2000) + np.random.default_rng(0).normal(0, 0.05, 2000)
    assert noise_of(list(values)) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.15])
@pytest.mark.parametrize("epochs", [8, 15, 40])
def test_noise_alone_is_hardly_ever_taken_for_over_fitting(noise: float, epochs: int) -> None:
    settled = 0.5 + 0.5 * np.exp(-np.arange(epochs))
    wrong = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        validation = settled + random.normal(0, noise, epochs)
        verdict = judge(list(settled / 2), list(validation))
        wrong += verdict.kind == "over-fitting"
    assert wrong <= 8  # of 200: 4 %
