"""Say in a sentence what a run's losses show: over-fitting, too short a training, or all well.

Judged are the loss on a fixed, un-augmented sample of train and the loss on validation, which are
measured in the same way, epoch by epoch. The running training loss is not: it is measured while
the model still changes, and on augmented images.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

FEWEST_EPOCHS = 5
"""With fewer epochs, a trend cannot be told from noise."""

LEARNT_SHARE = 0.05
"""A loss that has fallen by less than this share of an uninformed guess's has learnt nothing."""

RISE_SHARE = 0.10
"""Validation rises if its level over the last epochs exceeds its lowest by this share of it …"""

RISE_NOISE = 4.0
"""… and by this many times the noise of such a difference: the lowest of many noisy levels lies
below the rest by chance, and with 4 fewer than 3 in 100 flat curves are taken for rising."""

FALL_SHARE = 0.02
"""Validation still improves if its level over the last epochs is below that of the epochs before
by this share of it …"""

FALL_NOISE = 2.0
"""… and by this many times the noise of such a difference."""

GAP_SHARE = 0.5
"""A gap is worth a word if the loss on train is below this share of that on validation."""

Kind = Literal[
    "too few epochs",
    "not finite",
    "not learning",
    "over-fitting",
    "unstable",
    "still improving",
    "gap",
    "well",
]


@dataclass(frozen=True)
class Verdict:
    """What a run's losses show, and the sentence that says so with its figures."""

    kind: Kind
    level: Literal["information", "warning"]
    sentence: str


def judge(
    train_sample: Sequence[float | None],
    validation: Sequence[float | None],
    *,
    uninformed: float | None = None,
) -> Verdict:
    """Judge a run by its losses, one value for each epoch.

    Args:
        train_sample: the loss on the fixed sample of train; None where it was not finite.
        validation: the loss on validation, of the same epochs.
        uninformed: what a model that knows nothing would cost on validation, where it is known.
    """
    if any(value is None for value in (*train_sample, *validation)):
        return Verdict(
            "not finite",
            "warning",
            "A loss was not finite: try a lower learning rate, and full precision.",
        )
    train = [value for value in train_sample if value is not None]
    held_out = [value for value in validation if value is not None]
    if len(held_out) < FEWEST_EPOCHS:
        return Verdict(
            "too few epochs",
            "information",
            f"After {len(held_out)} of the {FEWEST_EPOCHS} epochs that a trend needs, nothing can "
            "be said about over-fitting.",
        )
    return (
        _not_learning(train, held_out, uninformed)
        or _rising(train, held_out)
        or _steady(train, held_out)
    )


def noise_of(values: Sequence[float]) -> float:
    """Estimate the standard deviation of the noise around a smooth curve.

    It is taken from the median size of the second differences, which a straight trend leaves
    alone and a single jump hardly moves.
    """
    bends = [
        abs(before - 2 * value + after)
        for before, value, after in zip(values, values[1:], values[2:], strict=False)
    ]
    # The second difference of independent noise has √6 times its deviation; a normal
    # distribution's median size is its deviation divided by 1.4826.
    return 1.4826 * statistics.median(bends) / sqrt(6) if bends else 0.0


def _window(epochs: int) -> int:
    """Return over how many epochs a level is measured."""
    return max(3, epochs // 5)


def _levels(values: Sequence[float]) -> list[float]:
    """Return the median over each window of epochs: a single bad epoch does not move it."""
    window = _window(len(values))
    return [
        statistics.median(values[start : start + window])
        for start in range(len(values) - window + 1)
    ]


def _beyond(difference: float, *, of: float, share: float, noise: float) -> bool:
    return difference > max(share * abs(of), noise)


def _not_learning(
    train: list[float], validation: list[float], uninformed: float | None
) -> Verdict | None:
    best = min(*train, *validation)
    if uninformed is None or best < (1 - LEARNT_SHARE) * uninformed:
        return None
    return Verdict(
        "not learning",
        "warning",
        f"The model has learnt next to nothing: its best loss, {best:.3g}, is no better than the "
        f"{uninformed:.3g} of an uninformed guess. Try another learning rate, or train longer.",
    )


def _rising(train: list[float], validation: list[float]) -> Verdict | None:
    levels, train_levels = _levels(validation), _levels(train)
    lowest = min(levels)
    window = _window(len(validation))
    # A model that over-fits scatters more as well: that is no reason to doubt the rise. So the
    # noise is that of the epochs up to the lowest level, or of the first half at least.
    until = max(levels.index(lowest) + window, len(validation) // 2, FEWEST_EPOCHS + 1)
    noise = RISE_NOISE * _noise_of_difference(validation[:until], window)
    if not _beyond(levels[-1] - lowest, of=lowest, share=RISE_SHARE, noise=noise):
        return None
    best = min(validation)
    epoch = validation.index(best) + 1
    train_then, train_now = train_levels[levels.index(lowest)], train_levels[-1]
    seen = (
        f"validation loss was lowest in epoch {epoch}, at {best:.3g}, and has risen to "
        f"{levels[-1]:.3g}"
    )
    if train_now > train_then:
        return Verdict(
            "unstable",
            "warning",
            f"Unstable: {seen}, and the loss on train with it, from {train_then:.3g} to "
            f"{train_now:.3g}. Try a lower learning rate.",
        )
    return Verdict(
        "over-fitting",
        "warning",
        f"Over-fitting: {seen}, while the loss on train fell to {train_now:.3g}. More images or "
        f"augmentation help, more epochs do not; the best weights are those of epoch {epoch}.",
    )


def _steady(train: list[float], validation: list[float]) -> Verdict:
    window = _window(len(validation))
    now = statistics.median(validation[-window:])
    before = statistics.median(validation[-2 * window : -window])
    noise = FALL_NOISE * _noise_of_difference(validation, window)
    if _beyond(before - now, of=before, share=FALL_SHARE, noise=noise):
        return Verdict(
            "still improving",
            "information",
            f"Still improving: validation loss stood at {now:.3g} over the last {window} epochs, "
            f"at {before:.3g} before. Training longer may help.",
        )
    train_now = statistics.median(train[-window:])
    if train_now < GAP_SHARE * now:
        return Verdict(
            "gap",
            "information",
            f"Validation loss stands at {now:.3g} over the last {window} epochs, not clearly above "
            f"its lowest, but the loss on train is {train_now:.3g}: the model knows train much "
            "better. More or more varied images would help more than more epochs.",
        )
    return Verdict(
        "well",
        "information",
        f"No sign of over-fitting: validation loss has settled at {now:.3g}, the loss on train at "
        f"{train_now:.3g}.",
    )


def _noise_of_difference(values: Sequence[float], window: int) -> float:
    """Return the noise of a difference between two levels over so many epochs."""
    return noise_of(values) * sqrt(2 / window)
