"""A table that names image files and says the class, the tags or the values of each."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from model_playground.core.errors import InvalidError, unknown_name
from model_playground.core.records import Finding
from model_playground.datasets.delimited import encoding_doubt
from model_playground.datasets.file_names import files_under, subfolders
from model_playground.datasets.findings import information, left_out
from model_playground.datasets.formats.box_table import has_boxes
from model_playground.datasets.formats.format import (
    FORMATS,
    Draft,
    Export,
    Held,
    ReadOptions,
    WritableFormat,
)
from model_playground.datasets.formats.hugging_face import METADATA_FILES, NAME_COLUMN
from model_playground.datasets.formats.index_masks import class_table_of_masks
from model_playground.datasets.formats.open_images import is_of_open_images
from model_playground.datasets.formats.run_length_table import run_column
from model_playground.datasets.labelled_tables import (
    CLASSES_FILE,
    OWN_PARTITION,
    OWN_STATUS,
    Source,
    read_labelled,
)
from model_playground.datasets.part_lists import unread_part_lists
from model_playground.datasets.parts import part_of, parts_among
from model_playground.datasets.records import Revision
from model_playground.datasets.table_columns import (
    IMAGE_COLUMNS,
    SAMPLED_ROWS,
    best_image_column,
    column_of_beginnings,
)
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.table_labels import VALUE_PREFIX, Columns
from model_playground.datasets.tables import (
    is_table_file,
    read_beginnings,
    read_tables,
    table_files_in,
    table_header,
)
from model_playground.datasets.text_tables import TextTable, plain

_MOST_TOO_LONG = 0.5
"""More rows than this that do not fit the first line show that this is the one that is wrong."""

_TEXT = ".txt"
_TOLD_TABLES = 3
_TOLD_COLUMNS = 8


@FORMATS.register
class Table(WritableFormat):
    """A table with a row for each image: the file's name, and its class, its tags or its values.

    CSV (divided by commas, semicolons or tabs; by spaces if each line begins with the file),
    Parquet, or a sheet of a spreadsheet (XLS, XLSX).
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
        Held("column of image files", "the item; recognised, or given by --image-column", "`file`"),
        Held(
            "columns `image_1`, `image_2`, …; a folder or pattern",
            "several images of an item",
            "`file_1`, `file_2`, …",
        ),
        Held("column of classes", "the class", "`class`"),
        Held(
            "columns of 0 and 1, or of -1 and 1",
            "the class if one is 1 in every row, else tags",
            "",
        ),
        Held(
            "column of lists",
            "tags; what divides them is recognised, or --tag-separator",
            "`tags`, as JSON",
        ),
        Held(
            "columns of numbers",
            "the values, for regression; decimal commas are understood",
            "`value:` and the name",
        ),
        Held("`classes.txt` beside the table", "all classes in their order", "the same"),
        Held("column `split`, `part`, `set` or `subset`", "the partition; kept as text too", ""),
        Held("columns `partition`, `status`", "the partition, the status", "the same"),
        Held("`train.csv`, `test.csv` and alike, with the same columns", "the partition"),
        Held("such a table in each of the folders train, valid, test", "the partition"),
        Held("a table called submission in a folder", "not read, reported"),
        Held("lists of parts beside the table (`test.txt`)", "not read, reported"),
        Held("further columns", "kept as text, to group and filter by", "the same"),
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
            return "it is a table" if is_table_file(path) and not _is_others(path) else None
        if not path.is_dir():
            return None
        tables = _tables_in(path)
        files, _ = _with_labels(_of_images(tables, TableImages(path)) if tables else [])
        files = files or list(_in_parts(path))
        names = " and ".join(file.relative_to(path).as_posix() for file in files)
        return f"{names} in it names image files" if names else None

    def obstacle(self, path: Path) -> str | None:
        if not path.is_dir():
            return None
        said = []
        tables, patterns = _with_labels(_tables_in(path))
        for file in patterns:
            said.append(f"{file.name} shows how to enter a competition, and holds no labels")
        for file in tables[:_TOLD_TABLES]:
            try:
                (first, *_) = read_beginnings(file)
            except InvalidError as error:
                said.append(str(error))
            except ValueError:
                said.append(f"the table {file} has no sheets")
            else:
                if len(first.columns) > 1:
                    columns = ", ".join(first.columns[:_TOLD_COLUMNS])
                    said.append(f"most rows of {file.name} ({columns}) name no image")
                    said += [doubt] if (doubt := encoding_doubt(file)) else []
        return "; ".join(said) or None

    def read(self, path: Path, *, task: str | None, options: ReadOptions) -> Draft:
        images = TableImages(path if path.is_dir() else path.parent)
        parts: Mapping[Path, str] = {}
        files, not_read = [path], list[Path]()
        if path.is_dir():
            files, not_read = _with_labels(_of_images(_tables_in(path), images))
            parts = _of_parts(files) if files else _in_parts(path)
            files = files or list(parts)
            if len(files) != 1 and not parts:
                raise InvalidError(
                    "table.which",
                    "{path} has {count} tables that name image files ({names}): "
                    "give the path of one",
                    path=str(path),
                    count=len(files),
                    names=", ".join(file.name for file in files) or "none",
                )
        sources = [
            Source(table, own, _from(images.folder, file), parts.get(file), sheets=len(tables))
            for file in files
            for own in (images if file.parent == images.folder else TableImages(file.parent),)
            for tables in (read_tables(file, most_too_long=_MOST_TOO_LONG),)
            for table in _chosen_sheets(file, tables, own, options.sheets)
        ]
        draft = read_labelled(sources, images.folder, task=task, options=options)
        draft.findings += [
            information(
                "table_not_read", f"{file.name} names images too: it is not read", file=file.name
            )
            for file in not_read
        ]
        tables = {_from(images.folder, file) for file in (*files, *not_read)}
        inside = files_under(images.folder)  # of a table alone, what else is there may be another's
        lists = inside if path.is_dir() else [file for file in inside if "/" not in file]
        draft.findings += unread_part_lists(lists, tables)
        return draft

    several_images: ClassVar[bool] = True

    def losses(self, revision: Revision) -> list[Finding]:
        label = _LABEL_KIND.get(revision.task)
        found = [
            left_out("not_in_format", f"the table has no place for annotations of the kind {kind}")
            for kind in revision.annotations["kind"].unique().to_pylist()
            if kind != label
        ]
        taken = set(_own_columns(revision)) & set(revision.columns)
        if taken:
            said = f"the table uses the columns {', '.join(sorted(taken))} itself"
            found.append(left_out("not_in_format", said))
        return found

    def write(self, export: Export) -> None:
        """Write `labels.csv`, and `classes.txt` where there are classes."""
        revision = export.revision
        own = _own_columns(revision)
        further = [column for column in revision.columns if column not in own]
        with (export.folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*own, *further])
            writer.writerows(_rows(export, own, further))
        if revision.classes:
            names = "".join(f"{one.name}\n" for one in revision.classes)
            (export.folder / CLASSES_FILE).write_text(names, encoding="utf-8")


def _tables_in(folder: Path) -> list[Path]:
    """Return the tables that stand in a folder, whatever they hold."""
    return [path for path in table_files_in(folder) if not _is_others(path)]


def _of_images(tables: Sequence[Path], images: TableImages) -> list[Path]:
    """Return those tables that name image files."""
    found = []
    for path in tables:
        try:
            beginnings = read_beginnings(path)
        except InvalidError:
            continue  # some other text
        if any(_names_images(one, images) for one in beginnings) and not _is_of_masks(path):
            found.append(path)
    return found


def _with_labels(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the tables that can hold labels, and those that show how to enter a competition."""
    patterns = [file for file in files if "submission" in file.stem.lower()]
    return [file for file in files if file not in patterns], patterns


def _of_parts(files: Sequence[Path]) -> Mapping[Path, str]:
    """Return the parts that some tables are named after, if they have the same columns."""
    parts = parts_among([file.stem for file in files])
    if len(files) < 2 or len(set(parts.values())) < len(files):
        return {}
    return {file: parts[file.stem] for file in files} if _are_alike(files) else {}


def _in_parts(path: Path) -> Mapping[Path, str]:
    """Return the tables in folders named after parts, if each has one of the same columns."""
    found: dict[Path, str] = {}
    for folder in subfolders(path):
        part = part_of(folder.name)
        if part is None:
            continue
        # Of texts there may be one for each image, with its objects.
        tables = [one for one in table_files_in(folder) if one.suffix.lower() != _TEXT]
        own = [one for one in tables if not _is_others(one)]
        files, _ = _with_labels(_of_images(own, TableImages(folder)) if own else [])
        if len(files) > 1 or (files and part in found.values()):
            return {}
        found |= dict.fromkeys(files, part)
    return found if _are_alike(list(found)) else {}


def _are_alike(files: Sequence[Path]) -> bool:
    return len({table.columns for file in files for table in read_beginnings(file)}) == 1


def _from(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _is_of_masks(path: Path) -> bool:
    """Say whether a table names the classes of masks, and not the images that it stands beside."""
    names_images = any(plain(one) in IMAGE_COLUMNS for one in table_header(path))
    return not names_images and path == class_table_of_masks(path.parent)


def _is_others(path: Path) -> bool:
    """Say whether another format reads a table: boxes, masks, Open Images, Hugging Face's."""
    if path.name in METADATA_FILES and NAME_COLUMN in table_header(path):
        return True
    return is_of_open_images(table_header(path)) or has_boxes(path) or run_column(path) is not None


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


# Writing

_LABEL_KIND = {"classification": "class", "tagging": "tag", "regression": "value"}


def _own_columns(revision: Revision) -> list[str]:
    """Return the columns that say what the records know, in the order in which they are written."""
    images = 1 + max(
        (len(one or ()) for one in revision.items["further_images"].to_pylist()), default=0
    )
    files = ["file"] if images == 1 else [f"file_{number}" for number in range(1, images + 1)]
    labels = {
        "classification": ["class"],
        "tagging": ["tags"],
        "regression": [f"{VALUE_PREFIX}{name}" for name in revision.target_names],
    }.get(revision.task, [])
    has_parts = revision.items["partition"].null_count < revision.items.num_rows
    parts = [OWN_PARTITION] if has_parts else []
    return [*files, *labels, *parts, *([OWN_STATUS] if revision.given_statuses else [])]


def _rows(export: Export, own: Sequence[str], further: Sequence[str]) -> Iterator[list[str]]:
    revision = export.revision
    labels = _labels(revision)
    for row in revision.items.to_pylist():
        item_id = row["item_id"]
        cells = {
            **labels[item_id],
            OWN_PARTITION: row["partition"] or "",
            OWN_STATUS: export.statuses.get(item_id, ""),
        }
        images = [row["path"], *(image["path"] for image in row["further_images"] or ())]
        names = ["file"] if "file" in own else [one for one in own if one.startswith("file_")]
        cells |= dict(zip(names, (export.paths[image] for image in images), strict=False))
        if revision.task == "tagging":
            cells.setdefault("tags", "[]")
        yield [*(cells.get(one, "") for one in own), *(row[one] or "" for one in further)]


def _labels(revision: Revision) -> dict[str, dict[str, str]]:
    """Return the cells of each item's labels."""
    tags: dict[str, list[str]] = defaultdict(list)
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    columns = ("item_id", "kind", "class_index", "name", "value")
    for row in revision.annotations.select(columns).to_pylist():
        item_id = row["item_id"]
        if row["kind"] == "class":
            cells[item_id]["class"] = revision.classes[row["class_index"]].name
        elif row["kind"] == "tag":
            tags[item_id].append(revision.classes[row["class_index"]].name)
        elif row["kind"] == "value":
            cells[item_id][f"{VALUE_PREFIX}{row['name']}"] = repr(row["value"])
    for item_id, names in tags.items():
        cells[item_id]["tags"] = json.dumps(names, ensure_ascii=False)
    return cells
