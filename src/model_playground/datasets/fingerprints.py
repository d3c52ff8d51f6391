"""Fingerprints: a small grey copy of each image, kept by the hash of the image's content.

Everything that compares images works on these, so that a file is decoded for it once only.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from model_playground.core.errors import InvalidError
from model_playground.datasets.images import Advance

SIDE = 64
"""Width and height of the grey copy. With half of it, two eggs that lay on one plate one after
the other cannot be told from two copies of one photograph."""

Miniature = NDArray[np.uint8]  # (SIDE, SIDE)

_FILES_AT_ONCE = 256
_NAMES_AT_ONCE = 500  # of one question to the database


def miniature_of(content: bytes) -> Miniature:
    """Return the grey copy of an image, upright as its EXIF data say.

    Raises:
        Exception: whatever Pillow runs into in a file that is damaged.
    """
    with Image.open(io.BytesIO(content)) as image:
        image.draft("L", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded no larger than is needed
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):
            grey = Image.fromarray(_stretched(np.asarray(upright, dtype=np.float32)))
        else:
            grey = upright.convert("L")
        small = grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Bring the values of a deep image to 0–255: which range they use is nobody's convention."""
    lowest, highest = float(values.min()), float(values.max())
    scaled = (values - lowest) * (255 / max(highest - lowest, 1e-9))
    return scaled.astype(np.uint8)


class FingerprintCache:
    """The fingerprints in a file, by the SHA-256 of the image. Several processes may use it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add_missing(
        self, paths: Mapping[str, Path], *, advance: Advance, stage: str = "Hashing images"
    ) -> None:
        """Make the fingerprints that are missing; what is done is kept if this is interrupted.

        An image that cannot be read, or that is not what its hash says, has none.

        Args:
            paths: where the image of a content hash is.
            advance: told of the progress.
            stage: what it is told.
        """
        with self._opened() as connection:
            known = self._known(connection, list(paths))
            missing = [one for one in paths if one not in known]
            if not missing:
                return
            with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
                warnings.simplefilter("ignore")  # Pillow's, of odd metadata
                for start in range(0, len(missing), _FILES_AT_ONCE):
                    advance(stage, start, len(missing))
                    some = missing[start : start + _FILES_AT_ONCE]
                    made = pool.map(lambda one: _fingerprint(one, paths[one]), some)
                    rows = [row for row in zip(some, made, strict=True) if row[1] is not None]
                    with connection:
                        connection.executemany(
                            "INSERT OR REPLACE INTO miniature VALUES (?, ?)", rows
                        )
            advance(stage, len(missing), len(missing))

    def miniatures(
        self, content_hashes: Sequence[str]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return the grey copies (N, SIDE, SIDE), and which of them there are."""
        copies = np.zeros((len(content_hashes), SIDE * SIDE), np.uint8)
        there = np.zeros(len(content_hashes), np.bool_)
        with self._opened() as connection:
            known = self._known(connection, content_hashes)
        for row, content_hash in enumerate(content_hashes):
            if pixels := known.get(content_hash):
                copies[row] = np.frombuffer(pixels, np.uint8)
                there[row] = True
        return copies.reshape(-1, SIDE, SIDE), there

    @staticmethod
    def _known(connection: sqlite3.Connection, content_hashes: Sequence[str]) -> dict[str, bytes]:
        known: dict[str, bytes] = {}
        for start in range(0, len(content_hashes), _NAMES_AT_ONCE):
            some = content_hashes[start : start + _NAMES_AT_ONCE]
            marks = ", ".join("?" * len(some))
            question = f"SELECT * FROM miniature WHERE content_hash IN ({marks})"
            known.update(connection.execute(question, tuple(some)))
        return known

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=30)) as connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS miniature "
                    "(content_hash TEXT PRIMARY KEY, pixels BLOB NOT NULL) WITHOUT ROWID"
                )
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise InvalidError(
                "fingerprints.unusable",
                "the fingerprints of the images in {file} cannot be used: {why}. They can be "
                "deleted: the next check of the dataset makes them anew",
                file=str(self.file),
                why=str(error),
            ) from error


def _fingerprint(content_hash: str, path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != content_hash:
            return None
        return miniature_of(content).tobytes()
    except Exception:  # Pillow's decoders raise whatever their parsing runs into
        return None
