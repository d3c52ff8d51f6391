"""Strata: the classes, values or columns whose shares are to be the same in every part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.errors import InvalidError
from model_playground.datasets.records import Revision
from model_playground.datasets.splits.groups import column_groups

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

Ints = NDArray[np.int64]

MOST_QUANTILES = 10
FEWEST_ITEMS_OF_A_QUANTILE = 10


@dataclass(frozen=True)
class Strata:
    """Which strata each item is in: pairs of item and stratum, each once."""

    names: tuple[str, ...]
    items: Ints
    strata: Ints
    item_count: int

    def counts(self, units: Ints, unit_count: int) -> csr_array:
        """Return how many items of a unit (row) are in a stratum (column)."""
        from scipy.sparse import coo_array

        ones = np.ones(len(self.items), np.int64)
        shape = (unit_count, max(1, len(self.names)))
        found = coo_array((ones, (units[self.items], self.strata)), shape=shape).tocsr()
        found.sum_duplicates()
        return found

    def within(self, chosen: NDArray[np.bool_]) -> Strata:
        """Return the strata of some items only."""
        inside = chosen[self.items]
        return replace(self, items=self.items[inside], strata=self.strata[inside])

    def joined(self, other: Strata) -> Strata:
        """Return the strata of both."""
        return Strata(
            self.names + other.names,
            np.concatenate([self.items, other.items]),
            np.concatenate([self.strata, other.strata + len(self.names)]),
            self.item_count,
        )


def label_strata(revision: Revision) -> Strata:
    """Return the strata of a revision's labels: its classes, or quantiles of its values.

    An item is in the stratum of every class that it has, be it by a box, a mask or as a whole.
    """
    classes = _class_strata(revision)
    for name in revision.target_names:
        classes = classes.joined(_quantiles(revision, name))
    return classes


def column_strata(revision: Revision, columns: Sequence[str]) -> Strata:
    """Return the strata of the different texts in some columns.

    Raises:
        NotFoundError: there is no such column.
        InvalidError: items have nothing in it, or the column tells all items apart.
    """
    count = revision.items.num_rows
    found = Strata((), np.zeros(0, np.int64), np.zeros(0, np.int64), count)
    for column in columns:
        places = column_groups(revision.items, column)
        different = int(places.max(initial=-1)) + 1
        if different > max(count // 2, 1):
            raise InvalidError(
                "split.no_strata",
                "the column {column} has {different:,} different values for {count:,} items: "
                "shares of so many cannot be kept. Choose a column with fewer",
                column=column,
                different=different,
                count=count,
            )
        names = tuple(f"{column} {number}" for number in range(different))
        found = found.joined(Strata(names, np.arange(count), places, count))
    return found


def rows_of(revision: Revision, item_ids: object) -> Ints:
    """Return the rows of the items table that some ids stand for."""
    ids = revision.items["item_id"].combine_chunks()
    return np.asarray(pc.index_in(item_ids, value_set=ids), np.int64)


def _class_strata(revision: Revision) -> Strata:
    told = pc.is_valid(revision.annotations["class_index"])
    items = rows_of(revision, revision.annotations["item_id"].filter(told))
    classes = revision.annotations["class_index"].filter(told).to_numpy().astype(np.int64)
    number = max(1, len(revision.classes))
    pairs = np.sort(items * number + classes)  # of sorting and hashing, the faster by far
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    names = tuple(one.name for one in revision.classes)
    return Strata(names, pairs // number, pairs % number, revision.items.num_rows)


def _quantiles(revision: Revision, name: str) -> Strata:
    annotations = revision.annotations
    told = pc.and_(pc.equal(annotations["kind"], "value"), pc.equal(annotations["name"], name))
    items = rows_of(revision, annotations["item_id"].filter(told))
    values = annotations["value"].filter(told).to_numpy()
    number = min(MOST_QUANTILES, max(1, len(values) // FEWEST_ITEMS_OF_A_QUANTILE))
    quantiles = np.quantile(values, np.arange(1, number) / number) if len(values) else []
    edges = np.unique(np.asarray(quantiles, np.float64))
    places = np.searchsorted(edges, values, side="right").astype(np.int64)
    limits = [f"{edge:.4g}" for edge in edges]
    names = tuple(
        f"{name} {low} to {high}".replace(" … to", " below").replace("to …", "or more")
        for low, high in zip(["…", *limits], [*limits, "…"], strict=True)
    )
    return Strata(names, items, places, revision.items.num_rows)


def first_class(revision: Revision) -> Ints:
    """Return one class of each item, the first; -1 for none."""
    strata = _class_strata(revision)
    first = np.full(revision.items.num_rows, -1, np.int64)
    first[strata.items[::-1]] = strata.strata[::-1]
    return first
