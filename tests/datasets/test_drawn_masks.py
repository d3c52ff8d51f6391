"""Semantic segmentation of datasets that have outlines and no masks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import draw, draw_mask, found, kinds

from model_playground.core.contracts import IGNORED
from model_playground.core.errors import InvalidError
from model_playground.core.records import CheckReport
from model_playground.datasets.exporting import export_revision
from model_playground.datasets.importing import check_source, import_dataset
from model_playground.datasets.pixel_counts import pixel_counts
from model_playground.datasets.records import Revision, training_items
from model_playground.datasets.run_lengths import of_mask
from model_playground.training.images import ImageReader

SIZE_WH = (8, 6)
TRIANGLE = [1.0, 1, 6, 1, 6, 5]
DRAWN = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
Class = dict[str, Any]
CATEGORIES: list[Class] = [{"id": 3, "name": "cat"}, {"id": 9, "name": "dog"}]


def an_object(image: int = 1, **changes: Any) -> dict[str, Any]:
    """A dog of the image a.png; arguments replace its keys."""
    said = {"image_id": image, "category_id": 9, "bbox": [1, 1, 5, 4], "segmentation": [TRIANGLE]}
    return said | changes


def coco(folder: Path, *objects: dict[str, Any], classes: list[Class] = CATEGORIES) -> Path:
    """COCO: images a.png and b.png of 8×6 pixels."""
    names = ("a.png", "b.png")
    for name in names:
        draw(folder / name, SIZE_WH, like=name)
    said = {
        "images": [
            {"id": number, "file_name": name, "width": SIZE_WH[0], "height": SIZE_WH[1]}
            for number, name in enumerate(names, start=1)
        ],
        "annotations": [{"id": number} | one for number, one in enumerate(objects)],
        "categories": classes,
    }
    (folder / "labels.json").write_text(json.dumps(said, indent=1))
    return folder


def read(path: Path) -> tuple[Revision, CheckReport]:
    return import_dataset(path, task="segmentation")


def masks_of(revision: Revision) -> dict[str, NDArray[Any]]:
    """Return the masks at full size by the names of their images; they are made to be squares."""
    reader = ImageReader(24, revision.facts.class_pixel_values)
    return {
        one.path.name: reader.mask(one)[2::4, 1::3]
        for one in training_items(revision, revision.item_ids)
    }


def test_outlines_are_drawn_and_the_rest_is_background(tmp_path: Path) -> None:
    revision, report = read(coco(tmp_path, an_object(), an_object(2, category_id=3)))
    assert [(one.name, one.source_id) for one in revision.classes] == [
        ("background", 0), ("cat", 3), ("dog", 9),
    ]  # fmt: skip
    masks = masks_of(revision)
    np.testing.assert_array_equal(masks["a.png"], 2 * DRAWN)
    np.testing.assert_array_equal(masks["b.png"], DRAWN)
    inside = int(DRAWN.sum())
    assert pixel_counts(revision, revision.item_ids) == {
        "background": 2 * (DRAWN.size - inside), "cat": inside, "dog": inside,
    }  # fmt: skip
    assert (revision.task, revision.object_count) == ("segmentation", 2)
    assert report.losses == 0


def test_other_tasks_draw_nothing_and_keep_their_classes(tmp_path: Path) -> None:
    revision, _ = import_dataset(coco(tmp_path, an_object(), an_object(2)))
    assert [one.name for one in revision.classes] == ["cat", "dog"]
    assert set(revision.annotations["kind"].to_pylist()) == {"polygon"}
    (one, _) = training_items(revision, revision.item_ids)
    assert one.areas is None


def test_a_class_called_background_is_used(tmp_path: Path) -> None:
    named = [{"id": 0, "name": "dog"}, {"id": 1, "name": "Background"}]
    revision, _ = read(
        coco(tmp_path, an_object(category_id=0), an_object(2, category_id=1), classes=named)
    )
    assert [one.name for one in revision.classes] == ["dog", "Background"]
    masks = masks_of(revision)
    np.testing.assert_array_equal(masks["a.png"], 1 - DRAWN)
    np.testing.assert_array_equal(masks["b.png"], np.ones_like(DRAWN))


def test_crowds_and_boxes_alone_are_ignored(tmp_path: Path) -> None:
    counts = {"size": [6, 8], "counts": of_mask(DRAWN)}
    source = coco(
        tmp_path,
        an_object(segmentation=counts, iscrowd=1),
        an_object(2, bbox=[0, 0, 8, 6], segmentation=None),
        an_object(2),
    )
    revision, report = read(source)
    masks = masks_of(revision)
    np.testing.assert_array_equal(masks["a.png"], np.where(DRAWN, IGNORED, 0))
    np.testing.assert_array_equal(masks["b.png"], np.where(DRAWN, 2, IGNORED))
    assert [one.message for one in report.findings if one.kind == "ignored_pixels"] == [
        "1 object has a box only: the pixels inside are ignored",
        "1 outline is of a crowd: the pixels inside are ignored",
    ]
    assert pixel_counts(revision, revision.item_ids)["background"] == DRAWN.size - DRAWN.sum()


def test_an_image_of_which_nothing_is_said_is_left_out(tmp_path: Path) -> None:
    revision, report = read(coco(tmp_path, an_object()))
    assert revision.items["path"].to_pylist() == ["a.png"]
    assert found(report, "image_without_outlines") == ["b.png"]
    np.testing.assert_array_equal(masks_of(revision)["a.png"], 2 * DRAWN)


def test_boxes_alone_are_refused_with_what_to_do(tmp_path: Path) -> None:
    source = coco(tmp_path, an_object(segmentation=None))
    for read_it in (import_dataset, check_source):
        with pytest.raises(InvalidError, match=r"boxes do not say which pixels .* outline the"):
            read_it(source, task="segmentation")


@pytest.mark.parametrize(
    ("ring", "kind"),
    [
        ([1.0, 1, 6, 5], "short_polygon"),
        ([1.0, 1, 6, 5, 6, 1, 1, 5], "crossed_polygon"),
        ([90.0, 1, 96, 1, 96, 5], "box_off_image"),
        ([-1e9, -1e9, 1e9, -1e9, 1e9, 1e9], "box_outside"),
    ],
)
def test_bad_outlines_are_reported_and_drawn_as_far_as_they_go(
    tmp_path: Path, ring: list[float], kind: str
) -> None:
    xs, ys = ring[0::2], ring[1::2]
    box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    revision, report = read(
        coco(tmp_path, an_object(2, segmentation=[ring], bbox=box), an_object())
    )
    assert kind in kinds(report)
    masks = masks_of(revision)
    np.testing.assert_array_equal(masks["a.png"], 2 * DRAWN)
    assert set(np.unique(masks["b.png"])) <= {0, 2}
    assert masks["b.png"].any() == (kind in ("crossed_polygon", "box_outside"))


def test_images_that_were_not_looked_into_are_drawn_all_the_same(tmp_path: Path) -> None:
    source = coco(tmp_path, an_object(), an_object(2))
    revision, _ = import_dataset(source, task="segmentation", inspect=False)
    assert "mask_pixels" not in revision.annotations["kind"].to_pylist()
    np.testing.assert_array_equal(masks_of(revision)["a.png"], 2 * DRAWN)


def yolo(folder: Path) -> None:
    """One image with an outline, one that is said to be empty, one of which nothing is said."""
    for name in ("a", "b", "c"):
        draw(folder / f"images/{name}.png", SIZE_WH, like=name)
    (folder / "labels").mkdir()
    shares = [number / SIZE_WH[place % 2] for place, number in enumerate(TRIANGLE)]
    (folder / "labels/a.txt").write_text(" ".join(map(str, (0, *shares))))
    (folder / "labels/b.txt").write_text("")
    (folder / "data.yaml").write_text("train: images\nnames: [dog]\n")


def labelme(folder: Path) -> None:
    for name in ("a", "c"):
        points = [list(one) for one in zip(TRIANGLE[0::2], TRIANGLE[1::2], strict=True)]
        shapes = [{"label": "dog", "points": points, "shape_type": "polygon"}]
        draw(folder / f"{name}.png", SIZE_WH, like=name)
        said = {"imagePath": f"{name}.png", "imageHeight": 6, "imageWidth": 8, "version": "5.0.1"}
        said |= {"shapes": shapes if name == "a" else [], "imageData": None, "flags": {}}
        (folder / f"{name}.json").write_text(json.dumps(said))


def cvat(folder: Path) -> None:
    shape = '<polygon label="dog" points="1,1;6,1;6,5"/>'
    images = ""
    for name in ("a", "c"):
        draw(folder / f"{name}.png", SIZE_WH, like=name)
        inside = shape if name == "a" else ""
        images += f'<image id="0" name="{name}.png" width="8" height="6">{inside}</image>'
    labels = "<meta><task><labels><label><name>dog</name></label></labels></task></meta>"
    text = f"<annotations><version>1.1</version>{labels}{images}</annotations>"
    (folder / "annotations.xml").write_text(text)


def label_studio(folder: Path) -> None:
    """As `yolo`: the second was finished without a region, the third never begun."""
    points = [[12.5, 100 / 6], [75, 100 / 6], [75, 500 / 6]]
    value = {"points": points, "polygonlabels": ["dog"]}
    region = {"id": "r", "type": "polygonlabels", "from_name": "kind", "to_name": "image"}
    region |= {"original_width": 8, "original_height": 6, "value": value}
    tasks = []
    for name, made in (("a", [{"result": [region]}]), ("b", [{"result": []}]), ("c", [])):
        draw(folder / f"{name}.png", SIZE_WH, like=name)
        tasks.append({"annotations": made, "data": {"image": f"/data/{name}.png"}})
    (folder / "export.json").write_text(json.dumps(tasks))


def run_length_table(folder: Path) -> None:
    """As `yolo`: of the third nothing can be read."""
    starts = np.flatnonzero(DRAWN.T) + 1
    runs = " ".join(f"{start} 1" for start in starts)
    for name in ("a", "b", "c"):
        draw(folder / f"{name}.png", SIZE_WH, like=name)
    (folder / "train.csv").write_text(
        f"img,label,rle_mask\na.png,dog,{runs}\nb.png,dog,\nc.png,dog,0 0\n"
    )


def via(folder: Path) -> None:
    said = {}
    shape = {
        "name": "polygon",
        "all_points_x": TRIANGLE[0::2],
        "all_points_y": TRIANGLE[1::2],
    }
    region = {"shape_attributes": shape, "region_attributes": {"name": "dog"}}
    for name in ("a", "c"):
        draw(folder / f"{name}.png", SIZE_WH, like=name)
        regions = [region] if name == "a" else []
        said[name] = {"filename": f"{name}.png", "regions": regions, "file_attributes": {}}
    (folder / "via.json").write_text(json.dumps(said))


OUTLINED = [yolo, labelme, cvat, label_studio, run_length_table, via]


@pytest.mark.parametrize("lay", OUTLINED)
def test_every_format_with_outlines_is_drawn(lay: Callable[[Path], None], tmp_path: Path) -> None:
    lay(tmp_path)
    revision, report = read(tmp_path)
    assert [one.name for one in revision.classes] == ["background", "dog"]
    masks = masks_of(revision)
    np.testing.assert_array_equal(masks["a.png"], DRAWN)
    if lay in (yolo, label_studio, run_length_table):
        assert masks.keys() == {"a.png", "b.png"}
        assert not masks["b.png"].any()
    assert [Path(one).stem for one in found(report, "image_without_outlines")] == ["c"]


def test_ids_of_classes_that_begin_at_0_keep_theirs(tmp_path: Path) -> None:
    yolo(tmp_path)
    revision, _ = read(tmp_path)
    assert [(one.name, one.source_id) for one in revision.classes] == [
        ("background", 1), ("dog", 0),
    ]  # fmt: skip


def test_masks_that_stand_beside_outlines_are_read(tmp_path: Path) -> None:
    coco(tmp_path / "images", an_object(), an_object(2)).joinpath("labels.json").rename(
        tmp_path / "labels.json"
    )
    for name in ("a", "b"):
        draw_mask(tmp_path / f"masks/{name}.png", [[0, 0, 0, 0, 1, 1, 1, 1]] * 6)
    (tmp_path / "classes.yaml").write_text("classes: {0: ground, 1: road}\n")
    revision, _ = read(tmp_path)
    assert (revision.format, revision.has_drawn_masks) == ("index_masks", False)
    assert import_dataset(tmp_path)[0].format == "coco"


@pytest.mark.parametrize("ids", [(3, 9), (0, 255), (7, 70_000)])
def test_masks_that_are_written_give_the_same_pixels(tmp_path: Path, ids: tuple[int, int]) -> None:
    cat, dog = ids
    classes = [{"id": cat, "name": "cat"}, {"id": dog, "name": "dog"}]
    source = coco(
        tmp_path / "source",
        an_object(category_id=dog),
        an_object(2, category_id=cat),
        an_object(2, category_id=dog, bbox=[0, 0, 2, 2], segmentation=None),
        classes=classes,
    )
    revision, _ = read(source)
    report = export_revision(revision, tmp_path / "masks", format="index_masks")
    assert [one.message for one in report.findings] == [
        "3 objects are drawn into masks: these say the class of a pixel, not its object"
    ]
    again, _ = import_dataset(tmp_path / "masks")
    assert [one.name for one in again.classes] == ["background", "cat", "dog"]
    before, after = masks_of(revision), masks_of(again)
    assert (before["b.png"] == IGNORED).any()
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(before[name], after[name])
    assert pixel_counts(again, again.item_ids) == pixel_counts(revision, revision.item_ids)


def test_our_own_export_is_drawn_again(tmp_path: Path) -> None:
    yolo(tmp_path)
    revision, _ = read(tmp_path)
    export_revision(revision, tmp_path.parent / "own", format="model_playground")
    again, _ = import_dataset(tmp_path.parent / "own")
    for name, mask in masks_of(revision).items():
        np.testing.assert_array_equal(masks_of(again)[name], mask)
    assert pixel_counts(again, again.item_ids) == pixel_counts(revision, revision.item_ids)


@pytest.mark.parametrize("folder", ["nuts/data", "coco128/instance_segmentation/config.yaml"])
def test_real_outlines_give_the_same_pixels_as_their_masks(
    real_data: Path, tmp_path: Path, folder: str
) -> None:
    revision, _ = read(real_data / folder)
    export_revision(revision, tmp_path / "masks", format="index_masks")
    again, _ = import_dataset(tmp_path / "masks")
    assert pixel_counts(again, again.item_ids) == pixel_counts(revision, revision.item_ids)
    assert sum(pixel_counts(again, again.item_ids).values()) > 1_000_000
