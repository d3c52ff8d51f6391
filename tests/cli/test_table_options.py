"""What a user can say of a table on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """Two photographs of each of three houses, and a table that names them."""
    folder = tmp_path / "houses"
    folder.mkdir()
    rows = ["front,back,style,price"]
    for number in range(3):
        for side in ("front", "back"):
            Image.new("RGB", (8, 6), (number * 80, len(side) * 40, 0)).save(
                folder / f"{side}{number}.png"
            )
        rows.append(f"front{number}.png,back{number}.png,old/brick,{number}.5")
    (folder / "houses.csv").write_text("\n".join(rows))
    return folder / "houses.csv"


def test_several_image_columns_and_a_value(run: Run, houses: Path) -> None:
    columns = ("--image-column", "front", "--image-column", "back", "--target-column", "price")
    done = run("dataset", "import", houses, "--name", "houses", *columns, "--json")
    assert done.code == 0, done.err
    assert (done.json["task"], done.json["items"]) == ("regression", 3)
    assert (done.json["target_names"], done.json["columns"]) == (["price"], ["style"])


def test_what_divides_tags(run: Run, houses: Path) -> None:
    said = ("--image-column", "front", "--target-column", "style", "--tag-separator", "/")
    done = run("dataset", "import", houses, "--name", "houses", *said, "--json")
    assert done.code == 0, done.err
    assert (done.json["task"], done.json["classes"]) == ("tagging", ["brick", "old"])


def test_a_column_or_sheet_that_is_not_there(run: Run, houses: Path) -> None:
    missing = run("dataset", "import", houses, "--name", "x", "--image-column", "frond")
    assert missing.code == 2
    assert "Did you mean front" in missing.err
    no_sheet = run("dataset", "import", houses, "--name", "x", "--sheet", "prices")
    assert no_sheet.code == 2
    assert "no sheet named 'prices'" in no_sheet.err
