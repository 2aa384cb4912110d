"""Several pictures on one sheet. Pictures are uint8 (H, W, 3), all of one size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = NDArray[np.uint8]

LARGEST_FRAME = 256  # pixels; a strip is for looking at, its frames are saved in full elsewhere
WIDEST_STRIP = 2560  # pixels
GAP = 4
PAPER, INK = (24, 24, 24), (235, 235, 235)
SPELLED_OUT = {"σ": "sigma"}  # Pillow's built-in font has no Greek


def grid(pictures: Sequence[Rgb]) -> Rgb:
    """A contact sheet: floor(sqrt(n)) rows, filled row by row; what stays empty is black.

    Raises ValueError for no pictures, or pictures of differing sizes.
    """
    _check(pictures)
    return _tiled(pictures, math.isqrt(len(pictures)), (0, 0, 0))


def strip(pictures: Sequence[Rgb], labels: Sequence[str]) -> Rgb:
    """The pictures from left to right, each with its label below, in rows of equal length.

    Large pictures are reduced. Raises ValueError as `grid` does, or where labels are missing.
    """
    _check(pictures)
    if len(labels) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures, but {len(labels)} labels")
    size = _reduced(pictures[0])
    font = ImageFont.load_default(max(11, size[0] // 14))
    texts = [_drawable(label) for label in labels]
    wide = max(size[0], *(math.ceil(font.getlength(text)) for text in texts))
    slots = [_captioned(p, text, size, wide, font) for p, text in zip(pictures, texts, strict=True)]
    columns = max(1, WIDEST_STRIP // slots[0].shape[1])
    return _tiled(slots, math.ceil(len(slots) / columns), PAPER)


def _check(pictures: Sequence[Rgb]) -> None:
    shapes = {picture.shape for picture in pictures}
    if len(shapes) != 1:
        raise ValueError(f"a sheet needs pictures of one size, not of {sorted(shapes)}")


def _tiled(pictures: Sequence[Rgb], rows: int, empty: tuple[int, int, int]) -> Rgb:
    columns = math.ceil(len(pictures) / rows)
    height, width, _ = pictures[0].shape
    sheet = np.full((rows * height, columns * width, 3), empty, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * height, index % columns * width
        sheet[top : top + height, left : left + width] = picture
    return sheet


def _reduced(picture: Rgb) -> tuple[int, int]:
    """(width, height) of a frame in a strip."""
    height, width, _ = picture.shape
    scale = min(1, LARGEST_FRAME / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _drawable(label: str) -> str:
    for letter, word in SPELLED_OUT.items():
        label = label.replace(letter, word)
    return label


def _captioned(
    picture: Rgb,
    text: str,
    size: tuple[int, int],
    wide: int,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> Rgb:
    """One slot of a strip: the frame centred above its caption, with a gap around both."""
    line = math.ceil(font.getbbox("Ág")[3])
    slot = Image.new("RGB", (wide + 2 * GAP, size[1] + line + 3 * GAP), PAPER)
    frame = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    slot.paste(frame, ((slot.width - size[0]) // 2, GAP))
    left = (slot.width - font.getlength(text)) / 2
    ImageDraw.Draw(slot).text((left, size[1] + 2 * GAP), text, INK, font)
    return np.asarray(slot)
