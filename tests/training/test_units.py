"""A parameter in the unit of the targets is told in both scales."""

from __future__ import annotations

from pathlib import Path
from statistics import pstdev

import pytest

from model_playground.core.contracts import State
from model_playground.core.events import Notice
from model_playground.losses.base import LOSSES, declaration
from model_playground.tasks.task import get_task
from model_playground.training.loop import train
from tests.training.conftest import FACTS, Heard, Items, MakePlan


def told(heard: Heard) -> list[str]:
    return [event.message for event in heard if isinstance(event, Notice) and ": " in event.message]


def test_a_run_says_what_a_difference_is_in_the_targets_own_unit(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan("regression", "huber(delta=0.5) + 0.1*smooth_l1 + mse", epochs=2)
    train(plan, drawn_items, tmp_path, emit=heard.append, should_stop=lambda: bool(heard.epochs))
    values = [item.values for item in drawn_items["train"] if item.values is not None]
    brightness, side = (pstdev(column) for column in zip(*values, strict=True))
    expected = [
        "huber: delta = 0.5 is of standardised values; in their own unit that is "
        f"{0.5 * brightness:.4g} of brightness and {0.5 * side:.4g} of side",
        "smooth_l1: beta = 1 is of standardised values; in their own unit that is "
        f"{brightness:.4g} of brightness and {side:.4g} of side",
    ]
    assert told(heard) == expected
    again = Heard()
    train(plan, drawn_items, tmp_path, emit=again.append, resume=True)
    assert not told(again)  # it is said once


def test_what_is_not_standardised_needs_no_word(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan("classification", "huber")
    train(plan, drawn_items, tmp_path, emit=heard.append)
    assert not told(heard)


def test_which_parameters_have_the_unit_of_the_targets() -> None:
    found = {loss.name: declaration(loss).in_target_unit for loss in LOSSES}
    assert {name: fields for name, fields in found.items() if fields} == {
        "smooth_l1": ("beta",),
        "huber": ("delta",),
        "log_cosh": ("scale",),
    }


def test_a_loss_of_amounts_is_refused_where_values_are_standardised() -> None:
    task = get_task("regression")
    catalogue = {loss.name: declaration(loss) for loss in LOSSES}
    (slot,) = task.slots(FACTS["regression"])
    verdict = task.loss_validity(catalogue["msle"], slot, catalogue)
    assert verdict.state is State.REFUSED
    assert verdict.reason == (
        "Mean squared logarithmic error reads values of 0 or more in their own unit, and image "
        "regression standardises its values, so that they lie on both sides of 0: use mean "
        "squared error"
    )


@pytest.mark.parametrize("loss", ["smooth_l1", "huber", "log_cosh"])
def test_the_page_of_a_loss_says_so_too(loss: str) -> None:
    from model_playground.insights.loss_explanation import explained

    catalogue = {one.name: declaration(one) for one in LOSSES}
    notes = explained(catalogue[loss], catalogue).notes
    assert any(note.startswith("In the unit of the targets: ") for note in notes)
