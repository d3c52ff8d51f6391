"""Which columns of a table hold what, where the user does not say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from model_playground.core.errors import InvalidError
from model_playground.datasets.cell_lists import are_words, separator_of, written_list
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.table_labels import (
    VALUE_PREFIX,
    ClassColumn,
    ClassPerColumn,
    Columns,
    Labels,
    TagColumn,
    TagPerColumn,
    ValueColumns,
    one_class_a_row,
)
from model_playground.datasets.text_tables import first_names, plain

IMAGE_COLUMNS = (
    *("file", "filename", "filepath", "image", "imagefile", "imagename", "imagepath"),
    *("img", "imgname", "imgpath", "path", "photo", "picture"),
)
CLASS_COLUMNS = ("category", "class", "classid", "classname", "label", "target")
PART_COLUMNS = ("part", "partition", "set", "split", "subset")
_TAG_ENDINGS = ("tags", "labels", "categories", "classes", "keywords")
_WORDS_OF_A_SENTENCE = 5
SAMPLED_ROWS = 1000
"""How many rows are looked at to find the column of images."""


# Images


def named_files(columns: Columns, column: str, images: TableImages) -> int:
    """Return how many of the first cells of a column name images."""
    return sum(
        bool(images.find(cell) or images.views(cell))
        for cell in columns.cells(column)[:SAMPLED_ROWS]
    )


def best_image_column(columns: Columns, images: TableImages) -> tuple[int, bool, str]:
    """Return how many files the likeliest column names, whether it is called so, and its name."""
    return max(
        (named_files(columns, column, images), plain(column) in IMAGE_COLUMNS, column)
        for column in columns.names
    )


def numbered_like(column: str, columns: Columns, images: TableImages) -> tuple[str, ...]:
    """Return the columns that differ from one in their number alone and name images too."""
    alike = [one for one in columns.names if _stem(one) == _stem(column)]
    found = [one for one in alike if one == column or named_files(columns, one, images)]
    return tuple(sorted(found, key=lambda one: (_number(one), found.index(one))))


def column_of_beginnings(columns: Columns, images: TableImages) -> str | None:
    """Return the column whose cells are how images' names begin, such as an item's id."""
    found = {
        column: sum(bool(images.beginning(cell)) for cell in {*columns.cells(column)})
        for column in columns.names
        if not all(columns.numbers(column).read(cell) is not None for cell in columns.cells(column))
    }
    likeliest = max(found, key=lambda column: found[column], default=None)
    return likeliest if likeliest is not None and found[likeliest] else None


def _stem(column: str) -> str:
    return plain(column).rstrip("0123456789")


def _number(column: str) -> int:
    digits = plain(column)[len(_stem(column)) :]
    return int(digits) if digits else 0


# Labels


def find_labels(
    columns: Columns,
    image_columns: Sequence[str],
    *,
    task: str | None,
    targets: Sequence[str],
    separator: str | None,
    name: str,
) -> Labels:
    """Return the columns that hold the labels, and how they are read.

    Args:
        columns: of the table.
        image_columns: those that name the images.
        task: what the labels are for, if the user says it.
        targets: the columns that the user names.
        separator: of tags, if the user says it.
        name: what messages call the table.

    Raises:
        InvalidError: it is not clear.
    """
    for column in targets:
        columns.check(column)
        if column in image_columns:
            raise InvalidError(
                "table.target_is_image",
                "the column {column} names the image files: it cannot hold the labels too",
                column=column,
            )
    chosen = tuple(dict.fromkeys(targets)) or _guessed(columns, image_columns, task, name)
    task = task or _task(columns, chosen, separator, name)
    several = len(chosen) > 1
    yes_or_no = several and all(map(columns.is_yes_or_no, chosen))
    if task == "regression":
        return ValueColumns(chosen, tuple(map(columns.numbers, chosen)))
    if yes_or_no:
        return ClassPerColumn(chosen) if task == "classification" else TagPerColumn(chosen)
    if several:
        raise InvalidError(
            "table.several_classes",
            "an image has one class, and {count} columns were named ({columns}): name one of them "
            "with --target-column, or give --task regression if they hold values",
            count=len(chosen),
            columns=", ".join(chosen),
        )
    if task == "tagging":
        return TagColumn(chosen, separator or _tag_separator(columns, chosen[0]))
    if not targets and _is_of_sentences(columns, chosen[0]):
        raise InvalidError(
            "table.sentences",
            "the column {column} of {path} holds sentences, such as {example!r}: captions of "
            "images are not read. If they are classes all the same, name the column with "
            "--target-column",
            column=chosen[0],
            path=name,
            example=columns.filled(chosen[0])[0][:80],
        )
    return ClassColumn(chosen)


def _guessed(
    columns: Columns, image_columns: Sequence[str], task: str | None, name: str
) -> tuple[str, ...]:
    others = [column for column in columns.names if column not in image_columns]
    telling = [column for column in others if not column.startswith("column ")] or others
    telling = [column for column in telling if plain(column) not in PART_COLUMNS] or telling
    telling = [column for column in telling if not _is_of_addresses(columns, column)]
    said = _said_by_name(telling, task)
    if said:
        return said
    numeric = [column for column in telling if _is_numeric(columns, column)]
    labels = [column for column in telling if plain(column) in CLASS_COLUMNS]
    tags = [column for column in telling if _is_of_tags(columns, column)]
    yes_or_no = tuple(column for column in telling if columns.is_yes_or_no(column))
    only_these = not labels and not tags and set(numeric) <= set(yes_or_no)
    if len(yes_or_no) > 1 and only_these and task != "regression":
        return yes_or_no
    guesses = {
        "classification": labels,
        "regression": numeric,
        "tagging": tags or labels,
    }.get(
        task or "",
        [column for column in telling if column in {*numeric, *labels, *tags}],
    )
    for some in (telling, guesses):
        if len(some) == 1:
            return (some[0],)
    raise InvalidError(
        "table.no_target_column",
        "it is not clear which column of {path} holds the labels; besides the image files it has "
        "{columns}: name the class, or each of the values, with --target-column",
        path=name,
        columns=first_names(others) or "none",
    )


def _said_by_name(telling: Sequence[str], task: str | None) -> tuple[str, ...]:
    """Return the columns whose names leave nothing open, as those of an export."""
    values = tuple(column for column in telling if column.startswith(VALUE_PREFIX))
    if values and task in (None, "regression"):
        return values
    for column, of_task in (("class", "classification"), ("tags", "tagging")):
        if column in telling and task in (None, of_task):
            return (column,)
    return ()


def _task(columns: Columns, targets: Sequence[str], separator: str | None, name: str) -> str:
    """Tell values from classes: text is a class, numbers with decimals are values."""
    if len(targets) > 1 and all(map(columns.is_yes_or_no, targets)):
        return "classification" if one_class_a_row(columns, targets) else "tagging"
    if len(targets) > 1 or targets[0].startswith(VALUE_PREFIX):
        return "regression"
    if separator is not None or _is_of_tags(columns, targets[0]):
        return "tagging"
    if targets[0] == "class":
        return "classification"
    numbers = _numbers(columns, targets[0])
    whole = all(map(_is_whole, columns.filled(targets[0])))
    if not numbers[False] and not whole:
        return "regression"
    if not numbers[True]:
        return "classification"
    raise InvalidError(
        "table.task_unclear",
        "the column {column} of {path} holds {what}: say with --task classification that they are "
        "classes, or with --task regression that they are values; or name another column with "
        "--target-column",
        column=targets[0],
        path=name,
        what=f"{numbers[True]} numbers and {numbers[False]} texts"
        if numbers[False]
        else "whole numbers",
    )


def _numbers(columns: Columns, column: str) -> Counter[bool]:
    """Count the cells of a column that are numbers (True) and those that are text (False)."""
    style = columns.numbers(column)
    return Counter(style.read(cell) is not None for cell in columns.filled(column))


def _is_numeric(columns: Columns, column: str) -> bool:
    numbers = _numbers(columns, column)
    return numbers[True] > numbers[False]


def _is_whole(cell: str) -> bool:
    return cell.lstrip("+-").isdecimal()


def _is_of_tags(columns: Columns, column: str) -> bool:
    """Say whether a column holds lists of tags: by how they are written, or by its name too."""
    if column == "tags":
        return True
    cells = columns.filled(column)
    if cells and all(written_list(cell) is not None for cell in cells):
        return True
    return plain(column).endswith(_TAG_ENDINGS) and _tag_separator(columns, column) is not None


def _is_of_sentences(columns: Columns, column: str) -> bool:
    """Say whether most cells of a column have many words, and hardly any two are the same."""
    cells = columns.filled(column)
    long = [cell for cell in cells if len(cell.split()) >= _WORDS_OF_A_SENTENCE]
    return 2 * len(long) > len(cells) and 2 * len(set(cells)) > len(cells)


def _tag_separator(columns: Columns, column: str) -> str | None:
    """Return what divides the tags in the cells of a column, or None if nothing does."""
    cells = _without_lists(columns, column)
    return separator_of(cells) or (" " if are_words(cells) else None)


def _is_of_addresses(columns: Columns, column: str) -> bool:
    """Say whether a column holds addresses in the web: where images are from, and no labels."""
    cells = columns.filled(column)
    return bool(cells) and all(cell.startswith(("http://", "https://")) for cell in cells)


def _without_lists(columns: Columns, column: str) -> list[str]:
    return [cell for cell in columns.filled(column) if written_list(cell) is None]
