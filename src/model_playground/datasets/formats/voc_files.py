"""The files of Pascal VOC's kind: which XML file is about which image."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.file_names import FileNames, normalised
from model_playground.datasets.findings import blocking, information, left_out
from model_playground.datasets.xml_files import Element, first_element, read_xml

ROOT_ELEMENT = "annotation"
"""The outermost element of VOC's files."""

_IMAGE_FOLDERS = ("jpegimages", "images")
_OF_IMAGENET = re.compile(r"(?:.*/)?(?:n\d{8}[_.]|ILSVRC\d{4}_)[^/]*")


def is_annotation(root: Path, file: str, *, if_broken: bool) -> bool:
    """Say whether a file is the XML of an image's objects.

    Args:
        root: the dataset's folder.
        file: relative to it.
        if_broken: what is said of one that does not even begin as XML: where it stands, or how it
            is called, may be enough to take it for one, so that an import says what is wrong.
    """
    first = first_element(root / file)
    return if_broken if first is None else first.name == ROOT_ELEMENT


def is_of_imagenet(file: str) -> bool:
    """Say whether a file is called as ImageNet calls its own.

    >>> is_of_imagenet("train/n01440764/n01440764_18.xml"), is_of_imagenet("n1.xml")
    (True, False)
    """
    return _OF_IMAGENET.fullmatch(file) is not None


class Images:
    """The images of a dataset, found for an XML file or a mask."""

    def __init__(self, images: Iterable[str]) -> None:
        self._names = FileNames(images)

    def find(self, name: str, beside: str) -> list[str]:
        """Return the images of a name that stand nearest to a file."""
        return _nearest(self._names.find(name.replace("\\", "/").rpartition("/")[2]), beside)


def _nearest(paths: list[str], file: str) -> list[str]:
    """Keep the paths that share most folders with a file: two parts may use one name each.

    Of those as near as each other the ones in a folder of images are meant, as VOC has it.
    """

    def nearness(path: str) -> tuple[int, bool]:
        folders = path.split("/")[:-1]
        pairs = zip(folders, file.split("/")[:-1], strict=False)
        shared = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        return shared, bool(folders) and folders[-1].lower() in _IMAGE_FOLDERS

    most = max(map(nearness, paths), default=None)
    return [path for path in paths if nearness(path) == most]


def said_in(root: Path, file: str, findings: list[Finding]) -> Element | None:
    """Read an XML file; one that cannot be read is no item."""
    try:
        said = read_xml(root / file)
    except InvalidError as error:
        line = error.arguments["line"]
        message = f"{file} line {line}: the XML cannot be read: {error.arguments['why']}"
        findings.append(blocking("unreadable_labels", message, file=file, line=line))
        return None
    if said.name != ROOT_ELEMENT:
        message = f"{file} begins with <{said.name}> instead of <{ROOT_ELEMENT}>: it is not read"
        findings.append(left_out("other_labels", message, file=file, line=said.line))
        return None
    return said


def image_of(file: str, said: Element, images: Images, findings: list[Finding]) -> str | None:
    """Return the image that an XML file is about: of the same name, or else the one it names.

    Where several have the same name, such as a picture and its mask, the one it names is meant.
    """
    stem = os.path.splitext(os.path.basename(file))[0]
    element = said.find("filename")
    named, line = (element.text, element.line) if element is not None else ("", said.line)
    own, by_name = images.find(stem, file), images.find(named, file) if named else []
    own_name = normalised(f"{stem}{os.path.splitext(named)[1]}")
    both = [one for one in by_name if one in own or normalised(os.path.basename(one)) == own_name]
    found = both or own or by_name
    if not found:
        message = f"{file} is of the image {named or stem}, which is not here"
        findings.append(blocking("annotation_without_image", message, file=file, line=line))
        return None
    if len(found) > 1:
        message = f"{file} may be of {' or '.join(found[:3])}"
        findings.append(blocking("ambiguous_file", message, file=file, line=line))
        return None
    if named and found[0] not in by_name:
        message = f"line {line} of {file} names {named}; {found[0]} is read"
        findings.append(information("path_remapped", message, file=file, line=line))
    return found[0]


def without_objects(files: Sequence[str]) -> Iterator[Finding]:
    """Name the files that have no object."""
    for file in files:
        said = f"{file} has no object: its image is kept as background"
        yield information("empty_annotation_file", said, file=file)
