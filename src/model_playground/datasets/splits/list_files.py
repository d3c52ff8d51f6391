"""Files that name parts, read line by line: what they call an item, and what its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_delimited, read_text
from model_playground.datasets.findings import information
from model_playground.datasets.parts import list_part, numbers_told, part_of, parts_of
from model_playground.datasets.text_files import encodings_noted
from model_playground.datasets.text_tables import TextTable, first_names, is_datum, plain

IsItem = Callable[[str], bool]

_PART_COLUMNS = ("part", "partition", "split", "subset")
_NUMBERS = ("0", "1", "2")
_NUMBERED_IMAGES = "images.txt"
_LOOKED_AT = 100


class Line(NamedTuple):
    """What a line of a list says."""

    place: str  # where it stands, for a message
    name: str
    part: str  # as it is written


def lines_of(path: Path, is_item: IsItem) -> tuple[list[Line], list[Finding]]:
    """Read a table or list of items and parts, or a folder of lists named after parts.

    Args:
        path: the file or folder.
        is_item: says of a name whether it is that of an item.

    Raises:
        InvalidError: it cannot be read, or does not say the parts of items.
    """
    with encodings_noted() as assumed:
        lines, findings = _lines_of(path, is_item)
    return lines, [*(one.finding(path.parent) for one in assumed.values()), *findings]


def _lines_of(path: Path, is_item: IsItem) -> tuple[list[Line], list[Finding]]:
    if path.is_dir():
        return _lines_of_folder(path), []
    text = read_text(path, "list")
    table = read_delimited(path, is_datum=lambda cell: is_datum(cell) or part_of(cell) is not None)
    if len(table.columns) == 1:
        column, lines = "", _pairs(path.name, text, is_item)
    else:
        column = _part_column(table)
        lines = _lines_of_table(table, column, is_item)
    if not lines:
        raise _without_parts(table)
    return _in_words(path, column, _called_by_file(path, lines, is_item))


def _lines_of_folder(folder: Path) -> list[Line]:
    lists = [path for path in sorted(folder.glob("*.txt")) if list_part(path.stem)]
    if not lists:
        raise InvalidError(
            "split.no_lists",
            "{folder} holds no list named train.txt, val.txt, trainval.txt or test.txt",
            folder=str(folder),
        )
    return [
        Line(f"line {number} of {path.name}", name.strip(), str(list_part(path.stem)))
        for path in lists
        for number, name in enumerate(read_text(path, "list").splitlines(), start=1)
        if name.strip()
    ]


def _lines_of_table(table: TextTable, part: str, is_item: IsItem) -> list[Line]:
    if not part:
        return []
    items = max(
        (column for column in table.columns if column != part),
        key=lambda column: sum(map(is_item, table.cells(column))),
    )
    return [
        Line(f"line {row.line} of {table.path.name}", name, word)
        for row, name, word in zip(table.rows, table.cells(items), table.cells(part), strict=True)
    ]


def _part_column(table: TextTable) -> str:
    """Return the column that says the part, by its name or its words; empty if there is none."""
    named = [one for one in table.columns if one.lower() in _PART_COLUMNS or says_training(one)]
    told = {
        column: (
            sum(part_of(cell) is not None for cell in table.cells(column)),
            sum(cell in _NUMBERS for cell in table.cells(column)),
        )
        for column in named or table.columns
    }
    likeliest = max(told, key=lambda column: told[column])
    return likeliest if len(named) < 2 and any(told[likeliest]) else ""


def _pairs(file: str, text: str, is_item: IsItem) -> list[Line]:
    """Return the lines of a list with a space between item and part, whose names may have some.

    A list of items alone has none.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, part = line.strip().rpartition(" ")
        if line.strip() and (not name or is_item(line)):
            return []
        if line.strip():
            lines.append(Line(f"line {number} of {file}", name.strip(), part))
    has_part = [part_of(one.part) is not None or one.part in _NUMBERS for one in lines]
    if not any(has_part):
        return []
    return lines if has_part[0] or is_item(lines[0].name) else lines[1:]  # without the heads


def _without_parts(table: TextTable) -> InvalidError:
    return InvalidError(
        "split.list_columns",
        "{path} needs a column with the item (its file or id) and one named part; "
        "its columns are {columns}. A list of the items of one part alone is given by "
        "--give test=@LIST, or stands with others in a folder as train.txt, val.txt, test.txt",
        path=str(table.path),
        columns=first_names(table.columns),
    )


def _called_by_file(path: Path, lines: Sequence[Line], is_item: IsItem) -> list[Line]:
    """Put for numbers of images their files, where a list beside this one names these (CUB)."""
    images = path.with_name(_NUMBERED_IMAGES)
    if not images.is_file() or any(
        is_item(one.name) or not one.name.isdecimal() for one in lines[:_LOOKED_AT]
    ):
        return list(lines)
    pairs = (line.split(maxsplit=1) for line in read_text(images, "list").splitlines())
    files = {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}
    return [one._replace(name=files.get(one.name, one.name)) for one in lines]


def _in_words(path: Path, column: str, lines: list[Line]) -> tuple[list[Line], list[Finding]]:
    """Put words for the numbers by which some lists tell parts, where it is known which is which.

    Raises:
        InvalidError: it is not.
    """
    numbers = sorted({one.part for one in lines})
    if not all(one.isdecimal() for one in numbers):
        return lines, []
    is_answer = says_training(column) or plain(path.stem).startswith("traintest")
    meaning = parts_of(numbers, says_training=is_answer)
    if not meaning:
        raise InvalidError(
            "split.list_numbers",
            "{path} tells parts by the numbers {numbers}, and nothing says which is which: write "
            "train, validation and test instead",
            path=str(path),
            numbers=", ".join(numbers),
        )
    said = f"{path.name}: {numbers_told(meaning)}"
    found = information("part_numbers", said, file=path.name)
    return [one._replace(part=meaning[one.part]) for one in lines], [found]


def says_training(column: str) -> bool:
    """Say whether a column answers by its name whether an item is for training."""
    return plain(column).startswith("istrain")
