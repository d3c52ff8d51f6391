"""VIA's JSON: projects and exports, shapes, the attribute that says the class, and faults."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from fuzzing import CASES, assert_no_traceback
from pictures import draw, found

from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision

DROP = ReadOptions(drop_faulty=True)
RECT = {"name": "rect", "x": 1, "y": 2, "width": 4, "height": 2}
TRIANGLE = {"name": "polygon", "all_points_x": [1, 5, 5], "all_points_y": [2, 2, 4]}
CIRCLE = {"name": "circle", "cx": 4, "cy": 3, "r": 2}
ELLIPSE = {"name": "ellipse", "cx": 4, "cy": 3, "rx": 3, "ry": 1, "theta": math.pi / 2}


def a_region(shape: Any = RECT, **attributes: Any) -> dict[str, Any]:
    """A region; arguments are its attributes."""
    return {"shape_attributes": shape, "region_attributes": attributes}


def an_image(name: str, *regions: Any, **changes: Any) -> dict[str, Any]:
    """An image by its key; arguments replace its own keys."""
    entry = {"filename": name, "size": 90, "regions": list(regions), "file_attributes": {}}
    return {f"{name}90": entry | changes}


def as_project(images: dict[str, Any], **options: dict[str, str]) -> dict[str, Any]:
    """A project whose attributes of regions have these options."""
    attributes = {name: {"type": "dropdown", "options": some} for name, some in options.items()}
    return {
        "_via_settings": {"ui": {}, "project": {"name": "p"}},
        "_via_img_metadata": images,
        "_via_attributes": {"region": attributes, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(images),
    }


def write(folder: Path, said: Any, name: str = "via_region_data.json") -> Path:
    """Images a.png and b.png of 8×6 pixels, and a file."""
    for one in ("a", "b"):
        draw(folder / f"{one}.png", (8, 6), like=f"{folder.name} {one}")
    (folder / name).write_text(json.dumps(said, indent=1), encoding="utf-8")
    return folder


def read(folder: Path, *regions: Any) -> tuple[Revision, CheckReport]:
    """Read a file in which a.png has these regions."""
    return import_dataset(write(folder, an_image("a.png", *regions)), options=DROP)


def line_before(folder: Path, text: str) -> int:
    """Return the line before the first on which a text stands."""
    lines = (folder / "via_region_data.json").read_text().splitlines()
    return next(number for number, one in enumerate(lines) if text in one)


def sides(row: dict[str, Any]) -> list[float]:
    return [round(row[one], 6) for one in ("left", "top", "right", "bottom")]


def test_an_export_is_read_with_all_that_is_said_of_regions(tmp_path: Path) -> None:
    revision, report = read(tmp_path, a_region(RECT, name="N/A", far="yes", near=""))
    (row,) = revision.annotations.to_pylist()
    assert (row["kind"], sides(row)) == ("box", [1, 2, 5, 4])
    assert row["attributes"] == '{"far":"yes"}'
    assert row["source_file"] == "via_region_data.json"
    assert row["source_line"] == line_before(tmp_path, '"shape_attributes"')
    assert revision.class_counts() == {"N/A": 1}
    assert revision.task == "detection"
    assert report.errors == 0
    assert found(report, "file_without_row") == ["b.png"]
    assert report.recognised.startswith(
        "read as via, because via_region_data.json holds VIA's regions of images"
    )


def test_a_project_and_regions_by_number_are_the_same(tmp_path: Path) -> None:
    region = a_region(TRIANGLE, name="balloon")
    by_number = an_image("a.png", regions={"0": region}, fileref="", base64_img_data="")
    for said in (an_image("a.png", region), by_number, as_project(by_number)):
        revision, report = import_dataset(write(tmp_path, said))
        (row,) = revision.annotations.to_pylist()
        assert row["rings_xy"] == [[1, 2, 5, 2, 5, 4]]
        assert row["source_line"] == line_before(tmp_path, '"shape_attributes"')
        assert revision.task == "instance_segmentation"
        assert report.errors == 0
        assert revision.format == "via"


def test_circles_and_ellipses_are_outlines_and_are_reported(tmp_path: Path) -> None:
    revision, report = read(tmp_path, a_region(CIRCLE), a_region(ELLIPSE))
    circle, turned = revision.annotations.to_pylist()
    assert sides(circle) == [2, 1, 6, 5]
    assert sides(turned) == [3, 0, 5, 6]
    assert len(circle["rings_xy"][0]) == 128
    assert [one["attributes"] for one in (circle, turned)] == [
        '{"shape":"circle"}',
        '{"shape":"ellipse"}',
    ]
    (finding,) = [one for one in report.findings if one.kind == "approximated_shape"]
    assert finding.line == line_before(tmp_path, '"shape_attributes"')
    assert finding.message.startswith("2 circles and ellipses")


def test_lines_and_points_are_counted(tmp_path: Path) -> None:
    line = {"name": "polyline", "all_points_x": [1, 2], "all_points_y": [1, 2]}
    point = {"name": "point", "cx": 1, "cy": 2}
    revision, report = read(tmp_path, a_region(), a_region(line), a_region(point), a_region(point))
    assert revision.object_count == 1
    said = [one.message for one in report.findings if one.kind == "unread_shape"]
    assert [one.split(", the")[0].split(";")[0] for one in said] == [
        "a region that is a point is not read, 2 in all",
        "a region that is a polyline is not read, 1 in all",
    ]


@pytest.mark.parametrize(
    ("regions", "classes"),
    [
        ([{"class": "cat", "id": "7"}, {"class": "dog"}], ["cat", "dog"]),
        ([{"species": "cat"}, {"species": "dog"}], ["cat", "dog"]),
        ([{"Label": "cat", "name": "Tom"}], ["cat"]),
        ([{"kind": {"cat": True, "dog": False}}, {"kind": {"dog": True}}], ["cat", "dog"]),
        ([{"type": 3}, {"type": 1.5}], ["1.5", "3"]),
        ([{}, {}], ["object"]),
        ([{"name": ""}, {"name": " "}], ["object"]),
    ],
)
def test_the_class_is_said_by_the_attribute_called_so_or_the_only_one(
    tmp_path: Path, regions: list[dict[str, Any]], classes: list[str]
) -> None:
    revision, report = read(tmp_path, *(a_region(RECT | {"x": 0}, **one) for one in regions))
    assert [one.name for one in revision.classes] == classes
    assert revision.object_count == len(regions)
    assumed = ["via_region_data.json"] if classes == ["object"] else []
    assert found(report, "class_assumed") == assumed


def test_of_several_attributes_the_user_chooses(tmp_path: Path) -> None:
    write(tmp_path, an_image("a.png", a_region(sort="cat", coat="grey")))
    with pytest.raises(InvalidError, match=r"they have sort, coat: name one with --target-column"):
        import_dataset(tmp_path)
    options = ReadOptions(target_columns=("coat",))
    revision, _ = import_dataset(tmp_path, options=options)
    assert revision.class_counts() == {"grey": 1}
    with pytest.raises(InvalidError, match="says size; they have sort, coat"):
        import_dataset(tmp_path, options=ReadOptions(target_columns=("size",)))


def test_options_of_a_project_are_classes_by_their_names(tmp_path: Path) -> None:
    said = as_project(an_image("a.png", a_region(kind="1")), kind={"1": "cat", "2": "dog", "3": ""})
    revision, report = import_dataset(write(tmp_path, said))
    assert revision.class_counts() == {"3": 0, "cat": 1, "dog": 0}
    assert "unused_class" in [one.kind for one in report.findings]


@pytest.mark.parametrize(
    "region",
    [
        a_region({"name": "rect", "x": 1, "y": 2, "width": 4}, name="cat"),
        a_region(RECT | {"x": "1"}, name="cat"),
        a_region(RECT | {"x": True}, name="cat"),
        a_region(RECT | {"x": 1e300}, name="cat"),
        a_region(TRIANGLE | {"all_points_x": [1, 2]}, name="cat"),
        a_region(TRIANGLE | {"all_points_x": [], "all_points_y": []}, name="cat"),
        a_region({"name": "cube"}, name="cat"),
        a_region({}, name="cat"),
        a_region([], name="cat"),
        a_region(RECT, name=""),
        a_region(RECT),
        a_region(RECT, name={"cat": True, "dog": True}),
        {"region_attributes": {"name": "cat"}, "shape_attributes": None},
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(tmp_path: Path, region: dict[str, Any]) -> None:
    revision, report = read(tmp_path, a_region(name="dog"), region)
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    lines = (tmp_path / "via_region_data.json").read_text().splitlines()
    begins = [number for number, one in enumerate(lines, start=1) if one == "   {"]
    assert (finding.decision, finding.line) == ("dropped", begins[1])


def test_parts_and_images_of_one_name_go_by_folder(tmp_path: Path) -> None:
    for part in ("train", "val"):
        write(tmp_path / "balloon" / part, an_image("a.png", a_region(TRIANGLE)))
    for path in (tmp_path / "balloon", tmp_path):
        revision, report = import_dataset(path)
        assert revision.items["partition"].to_pylist() == ["train", "validation"]
        assert report.errors == 0
        assert [Path(one).parts[-2] for one in revision.items["path"].to_pylist()] == [
            "train",
            "val",
        ]
    draw(tmp_path / "other/test/c.png")
    (tmp_path / "other/via.json").write_text(json.dumps(an_image("c.png", a_region())))
    assert import_dataset(tmp_path / "other")[0].items["partition"].to_pylist() == ["test"]


def test_attributes_of_an_image_are_columns(tmp_path: Path) -> None:
    attributes = {
        "caption": "a, b",
        "path": "x",
        "empty": "",
        "seen": {"day": True, "night": False},
    }
    write(tmp_path, an_image("a.png", a_region(), file_attributes=attributes))
    revision, _ = import_dataset(tmp_path)
    assert {name: revision.items[name].to_pylist() for name in revision.columns} == {
        "caption": ["a, b"],
        "table_path": ["x"],
        "seen": ["day"],
    }


def test_images_that_are_not_there_twice_or_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, an_image("gone.png") | an_image("http://host/x/a.png") | {"k": 1})
    with pytest.raises(InvalidError, match=r"the image gone.png is not here"):
        import_dataset(tmp_path)
    revision, report = import_dataset(tmp_path, options=DROP)
    assert revision.items["path"].to_pylist() == ["a.png"]
    assert found(report, "path_remapped") == ["via_region_data.json"]
    assert found(report, "bad_image_record") == ["via_region_data.json"]
    write(tmp_path, as_project(an_image("a.png")), "project.json")
    with pytest.raises(
        InvalidError, match=r"stands in project.json too: give the path of one file"
    ):
        import_dataset(tmp_path)


def test_unread_keys_and_copies_of_images_are_reported(tmp_path: Path) -> None:
    write(tmp_path, an_image("a.png", a_region(), base64_img_data="abcd", colour="red"))
    _, report = import_dataset(tmp_path)
    assert found(report, "unread_key") == ["via_region_data.json"]
    assert found(report, "embedded_image") == ["via_region_data.json"]


def test_a_broken_file_is_named_by_line(tmp_path: Path) -> None:
    write(tmp_path, an_image("a.png", a_region()))
    file = tmp_path / "via_region_data.json"
    file.write_text(file.read_text().replace("]", "", 1))
    with pytest.raises(InvalidError, match=r"via_region_data.json line \d+: the JSON cannot be"):
        import_dataset(tmp_path)
    file.write_text('{"_via_img_metadata": [1], "_via_settings": {}}')
    with pytest.raises(InvalidError, match="holds no images"):
        import_dataset(tmp_path)


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    shapes = (RECT, TRIANGLE, CIRCLE, ELLIPSE, {"name": "point", "cx": 1, "cy": 2})
    regions = [a_region(one, name="1", wet={"yes": True}) for one in shapes]
    attributes = {"file_attributes": {"caption": "x"}}
    images = an_image("a.png", *regions, **attributes) | an_image(
        "x/b.png", regions={"0": regions[1]}
    )
    folder = write(tmp_path / "data", as_project(images, name={"1": "cat"}))
    write(folder / "more", an_image("c.png", *regions[:2]), "export.json")
    draw(folder / "more/c.png", (8, 6))
    assert_no_traceback(
        folder,
        ("via_region_data.json", "more/export.json"),
        "via",
        tmp_path / "x",
        tasks=(None, "segmentation", "detection"),
        cases=CASES,
    )


HEAD = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes"
HEAD += ",region_attributes"


def a_row(name: str, shape: Any = RECT, said: Any = None, **attributes: Any) -> str:
    """A row of the table that VIA exports; arguments are the region's attributes."""
    cells = [json.dumps(one).replace('"', '""') for one in (said or {}, shape, attributes)]
    return f'{name},90,"{cells[0]}",1,0,"{cells[1]}","{cells[2]}"'


def write_table(folder: Path, *rows: str) -> Path:
    """Images and the table alone."""
    write(folder, {}).joinpath("via_region_data.json").unlink()
    (folder / "via_export_csv.csv").write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    return folder


def test_a_table_says_what_the_json_does(tmp_path: Path) -> None:
    rows = [
        a_row("a.png", RECT, {"caption": "x"}, type="cat", wet="yes"),
        a_row("a.png", TRIANGLE, {"caption": "x"}, type="dog"),
        a_row("b.png", {}),
    ]
    revision, report = import_dataset(write_table(tmp_path, *rows))
    assert (revision.format, revision.task) == ("via", "instance_segmentation")
    assert revision.class_counts() == {"cat": 1, "dog": 1}
    assert revision.items["path"].to_pylist() == ["a.png", "b.png"]
    assert revision.items["caption"].to_pylist() == ["x", None]
    first, second = revision.annotations.to_pylist()
    assert sides(first) == [1, 2, 5, 4]
    assert json.loads(first["attributes"]) == {"wet": "yes"}
    assert second["rings_xy"] == [[1, 2, 5, 2, 5, 4]]
    assert [one["source_line"] for one in (first, second)] == [2, 3]
    assert report.errors == 0


def test_a_table_is_read_where_there_is_no_json(tmp_path: Path) -> None:
    folder = write_table(tmp_path, a_row("a.png", type="cat"))
    write(folder, an_image("a.png", a_region(type="dog")))
    assert import_dataset(folder)[0].class_counts() == {"dog": 1}


def test_the_first_line_of_a_table_may_begin_as_via_1_writes_it(tmp_path: Path) -> None:
    folder = write_table(tmp_path, a_row("a.png", type="cat"))
    table = folder / "via_export_csv.csv"
    table.write_text(f"#{table.read_text()}")
    assert import_dataset(folder)[0].class_counts() == {"cat": 1}


def test_a_row_that_cannot_be_read_is_left_out_by_line(tmp_path: Path) -> None:
    rows = [a_row("a.png", type="cat"), 'a.png,90,"{}",1,0,"{broken","{}"']
    revision, report = import_dataset(write_table(tmp_path, *rows))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == "bad_annotation"]
    assert (finding.file, finding.line) == ("via_export_csv.csv", 3)
    assert "its region_shape_attributes is no JSON" in finding.message


def test_no_table_ends_in_a_traceback(tmp_path: Path) -> None:
    rows = [a_row("a.png", one, {"c": "x"}, type="cat") for one in (RECT, TRIANGLE, CIRCLE, {})]
    folder = write_table(tmp_path / "data", *rows, a_row("b.png", {}))
    files = ("via_export_csv.csv",)
    assert_no_traceback(folder, files, "via", tmp_path / "x", tasks=(None,), cases=CASES)
