"""Lists that name the parts of images, where a format does not read them: they are told of."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from model_playground.core.records import Finding
from model_playground.datasets.findings import left_out
from model_playground.datasets.parts import list_part

_SUFFIXES = (".txt", ".csv")
_OF_PARTS = ("split", "partition")


def unread_part_lists(files: Iterable[str], read: Collection[str] = ()) -> list[Finding]:
    """Tell of the lists among some files that a split can be made from.

    Args:
        files: paths relative to the dataset's folder.
        read: those that were read.
    """
    lists = [file for file in files if _is_list(file) and file not in read]
    if not lists:
        return []
    named = (
        f"{lists[0]} beside the images may name parts and is"
        if len(lists) == 1
        else f"{len(lists)} lists beside the images, such as {lists[0]}, may name parts and are"
    )
    said = f"{named} not read: `split create --from` reads such a list, or a folder of them"
    return [left_out("part_list", said, file=lists[0])]


def _is_list(file: str) -> bool:
    if not file.lower().endswith(_SUFFIXES):
        return False
    stem, suffix = os.path.splitext(os.path.basename(file).lower())
    if any(word in stem for word in _OF_PARTS):
        return True
    return suffix == ".txt" and list_part(stem) is not None
