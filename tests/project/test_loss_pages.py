"""The pages of the losses follow from their declarations and are current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model_playground.losses import catalogue, checks
from tools.loss_pages import FOLDER, WRITTEN_BY_HAND, main, outdated, pages, write


def test_the_pages_are_current() -> None:
    assert not outdated(), "docs/losses is not current: run make docs"


def test_there_is_a_page_for_each_loss_and_the_index_leads_to_it() -> None:
    written = pages()
    assert set(written) == {f"{name}.md" for name in catalogue.load()} | {"README.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", written["README.md"])) - set(WRITTEN_BY_HAND) == set(
        written
    ) - {"README.md"}


def test_a_page_says_everything_that_its_loss_declares() -> None:
    page = pages()["focal.md"]
    focal = catalogue.load()["focal"]
    for part in (
        focal.title,
        focal.summary,
        focal.text,
        f"```math\n{focal.formula}\n```",
        *(f"| $`{symbol}`$ | {meaning} |" for symbol, meaning in focal.symbols.items()),
        "| `gamma` | 2 | a number, 0 or more |",
        "| Image classification | class | valid |  |",
        "| Image regression | value | refused | Focal loss needs one class per image",
        "from model_playground.losses import FocalLoss",
        focal.reference,
        "[Cross-entropy](cross_entropy.md)",
    ):
        assert part in page


def test_the_index_says_which_losses_were_made_for_what() -> None:
    index = pages()["README.md"]
    advice = index[index.index("## Which suits your data") :]
    assert "playground loss advise --task segmentation" in advice
    rows = [line.split(" | ") for line in advice.splitlines() if "](" in line]
    for column, declared in ((1, "suits"), (2, "suffers")):
        told = {name for row in rows for name in re.findall(r"\((\w+)\.md\)", row[column])}
        assert told == {loss.name for loss in catalogue.load().values() if getattr(loss, declared)}


def test_the_setting_that_the_index_documents_reads_values_everywhere() -> None:
    section = pages()["README.md"].partition("## What a call checks")[2]
    (program,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    try:
        exec(program, {})
        assert checks._values_are_read == "everywhere"
    finally:
        checks.check_values("cpu")


def test_a_change_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    assert not outdated(tmp_path)
    (tmp_path / "focal.md").write_text("changed")
    (tmp_path / "no_loss.md").write_text("of a loss that is no more")
    (tmp_path / "dice.md").unlink()
    assert outdated(tmp_path) == ["dice.md", "focal.md", "no_loss.md"]
    write(tmp_path)
    assert not outdated(tmp_path)


def test_every_link_leads_somewhere() -> None:
    for path in FOLDER.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} → {target}"


def test_the_check_ends_with_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert not capsys.readouterr().out
