"""Splits: every item of a revision in exactly one part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from model_playground.core.records import PARTS, Part, SplitPlan, SplitRecord, SplitReport
from model_playground.store.database import Store
from model_playground.store.datasets import revision_row
from model_playground.store.names import insert_named, name_taken, unknown
from model_playground.store.schema import dataset, now, revision, split, split_item


def add_split(
    store: Store,
    *,
    name: str,
    dataset_name: str,
    revision_hash: str,
    strategy: str,
    seed: int | None,
    parts: Mapping[str, Part],
    class_counts: Mapping[str, Mapping[str, int]],
    fold: int | None = None,
    plan: SplitPlan | None = None,
    report: SplitReport | None = None,
) -> SplitRecord:
    """Add a split of a revision, with the part of every item.

    Args:
        store: where to add it.
        name: the split's name, new in the workspace.
        dataset_name: the dataset that is split.
        revision_hash: its revision.
        strategy: how the parts were chosen, in some words.
        seed: what the choice was drawn with.
        parts: the part of each item, by the item's id.
        class_counts: part → class → items.
        fold: which of the plan's folds is the validation part.
        plan: how it was made.
        report: what is to be known of it.

    Raises:
        InvalidError: the name is taken or refused.
        NotFoundError: there is no such dataset or revision.
    """
    counts = Counter(parts.values())
    with store.write() as connection:
        pinned = revision_row(connection, dataset_name, revision_hash)
        row = {
            "name": name,
            "revision_id": pinned.id,
            "strategy": strategy,
            "seed": seed,
            "counts": {part: counts[part] for part in PARTS},
            "class_counts": {part: dict(count) for part, count in class_counts.items()},
            "created": now(),
            "fold": fold,
            "plan": None if plan is None else plan.model_dump(mode="json"),
            "report": None if report is None else report.model_dump(mode="json"),
        }
        split_id = insert_named(connection, split, row)
        _add_items(connection, split_id, pinned.dataset_id, parts)
        return _get(connection, name)


def _add_items(
    connection: Connection, split_id: int, dataset_id: int, parts: Mapping[str, Part]
) -> None:
    """Add the parts of items; SQLite is given the rows as they are, in a third of the time."""
    rows = sorted(parts.items())
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "INSERT INTO split_item (split_id, dataset_id, item_id, part) VALUES (?, ?, ?, ?)",
            [(split_id, dataset_id, one, part) for one, part in rows],
        )
        return
    of_split = {"split_id": split_id, "dataset_id": dataset_id}
    connection.execute(
        insert(split_item), [of_split | {"item_id": one, "part": part} for one, part in rows]
    )


def check_names(store: Store, names: Sequence[str]) -> None:
    """Check that no split has one of some names, before much work is done for it.

    Raises:
        InvalidError: a name is taken.
    """
    with store.read() as connection:
        taken = connection.scalar(select(split.c.name).where(split.c.name.in_(names)))
    if taken is not None:
        raise name_taken(split, taken)


def list_splits(store: Store) -> list[SplitRecord]:
    """List the splits, the oldest first."""
    with store.read() as connection:
        return [_record(row) for row in connection.execute(_SPLITS.order_by(split.c.id))]


def get_split(store: Store, name: str) -> SplitRecord:
    """Return a split.

    Raises:
        NotFoundError: there is none of that name.
    """
    with store.read() as connection:
        return _get(connection, name)


def split_items(store: Store, name: str) -> dict[str, Part]:
    """Return the part of each item of a split, by the item's id.

    Raises:
        NotFoundError: there is no split of that name.
    """
    with store.read() as connection:
        items = select(split_item.c.item_id, split_item.c.part).join_from(split_item, split)
        rows = connection.execute(items.where(split.c.name == name).order_by(split_item.c.item_id))
        parts: dict[str, Part] = {row.item_id: row.part for row in rows}
        if not parts:
            raise unknown(connection, split, name)
        return parts


_SPLITS = (
    select(
        split,
        dataset.c.name.label("dataset"),
        revision.c.task,
        revision.c.hash.label("revision"),
    )
    .join_from(split, revision)
    .join(dataset)
)


def _get(connection: Connection, name: str) -> SplitRecord:
    row = connection.execute(_SPLITS.where(split.c.name == name)).one_or_none()
    if row is None:
        raise unknown(connection, split, name)
    return _record(row)


def _record(row: Row[Any]) -> SplitRecord:
    return SplitRecord.model_validate(row._asdict())
