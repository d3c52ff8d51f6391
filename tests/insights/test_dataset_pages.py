"""Pages and contact sheets of datasets: what is drawn, that all is in one file, and escaped."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from model_playground.core.records import CheckReport
from model_playground.datasets.findings import information, warning
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision
from model_playground.datasets.statistics import statistics_of
from model_playground.insights.annotated_images import AnnotatedImages, class_colour
from model_playground.insights.contact_sheet import chosen_items, write_contact_sheet
from model_playground.insights.dataset_pages import check_page, dataset_page
from model_playground.insights.lettering import unwritable
from model_playground.insights.report import Samples, render

ANNOTATIONS = """{"images": [{"id": 1, "file_name": "a.png", "width": 80, "height": 60},
 {"id": 2, "file_name": "b.png", "width": 80, "height": 60}],
 "annotations": [
 {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 15, 40, 30]},
 {"id": 2, "image_id": 1, "category_id": 2, "bbox": [2, 2, 10, 10]},
 {"id": 3, "image_id": 2, "category_id": 2, "bbox": [0, 0, 20, 20],
  "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]}],
 "categories": [{"id": 1, "name": "<b>cat</b>"}, {"id": 2, "name": "Öl"}]}"""


@pytest.fixture
def revision(tmp_path: Path) -> Revision:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (80, 60), (128, 128, 128)).save(folder / name)
    (folder / "labels.json").write_text(ANNOTATIONS, encoding="utf-8")
    return import_dataset(folder)[0]


def item(revision: Revision, path: str) -> str:
    return dict(zip(revision.items["path"].to_pylist(), revision.item_ids, strict=True))[path]


def test_boxes_and_areas_are_drawn_where_they_are(revision: Revision) -> None:
    images = AnnotatedImages(revision, revision.item_ids)
    first = images.draw(item(revision, "a.png"), 160)
    assert first.image.size == (160, 120)
    assert first.image.getpixel((40, 60)) == class_colour(0)  # the left side at 20 of 80
    assert first.image.getpixel((150, 110)) == (128, 128, 128)
    assert first.labels == ("<b>cat</b>", "Öl")
    second = np.asarray(images.draw(item(revision, "b.png"), 160).image)
    assert (second[30, 30] != 128).any()  # the area, before the name above it ends
    assert (second[80, 80] == 128).all()


def test_objects_that_masks_are_drawn_of_are_named_once(revision: Revision) -> None:
    drawn, _ = import_dataset(revision.root, task="segmentation")
    images = AnnotatedImages(drawn, drawn.item_ids)
    assert images.draw(item(drawn, "b.png"), 160).labels == ("Öl",)


def test_an_image_that_cannot_be_read_is_said_so(revision: Revision) -> None:
    (revision.root / "a.png").write_bytes(b"nothing")
    drawn = AnnotatedImages(revision, revision.item_ids).draw(item(revision, "a.png"), 160)
    assert drawn.image.width == 160
    assert drawn.labels == ("<b>cat</b>", "Öl")


def test_colours_of_a_class_are_its_own() -> None:
    colours = [class_colour(index) for index in range(40)]
    assert len(set(colours)) == 40
    assert colours == [class_colour(index) for index in range(40)]


def test_a_contact_sheet_is_a_picture_of_the_rarest_and_others(
    revision: Revision, tmp_path: Path
) -> None:
    assert set(chosen_items(revision)) == set(revision.item_ids)
    assert len(chosen_items(revision, 1)) == 1
    missing = write_contact_sheet(revision, "Öl \U00012000", tmp_path / "sheet.png")
    assert missing == "\U00012000" == unwritable("\U00012000 Ö")  # cuneiform: no font here has it
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 480
    assert [one.name for one in tmp_path.glob("sheet*")] == ["sheet.png"]


def test_the_page_of_a_dataset_holds_everything_and_escapes_names(revision: Revision) -> None:
    statistics = statistics_of(revision)
    assert (statistics.items, statistics.objects) == (2, 3)
    assert [(one.items, one.objects) for one in statistics.classes] == [(1, 1), (2, 2)]
    assert statistics.objects_per_item == {1: 1, 2: 1}
    assert sum(map(sum, statistics.centres)) == 3
    assert statistics.centres[12][12] == 1  # the first box is in the middle
    assert (statistics.together, statistics.together_items) == (
        ("Öl", "<b>cat</b>"),
        ((2, 1), (1, 1)),
    )
    html = render(dataset_page(revision, statistics, "<script>"))
    assert "<script" not in html
    assert "<b>cat" not in html
    assert re.findall(r'(?:src|href)="(?!data:|#)', html) == []
    assert html.count("data:image/jpeg") == 2
    assert "Images with each class" in html
    assert "the stronger the colour, the more objects, at most 1 in a cell." in html


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances, as WCAG 2 has it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_numbers_on_colours_can_be_read_in_light_and_in_dark(revision: Revision) -> None:
    html = render(dataset_page(revision, statistics_of(revision), "x"))
    figure = html[html.index('aria-label="Classes that occur together"') :]
    strongest = max(float(one) for one in re.findall(r"opacity: ([\d.]+)", figure))
    assert 0.5 < strongest <= 1  # of all images with a cat, all have oil
    for scheme in re.findall(r":root \{(.+?)\}", html, re.DOTALL):
        paints = dict(re.findall(r"--([\w-]+): (#\w+)", scheme))
        page, blue = (np.array(ImageColor.getrgb(paints[one])) for one in ("page", "series-1"))
        red, green, blue = np.round(page + strongest * (blue - page)).astype(int)
        assert contrast(f"#{red:02x}{green:02x}{blue:02x}", paints["ink"]) >= 4.5


def test_long_names_of_files_break_at_their_folders(tmp_path: Path) -> None:
    (tmp_path / "a&b" / "c").mkdir(parents=True)
    (tmp_path / "a&b" / "d").mkdir(parents=True)
    for name in ("c", "d"):
        Image.new("RGB", (9, 9), (len(name), ord(name), 0)).save(tmp_path / "a&b" / name / "1.png")
    revision, _ = import_dataset(tmp_path / "a&b")
    html = render(dataset_page(revision, statistics_of(revision), "x"))
    assert "<figcaption>c/<wbr>1.png</figcaption>" in html


def test_names_of_objects_hide_no_other_name(tmp_path: Path) -> None:
    boxes = [(20, 40, 60, 30), (30, 42, 60, 30), (40, 44, 60, 30)]
    said = {
        "images": [{"id": 1, "file_name": "a.png", "width": 160, "height": 120}],
        "annotations": [
            {"id": place, "image_id": 1, "category_id": place, "bbox": box}
            for place, box in enumerate(boxes)
        ],
        "categories": [{"id": place, "name": name * 6} for place, name in enumerate("abc")],
    }
    (tmp_path / "labels.json").write_text(json.dumps(said), encoding="utf-8")
    Image.new("RGB", (160, 120), (128, 128, 128)).save(tmp_path / "a.png")
    revision, _ = import_dataset(tmp_path)
    images = AnnotatedImages(revision, revision.item_ids)
    drawn = np.asarray(images.draw(revision.item_ids[0], 160).image)
    for place in range(3):
        of_class = (drawn == class_colour(place)).all(axis=2)
        # A box has four rows of its colour; a name's ground has more than ten.
        assert (of_class.sum(axis=1) > 25).sum() >= 10, place


def test_the_page_of_a_check_shows_the_images_in_question(revision: Revision) -> None:
    findings = (
        warning("empty_box", "it is empty", file="labels.json", line=4),
        warning("exif_rotated", "it is turned", file="b.png"),
        warning("few_items", "<i>few</i>"),
    )
    report = CheckReport(dataset="x", items=2, findings=findings)
    html = render(check_page(report, revision))
    assert html.count("data:image/jpeg") == 2
    assert "Box without area (1)" in html
    assert "labels.json:4: it is empty" in html
    assert "<i>few" not in html
    assert "<p>What to do: Draw it again or delete it.</p>" in html
    nothing = check_page(CheckReport(dataset="x", items=2, findings=()), revision)
    assert nothing.introduction == ("2 images were checked: nothing to report.",)


def test_copies_are_shown_beside_each_other_with_the_labels_of_each(revision: Revision) -> None:
    kind = "copied_image_labelled_differently"
    found = warning(kind, "a.png and b.png", file="a.png", others=("b.png", "gone.png"))
    page = check_page(CheckReport(dataset="x", items=2, findings=(found,)), revision)
    (block,) = page.sections[0].blocks
    assert isinstance(block, Samples)
    (sample,) = block.samples
    assert [one.caption for one in sample.pictures] == ["a.png", "b.png"]
    assert [one.by for one in sample.answers] == ["a.png", "b.png"]
    again = warning("copied_image", "b.png twice", file="b.png", others=("b.png",))
    page = check_page(CheckReport(dataset="x", items=2, findings=(again,)), revision)
    (block,) = page.sections[0].blocks
    assert isinstance(block, Samples)
    assert [one.by for one in block.samples[0].answers] == ["labels"]


def test_kinds_of_two_severities_have_addresses_of_their_own(revision: Revision) -> None:
    findings = (warning("few_items", "few"), information("few_items", "few again"))
    page = check_page(CheckReport(dataset="x", items=2, findings=findings), revision)
    assert len({one.name for one in page.sections}) == 2
    assert page.introduction == ("2 images were checked: 1 warning, 1 for information.",)


def test_a_page_of_very_many_classes_names_some_colours(tmp_path: Path) -> None:
    count = 60
    (tmp_path / "labels.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
                "annotations": [
                    {"id": one, "image_id": 1, "category_id": one, "bbox": [one % 40, 3, 9, 9]}
                    for one in range(count)
                ],
                "categories": [{"id": one, "name": f"class {one}"} for one in range(count)],
            }
        )
    )
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    revision, _ = import_dataset(tmp_path)
    html = render(dataset_page(revision, statistics_of(revision), "many"))
    assert html.count('<i style="background') == 40
    assert "20 further classes in other colours." in html
    assert "Images with the 20 commonest of 60 classes" in html
    assert "commonest classes together, % of the images" in html


def test_a_page_without_annotations_draws_no_empty_figure(tmp_path: Path) -> None:
    said = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "annotations": [],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "labels.json").write_text(json.dumps(said))
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    revision, _ = import_dataset(tmp_path)
    html = render(dataset_page(revision, statistics_of(revision), "none"))
    assert "<svg" not in html
    assert re.search(r'data-heading="images">0<', html)
