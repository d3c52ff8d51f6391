"""What the contributing page tells a newcomer to write works as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TRY_PLUGIN = """
import doctest, sys
from model_playground.losses.catalogue import load
declared = load([sys.argv[1]])["pseudo_huber"]
tried = doctest.testmod(sys.modules[declared.module], optionflags=doctest.ELLIPSIS)
assert tried.attempted and not tried.failed
assert "scale" in declared.parameters["properties"]
assert declared.formula and declared.prefer and declared.lowest_value
"""


def test_the_loss_of_the_contributing_page_is_found_and_its_example_holds(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    plugin = tmp_path / "pseudo_huber.py"
    plugin.write_text(example, encoding="utf-8")
    # In a Python of its own: a loss that was registered stays registered.
    finished = subprocess.run(
        [sys.executable, "-c", TRY_PLUGIN, plugin],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
