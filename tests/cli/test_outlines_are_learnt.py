"""Outlines for semantic segmentation, from the import to a trained model, as a user types it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_outlines_train_as_masks(run: Run, real_data: Path, tmp_path: Path) -> None:
    nuts = real_data / "nuts/data"
    imported = run("dataset", "import", nuts, "--name", "nuts", "--task", "segmentation")
    assert imported.code == 0, imported.err
    page = tmp_path / "nuts.html"
    shown = run("dataset", "show", "nuts", "--html", page)
    assert (shown.code, page.exists()) == (0, True)
    assert run("split", "create", "nuts", "--name", "nuts-1").code == 0
    small = ("--weights", "none", "--epochs", 1, "--image-size", 64, "--batch-size", 4)
    loss = ("--loss", "cross_entropy(weight=balanced)")
    ran = run("experiment", "run", "--split", "nuts-1", *small, *loss, "--name", "unet", "--json")
    assert ran.code == 0, ran.err
    (one,) = ran.json["runs"]
    assert 0 < one["figures"]["validation/mean_iou"] < 1


def test_boxes_alone_are_refused_in_words(run: Run, real_data: Path) -> None:
    boxes = real_data / "coco128/object_detection/config.yaml"
    refused = run("dataset", "import", boxes, "--name", "boxes", "--task", "segmentation")
    assert refused.code != 0
    assert "boxes do not say which pixels are of an object" in " ".join(refused.err.split())
