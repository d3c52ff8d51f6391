"""A checkpoint holds what it takes to use a model, and there is never half of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.training.checkpoint import read_checkpoint, write_checkpoint
from model_playground.training.inference import (
    evaluate_checkpoint,
    item_losses,
    load_checkpoint,
    predict,
)
from model_playground.training.loop import train
from tests.training.conftest import Heard, Items, MakePlan


@pytest.mark.parametrize("task", ["classification", "segmentation", "regression"])
def test_a_checkpoint_gives_the_figures_of_its_epoch(
    task: str, make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    ended = train(make_plan(task, epochs=3), drawn_items, tmp_path, emit=heard.append)
    assert ended.best_epoch is not None
    told = heard.figures[ended.best_epoch - 1]
    figures = evaluate_checkpoint(tmp_path, drawn_items["validation"])
    assert figures["loss"] == pytest.approx(ended.best_value)
    for name, value in figures.items():
        assert told[f"validation/{name}"] == pytest.approx(value), name


def test_the_record_says_how_to_use_the_weights(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    plan = make_plan("regression")
    train(plan, drawn_items, tmp_path, emit=heard.append)
    record = json.loads((tmp_path / "best.json").read_text())
    assert record["epoch"] == 1
    assert record["heads"] == {"value": {"link": "identity", "width": 2}}
    assert record["facts"]["target_names"] == ["brightness", "side"]
    assert record["specification"]["backbone"] == "test_resnet"
    assert record["specification"]["training"]["image_size"] == 32
    brightness = [item.values[0] for item in drawn_items["train"] if item.values]
    assert record["standardisation"]["mean"][0] == pytest.approx(sum(brightness) / len(brightness))
    assert len(record["normalisation"]["mean"]) == 3
    assert record["training"] is None
    last = json.loads((tmp_path / "last.json").read_text())
    assert last["training"]["step"] == 4


def test_the_link_of_a_yes_or_no_head_is_kept(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(loss="binary_cross_entropy"), drawn_items, tmp_path, emit=heard.append)
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint.record.heads["class"].model_dump() == {"link": "sigmoid", "width": 1}
    for prediction in predict(checkpoint, drawn_items["validation"]):
        assert prediction.slots["class"].shape == (2,)
        assert prediction.slots["class"].sum().item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("task", "slot", "shape"),
    [
        ("classification", "class", (2,)),
        ("segmentation", "class", (2, 32, 32)),
        ("regression", "value", (2,)),
    ],
)
def test_predictions_come_item_by_item(
    task: str,
    slot: str,
    shape: tuple[int, ...],
    make_plan: MakePlan,
    drawn_items: Items,
    heard: Heard,
    tmp_path: Path,
) -> None:
    train(make_plan(task), drawn_items, tmp_path, emit=heard.append)
    items = drawn_items["validation"]
    predictions = list(predict(load_checkpoint(tmp_path), items))
    assert [prediction.item for prediction in predictions] == items
    assert all(prediction.slots[slot].shape == shape for prediction in predictions)
    if task == "regression":
        # In the target's unit: brightness between 120 and 255, side between 600 and 1200.
        values = torch.stack([prediction.slots[slot] for prediction in predictions])
        assert 50 < values[:, 0].mean() < 350
        assert 300 < values[:, 1].mean() < 1700


def test_the_losses_of_items_add_up(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    ended = train(make_plan(), drawn_items, tmp_path, emit=heard.append)
    items = drawn_items["validation"]
    losses = item_losses(load_checkpoint(tmp_path), items)
    assert list(losses) == [item.item_id for item in items]
    assert sum(losses.values()) / len(losses) == pytest.approx(ended.best_value)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no checkpoint best"):
        load_checkpoint(tmp_path)


def test_a_damaged_checkpoint(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(), drawn_items, tmp_path, emit=heard.append)
    path = tmp_path / "best.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InvalidError, match=r"best\.safetensors cannot be read"):
        load_checkpoint(tmp_path)


def test_nothing_half_written_is_left(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(epochs=2), drawn_items, tmp_path, emit=heard.append)
    names = {f"{name}.{kind}" for name in ("best", "last") for kind in ("safetensors", "json")}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_one_that_cannot_be_written_is_named_and_leaves_the_older(
    make_plan: MakePlan, drawn_items: Items, heard: Heard, tmp_path: Path
) -> None:
    train(make_plan(), drawn_items, tmp_path, emit=heard.append)
    before = (tmp_path / "best.safetensors").read_bytes()
    stored = read_checkpoint(tmp_path, "best")
    (tmp_path / ".best.safetensors.unfinished").mkdir()
    with pytest.raises(InvalidError, match=r"best\.safetensors cannot be written: "):
        write_checkpoint(tmp_path, "best", stored.record, stored.weights)
    assert (tmp_path / "best.safetensors").read_bytes() == before
