"""Small pictures, masks and tables for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from model_playground.core.records import CheckReport


def draw(
    path: Path,
    size_wh: tuple[int, int] = (8, 6),
    *,
    exif_orientation: int = 1,
    like: str | None = None,
) -> Path:
    """Write a picture; two are the same, byte by byte, if they are drawn like the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = hashlib.sha256((like or str(path)).encode()).digest()
    image = Image.new("RGB", size_wh, (colour[0], colour[1], colour[2]))
    image.paste(tuple(255 - one for one in colour[:3]), (0, 0, max(1, size_wh[0] // 2), size_wh[1]))
    exif = Image.Exif()
    exif[0x0112] = exif_orientation
    image.save(path, exif=exif)
    return path


def draw_noise(path: Path, size_wh: tuple[int, int] = (64, 64)) -> Path:
    """Write a picture whose file has many bytes, to be cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (*reversed(size_wh), 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def cut_short(path: Path, kept: float = 0.5) -> Path:
    """Cut a file as an interrupted copy does."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    return path


def draw_mask(path: Path, rows: Sequence[Sequence[int]], *, mode: str = "L") -> Path:
    """Write an index mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = np.uint16 if mode == "I;16" else np.uint8
    image = Image.fromarray(np.array(rows, dtype=kind))
    if mode == "P":
        image.putpalette([index * 7 % 256 for index in range(768)])
    (image if mode in ("L", "P", "I;16") else image.convert(mode)).save(path)
    return path


def kinds(report: CheckReport) -> list[str]:
    """Return the kinds of the findings in order."""
    return [finding.kind for finding in report.findings]


def found(report: CheckReport, kind: str) -> list[str]:
    """Return the files of the findings of a kind."""
    return [finding.file for finding in report.findings if finding.kind == kind]
