"""Labels now, images later; links, copies, and what is remembered of images."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from model_playground.api import Playground
from model_playground.datasets.records import Revision
from tests.cli.conftest import Run


def records(tmp_path: Path, run: Run, name: str) -> Revision:
    shown = run("dataset", "show", name, "--json").json
    return Revision.read(tmp_path / "workspace" / "artifacts" / "revisions" / shown["revision"])


def test_images_are_looked_into_later(run: Run, fruit: Path, tmp_path: Path) -> None:
    imported = run("dataset", "import", fruit, "--name", "fruit", "--no-inspect")
    assert imported.code == 0, imported.err
    assert "playground dataset inspect fruit" in imported.out
    before = records(tmp_path, run, "fruit")
    assert not before.is_inspected
    inspected = run("dataset", "inspect", "fruit", "--json")
    assert inspected.code == 0, inspected.err
    assert inspected.json["revision_number"] == 2
    after = records(tmp_path, run, "fruit")
    assert after.is_inspected
    assert after.item_ids == before.item_ids
    assert run("dataset", "inspect", "fruit", "--json").json["revision_number"] == 2


def test_a_damaged_image_is_found_when_it_is_looked_into(run: Run, fruit: Path) -> None:
    (fruit / "plum" / "3.png").write_bytes(b"no image")
    assert run("dataset", "import", fruit, "--name", "fruit", "--no-inspect").code == 0
    refused = run("dataset", "inspect", "fruit")
    assert refused.code != 0
    assert "plum/3.png" in refused.err
    dropped = run("dataset", "inspect", "fruit", "--drop-faulty")
    assert dropped.code == 0
    assert "plum/3.png" in dropped.out
    assert run("dataset", "show", "fruit", "--json").json["items"] == 35


def test_an_unknown_dataset_is_not_inspected(run: Run) -> None:
    refused = run("dataset", "inspect", "fruit")
    assert refused.code != 0
    assert "Traceback" not in refused.err


def test_only_what_is_new_is_looked_into(fruit: Path, tmp_path: Path) -> None:
    playground = Playground(tmp_path / "workspace")
    told: list[tuple[str, int, int]] = []

    def read_again() -> list[int]:
        told.clear()
        playground.import_dataset(fruit, name="fruit", advance=lambda *said: told.append(said))
        return sorted({total for stage, _, total in told if stage == "Reading images"})

    assert read_again() == [36]
    assert read_again() == []
    Image.new("RGB", (8, 8)).save(fruit / "plum" / "new.png")
    assert read_again() == [1]
    Image.new("RGB", (9, 9)).save(fruit / "plum" / "3.png")
    assert read_again() == [1]


def test_links_out_of_the_folder_are_followed_when_that_is_allowed(
    run: Run, fruit: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere" / "9.png"
    outside.parent.mkdir()
    shutil.copy(fruit / "plum" / "3.png", outside)
    (fruit / "plum" / "linked.png").symlink_to(outside)
    refused = run("dataset", "import", fruit, "--name", "fruit")
    assert refused.code != 0
    assert "plum/linked.png" in refused.err
    assert run("dataset", "import", fruit, "--name", "fruit", "--follow-links").code == 0
    assert run("dataset", "show", "fruit", "--json").json["items"] == 37


def test_copied_images_need_the_source_no_more(run: Run, fruit: Path, tmp_path: Path) -> None:
    assert run("dataset", "import", fruit, "--name", "fruit", "--copy").code == 0
    shutil.rmtree(fruit)
    checked = run("dataset", "check", "fruit", "--json")
    assert checked.code == 0, checked.out
    assert all(finding["severity"] != "error" for finding in checked.json["findings"])
    root = Path(run("dataset", "show", "fruit", "--json").json["root"])
    assert root.is_relative_to(tmp_path / "workspace")
    assert len(list(root.rglob("*.png"))) == 36


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_import_leaves_no_records_and_goes_on(
    run: Run, fruit: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    for number in range(3000):
        shutil.copy(fruit / "plum" / "1.png", fruit / "plum" / f"copy {number}.png")
    command = [sys.executable, "-m", "model_playground.cli", "dataset", "import", str(fruit)]
    workspace = tmp_path / "workspace"
    process = subprocess.Popen(
        [*command, "--name", "fruit"],
        env=os.environ | {"PLAYGROUND_WORKSPACE": str(workspace)},
        stderr=subprocess.PIPE,
        text=True,
        # What runs in a shell's background inherits that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    facts = workspace / "artifacts" / "image_facts.sqlite"
    while not facts.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "Interrupted: nothing half-made is left." in said
    assert not list((workspace / "artifacts").rglob("*.parquet"))
    assert run("dataset", "list", "--json").json == []
    assert run("dataset", "import", fruit, "--name", "fruit").code == 0
    (items,) = (workspace / "artifacts").rglob("items.parquet")
    assert pq.read_table(items).num_rows == 3036
