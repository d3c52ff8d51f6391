"""`dataset check` and `dataset show`: exit codes, files written, what the import said repeated."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from tests.cli.conftest import Run


def test_a_check_repeats_the_import_and_fails_where_it_should(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    (fruit / "plum" / "3.png").write_bytes(b"no image")
    imported = run("dataset", "import", fruit, "--name", "fruit", "--drop-faulty")
    assert "error: Image that cannot be read (1), dropped" in imported.out
    checked = run("dataset", "check", "fruit", "--html", tmp_path / "check.html")
    assert "plum/3.png" in checked.out
    assert "plum/3.png" in (tmp_path / "check.html").read_text(encoding="utf-8")
    assert checked.code == 1  # it is an error, though the item is not in the dataset


def test_strict_wants_everything(run: Run, fruit: Path) -> None:
    (fruit / "stray.png").write_bytes((fruit / "plum" / "3.png").read_bytes())
    refused = run("dataset", "import", fruit, "--name", "fruit", "--strict")
    assert refused.code != 0
    assert "1 thing would be left out or clipped (stray.png" in refused.err
    assert "fruit" not in run("dataset", "list", "--json").out
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    assert run("dataset", "check", "fruit").code == 0
    strict = run("dataset", "check", "fruit", "--strict", "--json")
    assert strict.code == 1
    assert [one["kind"] for one in strict.json["findings"]] == ["image_without_class"]


def test_a_dataset_is_shown_in_figures_and_files(run: Run, fruit: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    html, sheet = tmp_path / "fruit.html", tmp_path / "fruit.png"
    shown = run("dataset", "show", "fruit", "--html", html, "--sheet", sheet, "--items", "4")
    assert shown.code == 0, shown.err
    assert "Sizes: 32×32 (36)" in shown.out
    assert html.read_text(encoding="utf-8").count("data:image/jpeg") == 24
    assert sheet.read_bytes().startswith(b"\x89PNG")
    kept = next((tmp_path / "workspace" / "artifacts" / "revisions").glob("*/statistics.json"))
    assert json.loads(kept.read_text())["items"] == 36
    kept.unlink()  # as an older version left it
    assert "cherry" in run("dataset", "show", "fruit").out
    assert kept.exists()


def test_what_cannot_be_written_is_refused(run: Run, fruit: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    for option, name, said in (
        ("--html", "fruit.txt", "should end in .html"),
        ("--sheet", "fruit.jpg", "should end in .png"),
        ("--html", "nowhere/fruit.html", "does not exist"),
    ):
        refused = run("dataset", "show", "fruit", option, tmp_path / name)
        assert refused.code != 0
        assert said in refused.err


def test_nearly_the_same_pictures_are_told(run: Run, fruit: Path) -> None:
    with Image.open(fruit / "plum" / "3.png") as image:
        large = image.resize((200, 200))
        large.save(fruit / "plum" / "3-large.png")
        large.save(fruit / "plum" / "3-large.jpg", quality=85)
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    checked = run("dataset", "check", "fruit", "--json").json
    (near,) = [one for one in checked["findings"] if one["kind"] == "near_duplicates"]
    assert "plum/3-large.jpg" in near["message"]
    assert "plum/3-large.png" in near["message"]
