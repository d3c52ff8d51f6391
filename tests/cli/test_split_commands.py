"""`playground split`: what it tells of a plan, exports, folds, and leaks up to the experiment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer.core
import typer.main

from model_playground.cli.split import commands
from model_playground.core.records import SplitPlan
from model_playground.store.experiments import add_experiment
from model_playground.store.workspace import Workspace

NAMES = {"from_file": "--from", "own_partitions": "--own-partitions"}


def test_every_field_of_a_plan_is_an_option_that_says_the_same() -> None:
    group = typer.main.get_command(commands)
    assert isinstance(group, typer.core.TyperGroup)
    create = group.commands["create"]
    options: dict[str, Any] = {option: one for one in create.params for option in one.opts}
    for name, field in SplitPlan.model_fields.items():
        option = options[NAMES.get(name, f"--{name.replace('_', '-')}")]
        said = str(field.description)
        assert option.help == f"{said[0].upper()}{said[1:]}.", name
        assert (option.default or None) == (field.default or None), name


def test_a_split_is_told_exported_and_made_in_folds(run: Any, fruit: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    made = run("split", "create", "fruit", "--name", "even", "--stratify")
    assert made.code == 0
    assert "even of fruit (stratified): train 25, validation 4, test 7" in made.out
    assert "looked for same file, same content, near duplicate" in made.out

    exported = run("split", "export", "even", tmp_path / "lists")
    assert [Path(line).name for line in exported.out.splitlines()] == [
        "train.txt",
        "validation.txt",
        "test.txt",
    ]
    lists = [(tmp_path / "lists" / f"{part}.txt").read_text().split() for part in ("train", "test")]
    assert [len(one) for one in lists] == [25, 7]
    again = run("split", "export", "even", tmp_path / "lists")
    assert again.code != 0
    assert "holds something already" in again.err
    copied = run(
        "split", "create", "fruit", "--name", "copy", "--from", tmp_path / "lists", "--json"
    )
    assert copied.json["counts"] == {"train": 25, "validation": 4, "test": 7}

    folds = run("split", "create", "fruit", "--name", "f", "--folds", 3, "--test", 0, "--train", 90)
    assert folds.code == 0
    assert re.findall(r"f-fold-(\d) of fruit \(random, 3 folds\)", folds.out) == ["1", "2", "3"]
    assert run("split", "show", "f-fold-2", "--json").json["fold"] == 2

    chosen = run("split", "create", "fruit", "--name", "some", "--where", "class!=plum", "--json")
    assert chosen.json["report"]["left_out"] == 12
    assert chosen.json["plan"]["where"] == "class!=plum"
    refused = run("split", "create", "fruit", "--name", "no", "--where", "class=plumm")
    assert "no class named 'plumm'. Did you mean plum" in refused.err


def test_a_leak_is_refused_and_if_forced_shown_with_the_experiment(
    run: Any, fruit: Path, tmp_path: Path
) -> None:
    (fruit / "lemon" / "copy.png").write_bytes((fruit / "lemon" / "0.png").read_bytes())
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    listed = tmp_path / "parts.csv"
    paths = sorted(path.relative_to(fruit) for path in fruit.rglob("*.png"))
    parts = ["test" if path.name == "copy.png" else "train" for path in paths]
    parts[0] = "validation"
    rows = [f"{path.as_posix()},{part}" for path, part in zip(paths, parts, strict=True)]
    listed.write_text("\n".join(rows))
    create = ("split", "create", "fruit", "--name", "leaking", "--from", listed)
    refused = run(*create)
    assert refused.code != 0
    assert "lemon/0.png with lemon/copy.png" in refused.err
    forced = run(*create, "--allow-leaks")
    assert forced.code == 0
    leak = (
        "train and test share images with the same content (1 group), such as lemon/0.png (train)"
    )
    assert f"Leak: {leak}" in forced.out

    specification = {
        "name": "flattered",
        "split": "leaking",
        "task": "classification",
        "architecture": {"name": "timm", "parameters": {}},
        "backbone": "resnet18",
        "losses": {"class": [{"loss": "cross_entropy", "weight": 1.0, "parameters": {}}]},
    }
    add_experiment(Workspace(tmp_path / "workspace").store, specification, [("one", 0)])
    shown = run("experiment", "show", "flattered")
    assert f"Leak of the split: {leak}" in shown.out
    assert leak in run("experiment", "show", "flattered", "--json").json["leaks"][0]


def test_a_large_group_is_named_and_shown_on_a_sheet(run: Any, fruit: Path, tmp_path: Path) -> None:
    from PIL import Image

    with Image.open(fruit / "plum" / "0.png") as image:
        for number in range(6):  # copies that differ in their bytes
            name = fruit / "plum" / f"again {number}.png"
            image.point(lambda value, by=number: max(0, value - by - 1)).save(name)
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    made = run("split", "create", "fruit", "--name", "one")
    assert made.code == 0
    assert "above 5 % of the items (7 of 42 items (17 %))" in made.err
    sheet = tmp_path / "workspace" / "artifacts" / "splits" / "one-group-1.png"
    assert str(sheet) in made.err.replace("\n", "")
    with Image.open(sheet) as image:
        assert image.width > 1000
    together = run("split", "create", "fruit", "--name", "two", "--large-groups", "--json")
    assert together.json["report"]["leaks"] == []
    assert "near-duplicates" in together.json["strategy"]
