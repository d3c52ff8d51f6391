"""Splits: every item in exactly one part, what belongs together in the same, and a report of it.

The result depends on the items, the plan and its seed, not on the order of rows or files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import PARTS, Part, SplitPlan, SplitReport
from model_playground.datasets.near_duplicates import NearDuplicates
from model_playground.datasets.records import Revision
from model_playground.datasets.splits.conditions import ItemFields, items_that
from model_playground.datasets.splits.drawing import Units, draw, draw_stratified
from model_playground.datasets.splits.grouping import Grouping, grouping_of
from model_playground.datasets.splits.groups import numbered, unit_keys
from model_playground.datasets.splits.leaks import distances, divided, strata_counts
from model_playground.datasets.splits.lists import first_few
from model_playground.datasets.splits.sources import (
    OPEN,
    OUT,
    TRAINVAL,
    Given,
    given_by_list,
    given_to_parts,
    nothing_given,
    own_partitions,
    with_validation,
)
from model_playground.datasets.splits.strata import Strata, column_strata, label_strata

Ints = NDArray[np.int64]

NEEDED_PARTS: tuple[Part, ...] = ("train", "validation")
"""The test part may be empty; without these two nothing can be trained and chosen."""

FAR = 10.0
"""Percentage points from the share in the whole, above which a split says what would help."""

_TRAIN, _VALIDATION, _TEST = range(len(PARTS))


@dataclass(frozen=True)
class Division:
    """A split as it was made: the part of each item, and what is to be known of it."""

    parts: dict[str, Part]
    class_counts: dict[str, dict[str, int]]  # part → class → items
    strategy: str
    report: SplitReport
    fold: int | None = None
    large_groups: tuple[tuple[str, ...], ...] = ()  # the paths of groups that need consent


def divide(
    revision: Revision,
    plan: SplitPlan,
    *,
    fields: ItemFields | None = None,
    near: NearDuplicates | None = None,
) -> list[Division]:
    """Make a split of a revision: one division, or as many as the plan has folds.

    Args:
        revision: the revision.
        plan: what is wanted.
        fields: what conditions can ask of its items; without statuses and tags if None.
        near: its near-duplicates; None if its images were not compared.

    Raises:
        InvalidError: the shares do not add up to 100, a part would be empty, what is given does
            not suit the dataset, or it divides a group.
        NotFoundError: there is no such column, field, class, tag or status.
    """
    shares = _checked_shares(plan)
    whole = revision
    fields = _chosen(fields or ItemFields(revision), plan.where)
    revision = fields.revision
    grouping = grouping_of(revision, whole, plan, near)
    given = _with_groups(_given(plan, fields), grouping, revision, plan)
    labels = label_strata(revision)
    strata = _wanted_strata(revision, plan, labels)
    strategy = _strategy(plan, given, grouping)
    paths = revision.items["path"]
    large = tuple(tuple(paths.take(pa.array(rows)).to_pylist()) for rows in grouping.large)
    divisions = []
    for fold, parts in _parts(revision, plan, shares, given, grouping.units, strata):
        counts = strata_counts(labels, parts)
        largest, mean = distances(labels, parts)
        report = SplitReport(
            ranges=counts if revision.target_names else {},
            largest_distance=largest,
            mean_distance=mean,
            checked=grouping.checked,
            leaks=grouping.leaks(revision, parts),
            left_out=whole.items.num_rows - int((parts >= 0).sum()),
            notes=(*given.notes, *grouping.notes, *_far_from_the_whole(plan, largest)),
        )
        of_classes = {} if revision.target_names else counts
        divisions.append(
            Division(_by_id(revision, parts), of_classes, strategy, report, fold, large)
        )
    return divisions


def _far_from_the_whole(plan: SplitPlan, largest: dict[str, float]) -> Iterator[str]:
    """Say that stratification would help, where all was left to chance."""
    farthest = max(largest, key=lambda part: largest[part], default=None)
    is_chance = not (plan.stratify or plan.stratify_by or plan.give)
    if farthest is None or not is_chance or plan.own_partitions or plan.from_file:
        return
    if largest[farthest] > FAR:
        yield (
            f"the share of a class or range in {farthest} is {largest[farthest]:.0f} percentage "
            "points from that in the whole: --stratify brings the parts nearer"
        )


def _by_id(revision: Revision, parts: Ints) -> dict[str, Part]:
    names = np.array([None, None, None, *PARTS], object)[parts + 3].tolist()
    return {
        item_id: part
        for item_id, part in zip(revision.item_ids, names, strict=True)
        if part is not None
    }


# What is divided


def _chosen(fields: ItemFields, where: str) -> ItemFields:
    """Return the fields of the items that a condition holds for."""
    if not where.strip():
        return fields
    mask = items_that(where, fields)
    if not mask.any():
        raise InvalidError(
            "split.nothing_chosen",
            "there is no item of the dataset for which {where} holds: change the condition",
            where=where,
        )
    revision = fields.revision
    items = revision.items.filter(pa.array(mask))
    told = pc.is_in(revision.annotations["item_id"], value_set=items["item_id"].combine_chunks())
    some = replace(revision, items=items, annotations=revision.annotations.filter(told))
    return replace(fields, revision=some)


def _checked_shares(plan: SplitPlan) -> dict[Part, float]:
    shares: dict[Part, float] = {part: float(getattr(plan, part)) for part in PARTS}
    total = math.fsum(shares.values())
    given = ", ".join(f"{part} {share:g}" for part, share in shares.items())
    if not all(share >= 0 for share in shares.values()) or not math.isclose(total, 100):
        raise InvalidError(
            "split.shares",
            "the shares ({given}) add up to {total:g}: they are per cent, none below 0, "
            "and add up to 100",
            given=given,
            total=total,
        )
    for part in NEEDED_PARTS:
        if shares[part] == 0 and plan.folds is None:
            raise InvalidError(
                "split.needed_part",
                "the part {part} has no share ({given}): models learn from train and are chosen "
                "by validation, so neither may be empty",
                part=part,
                given=given,
            )
    return shares


def _given(plan: SplitPlan, fields: ItemFields) -> Given:
    """Return what is given to parts; only one way of giving is used at a time."""
    if sum([bool(plan.from_file), plan.own_partitions, bool(plan.give)]) > 1:
        raise InvalidError(
            "split.several_sources",
            "parts are given by a list, by those that the files came in, or by conditions: "
            "choose one",
        )
    items = fields.revision.items
    if plan.from_file:
        return with_validation(given_by_list(Path(plan.from_file).expanduser(), items))
    if plan.own_partitions:
        return with_validation(own_partitions(items))
    if plan.give:
        return given_to_parts(plan.give, fields, plan.seed)
    return nothing_given(items.num_rows)


def _with_groups(given: Given, grouping: Grouping, revision: Revision, plan: SplitPlan) -> Given:
    """Let open items follow their group into the part that it was given to.

    Raises:
        InvalidError: a group was given to several parts, and leaks are not allowed.
    """
    places, units = given.parts, grouping.units
    if plan.allow_leaks or (places == OPEN).all():
        return given
    in_both = np.intersect1d(units[places == TRAINVAL], units[places == _TEST])
    wrong = np.union1d(divided(units, places), in_both)
    if len(wrong):
        raise _divided_groups(wrong, revision, grouping)
    part_of_unit = np.full(int(units.max()) + 1, OPEN, np.int64)
    part_of_unit[units[places >= 0]] = places[places >= 0]
    follows = ((places == OPEN) | (places == TRAINVAL)) & (part_of_unit[units] >= 0)
    return replace(given, parts=np.where(follows, part_of_unit[units], places))


def _divided_groups(wrong: Ints, revision: Revision, grouping: Grouping) -> InvalidError:
    paths = revision.items["path"]
    shown = []
    for unit in wrong[:3].tolist():
        members = np.flatnonzero(grouping.units == unit)
        shown.append(" with ".join(paths[int(row)].as_py() for row in members[:3]))
    return InvalidError(
        "split.divided_group",
        "items that belong together ({reasons}) are given to several parts, for {count}: "
        "{groups}. Change what is given, or keep it as it is with --allow-leaks: every experiment "
        "will then show what its parts share",
        reasons=", ".join(grouping.reasons) or "images with the same content",
        count=counted(len(wrong), "group", "groups"),
        groups=first_few(shown),
    )


# Drawing


def _wanted_strata(revision: Revision, plan: SplitPlan, labels: Strata) -> Strata | None:
    if not plan.stratify and not plan.stratify_by:
        return None
    columns = column_strata(revision, plan.stratify_by)
    strata = labels.joined(columns) if plan.stratify else columns
    if not strata.names:
        raise InvalidError(
            "split.no_labels",
            "the dataset has no classes and no values whose shares could be kept: stratify by a "
            "column, or draw at random",
        )
    return strata


def _parts(
    revision: Revision,
    plan: SplitPlan,
    shares: Mapping[Part, float],
    given: Given,
    units: Ints,
    strata: Strata | None,
) -> list[tuple[int | None, Ints]]:
    """Return the parts of the items, for each fold."""
    drawer = _Drawer(revision.item_ids, units, strata, plan.seed)
    if plan.folds is not None:
        return _folds(drawer, plan.folds, shares, given)
    parts = given.parts.copy()
    drawer.draw(parts, parts == TRAINVAL, {part: shares[part] for part in NEEDED_PARTS})
    open_shares: dict[str, float] = {
        part: share
        for place, (part, share) in enumerate(shares.items())
        if place not in given.complete
    }
    if not any(open_shares.values()):
        parts[parts == OPEN] = OUT  # all parts were given
    drawer.draw(parts, parts == OPEN, open_shares)
    _check_needed(parts, given)
    return [(None, parts)]


def _folds(
    drawer: _Drawer, number: int, shares: Mapping[Part, float], given: Given
) -> list[tuple[int | None, Ints]]:
    """Set the test part apart, and let the folds of the rest take turns as validation."""
    if (np.isin(given.parts, (_TRAIN, _VALIDATION))).any():
        raise InvalidError(
            "split.folds_given",
            "folds take turns as validation, so only the test part can be given",
        )
    apart = given.parts.copy()
    apart[apart == TRAINVAL] = OPEN
    if _TEST not in given.complete and shares["test"]:
        drawer.draw(apart, apart == OPEN, {"train": 100 - shares["test"], "test": shares["test"]})
        apart[apart == _TRAIN] = OPEN
    fold_of = apart.copy()
    names = {f"fold {one + 1}": 100 / number for one in range(number)}
    drawer.draw(fold_of, apart == OPEN, names, among=tuple(names))
    folds: list[tuple[int | None, Ints]] = []
    for fold in range(number):
        parts = np.where(fold_of == fold, _VALIDATION, _TRAIN)
        folds.append((fold + 1, np.where(apart == OPEN, parts, apart)))
    return folds


class _Drawer:
    """Draws the parts of items, unit by unit."""

    def __init__(self, item_ids: list[str], units: Ints, strata: Strata | None, seed: int) -> None:
        self._ids = np.array(item_ids, object)
        self._units = units
        self._strata = strata
        self._seed = seed

    def draw(
        self,
        parts: Ints,
        chosen: NDArray[np.bool_],
        shares: Mapping[str, float],
        *,
        among: tuple[str, ...] = PARTS,
    ) -> None:
        """Put the chosen items into parts, in place, by shares that need not add up to 100.

        Args:
            parts: the part of each item, as its place `among` all.
            chosen: which items are drawn.
            shares: of the parts that they are drawn for.
            among: the names of all parts.
        """
        rows = np.flatnonzero(chosen)
        if len(rows) == 0:
            return
        total = sum(shares.values())
        drawn = {part: share / total * 100 for part, share in shares.items() if share > 0}
        places = np.array([among.index(part) for part in drawn], np.int64)
        numbers = numbered(self._units[rows])
        units = Units(*unit_keys(numbers, self._ids[rows].tolist()))
        if self._strata is None:
            found = draw(units, drawn, self._seed)
        else:
            unit_of_item = np.full(len(parts), -1, np.int64)
            unit_of_item[rows] = numbers
            counts = self._strata.within(chosen).counts(unit_of_item, len(units))
            found = draw_stratified(units, counts, drawn, self._seed)
        parts[rows] = places[found][numbers]


def _check_needed(parts: Ints, given: Given) -> None:
    for place, needed in enumerate(NEEDED_PARTS):
        if not (parts == place).any():
            raise InvalidError(
                "split.empty_part",
                "the part {part} is left empty ({strategy}): give items to it, or leave some to be "
                "drawn, such as all but test with --give test=FOLDER/",
                part=needed,
                strategy=given.strategy or "drawn",
            )


def _strategy(plan: SplitPlan, given: Given, grouping: Grouping) -> str:
    """Say how the parts were chosen, as a listing shows it."""
    stratified = plan.stratify or bool(plan.stratify_by)
    said = [given.strategy or ("stratified" if stratified else "random")]
    if given.strategy and stratified:
        said.append("the rest stratified")
    if plan.folds is not None:
        said.append(f"{plan.folds} folds")
    if grouping.reasons:
        said.append(f"grouped by {' and '.join(grouping.reasons)}")
    return ", ".join(said)
