"""The words by which folders and lists name the parts of a split."""

from __future__ import annotations

from typing import Literal

from model_playground.core.records import Part

ListedPart = Part | Literal["trainval"]
"""A part as a list names it: "trainval" is still to be divided into train and validation."""

_WORDS: dict[str, ListedPart] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
    "trainval": "trainval",
}


def part_of(word: str) -> ListedPart | None:
    """Return the part that a word means, or None; a year behind it is ignored.

    >>> part_of("Valid"), part_of("train2017"), part_of("trains")
    ('validation', 'train', None)
    """
    return _WORDS.get(word.strip().lower().rstrip("0123456789_-"))
