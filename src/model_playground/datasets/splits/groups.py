"""Groups: what must stay in one part, put together from everything that says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError, unknown_name
from model_playground.datasets.records import ITEM_SCHEMA

Ints = NDArray[np.int64]

LARGE_GROUP_SHARE = 0.05
"""A group of more than this share of the items, if only found, needs the user's consent."""

LARGE_SERIES_SHARE = 0.10
"""The same for a series of file names: a name says more than likeness does."""

SMALL_GROUP = 4
"""A group of so many items is small, however few items there are."""


def largest_group(items: int, share: float = LARGE_GROUP_SHARE) -> int:
    """Return how many items a found group may have without the user's consent."""
    return max(SMALL_GROUP, int(share * items))


@dataclass(frozen=True)
class Images:
    """All images of some items: an item may have several."""

    rows: Ints  # of the item in its table
    paths: pa.ChunkedArray
    contents: pa.ChunkedArray

    @classmethod
    def of(cls, items: pa.Table) -> Images:
        """Return the images of an items table."""
        rows, paths, contents = np.arange(items.num_rows), items["path"], items["content_hash"]
        further = items["further_images"].combine_chunks()
        if further.null_count == len(further):
            return cls(rows, paths, contents)
        more = further.flatten()
        return cls(
            np.concatenate([rows, np.asarray(pc.list_parent_indices(further), np.int64)]),
            pa.chunked_array([*paths.chunks, more.field("path")]),
            pa.chunked_array([*contents.chunks, more.field("content_hash")]),
        )

    def tied(self, groups: Ints, items: int) -> Ints:
        """Return the group of each item from those of its images, -1 for none."""
        if len(groups) == items:
            return groups
        known = groups >= 0
        return _components(self.rows[known], groups[known], items)


def units_of(ties: Sequence[Ints], items: int) -> Ints:
    """Return for each item the number of its unit: all that is tied, by whatever reason.

    Args:
        ties: for each reason the group of each item, -1 for none.
        items: how many items there are.
    """
    rows, columns, nodes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for groups in ties:
        sizes = np.bincount(groups[groups >= 0])
        tied = np.flatnonzero(groups >= 0)
        tied = tied[sizes[groups[tied]] > 1]  # most contents are those of one item only
        rows.append(tied)
        columns.append(groups[tied] + nodes)
        nodes += len(sizes)
    row, column = np.concatenate(rows), np.concatenate(columns)
    if len(row) == 0:
        return np.arange(items)
    units = _components(row, column, items)
    alone = units < 0
    units[alone] = units.max() + 1 + np.arange(np.count_nonzero(alone))
    return numbered(units)


def _components(rows: Ints, groups: Ints, items: int) -> Ints:
    """Return for each item what its groups tie it to, as a number; -1 for an item in none."""
    from scipy.sparse import coo_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    nodes = items + int(groups.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(rows), np.int8), (rows, groups + items)), shape=(nodes, nodes))
    _, components = connected_components(graph, directed=False)
    of_item = np.full(items, -1, np.int64)
    of_item[rows] = components[rows]
    return of_item


def numbered(names: NDArray[Any]) -> Ints:
    """Number the different names through, from 0 and without gaps."""
    present = np.bincount(names) > 0
    return np.asarray((np.cumsum(present) - 1)[names], np.int64)


def codes(values: pa.ChunkedArray) -> Ints:
    """Return for each value the place of it among the different ones; -1 for none or empty."""
    encoded = values.combine_chunks().dictionary_encode()
    places = np.asarray(encoded.indices.fill_null(-1), np.int64)
    for empty in np.flatnonzero(pc.equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)):
        places[places == empty] = -1
    return places


def column_groups(items: pa.Table, column: str) -> Ints:
    """Return the groups of the items that have the same in a column.

    Raises:
        NotFoundError: there is no such column.
        InvalidError: items have nothing in it.
    """
    fixed = set(ITEM_SCHEMA.names) - {"content_hash", "partition"}
    known = [name for name in items.column_names if name not in fixed]
    if column not in known:
        raise unknown_name("column", column, known)
    groups = codes(items[column].cast(pa.string()))
    if (groups < 0).any():
        raise InvalidError(
            "split.no_group",
            "{count} nothing in the column {column}: fill it and import again, or group by another",
            count=counted(int((groups < 0).sum()), "item has", "items have"),
            column=column,
        )
    return groups


def pattern_groups(items: pa.Table, pattern: str) -> Ints:
    """Return the groups of the items whose file names agree in the group of a pattern.

    Args:
        items: the items table of a revision.
        pattern: a regular expression with one group in parentheses, such as `^([a-z]+[0-9]+)`.

    Raises:
        InvalidError: it is none, or some names do not fit it.
    """
    names = pc.replace_substring_regex(items["path"], r"^.*/", "")
    try:
        groups = re.compile(pattern).groups
        if groups != 1:
            raise ValueError(f"it has {groups} groups in parentheses, and one is needed")
        # RE2 is used for the names: it takes linear time whatever the pattern is.
        fits = pc.match_substring_regex(names, pattern)
        found = pc.replace_substring_regex(names, f"^.*?(?:{pattern}).*$", r"\1")
    except (ValueError, re.error, RecursionError) as error:  # Arrow's are ValueErrors too
        raise InvalidError(
            "split.pattern",
            "the pattern {pattern!r} cannot be used: {why}. Put what items of one group have in "
            "common in parentheses, such as ^([a-z]+[0-9]+)",
            pattern=pattern,
            why=str(error).splitlines()[0] if str(error) else "it is no regular expression",
        ) from None
    lacking = names.filter(pc.invert(fits))
    if len(lacking):
        raise InvalidError(
            "split.pattern_misfit",
            "{count:,} file names do not fit the pattern {pattern!r}, such as {names}: widen it, "
            "or choose the items with a condition",
            count=len(lacking),
            pattern=pattern,
            names=", ".join(lacking[:3].to_pylist()),
        )
    return codes(found)


def found_groups(
    images: Images, groups: Sequence[Sequence[str]], items: int, *, largest: int
) -> tuple[Ints, list[Ints]]:
    """Return the group of each item that has an image in a group of images, -1 for the others.

    Args:
        images: the images of the items.
        groups: content hashes of images that belong together.
        items: how many items there are.
        largest: how many items a group may have.

    Returns:
        The groups that are small enough, and the rows of the items of each that is not.
    """
    names = pa.array([one for group in groups for one in group], pa.string())
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups]).astype(np.int64)
    places = np.asarray(pc.index_in(images.contents, value_set=names).fill_null(-1), np.int64)
    of_image = np.full(len(places), -1, np.int64)
    of_image[places >= 0] = numbers[places[places >= 0]]
    of_item = images.tied(of_image, items).copy()
    sizes = np.bincount(of_item[of_item >= 0])
    large = np.flatnonzero(sizes > largest).tolist()
    rows = [np.flatnonzero(of_item == group) for group in large]
    for one in rows:
        of_item[one] = -1
    return of_item, rows


def unit_keys(units: Ints, item_ids: Sequence[str]) -> tuple[Ints, list[str]]:
    """Return the size of each unit and its key: the smallest id of its items."""
    sizes = np.bincount(units).astype(np.int64)
    table = pa.table({"unit": units, "item_id": pa.array(item_ids, pa.string())})
    smallest = table.group_by("unit").aggregate([("item_id", "min")]).sort_by("unit")
    return sizes, smallest["item_id_min"].to_pylist()
