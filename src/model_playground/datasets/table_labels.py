"""What the columns of a table say of an image: a class, tags or values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from model_playground.core.errors import unknown_name
from model_playground.datasets.cell_lists import pieces
from model_playground.datasets.numbers import NumberStyle, number_style
from model_playground.datasets.text_tables import TextTable

VALUE_PREFIX = "value:"
"""A column named so holds a value: what a table that was exported says of itself."""

_YES = ("1", "1.0", "true")
_NO = ("0", "0.0", "false")
_NO_SIGNED = (
    "-1",
    "-1.0",
)  # instead of 0; beside 0 it would be a third answer, such as "uncertain"


class Label(NamedTuple):
    """What a row says of its image."""

    class_name: str | None = None
    tags: tuple[str, ...] = ()
    values: tuple[float, ...] = ()


class UnusableCellError(Exception):
    """A row's label cannot be used; `said` completes "line 7 …"."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said


class Columns:
    """The columns of some tables that are read as one.

    Args:
        tables: at least one.
    """

    def __init__(self, tables: Sequence[TextTable]) -> None:
        self.tables = tables
        self.names = tuple(dict.fromkeys(name for table in tables for name in table.columns))
        self._styles: dict[str, NumberStyle] = {}

    def check(self, column: str) -> None:
        """Raise which columns there are if this is none of them."""
        if column not in self.names:
            raise unknown_name("column", column, self.names)

    def cells(self, column: str) -> list[str]:
        """Return all cells of a column."""
        return [cell for table in self.tables if table.has(column) for cell in table.cells(column)]

    def filled(self, column: str) -> list[str]:
        """Return the cells of a column that are not empty."""
        return [cell for cell in self.cells(column) if cell]

    def numbers(self, column: str) -> NumberStyle:
        """Return how the numbers of a column are written."""
        if column not in self._styles:
            self._styles[column] = number_style(
                self.cells(column),
                decimal_comma=any(table.decimal_comma for table in self.tables),
                typed=any(table.typed for table in self.tables),
            )
        return self._styles[column]

    def is_yes_or_no(self, column: str) -> bool:
        """Say whether a column holds nothing but 0 and 1, or nothing but -1 and 1."""
        cells = {cell.lower() for cell in self.filled(column)}
        return bool(cells) and any(cells <= {*_YES, *no} for no in (_NO, _NO_SIGNED))


class Labels(ABC):
    """The columns that hold the labels, and how they are read."""

    task: ClassVar[str]
    columns: tuple[str, ...]

    @abstractmethod
    def read(self, cells: Mapping[str, str]) -> Label:
        """Read a row.

        Raises:
            UnusableCellError: it has no label, or one that cannot be.
        """

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that the columns themselves name, or the names of the values."""
        return ()


@dataclass(frozen=True)
class ClassColumn(Labels):
    """A column of classes."""

    columns: tuple[str, ...]
    task = "classification"

    def read(self, cells: Mapping[str, str]) -> Label:
        return Label(class_name=_present(cells, self.columns[0]))


@dataclass(frozen=True)
class ClassPerColumn(Labels):
    """A column for each class, of which one is 1 and the others are 0."""

    columns: tuple[str, ...]
    task = "classification"

    def read(self, cells: Mapping[str, str]) -> Label:
        chosen = _chosen(cells, self.columns)
        if len(chosen) != 1:
            said = f"has {' and '.join(chosen) or 'no class'} where an image has one class"
            raise UnusableCellError("not_one_class", said)
        return Label(class_name=chosen[0])

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns


@dataclass(frozen=True)
class TagPerColumn(Labels):
    """A column for each tag: 1 where the image has it."""

    columns: tuple[str, ...]
    task = "tagging"

    def read(self, cells: Mapping[str, str]) -> Label:
        return Label(tags=tuple(_chosen(cells, self.columns)))

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns


@dataclass(frozen=True)
class TagColumn(Labels):
    """A column with a list of tags in each cell; an empty cell is none."""

    columns: tuple[str, ...]
    separator: str | None
    task = "tagging"

    def read(self, cells: Mapping[str, str]) -> Label:
        return Label(tags=tuple(pieces(cells[self.columns[0]], self.separator)))


@dataclass(frozen=True)
class ValueColumns(Labels):
    """Columns of numbers."""

    columns: tuple[str, ...]
    styles: tuple[NumberStyle, ...]
    task = "regression"

    def read(self, cells: Mapping[str, str]) -> Label:
        texts = [_present(cells, column) for column in self.columns]
        values = []
        for column, text, style in zip(self.columns, texts, self.styles, strict=True):
            value = style.read(text)
            if value is None:
                said = f"has {text!r} in the column {column}, which is no finite number"
                raise UnusableCellError("not_a_number", said)
            values.append(value)
        return Label(values=tuple(values))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.removeprefix(VALUE_PREFIX) for column in self.columns)


def one_class_a_row(columns: Columns, chosen: Sequence[str]) -> bool:
    """Say whether in every row exactly one of the columns is 1."""
    rows: Iterable[tuple[str, ...]] = zip(*map(columns.cells, chosen), strict=True)
    return all(sum(cell.lower() in _YES for cell in row) == 1 for row in rows)


def _present(cells: Mapping[str, str], column: str) -> str:
    if not cells[column]:
        raise UnusableCellError("missing_label", f"has nothing in the column {column}")
    return cells[column]


def _chosen(cells: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    chosen = []
    for column in columns:
        cell = _present(cells, column).lower()
        if cell in _YES:
            chosen.append(column)
    return chosen
