"""Images with index masks: where they are found, the class table, and masks that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import draw, draw_mask, draw_noise, found

from model_playground.core.contracts import Facts
from model_playground.core.errors import InvalidError
from model_playground.datasets.class_tables import read_class_table
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import ClassRecord, Revision, training_items

DROP = ReadOptions(drop_faulty=True)
ROAD = [[0, 0, 7, 7], [0, 0, 7, 255]]  # four columns, two rows
GROUND = [[0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images with masks whose ids are 0, 7 and the ignored 255, and their class table."""
    draw(tmp_path / "images/a.jpg", (4, 2))
    draw(tmp_path / "images/b.png", (4, 2))
    draw_mask(tmp_path / "masks/a.png", ROAD)
    draw_mask(tmp_path / "masks/b.png", GROUND)
    (tmp_path / "classes.yaml").write_text("classes:\n  0: ground\n  7: road\n  9: no\n")
    return tmp_path


def pixels(revision: Revision) -> dict[tuple[str, str], float]:
    """Return how many pixels of which class each image has."""
    paths = dict(zip(revision.item_ids, revision.items["path"].to_pylist(), strict=True))
    return {
        (paths[row["item_id"]], revision.classes[row["class_index"]].name): row["value"]
        for row in revision.annotations.to_pylist()
        if row["kind"] == "mask_pixels"
    }


def test_sparse_ids_are_counted_and_numbered(folder: Path) -> None:
    revision, report = import_dataset(folder)
    assert (revision.format, revision.task) == ("index_masks", "segmentation")
    assert revision.classes == (
        ClassRecord(0, "ground", 0),
        ClassRecord(1, "road", 7),
        ClassRecord(2, "no", 9),
    )
    assert revision.facts == Facts(classes=("ground", "road", "no"), class_pixel_values=(0, 7, 9))
    assert revision.class_counts() == {"ground": 2, "road": 1, "no": 0}
    assert pixels(revision) == {
        ("images/a.jpg", "ground"): 4,
        ("images/a.jpg", "road"): 3,
        ("images/b.png", "ground"): 8,
    }
    assert report.errors == 0
    first = training_items(revision, revision.item_ids)[0]
    assert first.mask_path == folder / "masks/a.png"
    assert first.class_index is None


def test_a_class_table_without_masks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("{0: ground, 7: road}")
    with pytest.raises(InvalidError, match="names no folders of images and masks"):
        import_dataset(tmp_path / "config.yaml")


def test_masks_for_other_images_are_refused(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / f"masks/{name}.png").rename(folder / f"masks/other {name}.png")
    with pytest.raises(InvalidError, match="has a mask of the same name"):
        import_dataset(folder)


def test_pixels_of_255_are_ignored_unless_the_table_names_them(folder: Path) -> None:
    (folder / "classes.yaml").write_text("{0: ground, 7: road, 255: sky}")
    assert import_dataset(folder)[0].class_counts() == {"ground": 2, "road": 1, "sky": 1}


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_a_mask_may_be_grey_or_have_a_palette(folder: Path, mode: str) -> None:
    draw_mask(folder / "masks/a.png", ROAD, mode=mode)
    assert import_dataset(folder)[0].class_counts()["road"] == 1


def test_masks_may_end_in_mask(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / f"masks/{name}.png").rename(folder / f"masks/{name}_mask.png")
    assert len(import_dataset(folder)[0].items) == 2


def test_the_class_table_can_be_given(folder: Path) -> None:
    (folder / "classes.yaml").rename(folder.parent / "elsewhere.yaml")
    with pytest.raises(InvalidError, match="--class-table"):
        import_dataset(folder)
    options = ReadOptions(class_table=folder.parent / "elsewhere.yaml")
    assert import_dataset(folder, options=options)[0].classes[1].name == "road"


def test_a_class_table_can_say_where_the_files_are(folder: Path) -> None:
    table = folder / "labels/config.yaml"
    table.parent.mkdir()
    (folder / "masks").rename(folder / "labels/masks")
    table.write_text("train: {images: ../images, masks: masks}\nclasses: {0: ground, 7: road}\n")
    for path in (table, table.parent):
        revision, _ = import_dataset(path)
        assert revision.root == folder
        assert revision.items["path"].to_pylist() == ["images/a.jpg", "images/b.png"]
        assert revision.items["partition"].to_pylist() == ["train", "train"]


def test_a_class_table_that_names_a_missing_folder_is_refused(folder: Path) -> None:
    table = folder / "classes.yaml"
    table.write_text("images: pictures\nmasks: masks\nclasses: [a, b]\n")
    with pytest.raises(InvalidError, match=r"names the folder .*pictures, which does not exist"):
        import_dataset(folder)


@pytest.mark.parametrize(
    "layout", ["images/train/{}.jpg masks/train/{}.png", "t/images/{}.jpg t/masks/{}.png"]
)
def test_parts_are_known_by_their_folders(tmp_path: Path, layout: str) -> None:
    for part in ("train2017", "val2017"):
        image, mask = layout.replace("t/", f"{part}/").replace("/train/", f"/{part}/").split()
        draw(tmp_path / image.format("a"), (4, 2))
        draw_mask(tmp_path / mask.format("a"), GROUND)
    (tmp_path / "classes.csv").write_text("id,name\n0,ground\n1,road\n")
    revision, _ = import_dataset(tmp_path)
    assert sorted(revision.items["partition"].to_pylist()) == ["train", "validation"]


def test_images_without_a_mask_are_left_out(folder: Path) -> None:
    draw(folder / "images/unlabelled.jpg")
    revision, report = import_dataset(folder)
    assert len(revision.items) == 2
    assert found(report, "image_without_mask") == ["images/unlabelled.jpg"]


def test_a_mask_without_image_is_an_error(folder: Path) -> None:
    (folder / "images/b.png").unlink()
    with pytest.raises(InvalidError, match=r"the mask masks/b.png has no image in .*images"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert (len(revision.items), report.errors) == (1, 1)


def test_two_images_of_one_name_are_an_error(folder: Path) -> None:
    draw(folder / "images/a.png", (4, 2))
    with pytest.raises(InvalidError, match=r"images/a\.jpg and images/a\.png have the same name"):
        import_dataset(folder)


def test_a_mask_with_unknown_ids_names_file_and_ids(folder: Path) -> None:
    draw_mask(folder / "masks/b.png", [[0, 3, 200, 7]] * 2)
    with pytest.raises(InvalidError, match=r"masks/b\.png: .* does not name the ids 3, 200"):
        import_dataset(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert revision.items["path"].to_pylist() == ["images/a.jpg"]
    assert [(one.kind, one.decision) for one in report.findings[:1]] == [
        ("unknown_class_id", "dropped")
    ]


def test_a_mask_of_another_size_names_file_and_sizes(folder: Path) -> None:
    draw_mask(folder / "masks/b.png", [[0, 0], [0, 0]])
    with pytest.raises(InvalidError, match=r"masks/b\.png: the mask is 2×2 .* image 4×2"):
        import_dataset(folder)


def test_a_mask_has_the_size_of_the_upright_image(folder: Path) -> None:
    draw(folder / "images/a.jpg", (2, 4), exif_orientation=6)  # stored lying on its side
    assert len(import_dataset(folder)[0].items) == 2
    draw(folder / "images/a.jpg", (4, 2), exif_orientation=6)
    with pytest.raises(InvalidError, match="its image 2×4 after its EXIF orientation"):
        import_dataset(folder)


def test_a_coloured_mask_is_refused(folder: Path) -> None:
    draw_mask(folder / "masks/b.png", GROUND, mode="RGB")
    with pytest.raises(InvalidError, match=r"masks/b\.png: an index mask has one channel"):
        import_dataset(folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.yaml", "classes: {0: sky, 5: 'no', 12: yes}"),
        ("classes.yml", "0: sky\n5: no\n12: yes\n"),
        ("classes.json", '{"names": {"12": "yes", "0": "sky", "5": "no"}}'),
        ("classes.csv", "name,id\nsky,0\nno,5\nyes,12\n"),
        ("classes.csv", "\ufeff0;sky\r\n5;no\r\n12;yes\r\n"),
    ],
)
def test_class_tables_are_read_however_they_are_written(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_class_table(tmp_path / name).classes == (
        ClassRecord(0, "sky", 0),
        ClassRecord(1, "no", 5),
        ClassRecord(2, "yes", 12),
    )


@pytest.mark.parametrize("text", ["[sky, road]", "names:\n- sky\n- road\n"])
def test_a_list_of_names_is_numbered_from_0(tmp_path: Path, text: str) -> None:
    (tmp_path / "classes.yaml").write_text(text)
    table = read_class_table(tmp_path / "classes.yaml")
    assert [one.source_id for one in table.classes] == [0, 1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "classes.yaml is refused"),
        ("just text", "it holds no mapping"),
        ("{sky: 0, road: 1}", "'sky' is no pixel value"),
        ("{-1: sky, 2: road}", "'-1' is no pixel value"),
        ("{0: sky, 1: sky}", "the name 'sky' stands in it twice"),
        ("{0: sky, 1: }", "the class 1 has no name"),
        ("{0: sky}", "fewer than two classes"),
        ("{0: [sky], 1: road}", "it holds no mapping"),
    ],
)
def test_a_class_table_with_a_fault_is_refused(folder: Path, text: str, complaint: str) -> None:
    (folder / "classes.yaml").write_text(text)
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(folder)


def write_table(folder: Path, **classes: int) -> None:
    lines = [f"{value}: {name}\n" for name, value in classes.items()]
    (folder / "labels.txt").write_text("".join(lines))


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("stills/{}.png", "approved_labels_full/{}_L.png"),
        ("PNGImages/{}.png", "PedMasks/{}_mask.png"),
        ("JPEGImages/{}.jpg", "SegmentationContext/{}.png"),
        ("Task_Training_Input/{}.jpg", "Task1_Training_GroundTruth/{}_segmentation.png"),
        ("images/{}.jpg", "annotations/trimaps/{}.png"),
        ("left8bit/train/town/{}_left8bit.png", "gtFine/train/town/{}_gtFine_labelIds.png"),
    ],
)
@pytest.mark.parametrize("top", ["", "download"])
def test_masks_are_found_by_the_names_of_files(
    tmp_path: Path, image: str, mask: str, top: str
) -> None:
    for name in ("town_1", "town_2"):
        draw(tmp_path / top / image.format(name), (4, 2))
        draw_mask(tmp_path / top / mask.format(name), ROAD)
    write_table(tmp_path / top, ground=0, road=7)
    revision, report = import_dataset(tmp_path)
    assert (revision.format, revision.items.num_rows, report.errors) == ("index_masks", 2, 0)
    assert set(revision.items["partition"].to_pylist()) == {"train" if "rain" in image else None}
    assert sum(pixels(revision).values()) == 14


@pytest.mark.parametrize(
    ("classes", "ending"),
    [({"ground": 0, "road": 7}, "_labelIds"), ({"ground": 0, "road": 1}, "_labelTrainIds")],
)
def test_of_several_masks_those_are_read_that_the_class_table_names(
    tmp_path: Path, classes: dict[str, int], ending: str
) -> None:
    for name in ("a", "b"):
        draw(tmp_path / f"images/town/{name}_left.png", (4, 2))
        stem = f"masks/town/{name}_fine"
        draw_mask(tmp_path / f"{stem}_color.png", ROAD, mode="RGB")
        draw_mask(tmp_path / f"{stem}_instanceIds.png", [[7001, 0, 0, 0]] * 2, mode="I;16")
        draw_mask(tmp_path / f"{stem}_labelIds.png", ROAD)
        draw_mask(tmp_path / f"{stem}_labelTrainIds.png", [[0, 0, 1, 1], [0, 0, 1, 255]])
    # Of a part that is not to be known all masks are empty.
    draw(tmp_path / "images/hidden/a_left.png", (4, 2))
    for end in ("instanceIds", "labelIds", "labelTrainIds"):
        draw_mask(tmp_path / f"masks/hidden/a_fine_{end}.png", GROUND)
    write_table(tmp_path, **classes)
    revision, report = import_dataset(tmp_path)
    masks = [one.mask_path for one in training_items(revision, revision.item_ids)]
    assert {str(one).rpartition("fine")[2] for one in masks} == {f"{ending}.png"}
    assert len(found(report, "masks_unread")) == 3
    assert report.errors == 0


def test_classes_called_after_masks_are_no_masks(tmp_path: Path) -> None:
    for name in ("face", "with mask"):
        for number in range(3):
            draw_noise(tmp_path / name / f"{number}.png")
    assert import_dataset(tmp_path)[0].format == "class_folders"


def test_a_missing_class_table_is_asked_for_with_the_values_that_it_has_to_name(
    folder: Path,
) -> None:
    (folder / "classes.yaml").unlink()
    with pytest.raises(InvalidError, match=r"Among the values in the masks are 0, 7, 255"):
        import_dataset(folder)


def test_a_class_may_have_a_no_break_space_in_its_name(folder: Path) -> None:
    (folder / "classes.yaml").write_text('{0: "bare\xa0ground", 7: road}', encoding="utf-8")
    assert import_dataset(folder)[0].classes[0].name == "bare\xa0ground"


def test_images_and_masks_are_found_in_parts_of_which_one_has_no_masks(tmp_path: Path) -> None:
    for part in ("train", "test"):
        draw(tmp_path / f"Aerial/{part}/images/austin1.png", (4, 2))
    draw_mask(tmp_path / "Aerial/train/gt/austin1.png", ROAD)
    (tmp_path / "classes.yaml").write_text("{0: ground, 7: road}")
    revision, _ = import_dataset(tmp_path)
    assert revision.items["path"].to_pylist() == ["Aerial/train/images/austin1.png"]
    assert revision.items["partition"].to_pylist() == ["train"]


def test_masks_in_a_further_folder_are_told(folder: Path) -> None:
    draw_mask(folder / "1st_manual/a_manual1.png", GROUND)
    draw_noise(folder / "photos/a.png")
    _, report = import_dataset(folder)
    (finding,) = [one for one in report.findings if one.kind == "masks_unread"]
    assert finding.file == "1st_manual/a_manual1.png"
    assert "1 mask in 1st_manual" in finding.message
    assert "those in masks are" in finding.message
