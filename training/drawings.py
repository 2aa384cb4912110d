"""The drawings among the test pictures: what people put under an image-to-image prompt."""

from __future__ import annotations

import numpy as np
from PIL import Image

from training.hand import Ink, Pen, Point, Sheet

BLACK: Ink = (38, 36, 42)
BROWN: Ink = (118, 74, 40)
GREEN: Ink = (52, 138, 58)
LEAF: Ink = (34, 112, 46)
BLUE: Ink = (46, 108, 196)
YELLOW: Ink = (248, 204, 40)
ORANGE: Ink = (242, 128, 28)
RED: Ink = (206, 46, 34)
GREY: Ink = (112, 110, 112)


def tree_and_river() -> Image.Image:
    """Felt-tip and crayon: a tree on a hill, a river that runs past it, a sun in the corner; 768x512."""
    sheet = Sheet(768, 512, seed=1)
    hill = [(-0.05, 0.74), (0.2, 0.56), (0.5, 0.46), (0.78, 0.56), (1.02, 0.72), (1.55, 0.78)]
    river = [
        (1.02, 0.72),
        (0.86, 0.8),
        (1.0, 0.88),
        (0.78, 1.03),
        (1.3, 1.03),
        (1.26, 0.88),
        (1.06, 0.8),
        (1.1, 0.73),
    ]
    sheet.scribble(Pen((132, 190, 96), 0.026), [*hill, (1.55, 1.05), (-0.05, 1.05)], 0.022, 0.5)
    sheet.scribble(Pen((252, 251, 247), 0.03), river, 0.012, 0.1)
    sheet.scribble(Pen((108, 168, 230), 0.02), river, 0.016, 0.1)
    sheet.line(Pen(GREEN, 0.014), *hill)
    sheet.line(Pen(BLUE, 0.014), *river[:4])
    sheet.line(Pen(BLUE, 0.014), *river[4:])
    _draw_tree(sheet)
    _draw_sun(sheet, (1.3, 0.15), 0.08)
    return sheet.picture()


def _draw_tree(sheet: Sheet) -> None:
    """A round tree on top of the hill."""
    trunk: list[Point] = [(0.46, 0.49), (0.475, 0.34), (0.53, 0.34), (0.55, 0.49)]
    crown: list[Point] = [(0.5, 0.06), (0.64, 0.1), (0.7, 0.22), (0.63, 0.34), (0.5, 0.38), (0.37, 0.34),
                          (0.3, 0.22), (0.36, 0.1)]  # fmt: skip
    sheet.scribble(Pen(BROWN, 0.014), trunk, 0.012, 1.4)
    sheet.line(Pen(BROWN, 0.012), *trunk)
    sheet.scribble(Pen((84, 164, 80), 0.02), crown, 0.016, -0.6)
    sheet.line(Pen(LEAF, 0.015, 0.012), *crown, closed=True)


def _draw_sun(sheet: Sheet, middle: Point, radius: float) -> None:
    """A round sun with rays."""
    turns = np.linspace(0, 2 * np.pi, 9)[:-1]
    around = [(middle[0] + radius * np.cos(t), middle[1] + radius * np.sin(t)) for t in turns]
    sheet.scribble(Pen(YELLOW, 0.016), around, 0.016, 0.9)
    sheet.line(Pen(ORANGE, 0.011), *around, closed=True)
    for t in turns:
        x, y = np.cos(t), np.sin(t)
        start, end = 1.3 * radius, 1.75 * radius
        sheet.line(Pen(ORANGE, 0.011), (middle[0] + start * x, middle[1] + start * y),
                   (middle[0] + end * x, middle[1] + end * y))  # fmt: skip


def fire_drawing() -> Image.Image:
    """Crayon: a brick fireplace with a fire on logs; 512x512."""
    sheet = Sheet(512, 512, seed=2)
    body: list[Point] = [(0.1, 0.3), (0.9, 0.29), (0.91, 0.94), (0.09, 0.95)]
    opening: list[Point] = [
        (0.24, 0.94),
        (0.24, 0.62),
        (0.34, 0.47),
        (0.5, 0.43),
        (0.66, 0.47),
        (0.76, 0.62),
        (0.76, 0.94),
    ]
    sheet.scribble(Pen((196, 122, 98), 0.03), body, 0.025, 0.35)
    sheet.scribble(Pen((70, 60, 58), 0.03), opening, 0.02, -0.5)
    for row, y in enumerate((0.42, 0.55, 0.68, 0.81)):
        _draw_bricks(sheet, row, y)
    for corner, following in zip(body, [*body[1:], body[0]], strict=True):
        sheet.line(Pen((96, 44, 34), 0.014), corner, following)
    sheet.scribble(Pen(BROWN, 0.02), [(0.04, 0.24), (0.96, 0.23), (0.96, 0.31), (0.04, 0.31)], 0.016, 0.05)
    sheet.line(Pen(BLACK, 0.012), *opening)
    _draw_flames(sheet)
    sheet.line(Pen((74, 46, 28), 0.034), (0.3, 0.92), (0.68, 0.86))
    sheet.line(Pen((92, 58, 34), 0.034), (0.33, 0.86), (0.71, 0.92))
    sheet.line(Pen(GREY, 0.012), (0.0, 0.955), (1.0, 0.95))
    return sheet.picture()


def _draw_bricks(sheet: Sheet, row: int, y: float) -> None:
    """Joints to both sides of the opening."""
    pen = Pen((112, 52, 40), 0.008)
    sheet.line(pen, (0.1, y), (0.23, y))
    sheet.line(pen, (0.77, y), (0.9, y))
    shift = 0.03 * (row % 2)
    for x in (0.14 + shift, 0.82 + shift):
        sheet.line(pen, (x, y), (x, y + 0.12))


def _draw_flames(sheet: Sheet) -> None:
    """Red, orange and yellow tongues, one inside the other."""
    outer: list[Point] = [(0.34, 0.88), (0.31, 0.74), (0.38, 0.64), (0.41, 0.7), (0.46, 0.54), (0.52, 0.48),
                          (0.53, 0.62), (0.6, 0.57), (0.62, 0.68), (0.67, 0.66), (0.68, 0.8),
                          (0.64, 0.89)]  # fmt: skip
    for ink, share in ((RED, 1.0), (ORANGE, 0.74), (YELLOW, 0.46)):
        tongue = [(0.5 + share * (x - 0.5), 0.89 + share * (y - 0.89)) for x, y in outer]
        sheet.scribble(Pen(ink, 0.02), tongue, 0.014, 1.3)
        sheet.line(Pen(ink, 0.014), *tongue)


def big_sketch() -> Image.Image:
    """Pencil and a little colour on a large sheet: a house by a lake before mountains; 2000x1400."""
    sheet = Sheet(2000, 1400, seed=3)
    pencil, soft = Pen((58, 56, 60), 0.009, 0.004), Pen((186, 186, 190), 0.022, 0.004)
    ridge: list[Point] = [
        (0.0, 0.5),
        (0.22, 0.3),
        (0.33, 0.38),
        (0.56, 0.12),
        (0.76, 0.36),
        (0.92, 0.26),
        (1.16, 0.44),
        (1.45, 0.36),
    ]
    sheet.line(pencil, *ridge)
    sheet.line(pencil, (0.47, 0.23), (0.53, 0.27), (0.56, 0.22), (0.61, 0.27), (0.65, 0.23))
    sheet.scribble(soft, [(0.57, 0.16), (0.74, 0.36), (0.7, 0.46), (0.59, 0.4)], 0.02, 0.9)
    sheet.line(pencil, (0.0, 0.56), (0.5, 0.545), (1.45, 0.56))
    lake: list[Point] = [(0.0, 0.62), (0.5, 0.6), (1.1, 0.63), (1.45, 0.7), (1.45, 0.98), (0.0, 0.98)]
    sheet.line(pencil, *lake[:4])
    sheet.scribble(Pen((134, 178, 222), 0.03), lake, 0.026, 0.02)
    _draw_house(sheet, pencil)
    for x in (0.12, 0.22, 1.24):
        _draw_fir(sheet, pencil, x)
    return sheet.picture()


def _draw_house(sheet: Sheet, pencil: Pen) -> None:
    """A house on the far shore."""
    roof: list[Point] = [(0.76, 0.46), (0.87, 0.36), (1.02, 0.36), (1.12, 0.46)]
    sheet.scribble(Pen((204, 98, 78), 0.02), roof, 0.015, 0.4)
    for start, end in zip(roof, [*roof[1:], roof[0]], strict=True):
        sheet.line(pencil, start, end)
    sheet.line(pencil, (0.79, 0.46), (0.79, 0.6))
    sheet.line(pencil, (1.09, 0.46), (1.09, 0.6))
    for left, top, right, bottom in (
        (0.83, 0.49, 0.89, 0.54),
        (0.98, 0.49, 1.04, 0.54),
        (0.91, 0.5, 0.96, 0.6),
    ):
        corners: list[Point] = [(left, top), (right, top), (right, bottom), (left, bottom)]
        for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
            sheet.line(pencil, start, end)


def _draw_fir(sheet: Sheet, pencil: Pen, x: float) -> None:
    """A fir in three strokes to each side."""
    sheet.scribble(Pen((108, 152, 106), 0.018), [(x, 0.36), (x + 0.07, 0.57), (x - 0.07, 0.57)], 0.014, 0.2)
    sheet.line(pencil, (x, 0.57), (x, 0.61))
    for side in (-1, 1):
        zigzag = ((0, 0.35), (0.04, 0.43), (0.02, 0.43), (0.06, 0.51), (0.03, 0.51), (0.08, 0.58))
        sheet.line(pencil, *((x + side * out, y) for out, y in zigzag))
