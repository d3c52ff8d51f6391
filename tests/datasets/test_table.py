"""Tables of files: which columns hold what, and the dirt of spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import draw, found, kinds

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision, training_items

DROP = ReadOptions(drop_faulty=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images in a folder beside which a table can be written."""
    for name in ("a.png", "b.png", "c.png"):
        draw(tmp_path / "images" / name)
    return tmp_path


def write(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    """Write a table, byte by byte as it is given."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def values(revision: Revision) -> list[tuple[float, ...] | None]:
    """Return the values of all items in order."""
    return [item.values for item in training_items(revision, revision.item_ids)]


def class_names(revision: Revision) -> list[str]:
    """Return the classes of all items in order."""
    items = training_items(revision, revision.item_ids)
    return [revision.classes[item.class_index or 0].name for item in items]


# Which columns


def test_numbers_are_values(folder: Path) -> None:
    table = write(folder, "file,price\na.png,1.5\nb.png,2\nc.png,-3e2\n")
    for path in (table, folder):
        revision, report = import_dataset(path)
        assert (revision.format, revision.task) == ("table", "regression")
        assert (revision.root, revision.target_names) == (folder, ("price",))
        assert revision.items["path"].to_pylist() == [f"images/{name}.png" for name in "abc"]
        assert values(revision) == [(1.5,), (2.0,), (-300.0,)]
        assert kinds(report) == []
        assert revision.annotations["source_file"].to_pylist() == ["table.csv"] * 3
        assert revision.annotations["source_line"].to_pylist() == [2, 3, 4]


def test_text_is_a_class(folder: Path) -> None:
    write(folder, "file,kind\na.png,dog\nb.png,cat\nc.png,dog\n")
    revision, _ = import_dataset(folder)
    assert revision.task == "classification"
    assert revision.class_counts() == {"cat": 1, "dog": 2}
    assert class_names(revision) == ["dog", "cat", "dog"]


def test_whole_numbers_may_be_either_and_the_user_says_which(folder: Path) -> None:
    write(folder, "file,label\na.png,10\nb.png,9\nc.png,9\n")
    with pytest.raises(InvalidError, match="whole numbers: say with --task classification"):
        import_dataset(folder)
    as_classes, _ = import_dataset(folder, task="classification")
    assert as_classes.class_counts() == {"9": 2, "10": 1}
    as_values, _ = import_dataset(folder, task="regression")
    assert values(as_values) == [(10.0,), (9.0,), (9.0,)]


def test_numbers_among_text_are_not_guessed_at(folder: Path) -> None:
    write(folder, "file,weight\na.png,1.5\nb.png,?\nc.png,2.5\n")
    with pytest.raises(InvalidError, match="2 numbers and 1 texts"):
        import_dataset(folder)


def test_further_columns_are_kept_to_group_by(folder: Path) -> None:
    write(folder, "file,batch,width,price\na.png,x,9,1.5\nb.png,y,,2.5\nc.png,x,7,3.5\n")
    revision, _ = import_dataset(folder, options=ReadOptions(target_columns=("price",)))
    assert revision.columns == ("batch", "table_width")
    assert revision.items["batch"].to_pylist() == ["x", "y", "x"]
    assert revision.items["table_width"].to_pylist() == ["9", "", "7"]
    assert revision.items["width"].to_pylist() == [8, 8, 8]


def test_several_values_keep_the_order_in_which_they_are_named(folder: Path) -> None:
    write(folder, "file,x,y,z\na.png,1,2,0\nb.png,3,4,0\nc.png,5,6,0\n")
    revision, _ = import_dataset(folder, options=ReadOptions(target_columns=("y", "x")))
    assert (revision.task, revision.target_names) == ("regression", ("y", "x"))
    assert values(revision) == [(2.0, 1.0), (4.0, 3.0), (6.0, 5.0)]
    with pytest.raises(InvalidError, match="an image has one class"):
        import_dataset(
            folder, task="classification", options=ReadOptions(target_columns=("x", "y"))
        )


@pytest.mark.parametrize(
    ("header", "task", "target"),
    [
        ("file,note,price", None, "price"),  # the only numbers
        ("file,note,price", "regression", "price"),
        ("file,label,price", "classification", "label"),  # the only one called so
        ("part,file,price", None, "price"),  # a part is no label
        (",file,price", None, "price"),  # the row numbers that pandas writes
    ],
)
def test_the_column_of_labels_is_found(
    folder: Path, header: str, task: str | None, target: str
) -> None:
    cells = {
        "file": "{}.png",
        "price": "{}.5",
        "label": "class {}",
        "note": "n{}",
        "part": "train",
        "": "{}",
    }
    rows = [
        ",".join(
            cells[name].format("abc"[number] if name == "file" else number)
            for name in header.split(",")
        )
        for number in range(3)
    ]
    write(folder, "\n".join([header, *rows]))
    revision, _ = import_dataset(folder, task=task)
    assert target in (revision.target_names or ("label",))
    assert revision.task == (task or "regression")


@pytest.mark.parametrize(
    ("header", "task"),
    [("file,price,area", None), ("file,label,price", None), ("file,kind,note", "classification")],
)
def test_an_unclear_column_of_labels_is_asked_for(
    folder: Path, header: str, task: str | None
) -> None:
    values = {"price": "1.5", "area": "2.5", "label": "x", "kind": "x", "note": "y"}
    names = header.split(",")[1:]
    write(folder, header + "\n" + f"a.png,{','.join(values[name] for name in names)}\n")
    with pytest.raises(InvalidError, match=f"it has {', '.join(names)}: .*--target-column"):
        import_dataset(folder, task=task)


def test_the_column_of_images_is_found_by_what_is_in_it(folder: Path) -> None:
    write(folder, "value,which one\n1.5,a.png\n2.5,b.png\n3.5,c.png\n")
    assert values(import_dataset(folder)[0]) == [(1.5,), (2.5,), (3.5,)]


def test_columns_can_be_named(folder: Path) -> None:
    draw(folder / "images/d.png")
    text = "front,back,price,area\na.png,b.png,1.5,2.5\nc.png,d.png,3.5,4.5\n"
    table = write(folder, text)
    options = ReadOptions(image_columns=("back",), target_columns=("area",))
    revision, _ = import_dataset(table, options=options)
    assert revision.items["path"].to_pylist() == ["images/b.png", "images/d.png"]
    assert revision.columns == ("front", "price")
    with pytest.raises(NotFoundError, match=r"no column named 'aera'. Did you mean area"):
        import_dataset(table, options=ReadOptions(target_columns=("aera",)))
    with pytest.raises(NotFoundError, match=r"no column named 'picture'"):
        import_dataset(table, options=ReadOptions(image_columns=("picture",)))
    with pytest.raises(InvalidError, match="back names the image files"):
        import_dataset(
            table, options=ReadOptions(image_columns=("back",), target_columns=("back",))
        )


def test_a_table_without_images_says_what_it_has(tmp_path: Path) -> None:
    table = write(tmp_path, "name,age\nAnn,30\nBob,31\n")
    with pytest.raises(InvalidError, match="columns are name, age: name one with --image-column"):
        import_dataset(table)


def test_of_many_columns_the_first_are_told(tmp_path: Path) -> None:
    names = [f"pixel{number}" for number in range(784)]
    table = write(tmp_path, ",".join(names) + "\n" + ",".join("0" for _ in names) + "\n")
    with pytest.raises(InvalidError, match=r"pixel23, and 760 more: name one"):
        import_dataset(table)


def test_one_class_alone_is_refused(folder: Path) -> None:
    write(folder, "file,kind\na.png,dog\nb.png,dog\n")
    with pytest.raises(InvalidError, match="has the class dog"):
        import_dataset(folder)


def test_one_class_alone_does_not_hide_why_the_other_rows_cannot_be_used(folder: Path) -> None:
    write(folder, "file,kind\na.png,dog\nb.png,dog\nlost.png,cat\nc.png,\n")
    with pytest.raises(InvalidError, match=r"besides, 2 rows cannot be used: line 4 .*lost\.png"):
        import_dataset(folder)


def test_a_column_of_numbers_beside_possible_classes_is_said_to_be_a_guess(folder: Path) -> None:
    draw(folder / "images/d.png")
    write(folder, "image,dx,age\na,nv,45.5\nb,mel,50.5\nc,nv,60.5\nd,mel,70.5\n")
    revision, report = import_dataset(folder)
    assert revision.target_names == ("age",)
    (told,) = (one.message for one in report.findings if one.kind == "label_column_guessed")
    assert "age is read as the label" in told
    assert "dx may be classes: choose with --target-column" in told
    chosen = ReadOptions(target_columns=("age",))
    assert found(import_dataset(folder, options=chosen)[1], "label_column_guessed") == []


def test_one_of_several_tables_has_to_be_named(folder: Path) -> None:
    text = "file,price\na.png,1.5\nb.png,2.5\nc.png,3.5\n"
    write(folder, text, "one.csv")
    two = write(folder, text, "two.tsv")
    write(folder, "nothing to do with images", "README.txt")
    with pytest.raises(InvalidError, match=r"2 tables that name image files \(one.csv, two.tsv\)"):
        import_dataset(folder)
    assert len(import_dataset(two)[0].items) == 3


def test_tables_of_parts_with_the_same_columns_are_read_together(tmp_path: Path) -> None:
    for name in ("train/1.png", "train/2.png", "test/3.png"):
        draw(tmp_path / name)
    write(tmp_path, "file,kind\ntrain/1.png,cat\ntrain/2.png,dog\n", "train.csv")
    test = write(tmp_path, "file,kind\ntest/3.png,dog\n", "test.csv")
    revision, report = import_dataset(tmp_path)
    assert revision.items["partition"].to_pylist() == ["test", "train", "train"]
    assert class_names(revision) == ["dog", "cat", "dog"]
    assert report.recognised.endswith("test.csv and train.csv in it names image files")
    test.write_text("file,id\ntest/3.png,7\n")
    with pytest.raises(InvalidError, match="2 tables that name image files"):
        import_dataset(tmp_path)


def test_the_pattern_of_an_entry_to_a_competition_is_not_read_as_labels(tmp_path: Path) -> None:
    for name in ("train_images/a.png", "train_images/b.png", "test_images/c.png"):
        draw(tmp_path / name)
    labels = write(tmp_path, "id_code,diagnosis\na,mild\nb,none\n", "train.csv")
    write(tmp_path, "id_code,diagnosis\nc,none\n", "sample_submission.csv")
    revision, report = import_dataset(tmp_path)
    assert class_names(revision) == ["mild", "none"]
    assert found(report, "table_not_read") == ["sample_submission.csv"]
    labels.unlink()
    with pytest.raises(InvalidError, match=r"sample_submission\.csv shows how to enter a comp"):
        import_dataset(tmp_path)


def test_addresses_in_the_web_are_no_classes(folder: Path) -> None:
    write(folder, "file,link\na.png,http://x.org/1\nb.png,http://x.org/2\nc.png,http://x.org/3\n")
    with pytest.raises(InvalidError, match="not clear which column"):
        import_dataset(folder)


def test_a_row_with_too_many_cells_can_be_left_out(folder: Path) -> None:
    table = write(folder, "file,kind\na.png,cat\nb.png,dog, big\nc.png,dog\n")
    with pytest.raises(InvalidError, match=r"line 3 of \S+ has 3 cells and not 2: put a cell"):
        import_dataset(folder)
    revision, report = import_dataset(table, options=ReadOptions(drop_faulty=True))
    assert class_names(revision) == ["cat", "dog"]
    assert [one.line for one in report.findings if one.kind == "row_too_long"] == [3]


def test_names_may_differ_in_capital_letters_if_that_leaves_one_file(folder: Path) -> None:
    revision, _ = import_dataset(write(folder, "file,kind\nA.PNG,cat\nb.png,dog\nc.Png,cat\n"))
    assert class_names(revision) == ["cat", "dog", "cat"]
    draw(folder / "images/more/A.png")
    draw(folder / "images/even/A.Png")
    with pytest.raises(InvalidError, match="which may be"):
        import_dataset(write(folder, "file,kind\nA.PNG,cat\nb.png,dog\nc.png,cat\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.png 1.25\nb.png  2.5\nc.png 3\n", [(1.25,), (2.5,), (3.0,)]),
        ("a.png 1.25 7\nb.png 2.5 8\nc.png 3 9.5\n", [(1.25, 7), (2.5, 8), (3, 9.5)]),
        ("3\nage size\na.png 1.25 7\nb.png 2.5 8\nc.png 3 9.5\n", [(1.25, 7), (2.5, 8), (3, 9.5)]),
        ("file age\na.png 1.25\nb.png 2.5\nc.png 3\n", [(1.25,), (2.5,), (3.0,)]),
    ],
)
def test_a_list_may_be_divided_by_spaces(
    folder: Path, text: str, expected: list[tuple[float, ...]]
) -> None:
    table = write(folder, text, "list.txt")
    header = [one for one in text.splitlines()[:2] if one.startswith(("age", "file"))]
    names = tuple(header[0].removeprefix("file ").split()) if header else ()
    columns = names or tuple(f"column {place + 2}" for place in range(len(expected[0])))
    revision, _ = import_dataset(
        table, task="regression", options=ReadOptions(target_columns=columns)
    )
    assert values(revision) == expected


def test_a_name_with_a_space_in_it_is_not_divided(tmp_path: Path) -> None:
    for number in (1, 2):
        draw(tmp_path / f"photo {number}.png")
    write(tmp_path, "photo 1.png;cat\nphoto 2.png;dog\n", "list.txt")
    assert class_names(import_dataset(tmp_path)[0]) == ["cat", "dog"]


def test_one_and_minus_one_are_yes_and_no(folder: Path) -> None:
    write(folder, "file,male,young\na.png,1,-1\nb.png,-1,-1\nc.png,1,1\n")
    revision, _ = import_dataset(folder)
    assert revision.task == "tagging"
    assert revision.class_counts() == {"male": 2, "young": 1}
    write(folder, "file,male,young\na.png,1,-1\nb.png,-1,0\nc.png,1,1\n")  # 0 is a third answer
    with pytest.raises(InvalidError, match="holds whole numbers"):
        import_dataset(folder, options=ReadOptions(target_columns=("young",)))


def test_tags_may_be_divided_by_spaces(folder: Path) -> None:
    for name in "def":
        draw(folder / f"images/{name}.png")
    rows = zip("abcdef", ("sea sky", "sky", "sea", "rock sea", "rock sky", "rock"), strict=True)
    write(folder, "image,tags\n" + "".join(f"{name},{tags}\n" for name, tags in rows))
    revision, _ = import_dataset(folder, task="tagging")
    assert revision.class_counts() == {"rock": 3, "sea": 3, "sky": 3}


# How it was saved


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("file,price\na.png,1.5\nb.png,2.5\n", "utf-8"),
        ("\ufefffile,price\r\na.png,1.5\r\nb.png,2.5\r\n", "utf-8"),
        ("\ufefffile\tprice\r\na.png\t1,5\r\nb.png\t2,5\r\n", "utf-16-le"),
        ("file;price\na.png;1,5\nb.png;2,5\n", "utf-8"),
        ("file\tprice\na.png\t1,5\nb.png\t2.5\n", "utf-8"),
        ("a.png;1,5\nb.png;2,5\n", "utf-8"),  # no header
        ("a.png,1.5\nb.png,2.5\n", "utf-8"),
        ('"file","price"\n"a.png","1.5"\n\n"b.png"," 2.5 "\n,\n', "utf-8"),
        ("file,price,,\na.png,1.5,,\nb.png,2.5,,\n", "utf-8"),  # empty columns of a spreadsheet
    ],
)
def test_tables_are_read_however_they_were_saved(folder: Path, text: str, encoding: str) -> None:
    revision, _ = import_dataset(write(folder, text, encoding=encoding), task="regression")
    assert values(revision) == [(1.5,), (2.5,)]


def test_what_is_not_utf_8_is_read_as_windows_1252_and_reported(folder: Path) -> None:
    (folder / "images/a.png").rename(folder / "images/ä.png")
    table = write(folder, "file;maker\nä.png;Müller\nb.png;Dvořák\n")
    lines = table.read_text().splitlines(keepends=True)
    table.write_bytes(b"".join([lines[0].encode(), lines[1].encode("cp1252"), lines[2].encode()]))
    revision, report = import_dataset(table, task="classification")
    assert [one.name for one in revision.classes] == ["Dvořák", "Müller"]
    (found,) = [one for one in report.findings if one.kind == "encoding_assumed"]
    assert (found.severity, found.decision, found.file, found.line) == (
        "warning", "kept", "table.csv", 2
    )  # fmt: skip
    assert found.message == (
        "table.csv is not saved as UTF-8: 1 line is read as Windows-1252, the first line 2 as "
        "“ä.png;Müller”"
    )


def test_images_that_are_not_there_are_told_with_the_assumed_encoding(folder: Path) -> None:
    table = write(folder, "file,price\nкот.png,1.5\nb.png,2.5\n", encoding="cp1251")
    with pytest.raises(InvalidError, match=r"1 item cannot .*Windows-1252.* as “êîò.png,1.5”; .*"):
        import_dataset(table, task="regression")


@pytest.mark.parametrize("damage", [b"\x81", b"\xe4\x01", b"\xe4\0"])
def test_what_is_no_text_in_windows_1252_either_is_refused(folder: Path, damage: bytes) -> None:
    (folder / "table.csv").write_bytes(b"file,price\na.png,1.5\nb.png," + damage + b"\n")
    with pytest.raises(InvalidError, match="not saved as UTF-8, as line 3 shows: save it anew"):
        import_dataset(folder / "table.csv")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("file,price,price\na.png,1,2\n", "two columns named price"),
        ("file,price\na.png,1,5\nb.png,2.5\n", "line 2 of .* has 3 cells"),
    ],
)
def test_a_broken_table_is_refused(folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(write(folder, text), task="regression")


# Which files


@pytest.mark.parametrize(
    "name",
    ["images/b.png", "./images/b.png", "images\\b.png", "C:\\photos\\b.png", "/nowhere/b.png", "b"],
)
def test_a_file_may_be_named_in_many_ways(folder: Path, name: str) -> None:
    write(folder, f"file,price\na.png,1.5\n{name},2.5\n")
    assert "images/b.png" in import_dataset(folder)[0].items["path"].to_pylist()


def test_names_with_spaces_commas_and_accents(folder: Path) -> None:
    draw(folder / "images/é, ü 图.png")
    write(folder, 'file,price\na.png,1.5\n"é, ü 图.png",2.5\n')
    paths = import_dataset(folder)[0].items["path"].to_pylist()
    assert paths == ["images/a.png", "images/é, ü 图.png"]


def test_images_may_stand_outside_the_tables_folder(folder: Path) -> None:
    (folder / "tables").mkdir()
    table = write(folder / "tables", "file,price\n../images/a.png,1.5\n../images/b.png,2.5\n")
    revision, _ = import_dataset(table)
    assert revision.root == folder / "images"
    assert revision.items["path"].to_pylist() == ["a.png", "b.png"]


# Rows that cannot be used


@pytest.mark.parametrize(
    ("row", "kind", "complaint"),
    [
        ("missing.png,9", "missing_file", r"line 4 of table.csv names missing\.png: .* no such"),
        (",9", "missing_file", "line 4 of table.csv names no image file"),
        ("d.png,", "missing_label", "line 4 of table.csv has nothing in the column price"),
        ("d.png,heavy", "not_a_number", "line 4 of table.csv has 'heavy' in the column price"),
        ("d.png,nan", "not_a_number", "'nan' .* no finite number"),
        ("d.png,inf", "not_a_number", "'inf'"),
        ("d.png,1_000", "not_a_number", "'1_000'"),
        ('d.png,"1,5"', "not_a_number", "'1,5'"),
        ("b.png,9", "conflicting_rows", "lines 3 and 4 of table.csv label b.png differently"),
        ("twice.png,9", "ambiguous_file", r"twice.png, which may be one/twice.png and two/twice"),
    ],
)
def test_a_faulty_row_names_file_and_line(
    folder: Path, row: str, kind: str, complaint: str
) -> None:
    draw(folder / "images/d.png")
    for place in ("one", "two"):
        draw(folder / place / "twice.png")
    write(folder, f"file,price\na.png,1.5\nb.png,2.5\n{row}\nc.png,3.5\n")
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(folder, task="regression")
    revision, report = import_dataset(folder, task="regression", options=DROP)
    faults = [one for one in report.findings if one.severity == "error"]
    assert [(one.kind, one.decision) for one in faults] == [(kind, "dropped")]
    assert "images/a.png" in revision.items["path"].to_pylist()
    assert "images/d.png" not in revision.items["path"].to_pylist()


def test_a_row_that_stands_twice_is_kept_once(folder: Path) -> None:
    write(folder, "file,price\na.png,1.5\nb.png,2.5\na.png,1.50\n")
    revision, report = import_dataset(folder)
    assert values(revision) == [(1.5,), (2.5,)]
    assert [one.line for one in report.findings if one.kind == "duplicate_row"] == [4]


def test_a_file_without_row_is_told(folder: Path) -> None:
    draw(folder / "other/x.png")
    table = write(folder, "file,price\na.png,1.5\nb.png,2.5\n")
    _, report = import_dataset(table)
    assert found(report, "file_without_row") == ["images/c.png"]


def test_a_table_none_of_whose_files_exist_is_refused(tmp_path: Path) -> None:
    table = write(tmp_path, "file,price\na.png,1.5\nb.png,2.5\n")
    for options in (ReadOptions(), DROP):
        with pytest.raises(InvalidError, match="no image that can be used: line 2"):
            import_dataset(table, options=options)


def test_lists_of_parts_beside_a_table_are_told_and_those_that_are_read_are_not(
    folder: Path,
) -> None:
    table = write(folder, "file,price\na.png,1.5\nb.png,2\n")
    (folder / "train_val_list.txt").write_text("a.png\n")
    (folder / "other").mkdir()
    (folder / "other/test.txt").write_text("c.png\n")  # may be of another dataset
    (folder / "splits.txt").write_text("file kind\na.png cat\nb.png dog\n")
    report = import_dataset(table, task="regression")[1]
    (said,) = [one.message for one in report.findings if one.kind == "part_list"]
    assert said.startswith("2 lists beside the images, such as splits.txt, may name parts and are")
    (folder / "train_val_list.txt").unlink()
    assert found(import_dataset(folder / "splits.txt")[1], "part_list") == []


def test_a_table_in_the_folder_of_each_part_is_read(tmp_path: Path) -> None:
    for part, row in (("train", "1, 0"), ("valid", "0, 1"), ("test", "1, 0")):
        draw(tmp_path / f"{part}/{part}.png")
        write(tmp_path, f"filename, cat, dog\n{part}.png, {row}\n", f"{part}/_classes.csv")
    draw(tmp_path / "train/more.png")
    revision, report = import_dataset(tmp_path)
    assert (revision.format, revision.task) == ("table", "classification")
    assert revision.class_counts() == {"cat": 2, "dog": 1}
    assert revision.items["partition"].to_pylist() == ["test", "train", "validation"]
    assert revision.annotations["source_file"].to_pylist()[0] == "test/_classes.csv"
    assert found(report, "file_without_row") == ["train/more.png"]


def test_tables_of_parts_with_other_columns_are_not_read_together(tmp_path: Path) -> None:
    for part, column in (("train", "kind"), ("test", "sort")):
        draw(tmp_path / f"{part}/{part}.png")
        write(tmp_path, f"file,{column}\n{part}.png,a\n", f"{part}/labels.csv")
    with pytest.raises(InvalidError, match="laid out in no way that is known"):
        import_dataset(tmp_path)


def test_captions_are_no_classes_unless_they_are_named(tmp_path: Path) -> None:
    text = "image,caption\n"
    for name in ("a", "b", "c"):
        draw(tmp_path / f"{name}.png")
        text += f"{name}.png,A dog called {name} runs over the grass .\n"
    table = write(tmp_path, text, "captions.txt")
    with pytest.raises(InvalidError, match="holds sentences, such as 'A dog called a runs"):
        import_dataset(tmp_path)
    revision, _ = import_dataset(table, options=ReadOptions(target_columns=("caption",)))
    assert len(revision.classes) == 3


def test_classes_of_many_words_are_classes(tmp_path: Path) -> None:
    text = "image,kind\n"
    for name in "abcdef":
        draw(tmp_path / f"{name}.png")
        text += f"{name}.png,a leaf with spots of {'rust' if name < 'd' else 'mould'}\n"
    assert len(import_dataset(write(tmp_path, text))[0].classes) == 2
