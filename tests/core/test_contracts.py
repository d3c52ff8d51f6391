"""Validity is derived from what a slot offers and what a loss reads."""

from __future__ import annotations

from typing import Any

import pytest

from model_playground.core.contracts import (
    BoxView,
    Facts,
    Layout,
    Link,
    LossDeclaration,
    Offer,
    Reading,
    Slot,
    State,
    TargetForm,
    Traits,
    validity,
)
from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.expression import parse_losses
from model_playground.losses.catalogue import load
from model_playground.tasks.task import TASKS, get_task


def declared(name: str, *reads: Reading, layouts: tuple[Layout, ...]) -> LossDeclaration:
    texts: dict[str, Any] = dict.fromkeys(
        (
            "summary",
            "text",
            "formula",
            "lowest_value",
            "uninformed_guess",
            "prefer",
            "avoid",
            "reference",
            "family",
            "class_name",
            "module",
        ),
        "",
    )
    return LossDeclaration(
        name=name,
        title=name,
        plugin=None,
        reads=reads,
        layouts=layouts,
        traits=Traits(),
        symbols={},
        parameters={"properties": {}},
        **texts,
    )


BOX_SLOT = Slot(
    name="box",
    layout=Layout.BOX,
    gives="pairs of boxes",
    offers=(
        Offer(TargetForm.VALUE, Link.IDENTITY, 4, BoxView.ENCODED),
        Offer(TargetForm.VALUE, Link.IDENTITY, 4, BoxView.XYXY),
    ),
    default_loss="giou",
)


def test_the_view_decides_for_boxes() -> None:
    xyxy = Reading(form=TargetForm.VALUE, link=Link.IDENTITY, view=BoxView.XYXY)
    giou = declared("giou", xyxy, layouts=(Layout.BOX,))
    verdict = validity(giou, BOX_SLOT, task_title="Detection", default_title="GIoU")
    assert verdict.state is State.VALID
    assert verdict.offer == BOX_SLOT.offers[1]


def test_a_fixed_slot_takes_only_its_default_and_says_why() -> None:
    fixed = Slot("box", Layout.BOX, "boxes", BOX_SLOT.offers, "l1", fixed="The proposals are fixed")
    xyxy = Reading(form=TargetForm.VALUE, link=Link.IDENTITY, view=BoxView.XYXY)
    giou = declared("giou", xyxy, layouts=(Layout.BOX,))
    verdict = validity(giou, fixed, task_title="Detection", default_title="L1")
    assert (verdict.state, verdict.reason) == (State.REFUSED, "The proposals are fixed: use L1")


@pytest.mark.parametrize(
    ("task", "classes", "loss", "state", "said"),
    [
        ("classification", 3, "cross_entropy", State.VALID, ""),
        ("classification", 3, "mse", State.DISCOURAGED, "use cross-entropy"),
        ("classification", 3, "binary_cross_entropy", State.REFUSED, "3 classes that exclude"),
        ("classification", 2, "binary_cross_entropy", State.VALID, ""),
        ("classification", 2, "giou_box", State.REFUSED, "needs pairs of boxes"),
        ("classification", 3, "cross_entropy_iou_2d", State.REFUSED, "needs regions of pixels"),
        ("segmentation", 2, "binary_cross_entropy", State.VALID, ""),
        ("segmentation", 5, "cross_entropy_iou_2d", State.VALID, ""),
        ("segmentation", 5, "mse", State.REFUSED, "gives one class per pixel"),
        ("regression", 0, "mse", State.VALID, ""),
        ("regression", 0, "cross_entropy", State.REFUSED, "needs one class per image; image"),
    ],
)
def test_the_seed_s_losses_on_the_tasks(
    task: str, classes: int, loss: str, state: State, said: str
) -> None:
    facts = Facts(classes=tuple(map(str, range(classes))), target_names=("price",))
    slot = get_task(task).slots(facts)[0]
    verdict = get_task(task).loss_validity(load()[loss], slot, load())
    assert verdict.state is state
    assert said in verdict.reason


def test_every_default_loss_is_valid() -> None:
    for kind in TASKS:
        for slot in kind().slots(Facts(classes=("a", "b", "c"), target_names=("price",))):
            loss = load()[slot.default_loss]
            assert kind().loss_validity(loss, slot, load()).state is State.VALID


def test_every_verdict_that_is_not_valid_has_a_sentence() -> None:
    for kind in TASKS:
        for slot in kind().slots(Facts(classes=("a", "b", "c"), target_names=("price",))):
            for loss in load().values():
                verdict = kind().loss_validity(loss, slot, load())
                assert bool(verdict.reason) == (verdict.state is not State.VALID)
                assert (verdict.offer is None) == (verdict.state is State.REFUSED)


def test_addends_share_a_head() -> None:
    task = get_task("classification")
    slot = task.slot("class", Facts(classes=("a", "b")))
    assert len(task.bind(slot, parse_losses("cross_entropy + 0.5*mse"), load())) == 2
    with pytest.raises(InvalidError, match="sigmoid over 1 and softmax over 2"):
        task.bind(slot, parse_losses("cross_entropy + binary_cross_entropy"), load())


def test_a_head_that_all_addends_can_read_is_found() -> None:
    task = get_task("segmentation")
    slot = task.slot("class", Facts(classes=("background", "road")))
    verdicts = task.bind(slot, parse_losses("binary_cross_entropy + dice"), load())
    assert [one.offer and one.offer.link for one in verdicts] == [Link.SIGMOID, Link.SIGMOID]
    verdicts = task.bind(slot, parse_losses("dice + binary_cross_entropy"), load())
    assert [one.offer and one.offer.link for one in verdicts] == [Link.SIGMOID, Link.SIGMOID]


def test_unknown_names_suggest_the_nearest() -> None:
    task = get_task("classification")
    slot = task.slot("class", Facts(classes=("a", "b")))
    with pytest.raises(NotFoundError, match="Did you mean focal"):
        task.bind(slot, parse_losses("focl"), load())
    with pytest.raises(NotFoundError, match=r"no task named 'clasification'\. Did you mean"):
        get_task("clasification")
    with pytest.raises(NotFoundError, match="no slot named 'box'"):
        task.slot("box", Facts(classes=("a", "b")))
