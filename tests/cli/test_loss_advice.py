"""`playground loss advise`: measured in the labels, derived from the declarations."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run

OWN = Path(__file__).parents[2] / "examples" / "own_loss.py"


@pytest.fixture
def unbalanced(run: Run, fruit: Path) -> str:
    """Twelve lemons and twelve plums, one cherry, and a plum that is called a lemon as well."""
    for cherry in sorted((fruit / "cherry").iterdir())[1:]:
        cherry.unlink()
    shutil.copy(fruit / "plum" / "0.png", fruit / "lemon" / "plum.png")
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    return "fruit"


def test_advice_names_what_was_measured_the_reasons_and_the_next_step(
    run: Run, unbalanced: str
) -> None:
    advised = run("loss", "advise", "--dataset", unbalanced)
    assert (advised.code, advised.err) == (0, "")
    text = " ".join(advised.out.split())
    for part in (
        "Image classification on fruit, 26 images",
        "FOUND imbalance: lemon has 13 images, cherry 1: 13 times as many [from 10 times on",
        "FOUND wrong labels: 1 image is there more than once with different labels",
        "(lemon/plum.png)",
        "FOUND few images: 26 images; 1 class has fewer than 10: cherry",
        "not found many classes: 3 classes",
        "cross_entropy, the default, suffers from imbalance and wrong labels, as found here",
        "symmetric_cross_entropy: made for wrong labels prefer it: For labels of which",
        "focal: made for imbalance, but suffers from wrong labels",
        "No evidence is stored",
        "playground experiment compare default other",
    ):
        assert part in text
    record = run("loss", "advise", "--dataset", unbalanced, "--json").json
    assert (record["task"], record["dataset"], record["images"]) == ("classification", "fruit", 26)
    (slot,) = record["slots"]
    states = {one["name"]: one["state"] for one in slot["measured"]}
    assert states == {
        "imbalance": "found",
        "many classes": "not found",
        "wrong labels": "found",
        "few images": "found",
    }
    assert [one["loss"] for one in slot["losses"]][:2] == [
        "symmetric_cross_entropy",
        "generalised_cross_entropy",
    ]


def test_what_is_advised_can_be_run(run: Run, unbalanced: str, tmp_path: Path) -> None:
    split = ("split", "create", unbalanced, "--name", "fruit-1", "--from", tmp_path / "parts.csv")
    listed = [f"{name}/{number}.png" for name in ("lemon", "plum") for number in range(12)]
    parts = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2
    rows = [f"{one},{part}" for one, part in zip(listed, parts * 2, strict=True)]
    rows += ["cherry/0.png,train", "lemon/plum.png,train"]
    (tmp_path / "parts.csv").write_text("item,part\n" + "\n".join(rows), encoding="utf-8")
    assert run(*split).code == 0
    (slot,) = run("loss", "advise", "--dataset", unbalanced, "--json").json["slots"]
    for one in slot["losses"]:
        written = tmp_path / "experiment.yaml"
        given = ("--split", "fruit-1", "--weights", "none", "--loss", one["loss"])
        checked = run("experiment", "run", *given, "--write", written)
        assert checked.code == 0, (one["loss"], checked.err)


def test_what_was_not_looked_into_is_not_measured(run: Run, fruit: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit", "--no-inspect").code == 0
    text = " ".join(run("loss", "advise", "--dataset", "fruit").out.split())
    assert "not measured wrong labels: no image was looked into at the import" in text
    assert "`playground dataset inspect` does so" in text
    assert run("dataset", "inspect", "fruit").code == 0
    assert "not measured" not in run("loss", "advise", "--dataset", "fruit").out


def test_without_a_dataset_there_are_reasons_only(run: Run) -> None:
    text = " ".join(run("loss", "advise", "--task", "classification").out.split())
    assert "Start with cross_entropy, the default; it suffers from imbalance and wrong" in text
    assert "binary_focal (two classes): made for imbalance" in text
    assert "No evidence is stored: no two finished experiments in this workspace" in text
    assert "FOUND" not in text


def test_a_loss_of_ones_own_is_advised_by_what_it_declares(run: Run) -> None:
    advised = run("loss", "advise", "--task", "regression", "--plugin", OWN).out
    assert "cauchy: made for outliers" in advised


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "needs a task, a dataset or both; the tasks are classification"),
        (("--task", "detection"), "there is no task named 'detection'"),
        (("--task", "instance_segmentation"), "Known: classification, regression, segmentation"),
        (("--dataset", "fruits"), "no dataset named 'fruits'. Did you mean fruit?"),
        (("--dataset", "fruit", "--task", "regression"), "has labels for classification, not for"),
        (("--dataset", "birds"), "has labels for detection, tagging, for which no model here"),
    ],
)
def test_what_cannot_be_advised_is_refused_with_a_sentence(
    run: Run, fruit: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    run("dataset", "import", fruit, "--name", "fruit")
    (tmp_path / "birds").mkdir()
    shutil.copy(fruit / "plum" / "0.png", tmp_path / "birds" / "0.png")
    (tmp_path / "birds" / "birds.json").write_text(
        '{"images": [{"id": 1, "file_name": "0.png", "width": 32, "height": 32}],'
        ' "categories": [{"id": 1, "name": "bird"}],'
        ' "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}]}'
    )
    assert run("dataset", "import", tmp_path / "birds", "--name", "birds").code == 0
    refused = run("loss", "advise", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
