"""The lists by which Pascal VOC divides its images: one text file a part, one name a line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import normalised
from model_playground.datasets.findings import information, left_out, warning
from model_playground.datasets.formats.draft import DraftItem
from model_playground.datasets.parts import part_of

_PRECEDENCE = ("test", "validation", "train", "trainval")
"""Of an image that two lists name the first holds: what is tested on must not be trained on."""

_SIGNS = ("1", "-1", "0")
"""What a list of one class says behind each name: it is there, it is not, it is hard to tell."""

_NUMBER_BEHIND = re.compile(r"\s+-?\d+$")


@dataclass
class PartLists:
    """What the lists of a folder say of its items.

    Args:
        root: the dataset's folder, to which files are named.
        places: by the name without suffix, where an item is in the draft.
    """

    root: Path
    places: Mapping[str, Sequence[int]]
    findings: list[Finding] = field(default_factory=list)
    _named: dict[int, set[str]] = field(default_factory=dict)

    def read(self, files: Sequence[Path]) -> None:
        """Read the lists named after parts; say which others there are."""
        others = [file for file in files if part_of(file.stem) is None]
        for file in files:
            if (part := part_of(file.stem)) is not None:
                self._read_list(file, part)
        of_classes = [file for file in others if _is_of_a_class(file)]
        if of_classes:
            name = self._name(of_classes[0])
            lists = counted(len(of_classes), "list says", "lists say")
            said = (
                f"{lists} of each image whether a class is in it, such as {name}: not read, for "
                "the objects say the same"
            )
            self.findings.append(information("class_lists", said, file=name))
        for file in others:
            if file not in of_classes:
                name = self._name(file)
                said = f"the list {name} is named after no part (train, val, test): it is not read"
                self.findings.append(left_out("unread_list", said, file=name))

    def apply(self, items: Sequence[DraftItem]) -> None:
        """Give the items the parts in which they were named, and count what does not fit."""
        if not self._named:
            return
        for place, parts in self._named.items():
            exact = parts - {"trainval"} if parts & {"train", "validation"} else parts
            kept = next(one for one in _PRECEDENCE if one in exact)
            items[place].partition = kept
            if len(exact) > 1:
                image = self._name(items[place].path)
                said = f"the lists name {image} for {' and '.join(sorted(exact))}: {kept} holds"
                self.findings.append(warning("image_in_two_parts", said, file=image))
        unlisted = sorted({at for found in self.places.values() for at in found} - set(self._named))
        for place in unlisted:
            image = self._name(items[place].path)
            said = f"{image} is in no list of a part"
            self.findings.append(information("image_in_no_part", said, file=image))

    def _read_list(self, file: Path, part: str) -> None:
        missing: list[tuple[str, int]] = []
        twice = 0
        seen: set[int] = set()
        for line, name in self._names(file):
            found = self.places.get(name, ())
            if not found:
                missing.append((name, line))
            twice += any(place in seen for place in found)
            seen.update(found)
            for place in found:
                self._named.setdefault(place, set()).add(part)
        called = self._name(file)
        if missing:
            name, line = missing[0]
            images = counted(len(missing), "image that is", "images that are")
            said = (
                f"{called} names {images} not here, such as {name}: "
                f"{counted(len(seen), 'remains', 'remain')}"
            )
            self.findings.append(left_out("listed_not_here", said, file=called, line=line))
        if twice:
            said = f"{called} names {counted(twice, 'image', 'images')} twice"
            self.findings.append(information("listed_twice", said, file=called))

    def _names(self, file: Path) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(read_text(file).splitlines(), start=1):
            name = line.strip()
            if not name:
                continue
            yield number, next((one for one in _spellings(name) if one in self.places), name)

    def _name(self, file: str | Path) -> str:
        return normalised(os.path.relpath(file, self.root))


def _spellings(line: str) -> Iterator[str]:
    """Yield what a line can mean: a name, a path, with a suffix, with numbers behind it.

    >>> list(_spellings("cat 7 1 3"))
    ['cat 7 1 3', 'cat 7 1 3', 'cat 7 1', 'cat 7 1', 'cat 7', 'cat 7', 'cat', 'cat']
    """
    texts = [line]
    while (shorter := _NUMBER_BEHIND.sub("", texts[-1])) not in (texts[-1], ""):
        texts.append(shorter)
    for text in texts:
        last = normalised(text).rpartition("/")[2]
        yield last
        yield os.path.splitext(last)[0]


def _is_of_a_class(file: Path) -> bool:
    """Say whether a list is called after a class and a part, and has a sign behind each name."""
    if part_of(file.stem.rpartition("_")[2]) is None:
        return False
    lines = [line.split() for line in read_text(file).splitlines()[:100] if line.strip()]
    return all(len(one) >= 2 and one[-1] in _SIGNS for one in lines)
