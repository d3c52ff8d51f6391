"""Import as a whole: choosing the format, refusing or leaving out, and writing nothing."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from pictures import cut_short, draw, draw_mask, draw_noise, found
from PIL import Image

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.formats.format import FORMATS, ReadOptions
from model_playground.datasets.importing import import_dataset

DROP = ReadOptions(drop_faulty=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two images."""
    for file in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
        draw(tmp_path / file)
    return tmp_path


# Which format


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no folder or file .*nowhere"):
        import_dataset(tmp_path / "nowhere")


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InvalidError, match="holds no images"):
        import_dataset(tmp_path)


def test_an_unknown_layout_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    draw(tmp_path / "1.png")
    with pytest.raises(InvalidError) as refused:
        import_dataset(tmp_path)
    for known in FORMATS:
        assert f"{known.name}: " in str(refused.value)


def test_a_refusal_says_what_hinders_and_how_to_get_the_images_in(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        draw(tmp_path / f"images/guinea_pig_{number}.png")
        draw(tmp_path / f"images/cat.{number}.png")
    (tmp_path / "labels.mat").write_bytes(b"MATLAB")
    (tmp_path / "list.csv").write_bytes("file;kind\nä.png;cat\n".encode("latin-1"))
    (tmp_path / "more.csv").write_text("who,when\nAnn,May\n")
    with pytest.raises(InvalidError) as refused:
        import_dataset(tmp_path)
    for said in (
        "2 ending in .csv, 1 ending in .mat",
        "begin with cat, guinea_pig: if these are the classes, move the images into folders",
        "list.csv is not saved as UTF-8: 1 line is read as Windows-1252, the first line 2 as "
        "“ä.png;cat”",
        "most rows of more.csv (who, when) name no image",
        "a table labels.csv with the columns file and class",
    ):
        assert said in str(refused.value)


@pytest.mark.parametrize("format", [None, "class_folders"])
@pytest.mark.parametrize(
    "files", [["cat/1.png", "cat/2.png"], ["train/cat/1.png", "val/cat/2.png"]]
)
def test_one_class_alone_is_answered_with_what_lacks(
    tmp_path: Path, files: list[str], format: str | None
) -> None:
    for file in files:
        draw(tmp_path / file)
    with pytest.raises(InvalidError, match="in folders named cat: if that is a class, add the"):
        import_dataset(tmp_path, options=ReadOptions(format=format))


@pytest.mark.parametrize("folder", [".", "images", "train"])
def test_folders_that_are_evidently_no_class_are_not_taken_for_one(
    tmp_path: Path, folder: str
) -> None:
    draw(tmp_path / folder / "1.png")
    with pytest.raises(InvalidError) as refused:
        import_dataset(tmp_path)
    assert "if that is a class" not in str(refused.value)


def test_images_beside_files_that_may_be_labels_are_not_taken_for_a_class(tmp_path: Path) -> None:
    draw(tmp_path / "photos/1.png")
    (tmp_path / "labels.json").write_text("{}")
    with pytest.raises(InvalidError) as refused:
        import_dataset(tmp_path)
    assert "if that is a class" not in str(refused.value)


@pytest.mark.parametrize(
    "names", [["image_1", "image_2"], ["train_1", "train_2", "test_1", "test_2"]]
)
def test_no_classes_are_seen_in_names_that_hold_none(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        draw(tmp_path / f"{name}.png")
    with pytest.raises(InvalidError) as refused:
        import_dataset(tmp_path)
    assert "begin with" not in str(refused.value)


def test_a_task_that_the_format_lacks_is_answered_with_what_hinders(tmp_path: Path) -> None:
    for name in ("cat_1", "cat_2", "dog_1", "dog_2"):
        draw(tmp_path / f"images/{name}.png")
        draw_mask(tmp_path / f"masks/{name}.png", [[0, 1] * 4] * 6)
    with pytest.raises(InvalidError, match=r"not for classification; the names .* cat, dog"):
        import_dataset(tmp_path, task="classification")


def test_lines_of_json_are_answered_with_what_they_should_be_called(tmp_path: Path) -> None:
    draw(tmp_path / "images/1.png")
    lines = tmp_path / "labels.jsonl"
    lines.write_text('{"image": "1", "label": "cat"}\n')
    for path in (tmp_path, lines):
        with pytest.raises(InvalidError, match=r"labels\.jsonl is read if it is called metadata"):
            import_dataset(path)


def test_pictures_in_tables_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("label,pixel0,pixel1\n5,0,255\n")
    with pytest.raises(InvalidError, match=r"1 ending in \.csv.*write each to a file"):
        import_dataset(tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="laid out in no way that is known"):
        import_dataset(draw(tmp_path / "1.png"))


@pytest.mark.parametrize(
    ("task", "options", "complaint"),
    [
        ("segmentation", ReadOptions(), "class_folders gives labels for classification, not"),
        (None, ReadOptions(target_columns=("x",)), "has no use for --target-column"),
        (None, ReadOptions(class_table=Path("x")), "has no use for --class-table"),
    ],
)
def test_what_does_not_fit_the_format_is_refused(
    folder: Path, task: str | None, options: ReadOptions, complaint: str
) -> None:
    with pytest.raises(InvalidError, match=complaint):
        import_dataset(folder, task=task, options=options)


def test_unknown_names_are_answered_with_near_ones(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="Did you mean classification"):
        import_dataset(folder, task="clasification")
    with pytest.raises(NotFoundError, match="Did you mean class_folders"):
        import_dataset(folder, options=ReadOptions(format="class_folder"))


def test_where_two_formats_recognise_the_files_the_user_chooses(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,kind\ncat/1.png,x\ndog/1.png,y\n")
    with pytest.raises(InvalidError, match=r"as class_folders, .*; as table, .*--format"):
        import_dataset(folder)
    for name in ("class_folders", "table"):
        assert import_dataset(folder, options=ReadOptions(format=name))[0].format == name


def test_every_format_says_what_it_is() -> None:
    for known in FORMATS:
        assert len(known().summary) > 20
        assert set(known.options) <= set(ReadOptions.__dataclass_fields__)
        assert known.tasks


# Images that cannot be used


def break_images(folder: Path) -> list[str]:
    """Break images in several ways and return their paths, relative to the folder."""
    cut_short(draw_noise(folder / "cat/cut.jpg"))
    cut_short(draw_noise(folder / "cat/cut.png"))
    cut_short(draw_noise(folder / "cat/end.jpg"), 0.999)
    (folder / "dog/empty.png").write_bytes(b"")
    (folder / "dog/text.jpg").write_text("<html>404 Not Found</html>")
    return ["cat/cut.jpg", "cat/cut.png", "cat/end.jpg", "dog/empty.png", "dog/text.jpg"]


def test_unreadable_images_block_the_import_by_name(folder: Path) -> None:
    broken = break_images(folder)
    with pytest.raises(InvalidError) as refused:
        import_dataset(folder)
    assert "5 items cannot be used" in str(refused.value)
    assert "--drop-faulty" in str(refused.value)
    for file in broken:
        assert file in str(refused.value)


def test_an_image_that_would_fill_the_memory_is_refused_unopened(folder: Path) -> None:
    """A file of a few kilobytes that says it has 2.5 thousand million pixels."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    pieces = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(6_251) * 50_000)), (b"IEND", b""))
    (folder / "cat/bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in pieces
        )
    )
    _, report = import_dataset(folder, options=ReadOptions(drop_faulty=True))
    (fault,) = [one for one in report.findings if one.file == "cat/bomb.png"]
    assert "cat/bomb.png: it is refused, for it would fill the memory" in fault.message


def test_only_the_first_of_many_are_named(folder: Path) -> None:
    for number in range(8):
        (folder / f"cat/bad-{number}.png").write_bytes(b"")
    with pytest.raises(InvalidError, match=r"8 items .*bad-4\.png: [^;]*; and 3 more: "):
        import_dataset(folder)


def test_unreadable_images_are_left_out_if_that_is_asked(folder: Path) -> None:
    broken = break_images(folder)
    revision, report = import_dataset(folder, options=DROP)
    assert revision.class_counts() == {"cat": 2, "dog": 2}
    assert found(report, "unreadable_image") == broken
    assert {one.decision for one in report.findings if one.severity == "error"} == {"dropped"}
    assert (report.items, report.errors) == (4, 5)


def test_a_dataset_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    for file in ("cat/1.png", "dog/1.png"):
        draw(tmp_path / file).write_bytes(b"")
    with pytest.raises(InvalidError, match="no image that can be used"):
        import_dataset(tmp_path, options=DROP)


def test_a_name_that_is_no_text_is_refused(folder: Path) -> None:
    draw(folder / "cat/3.png").rename(folder / os.fsdecode(b"cat/\xff.png"))
    with pytest.raises(InvalidError, match="not written in UTF-8: rename it"):
        import_dataset(folder)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16", "F"])
def test_images_of_every_mode_are_read(folder: Path, mode: str) -> None:
    path = folder / ("cat/odd.tiff" if mode in ("CMYK", "F") else "cat/odd.png")
    Image.new(mode, (5, 3)).save(path)
    revision, _ = import_dataset(folder)
    assert "cat/odd" in " ".join(revision.items["path"].to_pylist())


@pytest.mark.parametrize(
    ("orientation", "size_wh"), [(1, (8, 6)), (3, (8, 6)), (6, (6, 8)), (8, (6, 8))]
)
def test_the_size_is_that_of_the_upright_image(
    folder: Path, orientation: int, size_wh: tuple[int, int]
) -> None:
    draw(folder / "cat/0.jpg", (8, 6), exif_orientation=orientation)
    revision, report = import_dataset(folder)
    first = revision.items.to_pylist()[0]
    assert (first["width"], first["height"]) == size_wh
    assert found(report, "exif_rotated") == ["cat/0.jpg"] * (orientation != 1)


# What an import leaves behind


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file under a folder, with its time and content."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_source_files_are_not_touched(folder: Path) -> None:
    before = snapshot(folder)
    import_dataset(folder)
    assert snapshot(folder) == before


def test_an_interrupted_import_leaves_nothing(folder: Path) -> None:
    before = snapshot(folder)

    def interrupt(stage: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(folder, advance=interrupt)
    assert snapshot(folder) == before


def test_progress_is_told_to_its_end(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    import_dataset(folder, advance=lambda *progress: told.append(progress))
    assert told == [("Reading labels", 0, 0), ("Reading images", 0, 4), ("Reading images", 4, 4)]


def test_two_thousand_images_take_little_memory(tmp_path: Path) -> None:
    """The bound is far from what it takes, some tenths of a megabyte."""
    content = draw_noise(tmp_path / "pattern.jpg", (100, 100)).read_bytes()
    for number in range(2000):
        path = tmp_path / f"data/{number % 4}/{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content + number.to_bytes(4))
    tracemalloc.start()
    revision, _ = import_dataset(tmp_path / "data")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(revision.items) == 2000
    assert peak < 20_000_000  # the images' bytes alone are 8 MB, their pixels 60 MB


def test_a_folder_inside_that_can_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("cat", "dog"):
        draw(tmp_path / f"models/{name}.png")
        (tmp_path / f"CamVid/{name}").mkdir(parents=True)
        draw(tmp_path / f"CamVid/{name}/1.png")
    table = "file,kind\n" + "".join(f"{one}/1.png,{one}\n" for one in ("cat", "dog"))
    (tmp_path / "CamVid/labels.csv").write_text(table)
    with pytest.raises(InvalidError, match="its folder CamVid can be read as class_folders or tab"):
        import_dataset(tmp_path)
