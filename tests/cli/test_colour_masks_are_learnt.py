"""Masks in colours, from the import to a trained model, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.conftest import Run

ROAD, SKY = (128, 64, 128), (70, 130, 180)


def test_masks_in_colours_train(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "streets" / folder).mkdir(parents=True)
    (tmp_path / "streets/class_dict.csv").write_text(
        f"name,r,g,b\nroad,{','.join(map(str, ROAD))}\nsky,{','.join(map(str, SKY))}\nvoid,0,0,0\n"
    )
    for number in range(12):
        horizon = int(random.integers(10, 22))
        mask = np.zeros((32, 32, 3), dtype=np.uint8)
        mask[:horizon], mask[horizon:], mask[:, :2] = SKY, ROAD, 0
        noise = random.normal(0, 20, mask.shape)
        picture = np.clip(np.where(mask == SKY[2], 200, 60) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(mask).save(tmp_path / f"streets/masks/{number}_mask.png")
        Image.fromarray(picture).save(tmp_path / f"streets/images/{number}.png")
    assert run("dataset", "import", tmp_path / "streets", "--name", "streets").code == 0
    assert run("split", "create", "streets", "--name", "streets-1").code == 0
    small = ("--weights", "none", "--epochs", 4, "--image-size", 32, "--batch-size", 4)
    ran = run("experiment", "run", "--split", "streets-1", *small, "--name", "unet", "--json")
    assert ran.code == 0, ran.err
    (one,) = ran.json["runs"]
    assert one["figures"]["validation/pixel_accuracy"] > 0.7  # 0.5 is what guessing gives
