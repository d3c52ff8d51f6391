"""Datasets and their revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from model_playground.core.errors import unknown_name
from model_playground.core.records import DatasetRecord
from model_playground.store.database import Store
from model_playground.store.names import insert_named, unknown
from model_playground.store.schema import dataset, item, now, revision

if TYPE_CHECKING:
    from model_playground.datasets.records import Status


def add_revision(
    store: Store,
    *,
    name: str,
    revision_hash: str,
    task: str,
    root: str,
    format_name: str,
    classes: Sequence[str],
    class_counts: Mapping[str, int],
    target_names: Sequence[str],
    columns: Sequence[str],
    item_ids: Sequence[str],
    statuses: Mapping[str, Status] | None = None,
) -> DatasetRecord:
    """Add a revision to a dataset, and the dataset if it is new.

    If the newest revision has the same hash nothing is added; only the root becomes the new one,
    for a folder that was moved. Items that the dataset knew keep their status and tags.

    Args:
        store: where to add it.
        name: the dataset's name.
        revision_hash: the hash of the canonical records.
        task: the task that the labels are for.
        root: the folder that the items' paths start from.
        format_name: the format that it was read from.
        classes: the names of the classes, in order.
        class_counts: the images of each class, or those that contain it.
        target_names: the names of the values of a regression.
        columns: further columns of the table.
        item_ids: the ids of all items of the revision.
        statuses: by item id, what the source says of how far new items are labelled.

    Raises:
        InvalidError: the name is refused.
    """
    with store.write() as connection:
        known = connection.scalar(select(dataset.c.id).where(dataset.c.name == name))
        dataset_id = known or insert_named(connection, dataset, {"name": name})
        newest = connection.execute(_newest_first(name)).first()
        if newest is not None and newest.hash == revision_hash:
            connection.execute(update(revision).where(revision.c.id == newest.id).values(root=root))
        else:
            connection.execute(
                insert(revision).values(
                    dataset_id=dataset_id,
                    number=1 if newest is None else newest.number + 1,
                    hash=revision_hash,
                    task=task,
                    root=root,
                    format=format_name,
                    classes=list(classes),
                    class_counts=dict(class_counts),
                    target_names=list(target_names),
                    columns=list(columns),
                    items=len(item_ids),
                    created=now(),
                )
            )
            _add_items(connection, dataset_id, item_ids, statuses or {})
        return _record(revision_row(connection, name))


def _add_items(
    connection: Connection,
    dataset_id: int,
    item_ids: Iterable[str],
    statuses: Mapping[str, Status],
) -> None:
    of_dataset = select(item.c.item_id).where(item.c.dataset_id == dataset_id)
    known = set(connection.scalars(of_dataset))
    new = [
        {"dataset_id": dataset_id, "item_id": one, "status": statuses.get(one, "NEW")}
        for one in item_ids
        if one not in known
    ]
    if new:
        connection.execute(insert(item), new)


def list_datasets(store: Store) -> list[DatasetRecord]:
    """List the datasets with their newest revisions, the oldest dataset first."""
    with store.read() as connection:
        rows = connection.execute(_REVISIONS.order_by(dataset.c.id, revision.c.number))
        return list({row.name: _record(row) for row in rows}.values())


def get_dataset(store: Store, name: str, *, revision_hash: str | None = None) -> DatasetRecord:
    """Return a dataset with its newest revision, or with the revision that has a hash.

    Raises:
        NotFoundError: there is no such dataset or revision.
    """
    with store.read() as connection:
        return _record(revision_row(connection, name, revision_hash))


def item_statuses(store: Store, name: str) -> dict[str, Status]:
    """Return how far each item of a dataset is labelled, by its id.

    Raises:
        NotFoundError: there is no such dataset.
    """
    with store.read() as connection:
        revision_row(connection, name)
        dataset_id = select(dataset.c.id).where(dataset.c.name == name).scalar_subquery()
        rows = connection.execute(
            select(item.c.item_id, item.c.status).where(item.c.dataset_id == dataset_id)
        )
        return {row.item_id: row.status for row in rows}


def revision_row(connection: Connection, name: str, revision_hash: str | None = None) -> Row[Any]:
    """Return the newest revision of a dataset, or the newest that has a hash.

    Raises:
        NotFoundError: there is no such dataset or revision.
    """
    revisions = connection.execute(_newest_first(name)).all()
    for row in revisions:
        if revision_hash in (None, row.hash):
            return row
    if revisions:
        hashes = [row.hash for row in revisions]
        raise unknown_name(f"revision of the dataset {name}", str(revision_hash), hashes)
    raise unknown(connection, dataset, name)


_REVISIONS = select(
    dataset.c.name,
    revision.c.number.label("revision_number"),
    revision.c.hash.label("revision"),
    revision,
).join_from(dataset, revision)


def _newest_first(name: str) -> Select[Any]:
    return _REVISIONS.where(dataset.c.name == name).order_by(revision.c.number.desc())


def _record(row: Row[Any]) -> DatasetRecord:
    return DatasetRecord.model_validate(row._asdict())
