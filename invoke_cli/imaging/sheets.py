"""Several pictures on one sheet. Pictures are uint8 (H, W, 3), all of one size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = NDArray[np.uint8]
Cell = tuple[Rgb, str]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

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
    slots = _captioned(list(zip(pictures, labels, strict=True)), LARGEST_FRAME)
    columns = max(1, WIDEST_STRIP // slots[0].shape[1])
    return _tiled(slots, math.ceil(len(slots) / columns), PAPER)


def table(rows: Sequence[Sequence[Cell | None]], labels: Sequence[str]) -> Rgb:
    """Rows of captioned pictures, each with its label on the left; a None leaves its place empty.

    Pictures are reduced until a row fits. Raises ValueError for pictures of differing sizes, rows of
    differing lengths, or missing labels.
    """
    if len(rows) != len(labels) or len({len(row) for row in rows}) != 1:
        raise ValueError("a table needs rows of one length, each with a label")
    columns = len(rows[0])
    cells = [cell for row in rows for cell in row if cell is not None]
    _check([picture for picture, _ in cells])
    slots = _captioned(cells, min(LARGEST_FRAME, WIDEST_STRIP // (columns + 1)))
    height, width, _ = slots[0].shape
    empty = np.full((height, width, 3), PAPER, np.uint8)
    left = iter(slots)
    filled = [empty if cell is None else next(left) for row in rows for cell in row]
    return np.hstack([_margin(labels, height), _tiled(filled, len(rows), PAPER)])


def alike(pictures: Sequence[Rgb]) -> list[Rgb]:
    """The pictures in the middle of black ones that are as large as the widest and the highest of them."""
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    if all(picture.shape[:2] == (height, width) for picture in pictures):
        return list(pictures)
    return [_framed(picture, height, width) for picture in pictures]


def _framed(picture: Rgb, height: int, width: int) -> Rgb:
    frame = np.zeros((height, width, 3), np.uint8)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    frame[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return frame


def enlarged(picture: Rgb, width: int, height: int) -> Rgb:
    """A small picture at the size of a large one, smoothly."""
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


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


def _reduced(picture: Rgb, largest: int) -> tuple[int, int]:
    """(width, height) of a frame whose longer side is at most `largest` pixels."""
    height, width, _ = picture.shape
    scale = min(1, largest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _drawable(label: str) -> str:
    for letter, word in SPELLED_OUT.items():
        label = label.replace(letter, word)
    return label


def _margin(labels: Sequence[str], height: int) -> Rgb:
    """The labels of rows that are `height` pixels high, below one another, each in its row's middle."""
    font = ImageFont.load_default(max(14, height // 12))
    texts = [_drawable(label) for label in labels]
    width = math.ceil(max(font.getlength(text) for text in texts)) + 4 * GAP
    margin = Image.new("RGB", (width, height * len(labels)), PAPER)
    for index, text in enumerate(texts):
        middle = (width - 2 * GAP, round((index + 0.5) * height))
        ImageDraw.Draw(margin).text(middle, text, INK, font, anchor="rm")
    return np.asarray(margin)


def _captioned(cells: Sequence[Cell], largest: int) -> list[Rgb]:
    """Each picture, at most `largest` pixels wide and high, above its caption; all of one size."""
    size = _reduced(cells[0][0], largest)
    font = ImageFont.load_default(max(11, size[0] // 14))
    texts = [_drawable(caption) for _, caption in cells]
    wide = max(size[0], *(math.ceil(font.getlength(text)) for text in texts))
    return [_slot(picture, text, size, wide, font) for (picture, _), text in zip(cells, texts, strict=True)]


def _slot(picture: Rgb, text: str, size: tuple[int, int], wide: int, font: Font) -> Rgb:
    """One place on a sheet: the frame centred above its caption, with a gap around both."""
    line = math.ceil(font.getbbox("Ág")[3])
    slot = Image.new("RGB", (wide + 2 * GAP, size[1] + line + 3 * GAP), PAPER)
    frame = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    slot.paste(frame, ((slot.width - size[0]) // 2, GAP))
    left = (slot.width - font.getlength(text)) / 2
    ImageDraw.Draw(slot).text((left, size[1] + 2 * GAP), text, INK, font)
    return np.asarray(slot)
