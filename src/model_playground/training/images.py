"""From files to arrays of the training's size: images in RGB, masks as class indices."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model_playground.core.contracts import IGNORED
from model_playground.core.errors import InvalidError
from model_playground.datasets.areas import Areas
from model_playground.datasets.colours import are_colours
from model_playground.datasets.images import image_size_wh, load_mask
from model_playground.datasets.records import TrainingItem


@dataclass(frozen=True)
class ImageReader:
    """Reads images as squares of `image_size` pixels a side.

    `class_pixel_values` says which value the pixels of each class have in the masks.
    """

    image_size: int
    class_pixel_values: tuple[int, ...] = ()

    def image(self, item: TrainingItem) -> NDArray[np.uint8]:
        """Read an item's image, upright and in RGB: (height, width, 3).

        Raises:
            InvalidError: it cannot be read.
        """
        size = (self.image_size, self.image_size)
        try:
            with Image.open(item.path) as image, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, of odd metadata
                image.draft("RGB", size)  # a JPEG is decoded no larger than needed
                upright = _in_8_bits(ImageOps.exif_transpose(image)).convert("RGB")
            return np.array(upright.resize(size, Image.Resampling.BILINEAR))
        except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
            raise _unreadable("image", item.path, error) from None

    def mask(self, item: TrainingItem) -> NDArray[np.int16]:
        """Read or draw an item's mask as class indices (height, width); IGNORED where there is no
        class.

        Raises:
            InvalidError: it cannot be read.
        """
        if item.areas is not None:
            return _nearest(_drawn(item.areas, item.path), self.image_size)
        assert item.mask_path is not None
        try:
            pixel_values = load_mask(item.mask_path, colours=are_colours(self.class_pixel_values))
        except Exception as error:
            raise _unreadable("mask", item.mask_path, error) from None
        return self._classes(_nearest(pixel_values, self.image_size))

    def _classes(self, pixel_values: NDArray[Any]) -> NDArray[np.int16]:
        classes = np.full(pixel_values.shape, IGNORED, dtype=np.int16)
        for index, value in enumerate(self.class_pixel_values):
            classes[pixel_values == value] = index
        return classes


def _drawn(areas: Areas, image: Path) -> NDArray[np.int16]:
    """Draw a mask as large as the image is: of what is smaller each area would be another."""
    size_wh = image_size_wh(image)
    if size_wh is None:
        raise _unreadable("image", image, InvalidError("image.size", "its size cannot be read"))
    width, height = size_wh
    return areas.mask((height, width))


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Keep the upper half of 16 bits, where Pillow would cut off all that is brighter than 255."""
    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _nearest(pixels: NDArray[Any], size: int) -> NDArray[Any]:
    """Resize (height, width) to a square by taking for each pixel the one at its centre."""
    rows, columns = (
        ((np.arange(size) + 0.5) * length / size).astype(np.intp) for length in pixels.shape
    )
    return pixels[np.ix_(rows, columns)]


def _unreadable(kind: str, path: Path, error: Exception) -> InvalidError:
    return InvalidError(
        f"{kind}.unreadable",
        "the {kind} {path} cannot be read: {why}. Check the dataset and leave the item out, or "
        "put the file back",
        kind=kind,
        path=str(path),
        why=getattr(error, "strerror", None) or str(error) or type(error).__name__,
    )
