"""From real images to a trained model: the figures that a user could expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_playground.api import Playground
from model_playground.core.events import Event, RunFinished
from model_playground.core.records import ExperimentRecord, SplitPlan
from model_playground.core.specification import Specification

pytestmark = pytest.mark.slow

TRAIN_MEDIAN_MAE_G = 79.7
"""What predicting the median weight of train costs on the test part of ecustfd."""


def trained(playground: Playground, **record: object) -> ExperimentRecord:
    """Run an experiment from random weights and return it, finished."""
    told: list[Event] = []
    specification = Specification.model_validate({"weights": "none", **record})
    experiment = playground.run_experiment(specification, emit=told.append)
    assert isinstance(told[-1], RunFinished)
    assert experiment.state == "finished", told[-1].message
    return experiment


def test_signdigits_is_learnt(real_data: Path, tmp_path: Path) -> None:
    playground = Playground(tmp_path / "workspace")
    dataset, _ = playground.import_dataset(real_data / "signdigits", name="digits")
    assert dataset.items == 2062
    counts = [205, 206, 206, 206, 207, 207, 207, 206, 208, 204]
    assert list(dataset.class_counts.values()) == counts
    playground.create_split("digits", name="digits-1")
    experiment = trained(
        playground,
        split="digits-1",
        task="classification",
        architecture="timm",
        training={"epochs": 3, "image_size": 64},
    )
    (run,) = experiment.runs
    assert (run.figures["validation/accuracy"] or 0) > 0.8


def test_ecustfd_beats_the_median_on_unseen_foods(real_data: Path, tmp_path: Path) -> None:
    playground = Playground(tmp_path / "workspace")
    folder = real_data / "ecustfd"
    playground.import_dataset(folder, name="food", task="regression", target_columns=["weight_g"])
    split = playground.create_split(
        "food",
        name="food-1",
        plan=SplitPlan(from_file=str(folder / "weights.csv"), group_by=("item",)),
    )
    assert split.counts["test"] == 378
    assert split.counts["train"] + split.counts["validation"] == 290
    experiment = trained(
        playground,
        split="food-1",
        task="regression",
        architecture="timm",
        losses={"value": "smooth_l1"},
        augmentations=["horizontal_flip", "vertical_flip"],
        training={"epochs": 12, "image_size": 96},
    )
    report = playground.test_experiment(experiment.name)
    ((_, figures),) = report.runs.items()
    assert report.opened == 1
    assert (figures["mean_absolute_error"] or float("inf")) < TRAIN_MEDIAN_MAE_G


def test_coco128_masks_with_sparse_ids_train(real_data: Path, tmp_path: Path) -> None:
    playground = Playground(tmp_path / "workspace")
    dataset, _ = playground.import_dataset(
        real_data / "coco128" / "semantic_segmentation", name="coco"
    )
    assert dataset.items == 200
    playground.create_split("coco", name="coco-1")
    experiment = trained(
        playground,
        split="coco-1",
        task="segmentation",
        architecture="unet",
        training={"epochs": 1, "image_size": 128, "batch_size": 8},
    )
    (run,) = experiment.runs
    assert run.figures["validation/class/cross_entropy"] is not None
    assert run.figures["validation/class/iou"] is not None
