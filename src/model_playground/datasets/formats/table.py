"""A table that names image files and says the class, the tags or the values of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    Format,
    Held,
    ReadOptions,
)
from model_playground.datasets.formats.index_masks import class_table_of_masks
from model_playground.datasets.labelled_tables import Source, read_labelled
from model_playground.datasets.table_columns import (
    SAMPLED_ROWS,
    best_image_column,
    column_of_beginnings,
)
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.table_labels import Columns
from model_playground.datasets.tables import is_table_file, read_tables
from model_playground.datasets.text_tables import TextTable


@FORMATS.register
class Table(Format):
    """A table with a row for each image: the file's name, and its class, its tags or its values.

    CSV (divided by commas, semicolons or tabs), Parquet, or a sheet of a spreadsheet (XLS, XLSX).
    The images stand in the table's folder or in folders inside it. An image has one class, in one
    column or as the 1 among columns of 0 and 1; or tags, as such columns or as a list in one
    ("a, b", "a|b", "['a', 'b']" or JSON); or values, in one column or several. A row may name
    several images of one item, in columns such as `image_1` to `image_4`, as a folder, as a
    pattern or as a list; or how the names of images begin that are all labelled so. Further
    columns are kept, to group items by.
    """

    name = "table"
    title = "Table of files"
    tasks: ClassVar[tuple[str, ...]] = ("classification", "tagging", "regression")
    contents: ClassVar[tuple[Held, ...]] = (
        Held("column of image files", "the item; recognised, or given by --image-column"),
        Held("columns `image_1`, `image_2`, …; a folder or pattern", "several images of an item"),
        Held("column of classes", "the class"),
        Held("columns of 0 and 1", "the class if one is 1 in every row, else tags"),
        Held("column of lists", "tags; what divides them is recognised, or --tag-separator"),
        Held("columns of numbers", "the values, for regression; decimal commas are understood"),
        Held("column `split`, `part`, `set` or `subset`", "the partition; kept as text too"),
        Held("further columns", "kept as text, to group and filter by"),
        Held("sheets of a spreadsheet", "one, or all that have the same columns; or --sheet"),
    )
    options: ClassVar[tuple[str, ...]] = (
        "image_columns",
        "target_columns",
        "tag_separator",
        "sheets",
    )

    def detect(self, path: Path) -> str | None:
        if path.is_file():
            return "it is a table" if is_table_file(path) else None
        if not path.is_dir():
            return None
        names = " and ".join(file.name for file in _files_in(path))
        return f"{names} in it names image files" if names else None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        if path.is_dir():
            files = list(_files_in(path))
            if len(files) != 1:
                raise InvalidError(
                    "table.which",
                    "{path} has {count} tables that name image files ({names}): "
                    "give the path of one",
                    path=str(path),
                    count=len(files),
                    names=", ".join(file.name for file in files) or "none",
                )
            path = files[0]
        images = TableImages(path.parent)
        tables = _chosen_sheets(path, read_tables(path), images, options.sheets)
        sources = [Source(table, images, path.name) for table in tables]
        return read_labelled(sources, path.parent, task=task, options=options)


def _files_in(folder: Path) -> list[Path]:
    """Return the tables that stand in a folder and name image files."""
    images = TableImages(folder)
    of_masks = class_table_of_masks(folder)
    found = []
    for path in sorted(folder.iterdir()):
        if not is_table_file(path) or not path.is_file() or path == of_masks:
            continue
        try:
            tables = read_tables(path)
        except InvalidError:
            continue  # some other text
        if any(_names_images(table, images) for table in tables):
            found.append(path)
    return found


def _names_images(table: TextTable, images: TableImages) -> bool:
    """Say whether half of a table's rows name images: some number in it may be the name of one."""
    named, _, _ = best_image_column(Columns([table]), images)
    rows = min(len(table.rows), SAMPLED_ROWS)
    return len(table.columns) > 1 and named > 0 and 2 * named >= rows


def _chosen_sheets(
    path: Path, tables: Sequence[TextTable], images: TableImages, names: Sequence[str]
) -> Sequence[TextTable]:
    """Return the sheets that the user names, else the one that names images, or all if alike."""
    if names:
        by_name = {str(table.sheet): table for table in tables if table.sheet is not None}
        for name in names:
            if name not in by_name:
                raise unknown_name("sheet", name, by_name)
        return [by_name[name] for name in dict.fromkeys(names)]
    if len(tables) == 1:
        return tables
    if not tables:
        raise InvalidError("table.empty", "the table {path} is empty", path=str(path))
    named = [table for table in tables if _names_images(table, images)]
    if not named:
        named = [one for one in tables if column_of_beginnings(Columns([one]), images)]
    alike = [table for table in tables if named and table.columns == named[0].columns]
    if len(named) == 1 and named == alike:
        return named
    if len({table.columns for table in named or tables}) == 1:
        return alike or tables
    raise InvalidError(
        "table.which_sheet",
        "{path} has {count} sheets ({names}) with different columns: choose with --sheet",
        path=str(path),
        count=len(tables),
        names=", ".join(str(table.sheet) for table in tables),
    )
