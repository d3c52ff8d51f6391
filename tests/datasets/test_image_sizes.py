"""The sizes of images, read without their pixels."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from pictures import cut_short, draw, draw_noise
from PIL import Image

from model_playground.datasets.images import image_size_wh, inspect_image


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_the_size_is_that_of_the_upright_image(tmp_path: Path, name: str) -> None:
    assert image_size_wh(draw(tmp_path / name, (8, 6))) == (8, 6)
    assert image_size_wh(draw(tmp_path / name, (8, 6), exif_orientation=6)) == (6, 8)


def test_a_png_file_may_say_behind_its_pixels_how_it_is_turned(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.png", (8, 6), exif_orientation=6)
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    pixels_end = content.index(b"IEND") - 4
    chunk, before, after = content[start:end], content[:start], content[end:pixels_end]
    path.write_bytes(before + after + chunk + content[pixels_end:])
    assert image_size_wh(path) == (6, 8)


def test_pixels_are_not_read(tmp_path: Path) -> None:
    path = draw_noise(tmp_path / "a.png", (64, 48))
    cut_short(path)
    assert image_size_wh(path) == (64, 48)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(2, b"abc\0"), (3, b"\xc8\0\0\0"), (5, b"\x08\0\0\0"), (11, b"\0\0\xc0\x7f")],
    ids=["text", "200", "a fraction", "NaN"],
)
def test_an_orientation_that_is_none_is_passed_over(
    tmp_path: Path, kind: int, value: bytes
) -> None:
    count = 4 if kind == 2 else 1
    entry = struct.pack("<HHI4s", 0x0112, kind, count, value)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 6)).save(path, exif=exif)
    facts = inspect_image(path)
    assert (facts.fault, facts.width, facts.height, facts.exif_orientation) == ("", 8, 6, 1)
    assert image_size_wh(path) == (8, 6)


def test_what_is_no_image_has_no_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    assert image_size_wh(path) is None
