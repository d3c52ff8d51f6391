"""Seeds that are derived from what they are for, so that nothing depends on what came before."""

from __future__ import annotations

import hashlib


def derived_seed(*parts: str | int) -> int:
    """Return a seed for what the parts name, such as (seed, epoch, item id).

    >>> derived_seed(0, 1, "cat.jpg") == derived_seed(0, 1, "cat.jpg") != derived_seed(0, 2)
    True
    """
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
