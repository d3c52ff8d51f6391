"""Spreadsheets, Parquet, tags, columns of 0 and 1, several images of an item, odd text files."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pictures import draw, found, kinds
from spreadsheet_files import sheet_xml, write_xlsx

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.delimited import (
    delimited_header,
    read_delimited,
    read_first_rows,
)
from model_playground.datasets.formats.format import Export, ReadOptions
from model_playground.datasets.formats.table import Table
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision, training_items
from model_playground.datasets.tables import read_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images in a folder beside which a table can be written."""
    for name in ("a.png", "b.png", "c.png"):
        draw(tmp_path / "images" / name)
    return tmp_path


def values(revision: Revision) -> list[tuple[float, ...] | None]:
    """Return the values of all items in order."""
    return [item.values for item in training_items(revision, revision.item_ids)]


def tags(revision: Revision) -> dict[str, list[str]]:
    """Return the tags of each image."""
    found: dict[str, list[str]] = {path: [] for path in revision.items["path"].to_pylist()}
    paths = dict(zip(revision.item_ids, found, strict=True))
    for row in revision.annotations.to_pylist():
        if row["kind"] == "tag":
            found[paths[row["item_id"]]].append(revision.classes[row["class_index"]].name)
    return found


# Tags


@pytest.mark.parametrize(
    "text",
    [
        'file,tags\na.png,"sky, sea"\nb.png,\nc.png,sea\n',
        "file,labels\na.png,sky|sea\nb.png,\nc.png,sea\n",
        "file;Finding Labels\na.png;sky|sea\nb.png;\nc.png;sea\n",
        "file;keywords\na.png;\"['sky', 'sea']\"\nb.png;[]\nc.png;['sea']\n",
        'file,what\na.png,"[""sky"", ""sea""]"\nb.png,[]\nc.png,"[""sea""]"\n',
    ],
)
def test_a_list_in_a_cell_is_of_tags(folder: Path, text: str) -> None:
    (folder / "table.csv").write_text(text)
    revision, report = import_dataset(folder)
    assert revision.task == "tagging"
    assert [one.name for one in revision.classes] == ["sea", "sky"]
    assert tags(revision) == {
        "images/a.png": ["sky", "sea"],
        "images/b.png": [],
        "images/c.png": ["sea"],
    }
    assert "images_without_tags" in kinds(report)
    assert set(revision.annotations["source_line"].to_pylist()) == {2, 4}


def test_what_divides_tags_can_be_said(folder: Path) -> None:
    (folder / "table.csv").write_text("file,what\na.png,haze primary\nb.png,haze\nc.png,clear\n")
    options = ReadOptions(tag_separator=" ", target_columns=("what",))
    revision, _ = import_dataset(folder, options=options)
    assert [one.name for one in revision.classes] == ["clear", "haze", "primary"]


def test_a_class_name_with_commas_is_no_list(folder: Path) -> None:
    (folder / "table.csv").write_text('file,label\na.png,"plum, red"\nb.png,apple\n')
    revision, _ = import_dataset(folder)
    assert (revision.task, revision.class_counts()) == (
        "classification",
        {"apple": 1, "plum, red": 1},
    )


def test_rows_of_one_image_are_united_to_its_tags(folder: Path) -> None:
    rows = ["a.png,sky", "a.png,sea", "b.png,sky", "b.png,sky", "c.png,sea"]
    (folder / "table.csv").write_text("\n".join(["file,label", *rows]))
    revision, report = import_dataset(folder, task="tagging")
    assert tags(revision)["images/a.png"] == ["sky", "sea"]
    assert tags(revision)["images/b.png"] == ["sky"]
    assert [one.line for one in report.findings if one.kind == "tags_united"] == [3]
    assert [one.line for one in report.findings if one.kind == "duplicate_row"] == [5]
    with pytest.raises(InvalidError, match=r"lines 2 and 3 of table\.csv label a\.png differently"):
        import_dataset(folder)


def test_columns_of_0_and_1_are_a_class_if_one_is_1(folder: Path) -> None:
    table = folder / "table.csv"
    table.write_text("file,cat,dog\na.png,1,0\nb.png,0,1\nc.png,1.0,0.0\n")
    revision, report = import_dataset(folder)
    assert (revision.task, revision.class_counts()) == ("classification", {"cat": 2, "dog": 1})
    assert found(report, "yes_or_no_columns") == ["table.csv"]
    assert import_dataset(folder, task="tagging")[0].task == "tagging"
    assert values(import_dataset(folder, task="regression", options=TWO)[0])[0] == (1, 0)


TWO = ReadOptions(target_columns=("cat", "dog"))


def test_columns_of_0_and_1_are_tags_if_several_or_none_are_1(folder: Path) -> None:
    table = folder / "table.csv"
    table.write_text("file,cat,dog\na.png,1,1\nb.png,0,0\nc.png,1,0\n")
    revision, _ = import_dataset(folder)
    assert revision.task == "tagging"
    assert tags(revision) == {
        "images/a.png": ["cat", "dog"],
        "images/b.png": [],
        "images/c.png": ["cat"],
    }
    with pytest.raises(InvalidError, match=r"line 2 of table.csv has cat and dog where an image"):
        import_dataset(folder, task="classification")
    table.write_text("file,cat,dog\na.png,1,0\nb.png,0,\nc.png,1,0\n")
    with pytest.raises(InvalidError, match=r"line 3 of table.csv has nothing in the column dog"):
        import_dataset(folder, options=TWO)


def test_a_class_may_be_called_n_a(folder: Path) -> None:
    (folder / "table.csv").write_text("file,label\na.png,N/A\nb.png,null\nc.png,nan\n")
    assert set(import_dataset(folder)[0].class_counts()) == {"N/A", "null", "nan"}


# Several images of an item


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("photo_1,photo_2,photo_3", "a.png,b.png,c.png"),
        ("photo", "images"),
        ("photo", "images/*.png"),
        ("photo", "a.png|b.png|c.png"),
        ("photo", "\"['a.png', 'b.png', 'c.png']\""),
    ],
)
def test_a_row_may_name_several_images(folder: Path, header: str, row: str) -> None:
    for name in ("d", "e"):
        draw(folder / f"other/{name}.png")
    other = "d.png,e.png," if "," in header else "other"
    (folder / "table.csv").write_text(f"{header},price\n{row},1.5\n{other},2.5\n")
    options = ReadOptions(format="table")  # two folders of images could be two classes
    revision, report = import_dataset(folder, options=options)
    assert revision.items["path"].to_pylist() == ["images/a.png", "other/d.png"]
    further = revision.items["further_images"].to_pylist()
    assert [one["path"] for one in further[0]] == ["images/b.png", "images/c.png"]
    assert values(revision) == [(1.5,), (2.5,)]
    assert report.errors == 0


def test_image_columns_can_be_named(folder: Path) -> None:
    (folder / "table.csv").write_text("front,back,price\na.png,b.png,1.5\nc.png,,2.5\n")
    options = ReadOptions(image_columns=("back", "front"))
    revision, _ = import_dataset(folder, options=options)
    assert revision.items["path"].to_pylist() == ["images/b.png", "images/c.png"]


def test_names_may_be_given_by_how_they_begin(tmp_path: Path) -> None:
    for name in ("egg1S(1)", "egg1T(1)", "egg10S(1)", "egg2s(1)"):
        draw(tmp_path / f"images/{name}.png")
    table = tmp_path / "weights.csv"
    table.write_text("id,kind,weight\negg1,x,1.5\negg10,x,2.5\negg2,x,3.5\n")
    revision, report = import_dataset(table, options=ReadOptions(target_columns=("weight",)))
    assert dict(
        zip(
            revision.items["path"].to_pylist(),
            zip(revision.items["id"].to_pylist(), values(revision), strict=True),
            strict=True,
        )
    ) == {
        "images/egg1S(1).png": ("egg1", (1.5,)),
        "images/egg1T(1).png": ("egg1", (1.5,)),
        "images/egg10S(1).png": ("egg10", (2.5,)),
        "images/egg2s(1).png": ("egg2", (3.5,)),
    }
    assert found(report, "named_by_beginning") == ["weights.csv"]


def test_parts_and_statuses_are_taken_over(folder: Path) -> None:
    (folder / "table.csv").write_text(
        "file,price,split,status\na.png,1.5,val,DONE\nb.png,2.5,fold 3,NEW\nc.png,3.5,,\n"
    )
    revision, _ = import_dataset(folder, options=ReadOptions(target_columns=("price",)))
    assert revision.items["partition"].to_pylist() == ["validation", "fold 3", None]
    assert revision.items["split"].to_pylist() == ["val", "fold 3", ""]
    assert sorted(revision.given_statuses.values()) == ["DONE", "NEW"]


# Spreadsheets


def test_a_sheet_is_read_by_its_rows(folder: Path) -> None:
    rows = [["file", "price"], ["a.png", 1.0], ["b.png", "2,5"], [None, None], ["c.png", "3.5"]]
    write_xlsx(folder / "table.xlsx", {"Sheet1": rows})
    revision, _ = import_dataset(folder)
    assert values(revision) == [(1.0,), (2.5,), (3.5,)]
    assert revision.annotations["source_line"].to_pylist() == [2, 3, 5]


def test_titles_and_heads_of_two_rows(folder: Path) -> None:
    rows = [
        ["Prices of fruit", None, None],
        [None, None, None],
        ["file", "size", None],
        [None, "width", "height"],
        ["a.png", 1.5, 2.5],
        ["b.png", 3.5, 4.5],
    ]
    merged = ("A1:C1", "A3:A4", "B3:C3")
    (table,) = read_tables(write_xlsx(folder / "table.xlsx", {"one": rows}, merged=merged))
    assert table.columns == ("file", "size width", "size height")
    assert [row.line for row in table.rows] == [5, 6]
    options = ReadOptions(target_columns=("size width", "size height"))
    assert values(import_dataset(folder, options=options)[0]) == [(1.5, 2.5), (3.5, 4.5)]


def test_cells_shown_as_one_all_hold_the_text(folder: Path) -> None:
    rows = [["file", "kind"], ["a.png", "dog"], ["b.png", None], ["c.png", "cat"]]
    write_xlsx(folder / "table.xlsx", {"one": rows}, merged=("B2:B3",))
    assert import_dataset(folder)[0].class_counts() == {"cat": 1, "dog": 2}


def test_of_several_sheets_the_one_with_images_is_read(folder: Path) -> None:
    price = [["file", "price"], ["a.png", 1.5], ["b.png", 2.5]]
    path = folder / "table.xlsx"
    write_xlsx(path, {"notes": [["who", "when"], ["Ann", "May"]], "prices": price, "empty": []})
    revision, report = import_dataset(path)
    assert values(revision) == [(1.5,), (2.5,)]
    (said,) = (one.message for one in report.findings if one.kind == "sheet_chosen")
    assert said == "table.xlsx: of its 2 sheets prices is read"


def test_sheets_alike_are_read_as_one_or_chosen(folder: Path) -> None:
    path = folder / "table.xlsx"
    head = ["file", "price"]
    write_xlsx(path, {"one": [head, ["a.png", 1.5]], "two": [head, ["b.png", 2.5]]})
    revision, report = import_dataset(path)
    assert values(revision) == [(1.5,), (2.5,)]
    assert "2 sheets" in next(o.message for o in report.findings if o.kind == "sheets_united")
    assert values(import_dataset(path, options=ReadOptions(sheets=("two",)))[0]) == [(2.5,)]
    with pytest.raises(NotFoundError, match=r"no sheet named 'tow'. Did you mean two"):
        import_dataset(path, options=ReadOptions(sheets=("tow",)))


def test_sheets_that_differ_have_to_be_chosen(folder: Path) -> None:
    path = folder / "table.xlsx"
    one, two = [["file", "price"], ["a.png", 1.5]], [["file", "size"], ["b.png", 2.5]]
    write_xlsx(path, {"one": one, "two": two})
    with pytest.raises(InvalidError, match=r"2 sheets \(one, two\) .* choose with --sheet"):
        import_dataset(path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"x" * 50, b"\xd0\xcf\x11"])
@pytest.mark.parametrize("suffix", ["xls", "xlsx", "parquet"])
def test_a_damaged_file_is_refused(folder: Path, content: bytes, suffix: str) -> None:
    (folder / f"table.{suffix}").write_bytes(content)
    with pytest.raises(InvalidError, match=f"table.{suffix} (cannot be read|is empty)"):
        import_dataset(folder / f"table.{suffix}")


def test_a_sheet_that_would_fill_the_memory_is_refused(folder: Path) -> None:
    path = write_xlsx(folder / "table.xlsx", {"one": [["file", "price"], ["a.png", 1.5]]})
    far = sheet_xml([["file"]]).replace('r="A1"', 'r="XFD1048576"')
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/sheet2.xml", far)
    with pytest.raises(InvalidError, match="spans 1,048,576 rows and 16,384 columns"):
        read_tables(path)


# Parquet


def test_parquet_is_read_with_its_types(folder: Path) -> None:
    columns = {
        "file": ["a.png", "b.png", "c.png"],
        "taken": [datetime.date(2024, 12, 31), None, None],
        "tags": [["sky", "a, b"], [], ["sky"]],
    }
    pq.write_table(pa.table(columns), folder / "table.parquet")
    revision, _ = import_dataset(folder)
    assert tags(revision)["images/a.png"] == ["sky", "a, b"]
    assert revision.items["taken"].to_pylist() == ["2024-12-31", "", ""]
    assert set(revision.annotations["source_line"].to_pylist()) == {1, 3}


def test_images_inside_parquet_are_refused_with_what_to_do(folder: Path) -> None:
    inside = pa.table({"image": [{"bytes": b"x", "path": "a.png"}], "label": [1]})
    pq.write_table(inside, folder / "table.parquet")
    with pytest.raises(InvalidError, match=r"the column image of .* holds files instead"):
        import_dataset(folder / "table.parquet")


# Text files


def test_numbers_that_may_be_two_are_told(folder: Path) -> None:
    (folder / "table.csv").write_text('file,price\na.png,"1,234"\nb.png,"2,000"\n')
    revision, report = import_dataset(folder, task="regression")
    assert values(revision) == [(1234,), (2000,)]
    said = next(one.message for one in report.findings if one.kind == "ambiguous_number")
    assert "1,234 in the column price is read as 1234" in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_in_any_dress(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(['name,"a, ""b"""', 'é 图,"x', 'y"', "z,ü"]) + end
    bom = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "t.csv").write_bytes(bom + text.encode(encoding))
    table = read_delimited(tmp_path / "t.csv")
    assert table.columns == ("name", 'a, "b"')
    assert [row.cells[0] for row in table.rows] == ["é 图", "z"]
    assert table.rows[0].cells[1].split() == ["x", "y"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_beginning_of_a_large_table_is_read_in_any_encoding(
    tmp_path: Path, encoding: str
) -> None:
    text = "name,größe\n" + "".join(f"ü{number},{number}é\n" for number in range(50_000))
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    assert delimited_header(tmp_path / "t.csv") == ("name", "größe")
    beginning = read_first_rows(tmp_path / "t.csv")
    whole = read_delimited(tmp_path / "t.csv")
    assert len(whole.rows) == 50_000
    assert beginning.columns == whole.columns
    assert 1000 < len(beginning.rows) < len(whole.rows)
    assert beginning.rows == whole.rows[: len(beginning.rows)]


def test_a_very_long_cell_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"name,text\na,{'x' * 200_000}\n")
    assert len(read_delimited(tmp_path / "t.csv").rows[0].cells[1]) == 200_000


def test_a_nul_character_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"name,text\na,b\nc,\0d\n")
    with pytest.raises(InvalidError, match="line 3 holds a NUL character"):
        read_delimited(tmp_path / "t.csv")


# Writing


def written_again(revision: Revision, folder: Path) -> Revision:
    """Write a table beside copies of its images, and read it again."""
    source = Table()
    paths = {}
    for row in revision.items.to_pylist():
        for path in [row["path"], *(one["path"] for one in row["further_images"] or ())]:
            paths[path] = source.image_path(path, row["partition"])
            (folder / paths[path]).parent.mkdir(parents=True, exist_ok=True)
            (folder / paths[path]).write_bytes((revision.root / path).read_bytes())
    source.write(Export(revision, folder, paths, revision.given_statuses))
    return import_dataset(folder, options=ReadOptions(format="table"))[0]


@pytest.mark.parametrize(
    ("text", "task"),
    [
        (
            'file,label,1,split\na.png,"N/A, ""x""",2,val\nb.png,9,,\nc.png,é;|,x,fold 3\n',
            "classification",
        ),
        ("file,label\na.png,1\nb.png,2\nc.png,1\n", "classification"),
        ('file,tags,note\na.png,"[""a, b"", ""c|d""]",x\nb.png,[],y\nc.png,"[""x""]",z\n', None),
        ("file,cat,dog\na.png,1,1\nb.png,0,0\nc.png,1,0\n", None),
        ("file,cat,dog,status\na.png,1,0,DONE\nb.png,0,1,\nc.png,1,0,SKIPPED\n", None),
        ("file,x (m),n,partition\na.png,1e-7,2,train\nb.png,-0.1,1,trainval\nc.png,5,7,\n", "r"),
        ("file_1,file_2,w\na.png,b.png,1.5\nc.png,,2.5\n", None),
    ],
)
def test_a_table_is_written_and_read_as_it_was(
    folder: Path, tmp_path: Path, text: str, task: str | None
) -> None:
    (folder / "table.csv").write_text(text)
    targets = ("x (m)", "n") if task == "r" else ()
    if "1,split" in text:
        targets = ("label",)
    options = ReadOptions(target_columns=targets)
    revision, _ = import_dataset(
        folder, task="regression" if task == "r" else task, options=options
    )
    again = written_again(revision, tmp_path / "again")
    assert Table().losses(revision) == []
    assert again.task == revision.task
    assert again.classes == revision.classes
    assert again.items.to_pylist() == revision.items.to_pylist()
    assert again.hash == revision.hash
    assert again.given_statuses == revision.given_statuses


def test_classes_that_no_image_has_are_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "table.csv").write_text("file,label\na.png,x\nb.png,y\n")
    (folder / "classes.txt").write_text("y\nx\nz\n")
    revision, _ = import_dataset(folder / "table.csv")
    assert [one.name for one in revision.classes] == ["y", "x", "z"]
    assert written_again(revision, tmp_path / "again").hash == revision.hash


def test_what_a_table_cannot_hold_is_said(folder: Path) -> None:
    (folder / "table.csv").write_text("photo,kind,class\na.png,x,1\nb.png,y,2\n")
    revision, _ = import_dataset(folder, options=ReadOptions(target_columns=("kind",)))
    assert [one.message for one in Table().losses(revision)] == [
        "the table uses the columns class itself"
    ]
