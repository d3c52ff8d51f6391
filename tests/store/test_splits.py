"""Splits and the parts of their items."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from model_playground.core.errors import InvalidError, NotFoundError
from model_playground.core.records import (
    DatasetRecord,
    ExperimentRecord,
    SplitLeak,
    SplitPlan,
    SplitRecord,
    SplitReport,
)
from model_playground.store.database import Store
from model_playground.store.experiments import add_experiment, get_experiment
from model_playground.store.item_tags import item_tags
from model_playground.store.schema import item_tag
from model_playground.store.splits import check_names, get_split, list_splits, split_items

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
    with pytest.raises((IntegrityError, InvalidError)):  # the second where PostgreSQL refuses it
        split_fruit(parts={"1": "train", "no such item": "test"})
    assert list_splits(store) == []


def test_unknown_names_are_said(store: Store, split_fruit: Split) -> None:
    with pytest.raises(NotFoundError, match="no dataset named 'vegetables'"):
        split_fruit(dataset_name="vegetables")
    split_fruit()
    for find in (get_split, split_items):
        with pytest.raises(NotFoundError, match="Did you mean halves"):
            find(store, "half")


def test_a_split_keeps_how_it_was_made_and_what_it_leaks(
    store: Store, split_fruit: Split, new_experiment: Callable[..., ExperimentRecord]
) -> None:
    leak = SplitLeak(kind="same file", groups=2, parts=("train", "test"), examples=("a and b",))
    plan = SplitPlan(folds=3, where="class=apple", group_by=("tree",))
    report = SplitReport(leaks=(leak,), checked=("same file",), left_out=3, notes=("a note",))
    without = new_experiment("without")
    added = split_fruit(name="leaking", fold=2, plan=plan, report=report)
    assert (added.fold, added.plan, added.report) == (2, plan, report)
    assert get_split(store, "leaking") == added
    specification = without.specification | {"name": "e", "split": "leaking"}
    add_experiment(store, specification, [("e-0", 0)])
    assert get_experiment(store, "e").leaks == (leak.sentence,)
    assert without.leaks == ()


def test_a_taken_name_is_told_before_the_work(store: Store, split_fruit: Split) -> None:
    split_fruit()
    check_names(store, ("other", "another"))
    with pytest.raises(InvalidError, match="a split named 'halves' already"):
        check_names(store, ("other", "halves"))


def test_tags_of_items_are_read(store: Store, split_fruit: Split) -> None:
    split_fruit()
    with store.write() as connection:
        rows = [("1", "ripe"), ("1", "large"), ("3", "ripe")]
        connection.execute(
            insert(item_tag),
            [{"dataset_id": 1, "item_id": one, "tag": tag} for one, tag in rows],
        )
    assert item_tags(store, "fruit") == {"1": ("large", "ripe"), "3": ("ripe",)}
    with pytest.raises(NotFoundError, match="no dataset named 'fruits'"):
        item_tags(store, "fruits")
