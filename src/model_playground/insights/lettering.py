"""Text on pictures, in a font that has its characters."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

Rgb = tuple[int, int, int]

_MISSING = "\u25a1"  # a square, where no font on this machine has a character


def draw_text(
    draw: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, size: int, colour: Rgb
) -> None:
    """Write one line; characters that no font here has become squares (`unwritable` names them)."""
    shown, font = _written(text, size)
    draw.text(xy, shown, font=font, fill=colour, anchor="la")


def text_size(text: str, size: int) -> tuple[int, int]:
    """Return width and height that a line of text takes."""
    shown, font = _written(text, size)
    ascent, descent = font.getmetrics()
    return round(font.getlength(shown)), ascent + descent


def shortened(text: str, size: int, width: float) -> str:
    """Return as much of the end of a text as fits a width, where it is too long for it.

    >>> shortened("a/very/long/path/to/image.png", 12, 120).startswith("…")
    True
    """
    if text_size(text, size)[0] <= width:
        return text
    while text and text_size(f"…{text}", size)[0] > width:
        text = text[1:]
    return f"…{text}"


def unwritable(text: str) -> str:
    """Return the characters of a text that no font of this machine has."""
    known = set().union(*(_characters(font) for font in _fonts(frozenset(text))))
    return "".join(dict.fromkeys(one for one in text if one not in known and not one.isspace()))


@lru_cache(maxsize=4096)
def _written(text: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Return the text and the font that has most of its characters."""
    text = " ".join(text.split())
    fonts = _fonts(frozenset(text))
    best = max(fonts, key=lambda font: sum(one in _characters(font) for one in text))
    known = _characters(best)
    shown = "".join(one if one in known or one == " " else _MISSING for one in text)
    return shown, _loaded(best, size)


@lru_cache(maxsize=64)
def _loaded(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, size)


@lru_cache(maxsize=256)
def _fonts(wanted: frozenset[str]) -> tuple[str, ...]:
    """Return the font that comes with Matplotlib, and where it lacks something all others too."""
    import matplotlib

    own = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
    if wanted - {" "} <= _characters(own):
        return (own,)
    from matplotlib.font_manager import findSystemFonts

    return (own, *sorted(findSystemFonts()))


@lru_cache(maxsize=1024)
def _characters(font: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(font).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
