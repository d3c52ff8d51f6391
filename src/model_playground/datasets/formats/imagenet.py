"""ImageNet: images in folders of synsets, and XML files like those of Pascal VOC."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import files_under, is_image
from model_playground.datasets.findings import left_out
from model_playground.datasets.formats.draft import ClassNames
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    DraftItem,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.image_classes import ImageClasses, without_items
from model_playground.datasets.formats.voc_files import (
    Images,
    image_of,
    is_annotation,
    is_of_imagenet,
    said_in,
    without_objects,
)
from model_playground.datasets.formats.voc_objects import ObjectReader, size_wh_of
from model_playground.datasets.parts import part_of_folders
from model_playground.datasets.records import ClassRecord
from model_playground.datasets.xml_files import Element

_SYNSET = re.compile(r"n\d{8}")
_MAPPINGS = ("LOC_synset_mapping.txt", "words.txt", "synset_words.txt")
_LOOKED_INTO = 3  # XML files that are opened to recognise the format


@FORMATS.register
class ImageNet(Format):
    """ImageNet: XML files of boxes whose classes are synsets, beside images in folders of synsets.

    The layout of ILSVRC (`Annotations/CLS-LOC/train/n01440764/…`, `Data/CLS-LOC/…`), or any folder
    in which images and XML files are called as ImageNet calls its own. A class is called by the
    first word that `LOC_synset_mapping.txt` gives its synset; where two synsets have the same one,
    the synset stands behind it. The number of the synset is kept as the class's id.
    """

    name = "imagenet"
    title = "ImageNet XML"
    tasks: ClassVar[tuple[str, ...]] = ("detection", "classification", "tagging")
    is_certain: ClassVar[bool] = True
    contents: ClassVar[tuple[Held, ...]] = (
        Held("`bndbox` and all else of an object", "as in Pascal VOC"),
        Held("`name`", "the synset, or a name as it stands"),
        Held("`LOC_synset_mapping.txt`, `words.txt`, `synset_words.txt`", "names of the classes"),
        Held(
            "a folder named as a synset",
            "with `--task classification` the class of the images in it; else the one class of "
            "the objects in an image's XML file",
        ),
        Held("folders train, val, test", "the partition"),
        Held("`ImageSets`, `LOC_…_solution.csv`", "not read"),
        Held("an image without XML file", "left out, counted; with classification it is read"),
        Held("an XML file without image, or that is no XML", "blocks the import, reported"),
    )

    def detect(self, path: Path) -> str | None:
        files = _files(path)
        if not files.annotations:
            return None
        return f"{files.annotations[0]} is an XML file called as ImageNet calls its own"

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        files = _files(path)
        if not files.annotations:
            raise InvalidError(
                "imagenet.none", "{path} holds no XML file of ImageNet", path=str(path)
            )
        words = _words(files)
        return (
            _read_classes(files, words) if task == "classification" else _read(files, words, task)
        )


@dataclass(frozen=True)
class _Files:
    """The files of a dataset, relative to its folder."""

    root: Path
    annotations: list[str]
    images: list[str]
    mapping: str | None


def _files(path: Path) -> _Files:
    found = files_under(path) if path.is_dir() else []
    own = [one for one in found if one.lower().endswith(".xml") and is_of_imagenet(one)]
    is_own = any(is_annotation(path, one, if_broken=True) for one in own[:_LOOKED_INTO])
    mappings = [one for one in found if os.path.basename(one) in _MAPPINGS]
    return _Files(
        root=path,
        annotations=own if is_own else [],
        images=[one for one in found if is_image(one)] if is_own else [],
        mapping=min(mappings, key=lambda one: one.count("/"), default=None),
    )


def _words(files: _Files) -> dict[str, str]:
    """Return what the synsets are called: the first of their words."""
    if files.mapping is None:
        return {}
    words: dict[str, str] = {}
    for line in read_text(files.root / files.mapping).splitlines():
        synset, _, text = line.strip().partition("\t" if "\t" in line else " ")
        name = text.split(",")[0].strip()
        if _SYNSET.fullmatch(synset) and name:
            words[synset] = name
    return words


def _records(
    classes: tuple[ClassRecord, ...], words: dict[str, str]
) -> tuple[tuple[ClassRecord, ...], dict[str, str]]:
    """Return classes with their names and ids, and their names by synset."""
    names = {one.name: words.get(one.name, one.name) for one in classes}
    counts = Counter(names.values())
    names = {
        synset: f"{name} ({synset})" if counts[name] > 1 else name for synset, name in names.items()
    }
    numbers = {one: int(one[1:]) for one in names if _SYNSET.fullmatch(one)}
    records = tuple(
        ClassRecord(one.index, names[one.name], numbers.get(one.name)) for one in classes
    )
    return records, names


def _items(files: _Files, findings: list[Finding]) -> Iterator[tuple[str, str, Element]]:
    """Yield the XML files that can be used: the image, the file and what it says."""
    images = Images(files.images)
    for file in files.annotations:
        said = said_in(files.root, file, findings)
        image = None if said is None else image_of(file, said, images, findings)
        if said is not None and image is not None:
            yield image, file, said


def _item(files: _Files, image: str, file: str, said: Element | None) -> DraftItem:
    """Return an item; where no XML file is about it, its own name says what it is."""
    return DraftItem(
        os.path.join(files.root, image),
        size_wh=None if said is None else size_wh_of(said),
        source_file=file,
        source_line=None if said is None else said.line,
        partition=part_of_folders(image),
    )


def _read(files: _Files, words: dict[str, str], task: str | None) -> Draft:
    reader = ObjectReader()
    items: list[DraftItem] = []
    found: set[str] = set()
    empty: list[str] = []
    for image, file, said in _items(files, reader.findings):
        if image in found:
            message = f"{file} is of the image {image}, as another file is: it is left out"
            reader.findings.append(left_out("image_twice", message, file=file, line=said.line))
            continue
        found.add(image)
        if not reader.read(said, len(items), file):
            empty.append(file)
        items.append(_item(files, image, file, said))
    findings = [*reader.findings, *reader.unread(), *without_objects(empty)]
    without = [one for one in files.images if one not in found]
    if without:
        count = counted(len(without), "image has", "images have")
        message = f"{count} no XML file, such as {without[0]}: left out"
        findings.append(left_out("missing_annotation_file", message, file=without[0]))
    classes, _ = _records(reader.classes.sorted(reader.annotations), words)
    return Draft(
        root=files.root,
        task=task or "detection",
        items=items,
        classes=classes,
        findings=findings,
        annotations=reader.annotations,
    )


def _read_classes(files: _Files, words: dict[str, str]) -> Draft:
    """Read the class of each image: its folder says it, or the objects that are in it."""
    findings: list[Finding] = []
    known = {image: (file, said) for image, file, said in _items(files, findings)}
    given = ImageClasses()
    items: list[DraftItem] = []
    for image in files.images:
        folder = os.path.basename(os.path.dirname(image))
        file, said = known.get(image, (image, None))
        place = len(items)
        items.append(_item(files, image, file, said))
        if _SYNSET.fullmatch(folder):
            given.add(place, folder, file, None)
            continue
        for name in () if said is None else {one.text_of("name") for one in said.all("object")}:
            if name:
                given.add(place, name, file, None)
    names = ClassNames()
    findings += given.as_the_class(items, names)
    lacking = {place for place, one in enumerate(items) if one.class_name is None}
    reader = ObjectReader(classes=names)
    kept, annotations = without_items(items, reader.annotations, lacking)
    classes, called = _records(names.sorted(annotations), words)
    for item in kept:
        item.class_name = called[item.class_name or ""]
    return Draft(
        root=files.root, task="classification", items=kept, classes=classes, findings=findings
    )
