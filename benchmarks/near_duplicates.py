"""How many planted near-duplicates are found, and how many pairs are found that are none.

Needs PLAYGROUND_REAL_DATA, the folder of the real datasets. A copy of each kind is made of some
images of a dataset and put among all of them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model_playground.datasets.fingerprints import Miniature, miniature_of
from model_playground.datasets.near_duplicates import similar_groups

DATASETS = {
    "signdigits": "signdigits",
    "ecustfd": "ecustfd/JPEGImages",
    "bccd": "bccd",
    "coco128": "coco128",
}
COPIED = 60  # images of each dataset
LONGEST_SIDE = 512  # of a copy before it is changed

Change = Callable[[Image.Image], Image.Image]


def encoded(image: Image.Image, quality: int = 95) -> bytes:
    """Return an image as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def recompressed(image: Image.Image) -> Image.Image:
    """Return what a JPEG of low quality leaves of an image."""
    return Image.open(io.BytesIO(encoded(image, quality=30)))


def resized(image: Image.Image) -> Image.Image:
    """Return an image at half its size."""
    return image.resize((image.width // 2, image.height // 2))


def cropped(share: float) -> Change:
    """Return how to cut a share off both axes, a third of it on the one side."""

    def crop(image: Image.Image) -> Image.Image:
        left, top = image.width * share / 3, image.height * share / 3
        width, height = image.width * (1 - share), image.height * (1 - share)
        return image.crop((int(left), int(top), int(left + width), int(top + height)))

    return crop


CHANGES: Mapping[str, Change] = {
    "recompressed (quality 30)": recompressed,
    "half the size": resized,
    "3 % cropped": cropped(0.03),
    "6 % cropped": cropped(0.06),
    "10 % cropped": cropped(0.10),
    "30 % brighter": lambda image: image.point(lambda value: min(255, int(value * 1.3))),
    "30 % darker": lambda image: image.point(lambda value: int(value * 0.7)),
    "grey": lambda image: image.convert("L"),
    "mirrored": ImageOps.mirror,
    "turned by 5°": lambda image: image.rotate(5),
}
"""All but the last are meant to be found."""


def copy_of(path: Path, change: Change) -> Miniature:
    """Return the fingerprint of a changed copy."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return miniature_of(encoded(change(upright)))


def pair_count(groups: NDArray[np.int64]) -> int:
    """Return how many pairs the groups tie."""
    sizes = np.bincount(groups)
    return int((sizes * (sizes - 1) // 2).sum())


def main() -> None:
    """Measure every dataset and print a table of it."""
    if "PLAYGROUND_REAL_DATA" not in os.environ:
        print("PLAYGROUND_REAL_DATA is not set: it names a folder of real datasets")
        return
    data = Path(os.environ["PLAYGROUND_REAL_DATA"])
    for name, folder in DATASETS.items():
        paths = sorted(
            path
            for path in (data / folder).rglob("*")
            if path.suffix.lower() in (".jpg", ".jpeg", ".png")
            and "segmentation" not in str(path)  # the same images once more, and masks
        )
        originals = np.stack([miniature_of(path.read_bytes()) for path in paths])
        groups, _ = similar_groups(originals)
        print(f"{name}: {len(paths):,} images, {pair_count(groups):,} pairs among themselves")
        chosen = np.random.default_rng(0).choice(len(paths), COPIED, replace=False)
        for kind, change in CHANGES.items():
            copies = np.stack([copy_of(paths[place], change) for place in chosen])
            all_groups, _ = similar_groups(np.concatenate([originals, copies]))
            of_copy, of_original = all_groups[len(paths) :], all_groups[: len(paths)]
            found = int((of_copy == of_original[chosen]).sum())
            # A copy ties nothing but what its original is tied to.
            strangers = (of_copy[:, None] == of_original) & (groups != groups[chosen][:, None])
            print(f"  {kind:28} found {found:3} of {COPIED}, wrong pairs {int(strangers.sum())}")


if __name__ == "__main__":
    main()
