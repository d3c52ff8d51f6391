"""What is told of datasets beside their records: figures, formats, kinds of findings.

It is the same for Python, the command line, the page and the reports.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClassFigures(_Figures):
    """One class: the images that have it, its objects, and its pixels in masks."""

    name: str
    items: int
    objects: int
    pixels: int


class SizeFigures(_Figures):
    """Images of one size."""

    width: int
    height: int
    items: int


class ValueFigures(_Figures):
    """One value of a regression."""

    name: str
    lowest: float
    median: float
    mean: float
    highest: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


class DatasetStatistics(_Figures):
    """The figures of a revision."""

    items: int
    objects: int
    classes: tuple[ClassFigures, ...]
    distinct_sizes: int
    sizes: tuple[SizeFigures, ...]  # the commonest first
    unknown_sizes: int
    partitions: dict[str, int]
    objects_per_item: dict[int, int]  # number of objects → images, those without included
    centres: tuple[tuple[int, ...], ...]  # objects by row and column of a map of the image
    object_sizes: tuple[int, int, int]  # by box area: below 32², below 96², the rest; in pixels
    together: tuple[str, ...]  # the classes of the most images
    together_items: tuple[tuple[int, ...], ...]  # images that have both, a row for each of them
    values: tuple[ValueFigures, ...]


class HeldRecord(_Figures):
    """One thing that a format's files can say, and what becomes of it."""

    what: str
    read: str
    written: str  # by an export; empty where nothing is


class FormatRecord(_Figures):
    """A format, as it declares itself."""

    name: str
    title: str
    summary: str
    tasks: tuple[str, ...]
    options: tuple[str, ...]  # what can be said of its files, by the names of the import's fields
    contents: tuple[HeldRecord, ...]
    writable: bool


class FindingKindRecord(_Figures):
    """A kind of finding: what it is, and what to do about it."""

    name: str
    title: str
    severity: Literal["error", "warning", "information"]
    explanation: str
    remedy: str
