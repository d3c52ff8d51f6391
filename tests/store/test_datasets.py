"""Datasets, their revisions and their items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import DatasetRecord
from model_playground.store.database import Store
from model_playground.store.datasets import get_dataset, list_datasets
from model_playground.store.schema import item, item_tag

Import = Callable[..., DatasetRecord]


def test_a_dataset_comes_back_as_it_was_added(store: Store, import_fruit: Import) -> None:
    added = import_fruit()
    assert added == DatasetRecord(
        name="fruit",
        task="classification",
        revision="a" * 64,
        revision_number=1,
        root="/photos",
        format="class_folders",
        items=3,
        classes=("apple", "pear"),
        class_counts={"apple": 2, "pear": 1},
        target_names=(),
        columns=("tree",),
        created=added.created,
    )
    assert get_dataset(store, "fruit") == added
    assert list_datasets(store) == [added]


def test_times_are_utc(import_fruit: Import) -> None:
    created = import_fruit().created
    assert created.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)


def test_an_import_of_other_records_adds_a_revision(store: Store, import_fruit: Import) -> None:
    first = import_fruit()
    second = import_fruit(revision_hash="b" * 64, item_ids=("1", "2", "3", "4"))
    assert (second.revision_number, second.items) == (2, 4)
    assert list_datasets(store) == [second]
    assert get_dataset(store, "fruit", revision_hash=first.revision) == first


def test_an_import_of_the_same_records_adds_nothing(store: Store, import_fruit: Import) -> None:
    assert import_fruit() == import_fruit()


def test_the_same_records_in_another_folder_are_the_same_revision(import_fruit: Import) -> None:
    first = import_fruit()
    moved = import_fruit(root="/moved/photos")
    assert moved == first.model_copy(update={"root": "/moved/photos"})


def test_going_back_to_earlier_records_is_a_revision_too(import_fruit: Import) -> None:
    hashes = ("a" * 64, "b" * 64, "a" * 64)
    numbers = [import_fruit(revision_hash=one).revision_number for one in hashes]
    assert numbers == [1, 2, 3]


def test_items_keep_their_status_and_tags_across_revisions(
    store: Store, import_fruit: Import
) -> None:
    import_fruit()
    with store.write() as connection:
        connection.execute(update(item).where(item.c.item_id == "2").values(status="REVIEWED"))
        (dataset_id,) = set(connection.scalars(select(item.c.dataset_id)))
        connection.execute(
            insert(item_tag).values(dataset_id=dataset_id, item_id="1", tag="blurred")
        )
    import_fruit(revision_hash="b" * 64, item_ids=("2", "4"))
    with store.read() as connection:
        statuses = {row.item_id: row.status for row in connection.execute(select(item))}
        tags = connection.execute(select(item_tag.c.item_id, item_tag.c.tag)).all()
    assert statuses == {"1": "NEW", "2": "REVIEWED", "3": "NEW", "4": "NEW"}
    assert tags == [("1", "blurred")]


def test_items_of_different_datasets_are_different_items(
    store: Store, import_fruit: Import
) -> None:
    import_fruit()
    import_fruit(name="more fruit")
    with store.read() as connection:
        assert len(connection.execute(select(item)).all()) == 6


@pytest.mark.parametrize(
    "name", ['it\'s "quoted"', "größe 日本語 🖼", "'; DROP TABLE dataset; --", "{name} %s :x", "a/b"]
)
def test_any_printable_name_is_kept(name: str, store: Store, import_fruit: Import) -> None:
    import_fruit(name=name, classes=(name,), class_counts={name: 3})
    assert get_dataset(store, name).name == name
    assert get_dataset(store, name).class_counts == {name: 3}


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", ".", ".."])
def test_a_name_that_cannot_be_shown_or_opened_is_refused(
    name: str, store: Store, import_fruit: Import
) -> None:
    with pytest.raises(InvalidError, match="is no name for a dataset"):
        import_fruit(name=name)
    assert list_datasets(store) == []


def test_a_name_that_is_no_text_is_refused(store: Store, import_fruit: Import) -> None:
    import_fruit()
    with pytest.raises(InvalidError, match="holds bytes that are no text"):
        import_fruit(name="\udcff")
    with pytest.raises(InvalidError, match="holds bytes that are no text"):
        get_dataset(store, "\udcff")


def test_an_unknown_name_gets_suggestions(store: Store, import_fruit: Import) -> None:
    with pytest.raises(NotFoundError, match="There is no dataset yet"):
        get_dataset(store, "friut")
    import_fruit()
    with pytest.raises(NotFoundError, match="Did you mean fruit"):
        get_dataset(store, "friut")
    with pytest.raises(NotFoundError, match="no revision of the dataset fruit named 'c0ffee'"):
        get_dataset(store, "fruit", revision_hash="c0ffee")
