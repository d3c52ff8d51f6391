"""Outlines of shapes that the records do not know: turned boxes, ellipses and circles."""

from __future__ import annotations

import math

POINTS = 64
"""An ellipse becomes an outline of so many points; its area is .2 % less than the ellipse's."""


def turned_corners(x: float, y: float, width: float, height: float, angle: float) -> list[float]:
    """Return the corners x, y, x, y, … of a box around (x, y), turned clockwise on the screen.

    >>> [round(one) for one in turned_corners(10, 10, 4, 2, math.pi / 2)]
    [11, 8, 11, 12, 9, 12, 9, 8]

    Args:
        x: of the centre.
        y: of the centre.
        width: before it is turned.
        height: before it is turned.
        angle: in radians.
    """
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return _turned(x, y, [(one * width / 2, other * height / 2) for one, other in corners], angle)


def ellipse(x: float, y: float, across: float, down: float, angle: float = 0.0) -> list[float]:
    """Return points x, y, x, y, … on an ellipse around (x, y), turned clockwise on the screen.

    >>> [round(one, 3) for one in ellipse(10, 10, 4, 2)[:2]], len(ellipse(10, 10, 4, 2))
    ([14.0, 10.0], 128)

    Args:
        x: of the centre.
        y: of the centre.
        across: half its width before it is turned.
        down: half its height before it is turned.
        angle: in radians.
    """
    steps = (2 * math.pi * step / POINTS for step in range(POINTS))
    return _turned(x, y, [(across * math.cos(one), down * math.sin(one)) for one in steps], angle)


def _turned(x: float, y: float, points: list[tuple[float, float]], angle: float) -> list[float]:
    cosine, sine = math.cos(angle), math.sin(angle)
    ring: list[float] = []
    for right, below in points:
        ring += [x + right * cosine - below * sine, y + right * sine + below * cosine]
    return ring
