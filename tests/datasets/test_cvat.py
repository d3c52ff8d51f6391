"""CVAT's XML: shapes, tags, masks and tracks; what is read, what is reported."""

from __future__ import annotations

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
from model_playground.datasets.run_lengths import decoded

DROP = ReadOptions(drop_faulty=True)
LABELS = """<meta><task><labels>
<label><name>dog</name><attributes/></label><label><name>N/A</name></label>
<label><name>nose</name><parent>face</parent></label>
</labels><original_size><width>8</width><height>6</height></original_size></task></meta>"""
BOX = '<box label="dog" source="manual" occluded="0" xtl="1" ytl="2" xbr="5" ybr="4" z_order="0"/>'


def an_image(shapes: str = BOX, name: str = "a.png", more: str = "") -> str:
    return f'<image id="0" name="{name}" width="8" height="6" {more}>\n{shapes}\n</image>\n'


def write(folder: Path, *images: str, names: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    for name in names:
        draw(folder / "images" / name, (8, 6), like=name)
    text = f"<annotations>\n<version>1.1</version>\n{LABELS}\n{''.join(images)}</annotations>\n"
    (folder / "annotations.xml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, *images: str, **options: Any) -> tuple[Revision, CheckReport]:
    return import_dataset(write(folder, *images), options=DROP, **options)


def test_a_box_is_read_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    box = (
        '<box label="dog" source="auto" occluded="1" xtl="1.5" ytl="2" xbr="5" ybr="4" '
        'z_order="3" group_id="7"><attribute name="fur">long</attribute></box>'
    )
    revision, report = read(tmp_path, an_image(box), an_image("", "b.png"))
    (row,) = revision.annotations.to_pylist()
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [1.5, 2, 5, 4]
    assert row["attributes"] == (
        '{"fur":"long","group_id":7,"occluded":true,"source":"auto","z_order":3}'
    )
    assert (row["source_file"], row["source_line"]) == ("annotations.xml", 8)
    assert revision.class_counts() == {"N/A": 0, "dog": 1}
    assert (revision.task, len(revision.items)) == ("detection", 2)
    assert report.recognised.startswith("read as cvat, because annotations.xml is an XML file of")


def test_outlines_and_turned_boxes_become_polygons(tmp_path: Path) -> None:
    shapes = (
        '<polygon label="dog" points="1,2;5,2;5,4"/>'
        '<box label="dog" xtl="2" ytl="2" xbr="6" ybr="4" rotation="90"/>'
        '<ellipse label="dog" cx="4" cy="3" rx="2" ry="1"/>'
    )
    revision, report = read(tmp_path, an_image(shapes))
    assert found(report, "approximated_shape") == ["annotations.xml"]
    polygon, turned, ellipse = revision.annotations.to_pylist()
    assert polygon["rings_xy"] == [[1, 2, 5, 2, 5, 4]]
    assert turned["rings_xy"] == [[5, 1, 5, 5, 3, 5, 3, 1]]
    assert turned["attributes"] == '{"rotation":90}'
    assert [ellipse[one] for one in ("left", "top", "right", "bottom")] == [2, 2, 6, 4]
    assert len(ellipse["rings_xy"][0]) == 128
    assert ellipse["attributes"] == '{"shape":"ellipse"}'
    assert revision.task == "instance_segmentation"


def test_a_mask_is_a_piece_of_the_image_row_by_row(tmp_path: Path) -> None:
    # Rows of 3 pixels: 0 1 1 / 1 0 0, from x = 2 and y = 1 on.
    mask = '<mask label="dog" rle="1, 3, 2" left="2" top="1" width="3" height="2"/>'
    revision, _ = read(tmp_path, an_image(mask))
    (row,) = revision.annotations.to_pylist()
    assert decoded(row["rle_counts"], (6, 8)).nonzero()[0].tolist() == [1, 1, 2]
    assert decoded(row["rle_counts"], (6, 8)).nonzero()[1].tolist() == [3, 4, 2]
    assert [row[one] for one in ("left", "top", "right", "bottom")] == [2, 1, 5, 3]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (BOX.replace('label="dog"', ""), "bad_annotation"),
        (BOX.replace('"5"', '"five"'), "bad_box"),
        (BOX.replace('"5"', '"NaN"'), "bad_box"),
        (BOX.replace('ybr="4"', ""), "bad_box"),
        ('<polygon label="dog" points="1,2;3"/>', "bad_annotation"),
        ('<polygon label="dog"/>', "bad_annotation"),
        ('<mask label="dog" rle="1,3" left="2" top="1" width="3" height="2"/>', "bad_run_lengths"),
        ('<mask label="dog" rle="6" left="6" top="1" width="3" height="2"/>', "bad_run_lengths"),
        ('<mask label="dog" rle="-1,7" left="2" top="1" width="3" height="2"/>', "bad_run_lengths"),
        (
            '<mask label="dog" rle="999999998000000001" left="0" top="0" width="999999999" '
            'height="999999999"/>',
            "bad_run_lengths",
        ),
        ('<polyline label="dog" points="1,2;3,4"/>', "unread_key"),
        ('<points label="dog" points="1,2"/>', "unread_key"),
        ('<tag source="manual"/>', "bad_annotation"),
    ],
)
def test_what_cannot_be_read_is_left_out_by_line(tmp_path: Path, shape: str, kind: str) -> None:
    revision, report = read(tmp_path, an_image(f"{BOX}\n{shape}"))
    assert revision.object_count == 1
    (finding,) = [one for one in report.findings if one.kind == kind]
    assert (finding.decision, finding.file, finding.line) == ("dropped", "annotations.xml", 9)


def test_tags_are_tags_or_the_class(tmp_path: Path) -> None:
    images = (
        an_image('<tag label="dog"/>'),
        an_image('<tag label="cat"/>\n<tag label="dog"/>', "b.png"),
    )
    revision, _ = read(tmp_path, *images)
    assert revision.task == "tagging"
    assert revision.class_counts() == {"N/A": 0, "cat": 1, "dog": 2}
    single, report = read(tmp_path, *images, task="classification")
    assert single.items["path"].to_pylist() == ["images/a.png"]
    assert single.class_counts()["dog"] == 1
    (finding,) = [one for one in report.findings if one.kind == "several_classes"]
    assert (finding.line, finding.decision) == (11, "dropped")
    with pytest.raises(InvalidError, match="classes cat, dog instead of one"):
        import_dataset(tmp_path, task="classification")


def test_subsets_are_the_partition_and_tell_images_of_one_name_apart(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        an_image(BOX, "a.png", 'subset="Train"'),
        an_image("", "a.png", 'subset="Validation"'),
        an_image("", "b.png", 'subset="default"'),
        names=("Train/a.png", "Validation/a.png", "b.png"),
    )
    revision, report = import_dataset(folder)
    parts = zip(*(revision.items[one].to_pylist() for one in ("path", "partition")), strict=True)
    assert dict(parts) == {
        "images/Train/a.png": "train",
        "images/Validation/a.png": "validation",
        "images/b.png": None,
    }
    assert found(report, "path_remapped") == []


@pytest.mark.parametrize("name", ["../outside.png", "/home/me/outside.png", "gone.png"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "outside.png")
    folder = write(tmp_path / "data", an_image(BOX, name), an_image(BOX, "/x/b.png"))
    with pytest.raises(InvalidError, match=r"line 7 of annotations\.xml"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert revision.items["path"].to_pylist() == ["images/b.png"]
    assert found(report, "path_remapped") == ["annotations.xml"]
    assert "1 image is named by no file, such as images/a.png" in str(report.findings)


def test_an_image_that_stands_twice_is_one_item(tmp_path: Path) -> None:
    revision, report = read(tmp_path, an_image(), an_image())
    assert (len(revision.items), revision.object_count) == (1, 2)
    assert found(report, "image_twice") == ["annotations.xml"]


def test_a_broken_file_is_refused_by_line(tmp_path: Path) -> None:
    folder = write(tmp_path, an_image().replace("</image>", ""))
    with pytest.raises(InvalidError, match=r"annotations.xml line 10"):
        import_dataset(folder)


FRAMES = ("frame_000000.png", "frame_000001.png", "frame_000002.png", "frame_000003.png")


def a_track(*frames: tuple[int, int]) -> str:
    """A track of boxes in frames; the second number says whether it is outside."""
    shapes = "\n".join(
        f'<box frame="{frame}" outside="{outside}" keyframe="1" occluded="0" '
        f'xtl="{frame}" ytl="2" xbr="5" ybr="4"/>'
        for frame, outside in frames
    )
    return f'<track id="4" label="dog" source="manual">\n{shapes}\n</track>\n'


def test_tracks_are_shapes_in_frames(tmp_path: Path) -> None:
    tracks = a_track((0, 0), (1, 0), (2, 1)), a_track((1, 0), (3, 0), (9, 0))
    revision, report = import_dataset(write(tmp_path, *tracks, names=FRAMES))
    assert len(revision.items) == 4  # the one without objects is background
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    placed = [(paths[row["item_id"]], row["left"]) for row in revision.annotations.to_pylist()]
    assert [(Path(path).stem[-1], left) for path, left in placed] == [
        ("0", 0),
        ("1", 1),
        ("1", 1),
        ("3", 3),
    ]
    assert set(revision.annotations["attributes"].to_pylist()) == {'{"track":"4"}'}
    (gap,) = [one for one in report.findings if one.kind == "track_gap"]
    assert (gap.line, "2 times a track" in gap.message) == (14, True)
    (missing,) = [one for one in report.findings if one.kind == "missing_frame"]
    assert (missing.line, "such as 9" in missing.message) == (15, True)


def test_frames_that_may_be_two_images_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, a_track((0, 0)), names=("frame_0.png", "other_0.png"))
    with pytest.raises(InvalidError, match="may both be one of its frames"):
        import_dataset(folder)


def test_other_xml_is_not_taken_for_it(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    (tmp_path / "a.xml").write_text("<annotations><book/></annotations>")
    with pytest.raises(InvalidError, match="laid out in no way that is known"):
        import_dataset(tmp_path)


def test_no_file_gives_a_traceback(tmp_path: Path) -> None:
    shapes = (
        f'{BOX}<polygon label="dog" points="1,2;5,2;5,4"/><tag label="dog"/>'
        '<box label="dog" xtl="2" ytl="2" xbr="6" ybr="4" rotation="90"/>'
        '<ellipse label="dog" cx="4" cy="3" rx="2" ry="1"/>'
        '<mask label="dog" rle="1, 3, 2" left="2" top="1" width="3" height="2"/>'
    )
    folder = write(tmp_path / "images", an_image(shapes), an_image("", "b.png"))
    tasks = (None, "classification", "segmentation")
    assert_no_traceback(folder, ("annotations.xml",), "cvat", tmp_path / "one", tasks=tasks)
    video = write(tmp_path / "video", a_track((0, 0), (1, 0), (2, 1)), names=FRAMES)
    assert_no_traceback(video, ("annotations.xml",), "cvat", tmp_path / "two", cases=CASES // 4)
