"""The loop as a whole: it learns, tells what happens, stops, and goes on as if nothing had been."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from model_playground.core.errors import InvalidError
from model_playground.core.events import Notice, Progress, RunFinished, RunStarted
from model_playground.training.loop import train
from tests.training.conftest import Heard, Items, MakePlan

STEADY = {"scheduler": "constant", "batch_size": 14}


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ("classification", "cross_entropy"),
        ("classification", "binary_cross_entropy"),
        ("classification", "focal(gamma=1) + 0.5*cross_entropy"),
        ("classification", "mse"),
        ("segmentation", "cross_entropy_iou_2d"),
        ("segmentation", "binary_cross_entropy"),
        ("regression", "mse"),
        ("regression", "smooth_l1"),
    ],
)
def test_the_loss_falls(
    task: str, loss: str, make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan(task, loss, epochs=6, **STEADY)
    ended = train(plan, drawn_items, tmp_path, emit=heard.append)
    assert ended.outcome == "finished"
    losses = [figures["train/loss"] for figures in heard.figures]
    assert min(losses[3:]) < 0.9 * losses[0]


def test_events_and_series(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan(epochs=2, loss="cross_entropy + 2*focal + focal(gamma=0)")
    ended = train(plan, drawn_items, tmp_path, emit=heard.append)

    assert isinstance(heard[0], RunStarted)
    assert (heard[0].train_items, heard[0].train_sample_items) == (14, 10)
    assert heard[0].updates_per_epoch == 4
    assert heard[-1] == ended
    assert [(epoch.epoch, epoch.step, epoch.images_seen) for epoch in heard.epochs] == [
        (1, 4, 14),
        (2, 8, 28),
    ]
    assert any(isinstance(event, Progress) for event in heard)

    first, second = heard.figures
    terms = ["class/cross_entropy", "class/focal", "class/focal_2"]
    metrics = ["accuracy", "macro_recall", "macro_f1"]
    assert set(second) == {
        *(f"train/{name}" for name in ["loss", *terms]),
        *(f"train_sample/{name}" for name in ["loss", *terms, *metrics]),
        *(f"validation/{name}" for name in ["loss", *terms, *metrics]),
    }
    # ln 2, and a quarter of it where a focal loss halves the surprise twice
    assert first["uninformed/class/cross_entropy"] == pytest.approx(0.693147)
    assert first["uninformed/class/focal"] == pytest.approx(0.693147 / 4)
    assert second["validation/loss"] == pytest.approx(
        second["validation/class/cross_entropy"]
        + 2 * second["validation/class/focal"]
        + second["validation/class/focal_2"]
    )


def test_the_same_seed_gives_the_same_run(
    make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    one, again, other = Heard(), Heard(), Heard()
    train(make_plan(seed=1), drawn_items, tmp_path / "one", emit=one.append)
    torch.rand(7)  # what others draw has no influence
    train(make_plan(seed=1), drawn_items, tmp_path / "again", emit=again.append)
    train(make_plan(seed=2), drawn_items, tmp_path / "other", emit=other.append)
    assert one.figures == again.figures
    assert one.figures != other.figures


def test_the_global_randomness_is_left_alone(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(make_plan(), drawn_items, tmp_path, emit=heard.append)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_loader_processes_change_nothing(
    make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    alone, helped = Heard(), Heard()
    augmentations = ("horizontal_flip", "rotate", "colour_jitter")
    plan = make_plan(epochs=2, augmentations=augmentations)
    train(plan, drawn_items, tmp_path / "alone", emit=alone.append)
    plan = make_plan(epochs=2, augmentations=augmentations, loader_processes=2)
    train(plan, drawn_items, tmp_path / "helped", emit=helped.append)
    assert alone.figures == helped.figures


@pytest.mark.parametrize("scheduler", ["cosine", "plateau"])
@pytest.mark.parametrize("solver", ["adamw", "sgd"])
def test_resuming_continues_exactly(
    scheduler: str, solver: str, make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    plan = make_plan(epochs=4, scheduler=scheduler, solver=solver, augmentations=("rotate",))
    whole, before, after = Heard(), Heard(), Heard()
    train(plan, drawn_items, tmp_path / "whole", emit=whole.append)

    ended = train(
        plan,
        drawn_items,
        tmp_path / "broken",
        emit=before.append,
        should_stop=lambda: len(before.epochs) == 2,
    )
    assert (ended.outcome, ended.epochs_done) == ("interrupted", 2)
    resumed = train(plan, drawn_items, tmp_path / "broken", emit=after.append, resume=True)

    assert before.figures + after.figures == whole.figures
    assert resumed == whole[-1]
    assert _without_times(before.epochs + after.epochs) == _without_times(whole.epochs)
    for name in ("best", "last"):
        one, other = (
            load_file(tmp_path / run / f"{name}.safetensors") for run in ("whole", "broken")
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def _without_times(epochs: list) -> list:
    return [epoch.model_copy(update={"duration_s": 0, "waiting_s": 0}) for epoch in epochs]


def test_resuming_another_plan_is_refused(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(), drawn_items, tmp_path, emit=heard.append)
    with pytest.raises(InvalidError, match="another specification or seed"):
        train(make_plan(seed=3), drawn_items, tmp_path, emit=heard.append, resume=True)


def test_bf16_trains_and_keeps_the_losses_in_float32(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan(epochs=6, precision="bf16", **STEADY)
    train(plan, drawn_items, tmp_path, emit=heard.append)
    losses = [figures["train/loss"] for figures in heard.figures]
    assert min(losses[3:]) < 0.9 * losses[0]
    weights = load_file(tmp_path / "best.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32, torch.int64}


def test_16_bits_on_a_cpu_are_refused(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    with pytest.raises(InvalidError, match="precision 16 is refused on the CPU"):
        train(make_plan(precision="16"), drawn_items, tmp_path, emit=heard.append)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["32", "16"])
@pytest.mark.parametrize("task", ["classification", "segmentation", "regression"])
def test_the_loss_falls_on_a_gpu_the_same_way_twice(
    task: str, precision: str, make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    plan = make_plan(task, epochs=6, device="cuda", precision=precision, **STEADY)
    one, again = Heard(), Heard()
    train(plan, drawn_items, tmp_path / "one", emit=one.append)
    train(plan, drawn_items, tmp_path / "again", emit=again.append)
    losses = [figures["train/loss"] for figures in one.figures]
    assert min(losses[3:]) < 0.9 * losses[0]
    if task != "segmentation":  # enlarging a picture has no deterministic gradient on a GPU
        assert one.figures == again.figures


def test_a_gpu_that_is_not_there_is_refused(
    make_plan: MakePlan,
    drawn_items: Items,
    heard: Heard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InvalidError, match="finds no CUDA device"):
        train(make_plan(device="cuda"), drawn_items, tmp_path, emit=heard.append)


def test_accumulated_batches_are_one_update(
    make_plan: MakePlan, drawn_items: Items, tmp_path: Path
) -> None:
    """Without batch normalisation, what is learnt does not depend on the size of the batches."""
    found = []
    for batch_size, accumulate in ((14, 1), (5, 3), (3, 5)):
        heard = Heard()
        plan = make_plan(
            loss="cross_entropy(weight=[1, 5])",
            backbone="test_vit",
            epochs=3,
            batch_size=batch_size,
            accumulate=accumulate,
        )
        train(plan, drawn_items, tmp_path / str(batch_size), emit=heard.append)
        assert [epoch.step for epoch in heard.epochs] == [1, 2, 3]
        found.append(heard.figures[-1])
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    assert found[2] == pytest.approx(found[0], rel=1e-4)


def test_weights_from_a_file(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(epochs=2), drawn_items, tmp_path / "first", emit=heard.append)
    path = str(tmp_path / "first" / "best.safetensors")
    plan = make_plan()
    specification = plan.specification.model_copy(update={"weights": path})
    events = Heard()
    train(replace(plan, specification=specification), drawn_items, tmp_path, emit=events.append)
    assert isinstance(events[0], Notice)
    assert path in events[0].message


def test_early_stopping_keeps_the_best(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    stopping = {"monitor": "validation/accuracy", "patience": 2, "minimum_delta": 0.6}
    plan = make_plan(epochs=9, early_stopping=stopping)
    ended = train(plan, drawn_items, tmp_path, emit=heard.append)
    # Nothing is better than the first epoch by .6, so two more are borne.
    assert (ended.outcome, ended.epochs_done) == ("stopped_early", 3)
    assert [epoch.patience_left for epoch in heard.epochs] == [2, 1, 0]
    accuracies = [figures["validation/accuracy"] for figures in heard.figures]
    assert ended.best_value == max(accuracies)
    assert ended.best_epoch == accuracies.index(ended.best_value) + 1


def test_a_monitored_series_has_to_exist(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan(early_stopping={"monitor": "validation/recall/up"})
    with pytest.raises(InvalidError, match="validation/recall/up"):
        train(plan, drawn_items, tmp_path, emit=heard.append)


def test_a_keyboard_interrupt_keeps_the_best_weights(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    def interrupt() -> bool:
        if len(heard.epochs) == 1:
            raise KeyboardInterrupt
        return False

    ended = train(
        make_plan(epochs=3), drawn_items, tmp_path, emit=heard.append, should_stop=interrupt
    )
    assert (ended.outcome, ended.epochs_done, ended.best_epoch) == ("interrupted", 1, 1)
    assert (tmp_path / "best.safetensors").exists()


def test_a_run_stopped_at_once_says_that_nothing_was_kept(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    ended = train(make_plan(), drawn_items, tmp_path, emit=heard.append, should_stop=lambda: True)
    assert ended.outcome == "interrupted"
    assert "no weights were kept" in ended.message
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_no_number_ends_the_run(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    solver = {"name": "sgd", "parameters": {"learning_rate": 10, "momentum": 0.99}}
    plan = make_plan("regression", "mse", epochs=30, solver=solver, scheduler="constant")
    ended = train(plan, drawn_items, tmp_path, emit=heard.append)
    assert isinstance(ended, RunFinished)
    assert ended.outcome == "failed"
    assert "lower learning rate" in ended.message
    assert any(isinstance(event, Notice) and event.level == "warning" for event in heard)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_an_empty_part_is_refused(
    part: str, make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    with pytest.raises(InvalidError, match=f"the part {part} of the split is empty"):
        train(make_plan(), {**drawn_items, part: []}, tmp_path, emit=heard.append)


@pytest.mark.parametrize("processes", [0, 1])
def test_an_image_that_is_gone_is_named(
    processes: int, make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    gone = replace(drawn_items["train"][3], path=tmp_path / "gone.png")
    items: Items = {**drawn_items, "train": [*drawn_items["train"], gone]}
    with pytest.raises(InvalidError, match=r"gone\.png cannot be read: No such file"):
        train(make_plan(loader_processes=processes), items, tmp_path, emit=heard.append)
