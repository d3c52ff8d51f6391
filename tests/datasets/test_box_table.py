"""Tables of boxes: columns by name, numbers, images that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found, kinds
from spreadsheet_files import write_xlsx

from model_playground.core.errors import InvalidError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
Box = tuple[str, str, tuple[float, ...]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of 8×6 pixels."""
    for name in ("a", "b", "c"):
        draw(tmp_path / f"images/{name}.png")
    return tmp_path


def boxes(revision: Revision) -> list[Box]:
    """Return image, class and box xyxy of each object."""
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    return [
        (
            paths[row["item_id"]].rpartition("/")[2],
            revision.classes[row["class_index"]].name,
            tuple(row[side] for side in ("left", "top", "right", "bottom")),
        )
        for row in revision.annotations.to_pylist()
    ]


WANTED = [
    ("a.png", "cat", (1, 2, 5, 4)),
    ("a.png", "dog", (0, 0, 8, 6)),
    ("b.png", "cat", (1.5, 2, 3, 4)),
]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "a.png,8,6,cat,1,2,5,4\na.png,8,6,dog,0,0,8,6\nb.png,8,6,cat,1.5,2,3,4\n",
        "xmax;xmin;ymax;ymin;cell_type;image\n"
        "5;1;4;2;cat;a.png\n8;0;6;0;dog;a.png\n3;1,5;4;2;cat;b.png\n",
        "path,x1,y1,x2,y2,label\na.png,1,2,5,4,cat\na.png,0,0,8,6,dog\nb.png,1.5,2,3,4,cat\n",
        "label,x,y,w,h,file\ncat,1,2,4,2,a.png\ndog,0,0,8,6,a.png\ncat,1.5,2,1.5,2,b.png\n",
    ],
)
def test_columns_are_known_by_their_names(folder: Path, text: str) -> None:
    (folder / "boxes.csv").write_text(text)
    for path in (folder, folder / "boxes.csv"):
        revision, report = import_dataset(path)
        assert (revision.format, revision.task) == ("box_table", "detection")
        assert boxes(revision) == WANTED
        assert revision.annotations["source_line"].to_pylist() == [2, 3, 4]
        assert found(report, "file_without_row") == ["images/c.png"]
        assert report.errors == 0
    assert import_dataset(folder, task="tagging")[0].task == "tagging"


def test_a_spreadsheet_may_hold_boxes(folder: Path) -> None:
    rows = [["file", "label", "xmin", "ymin", "xmax", "ymax"], ["a.png", "cat", 1.0, 2.0, 5.0, 4.0]]
    write_xlsx(folder / "boxes.xlsx", {"notes": [["who"], ["Ann"]], "boxes": rows})
    assert boxes(import_dataset(folder)[0]) == WANTED[:1]


def test_a_row_without_box_is_an_image_without_objects(folder: Path) -> None:
    (folder / "boxes.csv").write_text(HEAD + "a.png,8,6,cat,1,2,5,4\nb.png,8,6,,,,,\n")
    revision, _ = import_dataset(folder)
    assert revision.items.num_rows == 2
    assert boxes(revision) == WANTED[:1]


def test_numbers_up_to_1_are_shares(folder: Path) -> None:
    (folder / "boxes.csv").write_text("file,label,xmin,ymin,xmax,ymax\na.png,cat,0.25,0.5,1,1\n")
    revision, report = import_dataset(folder)
    assert boxes(revision) == [("a.png", "cat", (2, 3, 8, 6))]
    assert "shares_assumed" in kinds(report)


def test_further_columns_are_attributes_and_parts(folder: Path) -> None:
    text = "file,label,xmin,ymin,xmax,ymax,split,occluded\na.png,cat,1,2,5,4,val,yes\n"
    (folder / "boxes.csv").write_text(text)
    revision, _ = import_dataset(folder)
    assert revision.annotations["attributes"].to_pylist() == ['{"occluded":"yes"}']
    assert revision.items["partition"].to_pylist() == ["validation"]


def test_faults_are_told_by_line(folder: Path) -> None:
    rows = [
        "a.png,8,6,cat,1,2,5,4",
        "a.png,8,6,cat,1,2,five,4",
        "a.png,8,6,cat,,,,",
        "a.png,8,6,,1,2,3,4",
        "gone.png,8,6,cat,1,2,3,4",
        "gone.png,8,6,dog,1,2,3,4",
        ",8,6,dog,1,2,3,4",
        "b.png,9,6,cat,5,2,1,4",
    ]
    (folder / "boxes.csv").write_text(HEAD + "\n".join(rows))
    with pytest.raises(InvalidError, match=r"2 lines of boxes\.csv name gone\.png, the first 6:"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=ReadOptions(drop_faulty=True))
    assert len(boxes(revision)) == 2
    told = {(one.kind, one.line) for one in report.findings}
    assert {
        ("bad_box", 3),
        ("no_shape", 4),
        ("bad_annotation", 5),
        ("missing_file", 6),
        ("missing_file", 8),
        ("size_differs", 9),
        ("reversed_box", 9),
    } <= told


def test_a_column_of_classes_may_have_to_be_named(folder: Path) -> None:
    text = "file,kind,note,xmin,ymin,xmax,ymax\na.png,cat,x,1,2,5,4\n"
    (folder / "boxes.csv").write_text(text)
    with pytest.raises(InvalidError, match=r"it has kind, note: name it with --target-column"):
        import_dataset(folder)
    options = ReadOptions(target_columns=("kind",), image_columns=("file",))
    assert boxes(import_dataset(folder, options=options)[0]) == WANTED[:1]


def test_other_formats_labels_come_first(folder: Path) -> None:
    (folder / "boxes.csv").write_text(HEAD + "a.png,8,6,cat,1,2,5,4\n")
    (folder / "images/a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>cat</name><bndbox><xmin>1</xmin>"
        "<ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox></object></annotation>"
    )
    revision, report = import_dataset(folder)
    assert revision.format == "pascal_voc"
    assert "box_table" in report.recognised


def test_no_table_of_boxes_ends_in_a_traceback(folder: Path, tmp_path: Path) -> None:
    (folder / "boxes.csv").write_text(
        HEAD + "a.png,8,6,cat,1,2,5,4\nb.png,8,6,dog,0.5,1,2,3\nb.png,8,6,,,,,\n"
    )
    files = ("boxes.csv",)
    assert_no_traceback(
        folder, files, "box_table", tmp_path / "x", tasks=(None, "tagging"), cases=CASES
    )


@pytest.mark.parametrize(
    ("table", "image"),
    [
        ("{}/_annotations.csv", "{}/{}.png"),
        ("download/{}/_annotations.csv", "download/{}/{}.png"),
        ("{}_labels.csv", "{}/{}.png"),
    ],
)
def test_a_table_for_each_part(tmp_path: Path, table: str, image: str) -> None:
    for number, part in enumerate(("train", "valid", "test")):
        file = tmp_path / table.format(part)
        names = (f"a{number}", f"b{number}")
        for name in names:
            draw(tmp_path / image.format(part, name))
        file.parent.mkdir(exist_ok=True)
        file.write_text(HEAD + "".join(f"{name}.png,8,6,cat,1,2,5,{number}\n" for name in names))
    draw(tmp_path / image.format("test", "unlabelled"))
    revision, report = import_dataset(tmp_path)
    assert sorted(boxes(revision)) == [
        (f"{name}{number}.png", "cat", (1, 2, 5, number)) for name in "ab" for number in range(3)
    ]
    paths, parts = (revision.items[one].to_pylist() for one in ("path", "partition"))
    assert {path.split("/")[-2] for path in paths} == {"train", "valid", "test"}
    assert [path.split("/")[-2][:3] for path in paths] == [part[:3] for part in parts]
    (left,) = found(report, "file_without_row")
    assert left.endswith("test/unlabelled.png")


def test_tables_in_two_units_are_refused(folder: Path) -> None:
    head = "file,label,xmin,ymin,xmax,ymax\n"
    (folder / "train_labels.csv").write_text(head + "a.png,cat,0.25,0.5,1,1\n")
    (folder / "test_labels.csv").write_text(head + "b.png,cat,1,2,5,4\n")
    wanted = r"all boxes of train_labels\.csv are shares .*, those of test_labels\.csv are not"
    with pytest.raises(InvalidError, match=wanted):
        import_dataset(folder)
    (folder / "test_labels.csv").write_text(head + "b.png,,,,,\n")  # has no box
    revision, report = import_dataset(folder)
    assert boxes(revision) == [("a.png", "cat", (2, 3, 8, 6))]
    assert "shares_assumed" in kinds(report)


def test_several_tables_of_no_part_are_asked_for(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.csv").write_text(HEAD + "a.png,8,6,cat,1,2,5,4\n")
    with pytest.raises(InvalidError, match=r"2 tables of boxes .*call each after its part"):
        import_dataset(folder)


def test_columns_of_a_region_of_interest(folder: Path) -> None:
    (folder / "GT.csv").write_text(
        "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\na.png;8;6;1;2;5;4;14\n"
    )
    assert boxes(import_dataset(folder)[0]) == [("a.png", "14", (1, 2, 5, 4))]


@pytest.mark.parametrize("box", ['"[1.0, 2.0, 4.0, 2.0]"', "1 2 4 2"])
def test_a_cell_may_hold_a_whole_box_and_an_image_be_named_without_suffix(
    folder: Path, box: str
) -> None:
    (folder / "train.csv").write_text(
        f'image_id,width,height,bbox,label\na,8,6,{box},cat\nb,8,6,"[1, 2, 3]",cat\nc,8,6,,\n'
    )
    revision, report = import_dataset(folder)
    assert boxes(revision) == [("a.png", "cat", (1, 2, 5, 4))]
    assert revision.items.num_rows == 3
    assert kinds(report).count("bad_box") == 1


def test_a_name_without_suffix_that_two_images_have_is_unclear(folder: Path) -> None:
    draw(folder / "images/a.jpg")
    (folder / "train.csv").write_text("image_id,bbox,label\na,1 2 4 2,cat\nb,1 2 4 2,cat\n")
    with pytest.raises(InvalidError, match=r"names a, which may be .*a\.jpg and .*a\.png"):
        import_dataset(folder)
