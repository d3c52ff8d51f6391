"""Class weights that are left to the train part, from the command line to the checkpoint."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model_playground.core.contracts import Layout
from model_playground.datasets.demo.aerial_views import draw_aerial_views
from model_playground.losses import balanced_weights, effective_number_weights
from model_playground.store.workspace import Workspace
from model_playground.training.checkpoint import read_checkpoint
from model_playground.training.inference import evaluate_checkpoint
from model_playground.work.datasets import items_by_part, train_counts
from tests.cli.conftest import Run

SMALL = ("--weights", "none", "--epochs", 1, "--image-size", 32, "--batch-size", 12)


def test_balanced_weights_become_numbers_that_the_checkpoint_keeps(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    for number in range(3, 12):
        (fruit / "plum" / f"{number}.png").unlink()  # three plums to twelve of the others
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    assert run("split", "create", "fruit", "--name", "uneven").code == 0
    loss = ("--loss", "cross_entropy(weight=balanced)", "--name", "even")
    finished = run("experiment", "run", "--split", "uneven", *SMALL, *loss)
    assert finished.code == 0, finished.err
    assert "weight=balanced of cross_entropy, from the items of train: cherry" in finished.out

    shown = run("experiment", "show", "even", "--json").json
    assert shown["losses"] == {"class": "cross_entropy(weight='balanced')"}  # as it was asked for
    workspace = Workspace(tmp_path / "workspace")
    folder = workspace.run_folder(shown["runs"][0]["id"])
    record = read_checkpoint(folder, "best").record
    counts = train_counts(workspace, "uneven", Layout.ITEM)
    kept = record.specification.losses["class"][0].parameters["weight"]
    assert kept == balanced_weights(counts.values())
    assert kept[2] > kept[0]

    validation = items_by_part(workspace, "uneven")["validation"]
    moved = shutil.copytree(folder, tmp_path / "moved")  # no train part is needed any more
    figures = evaluate_checkpoint(moved, validation)
    assert figures["loss"] == pytest.approx(
        shown["runs"][0]["figures"]["validation/loss"], rel=1e-4
    )


def test_of_masks_the_pixels_are_counted(run: Run, tmp_path: Path) -> None:
    draw_aerial_views(tmp_path / "views", count=12)
    assert run("dataset", "import", tmp_path / "views", "--name", "views").code == 0
    assert run("split", "create", "views", "--name", "views-1").code == 0
    loss = ("--loss", "cross_entropy_iou_2d(weight=effective)", "--name", "weighed")
    finished = run("experiment", "run", "--split", "views-1", *SMALL, *loss)
    assert finished.code == 0, finished.err
    assert "weight=effective of cross_entropy_iou_2d, from the pixels of train:" in finished.out

    workspace = Workspace(tmp_path / "workspace")
    record = run("experiment", "show", "weighed", "--json").json
    kept = read_checkpoint(workspace.run_folder(record["runs"][0]["id"]), "best").record
    counted = Counter[int]()
    for item in items_by_part(workspace, "views-1")["train"]:
        assert item.mask_path is not None
        counted.update(np.asarray(Image.open(item.mask_path)).ravel().tolist())
    counts = [counted[value] for value in kept.facts.class_pixel_values]
    (term,) = kept.specification.losses["class"]
    assert term.parameters["weight"] == effective_number_weights(counts)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("cross_entropy(weight=balancd)", "a parameter is"),
        (
            "cross_entropy(weight='balancd')",
            "wanted is a list, or 'balanced' or 'effective', or null",
        ),
        ("focal(gamma=balanced)", "gamma='balanced' is refused"),
        ("focal(alpha=[1, 2])", "alpha of the loss focal has 2 numbers, and there are 3 classes"),
    ],
)
def test_what_is_no_weighting_is_refused(run: Run, fruit_split: str, loss: str, said: str) -> None:
    refused = run("experiment", "run", "--split", fruit_split, *SMALL, "--loss", loss)
    assert refused.code == 2
    assert said in refused.err
