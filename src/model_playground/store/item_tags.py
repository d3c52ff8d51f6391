"""The tags that people give to items of a dataset; they can change."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from model_playground.store.database import Store
from model_playground.store.names import row_id
from model_playground.store.schema import dataset, item_tag


def item_tags(store: Store, dataset_name: str) -> dict[str, tuple[str, ...]]:
    """Return the tags of each item that has some, by id.

    Raises:
        NotFoundError: there is no such dataset.
    """
    tags: defaultdict[str, list[str]] = defaultdict(list)
    with store.read() as connection:
        known = item_tag.c.dataset_id == row_id(connection, dataset, dataset_name)
        rows = select(item_tag.c.item_id, item_tag.c.tag).where(known).order_by(item_tag.c.tag)
        for row in connection.execute(rows):
            tags[row.item_id].append(row.tag)
    return {one: tuple(of_item) for one, of_item in tags.items()}
