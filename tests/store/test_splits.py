"""Splits and the parts of their items."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import DatasetRecord, SplitRecord
from model_playground.store.database import Store
from model_playground.store.splits import get_split, list_splits, split_items

Split = Callable[..., SplitRecord]


def test_a_split_comes_back_as_it_was_added(store: Store, split_fruit: Split) -> None:
    added = split_fruit()
    assert added == SplitRecord(
        name="halves",
        dataset="fruit",
        task="classification",
        revision="a" * 64,
        strategy="random",
        seed=0,
        counts={"train": 1, "validation": 1, "test": 1},
        class_counts={"train": {"apple": 1}, "validation": {"apple": 1}, "test": {"pear": 1}},
        created=added.created,
    )
    assert get_split(store, "halves") == added
    assert list_splits(store) == [added]
    assert split_items(store, "halves") == {"1": "train", "2": "validation", "3": "test"}


def test_a_split_stays_with_its_revision(
    store: Store, split_fruit: Split, import_fruit: Callable[..., DatasetRecord]
) -> None:
    before = split_fruit()
    import_fruit(revision_hash="b" * 64, task="regression")
    assert get_split(store, "halves") == before


def test_a_name_is_given_once(store: Store, split_fruit: Split) -> None:
    first = split_fruit()
    with pytest.raises(InvalidError, match="a split named 'halves' already"):
        split_fruit(seed=1)
    assert list_splits(store) == [first]


def test_a_split_that_fails_half_way_leaves_nothing(store: Store, split_fruit: Split) -> None:
    with pytest.raises(IntegrityError):
        split_fruit(parts={"1": "train", "no such item": "test"})
    assert list_splits(store) == []


def test_unknown_names_are_said(store: Store, split_fruit: Split) -> None:
    with pytest.raises(NotFoundError, match="no dataset named 'vegetables'"):
        split_fruit(dataset_name="vegetables")
    split_fruit()
    for find in (get_split, split_items):
        with pytest.raises(NotFoundError, match="Did you mean halves"):
            find(store, "half")
