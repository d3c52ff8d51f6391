"""Columns of a table that hold the four sides of a box, found by their names, never their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model_playground.datasets.cell_lists import written_list
from model_playground.datasets.text_tables import TextTable, plain

LARGEST_SIDE = 1e15
"""No coordinate is larger, and sums of such are exact enough to stay finite."""

_SIDES = (
    ("left", ("xmin", "minx", "x1", "left", "bboxxmin", "bboxx1", "bboxleft", "roix1")),
    ("top", ("ymin", "miny", "y1", "top", "bboxymin", "bboxy1", "bboxtop", "roiy1")),
    ("right", ("xmax", "maxx", "x2", "right", "bboxxmax", "bboxx2", "bboxright", "roix2")),
    ("bottom", ("ymax", "maxy", "y2", "bottom", "bboxymax", "bboxy2", "bboxbottom", "roiy2")),
)
_CORNER_AND_SIZE = (
    ("left", ("x", "bboxx", "boxx")),
    ("top", ("y", "bboxy", "boxy")),
    ("width", ("w", "bboxw", "bboxwidth", "boxwidth")),
    ("height", ("h", "bboxh", "bboxheight", "boxheight")),
)

_PACKED = ("bbox", "box")
_PACKED_ENDINGS = ("_x", "_y", "_width", "_height")


@dataclass(frozen=True)
class BoxColumns:
    """The columns of left and top, and of right and bottom or of width and height."""

    columns: tuple[str, str, str, str]
    are_sizes: bool

    def boxes_xyxy(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the boxes of rows of numbers, which stand in the order of the columns.

        Shape:
            numbers: (rows, 4). Returns: (rows, 4).
        """
        if not self.are_sizes:
            return numbers
        return np.hstack([numbers[:, :2], numbers[:, :2] + numbers[:, 2:]])


def find_box_columns(names: Iterable[str]) -> BoxColumns | None:
    """Return the columns of boxes, or None if there are not all four of them.

    >>> find_box_columns(["file", "xmin", "xmax", "ymin", "ymax"]).columns
    ('xmin', 'ymin', 'xmax', 'ymax')
    """
    by_name = {plain(name): name for name in names}
    for sides, are_sizes in ((_SIDES, False), (_CORNER_AND_SIZE, True)):
        found = [
            next((by_name[word] for word in words if word in by_name), None) for _, words in sides
        ]
        left, top, third, fourth = found
        if left is not None and top is not None and third is not None and fourth is not None:
            return BoxColumns((left, top, third, fourth), are_sizes)
    return None


def packed_column(names: Iterable[str]) -> str | None:
    """Return the column whose cells hold all four numbers of a box, if there is one."""
    return next((name for name in names if plain(name) in _PACKED), None)


def unpacked(table: TextTable) -> TextTable:
    """Give each of the four numbers in cells such as "[834.0, 222.0, 56.0, 36.0]" its own column.

    They are left, top, width and height, as COCO has them. What is no such list stays in the first
    of the four, where it is found to be no coordinate.
    """
    column = packed_column(table.columns)
    if column is None or find_box_columns(table.columns) is not None:
        return table
    place = table.index(column)
    own = tuple(column + ending for ending in _PACKED_ENDINGS)
    rows = [
        row._replace(cells=[*row.cells[:place], *_four(row.cells[place]), *row.cells[place + 1 :]])
        for row in table.rows
    ]
    columns = (*table.columns[:place], *own, *table.columns[place + 1 :])
    return replace(table, columns=columns, rows=rows)


def _four(cell: str) -> list[str]:
    numbers = written_list(cell)
    if numbers is None:
        numbers = cell.replace(",", " ").split()
    return numbers if len(numbers) == len(_PACKED_ENDINGS) else [cell, "", "", ""]
