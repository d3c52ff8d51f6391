"""Near-duplicates: images that show the same picture, recompressed, resized, cropped or mirrored.

A perceptual hash of 64 bits only proposes pairs: images that merely look alike share most bits,
and chains of them run through half a dataset. A pair counts when the two, laid upon each other,
agree in their fine detail.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_playground.core.whole_files import whole_file
from model_playground.datasets.fingerprints import FingerprintCache
from model_playground.datasets.images import Advance

PROPOSED_BITS = 14
"""Two images are compared if their hashes differ in at most so many bits of 64."""

LEAST_AGREEMENT = 0.95
"""How far the aligned grey copies of a pair must agree: their correlation."""

LEAST_DETAIL_AGREEMENT = 0.94
"""The same of their fine detail. Two hands that show one digit agree in outline, not in this."""

FEATURELESS_CONTRAST = 2.0
"""An image whose grey values spread less than this says nothing that could be compared."""

VERSION = 1
"""Counts up whenever the same images would give other pairs."""

_LOOKS = ((4, 6, 0.9), (2, 4, 0.93), (1, 4, LEAST_AGREEMENT))
"""Pairs are aligned coarsely first: by how much the copies are reduced, the steps of the
alignment, and the least agreement of a pair that is looked at more closely."""

_HASHED_REDUCTION = 2
_FIRST_REDUCTION = 4
_LEAST_FIRST_AGREEMENT = 0.5  # of the coarsest copies as they are, before they are aligned
_LARGEST_SHIFT = 0.25  # of half a side
_SCALES = (0.8, 1.25)
_PAIRS_AT_ONCE = 64
_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 32, 4096  # 1 MiB of hashes stays in the processor's cache

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


# Finding


def similar_groups(
    miniatures: NDArray[np.uint8], *, advance: Advance | None = None
) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the group of each image, and which images could be compared.

    Those are in one group that show the same picture, or are tied by others that do. The number
    of a group is the place of its first image.

    Args:
        miniatures: the grey copies (N, SIDE, SIDE), see `fingerprints`.
        advance: told of the progress.

    Example:
        >>> noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
        >>> noise[2] = noise[0] // 2 + 40   # a copy with less contrast
        >>> groups, _ = similar_groups(noise)
        >>> groups.tolist()
        [0, 1, 0]
    """
    tell = advance or (lambda stage, done, total: None)
    telling = _contrast(miniatures) >= FEATURELESS_CONTRAST
    places = np.flatnonzero(telling)
    copies = miniatures[places]
    if len(copies) < 2:
        return np.arange(len(miniatures)), telling
    found = _Groups(len(copies))
    for first, second, mirrored in _proposed(copies, found, tell):
        for chosen in _in_steps(len(first)):
            one, other, turned = first[chosen], second[chosen], mirrored[chosen]
            apart = found.apart(one, other)
            one, other, turned = one[apart], other[apart], turned[apart]
            if len(one) == 0:
                continue
            seen = np.where(turned[:, None, None], copies[other][:, :, ::-1], copies[other])
            same = _confirmed(copies[one].astype(np.float32), seen.astype(np.float32))
            for pair in zip(one[same].tolist(), other[same].tolist(), strict=True):
                found.join(*pair)
    groups = np.arange(len(miniatures))
    groups[places] = places[found.numbered()]
    return groups, telling


class _Groups:
    """Which images are tied so far. A pair within one group need not be compared any more.

    So a thousand copies of one picture cost a thousand comparisons, not half a million.
    """

    def __init__(self, images: int) -> None:
        self.of_image = np.arange(images)
        self._members: dict[int, list[int]] = {}

    def apart(self, first: Ints, second: Ints) -> NDArray[np.bool_]:
        return np.asarray(self.of_image[first] != self.of_image[second])

    def join(self, one: int, other: int) -> None:
        kept, given = int(self.of_image[one]), int(self.of_image[other])
        if kept == given:
            return
        if len(self._of(kept)) < len(self._of(given)):
            kept, given = given, kept
        moved = self._of(given)
        self._members[kept] = self._of(kept) + moved
        self._members.pop(given, None)
        self.of_image[moved] = kept

    def _of(self, group: int) -> list[int]:
        return self._members.get(group, [group])

    def numbered(self) -> Ints:
        """Return the group of each image, numbered by its first image."""
        first = np.full(len(self.of_image), len(self.of_image))
        np.minimum.at(first, self.of_image, np.arange(len(self.of_image)))
        return np.asarray(first[self.of_image])


def perceptual_hashes(copies: Floats) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return 64 bits for each grey copy, and those of its mirror image.

    The bits say which of the 63 lowest frequencies of the cosine transform are above their
    median; the mean grey value takes no part. In a mirror image the odd frequencies along the
    width change their sign.

    Reference:
        Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions (2010)
    """
    places = 2 * np.arange(copies.shape[-1]) + 1
    waves = np.cos(np.pi * places * np.arange(8)[:, None] / (2 * copies.shape[-1]))
    waves = waves.astype(np.float32)
    frequencies = waves @ copies @ waves.T
    return _bits(frequencies), _bits(frequencies * np.where(np.arange(8) % 2, -1, 1))


def _bits(frequencies: NDArray[Any]) -> NDArray[np.uint64]:
    flat = frequencies.reshape(len(frequencies), -1)
    above = flat > np.median(flat[:, 1:], axis=1, keepdims=True)
    above[:, 0] = False
    return np.packbits(above, axis=1).view(">u8")[:, 0].astype(np.uint64)


# Proposing


def _proposed(
    copies: NDArray[np.uint8], groups: _Groups, advance: Advance
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield pairs (first, second, mirrored) whose hashes are near and that are not far apart."""
    hashes, mirrored = perceptual_hashes(_reduced(copies, _HASHED_REDUCTION))
    small = _normal(_reduced(copies, _FIRST_REDUCTION))
    coarse = small.reshape(len(copies), -1)
    backwards = small[:, :, ::-1].reshape(len(copies), -1)

    def near(start: int) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        found = []
        for others, seen, turned in ((hashes, coarse, False), (mirrored, backwards, True)):
            first, second = _near_hashes(hashes, others, start)
            apart = groups.apart(first, second)
            first, second = first[apart], second[apart]
            for some in _in_steps(len(first), 65536):
                one, other = first[some], second[some]
                agreement = np.einsum("ij,ij->i", coarse[one], seen[other])
                alike = agreement >= _LEAST_FIRST_AGREEMENT
                found.append((one[alike], other[alike], np.full(int(alike.sum()), turned)))
        return found

    starts = range(0, len(copies), _ROWS_AT_ONCE)
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy leaves Python's lock alone
        for start, found in zip(starts, pool.map(near, starts), strict=True):
            advance("Comparing images", start, len(copies))
            yield from found
    advance("Comparing images", len(copies), len(copies))


def _near_hashes(
    hashes: NDArray[np.uint64], others: NDArray[np.uint64], start: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (row, column > row) of near hashes for some rows from `start`."""
    rows = hashes[start : start + _ROWS_AT_ONCE]
    first, second = [], []
    for column in range(start, len(others), _COLUMNS_AT_ONCE):
        block = others[column : column + _COLUMNS_AT_ONCE]
        near = np.bitwise_count(rows[:, None] ^ block) <= PROPOSED_BITS
        one, other = np.nonzero(near)
        first.append(one + start)
        second.append(other + column)
    one, other = np.concatenate(first), np.concatenate(second)
    later = other > one
    return one[later], other[later]


# Confirming


def _confirmed(copies: Floats, others: Floats) -> NDArray[np.bool_]:
    """Return which pairs of grey copies show the same picture."""
    chosen = np.arange(len(copies))
    place = np.tile(np.array([1, 0, 1, 0], np.float32), (len(copies), 1))
    for reduction, steps, least in _LOOKS:
        one, other = _reduced(copies[chosen], reduction), _reduced(others[chosen], reduction)
        place = _aligned(one, other, place, steps=steps)
        near = _agreement(one, other, place) >= least
        chosen, place = chosen[near], place[near]
    detail = _agreement(_detail(copies[chosen]), _detail(others[chosen]), place)
    confirmed = np.zeros(len(copies), np.bool_)
    confirmed[chosen[detail >= LEAST_DETAIL_AGREEMENT]] = True
    return confirmed


def _aligned(copies: Floats, others: Floats, place: Floats, *, steps: int) -> Floats:
    """Lay the others upon the copies: find scale and shift of both axes, by least squares.

    One of a pair may be a crop of the other. `place` is (scale, shift) of the columns, then of the
    rows, with the side running from -1 to 1.

    Reference:
        Baker and Matthews, Lucas-Kanade 20 Years On (2004)
    """
    side = copies.shape[-1]
    along = _centres(side)
    for _ in range(steps):
        seen, inside = _resampled(others, place)
        wanted, got, norm = _normal(copies, inside), _normal(seen, inside), _norm(seen, inside)
        down, right = np.gradient(seen, axis=(1, 2))
        right, down = (one * inside * (side / 2) / norm for one in (right, down))
        slopes = np.stack([right * along, right, down * along[:, None], down], axis=-1)
        slopes = slopes.reshape(len(copies), side * side, 4)
        across = slopes.transpose(0, 2, 1)
        lacking = (wanted - got).reshape(len(copies), side * side, 1)
        curvature = across @ slopes + np.float32(1e-3) * np.eye(4, dtype=np.float32)
        place = place + np.linalg.solve(curvature, across @ lacking)[..., 0]
        place[:, 0::2] = place[:, 0::2].clip(*_SCALES)
        place[:, 1::2] = place[:, 1::2].clip(-_LARGEST_SHIFT, _LARGEST_SHIFT)
    return place


def _resampled(images: Floats, place: Floats) -> tuple[Floats, Floats]:
    """Return the images seen at their places, and which pixels of the view lie inside them."""
    columns, inside_columns = _sampling(images.shape[-1], place[:, 0], place[:, 1])
    rows, inside_rows = _sampling(images.shape[-1], place[:, 2], place[:, 3])
    inside = inside_rows[:, :, None] & inside_columns[:, None, :]
    seen = np.asarray(rows @ images @ columns.transpose(0, 2, 1), np.float32)
    return seen, inside.astype(np.float32)


def _sampling(side: int, scale: Floats, shift: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return for one axis the weights (N, side, side) of a linear interpolation."""
    at = (scale[:, None] * _centres(side) + shift[:, None] + 1) * (side / 2) - 0.5
    inside = (at > -0.5) & (at < side - 0.5)
    near = at.clip(0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32)
    return np.maximum(0, 1 - np.abs(near)).astype(np.float32), inside


def _centres(side: int) -> Floats:
    return ((np.arange(side) + 0.5) * 2 / side - 1).astype(np.float32)


def _agreement(copies: Floats, others: Floats, place: Floats) -> Floats:
    seen, inside = _resampled(others, place)
    both = _normal(copies, inside) * _normal(seen, inside)
    return np.asarray(both.sum(axis=(1, 2)), np.float32)


def _centred(images: Floats, inside: Floats | None) -> Floats:
    if inside is None:
        return np.asarray(images - images.mean(axis=(1, 2), keepdims=True), np.float32)
    total = inside.sum(axis=(1, 2), keepdims=True).clip(1)
    mean = (images * inside).sum(axis=(1, 2), keepdims=True) / total
    return np.asarray((images - mean) * inside, np.float32)


def _norm(images: Floats, inside: Floats | None) -> Floats:
    squares = _centred(images, inside) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=(1, 2), keepdims=True)) + 1e-6, np.float32)


def _normal(images: Floats, inside: Floats | None = None) -> Floats:
    """Return images of mean 0 and length 1 over the pixels that are inside."""
    return _centred(images, inside) / _norm(images, inside)


def _reduced(images: NDArray[Any], times: int) -> Floats:
    """Return images of a half or a quarter of the side; some at a time, to spare memory."""
    count, side, _ = images.shape
    small = np.empty((count, side // times, side // times), np.float32)
    for some in _in_steps(count, 8192):
        blocks = images[some].reshape(-1, side // times, times, side // times, times)
        blocks.mean(axis=(2, 4), dtype=np.float32, out=small[some])
    return small


def _contrast(miniatures: NDArray[np.uint8]) -> Floats:
    spread = np.empty(len(miniatures), np.float32)
    for some in _in_steps(len(miniatures), 8192):
        spread[some] = miniatures[some].std(axis=(1, 2), dtype=np.float32)
    return spread


def _detail(images: Floats) -> Floats:
    """Return what is left of images without what is smooth."""
    from scipy.ndimage import gaussian_filter  # type: ignore[import-untyped]

    return np.asarray(images - gaussian_filter(images, (0, 2, 2)), np.float32)


def _in_steps(count: int, at_once: int = _PAIRS_AT_ONCE) -> Iterator[slice]:
    for start in range(0, count, at_once):
        yield slice(start, start + at_once)


# Keeping what was found


@dataclass(frozen=True)
class NearDuplicates:
    """Groups of images that show the same picture, each by the hash of its content."""

    groups: tuple[tuple[str, ...], ...]  # of two or more
    not_compared: tuple[str, ...] = ()  # unreadable, changed since the import, or of one colour


class NearDuplicateFinder:
    """Finds the near-duplicates of a workspace's images, once for each set of images."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fingerprints = FingerprintCache(folder / "fingerprints.sqlite")

    def find(self, paths: Mapping[str, Path], *, advance: Advance | None = None) -> NearDuplicates:
        """Hash the images that are new, compare all of them and keep what was found.

        Args:
            paths: where the image of each content hash is.
            advance: told of the progress.

        Raises:
            InvalidError: the folder cannot be used.
        """
        known = self.known(paths)
        if known is not None:
            return known
        tell = advance or (lambda stage, done, total: None)
        content_hashes = sorted(paths)
        self._fingerprints.add_missing(paths, advance=tell)
        miniatures, there = self._fingerprints.miniatures(content_hashes)
        groups, telling = similar_groups(miniatures, advance=tell)
        found = NearDuplicates(
            groups=tuple(
                tuple(content_hashes[place] for place in members) for members in _members(groups)
            ),
            not_compared=tuple(content_hashes[place] for place in np.flatnonzero(~telling)),
        )
        if there.all():  # else the files that could not be read are tried again the next time
            _write(self._file(content_hashes), found)
        return found

    def known(self, content_hashes: Iterable[str]) -> NearDuplicates | None:
        """Return what was found among some images before, or nothing."""
        file = self._file(sorted(set(content_hashes)))
        return _read(file) if file.exists() else None

    def _file(self, content_hashes: Sequence[str]) -> Path:
        names = "\n".join(content_hashes)
        digest = hashlib.sha256(f"{VERSION}\n{names}".encode()).hexdigest()
        return self._folder / f"near-duplicates-{digest[:32]}.json"


def _members(groups: Ints) -> list[list[int]]:
    """Return the places of the images of each group of two or more."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return [one.tolist() for one in np.split(order, starts[1:]) if len(one) > 1]


def _read(file: Path) -> NearDuplicates:
    record = json.loads(file.read_text(encoding="utf-8"))
    groups = tuple(tuple(group) for group in record["groups"])
    return NearDuplicates(groups, tuple(record["not_compared"]))


def _write(file: Path, found: NearDuplicates) -> None:
    with whole_file(file) as unfinished:
        unfinished.write_text(json.dumps(asdict(found)), encoding="utf-8")
