"""Images that were read once in a run are kept, decoded and resized, in a file."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = tuple[NDArray[np.uint8], NDArray[np.int16] | None]
"""An image (height, width, 3) and, if it has one, its mask (height, width)."""

_LARGEST_SHARE = 0.5  # of the free space on the disk


class ImageCache:
    """A file of decoded images by index, which the loader's processes share.

    To decode a photograph takes longer than the rest of its way into the network. The file is not
    in the process's memory, and it has no name: nothing is left of it however the run ends. Where
    the disk has no room, nothing is kept.

    Args:
        folder: on which disk; it is made if need be.
        images: how many there are.
        image_size: height and width.
        masks: whether they have masks.
    """

    def __init__(self, folder: Path, *, images: int, image_size: int, masks: bool) -> None:
        image = ("image", np.uint8, (image_size, image_size, 3))
        mask = ("mask", np.int16, (image_size, image_size))
        written = ("written", np.bool_)  # last, so that it says that the rest is there
        self._record = np.dtype([image, mask, written] if masks else [image, written])
        folder.mkdir(parents=True, exist_ok=True)
        room = _LARGEST_SHARE * shutil.disk_usage(folder).free
        has_room = images * self._record.itemsize <= room
        self._file = _nameless_file(folder) if has_room else None
        if self._file is not None:
            weakref.finalize(self, os.close, self._file)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the file behind: a process that does not inherit it reads for itself."""
        return {**vars(self), "_file": None}

    def get(self, index: int) -> Pixels | None:
        """Return what was put there, if anything was."""
        if self._file is None:
            return None
        size = self._record.itemsize
        content = bytearray(os.pread(self._file, size, index * size))
        if len(content) < size:
            return None
        record = np.frombuffer(content, self._record)[0]
        if not record["written"]:
            return None
        return record["image"], record["mask"] if "mask" in record.dtype.names else None

    def put(self, index: int, pixels: Pixels) -> None:
        """Keep an image and its mask."""
        if self._file is None:
            return
        record = np.zeros(1, self._record)
        record["image"] = pixels[0]
        if pixels[1] is not None:
            record["mask"] = pixels[1]
        record["written"] = True
        try:
            os.pwrite(self._file, record.tobytes(), index * self._record.itemsize)
        except OSError:  # the disk is full: what is not kept is read again
            self._file = None


def _nameless_file(folder: Path) -> int:
    file, name = tempfile.mkstemp(dir=folder)
    os.unlink(name)
    return file
