"""`playground dataset join`: a split that tests on a dataset of its own, and refusals."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def test_a_split_tests_on_one_of_two_datasets(run: Any, fruit: Path, tmp_path: Path) -> None:
    other = tmp_path / "other site"
    shutil.copytree(fruit / "plum", other / "plum")
    shutil.copytree(fruit / "lemon", other / "lemon")
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    assert run("dataset", "import", other, "--name", "other site").code == 0
    made = run("dataset", "join", "fruit", "other site", "--name", "both")
    assert made.code == 0
    assert "Joined fruit and other site as both (revision 1): 60 images, 3 classes" in made.out
    assert "--give 'test=dataset=\"other site\"'" in made.out
    assert "Read as joined" in run("dataset", "show", "both").out

    give = 'test=dataset="other site"'
    # The copies of its pictures in the other dataset are tested too: no picture is in two parts.
    split = run("split", "create", "both", "--name", "s", "--give", give, "--json")
    assert split.json["counts"] == {"train": 11, "validation": 1, "test": 48}
    whole = run("split", "create", "both", "--name", "w", "--where", "dataset=fruit", "--json")
    assert sum(whole.json["counts"].values()) == 36

    again = run("dataset", "join", "fruit", "other site", "--name", "both", "--json")
    assert again.json["revision_number"] == 1


def test_what_cannot_be_joined_is_refused(run: Any, fruit: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    alone = run("dataset", "join", "fruit", "--name", "both")
    assert alone.code == 2
    assert "two or more" in alone.err
    assert "nowhere" in run("dataset", "join", "fruit", "nowhere", "--name", "both").err
    assert "two or more" in run("dataset", "join", "fruit", "both", "--name", "both").err


def test_a_joined_dataset_is_inspected_by_its_parts(run: Any, fruit: Path) -> None:
    for name in ("a", "b"):
        assert run("dataset", "import", fruit, "--name", name, "--no-inspect").code == 0
    assert run("dataset", "join", "a", "b", "--name", "both").code == 0
    refused = run("dataset", "inspect", "both")
    assert refused.code == 2
    assert "joined of a and b" in refused.err
