"""The words by which folders and lists name the parts of a split."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
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
_NUMBERED: dict[str, ListedPart] = {"0": "train", "1": "validation", "2": "test"}  # as in CelebA
_WHETHER_TRAINING: dict[str, ListedPart] = {"0": "test", "1": "train"}  # as in CUB
_BETWEEN_WORDS = re.compile(r"[ _.-]+")


def part_of(word: str) -> ListedPart | None:
    """Return the part that a word means, or None; a year behind it is ignored.

    >>> part_of("Valid"), part_of("train2017"), part_of("trains")
    ('validation', 'train', None)
    """
    return _WORDS.get(word.strip().lower().rstrip("0123456789_-"))


def parts_of(words: Collection[str], *, says_training: bool = False) -> dict[str, ListedPart]:
    """Return the parts that the words of one list or column mean; of others nothing is known.

    Args:
        words: all that stand there, each once.
        says_training: they answer whether an item is for training, where numbers stand.

    >>> parts_of(["train2017", "val", "extra"])
    {'train2017': 'train', 'val': 'validation'}
    >>> parts_of(["0", "1", "2"])
    {'0': 'train', '1': 'validation', '2': 'test'}
    >>> parts_of(["0", "1"]), parts_of(["0", "1"], says_training=True)
    ({}, {'0': 'test', '1': 'train'})
    """
    known = {word: part for word in words if (part := part_of(word)) is not None}
    numbered = _WHETHER_TRAINING if says_training else _NUMBERED
    is_clear = says_training or "2" in words
    if not known and is_clear and set(words) <= numbered.keys():
        return {word: numbered[word] for word in words}
    return known


def numbers_told(numbered: Mapping[str, ListedPart]) -> str:
    """Say how the numbers that tell parts are read; nothing of words.

    >>> numbers_told({"0": "test", "1": "train"}), numbers_told({"val": "validation"})
    ('0 is read as test, 1 is read as train', '')
    """
    return ", ".join(
        f"{word} is read as {part}" for word, part in numbered.items() if word.isdecimal()
    )


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
