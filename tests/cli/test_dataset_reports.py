"""`dataset check` and `dataset show`: exit codes, files written, what the import said repeated."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
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


def test_an_import_says_what_it_recognised_and_in_what_parts_the_files_came(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    assert "came in parts" not in run("dataset", "import", fruit, "--name", "fruit").out
    for part in ("training_set", "test_set"):
        for kind in ("plum", "cherry"):
            image = tmp_path / "parts" / part / kind / "1.png"
            image.parent.mkdir(parents=True)
            Image.new("RGB", (8, 6), (len(part), len(kind), 0)).save(image)
    imported = run("dataset", "import", tmp_path / "parts", "--name", "parts").out
    assert "read as class_folders, because" in imported
    told = "The files came in parts: train 2, test 2 (split create --own-partitions uses them)"
    assert told in imported
    assert told in run("dataset", "show", "parts").out


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (("0", "1", "2"), "--own-partitions uses them"),
        (("0", "1"), "--own-partitions cannot tell which is which"),
    ],
)
def test_an_import_says_whether_a_split_can_use_parts_that_are_numbers(
    run: Run, fruit: Path, tmp_path: Path, numbers: tuple[str, ...], said: str
) -> None:
    images = sorted(path.relative_to(fruit).as_posix() for path in fruit.rglob("*.png"))
    rows = [
        f"fruit/{image},{image.split('/')[0]},{numbers[place % len(numbers)]}\n"
        for place, image in enumerate(images)
    ]
    table = tmp_path / "fruit.csv"
    table.write_text("file,class,split\n" + "".join(rows), encoding="utf-8")
    assert said in run("dataset", "import", table, "--name", "numbered").out
    split = run("split", "create", "numbered", "--name", "s", "--own-partitions")
    assert (split.code == 0) == ("uses them" in said), split.err
    assert ("2 is read as test" in split.err) == ("uses them" in said)
    assert ("2 is read as test" in run("split", "show", "s").out) == ("uses them" in said)


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


def test_what_is_not_imported_is_checked_as_a_whole(run: Run, fruit: Path) -> None:
    damaged = [f"plum/{number}.png" for number in range(8)]
    for name in damaged:
        (fruit / name).write_bytes(b"no image")
    refused = run("dataset", "import", fruit, "--name", "fruit", "--task", "classification")
    assert "8 items cannot be used" in refused.err
    command = f"playground dataset check {fruit} --task classification"
    assert f"and 3 more: `{command}` tells all)" in refused.err
    checked = run(*command.split()[1:], "--json")
    assert checked.code == 1
    assert [
        one["file"] for one in checked.json["findings"] if one["severity"] == "error"
    ] == damaged
    assert {one["decision"] for one in checked.json["findings"][:8]} == {"blocks import"}
    assert "28 images can be used" in run("dataset", "check", fruit).out
    assert "There is no dataset yet" in run("dataset", "list").out


def test_a_page_on_a_folder_is_that_on_its_dataset(run: Run, fruit: Path, tmp_path: Path) -> None:
    (fruit / "plum" / "copy.png").write_bytes((fruit / "plum" / "3.png").read_bytes())
    before, after = tmp_path / "before.html", tmp_path / "after.html"
    assert run("dataset", "check", fruit, "--html", before).code == 0
    assert "There is no dataset yet" in run("dataset", "list").out
    assert run("dataset", "import", fruit, "--name", fruit.name).code == 0
    assert run("dataset", "check", fruit.name, "--html", after).code == 0
    page = before.read_text(encoding="utf-8")
    assert page == after.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 2  # the image and its copy


def test_a_page_that_cannot_be_written_is_refused_before_the_check(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    for checked in (fruit, "fruit"):
        for name, said in (("check.txt", "should end in .html"), ("none/c.html", "does not exist")):
            refused = run("dataset", "check", checked, "--html", tmp_path / name)
            assert refused.code != 0
            assert said in refused.err
            assert not refused.out


def test_a_source_of_which_nothing_can_be_used_is_checked(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    images = sorted(fruit.rglob("*.png"))
    for image in images:
        image.write_bytes(b"no image")
    checked = run("dataset", "check", fruit, "--json")
    assert checked.code == 1
    assert (checked.json["items"], len(checked.json["findings"])) == (0, len(images))
    assert run("dataset", "check", fruit, "--html", tmp_path / "check.html").code == 1
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert all(image.relative_to(fruit).as_posix() in page for image in images)


def test_a_dataset_goes_before_a_folder_of_its_name(
    run: Run, fruit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fruit.parent)
    assert run("dataset", "import", fruit, "--name", fruit.name).code == 0
    assert "Not imported" not in run("dataset", "check", fruit.name).out
    assert "Not imported" in run("dataset", "check", f"./{fruit.name}").out
    refused = run("dataset", "check", fruit.name, "--task", "classification")
    assert refused.code != 0
    assert "leave them out" in refused.err


def test_a_strict_refusal_says_what_tells_all(run: Run, fruit: Path) -> None:
    for number in range(7):
        (fruit / f"plum/{number}.png").write_bytes(b"no image")
    refused = run("dataset", "import", fruit, "--name", "fruit", "--drop-faulty", "--strict")
    assert refused.code != 0
    assert "7 things would be left out" in refused.err
    assert f"and 2 more: `playground dataset check {fruit}` tells all)" in refused.err


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


def test_drawing_is_shown_on_a_terminal(run: Run, fruit: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    screen, terminal = pty.openpty()
    command = ("dataset", "show", "fruit", "--sheet", str(tmp_path / "fruit.png"))
    subprocess.run(
        [sys.executable, "-m", "model_playground.cli", *command],
        env=os.environ | {"PLAYGROUND_WORKSPACE": str(tmp_path / "workspace"), "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        check=True,
        timeout=120,
    )
    os.close(terminal)
    assert b"Drawing" in os.read(screen, 65536)
    os.close(screen)


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
    before = run("dataset", "check", fruit, "--json").json
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    checked = run("dataset", "check", "fruit", "--json").json
    assert before["findings"] == checked["findings"]
    (near,) = [one for one in checked["findings"] if one["kind"] == "near_duplicates"]
    assert "plum/3-large.jpg" in near["message"]
    assert "plum/3-large.png" in near["message"]
    named = {near["file"], *near["others"]}
    assert named == {"plum/3.png", "plum/3-large.jpg", "plum/3-large.png"}
    assert checked["counts"] == [
        {"kind": "near_duplicates", "severity": "warning", "decision": "kept", "count": 1},
        {"kind": "odd_size", "severity": "information", "decision": "kept", "count": 2},
    ]


def test_a_finding_is_printed_with_its_file(run: Run, fruit: Path) -> None:
    for number in (1, 2):
        (fruit / "plum" / f"{number}.png").unlink()
    fruit.joinpath("plum", "3.png").rename(fruit / "lone.png")
    for path in sorted((fruit / "plum").iterdir())[1:]:
        path.unlink()
    imported = run("dataset", "import", fruit, "--name", "fruit")
    assert imported.code == 0
    assert "\n  plum/0.png: only 1 image has the class plum\n" in imported.out
    assert "\n  lone.png is in no class's folder\n" in imported.out
