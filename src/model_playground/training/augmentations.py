"""Augmentations: random changes of the training images that leave the label true.

Those that move pixels move the mask along; pixels that come from outside the image are black, and
in the mask they belong to no class.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from model_playground.core.contracts import IGNORED
from model_playground.core.declaration import Declaration
from model_playground.core.registry import Registry


class Augmentation(Declaration):
    """A random change of an image and its mask."""

    def build(self, image_size: int) -> Any:
        """Build the torchvision transform; it takes and gives images of that height and width."""
        raise NotImplementedError


AUGMENTATIONS: Registry[type[Augmentation]] = Registry(
    "augmentation", package="model_playground.training.augmentations"
)


def _outside() -> dict[type, int]:
    from torchvision.tv_tensors import Image, Mask

    return {Image: 0, Mask: IGNORED}


@AUGMENTATIONS.register
class HorizontalFlip(Augmentation):
    """Mirror left and right, as in most photographs nothing speaks against."""

    name = "horizontal_flip"
    title = "Flip left and right"

    probability: float = Field(0.5, ge=0, le=1, description="share of the images that are flipped")

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import v2

        return v2.RandomHorizontalFlip(self.probability)


@AUGMENTATIONS.register
class VerticalFlip(Augmentation):
    """Mirror top and bottom: for images without an up, such as those from above or a microscope."""

    name = "vertical_flip"
    title = "Flip top and bottom"

    probability: float = Field(0.5, ge=0, le=1, description="share of the images that are flipped")

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import v2

        return v2.RandomVerticalFlip(self.probability)


@AUGMENTATIONS.register
class RandomCrop(Augmentation):
    """Shift the image by some pixels; what it leaves free is black."""

    name = "random_crop"
    title = "Shift"

    padding: float = Field(
        0.1, ge=0, le=0.5, description="the furthest shift, as a share of the image's size"
    )

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import v2

        padding = round(self.padding * image_size)
        return v2.RandomCrop(image_size, padding=padding, fill=_outside())


@AUGMENTATIONS.register
class RandomResizedCrop(Augmentation):
    """Cut out a part of the image and enlarge it: for objects of any size and place.

    Reference:
        Szegedy et al., Going Deeper with Convolutions, arXiv 1409.4842
    """

    name = "random_resized_crop"
    title = "Cut out and enlarge"

    smallest: float = Field(0.5, gt=0, le=1, description="share of the area kept at least")
    stretch: float = Field(1.33, ge=1, le=3, description="the most that a side is stretched")

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import v2

        return v2.RandomResizedCrop(
            image_size,
            scale=(self.smallest, 1.0),
            ratio=(1 / self.stretch, self.stretch),
            antialias=True,
        )


@AUGMENTATIONS.register
class Rotate(Augmentation):
    """Turn the image by a random angle about its centre."""

    name = "rotate"
    title = "Rotate"

    degrees: float = Field(15.0, ge=0, le=180, description="the largest angle, either way")

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import InterpolationMode, v2

        return v2.RandomRotation(
            self.degrees, interpolation=InterpolationMode.BILINEAR, fill=_outside()
        )


@AUGMENTATIONS.register
class ColourJitter(Augmentation):
    """Change brightness, contrast, saturation and hue: for light that differs between images."""

    name = "colour_jitter"
    title = "Colour jitter"

    brightness: float = Field(0.2, ge=0, le=1, description="the most it changes, as a share")
    contrast: float = Field(0.2, ge=0, le=1, description="the most it changes, as a share")
    saturation: float = Field(0.2, ge=0, le=1, description="the most it changes, as a share")
    hue: float = Field(0.0, ge=0, le=0.5, description="the most it turns, as a share of the circle")

    def build(self, image_size: int) -> Any:
        from torchvision.transforms import v2

        return v2.ColorJitter(self.brightness, self.contrast, self.saturation, self.hue)
