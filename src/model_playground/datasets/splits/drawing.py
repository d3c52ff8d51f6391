"""Drawing: whole units put into parts by chance, near the shares, with or without strata.

A unit is an item, or the items of a group. Everything here works on arrays: a million items take
seconds.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model_playground.core.errors import InvalidError

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

Ints = NDArray[np.int64]

_SMALL_SHARE = 0.002
"""A unit that is larger than this share of the smallest part is placed by itself, the largest
first; the others are dealt out many at a time."""

_MOST_CORRECTIONS = 1000

_MOST_EXCHANGES = 200
_EXCHANGED = 400
"""So many of the largest units may be exchanged between parts: each is compared with each."""


@dataclass(frozen=True)
class Units:
    """What is put into a part as a whole: the size of each unit, and the key of its lot."""

    sizes: Ints
    keys: Sequence[str]

    def __len__(self) -> int:
        return len(self.keys)


def draw(units: Units, shares: Mapping[str, float], seed: int) -> Ints:
    """Return for each unit the place of its part among the shares that are not 0.

    Large units come first, those of about one size in random order. Each goes where most of the
    share is still lacking among the parts that have room for it; single items fit exactly.
    """
    wanted = _checked_counts(units, shares)
    order = _order(units, seed)
    parts = np.zeros(len(units), np.int64)
    lacking = list(wanted)
    groups = int(np.count_nonzero(units.sizes > 1))
    for number, unit in enumerate(order[:groups].tolist()):
        size = int(units.sizes[unit])
        part = _roomiest(lacking, wanted, size, left=len(order) - number)
        lacking[part] -= size
        parts[unit] = part
    parts[order[groups:]] = _singles(lacking, wanted, len(order) - groups)
    return parts


def _roomiest(lacking: Sequence[int], wanted: Sequence[int], size: int, *, left: int) -> int:
    """Return the part with room that lacks most of its share; no part may remain empty."""
    empty = [part for part in range(len(wanted)) if lacking[part] == wanted[part]]
    among = empty if left <= len(empty) else range(len(wanted))
    return max(
        among,
        key=lambda part: (
            min(lacking[part] - size, 0),
            lacking[part] / wanted[part],
            lacking[part],
        ),
    )


def _singles(lacking: Sequence[int], wanted: Sequence[int], count: int) -> Ints:
    """Deal out single items: to the part that lacks most, as `_roomiest` would one by one."""
    owners = np.repeat(np.arange(len(wanted)), np.maximum(lacking, 0))
    left = np.concatenate([np.arange(max(one, 0), 0, -1) for one in lacking])
    share = left / np.array(wanted)[owners]
    return owners[np.lexsort((owners, -left, -share))][:count]


def draw_stratified(
    units: Units, strata: csr_array, shares: Mapping[str, float], seed: int
) -> Ints:
    """Return for each unit its part, so that every stratum is near the shares in every part.

    The rarest stratum that is left is dealt out first, to the parts by what they lack of it, and
    so on: iterative stratification. All units of a stratum are dealt out at once, those with the
    same strata after one another, so that every part gets some of each kind.

    Args:
        units: what is put into parts.
        strata: how many items of a unit (row) are in a stratum (column); an item may be in
            several, or in none.
        shares: per cent for each part.
        seed: the same seed gives the same parts.

    Reference:
        Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-Label Data (2011)
    """
    dealer = _Dealer(units, strata, _checked_counts(units, shares), _order(units, seed))
    dealer.place_large_units()
    dealer.deal_strata()
    dealer.deal_the_rest()
    dealer.correct_sizes()
    dealer.exchange_large_units()
    dealer.fill_empty_parts()
    return dealer.parts


class _Dealer:
    """The state of an iterative stratification: who is where, what is wanted and what is there."""

    def __init__(self, units: Units, strata: csr_array, wanted: Sequence[int], order: Ints) -> None:
        self.sizes = units.sizes
        self.strata = strata
        self.wanted = np.array(wanted, np.float64)
        self.there = np.zeros(len(wanted))
        totals = np.asarray(strata.sum(axis=0), np.float64).ravel()
        self.totals = np.maximum(totals, 1)
        self.wanted_of = np.outer(totals, self.wanted / self.wanted.sum())
        self.there_of = np.zeros_like(self.wanted_of)
        self.parts = np.full(len(units), -1, np.int64)
        self.order = order
        self.rank = np.empty(len(units), np.int64)
        self.rank[order] = np.arange(len(units))
        self.carried = np.zeros(len(wanted))
        self.kind = self._kinds()

    def _kinds(self) -> NDArray[np.uint64]:
        """Return a number for each unit that is the same for units of the same strata."""
        numbers = np.random.default_rng(0).integers(1, 2**63, self.strata.shape[1], np.uint64)
        running = np.zeros(self.strata.nnz + 1, np.uint64)
        np.cumsum(numbers[self.strata.indices], out=running[1:])  # it may wrap around
        return np.asarray(running[self.strata.indptr[1:]] - running[self.strata.indptr[:-1]])

    def place_large_units(self) -> None:
        """Place the large units one by one, where each brings the shares nearest to the whole's.

        That is where it lowers the sum of the squared distances most, among the parts that have
        room for it.
        """
        least = max(1.0, _SMALL_SHARE * float(self.wanted.min()))
        for unit in self.order[self.sizes[self.order] > least].tolist():
            columns, counts = self._row(unit)
            need = self.wanted_of[columns] - self.there_of[columns]
            size = self.sizes[unit]
            lacking = self.wanted - self.there
            room = np.minimum(lacking - size, 0)
            worse = counts @ (counts[:, None] - 2 * need)
            part = int(np.lexsort((lacking / self.wanted, -worse / self.wanted**2, room))[-1])
            self.parts[unit] = part
            self.there[part] += size
            self.there_of[columns, part] += counts

    def _row(self, unit: int) -> tuple[NDArray[Any], NDArray[Any]]:
        start, end = self.strata.indptr[unit], self.strata.indptr[unit + 1]
        return self.strata.indices[start:end], self.strata.data[start:end]

    def deal_strata(self) -> None:
        """Deal out the strata, the rarest of those that are left first."""
        by_stratum = self.strata.tocsc()
        present = (self.strata > 0).astype(np.int64)
        left = np.asarray((self.parts < 0).astype(np.int64) @ present).ravel()
        while (left > 0).any():
            stratum = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
            start, end = by_stratum.indptr[stratum], by_stratum.indptr[stratum + 1]
            rows, counts = by_stratum.indices[start:end], by_stratum.data[start:end]
            is_open = self.parts[rows] < 0
            rows, counts = rows[is_open], counts[is_open]
            lacking = self.wanted_of[stratum] - self.there_of[stratum]
            self._deal(rows, counts, lacking)
            left -= np.asarray(present[rows].sum(axis=0)).ravel()

    def deal_the_rest(self) -> None:
        """Deal out the units that are in no stratum."""
        rows = np.flatnonzero(self.parts < 0)
        self.carried[:] = 0
        self._deal(rows, self.sizes[rows], self.wanted - self.there)

    def _deal(self, rows: Ints, counts: Ints, lacking: NDArray[np.float64]) -> None:
        if len(rows) == 0:
            return
        order = np.lexsort((self.rank[rows], self.kind[rows], -self.sizes[rows]))
        rows, counts = rows[order], counts[order]
        total = int(counts.sum())
        quotas = np.maximum(lacking, 0)
        quotas = quotas if quotas.any() else self.wanted
        quotas = quotas * (total / quotas.sum()) + self.carried
        dealt = _rounded(np.maximum(quotas, 0), total)
        self.carried = quotas - dealt
        # Evenly through the rows: the third of a part comes a third of the way, and so on.
        places = np.concatenate([(np.arange(one) + 0.5) / one for one in dealt if one])
        owners = np.repeat(np.arange(len(dealt)), dealt)[np.argsort(places, kind="stable")]
        middles = np.cumsum(counts) - (counts + 1) // 2
        self._put(rows, owners[middles.astype(np.int64)])

    def _put(self, rows: Ints, parts: Ints) -> None:
        self.parts[rows] = parts
        self.there += np.bincount(parts, self.sizes[rows], len(self.there))
        for part in range(len(self.there)):
            self.there_of[:, part] += np.asarray(self.strata[rows[parts == part]].sum(axis=0))

    def correct_sizes(self) -> None:
        """Move units from parts that are too large to those that are too small.

        Those go first whose strata the one part has too much of and the other too little.
        """
        for _ in range(_MOST_CORRECTIONS):
            surplus = self.there - self.wanted
            giver, taker = int(surplus.argmax()), int(surplus.argmin())
            gap = min(surplus[giver], -surplus[taker])
            rows = np.flatnonzero((self.parts == giver) & (self.sizes <= gap))
            if len(rows) == 0:
                return
            excess = (self.there_of - self.wanted_of) / self.totals[:, None]
            gain = self.strata[rows] @ (excess[:, giver] - excess[:, taker])
            order = rows[np.lexsort((self.rank[rows], -gain))]
            within = np.cumsum(self.sizes[order]) <= max(gap / 2, self.sizes[order[0]])
            self._move(order[within], giver, taker)

    def exchange_large_units(self) -> None:
        """Exchange two units of different parts as long as that brings the shares nearer.

        Large units that were placed one by one may fit badly together, and no single item is left
        that could mend it. The best exchange is made first; a unit may go for nothing in return.
        What is too much or too little is squared as a share of what is wanted, so that a rare
        stratum counts as much as a frequent one; the size of a part counts as much as all strata.
        """
        large = self.order[self.sizes[self.order] > 1][:_EXCHANGED]
        if len(large) == 0:
            return
        places = range(len(self.wanted))
        nothing = np.zeros((len(places), self.strata.shape[1] + 1))  # to exchange, in every part
        rows = np.column_stack([self.strata[large].toarray(), self.sizes[large]])
        rows = np.vstack([rows, nothing]).astype(np.float64)
        parts = np.concatenate([self.parts[large], places])
        excess = np.vstack([self.there_of - self.wanted_of, self.there - self.wanted])
        weights = 1 / np.maximum(np.vstack([self.wanted_of, self.wanted]), 1) ** 2
        weights[-1] *= max(len(self.wanted_of), 1)
        # How far two units are apart, by the weights of a part.
        apart = np.stack([_squared_distances(rows * np.sqrt(weights[:, one])) for one in places])
        for _ in range(_MOST_EXCHANGES):
            at = (rows @ (weights * excess))[:, parts]
            # What is squared grows by this in a unit's part if the other one (column) comes there.
            grows = 2 * (at.T - at.diagonal()[:, None]) + apart[parts, np.arange(len(parts))]
            change = grows + grows.T
            change[parts[:, None] == parts] = 0
            first, second = np.unravel_index(change.argmin(), change.shape)
            if change[first, second] >= -1e-9:
                break
            moved = rows[second] - rows[first]
            excess[:, parts[first]] += moved
            excess[:, parts[second]] -= moved
            parts[[first, second]] = parts[[second, first]]
            parts[len(large) :] = places
        self.parts[large] = parts[: len(large)]
        self.there_of, self.there = self.wanted_of + excess[:-1], self.wanted + excess[-1]

    def fill_empty_parts(self) -> None:
        """Give a part that has got no unit the smallest of the part that has most units."""
        for part in range(len(self.wanted)):
            counts = np.bincount(self.parts, minlength=len(self.wanted))
            if counts[part] == 0:
                giver = int(counts.argmax())
                rows = np.flatnonzero(self.parts == giver)
                smallest = rows[np.lexsort((self.rank[rows], self.sizes[rows]))[:1]]
                self._move(smallest, giver, part)

    def _move(self, rows: Ints, giver: int, taker: int) -> None:
        strata = np.asarray(self.strata[rows].sum(axis=0))
        self.parts[rows] = taker
        for part, sign in ((giver, -1), (taker, 1)):
            self.there[part] += sign * self.sizes[rows].sum()
            self.there_of[:, part] += sign * strata


def _squared_distances(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    products = rows @ rows.T
    squares = products.diagonal()
    return np.asarray(squares[:, None] + squares - 2 * products)


# Order and counts


def _order(units: Units, seed: int) -> Ints:
    """Return the units, large ones first, those of about one size in random order."""
    # Each unit has a lot of its own, whatever others there are. A million are drawn in a second or
    # two, so no function is called for one; half of a lot's bits tell them apart well enough.
    sha256, start = hashlib.sha256, f"{seed}\n".encode()
    drawn = [sha256(start + key.encode()).digest() for key in units.keys]
    lots = np.frombuffer(b"".join(drawn), ">u8").reshape(-1, 4)
    magnitude = np.frexp(units.sizes.astype(np.float64))[1]  # the bit length of the size
    return np.asarray(np.lexsort((lots[:, 1], lots[:, 0], -magnitude)), np.int64)


def lots_of(keys: Sequence[str], seed: int) -> Ints:
    """Return the places of some keys in a random order that depends on the seed alone."""
    return _order(Units(np.ones(len(keys), np.int64), keys), seed)


def counts_by_share(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Divide a number by shares of 100, rounded by the largest remainder; no zero shares.

    >>> counts_by_share(11, {"train": 70, "validation": 10, "test": 20})
    {'train': 8, 'validation': 1, 'test': 2}
    """
    quotas = {part: total * share / 100 for part, share in shares.items() if share > 0}
    counts = {part: math.floor(round(quota, 6)) for part, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda part: counts[part] - quotas[part])
    for part in by_remainder[: total - sum(counts.values())]:
        counts[part] += 1
    return counts


def _rounded(quotas: NDArray[np.float64], total: int) -> Ints:
    """Round numbers to whole ones that add up to a total, by the largest remainder."""
    scaled = quotas * (total / max(quotas.sum(), 1e-12))
    counts: Ints = np.floor(scaled + 1e-9).astype(np.int64)
    for part in np.argsort(counts - scaled, kind="stable")[: total - int(counts.sum())]:
        counts[part] += 1
    return counts


def _checked_counts(units: Units, shares: Mapping[str, float]) -> list[int]:
    total = int(units.sizes.sum())
    wanted = counts_by_share(total, shares)
    for part, count in wanted.items():
        if count == 0:
            raise InvalidError(
                "split.empty_part",
                "the part {part} would be empty: {share:g} % of {total} items are less than one. "
                "Give it a larger share, or import more items",
                part=part,
                share=shares[part],
                total=total,
            )
    if len(units) < len(wanted):
        raise InvalidError(
            "split.too_few_groups",
            "{groups} groups cannot fill {parts} parts: a group stays in one part. "
            "Group by another column",
            groups=len(units),
            parts=len(wanted),
        )
    return list(wanted.values())
