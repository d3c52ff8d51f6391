"""What is wrong with an image file or a mask by itself."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from model_playground.core.records import Finding
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.images import NEAR_CONSTANT, UPRIGHT, ImageFacts, MaskFacts
from model_playground.datasets.mask_values import unnamed_pixels

_FORMATS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), ("JPEG", "MPO")),
    **dict.fromkeys((".tif", ".tiff"), ("TIFF",)),
    **dict.fromkeys((".pbm", ".pgm", ".ppm"), ("PPM",)),
    ".bmp": ("BMP", "DIB"),
    ".gif": ("GIF",),
    ".png": ("PNG",),
    ".webp": ("WEBP",),
}
"""What Pillow calls the formats that a file's name may mean."""


def image_fault(name: str, image: ImageFacts) -> Finding | None:
    """Return the finding for an image that cannot be used."""
    return (
        blocking("unreadable_image", f"{name}: {image.fault}", file=name) if image.fault else None
    )


def mask_fault(
    name: str, mask: MaskFacts, image: ImageFacts, class_ids: Collection[int]
) -> Finding | None:
    """Return the finding for a mask that cannot be used with its image and the class table."""
    if mask.fault:
        return blocking("unreadable_mask", f"{name}: {mask.fault}", file=name)
    if (mask.width, mask.height) != (image.width, image.height):
        turned = (
            " after its EXIF orientation"
            if (mask.height, mask.width) == (image.width, image.height)
            and image.exif_orientation != UPRIGHT
            else ""
        )
        said = (
            f"{name}: the mask is {mask.width}×{mask.height} pixels, "
            f"its image {image.width}×{image.height}{turned}"
        )
        return blocking("mask_size", said, file=name)
    return unnamed_pixels(name, mask, class_ids)


def image_findings(images: Mapping[str, ImageFacts]) -> Iterator[Finding]:
    """Say what is worth knowing of images that can be used, by their paths in the records."""
    for name, image in images.items():
        if not image.fault:
            yield from _remarks(name, image)


def _remarks(name: str, image: ImageFacts) -> Iterator[Finding]:
    suffix = os.path.splitext(name)[1].lower()
    if image.format not in _FORMATS.get(suffix, (image.format,)):
        said = f"{name} is a {image.format} file, whatever its name says"
        yield warning("wrong_extension", said, file=name)
    if image.mode == "CMYK":
        said = f"{name} has printing colours (CMYK): they are turned into RGB without a profile"
        yield warning("cmyk_image", said, file=name)
    if image.mode.startswith(("I", "F")):
        said = f"{name} has more than 8 bits a channel ({image.mode}): it is brought to 8"
        yield warning("deep_image", said, file=name)
    if image.transparent:
        said = f"{name} has transparent pixels: the transparency is left out"
        yield information("alpha_image", said, file=name)
    if image.frames > 1:
        said = f"{name} holds {image.frames:,} pictures: the first is read"
        yield left_out("several_frames", said, file=name)
    if image.spread < NEAR_CONSTANT:
        said = (
            f"{name} is of nearly one colour: its pixels differ by {image.spread:.2g} "
            "of 255 levels (standard deviation)"
        )
        yield warning("near_constant_image", said, file=name)
