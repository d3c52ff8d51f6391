"""What is read out of image files themselves: are they whole, how large, which pixel values."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from model_playground.core.errors import InvalidError
from model_playground.datasets.colours import packed, pixels_by_value
from model_playground.datasets.facts_cache import FactsCache

Advance = Callable[[str, int, int], None]
"""Told of the progress: the stage, how much is done, how much there is."""

UPRIGHT = 1
OPAQUE = 255
NEAR_CONSTANT = 1.0
"""An image whose channels all spread by less, of 255 levels, shows nothing that can be learnt."""

_ORIENTATIONS = range(1, 9)
_SIDES_SWAPPED = (5, 6, 7, 8)  # the EXIF orientations that turn an image by a quarter
_FILES_AT_ONCE = 256
_MAY_HAVE_FRAMES = ("GIF", "TIFF", "WEBP")
_PNG_SIGNATURE_BYTES = 8
_PNG_CHECKSUM_BYTES = 4  # behind each chunk
_SAMPLE_WH = (64, 64)  # pixels that tell whether an image is of nearly one colour
_MOST_COLOURS = 4096  # of a mask

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image as it is seen: the size is that after its EXIF orientation."""

    content_hash: str
    width: int = 0
    height: int = 0
    exif_orientation: int = UPRIGHT
    mode: str = ""  # Pillow's word for the channels, such as RGB, L or CMYK
    format: str = ""  # Pillow's word for the file's format, such as JPEG
    frames: int = 1
    transparent: bool = False  # some of its pixels are, at least in part
    spread: float = 0.0  # standard deviation of the liveliest channel, of 255 levels
    fault: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """A mask: how many pixels have each value, which is a class id or a colour."""

    content_hash: str
    width: int = 0
    height: int = 0
    pixels: Mapping[int, int] = field(default_factory=dict)
    fault: str = ""


def inspect_files(
    inspect: Callable[[Path], Facts],
    paths: Sequence[str],
    *,
    stage: str,
    advance: Advance,
    cache: FactsCache | None = None,
) -> dict[str, Facts]:
    """Inspect files in threads and return what was found, by path.

    Decoding and hashing leave Python's lock alone, so threads use every core.

    Args:
        inspect: says what a file is.
        paths: absolute.
        stage: what the progress calls it.
        advance: told of the progress.
        cache: what is known of files that have not changed; it is kept every few hundred files,
            so that an interrupted import continues where it was.
    """
    found: dict[str, Facts] = {}
    if cache is not None:
        found = cache.known(inspect, paths)
        paths = [path for path in paths if path not in found]
    if not paths:
        return found
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        # Pillow warns of odd metadata; what matters is whether the pixels can be read.
        warnings.simplefilter("ignore")
        for start in range(0, len(paths), _FILES_AT_ONCE):
            advance(stage, start, len(paths))
            some = paths[start : start + _FILES_AT_ONCE]
            inspected = dict(zip(some, pool.map(inspect, map(Path, some)), strict=True))
            if cache is not None:
                cache.keep(inspect, inspected)
            found |= inspected
    advance(stage, len(paths), len(paths))
    return found


def inspect_image(path: Path) -> ImageFacts:
    """Read an image to its end and say what it is, or why it cannot be used."""
    content_hash = ""
    try:
        content = path.read_bytes()
        content_hash = hashlib.sha256(content).hexdigest()
        with Image.open(io.BytesIO(content)) as image:
            (width, height), mode, kind = image.size, image.mode, image.format or ""
            frames = getattr(image, "n_frames", 1) if kind in _MAY_HAVE_FRAMES else 1
            # Of a JPEG an eighth of the width and height is enough: all of the file is read.
            image.draft("L", (1, 1))
            image.load()
            orientation = _orientation(image.getexif())
            transparent, spread = _has_transparency(image), _spread(image)
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        return ImageFacts(content_hash, fault=_fault(error))
    if orientation in _SIDES_SWAPPED:
        width, height = height, width
    return ImageFacts(
        content_hash, width, height, orientation, mode, kind, frames, transparent, spread
    )


def image_size_wh(path: Path) -> tuple[int, int] | None:
    """Return the size of the upright image as its first bytes say it, or None if they do not."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            is_turned = _has_sides_swapped(image, path)
    except Exception:  # what is wrong with it is found out when it is read to its end
        return None
    return (height, width) if is_turned else (width, height)


def _has_sides_swapped(image: Image.Image, path: Path) -> bool:
    """Say whether an opened image stands upright with its sides swapped; its pixels stay unread.

    Of a TIFF file Pillow says the upright size itself; of a PNG file it would read all pixels to
    look behind them, where there is seldom anything.
    """
    if isinstance(image, TiffImageFile):
        return False
    if isinstance(image, PngImageFile) and not _has_text_after_pixels(path):
        exif = Image.Image.getexif(image)
    else:
        exif = image.getexif()
    return _orientation(exif) in _SIDES_SWAPPED


def _orientation(exif: Image.Exif) -> int:
    """Return how an image is turned; a file may say what no orientation is, even a text."""
    said = exif.get(ExifTags.Base.Orientation, UPRIGHT)
    return int(said) if said in _ORIENTATIONS else UPRIGHT


def _has_text_after_pixels(path: Path) -> bool:
    """Say whether a PNG file has EXIF data or text behind its pixels, where they may stand too."""
    after_pixels = False
    with path.open("rb") as file:
        file.seek(_PNG_SIGNATURE_BYTES)
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"IDAT":
                after_pixels = True
            elif after_pixels and kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                return True
            file.seek(length + _PNG_CHECKSUM_BYTES, os.SEEK_CUR)
    return False


def inspect_mask(path: Path) -> MaskFacts:
    """Read an index mask and count its pixels of each value, or say why it cannot be used."""
    return _inspected_mask(path, colours=False)


def inspect_colour_mask(path: Path) -> MaskFacts:
    """Read a mask in colours and count its pixels of each, or say why it cannot be used."""
    facts = _inspected_mask(path, colours=True)
    if len(facts.pixels) <= _MOST_COLOURS:
        return facts
    fault = (
        f"it has {len(facts.pixels):,} colours, so it is a picture, or a mask that was smoothed or "
        "saved as JPEG"
    )
    return MaskFacts(facts.content_hash, facts.width, facts.height, fault=fault)


def inspect_segment_mask(path: Path) -> MaskFacts:
    """Read a mask whose colours number segments, and count the pixels of each but of 0, which is
    none, or say why it cannot be used.
    """
    content_hash = ""
    try:
        content = path.read_bytes()
        content_hash = hashlib.sha256(content).hexdigest()
        with Image.open(io.BytesIO(content)) as image:
            channels = np.asarray(image.convert("RGB"), dtype=np.int64)
    except Exception as error:
        return MaskFacts(content_hash, fault=_fault(error))
    numbers, counts = np.unique(channels @ np.array([1, 2**8, 2**16]), return_counts=True)
    height, width, _ = channels.shape
    pixels = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    pixels.pop(0, None)
    return MaskFacts(content_hash, width, height, pixels)


def _inspected_mask(path: Path, *, colours: bool) -> MaskFacts:
    content_hash = ""
    try:
        content = path.read_bytes()
        content_hash = hashlib.sha256(content).hexdigest()
        values = load_mask(io.BytesIO(content), colours=colours)
    except Exception as error:
        return MaskFacts(content_hash, fault=_fault(error))
    height, width = values.shape
    return MaskFacts(content_hash, width, height, pixels_by_value(values))


def load_mask(file: Path | io.BytesIO, *, colours: bool = False) -> NDArray[Any]:
    """Read a mask as an array (height, width) of whole numbers: class ids or colours.

    Of an index mask a palette is only for the eye: the pixel's value is its place in the palette.
    Of a mask in colours it is looked up; transparency is not looked at.

    Args:
        file: the mask.
        colours: the pixels stand for classes by their colours, as `colours.are_colours` says of
            the classes.

    Raises:
        InvalidError: an index mask has several channels, or there are several pictures in it.
        OSError: it cannot be read.
    """
    with Image.open(file) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise InvalidError(
                "mask.frames",
                "a mask is one picture; this file holds {frames}",
                frames=getattr(image, "n_frames", 1),
            )
        if colours and not image.mode.startswith(("I", "F")):
            return packed(np.asarray(image.convert("RGB")))
        if len(image.getbands()) > 1 or image.mode == "F":
            raise InvalidError(
                "mask.channels",
                "an index mask has one channel whose values are class ids; "
                "this is a picture of mode {mode}. For a mask in colours give a class table with "
                "the colour of each class",
                mode=image.mode,
            )
        indices = np.asarray(image)
    return indices.astype(np.uint8) if indices.dtype == np.bool_ else indices


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, or nothing if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _has_transparency(image: Image.Image) -> bool:
    if "transparency" in image.info:
        image = image.convert("RGBA")
    if "A" not in image.getbands():
        return False
    return any(image.getchannel("A").histogram()[:OPAQUE])


def _spread(image: Image.Image) -> float:
    """Return the spread of the liveliest channel; of a dull image not of a sample but of all."""
    sampled = _deviation(image.resize(_SAMPLE_WH, Image.Resampling.NEAREST))
    return sampled if sampled > NEAR_CONSTANT else _deviation(image)


def _deviation(image: Image.Image) -> float:
    if image.mode.startswith(("I", "F")):
        pixels = np.asarray(image, dtype=np.float64)[..., None]
        levels = max(1.0, float(pixels.max(initial=0)))  # whatever depth it has
        pixels = pixels * (OPAQUE / levels)
    else:
        pixels = np.asarray(image.convert("RGB"))
    return round(float(pixels.std(axis=(0, 1)).max()), 3)


def _fault(error: Exception) -> str:
    if isinstance(error, InvalidError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "no image that can be read: it is empty, damaged or of another kind"
    if isinstance(error, Image.DecompressionBombError):
        return f"it is refused, for it would fill the memory: cut or scale it ({error})"
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be opened ({error.strerror})"
    return f"it is damaged or cut short ({error})"
