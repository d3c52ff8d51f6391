"""Small drawn datasets, and plans to train on them in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model_playground.core.contracts import Facts
from model_playground.core.events import EpochFinished
from model_playground.core.records import Part
from model_playground.core.specification import Specification
from model_playground.datasets.records import TrainingItem
from model_playground.tasks.task import get_task
from model_playground.training.plan import Plan

SIZE = 32
FACTS = {
    "classification": Facts(classes=("left", "right")),
    "segmentation": Facts(classes=("ground", "square"), class_pixel_values=(10, 200)),
    "regression": Facts(target_names=("brightness", "side")),
}
ARCHITECTURES = {"classification": "timm", "segmentation": "unet", "regression": "timm"}
Items = dict[Part, list[TrainingItem]]


@pytest.fixture(scope="session")
def drawn_items(tmp_path_factory: pytest.TempPathFactory) -> Items:
    """Pictures of a bright square in the left or the right half, for all three tasks at once."""
    folder = tmp_path_factory.mktemp("drawn")
    random = np.random.default_rng(0)
    items = [_draw(folder, number, random) for number in range(24)]
    return {"train": items[:14], "validation": items[14:]}


def _draw(folder: Path, number: int, random: np.random.Generator) -> TrainingItem:
    side, brightness = int(random.integers(6, 12)), int(random.integers(120, 255))
    right = number % 2
    top, left = random.integers(0, SIZE - side), random.integers(0, SIZE // 2 - side + 1)
    square = (
        slice(top, top + side),
        slice(left + right * SIZE // 2, left + right * SIZE // 2 + side),
    )
    pixels = random.integers(0, 60, (SIZE, SIZE, 3), dtype=np.uint8)
    pixels[square] = brightness
    mask = np.full((SIZE, SIZE), 10, dtype=np.uint8)
    mask[square] = 200
    mask[0] = 255  # names no class
    path, mask_path = folder / f"{number:02}.png", folder / f"{number:02}-mask.png"
    Image.fromarray(pixels).save(path)
    Image.fromarray(mask).save(mask_path)
    return TrainingItem(path.name, path, right, (float(brightness), 100.0 * side), mask_path)


MakePlan = Callable[..., Plan]


@pytest.fixture
def make_plan() -> MakePlan:
    """Make a plan for a task on the drawn items; further arguments go to its training."""

    def made(
        task: str = "classification",
        loss: str = "",
        *,
        backbone: str = "test_resnet",
        seed: int = 0,
        **training: Any,
    ) -> Plan:
        chosen = get_task(task)
        slot = chosen.slots(FACTS[task])[0]
        specification = Specification(
            split="drawn",
            task=task,
            architecture=ARCHITECTURES[task],
            backbone=backbone,
            weights="none",
            losses={slot.name: loss or slot.default_loss},
            metrics=chosen.metrics,
            augmentations=training.pop("augmentations", ()),
            scheduler=training.pop("scheduler", "cosine"),
            solver=training.pop("solver", "adamw"),
            training={"epochs": 1, "batch_size": 4, "image_size": SIZE, "device": "cpu"} | training,
        )
        return Plan(specification, chosen, FACTS[task], seed)

    return made


class Heard(list[Any]):
    """Events, as they came."""

    @property
    def epochs(self) -> list[EpochFinished]:
        """The ends of epochs."""
        return [event for event in self if isinstance(event, EpochFinished)]

    @property
    def figures(self) -> list[dict[str, float | None]]:
        """The values of every epoch, by series."""
        return [{point.series: point.value for point in epoch.points} for epoch in self.epochs]


@pytest.fixture
def heard() -> Heard:
    """An ear for a training: pass `heard.append` as `emit`."""
    return Heard()
