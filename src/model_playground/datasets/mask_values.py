"""Pixel values of masks that the class table does not name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from model_playground.core.records import Finding
from model_playground.datasets.colours import are_colours, colour_name
from model_playground.datasets.findings import blocking, clipped
from model_playground.datasets.images import MaskFacts
from model_playground.datasets.records import IGNORED_PIXEL_VALUE

_SHOWN = 10
_BLENDED_COLOURS = 8  # a mask with as many unnamed colours, all rare, has smoothed edges
_BLENDED_SHARE = 0.1  # of the pixels that all of them may have at most
_BLENDED_SHARE_OF_EACH = 0.01


def unnamed_pixels(name: str, mask: MaskFacts, class_ids: Collection[int]) -> Finding | None:
    """Return the finding for a mask with values that no class has, unless they only blend two."""
    unnamed = _unnamed(mask, class_ids)
    if not unnamed or _is_blended(mask, unnamed, class_ids):
        return None
    common = sorted(unnamed, key=lambda value: (-unnamed[value], value))[:_SHOWN]
    more = ", …" if len(unnamed) > _SHOWN else ""
    if are_colours(class_ids):
        shown = ", ".join(f"{colour_name(one)} ({unnamed[one]:,} pixels)" for one in common)
        said = f"{name}: the class table does not name the colours {shown}{more}"
        return blocking("unknown_colour", said, file=name)
    shown = ", ".join(map(str, sorted(common))) + more
    said = (
        f"{name}: the class table does not name the ids {shown}, which "
        f"{sum(unnamed.values()):,} pixels have (pixels to ignore are {IGNORED_PIXEL_VALUE})"
    )
    return blocking("unknown_class_id", said, file=name)


def blended_masks(masks: Mapping[str, MaskFacts], class_ids: Collection[int]) -> Iterator[Finding]:
    """Say which masks in colours have smoothed edges, by their names; there they have no class."""
    for name, mask in masks.items():
        unnamed = _unnamed(mask, class_ids)
        if not mask.fault and unnamed and _is_blended(mask, unnamed, class_ids):
            said = (
                f"{name}: {sum(unnamed.values()):,} pixels have {len(unnamed):,} colours that the "
                "class table does not name, each of them rare: the mask was smoothed or saved as "
                "JPEG; these pixels belong to no class and are ignored"
            )
            yield clipped("blended_colours", said, file=name)


def _unnamed(mask: MaskFacts, class_ids: Collection[int]) -> dict[int, int]:
    return {
        value: count
        for value, count in mask.pixels.items()
        if value not in class_ids and value != IGNORED_PIXEL_VALUE
    }


def _is_blended(mask: MaskFacts, unnamed: Mapping[int, int], class_ids: Collection[int]) -> bool:
    pixels = mask.width * mask.height
    return (
        are_colours(class_ids)
        and len(unnamed) >= _BLENDED_COLOURS
        and sum(unnamed.values()) <= _BLENDED_SHARE * pixels
        and max(unnamed.values()) <= max(1, _BLENDED_SHARE_OF_EACH * pixels)
    )
