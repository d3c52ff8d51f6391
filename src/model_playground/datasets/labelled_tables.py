"""Rows that name images and label them, made into a draft."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from model_playground.core.counting import counted
from model_playground.core.errors import InvalidError
from model_playground.core.records import Finding
from model_playground.datasets.delimited import read_text
from model_playground.datasets.file_names import is_beside, natural_order, normalised
from model_playground.datasets.findings import blocking, information, left_out, warning
from model_playground.datasets.formats.draft import Draft, DraftAnnotations, DraftItem
from model_playground.datasets.formats.format import ReadOptions
from model_playground.datasets.parts import part_of
from model_playground.datasets.records import ITEM_SCHEMA, STATUSES, ClassRecord
from model_playground.datasets.table_columns import (
    PART_COLUMNS,
    best_image_column,
    column_of_beginnings,
    find_labels,
    numbered_like,
)
from model_playground.datasets.table_images import TableImages
from model_playground.datasets.table_labels import (
    VALUE_PREFIX,
    ClassPerColumn,
    Columns,
    Label,
    Labels,
    TagColumn,
    TagPerColumn,
    UnusableCellError,
    ValueColumns,
)
from model_playground.datasets.text_tables import Row, TextTable, first_names, plain

OWN_PARTITION = "partition"
"""The column of the part in a table that was exported; it is no further column."""

OWN_STATUS = "status"
"""The column of how far an item is labelled, if it holds nothing else."""

CLASSES_FILE = "classes.txt"
"""Beside a table: all classes, one a line, in their order."""


@dataclass(frozen=True)
class Source:
    """A table and the images that it can name.

    Args:
        table: the rows.
        images: what their cells can mean.
        file: the table's path as records keep it.
        partition: the part of all its rows, if it is known.
        sheets: how many the file has, if it is a spreadsheet.
    """

    table: TextTable
    images: TableImages
    file: str
    partition: str | None = None
    sheets: int = 1


def read_labelled(
    sources: Sequence[Source],
    root: Path,
    *,
    task: str | None,
    options: ReadOptions,
    image_columns: Sequence[str] = (),
) -> Draft:
    """Read tables with the same columns into one draft.

    Args:
        sources: the tables.
        root: the dataset's folder.
        task: what the labels are for, if the user says it.
        options: what else the user says.
        image_columns: those that name the images; else the user's, or they are found.

    Raises:
        InvalidError: it is not clear which columns hold what, or they hold one class alone.
    """
    columns = Columns([one.table for one in sources])
    name = str(sources[0].table.path)
    image_columns = tuple(image_columns) or options.image_columns
    if not image_columns:
        image_columns = _image_columns(columns, sources[0].images, name)
    for column in image_columns:
        columns.check(column)
    labels = find_labels(
        columns,
        image_columns,
        task=task,
        targets=options.target_columns,
        separator=options.tag_separator,
        name=name,
    )
    by_beginning = not any(
        source.images.find(cell) or source.images.views(cell)
        for source in sources
        for column in image_columns
        if column in source.table.columns
        for cell in source.table.cells(column)
    )
    reading = _Reading(
        tuple(image_columns),
        labels,
        columns.names,
        by_beginning=by_beginning,
        has_status=OWN_STATUS in columns.names and set(columns.filled(OWN_STATUS)) <= set(STATUSES),
    )
    read = [one for source in sources for one in reading.rows(source)]
    labelled, findings = _one_item_per_image(read, unite=isinstance(labels, TagColumn))
    if not options.target_columns and isinstance(labels, ValueColumns):
        findings += _rivals(columns, labels, reading.further, sources[0].file)
    return _draft(sources, root, labels, image_columns, labelled, findings)


def _rivals(
    columns: Columns, labels: ValueColumns, others: Iterable[str], file: str
) -> list[Finding]:
    """Say that the values were chosen for being numbers where other columns may be classes."""
    rows = len(columns.cells(labels.columns[0]))
    rivals = [one for one in others if 2 <= len(set(columns.filled(one))) <= rows // 2]
    if not rivals or labels.columns[0].startswith(VALUE_PREFIX):
        return []
    said = (
        f"{file}: the column {labels.columns[0]} is read as the label, as the one with numbers; "
        f"{', '.join(rivals)} may be classes: choose with --target-column"
    )
    return [information("label_column_guessed", said, file=file)]


def _image_columns(columns: Columns, images: TableImages, name: str) -> tuple[str, ...]:
    named_files, by_name, column = best_image_column(columns, images)
    if named_files or by_name:
        return numbered_like(column, columns, images)
    beginnings = column_of_beginnings(columns, images)
    if beginnings is not None:
        return (beginnings,)
    raise InvalidError(
        "table.no_image_column",
        "no column of {path} names image files in {folder} or inside it; its columns are "
        "{columns}: name one with --image-column, or put the table beside the images",
        path=name,
        folder=str(images.folder),
        columns=first_names(columns.names),
    )


# Rows


@dataclass(frozen=True)
class _Read:
    """An item of a row, with its label."""

    item: DraftItem
    label: Label
    table: str


@dataclass(frozen=True)
class _Reading:
    """How the rows of tables are read."""

    image_columns: tuple[str, ...]
    labels: Labels
    columns: tuple[str, ...]
    by_beginning: bool
    has_status: bool

    @cached_property
    def further(self) -> tuple[str, ...]:
        """The columns that are kept as they are."""
        used = {*self.labels.columns, *(() if self.by_beginning else self.image_columns)}
        return tuple(column for column in self.columns if column not in used)

    def rows(self, source: Source) -> Iterator[_Read | Finding]:
        """Read the rows of a table, or say what is wrong with them."""
        for row in source.table.too_long:
            said = (
                f"line {row.line} of {source.table.name} has {len(row.cells)} cells and not "
                f"{len(source.table.columns)}: put a cell that holds the delimiter between "
                "quotation marks"
            )
            yield blocking("row_too_long", said, file=source.file, line=row.line)
        for row in source.table.rows:
            cells = dict.fromkeys(self.columns, "")
            cells.update(zip(source.table.columns, row.cells, strict=True))
            try:
                label = self.labels.read(cells)
                for paths in self._paths(cells, source):
                    item = self._item(cells, source, row, paths)
                    yield _Read(item, label, source.table.name)
            except UnusableCellError as error:
                said = f"line {row.line} of {source.table.name} {error.said}"
                yield blocking(error.kind, said, file=source.file, line=row.line)

    def _paths(self, cells: Mapping[str, str], source: Source) -> list[list[str]]:
        """Return the images of each item that a row stands for."""
        names = [cells[column] for column in self.image_columns if cells[column]]
        if not names:
            raise UnusableCellError("missing_file", "names no image file")
        if self.by_beginning and len(self.image_columns) == 1:
            found = source.images.beginning(names[0])
            if found:
                return [[file] for file in found]
        return [[file for name in names for file in self._files(name, source.images)]]

    def _files(self, name: str, images: TableImages) -> list[str]:
        found = images.find(name)
        if len(found) == 1:
            return found
        if len(found) > 1:
            several = " and ".join(found[:3])
            raise UnusableCellError("ambiguous_file", f"names {name}, which may be {several}")
        views = images.views(name)
        if not views:
            where = f"in {images.folder} or inside it"
            raise UnusableCellError("missing_file", f"names {name}: there is no such image {where}")
        return views

    def _item(
        self, cells: Mapping[str, str], source: Source, row: Row, paths: Sequence[str]
    ) -> DraftItem:
        further = {column: cells[column] for column in self.further}
        partition = source.partition or _partition(further)
        status = further.pop(OWN_STATUS, "") if self.has_status else ""
        further.pop(OWN_PARTITION, None)
        first, *others = (os.path.join(source.images.folder, path) for path in paths)
        return DraftItem(
            path=first,
            columns={free_name(column): cell for column, cell in further.items()},
            source_file=source.file,
            source_line=row.line,
            partition=partition,
            status=next((one for one in STATUSES if one == status), None),
            further_paths=tuple(others),
        )


def _partition(cells: Mapping[str, str]) -> str | None:
    """Return the part that a row names, in our word if it is one of ours."""
    if OWN_PARTITION in cells:
        word = cells[OWN_PARTITION]
    else:
        word = next((cell for one, cell in cells.items() if plain(one) in PART_COLUMNS), "")
    return part_of(word) or word or None


def free_name(column: str) -> str:
    """Return the name under which a further column is kept beside those of every item."""
    return f"table_{column}" if column in ITEM_SCHEMA.names else column


def _one_item_per_image(
    read: Iterable[_Read | Finding], *, unite: bool
) -> tuple[list[_Read], list[Finding]]:
    findings: list[Finding] = []
    by_path: dict[str, list[_Read]] = {}
    for one in read:
        if isinstance(one, Finding):
            findings.append(one)
        else:
            by_path.setdefault(one.item.path, []).append(one)
    kept = []
    for path, rows in by_path.items():
        first, name = rows[0], os.path.basename(path)
        kept.append(first)
        if len(rows) == 1:
            continue
        lines = " and ".join(str(row.item.source_line) for row in rows)
        where = f"lines {lines} of {first.table}"
        differ = len({row.label for row in rows}) > 1
        if differ and not unite:
            kept.pop()
            said = f"{where} label {name} differently"
            findings.append(
                blocking(
                    "conflicting_rows",
                    said,
                    file=first.item.source_file,
                    line=first.item.source_line,
                )
            )
        elif differ:
            tags = dict.fromkeys(tag for row in rows for tag in row.label.tags)
            kept[-1] = _Read(first.item, Label(tags=tuple(tags)), first.table)
            said = f"{where} name {name}: it has the tags of all of them"
            findings.append(
                information(
                    "tags_united",
                    said,
                    file=first.item.source_file,
                    line=rows[1].item.source_line,
                )
            )
        else:
            said = f"{where} name {name} alike: the first is kept"
            findings.append(
                left_out(
                    "duplicate_row",
                    said,
                    file=first.item.source_file,
                    line=rows[1].item.source_line,
                )
            )
    return kept, findings


# The draft


def _draft(
    sources: Sequence[Source],
    root: Path,
    labels: Labels,
    image_columns: Sequence[str],
    labelled: Sequence[_Read],
    findings: list[Finding],
) -> Draft:
    annotations = DraftAnnotations()
    items = [one.item for one in labelled]
    names = _names(labelled, labels, root)
    if labels.task == "tagging":
        _add_tags(annotations, labelled, {name: index for index, name in enumerate(names)})
    for one in labelled:
        one.item.class_name = one.label.class_name
        one.item.values = one.label.values
    if labels.task == "classification" and len(names) == 1:
        unread = [one.message for one in findings if one.severity == "error"]
        raise InvalidError(
            "table.one_class",
            "every image of {path} has the class {name}: there is nothing to tell apart{unread}",
            path=str(sources[0].table.path),
            name=names[0],
            unread=f" (besides, {len(unread):,} rows cannot be used: {unread[0]})"
            if unread
            else "",
        )
    return Draft(
        root=root,
        task=labels.task,
        items=items,
        classes=tuple(ClassRecord(index, name) for index, name in enumerate(names)),
        target_names=labels.names if labels.task == "regression" else (),
        findings=[
            *findings,
            *_told(sources, labels, image_columns, labelled),
            *_files_without_row(sources, image_columns, items, root),
        ],
        annotations=annotations,
        image_folders=_folders_beside(items, root),
    )


def _names(labelled: Sequence[_Read], labels: Labels, root: Path) -> list[str]:
    """Return the classes: as a file beside the table lists them, else in natural order."""
    names = {tag for one in labelled for tag in one.label.tags}
    names |= {one.label.class_name for one in labelled if one.label.class_name is not None}
    names |= set() if labels.task == "regression" else set(labels.names)
    try:
        listed = [line.strip() for line in read_text(root / CLASSES_FILE).splitlines()]
    except InvalidError:
        listed = []
    listed = list(dict.fromkeys(one for one in listed if one))
    return listed if names <= set(listed) else sorted(names, key=natural_order)


def _add_tags(
    annotations: DraftAnnotations, labelled: Sequence[_Read], places: Mapping[str, int]
) -> None:
    for number, one in enumerate(labelled):
        for tag in one.label.tags:
            annotations.add_tag(
                number,
                class_index=places[tag],
                source_file=one.item.source_file,
                source_line=one.item.source_line,
            )


def _told(
    sources: Sequence[Source],
    labels: Labels,
    image_columns: Sequence[str],
    labelled: Sequence[_Read],
) -> Iterator[Finding]:
    """Say how the columns were read where that was not the only way."""
    file = sources[0].file
    if len(sources) > 1 and sources[0].table.sheet is not None:
        sheets = ", ".join(str(one.table.sheet) for one in sources)
        said = f"{file}: {len(sources)} sheets with the same columns are read as one: {sheets}"
        yield information("sheets_united", said, file=file)
    elif sources[0].sheets > 1:
        said = f"{file}: of its {sources[0].sheets} sheets {sources[0].table.sheet} is read"
        yield information("sheet_chosen", said, file=file)
    if isinstance(labels, ClassPerColumn | TagPerColumn):
        what = (
            "classes: in every row one of them is 1"
            if isinstance(labels, ClassPerColumn)
            else "tags: a row may have several that are 1, or none"
        )
        said = f"{file}: the {len(labels.columns)} columns of 0 (or -1) and 1 are read as {what}"
        yield information("yes_or_no_columns", said, file=file)
    if isinstance(labels, TagColumn) and labels.separator == " ":
        said = f"{file}: the tags in the column {labels.columns[0]} are read as divided by spaces"
        yield information("tags_divided_by_spaces", said, file=file)
    if labels.task == "tagging":
        bare = sum(not one.label.tags for one in labelled)
        if bare:
            said = f"{file}: {counted(bare, 'image', 'images')} of {len(labelled):,} without a tag"
            yield information("images_without_tags", said, file=file)
    if isinstance(labels, ValueColumns):
        for column, style in zip(labels.columns, labels.styles, strict=True):
            if style.ambiguous:
                value = style.read(style.ambiguous)
                said = (
                    f"{file}: {style.ambiguous} in the column {column} is read as {value:g}, "
                    "and its comma or point could stand for the other: write thousands without one"
                )
                yield warning("ambiguous_number", said, file=file)
    if labelled and image_columns[0] in labelled[0].item.columns:
        said = (
            f"{file}: the column {image_columns[0]} holds how the images' names begin: its row "
            f"holds for each of them; --group-by {image_columns[0]} keeps them in one part"
        )
        yield information("named_by_beginning", said, file=file)


def _files_without_row(
    sources: Sequence[Source],
    image_columns: Sequence[str],
    items: Sequence[DraftItem],
    root: Path,
) -> Iterator[Finding]:
    """Name the images that no row names, in the folders from which rows do name some."""
    named = {path for item in items for path in (item.path, *item.further_paths)}
    told: set[str] = set()
    for source in sources:
        images = source.images
        found = {
            file
            for column in image_columns
            if column in source.table.columns
            for cell in source.table.cells(column)
            for file in images.find(cell)
        }
        named |= {os.path.join(images.folder, file) for file in found}
    folders = {os.path.dirname(path) for path in named}
    for source in sources:
        for file in source.images.paths:
            path = os.path.join(source.images.folder, file)
            if path not in named and path not in told and os.path.dirname(path) in folders:
                told.add(path)
                name = normalised(os.path.relpath(path, root))
                said = f"no row names {name}: it is left out"
                yield left_out("file_without_row", said, file=name)


def _folders_beside(items: Iterable[DraftItem], folder: Path) -> tuple[Path, ...]:
    """Return the folders outside the table's that it names and that stand beside it."""
    folders = {os.path.dirname(path) for item in items for path in (item.path, *item.further_paths)}
    return tuple(one for one in map(Path, sorted(folders)) if is_beside(one, folder))
