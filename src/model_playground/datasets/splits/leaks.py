"""What the parts of a split share, and how far they are from the whole."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model_playground.core.records import PARTS, LeakKind, SplitLeak
from model_playground.datasets.splits.strata import Strata

Ints = NDArray[np.int64]

_EXAMPLES = 3


def divided(groups: Ints, parts: Ints) -> Ints:
    """Return the groups whose items are in several parts; items in no part do not count."""
    tied = (groups >= 0) & (parts >= 0)
    number = int(groups.max(initial=-1)) + 1
    present = np.zeros(number, np.int64)
    for part in range(len(PARTS)):
        present += np.bincount(groups[tied & (parts == part)], minlength=number) > 0
    return np.flatnonzero(present > 1)


def leaks_of(kind: LeakKind, groups: Ints, parts: Ints, paths: pa.ChunkedArray) -> list[SplitLeak]:
    """Return what the parts share of some groups: one leak, or none."""
    wrong = divided(groups, parts)
    if len(wrong) == 0:
        return []
    is_divided = np.zeros(int(groups.max()) + 1, np.bool_)
    is_divided[wrong] = True
    concerned = np.flatnonzero((groups >= 0) & (parts >= 0))
    concerned = concerned[is_divided[groups[concerned]]]
    examples = []
    for group in wrong[:_EXAMPLES].tolist():
        members = concerned[groups[concerned] == group]
        other = members[parts[members] != parts[members[0]]][0]
        both = (int(members[0]), int(other))
        examples.append(" and ".join(f"{paths[row].as_py()} ({PARTS[parts[row]]})" for row in both))
    return [
        SplitLeak(
            kind=kind,
            groups=len(wrong),
            parts=tuple(PARTS[part] for part in np.unique(parts[concerned]).tolist()),
            examples=tuple(examples),
        )
    ]


def strata_counts(strata: Strata, parts: Ints) -> dict[str, dict[str, int]]:
    """Return for each part how many of its items are in each stratum."""
    counts: dict[str, dict[str, int]] = {}
    for place, part in enumerate(PARTS):
        inside = strata.strata[parts[strata.items] == place]
        found = np.bincount(inside, minlength=len(strata.names)).tolist()
        counts[part] = dict(zip(strata.names, found, strict=True))
    return counts


def distances(strata: Strata, parts: Ints) -> tuple[dict[str, float], dict[str, float]]:
    """Return for each part its largest and its mean distance from the whole.

    The distance in a stratum is the difference between the share of the part's items that are in
    it and the share of all items, in percentage points.
    """
    if not strata.names:
        return {}, {}
    largest: dict[str, float] = {}
    mean: dict[str, float] = {}
    used = parts >= 0
    whole = _shares(strata, used)
    for place, part in enumerate(PARTS):
        if not (parts == place).any():
            continue
        difference = np.abs(_shares(strata, parts == place) - whole)
        largest[part] = round(float(difference.max()), 4)
        mean[part] = round(float(difference.mean()), 4)
    return largest, mean


def _shares(strata: Strata, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    counts = np.bincount(strata.strata[chosen[strata.items]], minlength=len(strata.names))
    return np.asarray(100 * counts / max(1, int(chosen.sum())), np.float64)
