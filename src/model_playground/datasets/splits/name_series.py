"""Series in file names: `apple001S(1).JPG`, `apple001T(2).JPG`, … are photographs of one apple.

Nobody has said so, so a series is believed only where the names leave little doubt, and the user
is told of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_playground.datasets.parts import part_of
from model_playground.datasets.splits.groups import codes

_MOST_NUMBERS = 3
"""Only the first numbers of a name are tried as those of the thing that is photographed."""

_LEAST_SHARE_IN_SERIES = 0.5
_SHAPES, _LEAST_SHARE_OF_SHAPES = 12, 0.9
_LEAST_SHARE_OF_REPEATED_ENDS = 0.5
_LEAST_SERIES = 6
_LEAST_SERIES_OF_A_CLASS = 3
_MOST_IN_CLASSES_OF_FEW_SERIES = 0.1


@dataclass(frozen=True)
class NameSeries:
    """The series that were recognised: the number of each item's; -1 for an item in none."""

    of_item: NDArray[np.int64]
    count: int  # of series of two or more
    largest: int  # how many items the largest has
    example: tuple[str, ...]  # file names of one series


def find_name_series(
    paths: pa.ChunkedArray, classes: Callable[[], NDArray[np.int64]], *, largest: int
) -> NameSeries | None:
    """Recognise series in the names of a dataset's files, or return nothing.

    A series are the names that agree up to one of their first numbers, whatever their case, with
    a further number after it. It is believed if

    - at least half of the items are in series of two or more, and there are six series or more;
    - what follows in the names has few shapes, such as `S(#)` and `T(#)`: not the rest of a random
      identifier;
    - most of what follows comes back in other series: it counts photographs, not time;
    - nearly all classes have several series: it is not the number of a class.

    Of several numbers that would do, the first is taken whose series are small enough, since it
    keeps most together. If none is, the first: its size says that it is not to be used unasked.

    Args:
        paths: of all items.
        classes: says the first class of each item, -1 for none; few names make it be asked.
        largest: how many items a series should have at most.
    """
    names = pc.replace_substring_regex(paths, r"^.*/", "")
    stems = pc.replace_substring_regex(names, r"\.[^.]*$", "")
    too_large: NameSeries | None = None
    for number in range(1, _MOST_NUMBERS + 1):
        start = rf"^(?:\D*\d+){{{number}}}"
        inside = np.flatnonzero(pc.match_substring_regex(stems, rf"{start}\D+\d").to_numpy())
        if len(inside) < max(_LEAST_SHARE_IN_SERIES * len(stems), 1):
            break
        some = stems.take(pa.array(inside))
        starts = pc.replace_substring_regex(some, rf"({start}).*$", r"\1")
        rests = pc.utf8_lower(pc.replace_substring_regex(some, start, ""))
        folders = _folders(paths).take(pa.array(inside))
        keys = codes(pc.binary_join_element_wise(folders, pc.utf8_lower(starts), "/"))
        if not _is_series(keys, rests, classes()[inside], len(stems)):
            continue
        found = _series(keys, inside, names)
        if found.largest <= largest:
            return found
        too_large = too_large or found
    return too_large


def _folders(paths: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the folder of each path without those that name a part: train and test may share."""
    encoded = pc.replace_substring_regex(paths, r"/?[^/]*$", "").combine_chunks()
    encoded = encoded.dictionary_encode()
    without = [
        "/".join(piece for piece in folder.split("/") if part_of(piece) is None)
        for folder in encoded.dictionary.to_pylist()
    ]
    return pa.chunked_array([pa.array(without, pa.string()).take(encoded.indices)])


def _is_series(
    keys: NDArray[np.int64],
    rests: pa.ChunkedArray,
    classes: NDArray[np.int64],
    items: int,
) -> bool:
    sizes = np.bincount(keys)
    if np.count_nonzero(sizes > 1) < _LEAST_SERIES:
        return False
    inside = np.flatnonzero(sizes[keys] > 1)
    if len(inside) < _LEAST_SHARE_IN_SERIES * items:
        return False
    ends = rests.take(pa.array(inside))
    shapes = np.sort(np.bincount(codes(pc.replace_substring_regex(ends, r"\d+", "#"))))
    if shapes[-_SHAPES:].sum() < _LEAST_SHARE_OF_SHAPES * len(inside):
        return False
    series_with = _different(codes(ends), keys[inside])
    repeated = np.count_nonzero(series_with[codes(ends)] > 1)
    if repeated < _LEAST_SHARE_OF_REPEATED_ENDS * len(inside):
        return False
    labelled = classes >= 0
    series_of = _different(classes[labelled], keys[labelled])
    few = np.count_nonzero(series_of[classes[labelled]] < _LEAST_SERIES_OF_A_CLASS)
    return bool(few <= _MOST_IN_CLASSES_OF_FEW_SERIES * items)


def _different(of: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each number in `of` how many different values stand beside it."""
    width = int(values.max(initial=0)) + 1
    pairs = np.unique(of * width + values)
    return np.bincount(pairs // width, minlength=int(of.max(initial=-1)) + 1)


def _series(
    keys: NDArray[np.int64], inside: NDArray[np.int64], names: pa.ChunkedArray
) -> NameSeries:
    of_item = np.full(len(names), -1, np.int64)
    of_item[inside] = keys
    sizes = np.bincount(keys)
    example = np.flatnonzero(of_item == sizes.argmax())[:3]
    return NameSeries(
        of_item,
        int(np.count_nonzero(sizes > 1)),
        int(sizes.max()),
        tuple(sorted(names.take(pa.array(example)).to_pylist())),
    )
