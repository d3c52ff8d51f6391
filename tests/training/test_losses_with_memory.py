"""A loss with a memory learns in training alone, is kept with the weights, and is not monitored."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor

from model_playground.core.contracts import Link, Offer, Reading, TargetForm, Traits
from model_playground.core.errors import InvalidError
from model_playground.core.specification import EarlyStopping, Specification
from model_playground.losses import Loss, WiseIoUBoxLoss
from model_playground.losses.base import LOSSES, declaration
from model_playground.losses.boxes import L1BoxLoss
from model_playground.tasks.task import get_task
from model_playground.training.binding import BoundLoss, BoundSlot, losses_of, not_learning
from model_playground.training.checkpoint import read_checkpoint
from model_playground.training.inference import evaluate_checkpoint, item_losses, load_checkpoint
from model_playground.training.loop import train
from model_playground.work.validation import resolved
from tests.training.conftest import FACTS, Heard, Items, MakePlan


class UsualErrorLoss(Loss):
    """Squared differences as shares of the usual one, a running mean that begins at 1.

    It learns whenever it is in training mode, with or without gradients, so that nothing but the
    training's own care keeps it from learning what it must not.
    """

    name = "usual_error"
    title = "Usual error"
    family = "regression"
    reads = (Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)
    traits = Traits(stateful=True)

    def __post_init__(self) -> None:
        self.register_buffer("usual", torch.ones(()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def terms(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        square = (input - target).square()
        value = square / self.usual.clone()
        if self.training:
            self.usual.lerp_(square.detach().mean(), 0.1)
            self.calls.add_(1)
        return value, torch.ones_like(value)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    list(LOSSES)  # the built-in ones, before it
    monkeypatch.setitem(LOSSES._declarations, UsualErrorLoss.name, UsualErrorLoss)


def learnt(folder: Path, name: Literal["best", "last"] = "last") -> dict[str, float]:
    kept = read_checkpoint(folder, name).losses
    return {key: float(value) for key, value in kept.items()}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_it_learns_once_from_each_batch_of_train(
    accumulate: int, make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    """Evaluation, the denominators of joint batches and the loss of guessing teach nothing."""
    plan = make_plan("regression", "usual_error + mse", epochs=2, accumulate=accumulate)
    train(plan, drawn_items, tmp_path, emit=heard.append)
    state = learnt(tmp_path)
    assert set(state) == {"value.0.usual", "value.0.calls"}
    assert state["value.0.calls"] == 2 * 4
    assert state["value.0.usual"] != 1


def test_resuming_continues_exactly(
    make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    plan = make_plan("regression", "usual_error", epochs=4)
    whole, before, after = Heard(), Heard(), Heard()
    train(plan, drawn_items, tmp_path / "whole", emit=whole.append)
    train(
        plan,
        drawn_items,
        tmp_path / "broken",
        emit=before.append,
        should_stop=lambda: len(before.epochs) == 2,
    )
    halfway = learnt(tmp_path / "broken")
    train(plan, drawn_items, tmp_path / "broken", emit=after.append, resume=True)
    assert before.figures + after.figures == whole.figures
    assert learnt(tmp_path / "broken") == learnt(tmp_path / "whole")
    assert halfway["value.0.calls"] == 8
    assert learnt(tmp_path / "broken")["value.0.calls"] == 16


def test_a_checkpoint_gives_the_figures_of_its_epoch(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan("regression", "usual_error", epochs=3)
    ended = train(plan, drawn_items, tmp_path, emit=heard.append)
    assert ended.best_epoch is not None
    told = heard.figures[ended.best_epoch - 1]
    before = learnt(tmp_path, "best")
    figures = evaluate_checkpoint(tmp_path, drawn_items["validation"])
    assert figures["loss"] == pytest.approx(told["validation/loss"])
    checkpoint = load_checkpoint(tmp_path)
    losses = item_losses(checkpoint, drawn_items["validation"])
    assert sum(losses.values()) / len(losses) == pytest.approx(told["validation/loss"])
    assert losses_of(checkpoint.slots).state_dict()["value.0.calls"] == before["value.0.calls"]


def test_a_metric_is_monitored_unless_a_series_is_named(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    ended = train(
        make_plan("regression", "usual_error"), drawn_items, tmp_path / "a", emit=heard.append
    )
    assert ended.monitor == "validation/mean_absolute_error"
    assert ended.best_value == heard.figures[0]["validation/mean_absolute_error"]
    named = make_plan("regression", "usual_error", early_stopping={"monitor": "validation/loss"})
    assert train(named, drawn_items, tmp_path / "b", emit=heard.append).monitor == "validation/loss"
    plain = train(make_plan("regression"), drawn_items, tmp_path / "c", emit=heard.append)
    assert plain.monitor == "validation/loss"


@pytest.mark.parametrize(
    ("loss", "stopping", "expected"),
    [
        ("usual_error", {"patience": 3}, "validation/r_squared"),
        ("mse + 0.5*usual_error", {"patience": 3}, "validation/r_squared"),
        ("usual_error", {"monitor": "validation/loss"}, "validation/loss"),
        ("mse", {"patience": 3}, "validation/loss"),
    ],
)
def test_early_stopping_watches_a_metric_by_default(
    loss: str, stopping: dict[str, object], expected: str
) -> None:
    specification = Specification(
        split="drawn",
        task="regression",
        architecture="timm",
        backbone="test_resnet",
        weights="none",
        losses={"value": loss},
        metrics=("r_squared", "mean_absolute_error"),
        training={"early_stopping": EarlyStopping.model_validate(stopping)},
    )
    filled = resolved(
        specification,
        split_task="regression",
        facts=FACTS["regression"],
        catalogue={one.name: declaration(one) for one in LOSSES},
    )
    assert filled.training.early_stopping is not None
    assert filled.training.early_stopping.monitor == expected


def test_a_scheduler_that_watches_the_loss_is_refused(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan("regression", "usual_error", scheduler="plateau")
    with pytest.raises(InvalidError, match="plateau watches the validation loss"):
        train(plan, drawn_items, tmp_path, emit=heard.append)


def test_wise_iou_learns_in_training_alone_and_is_kept() -> None:
    """There is no task of boxes yet, so the slot is built as such a task would build it."""
    (slot,) = get_task("regression").slots(FACTS["regression"])
    offer = Offer(TargetForm.VALUE, Link.IDENTITY, head_width=4)
    draw = torch.Generator().manual_seed(0)
    corner, size = torch.rand(2, 5, 2, generator=draw)
    truth = torch.cat([corner, corner + 1], 1)
    boxes = torch.cat([corner + size / 2, corner + 1], 1).requires_grad_()

    def bound(version: Literal["v1", "v3"]) -> BoundSlot:
        wise = WiseIoUBoxLoss(version=version)
        return BoundSlot(slot, (BoundLoss(1, offer, L1BoxLoss()), BoundLoss(0.5, offer, wise)))

    assert not bound("v1").learns
    trained, fresh = bound("v3"), bound("v3")
    assert trained.learns
    slots = {"box": trained}
    with not_learning(slots):
        trained.addends(boxes, truth)
    assert losses_of(slots).state_dict() == {"box.1.mean_loss": torch.ones(())}
    trained.addends(boxes, truth)
    state = losses_of(slots).state_dict()
    lost = WiseIoUBoxLoss(version="v1")(boxes, truth)  # 1 - IoU times at least 1
    assert 0.99 < state["box.1.mean_loss"] <= 0.99 + 0.01 * lost
    losses_of({"box": fresh}).load_state_dict(state)
    with not_learning(slots | {"other": fresh}):
        found, expected = (one.addends(boxes, truth)[1] for one in (fresh, trained))
    assert torch.equal(found.value, expected.value)
