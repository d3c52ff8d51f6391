"""Labels in a text file for each image, whose lines show what they are: KITTI's and DOTA's."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from model_playground.core.counting import counted
from model_playground.core.records import Finding
from model_playground.datasets.file_names import (
    files_under,
    is_image,
    is_inside,
    natural_order,
    normalised,
)
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.formats.draft import ClassNames
from model_playground.datasets.formats.format import (
    Draft,
    DraftAnnotations,
    DraftItem,
    Held,
    ReadOptions,
)
from model_playground.datasets.parts import part_of_folders
from model_playground.datasets.text_files import UnreadableTextError, beginning_of, text_of

_FOLDERS_LOOKED_AT = 20
_FILES_LOOKED_AT = 3
_LINES_LOOKED_AT = 5
_LOOKED_AT = 65_536  # bytes
_MOST_BYTES = 2**26

ABOUT_FILES = (
    Held("a label file without objects", "an image with nothing in it"),
    Held("an image without label file", "left out, reported"),
    Held("a label file without image", "blocks the import, reported"),
)
"""What becomes of files, whatever their lines hold."""

Judge = Callable[[str], bool | None]
"""Says of a line whether it is an object of the format; None of one that may stand there too."""


class LabelledImage(NamedTuple):
    """An image with a label file: the item and its place, the file, and its lines by number."""

    place: int
    item: DraftItem
    file: str
    lines: list[tuple[int, str]]


@dataclass
class LinesRead(ABC):
    """What has been read of the lines of label files; a format says how."""

    annotations: DraftAnnotations = field(default_factory=DraftAnnotations)
    classes: ClassNames = field(default_factory=ClassNames)
    findings: list[Finding] = field(default_factory=list)

    @abstractmethod
    def add(self, image: LabelledImage) -> None:
        """Add the objects of an image."""

    @abstractmethod
    def counts(self) -> list[Finding]:
        """Say once what holds for many lines."""

    def leave_out(self, why: str, file: str, line: int) -> None:
        """Leave a line out."""
        message = f"line {line} of {file}: {why}: it is left out"
        self.findings.append(left_out("bad_annotation", message, file=file, line=line))


def read_text_labels(
    root: Path, judge: Judge, lines: LinesRead, task: str | None, options: ReadOptions
) -> Draft:
    """Return what the label files of a folder say.

    Args:
        root: the dataset's folder.
        judge: says which lines are objects.
        lines: takes up what is read.
        task: the task that is asked for.
        options: what the user asks for.
    """
    labels = TextLabels(root, judge, options.follow_links)
    for image in labels.read():
        lines.add(image)
    return Draft(
        root=root,
        task=task or "detection",
        items=labels.items,
        classes=lines.classes.sorted(lines.annotations),
        findings=[*labels.findings, *lines.findings, *lines.counts()],
        annotations=lines.annotations,
    )


def example_of_labels(folder: Path, judge: Judge) -> str | None:
    """Return a text file in a folder whose text files are of a format, if there is one near."""
    folders = label_folders(folder, judge, at_most=_FOLDERS_LOOKED_AT) if folder.is_dir() else {}
    return next((files[0] for files in folders.values()), None)


def label_folders(
    folder: Path, judge: Judge, *, at_most: int | None = None
) -> dict[str, list[str]]:
    """Return the folders whose text files are of a format, with these; both relative to a folder.

    Only some files of each are opened.

    Args:
        folder: where to look.
        judge: says which lines are objects.
        at_most: how many folders are looked into, the nearest first.
    """
    inside: dict[str, list[str]] = defaultdict(list)
    for file in files_under(folder):
        if file.lower().endswith(".txt"):
            inside[os.path.dirname(file)].append(file)
    nearest = sorted(inside, key=lambda one: (one.count("/"), natural_order(one)))
    return {
        one: inside[one] for one in nearest[:at_most] if _are_labels(folder, inside[one], judge)
    }


def _are_labels(folder: Path, files: list[str], judge: Judge) -> bool:
    """Say whether one of the first files with objects is of a format: a list may stand beside."""
    judged = (_is_label_file(folder / one, judge) for one in files[: 2 * _FILES_LOOKED_AT])
    return any(islice((one for one in judged if one is not None), _FILES_LOOKED_AT))


def _is_label_file(path: Path, judge: Judge) -> bool | None:
    """Judge by the first lines; nothing can be said of a file without objects."""
    try:
        text, _ = beginning_of(path, _LOOKED_AT)
    except UnreadableTextError:
        return False
    judged = (judge(line) for line in text.splitlines() if line.strip())
    first = list(islice((one for one in judged if one is not None), _LINES_LOOKED_AT))
    return all(first) if first else None


@dataclass
class TextLabels:
    """Reads the label files of a folder, and finds their images.

    An image and its label file have the same name but for the suffix. They stand in one folder or
    in two beside each other, such as `images` and `labels`, or `image_2` and `label_2`.

    Args:
        root: the dataset's folder.
        judge: says which lines are objects.
        follow_links: read label files outside the folder too.
    """

    root: Path
    judge: Judge
    follow_links: bool
    items: list[DraftItem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _files: dict[str, str] = field(default_factory=dict)  # label files by image

    @cached_property
    def _images(self) -> dict[str, list[str]]:
        """The images by their names without suffix."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in files_under(self.root):
            if is_image(path):
                found[_stem(path)].append(path)
        return found

    def read(self) -> Iterator[LabelledImage]:
        """Yield each image that has a label file; say what is wrong with the others."""
        for folder, files in label_folders(self.root, self.judge).items():
            leads_out = not self.follow_links and not is_inside(self.root / folder, self.root)
            for file in files:
                yield from self._read_file(file, leads_out=leads_out)
        self._report_unlabelled()

    def _read_file(self, path: str, *, leads_out: bool) -> Iterator[LabelledImage]:
        name, file = normalised(path), self.root / path
        is_fit = self.follow_links or not file.is_symlink() or is_inside(file, self.root)
        if leads_out or not is_fit:
            said = f"{name} leads out of the dataset's folder: copy it there"
            self.findings.append(blocking("link_outside", said, file=name))
            return
        try:
            text = text_of(file, most_bytes=_MOST_BYTES, else_windows=True)
        except UnreadableTextError as error:
            found = blocking("unreadable_labels", f"{name}: {error}", file=name)
            self.findings.append(found)
            return
        lines = [
            (number, line)
            for number, line in enumerate(text.split("\n"), start=1)
            if line and not line.isspace()
        ]
        image = self._image_of(path, name, lines)
        if image is None:
            return
        if image in self._files:
            said = f"{name} is of the image {image}, as {self._files[image]} is"
            self.findings.append(blocking("image_twice", said, file=name))
            return
        self._files[image] = name
        item = DraftItem(
            os.path.join(self.root, image),
            source_file=name,
            partition=part_of_folders(name) or part_of_folders(image),
        )
        if all(self.judge(line) is None for _, line in lines):
            item.status = "DONE"
            said = f"{name} has no objects: its image is kept as one without"
            self.findings.append(information("empty_annotation_file", said, file=name))
        self.items.append(item)
        yield LabelledImage(len(self.items) - 1, item, name, lines)

    def _image_of(self, path: str, name: str, lines: list[tuple[int, str]]) -> str | None:
        """Return the image of a label file, or say why there is none."""
        found = _nearest(path, self._images.get(_stem(path), []))
        if len(found) == 1:
            return found[0]
        if found:
            several = " and ".join(found[:3])
            said = f"{name} may be of {several}: keep one of them"
            self.findings.append(blocking("ambiguous_file", said, file=name))
        elif any(self.judge(line) for _, line in lines):
            said = f"{name} has no image of that name"
            self.findings.append(blocking("annotation_without_image", said, file=name))
        else:
            said = f"{name} has no objects and no image: it is not read"
            self.findings.append(left_out("other_labels", said, file=name))
        return None

    def _report_unlabelled(self) -> None:
        """Name the images without label file where others have one, and count the rest."""
        folders = {os.path.dirname(image) for image in self._files}
        elsewhere = []
        for image in (one for some in self._images.values() for one in some):
            if image in self._files:
                continue
            if os.path.dirname(image) not in folders:
                elsewhere.append(image)
                continue
            name = normalised(image)
            said = f"{name} has no label file: it is left out"
            self.findings.append(left_out("missing_annotation_file", said, file=name))
        if elsewhere:
            name = normalised(elsewhere[0])
            images = counted(len(elsewhere), "image stands", "images stand")
            said = f"{images} in folders without labels, such as {name}: left out"
            self.findings.append(left_out("missing_annotation_file", said, file=name))


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _nearest(label: str, images: list[str]) -> list[str]:
    """Return those images that stand nearest to a label file, in the folder called as its own.

    >>> _nearest("a/label_2/1.txt", ["a/image_2/1.png", "a/image_3/1.png", "b/image_2/1.png"])
    ['a/image_2/1.png']
    """
    ranks = {one: _nearness(label.split("/")[:-1], one.split("/")[:-1]) for one in images}
    most = max(ranks.values(), default=None)
    return [one for one, rank in ranks.items() if rank == most]


def _nearness(label: list[str], image: list[str]) -> tuple[int, bool]:
    pairs = zip(label, image, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    called = label[-1].lower().replace("label", "image") if label else ""
    return shared, bool(image) and image[-1].lower() == called
