"""Near-duplicates: planted copies are found, look-alikes are not, and nothing is lost."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter, shift

from model_playground.core.errors import InvalidError
from model_playground.datasets import fingerprints
from model_playground.datasets.fingerprints import SIDE, FingerprintCache, miniature_of
from model_playground.datasets.near_duplicates import NearDuplicateFinder, similar_groups

Change = Callable[[Image.Image], Image.Image]


@cache
def scene(number: int, size: int = 160) -> Image.Image:
    """Make a picture with large shapes and fine detail, as photographs have them."""
    noise = np.random.default_rng(number).normal(size=(size, size, 3))
    layers = [
        gaussian_filter(noise, (width, width, 0)) * width * strength
        for width, strength in ((24, 2), (8, 1), (4, 1.5))
    ]
    values = np.sum(layers, axis=0)
    return Image.fromarray(np.clip(120 + 40 * values, 0, 255).astype(np.uint8))


def file_of(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def fingerprint(image: Image.Image) -> NDArray[np.uint8]:
    return miniature_of(file_of(image, quality=92))


CHANGES: dict[str, Change] = {
    "recompressed": lambda image: Image.open(io.BytesIO(file_of(image, quality=30))),
    "smaller": lambda image: image.resize((80, 80)),
    "larger": lambda image: image.resize((400, 400)),
    "cropped by 3 %": lambda image: image.crop((2, 3, 157, 158)),
    "cropped by 5 %": lambda image: image.crop((5, 2, 157, 154)),
    "brighter": lambda image: image.point(lambda value: min(255, int(value * 1.15))),
    "darker": lambda image: image.point(lambda value: int(value * 0.7)),
    "grey": lambda image: image.convert("L"),
    "mirrored": ImageOps.mirror,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_planted_copies_are_found_and_tied_to_nothing_else(change: Change) -> None:
    scenes = [scene(number) for number in range(10)]
    images = np.stack([fingerprint(one) for one in [*scenes, *map(change, scenes)]])
    groups, compared = similar_groups(images)
    assert compared.all()
    assert groups.tolist() == [*range(10), *range(10)]


def test_pictures_that_only_look_alike_are_no_copies() -> None:
    """One outline with other detail: hashes of 64 bits tell such pictures hardly apart."""
    outline = gaussian_filter(np.random.default_rng(0).normal(size=(160, 160)), 20) * 60 * 40
    images = []
    for number in range(12):
        detail = gaussian_filter(np.random.default_rng(number + 1).normal(size=(160, 160)), 3)
        values = np.clip(128 + outline + 150 * detail, 0, 255)
        images.append(fingerprint(Image.fromarray(values.astype(np.uint8))))
    groups, _ = similar_groups(np.stack(images))
    assert groups.tolist() == list(range(12))


def test_a_chain_of_copies_is_one_group_without_comparing_all_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from model_playground.datasets import near_duplicates

    one = fingerprint(scene(1)).astype(np.float32)
    moved = [shift(one, (0, 0.05 * number), mode="nearest") for number in range(80)]
    images = np.stack(moved).clip(0, 255).astype(np.uint8)
    compared = 0
    confirmed = near_duplicates._confirmed

    def counted(copies: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
        nonlocal compared
        compared += len(copies)
        return confirmed(copies, others)

    monkeypatch.setattr(near_duplicates, "_confirmed", counted)
    groups, _ = similar_groups(images)
    assert set(groups.tolist()) == {0}
    assert compared < 800  # of 3,160 pairs


def test_images_of_one_colour_are_not_compared() -> None:
    plain = [Image.new("RGB", (50, 50), colour) for colour in ("white", "black", "#fefefe")]
    groups, compared = similar_groups(np.stack([fingerprint(one) for one in plain]))
    assert groups.tolist() == [0, 1, 2]
    assert not compared.any()


@pytest.mark.parametrize("count", [0, 1])
def test_few_images_make_no_trouble(count: int) -> None:
    groups, _ = similar_groups(np.zeros((count, SIDE, SIDE), np.uint8))
    assert groups.tolist() == list(range(count))


# Fingerprints


def test_a_fingerprint_is_of_the_upright_image() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    upright = scene(3)
    lying = file_of(upright.rotate(90, expand=True), "PNG", exif=exif)
    same = miniature_of(lying).astype(int) - miniature_of(file_of(upright, "PNG"))
    assert np.abs(same).max() == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_kind_of_pixel_has_a_fingerprint(mode: str) -> None:
    if mode in ("I;16", "F"):
        grey = np.asarray(scene(3).convert("L"))
        image = Image.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.float32) * 250)
    else:
        image = scene(3).convert(mode)
    found = miniature_of(file_of(image, "TIFF"))
    assert found.std() > 10


def put(folder: Path, images: dict[str, bytes]) -> dict[str, Path]:
    """Write files and return them by the hash of their content."""
    folder.mkdir(exist_ok=True)
    paths = {}
    for name, content in images.items():
        (folder / name).write_bytes(content)
        paths[hashlib.sha256(content).hexdigest()] = folder / name
    return paths


def test_what_was_found_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = scene(1)
    images = {"a": file_of(original), "b": file_of(original, quality=40), "c": file_of(scene(2))}
    paths = put(tmp_path / "images", images)
    finder = NearDuplicateFinder(tmp_path / "kept")
    found = finder.find(paths)
    assert [{paths[one].name for one in group} for group in found.groups] == [{"a", "b"}]
    assert found.not_compared == ()

    stages: list[str] = []
    more = paths | put(tmp_path / "images", {"d": file_of(scene(2), quality=40)})
    again = finder.find(more, advance=lambda stage, done, total: stages.append(f"{stage} {total}"))
    assert {frozenset(more[one].name for one in group) for group in again.groups} == {
        frozenset("ab"),
        frozenset("cd"),
    }
    assert "Hashing images 1" in stages  # only the new one

    monkeypatch.setattr(fingerprints, "miniature_of", None)  # nothing is decoded any more
    assert NearDuplicateFinder(tmp_path / "kept").find(more) == again


def test_an_interrupted_hashing_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_FILES_AT_ONCE", 2)
    paths = put(tmp_path / "images", {f"{n}": file_of(scene(n, 40)) for n in range(6)})
    cache = FingerprintCache(tmp_path / "fingerprints.sqlite")

    def interrupt(stage: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.add_missing(paths, advance=interrupt)
    told: list[tuple[int, int]] = []
    cache.add_missing(paths, advance=lambda stage, done, total: told.append((done, total)))
    assert told == [(0, 2), (2, 2)]


def test_images_that_cannot_be_read_are_named_and_tried_again(tmp_path: Path) -> None:
    images = {"good": file_of(scene(1)), "other": file_of(scene(1), quality=40), "bad": b"none"}
    paths = put(tmp_path / "images", images)
    (bad,) = (one for one, path in paths.items() if path.name == "bad")
    changed = next(one for one, path in paths.items() if path.name == "other")
    paths[changed].write_bytes(file_of(scene(5)))  # is no longer what was imported
    finder = NearDuplicateFinder(tmp_path / "kept")
    found = finder.find(paths)
    assert found.groups == ()
    assert set(found.not_compared) == {bad, changed}
    paths[changed].write_bytes(images["other"])
    found = finder.find(paths)
    assert len(found.groups) == 1
    assert found.not_compared == (bad,)


def test_a_cache_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "fingerprints.sqlite").write_text("no database" * 100)
    with pytest.raises(InvalidError, match=r"fingerprints\.sqlite cannot be used"):
        NearDuplicateFinder(tmp_path).find(put(tmp_path / "images", {"a": file_of(scene(1))}))


# Real photographs


def images_of(folder: Path) -> dict[str, Path]:
    """Return a folder's photographs by the hash of their content."""
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}


@pytest.mark.slow
def test_hands_that_show_one_digit_are_no_copies(real_data: Path, tmp_path: Path) -> None:
    """With hashes alone, two thirds of these images are one group; two digits are enough here."""
    hands = images_of(real_data / "signdigits/Dataset/1") | images_of(
        real_data / "signdigits/Dataset/2"
    )
    found = NearDuplicateFinder(tmp_path).find(hands)
    assert len(hands) == 412
    assert found.groups == ()


@pytest.mark.slow
def test_near_duplicates_of_foods_are_photographs_of_one_food(
    real_data: Path, tmp_path: Path
) -> None:
    foods = images_of(real_data / "ecustfd/JPEGImages")
    found = NearDuplicateFinder(tmp_path).find(foods)
    pairs = [pair for group in found.groups for pair in combinations(group, 2)]
    assert len(pairs) >= 84
    assert max(map(len, found.groups)) <= 10

    def food(content_hash: str) -> str:
        match = re.match(r"[a-z]+\d+", foods[content_hash].name)
        assert match is not None
        return match.group()

    assert all(food(one) == food(other) for one, other in pairs)
