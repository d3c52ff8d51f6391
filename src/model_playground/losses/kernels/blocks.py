"""Blocks of pixels that fit the caches: where a kernel reads scores and writes gradients.

Every operation on a block is done by all cores, as PyTorch does any: so a block is as large as the
cache that they share. Threads of our own, a block each, were slower: PyTorch's wait for work by
going round in circles, and take the cores from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

FEW_NUMBERS = 2**17
"""Fewer scores than these are summed faster by the formula: a block's many calls cost too much."""

NUMBERS = 2**21
"""How many scores a block should hold."""

PIXELS = (2048, 2**17)
"""How many pixels a block has at least, so that calls do not cost more than work, and at most."""


class Blocks(NamedTuple):
    """A batch cut into blocks: some pixels of one image, or all pixels of some images."""

    images: int  # of a block
    pixels: int  # of a block
    per_image: int  # how many blocks an image has

    @classmethod
    def of(
        cls, batch: int, classes: int, size: int, *, whole_rows_of: int = 1, numbers: int = 0
    ) -> Blocks:
        """Cut `batch` images of `size` pixels; a block of an image has whole rows."""
        least, most = PIXELS
        pixels = min(max((numbers or NUMBERS) // max(classes, 1), least), most)
        pixels = max(pixels // whole_rows_of, 1) * whole_rows_of
        if pixels >= size > 0:
            return cls(min(pixels // size, max(batch, 1)), size, 1)
        return cls(1, pixels, max(-(-size // pixels), 1))

    def cut(self, tensor: Tensor) -> Iterator[Tensor]:
        """Yield the blocks of a tensor (N, …, P), as views."""
        for images in torch.split(tensor, self.images):
            yield from torch.split(images, self.pixels, -1)

    def cut_images(self, tensor: Tensor) -> Iterator[Tensor]:
        """Yield the images of every block from a tensor (N, …), as views."""
        for images in torch.split(tensor, self.images):
            for _ in range(self.per_image):
                yield images

    def cut_partial_sums(self, sums: Tensor) -> Iterator[Tensor]:
        """Yield every block's own room in a tensor (N, per_image, …) of partial sums."""
        for images in torch.split(sums, self.images):
            yield from images.unbind(1)


class Scores:
    """Scores (N, C, P), read and written block by block in the type that sums are made in."""

    def __init__(self, scores: Tensor, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.blocks = Blocks.of(*scores.shape)
        self.places = list(self.blocks.cut(scores))

    def read(self, place: Tensor) -> Tensor:
        """Return the scores of a block, (n, C, b)."""
        return place.to(self.dtype)

    def room(self, place: Tensor) -> Tensor:
        """Return room for the gradient of a block, where `self` is made of the gradient."""
        return place if place.dtype == self.dtype else torch.empty_like(place, dtype=self.dtype)

    def write(self, place: Tensor, room: Tensor) -> None:
        """Keep what was put into the room of a block."""
        if room is not place:
            place.copy_(room)


class InterpolatedPlace(NamedTuple):
    """Some rows of one image at full resolution."""

    scores: Tensor  # the image, (1, C, h, w)
    above: Tensor  # which row of the scores is above each, and which is below
    below: Tensor
    mix: Tensor  # the share of the lower one, (rows, 1)


class InterpolatedScores:
    """Scores (N, C, h, w) of another resolution, interpolated bilinearly to (H, W) by blocks.

    The scores at full resolution never exist as a whole. A block has whole rows: two rows of
    scores are mixed for each, then the row is stretched.
    """

    def __init__(self, scores: Tensor, size_hw: tuple[int, int], dtype: torch.dtype) -> None:
        batch, classes, height = scores.shape[:3]
        rows, self._width = size_hw
        self.dtype = dtype
        self.blocks = Blocks.of(
            batch,
            classes,
            rows * self._width,
            whole_rows_of=self._width,
            numbers=NUMBERS // 64,  # little memory is what it is for
        )
        place = torch.arange(rows, dtype=dtype, device=scores.device)
        place = ((place + 0.5) * (height / rows) - 0.5).clamp(0, height - 1)
        above = place.long()
        by_row = (above, (above + 1).clamp(max=height - 1), (place - above).unsqueeze(1))
        of_rows = zip(
            *(torch.split(each, self.blocks.pixels // self._width) for each in by_row), strict=True
        )
        cut = list(of_rows)
        self.places = [
            InterpolatedPlace(images, *some)
            for images in torch.split(scores, self.blocks.images)
            for some in cut
        ]

    def read(self, place: InterpolatedPlace) -> Tensor:
        """Return the scores of a block, (n, C, b)."""
        scores = place.scores.to(self.dtype)
        mixed = torch.lerp(scores[:, :, place.above], scores[:, :, place.below], place.mix)
        size = (mixed.shape[2], self._width)
        stretched: Tensor = torch.ops.aten.upsample_bilinear2d(mixed, size, False)
        return stretched.flatten(2)

    def room(self, place: InterpolatedPlace) -> Tensor:
        """Return room for the gradient of a block, where `self` is made of the gradient."""
        size = (*place.scores.shape[:2], len(place.mix) * self._width)
        return place.mix.new_empty(size)

    def write(self, place: InterpolatedPlace, room: Tensor) -> None:
        """Add what was put into the room of a block to the gradient, which has to start at 0."""
        size = (len(place.mix), self._width)
        narrow = (*place.scores.shape[:2], size[0], place.scores.shape[3])
        slopes = torch.ops.aten.upsample_bilinear2d_backward(
            room.view(*narrow[:2], *size), size, narrow, False
        )
        place.scores.index_add_(2, place.above, slopes * (1 - place.mix))
        place.scores.index_add_(2, place.below, slopes * place.mix)
