"""Revisions: identity, round trip, and what the training is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pictures import draw, draw_mask

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.importing import import_dataset
from model_playground.datasets.records import Revision, training_items


def photographs(folder: Path) -> Path:
    for name in ("a", "b", "c"):
        draw(folder / f"cat/{name}.png", like=f"cat {name}")
        draw(folder / f"dog/{name}.png", like=f"dog {name}")
    return folder


def prices(folder: Path) -> Path:
    rows = ["file,street,price,area"]
    for number in range(4):
        draw(folder / f"{number}.png", like=f"house {number}")
        rows.append(f"{number}.png,Elm,{number}.5,{number}.25")
    (folder / "houses.csv").write_text("\n".join(rows))
    return folder / "houses.csv"


def views(folder: Path) -> Path:
    for name in ("a", "b"):
        draw(folder / f"images/{name}.png", (2, 2), like=f"view {name}")
        draw_mask(folder / f"masks/{name}.png", [[0, 7], [255, 7]])
    (folder / "classes.yaml").write_text("{0: ground, 7: road}")
    return folder


KINDS = pytest.mark.parametrize("made", [photographs, views])


def ids_by_path(revision: Revision) -> dict[str, str]:
    """Return the items' ids by their paths."""
    return dict(zip(revision.items["path"].to_pylist(), revision.item_ids, strict=True))


def same_records(one: Revision, other: Revision) -> bool:
    """Compare everything in two revisions."""
    return (
        one.items.equals(other.items)
        and one.annotations.equals(other.annotations)
        and all(
            getattr(one, name) == getattr(other, name)
            for name in ("root", "format", "task", "classes", "target_names")
        )
    )


# Round trip


@KINDS
def test_a_revision_is_read_as_it_was_written(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    revision, _ = import_dataset(made(tmp_path / "data"))
    revision.write(tmp_path / "revisions" / revision.hash)
    again = Revision.read(tmp_path / "revisions" / revision.hash)
    assert same_records(again, revision)
    assert again.hash == revision.hash
    names = sorted(path.name for path in (tmp_path / "revisions").rglob("*"))
    assert names == sorted([revision.hash, "annotations.parquet", "items.parquet", "revision.json"])


def test_a_written_revision_is_not_written_again(tmp_path: Path) -> None:
    revision, _ = import_dataset(photographs(tmp_path / "data"))
    folder = tmp_path / revision.hash
    revision.write(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    revision.write(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_writing_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    revision, _ = import_dataset(photographs(tmp_path / "data"))
    unwritable = replace(revision, task="\ud800")  # no text: found out after the tables
    with pytest.raises(UnicodeEncodeError):
        unwritable.write(tmp_path / "revisions" / "one")
    assert list((tmp_path / "revisions").iterdir()) == []


def test_a_missing_revision_and_one_of_the_future_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no .*nowhere"):
        Revision.read(tmp_path / "nowhere")
    revision, _ = import_dataset(photographs(tmp_path / "data"))
    revision.write(tmp_path / "one")
    file = tmp_path / "one/revision.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": 99}))
    with pytest.raises(InvalidError, match="newer version"):
        Revision.read(tmp_path / "one")


# The hash


def test_the_hash_of_given_records_never_changes(tmp_path: Path) -> None:
    """Another value is another schema: what is stored under the old one would not be found."""
    items = pa.table(
        {
            "item_id": ["0123456789abcdef"],
            "path": ["café/1.png"],
            "content_hash": ["00ff"],
            "width": pa.array([8], pa.int32()),
            "height": pa.array([6], pa.int32()),
            "exif_orientation": pa.array([1], pa.int8()),
            "batch": ["x"],
        }
    )
    template, _ = import_dataset(prices(tmp_path), task="regression", options=_price())
    annotations = template.annotations.slice(0, 1)
    annotations = annotations.set_column(0, "item_id", pa.array(["0123456789abcdef"]))
    revision = replace(template, items=items, annotations=annotations)
    assert revision.hash == "840983b3aba3077ec6bb15b946d4691fd212cfabbfca7145d2c0d65396ef9834"


@KINDS
def test_the_hash_does_not_depend_on_order_place_or_format(
    tmp_path: Path, made: Callable[[Path], Path]
) -> None:
    revision, _ = import_dataset(made(tmp_path / "data"))
    elsewhere, _ = import_dataset(made(tmp_path / "elsewhere"))
    assert elsewhere.hash == revision.hash
    turned = replace(
        revision,
        root=Path("/nowhere"),
        format="another",
        items=_reversed(revision.items),
        annotations=_reversed(revision.annotations),
    )
    assert turned.hash == revision.hash


def test_the_hash_does_not_depend_on_the_rows_of_a_table(tmp_path: Path) -> None:
    table = prices(tmp_path)
    before, _ = import_dataset(table, options=_price())
    header, *rows = table.read_text().splitlines()
    table.write_text("\r\n".join([header, *reversed(rows)]))
    after, _ = import_dataset(table, options=_price())
    assert after.hash == before.hash
    assert list(ids_by_path(after)) == list(reversed(ids_by_path(before)))


def test_the_hash_changes_with_what_is_said(tmp_path: Path) -> None:
    table = prices(tmp_path)
    hashes = {import_dataset(table, options=_price())[0].hash}
    for old, new in [("1.5", "1.75"), ("Elm", "Oak"), ("street", "road"), ("price", "value")]:
        table.write_text(table.read_text().replace(old, new))
        hashes.add(
            import_dataset(table, options=_price("value" if new == "value" else "price"))[0].hash
        )
    draw(tmp_path / "1.png", like="another house")
    hashes.add(import_dataset(table, options=_price("value"))[0].hash)
    assert len(hashes) == 6


def test_the_hash_changes_with_a_mask(tmp_path: Path) -> None:
    before, _ = import_dataset(views(tmp_path))
    # As many pixels of each class, elsewhere.
    draw_mask(tmp_path / "masks/a.png", [[7, 0], [255, 7]])
    assert import_dataset(tmp_path)[0].hash != before.hash


def _reversed(table: pa.Table) -> pa.Table:
    return table.take(list(range(table.num_rows))[::-1])


def _price(name: str = "price") -> ReadOptions:
    return ReadOptions(target_columns=(name,))


# Identity


def test_ids_are_of_path_and_content(tmp_path: Path) -> None:
    first = ids_by_path(import_dataset(photographs(tmp_path / "one"))[0])
    second = ids_by_path(import_dataset(photographs(tmp_path / "two"))[0])
    assert first == second
    assert len(set(first.values())) == 6
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in first.values())


def test_ids_are_kept_when_files_change_or_move(tmp_path: Path) -> None:
    folder = photographs(tmp_path)
    first, _ = import_dataset(folder)
    before = ids_by_path(first)
    draw(folder / "cat/a.png", like="a better cat")  # another content in its place
    (folder / "cat/b.png").rename(folder / "dog/moved.png")  # the same content elsewhere
    (folder / "cat/c.png").unlink()
    draw(folder / "cat/new.png")
    second = import_dataset(folder)[0].with_identity_of(first)
    after = ids_by_path(second)
    assert after["cat/a.png"] == before["cat/a.png"]
    assert after["dog/moved.png"] == before["cat/b.png"]
    assert after["dog/a.png"] == before["dog/a.png"]
    assert after["cat/new.png"] not in before.values()
    assert len(set(after.values())) == len(after)
    assert set(second.annotations["item_id"].to_pylist()) == set(after.values())
    items = {item.item_id: item for item in training_items(second, second.item_ids)}
    assert items[before["cat/b.png"]].class_index == 1  # it was put among the dogs


def test_copies_of_one_content_keep_an_id_each(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        draw(tmp_path / f"cat/{name}.png", like="same")
    draw(tmp_path / "dog/1.png")
    first, _ = import_dataset(tmp_path)
    for name in ("1", "2"):
        (tmp_path / f"cat/{name}.png").rename(tmp_path / f"cat/moved-{name}.png")
    second = import_dataset(tmp_path)[0].with_identity_of(first)
    before, after = ids_by_path(first), ids_by_path(second)
    assert after["cat/moved-1.png"] == before["cat/1.png"]
    assert after["cat/moved-2.png"] == before["cat/2.png"]
    assert after["cat/3.png"] == before["cat/3.png"]


def test_a_file_where_another_was_born_gets_an_id_of_its_own(tmp_path: Path) -> None:
    folder = photographs(tmp_path)
    first, _ = import_dataset(folder)
    (folder / "cat/a.png").rename(folder / "cat/z.png")
    second = import_dataset(folder)[0].with_identity_of(first)
    draw(folder / "cat/a.png", like="cat a")  # the same path and content as the first once had
    third = import_dataset(folder)[0].with_identity_of(second)
    ids = ids_by_path(third)
    assert ids["cat/z.png"] == ids_by_path(first)["cat/a.png"]
    assert len(set(ids.values())) == 7


def test_an_unchanged_dataset_has_the_same_hash_again(tmp_path: Path) -> None:
    first, _ = import_dataset(photographs(tmp_path))
    assert import_dataset(tmp_path)[0].with_identity_of(first).hash == first.hash


# For the training


def test_training_items_come_in_the_order_asked_for(tmp_path: Path) -> None:
    revision, _ = import_dataset(prices(tmp_path), options=_price())
    wanted = [revision.item_ids[number] for number in (2, 0)]
    items = training_items(revision, wanted)
    assert [item.item_id for item in items] == wanted
    assert [item.path.name for item in items] == ["2.png", "0.png"]
    assert [item.values for item in items] == [(2.5,), (0.5,)]
    assert all(item.path.is_absolute() and item.class_index is None for item in items)
    with pytest.raises(NotFoundError, match="no item nothing"):
        training_items(revision, ["nothing"])


@KINDS
def test_classes_are_counted_among_some_items(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    revision, _ = import_dataset(made(tmp_path))
    first = revision.item_ids[:1]
    assert sum(revision.class_counts(first).values()) in (1, 2)  # a class, or those of a mask
    assert set(revision.class_counts([]).values()) == {0}
    assert revision.class_counts(revision.item_ids) == revision.class_counts()
