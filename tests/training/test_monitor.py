"""Which epoch is the best, and when patience ends."""

from __future__ import annotations

import pytest

from model_playground.core.errors import InvalidError
from model_playground.core.specification import EarlyStopping
from model_playground.training.monitor import Monitor


def _watched(monitor: Monitor, values: list[float]) -> list[tuple[bool, int | None]]:
    return [
        (monitor.see(epoch, {monitor.series: value}), monitor.patience_left)
        for epoch, value in enumerate(values, start=1)
    ]


def test_of_a_loss_less_is_better() -> None:
    monitor = Monitor.of(EarlyStopping(patience=2))
    seen = _watched(monitor, [1.0, 0.8, 0.9, 0.7, 0.7, 0.8])
    assert seen == [(True, 2), (True, 2), (False, 1), (True, 2), (False, 1), (False, 0)]
    assert (monitor.best_epoch, monitor.best_value) == (4, 0.7)


@pytest.mark.parametrize(
    "series", ["validation/accuracy", "validation/recall/cat", "validation/iou/road"]
)
def test_of_an_accuracy_more_is_better(series: str) -> None:
    monitor = Monitor.of(EarlyStopping(monitor=series, patience=1))
    assert _watched(monitor, [0.5, 0.7, 0.6]) == [(True, 1), (True, 1), (False, 0)]


def test_of_an_error_less_is_better() -> None:
    monitor = Monitor.of(EarlyStopping(monitor="validation/mean_absolute_error", patience=1))
    assert _watched(monitor, [50.0, 40.0]) == [(True, 1), (True, 1)]


def test_small_steps_are_kept_but_do_not_renew_patience() -> None:
    monitor = Monitor.of(EarlyStopping(patience=3, minimum_delta=0.1))
    # Each step is smaller than .1; the third is more than .1 below the first.
    seen = _watched(monitor, [1.0, 0.95, 0.91, 0.86, 0.85])
    assert seen == [(True, 3), (True, 2), (True, 1), (True, 3), (True, 2)]


def test_what_is_no_number_is_never_the_best() -> None:
    monitor = Monitor.of(EarlyStopping(patience=2))
    nan, infinite = float("nan"), float("inf")
    assert _watched(monitor, [nan, 0.5, infinite]) == [(False, 1), (True, 2), (False, 1)]


def test_without_early_stopping_patience_is_endless() -> None:
    monitor = Monitor.of(None)
    assert monitor.series == "validation/loss"
    assert _watched(monitor, [0.5, 0.6, 0.4]) == [(True, None), (False, None), (True, None)]


def test_a_missing_series_is_named() -> None:
    with pytest.raises(InvalidError, match=r"validation/loss.*validation/accuracy"):
        Monitor.of(None).see(1, {"validation/accuracy": 0.5})
