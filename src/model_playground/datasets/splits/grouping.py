"""What belongs together: everything that ties items, as the plan wants and the images show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.records import LeakKind, SplitLeak, SplitPlan
from model_playground.datasets.near_duplicates import NearDuplicates
from model_playground.datasets.records import Revision
from model_playground.datasets.splits.groups import (
    LARGE_SERIES_SHARE,
    Images,
    codes,
    column_groups,
    found_groups,
    largest_group,
    pattern_groups,
    units_of,
)
from model_playground.datasets.splits.leaks import leaks_of
from model_playground.datasets.splits.name_series import find_name_series
from model_playground.datasets.splits.strata import first_class, rows_of

Ints = NDArray[np.int64]

NOT_HASHED = (
    "grouping by near-duplicates is off: the images have not been looked into yet. Make the split "
    "after `playground dataset inspect`"
)

OFF = "grouping by near-duplicates is off, as asked"

SAME: Mapping[LeakKind, str] = {"same file": "paths", "same content": "contents"}


@dataclass
class Grouping:
    """What ties items together: for each kind and reason the group of each item, -1 for none."""

    items: int
    ties: list[tuple[LeakKind, Ints]] = field(default_factory=list)  # keep items together
    watched: list[tuple[LeakKind, Ints]] = field(default_factory=list)  # only looked at
    reasons: list[str] = field(default_factory=list)  # for the strategy
    notes: list[str] = field(default_factory=list)
    large: list[Ints] = field(default_factory=list)  # the rows of each group that needs consent
    units: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def tie(self, kind: LeakKind, groups: Ints, reason: str) -> None:
        """Keep the items of each group together."""
        self.ties.append((kind, groups))
        self.reasons.append(reason)

    @property
    def checked(self) -> tuple[LeakKind, ...]:
        """The kinds of leaks that are looked for."""
        return tuple(dict.fromkeys(kind for kind, _ in [*self.ties, *self.watched]))

    def leaks(self, revision: Revision, parts: Ints) -> tuple[SplitLeak, ...]:
        """Return what the parts share."""
        paths = revision.items["path"]
        return tuple(
            leak
            for kind, groups in [*self.ties, *self.watched]
            for leak in leaks_of(kind, groups, parts, paths)
        )


def grouping_of(
    revision: Revision, whole: Revision, plan: SplitPlan, near: NearDuplicates | None
) -> Grouping:
    """Return what belongs together.

    Args:
        revision: with the items that are divided.
        whole: with all items, whose names show better whether they are series.
        plan: what is wanted.
        near: its near-duplicates; None if its images have not been compared.

    Raises:
        NotFoundError: there is no such column.
        InvalidError: items have nothing in it, or the pattern cannot be used.
    """
    items = revision.items
    images = Images.of(items)
    grouping = Grouping(items.num_rows)
    for kind, texts in SAME.items():
        groups = images.tied(codes(getattr(images, texts)), items.num_rows)
        grouping.ties.append((kind, groups))
    for column in plan.group_by:
        grouping.tie("same group", column_groups(items, column), column)
    if plan.group_pattern is not None:
        groups = pattern_groups(items, plan.group_pattern)
        grouping.tie("same group", groups, "a file-name pattern")
    if plan.series and not plan.group_by and plan.group_pattern is None:
        _tie_series(grouping, revision, whole)
    if near is not None:
        _tie_near_duplicates(grouping, images, plan, near)
    elif plan.near_duplicates:
        grouping.notes.append(NOT_HASHED)
    else:
        grouping.notes.append(OFF)
    grouping.units = units_of([groups for _, groups in grouping.ties], items.num_rows)
    return grouping


def _tie_series(grouping: Grouping, revision: Revision, whole: Revision) -> None:
    items = whole.items.num_rows
    limit = largest_group(items, LARGE_SERIES_SHARE)
    found = find_name_series(whole.items["path"], lambda: first_class(whole), largest=limit)
    if found is None:
        return
    said = f"the file names look like {found.count:,} series, such as {', '.join(found.example)}"
    if found.largest > limit:
        grouping.notes.append(
            f"{said}, but the largest has {_share(found.largest, items)}: they are not "
            "kept together. If they should be, name them with --group-pattern"
        )
        return
    of_item = found.of_item[rows_of(whole, revision.items["item_id"])]
    grouping.tie("same group", of_item, "series of file names")
    grouping.notes.append(f"{said}: each stays in one part (--no-series lifts that)")


def _tie_near_duplicates(
    grouping: Grouping, images: Images, plan: SplitPlan, near: NearDuplicates
) -> None:
    everything, _ = found_groups(images, near.groups, grouping.items, largest=grouping.items)
    if plan.near_duplicates:
        limit = grouping.items if plan.large_groups else largest_group(grouping.items)
        small, large = found_groups(images, near.groups, grouping.items, largest=limit)
        grouping.ties.append(("near duplicate", small))
        if (small >= 0).any():
            grouping.reasons.append("near-duplicates")
        if large:
            grouping.large = large
            grouping.notes.append(_large_groups(large, grouping.items))
        everything = np.where(small >= 0, -1, everything)
    else:
        grouping.notes.append(OFF)
    grouping.watched.append(("near duplicate", everything))
    lacking = pc.is_in(images.contents, value_set=pa.array(near.not_compared, pa.string()))
    if count := int(np.count_nonzero(lacking.to_numpy())):
        grouping.notes.append(
            f"{counted(count, 'image', 'images')} could not be compared: unreadable, changed since "
            "the import, or of one colour"
        )


def _large_groups(large: Sequence[Ints], items: int) -> str:
    sizes = sorted((len(one) for one in large), reverse=True)
    groups = f"{len(sizes)} groups" if len(sizes) > 1 else "1 group"
    said = ", ".join(_share(size, items) for size in sizes[:3])
    return (
        f"{groups} of near-duplicates above 5 % of the items ({said}) may be a chain of images "
        "that only look alike, and so is not kept together. Look at its images: --large-groups "
        "keeps it together, --group-by and --group-pattern divide it by what you know"
    )


def _share(size: int, items: int) -> str:
    return f"{size:,} of {items:,} items ({100 * size / items:.0f} %)"
