"""Weights from the frequency of the classes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model_playground.core.expression import parse_losses
from model_playground.losses import (
    CrossEntropyLoss,
    FocalLoss,
    balanced_weights,
    effective_number_weights,
)

counts = st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any)


def test_balanced_by_hand() -> None:
    # 1/60, 1/30, 1/10 add up to 1/60 + 2/60 + 6/60 = 9/60: times 3 · 60 / 9 = 20
    assert balanced_weights([60, 30, 10]) == pytest.approx([1 / 3, 2 / 3, 2])


def test_effective_numbers_by_hand() -> None:
    # β = ½: effective numbers 1, 1½ and 1¾; 1 + 2/3 + 4/7 = 47/21, so times 63/47
    expected = [63 / 47, 42 / 47, 36 / 47]
    assert effective_number_weights([1, 2, 3], beta=0.5) == pytest.approx(expected)


def test_the_papers_ends_of_beta() -> None:
    assert effective_number_weights([500, 3, 0], beta=0) == [1, 1, 1]
    nearly_one = effective_number_weights([500, 3], beta=1 - 1e-12)
    assert nearly_one == pytest.approx(balanced_weights([500, 3]), rel=1e-6)


def test_pixels_are_told_apart_by_default_and_not_by_a_beta_for_items() -> None:
    pixels = [90_000_000, 1_000_000]
    assert effective_number_weights(pixels, beta=0.999) == pytest.approx([1, 1])
    frequent, rare = effective_number_weights(pixels)
    assert 10 < rare / frequent < 90


@pytest.mark.parametrize("weights", [balanced_weights, effective_number_weights])
@given(found=counts)
def test_their_mean_is_1_and_rarer_weighs_no_less(weights, found) -> None:  # type: ignore[no-untyped-def]
    given = weights(found)
    present = [(count, weight) for count, weight in zip(found, given, strict=True) if count]
    assert sum(weight for _, weight in present) == pytest.approx(len(present))
    assert all(weight == 1 for count, weight in zip(found, given, strict=True) if count == 0)
    in_order = [weight for _, weight in sorted(present)]
    assert all(a >= b * (1 - 1e-9) for a, b in pairwise(in_order))


def test_counts_may_be_a_tensor() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    assert balanced_weights(torch.bincount(labels)) == [0.5, 1.5]


@pytest.mark.parametrize("found", [[], [0, 0], [-1, 3], [float("nan"), 1]])
def test_what_are_no_counts_is_refused(found: list[float]) -> None:
    for weights in (balanced_weights, effective_number_weights):
        with pytest.raises(ValueError, match=r"counts=.* is refused"):
            weights(found)
    with pytest.raises(ValueError, match=r"beta=1 is refused"):
        effective_number_weights([1, 2], beta=1)


def test_alone_a_loss_says_how_to_compute_them() -> None:
    for loss, name in ((CrossEntropyLoss, "weight"), (FocalLoss, "alpha")):
        for word in ("balanced", "effective"):
            with pytest.raises(ValueError, match=rf"{name}='{word}'.* balanced_weights\(counts\)"):
                loss(**{name: word})


def test_the_words_are_read_in_an_expression() -> None:
    terms = parse_losses("cross_entropy(weight=balanced) + focal(alpha=effective)")
    assert [term.parameters for term in terms] == [{"weight": "balanced"}, {"alpha": "effective"}]
    assert parse_losses(" + ".join(map(str, terms))) == terms
