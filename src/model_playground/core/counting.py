"""Numbers of things in sentences."""

from __future__ import annotations


def counted(count: int, one: str, several: str) -> str:
    """Return a number with what is counted, and with the verb that goes with it.

    Args:
        count: how many there are.
        one: what follows the number 1.
        several: what follows every other number.

    Returns:
        The number, in groups of thousands, and the words.

    >>> counted(1, "image is", "images are"), counted(2500, "image is", "images are")
    ('1 image is', '2,500 images are')
    """
    return f"{count:,} {one if count == 1 else several}"
