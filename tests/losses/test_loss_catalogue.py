"""The catalogue that spares torch, the lazy package, and the user's own losses."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import model_playground.losses as package
from model_playground.core.errors import InvalidError
from model_playground.losses import catalogue
from model_playground.losses.base import LOSSES, declaration

PLUGIN = '''
import torch
from pydantic import Field

from model_playground.core.contracts import Link, Reading, TargetForm
from model_playground.losses import Loss, register


@register
class OwnLogCoshLoss(Loss):
    """Log-cosh: nearly squared near 0, nearly linear far from it."""

    name = "my_log_cosh"
    title = "My log-cosh"
    family = "regression"
    reads = (Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)

    scale: float = Field(default=1.0, gt=0, description="stretches the differences")

    def terms(self, input, target):
        value = torch.log(torch.cosh(self.scale * (input - target)))
        return value, torch.ones_like(value)
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache


def run(program: str) -> str:
    """Run a program in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_current_catalogue_needs_no_torch() -> None:
    catalogue.load()
    printed = run("""
        import sys
        from model_playground.losses import catalogue
        print(sorted(catalogue.load()))
        assert "torch" not in sys.modules
    """)
    assert set(ast.literal_eval(printed)) == set(catalogue.load())


def test_a_loss_is_imported_when_it_is_first_used() -> None:
    run("""
        import sys
        import model_playground.losses
        assert "torch" not in sys.modules
        from model_playground.losses import CrossEntropyLoss
        heavy = {"torchvision", "timm", "pandas", "sqlalchemy", "pyarrow", "fastapi"}
        assert not heavy & set(sys.modules)
    """)


def test_holds_the_declaration_of_every_built_in() -> None:
    found = catalogue.load()
    for loss in LOSSES:
        if loss.__module__.startswith("model_playground.losses"):
            assert found[loss.name] == declaration(loss)


def test_the_package_lists_every_built_in_for_type_checkers() -> None:
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    listed = {
        (node.module, alias.asname)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    built_in = {
        (loss.__module__, loss.__name__)
        for loss in LOSSES
        if loss.__module__.startswith("model_playground.losses")
    }
    beside = {
        (f"model_playground.losses.{module}", name)
        for name, module in package._BESIDE_LOSSES.items()
    }
    assert listed == built_in | beside
    for _, name in listed:
        assert getattr(package, name).__name__ == name
        assert name in dir(package)
    with pytest.raises(AttributeError, match="has no 'FocusLoss'"):
        _ = package.FocusLoss


def test_everything_is_imported_by_a_star() -> None:
    printed = run("""
        import model_playground.losses as package
        import sys
        assert "torch" not in sys.modules
        before = set(globals())
        from model_playground.losses import *
        print(sorted(set(globals()) - before - {"before"}))
        assert DiceLoss is package.DiceLoss
    """)
    built_in = {
        loss.__name__ for loss in LOSSES if loss.__module__.startswith("model_playground.losses")
    }
    assert set(ast.literal_eval(printed)) == built_in | set(package._BESIDE_LOSSES)
    assert set(package.__all__) >= built_in


def test_the_key_follows_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model_playground" / "losses"
    shutil.copytree(catalogue._FOLDER, folder)
    shutil.copytree(catalogue._FOLDER.parent / "core", folder.parent / "core")
    before = catalogue._key([])
    monkeypatch.setattr(catalogue, "_FOLDER", folder)
    assert catalogue._key([]) == before
    keys = {before}
    for changed in (folder / "focal.py", folder.parent / "core" / "contracts.py"):
        changed.write_text(changed.read_text(encoding="utf-8") + "\n# changed\n")
        keys.add(catalogue._key([]))
    (folder / "new.py").write_text("")
    keys.add(catalogue._key([]))
    assert len(keys) == 4


def test_a_plugin_file_is_declared_and_remembered(plugin: Path, own_cache: Path) -> None:
    program = f"""
        import sys
        from model_playground.losses import catalogue
        mine = catalogue.load([{str(plugin)!r}], notify=print)["my_log_cosh"]
        print(mine.title, mine.plugin, mine.parameters["properties"]["scale"]["default"])
        print("torch" in sys.modules)
    """
    first, second = run(program).splitlines(), run(program).splitlines()
    told = f"My log-cosh {plugin} 1.0"
    assert first[1:] == [told, "True"]
    assert second == [told, "False"]
    assert len(list(own_cache.rglob("*.json"))) == 1
    assert "my_log_cosh" not in catalogue.load()
    plugin.write_text(PLUGIN.replace("My log-cosh", "Mine"))
    assert run(program).splitlines()[1] == f"Mine {plugin} 1.0"


def test_a_plugin_is_usable_and_reads_like_a_built_in(plugin: Path) -> None:
    run(f"""
        import torch
        from model_playground.losses import base, catalogue
        catalogue.load_plugin({str(plugin)!r})
        catalogue.load_plugin({str(plugin)!r})
        from model_playground.losses import OwnLogCoshLoss
        loss = base.LOSSES["my_log_cosh"](scale=2)
        assert repr(loss) == "OwnLogCoshLoss(scale=2.0)"
        assert loss(torch.zeros(3), torch.zeros(3)) == 0
        assert base.declaration(OwnLogCoshLoss).plugin == {str(plugin)!r}
    """)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("1 / 0", "own.py fails when it is loaded: ZeroDivisionError: division by zero"),
        ("def (", "own.py fails when it is loaded: SyntaxError"),
        ("raise SystemExit", "own.py fails when it is loaded: SystemExit"),
        ("import math", "own.py registers no loss: put @register above its class"),
        (PLUGIN.replace('"my_log_cosh"', "5"), "the name 5 is refused: letters, digits and _"),
        (
            PLUGIN.replace("(Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)", "()"),
            r"OwnLogCoshLoss\.reads is refused: it is a tuple of one Reading or more",
        ),
        (
            PLUGIN.replace("(Reading(form=TargetForm.VALUE, link=Link.IDENTITY),)", "'value'"),
            "reads",
        ),
    ],
)
def test_a_faulty_plugin_is_named(plugin: Path, content: str, sentence: str) -> None:
    plugin.write_text(content)
    with pytest.raises(InvalidError, match=sentence):
        catalogue.load_plugin(plugin)


def test_no_plugin_takes_the_name_of_a_built_in(plugin: Path) -> None:
    plugin.write_text(PLUGIN.replace("my_log_cosh", "focal").replace("OwnLogCosh", "Focal"))
    run(f"""
        from model_playground.core.errors import InvalidError
        from model_playground.losses import catalogue
        try:
            catalogue.load([{str(plugin)!r}])
        except InvalidError as refused:
            assert "the name 'focal' is taken by another loss" in str(refused)
        else:
            raise AssertionError("accepted")
        from model_playground.losses import FocalLoss
        assert FocalLoss.__module__ == "model_playground.losses.focal"
    """)


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match=r"gone\.py cannot be read: No such file"):
        catalogue.load([tmp_path / "gone.py"])
