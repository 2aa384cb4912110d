"""A sheet of saved pictures of any sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from invoke_cli.imaging.sheets import GAP, INK, PAPER, Rgb

MOST_PIXELS = 100_000_000  # of a sheet; more than this only fills the memory


def check_size(sizes: Sequence[tuple[int, int]], columns: int | None = None, side: int | None = None) -> None:
    """Raise ValueError where `contact` would make too large a sheet of pictures of these (width, height)."""
    across, down = _shape(len(sizes), columns)
    reduced = [_reduced_size(size, side) for size in sizes]
    width = across * max(width for width, _ in reduced)
    height = down * max(height for _, height in reduced)
    if width * height > MOST_PIXELS:
        raise ValueError(f"the sheet would have {width} x {height} pixels")


def contact(
    pictures: Iterable[Rgb], columns: int | None = None, captions: Sequence[str] = (), side: int | None = None
) -> Rgb:
    """The pictures row by row, each in the middle of a cell that holds the largest; empty cells are black.

    pictures: uint8 (H, W, 3). columns: as many as rows, or a few more, unless given. captions: one for each
    picture, below it. side: pictures are reduced until their longer side has no more pixels.
    """
    reduced = [_reduced(picture, side) for picture in pictures]
    width = max(picture.shape[1] for picture in reduced)
    height = max(picture.shape[0] for picture in reduced)
    font = ImageFont.load_default(max(11, width // 16))
    strip = math.ceil(font.getbbox("Ág")[3]) + GAP if captions else 0
    across, down = _shape(len(reduced), columns)
    background = PAPER if captions else (0, 0, 0)
    sheet = Image.new("RGB", (across * width, down * (height + strip)), background)
    draw = ImageDraw.Draw(sheet)
    for at, picture in enumerate(reduced):
        left, top = at % across * width, at // across * (height + strip)
        place = left + (width - picture.shape[1]) // 2, top + (height - picture.shape[0]) // 2
        sheet.paste(Image.fromarray(picture), place)
        if captions:
            text = _shortened(captions[at], width - 2 * GAP, font)
            draw.text((left + width / 2, top + height + GAP // 2), text, INK, font, anchor="ma")
    return np.asarray(sheet)


def _shape(count: int, columns: int | None) -> tuple[int, int]:
    """Columns and rows."""
    across = columns if columns is not None else math.ceil(count / math.isqrt(count))
    return across, math.ceil(count / across)


def _reduced_size(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    scale = 1.0 if side is None else min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(picture: Rgb, side: int | None) -> Rgb:
    size = picture.shape[1], picture.shape[0]
    smaller = _reduced_size(size, side)
    if smaller == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(smaller, Image.Resampling.LANCZOS))


def _shortened(text: str, width: float, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """As much of the end of the text as fits: names differ in their ends."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"...{text}") > width:
        text = text[1:]
    return f"...{text}"
