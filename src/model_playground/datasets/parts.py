"""The words by which folders and lists name the parts of a split."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
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
    "dev": "validation",
    "trainval": "trainval",
}

_BESIDE_THE_PART = {
    *("list", "lists", "split", "images", "image"),
    *("files", "file", "names", "ids"),
}
_BETWEEN_WORDS = re.compile(r"[ _.-]+")


def part_of(word: str) -> ListedPart | None:
    """Return the part that a word means, or None; a year behind it is ignored.

    >>> part_of("Valid"), part_of("train2017"), part_of("trains")
    ('validation', 'train', None)
    """
    return _WORDS.get(word.strip().lower().rstrip("0123456789_-"))


def part_of_folders(file: str) -> ListedPart | None:
    """Return the part after which a folder around a file is named.

    >>> part_of_folders("data/train/images/1.png"), part_of_folders("train.png")
    ('train', None)
    """
    return next((part for one in file.split("/")[:-1] if (part := part_of(one))), None)


def list_part(stem: str) -> ListedPart | None:
    """Return the part that a list is called after, or None.

    >>> list_part("train"), list_part("test_list"), list_part("train_val_list"), list_part("notes")
    ('train', 'test', 'trainval', None)
    """
    words = [word for word in _BETWEEN_WORDS.split(stem.lower()) if word not in _BESIDE_THE_PART]
    return part_of("".join(words))


def parts_among(names: Collection[str]) -> dict[str, ListedPart]:
    """Return the parts that some folders or files mean, by their names.

    They are called by the word, or differ in it alone: a folder `train_images` is a part beside
    `test_images`, and not beside `bus_images`.

    >>> parts_among(["seg_train", "seg_test", "seg_pred"])
    {'seg_train': 'train', 'seg_test': 'test'}
    >>> parts_among(["train_station", "test_tube"])
    {}
    """
    called = {name: part for name in names if (part := part_of(name)) is not None}
    alike: dict[tuple[str, ...], dict[str, ListedPart]] = defaultdict(dict)
    for name in names:
        words = _BETWEEN_WORDS.split(name.lower())
        for place, word in enumerate(words):
            if (part := part_of(word)) is not None:
                alike[(*words[:place], "", *words[place + 1 :])][name] = part
    groups = [called, *(one for one in alike.values() if len(set(one.values())) > 1)]
    return max(groups, key=len)
