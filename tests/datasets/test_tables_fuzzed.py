"""Tables and class tables as no program writes them: an import ends in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import draw, draw_mask
from spreadsheet_files import write_xlsx

from model_playground.core.errors import InvalidError
from model_playground.datasets.tables import read_tables


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("file,kind,price\na.png,dog,1.5\nb.png,cat,2\nc.png,dog,3\n", ("regression",)),
        ('file;label\na.png;"dog; x"\nb.png;cat\nc.png;\n', ("classification", "tagging")),
        ("file_1,file_2,cat,dog\na.png,b.png,1,0\nc.png,,0,1\n", (None, "tagging")),
        ("id,tags,split,status\na,\"['x', 'y']\",val,DONE\nb,[],train,NEW\n", (None,)),
    ],
)
def test_no_table_ends_in_a_traceback(
    tmp_path: Path, text: str, tasks: tuple[str | None, ...]
) -> None:
    for name in "abc":
        draw(tmp_path / f"made/images/{name}.png")
    (tmp_path / "made/table.csv").write_text(text)
    (tmp_path / "made/classes.txt").write_text("cat\ndog\n")
    files = ("table.csv", "classes.txt")
    cases = CASES // 4
    assert_no_traceback(tmp_path / "made", files, "table", tmp_path / "x", tasks=tasks, cases=cases)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.csv", "name,r,g,b\nroad,1,2,3\nsky,4,5,6\nvoid,0,0,0\n"),
        ("labelmap.txt", "road:1,2,3::\nsky:4,5,6::\n"),
        ("classes.json", '{"0": "road", "7": "sky"}'),
        ("config.yaml", "train: {images: images, masks: masks}\nclasses: {0: road, 7: sky}\n"),
    ],
)
def test_no_class_table_ends_in_a_traceback(tmp_path: Path, name: str, text: str) -> None:
    draw(tmp_path / "made/images/a.png", (4, 2))
    draw_mask(tmp_path / "made/masks/a_mask.png", [[0, 7, 7, 7]] * 2)
    (tmp_path / "made" / name).write_text(text)
    assert_no_traceback(tmp_path / "made", (name,), "index_masks", tmp_path / "x", cases=CASES // 4)


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_spreadsheet_ends_in_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    whole = write_xlsx(tmp_path / "whole.xlsx", {"one": [["file", "x"], ["a.png", 1.5]]})
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(content)))
    for name in ("cut.xlsx", "cut.xls"):
        (tmp_path / name).write_bytes(content[:cut] if data.draw(st.booleans()) else content)
        try:
            tables = read_tables(tmp_path / name)
        except InvalidError as error:
            said = [str(error)]
        else:
            said = [table.name for table in tables]
        assert all(name in one for one in said)
