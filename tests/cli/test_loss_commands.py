"""`playground loss`: explained, drawn, compared and checked; losses of one's own among them."""

from __future__ import annotations

import os
import subprocess
import sys
from math import log1p
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run

OWN = Path(__file__).parents[2] / "examples" / "own_loss.py"


def test_show_explains_a_loss(run: Run) -> None:
    shown = run("loss", "show", "binary_focal").out
    for part in (
        "1/N Σ[i] −αᵢ",
        "a number, 0 or more, 1 or less, or null",
        "valid (two classes)",
        "from model_playground.losses import BinaryFocalLoss",
        "can be the cost of a matcher",
        "Related: binary_cross_entropy",
    ):
        assert part in shown
    record = run("loss", "show", "focal", "--json").json
    assert record["name"] == "focal"
    assert {(one["task"], one["state"]) for one in record["places"]} >= {
        ("classification", "valid"),
        ("regression", "refused"),
    }


@pytest.mark.parametrize("loss", ["focal", "binary_focal", "giou_box", "dice", "msle"])
def test_plot_draws_what_the_loss_reads(run: Run, tmp_path: Path, loss: str) -> None:
    picture = tmp_path / "loss.svg"
    drawn = run("loss", "plot", loss, "--out", picture)
    assert drawn.code == 0, drawn.err
    text = picture.read_text(encoding="utf-8")
    label = {
        "focal": "probability given to the true class",
        "binary_focal": "predicted probability of yes",
        "giou_box": "shift in box widths",
        "dice": "radius ÷ true radius",
        "msle": "prediction, where the truth is 4",
    }[loss]
    assert label in text
    assert ("gamma = 2 (default)" in text) == (loss in ("focal", "binary_focal"))


def test_plot_refuses_what_it_cannot_draw(run: Run, tmp_path: Path) -> None:
    png = tmp_path / "loss.png"
    for arguments, said in (
        (("focal", "--out", tmp_path / "loss.pdf"), "its name ends with .png or .svg"),
        (("focal", "--out", tmp_path / "no" / "loss.png"), "cannot be written"),
        (("focl", "--out", png), "Did you mean focal"),
        (("focal", "--vary", "gama=1,2", "--out", png), "Did you mean gamma"),
        (("focal", "--vary", "gamma=-1", "--out", png), "gamma=-1 is refused"),
        (("focal", "--vary", "gamma=0,1,2,3,4", "--out", png), "5 curves are too many"),
    ):
        refused = run("loss", "plot", *arguments)
        assert refused.code == 2
        assert said in refused.err
    assert run("loss", "plot", "focal", "--vary", "gamma=0,3", "--dark", "--out", png).code == 0
    assert png.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "losses",
    [
        ("mse", "huber(delta=1)", "l1", "log_cosh"),
        ("bounding_box_regression", "nwd_box", "balanced_l1_box", "smooth_l1_box"),
    ],
)
def test_the_title_of_a_picture_of_several_losses_fits(
    run: Run, tmp_path: Path, losses: tuple[str, ...]
) -> None:
    picture = tmp_path / "losses.png"
    assert run("loss", "compare", *losses, "--out", picture).code == 0
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("L"))
    assert (pixels[:80, :200] < 128).any()
    assert (pixels[:80, -8:] == 255).all()


def test_compare_sets_losses_side_by_side(run: Run, tmp_path: Path) -> None:
    compared = run("loss", "compare", "mse", "huber(delta=2)", "--json").json
    assert compared["losses"] == ["mse", "huber(delta=2)"]
    assert compared["parameters"]["delta"] == ["", "2"]
    exact = next(point for point in compared["points"] if point["at"] == 0)
    assert exact["values"] == [0, 0]
    # At a difference d: d² and ½ d² up to 2, then 2 (|d| - 1).
    far = compared["points"][-1]
    assert far["values"] == pytest.approx([far["at"] ** 2, 2 * (far["at"] - 1)])
    assert far["slopes"] == pytest.approx([2 * far["at"], 2])
    picture = tmp_path / "both.png"
    assert run("loss", "compare", "mse", "l1", "--out", picture).code == 0
    assert picture.exists()


def test_compare_looks_at_amounts_where_one_loss_reads_nothing_else(run: Run) -> None:
    """Any values may be amounts: (ŷ - 4)² beside (ln (1 + ŷ) - ln 5)²."""
    compared = run("loss", "compare", "mse", "msle", "--json").json
    at = next(point for point in compared["points"] if point["at"] < 4)
    expected = [(at["at"] - 4) ** 2, (log1p(at["at"]) - log1p(4)) ** 2]
    assert at["values"] == pytest.approx(expected)
    other_way = run("loss", "compare", "msle", "mse", "--json").json
    assert other_way["points"][0]["at"] == compared["points"][0]["at"]


def test_compare_refuses_losses_that_read_nothing_in_common(run: Run) -> None:
    refused = run("loss", "compare", "focal", "giou_box")
    assert refused.code == 2
    assert "no prediction is read by both" in refused.err
    assert "boxes as corners" in refused.err
    assert "name at least two" in run("loss", "compare", "focal").err


def test_a_file_of_ones_own_is_checked(run: Run, tmp_path: Path) -> None:
    checked = run("loss", "check", OWN, "--json")
    assert checked.code == 0
    (certificate,) = checked.json
    assert (certificate["loss"], certificate["passed"]) == ("cauchy", True)

    broken = tmp_path / "broken_loss.py"
    text = OWN.read_text(encoding="utf-8").replace('name = "cauchy"', 'name = "broken"')
    broken.write_text(text.replace("torch.ones_like(value)", "torch.ones(2)"), encoding="utf-8")
    failed = run("loss", "check", broken)
    assert failed.code == 1
    assert "FAILED" in failed.out
    assert "two tensors of one shape" in failed.out
    assert "Traceback" not in failed.err


@pytest.mark.parametrize(
    ("written", "code", "sentence"),
    [
        ("value.detach()", 1, "the loss has no gradient"),
        ("value * value.detach()", 1, "name these factors in traits.detached"),
        ("(value + value.sqrt()) / 2", 1, "the gradient is not finite"),
        ("value / (input - target).abs() * (input - target).abs()", 1, "is nan"),
        ("value.mean(0)", 1, "with per_image the first axis is the image"),
        ("no_such_name", 1, "it raises NameError: name 'no_such_name' is not defined"),
        ("(", 2, "fails when it is loaded: SyntaxError"),
    ],
)
def test_what_is_wrong_in_a_file_of_ones_own_is_said(
    run: Run, tmp_path: Path, written: str, code: int, sentence: str
) -> None:
    text = OWN.read_text(encoding="utf-8").replace('name = "cauchy"', 'name = "broken"')
    wrong = tmp_path / "wrong_loss.py"
    whole = "return value, torch.ones_like(value)"
    assert whole in text
    wrong.write_text(text.replace(whole, f"value = {written}\n        {whole}"), encoding="utf-8")
    checked = run("loss", "check", wrong)
    assert checked.code == code
    assert sentence in checked.out + checked.err
    assert "Traceback" not in checked.out + checked.err


@pytest.mark.slow
def test_a_file_of_ones_own_appears_everywhere(run: Run, fruit_split: str) -> None:
    plugin = ("--plugin", OWN)
    listed = run("loss", "list", *plugin, "--json").json
    assert "cauchy" in [one["name"] for one in listed]
    told = run("loss", "show", "cauchy", *plugin).out
    assert "scale" in told
    assert "from own_loss import CauchyLoss" in told
    (slot,) = run("loss", "list", "--task", "regression", *plugin, "--json").json
    assert {one["name"]: one["state"] for one in slot["losses"]}["cauchy"] == "valid"
    small = ("--weights", "none", "--epochs", 1, "--image-size", 32, "--batch-size", 12, "--json")
    loss = ("--loss", "cauchy(scale=0.5)", *plugin)
    trained = run("experiment", "run", "--split", fruit_split, *loss, *small)
    assert trained.json["losses"] == {"class": "cauchy(scale=0.5)"}
    assert trained.json["state"] == "finished"


LIST = "from model_playground.cli import main; main(['loss', 'list', '--json'])"


@pytest.mark.slow
def test_an_installed_package_adds_losses_by_an_entry_point(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "acme_losses.py").write_text(OWN.read_text(encoding="utf-8"), encoding="utf-8")
    (site / "bad_losses.py").write_text("1 / 0")
    for name, module in (("acme", "acme_losses"), ("bad", "bad_losses")):
        folder = site / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[model_playground.losses]\n{name} = {module}\n")

    def listed() -> subprocess.CompletedProcess[str]:
        settings = {"PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        return subprocess.run(
            [sys.executable, "-c", LIST],
            env=os.environ | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )

    first, second = listed(), listed()
    assert '"name": "cauchy"' in first.stdout
    assert first.stdout == second.stdout
    for done in (first, second):
        assert "bad 1.0 (bad = bad_losses) is left out: ZeroDivisionError" in done.stderr
    assert "imports PyTorch" in first.stderr
    assert "imports PyTorch" not in second.stderr
    changed = OWN.read_text(encoding="utf-8").replace('"cauchy"', '"lorentzian"')
    (site / "acme_losses.py").write_text(changed, encoding="utf-8")
    assert '"name": "lorentzian"' in listed().stdout
