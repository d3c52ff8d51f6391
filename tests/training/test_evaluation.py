"""What is reported does not depend on how images were put into batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model_playground.losses.base import reduced
from model_playground.training.binding import BoundSlot
from model_playground.training.data import Batch
from model_playground.training.device import make_fabric
from model_playground.training.evaluation import LossSums, NotFiniteError, Slots, addends_of
from model_playground.training.loop import denominators, share_of_loss
from model_playground.training.run import Run
from tests.training.conftest import Items, MakePlan

WEIGHTED = "cross_entropy(weight=[1, 3], label_smoothing=0.1)"
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("task", "loss", "backbone"),
    [
        ("classification", WEIGHTED, "test_resnet"),
        ("segmentation", f"{WEIGHTED} + cross_entropy_iou_2d(weight=[1, 2])", "test_resnet"),
        ("segmentation", "dice", "test_resnet"),
        ("regression", "mse + huber", "test_resnet"),
    ],
)
def test_figures_do_not_depend_on_batches_or_order(
    task: str,
    loss: str,
    backbone: str,
    make_plan: MakePlan,
    drawn_items: Items,
    tmp_path: Path,
) -> None:
    found = []
    for batch_size in (1, 3, 10):
        plan = make_plan(task, loss, backbone=backbone, batch_size=batch_size)
        run = Run(plan, drawn_items, tmp_path, make_fabric(plan.specification.training))
        batches = list(run.parts.validation())
        if batch_size == 3:
            batches.reverse()
        found.append(run.evaluate(batch.prepared(CPU) for batch in batches))
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert found[0] == pytest.approx(found[2], rel=1e-5)


@pytest.fixture
def scores() -> Tensor:
    return torch.randn(7, 2, 4, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def classes() -> Tensor:
    found = torch.randint(0, 2, (7, 4, 4), generator=torch.Generator().manual_seed(1))
    found[0, 0] = -100  # the images differ in how many of their pixels count
    found[5] = -100
    return found


def _batches(classes: Tensor, sizes: Sequence[int]) -> list[Batch]:
    return [Batch(torch.zeros(len(one), 3, 4, 4), {"class": one}) for one in classes.split(sizes)]


@pytest.mark.parametrize("sizes", [[7], [4, 3], [5, 1, 1], [1] * 7])
def test_accumulation_gives_the_gradient_of_the_whole(
    sizes: list[int], make_plan: MakePlan, scores: Tensor, classes: Tensor
) -> None:
    slots = make_plan("segmentation", WEIGHTED).bind_losses(CPU)
    whole = scores.clone().requires_grad_()
    loss = reduced(slots["class"].addends(whole, classes), "mean")
    loss.backward()

    group = _batches(classes, sizes)
    wholes = denominators(slots, group)
    parts, shares = [], []
    for batch, raw in zip(group, scores.split(sizes), strict=True):
        parts.append(raw.clone().requires_grad_())
        addends = addends_of(slots, {"class": parts[-1]}, batch.targets)
        shares.append(share_of_loss(addends, wholes))
        shares[-1].backward()
    assert sum(share.item() for share in shares) == pytest.approx(loss.item())
    torch.testing.assert_close(torch.cat([part.grad for part in parts]), whole.grad)


def test_a_loss_over_regions_has_the_accumulated_batches_as_groups(
    make_plan: MakePlan, scores: Tensor, classes: Tensor
) -> None:
    slots = make_plan("segmentation", "dice").bind_losses(CPU)
    group = _batches(classes[:6], [4, 2])
    wholes = denominators(slots, group)
    accumulated = sum(
        share_of_loss(addends_of(slots, {"class": raw}, batch.targets), wholes)
        for batch, raw in zip(group, scores[:6].split([4, 2]), strict=True)
    )
    each = [
        reduced(slots["class"].addends(scores[part], classes[part]), "mean")
        for part in (slice(0, 4), slice(4, 6))
    ]
    # Both classes are there in both batches, so their two Dice losses are averaged.
    assert float(accumulated) == pytest.approx(float(sum(each)) / 2)


def test_sums_are_divided_last(make_plan: MakePlan) -> None:
    slots = make_plan(loss="cross_entropy(weight=[1, 4])").bind_losses(CPU)
    even = torch.zeros(1, 2)  # every class costs ln 2 = .69315
    sure = torch.tensor([[2.0, 0.0]])  # class 0 costs ln(1 + e⁻²) = .12693
    sums = LossSums()
    sums.add(_addends(slots, even, 1))
    sums.add(_addends(slots, sure, 0))
    # (4 · .69315 + 1 · .12693) / (4 + 1), not the mean of the two
    assert sums.figures()["loss"] == pytest.approx(0.579903, abs=1e-6)


def _addends(slots: Slots, raw: Tensor, target: int):
    return addends_of(slots, {"class": raw}, {"class": torch.tensor([target])})


def test_a_loss_that_is_no_number_is_named(make_plan: MakePlan) -> None:
    slots: dict[str, BoundSlot] = make_plan().bind_losses(CPU)
    sums = LossSums()
    sums.add(_addends(slots, torch.tensor([[float("nan"), 0.0]]), 1))
    with pytest.raises(NotFiniteError, match="class/cross_entropy became nan"):
        sums.finite_loss()
