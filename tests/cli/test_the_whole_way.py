"""From labelled images to a tested model, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

SMALL = ("--weights", "none", "--epochs", 2, "--image-size", 32, "--batch-size", 12)


def test_import_split_run_compare_test(run: Run, fruit_split: str, tmp_path: Path) -> None:
    listed = run("dataset", "list", "--json").json
    assert [(one["name"], one["items"], one["classes"]) for one in listed] == [
        ("fruit", 36, ["cherry", "lemon", "plum"])
    ]
    (split,) = run("split", "list", "--json").json
    assert sum(split["counts"].values()) == 36

    first = run("experiment", "run", "--split", fruit_split, *SMALL, "--repeats", 2, "--name", "ce")
    assert first.code == 0, first.err
    assert "epoch   1" in first.out
    assert "validation" in first.out

    focal = ("--loss", "focal(gamma=1)", "--name", "focal")
    second = run("experiment", "run", "--split", fruit_split, *SMALL, "--repeats", 2, *focal)
    assert second.code == 0, second.err

    shown = run("experiment", "show", "ce", "--json").json
    assert shown["state"] == "finished"
    figures = shown["runs"][0]["figures"]
    assert {
        "train/loss",
        "train_sample/loss",
        "validation/loss",
        "validation/class/cross_entropy",
        "validation/accuracy",
    } <= set(figures)

    compared = run("experiment", "compare", "ce", "focal", "--json").json
    assert compared["differing"]["losses.class"] == ["cross_entropy", "focal(gamma=1)"]
    assert run("experiment", "compare", "ce", "focal").code == 0
    (evidence,) = run("loss", "advise", "--dataset", "fruit", "--json").json["evidence"]
    assert evidence["losses"] == ["cross_entropy", "focal(gamma=1)"]
    assert evidence["runs"] == [2, 2]
    assert evidence["finding"] in " ".join(run("loss", "advise", "--dataset", "fruit").out.split())

    assert "opened once" in run("experiment", "test", "ce").out
    assert run("experiment", "test", "ce", "--json").json["opened"] == 2
    assert run("experiment", "show", "ce", "--json").json["test_openings"] == 2

    written = tmp_path / "focal.yaml"
    write = ("--write", written)
    assert run("experiment", "run", "--split", fruit_split, *SMALL, *focal[:2], *write).code == 0
    again = run("experiment", "run", written, "--name", "again", "--json")
    assert again.json["losses"] == {"class": "focal(gamma=1)"}
    by_name = {one["name"]: one for one in run("experiment", "list", "--json").json}
    same = by_name["again"]["runs"][0]["figures"]["validation/loss"]
    assert same == by_name["focal"]["runs"][0]["figures"]["validation/loss"]  # deterministic


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--loss", "focl"), "no loss named 'focl'. Did you mean focal"),
        (("--loss", "focal(gamma=-1)"), "gamma=-1 is refused for the loss focal"),
        (("--loss", "focal(gama=1)"), "has no parameter 'gama'; did you mean gamma?"),
        (("--loss", "binary_cross_entropy"), "3 classes that exclude each other"),
        (("--loss", "cross_entropy_iou_2d"), "needs regions of pixels"),
        (("--loss", "box=giou_box"), "no slot named 'box'"),
        (("--loss", "cross_entropy(weight=[1, 2])"), "weight"),
        (("--architecture", "tim"), "Did you mean timm"),
        (("--backbone", "resnet81"), "resnet18"),
        (("--solver", "adamv"), "Did you mean adam"),
        (("--epochs", "0"), "training.epochs=0 is refused"),
        (("--monitor", "validation/acuracy"), "cannot be monitored"),
        (("--task", "segmentation"), "has labels for classification"),
        (("--split", "nothing"), "no split named 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(
    run: Run, fruit_split: str, arguments: tuple[str, ...], said: str
) -> None:
    given = ["--split", fruit_split, "--weights", "none", *arguments]
    refused = run("experiment", "run", *given)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert run("experiment", "list", "--json").json == []


def test_pretrained_weights_that_cannot_be_had_are_refused_with_the_ways_on(
    run: Run, fruit_split: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    refused = run("experiment", "run", "--split", fruit_split)
    assert refused.code == 2
    assert "--weights none" in refused.err
    assert run("experiment", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--train", 60), "90"),
        (("--train", 100, "--test", 0, "--validation", 0), "validation"),
        (("--group-by", "colour"), "colour"),
        (("--from", "nothing.csv"), "nothing.csv"),
    ],
)
def test_splits_that_cannot_be_are_refused(
    run: Run, fruit: Path, arguments: tuple[object, ...], said: str
) -> None:
    run("dataset", "import", fruit, "--name", "fruit")
    refused = run("split", "create", "fruit", "--name", "s", *arguments)
    assert refused.code == 2
    assert said in refused.err
    assert run("split", "list", "--json").json == []


def test_imports_that_cannot_be_are_refused_and_leave_nothing(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    missing = run("dataset", "import", tmp_path / "nowhere", "--name", "x")
    assert missing.code == 2
    assert "nowhere" in missing.err
    (fruit / "plum" / "0.png").write_bytes(b"no image")
    broken = run("dataset", "import", fruit, "--name", "x")
    assert broken.code == 2
    assert "0.png" in broken.err
    assert run("dataset", "list", "--json").json == []
    dropped = run("dataset", "import", fruit, "--name", "x", "--drop-faulty")
    assert dropped.code == 0
    assert "35 images" in dropped.out
    assert "0.png" in dropped.out


def test_listings_explain(run: Run, fruit_split: str) -> None:
    assert "cross_entropy" in run("loss", "list").out
    refused = run("loss", "list", "--task", "classification").out
    assert "needs pairs of boxes" in refused
    assert "discouraged" in refused
    shown = run("loss", "show", "focal").out
    for part in ("Formula", "gamma", "Lowest value", "Uninformed guess", "Prefer", "Avoid"):
        assert part in shown
    assert run("task", "list").code == 0
    assert "unet" in run("architecture", "list", "--task", "segmentation").out
    assert "colour" not in run("dataset", "show", "fruit").out
    assert "nothing to report" in run("dataset", "check", "fruit").out


def test_help_and_version(run: Run) -> None:
    assert "experiment" in run("--help").out
    assert run("--version").out.startswith("playground ")
    assert run("dataset", "import").code == 2
    assert run("no-such-command").code == 2
