"""A labelled table of pictures: values along the top, and perhaps others down the left side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from invoke_cli.imaging.sheets import GAP, INK, LARGEST_FRAME, PAPER, WIDEST_STRIP, Rgb

SMALLEST_FRAME = 96  # pixels; smaller ones say nothing, so a wide table is broken into several
MARGIN = 3 * GAP


def matrix(
    pictures: Sequence[Rgb], columns: Sequence[str], rows: Sequence[str] = ("",), title: str = ""
) -> Rgb:
    """The pictures row by row, with a label above each column and left of each row, and a title above all.

    Pictures may differ in size; large ones are reduced, all by the same factor. Columns for which a sheet
    has no room follow in another table below. Raises ValueError unless there is a picture for every place.
    """
    if not pictures or len(pictures) != len(columns) * len(rows):
        raise ValueError(f"{len(columns)} columns and {len(rows)} rows, but {len(pictures)} pictures")
    layout = _Layout(pictures, columns, rows)
    blocks = [
        layout.block(pictures, columns, rows, start) for start in range(0, len(columns), layout.at_once)
    ]
    heading = [layout.title(title)] if title else []
    return np.asarray(_stacked([*heading, *blocks]))


class _Layout:
    """The measures of a sheet, which all its parts share."""

    def __init__(self, pictures: Sequence[Rgb], columns: Sequence[str], rows: Sequence[str]) -> None:
        largest = max(max(picture.shape[:2]) for picture in pictures)
        side = max(SMALLEST_FRAME, min(LARGEST_FRAME, WIDEST_STRIP // (len(columns) + 1)))
        self._scale = min(1.0, side / largest)
        shapes = [self._reduced(picture) for picture in pictures]
        self._font = ImageFont.load_default(max(13, min(side, largest) // 14))
        self._line = math.ceil(self._font.getbbox("Ág")[3]) + 2 * GAP
        self._width = max(*(width for width, _ in shapes), *map(self._length, columns)) + 2 * GAP
        self._height = max(height for _, height in shapes) + 2 * GAP
        self._left = max(map(self._length, rows)) + (2 * MARGIN if any(rows) else MARGIN)
        self.at_once = max(1, (WIDEST_STRIP - self._left) // self._width)

    def title(self, text: str) -> Image.Image:
        """A line of text of its own."""
        image = Image.new("RGB", (self._length(text) + 2 * MARGIN, self._line + GAP), PAPER)
        ImageDraw.Draw(image).text((MARGIN, MARGIN), text, INK, self._font, anchor="la")
        return image

    def block(
        self, pictures: Sequence[Rgb], columns: Sequence[str], rows: Sequence[str], start: int
    ) -> Image.Image:
        """A table of the columns from `start` on, as many as there is room for."""
        shown = columns[start : start + self.at_once]
        size = (self._left + len(shown) * self._width, self._line + len(rows) * self._height)
        image = Image.new("RGB", size, PAPER)
        draw = ImageDraw.Draw(image)
        for column, label in enumerate(shown):
            place = (self._left + (column + 0.5) * self._width, self._line)
            draw.text(place, label, INK, self._font, anchor="md")
        for row, label in enumerate(rows):
            top = self._line + row * self._height
            draw.text((self._left - MARGIN, top + self._height / 2), label, INK, self._font, anchor="rm")
            for column in range(len(shown)):
                picture = pictures[row * len(columns) + start + column]
                self._paste(image, picture, self._left + column * self._width, top)
        return image

    def _paste(self, image: Image.Image, picture: Rgb, left: int, top: int) -> None:
        """A picture in the middle of its place."""
        size = self._reduced(picture)
        frame = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
        image.paste(frame, (left + (self._width - size[0]) // 2, top + (self._height - size[1]) // 2))

    def _reduced(self, picture: Rgb) -> tuple[int, int]:
        height, width, _ = picture.shape
        return max(1, round(width * self._scale)), max(1, round(height * self._scale))

    def _length(self, text: str) -> int:
        return math.ceil(self._font.getlength(text))


def _stacked(parts: Sequence[Image.Image]) -> Image.Image:
    """The parts below one another, with a margin on the right and below."""
    width = max(part.width for part in parts) + MARGIN
    sheet = Image.new("RGB", (width, sum(part.height for part in parts) + MARGIN), PAPER)
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    return sheet
