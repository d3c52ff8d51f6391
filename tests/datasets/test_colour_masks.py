"""Masks in colours, class tables of colours, names and folders of masks, and masks written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import draw, draw_mask, found
from PIL import Image

from model_playground.core.errors import InvalidError
from model_playground.datasets.class_tables import read_class_table
from model_playground.datasets.colours import colour_value
from model_playground.datasets.formats.format import Export, ReadOptions
from model_playground.datasets.formats.index_masks import IndexMasks
from model_playground.datasets.images import load_mask
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import ClassRecord, Revision

ROAD, SKY, VOID = (128, 64, 128), (70, 130, 180), (0, 0, 0)
TABLE = "name,r,g,b\nroad,128,64,128\nsky,70,130,180\nvoid,0,0,0\n"
PIXELS = np.array([[ROAD, ROAD, SKY, VOID], [ROAD, SKY, SKY, VOID]], dtype=np.uint8)
CLASSES = (ClassRecord(0, "road", colour_value(ROAD)), ClassRecord(1, "sky", colour_value(SKY)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An image, its mask in colours, and the table of these."""
    draw(tmp_path / "images/a.jpg", (4, 2))
    (tmp_path / "masks").mkdir()
    Image.fromarray(PIXELS).save(tmp_path / "masks/a.png")
    (tmp_path / "class_dict.csv").write_text(TABLE)
    return tmp_path


def pixels(revision: Revision) -> dict[str, float]:
    """Return how many pixels each class has in all masks."""
    counts = dict.fromkeys((one.name for one in revision.classes), 0.0)
    for row in revision.annotations.to_pylist():
        if row["kind"] == "mask_pixels":
            counts[revision.classes[row["class_index"]].name] += row["value"]
    return counts


def test_colours_are_classes_and_void_is_ignored(folder: Path) -> None:
    revision, report = import_dataset(folder)
    assert (revision.format, revision.classes) == ("index_masks", CLASSES)
    assert pixels(revision) == {"road": 3, "sky": 3}
    assert revision.ignored_pixel_values == (colour_value(VOID),)
    assert report.errors == 0
    revision.write(folder / "records")
    assert Revision.read(folder / "records").pixel_values == revision.pixel_values


@pytest.mark.parametrize("ending", ["png", "gif", "tif", "bmp"])
def test_a_palette_is_looked_up_where_the_table_has_colours(folder: Path, ending: str) -> None:
    (folder / "masks/a.png").unlink()
    image = Image.fromarray(PIXELS).quantize(3)
    image.save(folder / f"masks/a.{ending}")
    assert pixels(import_dataset(folder)[0]) == {"road": 3, "sky": 3}


@pytest.mark.parametrize("mode", ["P", "L", "I;16"])
@pytest.mark.parametrize("ending", ["png", "gif", "tif"])
def test_index_masks_are_read_from_other_formats(folder: Path, mode: str, ending: str) -> None:
    if mode == "I;16" and ending == "gif":
        mode = "P"  # GIF knows palettes alone
    (folder / "class_dict.csv").unlink()
    (folder / "masks/a.png").unlink()
    (folder / "classes.csv").write_text("id,name\n0,road\n7,sky\n")
    draw_mask(folder / "mask.png", [[0, 0, 7, 255], [0, 0, 7, 7]], mode=mode)
    with Image.open(folder / "mask.png") as mask:
        mask.save(folder / f"masks/a.{ending}", optimize=False)
    assert pixels(import_dataset(folder)[0]) == {"road": 4, "sky": 3}


def test_a_mask_is_one_picture(folder: Path) -> None:
    (folder / "masks/a.png").unlink()
    frames = [Image.new("L", (4, 2), value) for value in (0, 200)]
    frames[0].save(folder / "masks/a.tif", save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidError, match=r"masks/a\.tif: a mask is one picture; .* holds 2"):
        import_dataset(folder)


def test_unknown_colours_are_told_with_their_pixels(folder: Path) -> None:
    wrong = PIXELS.copy()
    wrong[0, :2] = (1, 2, 3)
    wrong[1, 0] = (255, 0, 0)
    Image.fromarray(wrong).save(folder / "masks/a.png")
    said = r"masks/a\.png: .* the colours #010203 \(2 pixels\), #ff0000 \(1 pixels\)"
    with pytest.raises(InvalidError, match=said):
        import_dataset(folder)


def smooth_mask(path: Path) -> None:
    """Write a mask of two halves whose border shows every blend of their colours."""
    half = np.zeros((200, 200, 3), dtype=np.uint8)
    half[:, :100], half[:, 100:] = ROAD, SKY
    for place in range(10):
        share = (place + 1) / 11
        half[:, 95 + place] = np.round((1 - share) * np.array(ROAD) + share * np.array(SKY))
    Image.fromarray(half).save(path)


def test_smoothed_edges_belong_to_no_class_and_are_told(folder: Path) -> None:
    draw(folder / "images/a.jpg", (200, 200))
    smooth_mask(folder / "masks/a.png")
    revision, report = import_dataset(folder)
    assert pixels(revision) == {"road": 19_000, "sky": 19_000}
    (finding,) = (one for one in report.findings if one.kind == "blended_colours")
    assert finding.decision == "clipped"
    assert "2,000 pixels have 10 colours" in finding.message


def test_a_picture_is_no_mask(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "masks/a.png")
    draw(folder / "images/a.jpg", (80, 80))
    with pytest.raises(InvalidError, match=r"has 6,\d+ colours, so it is a picture"):
        import_dataset(folder)


def test_a_table_may_have_ids_and_colours(folder: Path) -> None:
    text = "id,name,red,green,blue\n3,road,128,64,128\n5,sky,70,130,180\n0,void,0,0,0\n"
    (folder / "class_dict.csv").write_text(text)
    assert import_dataset(folder)[0].classes == CLASSES
    draw_mask(folder / "masks/a.png", [[3, 3, 5, 0]] * 2)
    assert pixels(import_dataset(folder)[0]) == {"void": 2, "road": 4, "sky": 2}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.csv", TABLE),
        ("classes.csv", TABLE.partition("\n")[2]),  # without a head
        ("classes.csv", TABLE.replace(",", ";")),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nroad:128,64,128::\nsky:70,130,180::\n"),
        ("label_colors.txt", "128 64 128\troad\n70 130 180\tsky\n0 0 0\tVoid\n"),
        ("classes.yaml", "road: [128, 64, 128]\nsky: [70, 130, 180]\nvoid: [0, 0, 0]\n"),
        ("classes.yaml", "classes: {road: '#804080', sky: '#4682b4'}"),
        ("classes.json", '{"#804080": "road", "#4682b4": "sky"}'),
    ],
)
def test_tables_of_colours_are_read_however_they_are_written(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert read_class_table(tmp_path / name).classes == CLASSES


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,r,g,b\nroad,1,2,3\nsky,1,2,3\n", "the colour #010203 or the name 'sky' stands"),
        ("name,r,g,b\nroad,1,2,3\nroad,1,2,4\n", "'road' stands in it twice"),
        ("name,r,g,b\nroad,1,2,300\nsky,1,2,4\n", "is no colour"),
        ("name,r,g,b\nroad,1,2,\nsky,1,2,4\n", "is no colour"),
        ("name,r,g,b\nroad,1,2,3\nvoid,1,2,4\n", "fewer than two classes"),
    ],
)
def test_a_table_of_colours_with_a_fault_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(InvalidError, match=complaint):
        read_class_table(tmp_path / "classes.csv")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text('{"0": "road", "1": "sky", "0": "car"}')
    with pytest.raises(InvalidError, match="the key '0' stands twice"):
        read_class_table(tmp_path / "classes.json")


# Where masks stand


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/{}.jpg", "masks/{}_mask.png"),
        ("images/{}.jpg", "masks/{}-seg.png"),
        ("images/{}.jpg", "masks/{}_L.png"),
        ("{}.jpg", "{}_mask.png"),
        ("{}_sat.jpg", "{}_mask.png"),
        ("photos/{}.jpg", "photos/{}_label.png"),
        ("train/{}.jpg", "train_labels/{}.png"),
        ("train/{}.png", "trainannot/{}.png"),
    ],
)
def test_masks_are_found_by_endings_and_folders(tmp_path: Path, image: str, mask: str) -> None:
    for name in ("a", "b_mask_x"):
        draw(tmp_path / image.format(name), (4, 2))
        draw_mask(tmp_path / mask.format(name), [[0, 0, 1, 255]] * 2)
    (tmp_path / "classes.csv").write_text("id,name\n0,ground\n1,road\n")
    revision, report = import_dataset(tmp_path)
    assert revision.items.num_rows == 2
    assert revision.format == "index_masks"
    assert set(revision.items["partition"].to_pylist()) == {"train" if "train" in image else None}
    assert report.errors == 0
    assert found(report, "image_without_mask") == []


def test_a_file_of_another_format_is_no_class_table(tmp_path: Path) -> None:
    written = {
        "data.yaml": "train: images/train\nval: images/val\nnames: [a, b]\n",
        "instances.json": '{"images": [], "annotations": [], "categories": []}',
        "classes.yaml": "names: {0: a, 1: b}",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    detected = {name: IndexMasks().detect(tmp_path / name) for name in written}
    assert detected == {
        "data.yaml": None,
        "instances.json": None,
        "classes.yaml": "it is a class table",
    }


# Writing


def written_again(revision: Revision, folder: Path) -> Revision:
    """Write masks beside copies of their images, and read them again."""
    source = IndexMasks()
    paths = {}
    for path, partition in zip(
        revision.items["path"].to_pylist(), revision.items["partition"].to_pylist(), strict=True
    ):
        paths[path] = source.image_path(path, partition)
        assert source.image_path(paths[path], partition) == paths[path]
        (folder / paths[path]).parent.mkdir(parents=True, exist_ok=True)
        (folder / paths[path]).write_bytes((revision.root / path).read_bytes())
    source.write(Export(revision, folder, paths, {}))
    return import_dataset(folder)[0]


def test_masks_are_written_and_read_as_they_were(folder: Path, tmp_path: Path) -> None:
    draw(folder / "images/val/b.jpg", (4, 2))
    (folder / "masks/val").mkdir()
    Image.fromarray(PIXELS[::-1].copy()).save(folder / "masks/val/b_mask.png")
    revision, _ = import_dataset(folder)
    again = written_again(revision, tmp_path / "again")
    assert again.classes == revision.classes
    assert again.ignored_pixel_values == revision.ignored_pixel_values
    assert again.items.select(["path", "content_hash", "partition"]).to_pylist() == [
        {
            "path": path,
            "content_hash": content_hash,
            "partition": partition,
        }
        for path, content_hash, partition in zip(
            ["images/a.jpg", "images/val/b.jpg"],
            revision.items["content_hash"].to_pylist(),
            [None, "validation"],
            strict=True,
        )
    ]
    assert pixels(again) == pixels(revision)
    assert IndexMasks().losses(revision) == []


def test_sparse_ids_are_written_with_their_names(folder: Path, tmp_path: Path) -> None:
    (folder / "class_dict.csv").unlink()
    (folder / "classes.yaml").write_text("{0: 'no', 7: 'é: x', 9: '7'}")
    draw_mask(folder / "masks/a.png", [[0, 7, 9, 255]] * 2)
    revision, _ = import_dataset(folder)
    again = written_again(revision, tmp_path / "again")
    assert again.classes == revision.classes
    assert again.hash == revision.hash


def test_colours_are_read_for_the_training(folder: Path) -> None:
    values = load_mask(folder / "masks/a.png", colours=True)
    assert values.shape == (2, 4)
    assert values[0, 0] == colour_value(ROAD)
    with pytest.raises(InvalidError, match="give a class table with the colour of each class"):
        load_mask(folder / "masks/a.png")


def test_other_labels_are_said_to_be_lost(tmp_path: Path) -> None:
    for name in ("x/a.png", "y/b.png"):
        draw(tmp_path / name)
    revision, _ = import_dataset(tmp_path, options=ReadOptions(format="class_folders"))
    said = [one.message for one in IndexMasks().losses(revision)]
    assert said == [
        "masks have no place for annotations of the kind class",
        "2 images have no mask: copied all the same, and reported when it is read",
    ]
