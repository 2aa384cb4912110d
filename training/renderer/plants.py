"""Flowers and cacti."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .fields import Colour, Point, as_field, unit
from .frame import Frame
from .light import relief

_PETALS: dict[str, Colour] = {
    "red": (0.86, 0.12, 0.14),
    "yellow": (0.98, 0.82, 0.12),
    "pink": (0.96, 0.5, 0.68),
    "purple": (0.56, 0.28, 0.74),
    "white": (0.97, 0.96, 0.95),
    "orange": (0.98, 0.52, 0.1),
    "blue": (0.32, 0.46, 0.9),
}
_STEM: Colour = (0.24, 0.52, 0.16)
_HEAD = 0.31
_CUP: tuple[Point, ...] = (
    (-0.72, 0.95), (-0.3, 0.5), (0, 1.05), (0.3, 0.5), (0.72, 0.95),
    (0.8, -0.1), (0.45, -0.72), (0, -0.9), (-0.45, -0.72), (-0.8, -0.1),
)  # fmt: skip


def draw_flower(canvas: Canvas, frame: Frame, kind: str, colour: str) -> None:
    """A daisy, tulip or sunflower with stem and leaves, `frame.size` high."""
    bend = canvas.uniform(-0.05, 0.05)
    stem = canvas.strokes(frame.lines(0.035, [(0, 1 - _HEAD), (bend, 0.35), (0, 0)]))
    leaves = [frame.path((0, 0.1), (s * 0.12, 0.3), (s * 0.26, 0.36), (s * 0.16, 0.16)) for s in (-1, 1)]
    green = np.maximum(stem, canvas.polygons(leaves))
    canvas.surface(
        "flower", green, _STEM, relief(green, canvas.mood, 0.05 * frame.size, canvas.texture(10), 0.1)
    )
    head = frame.inner(0, 1 - _HEAD, _HEAD)
    if kind == "tulip":
        cup = canvas.polygons([head.path(*((0.92 * x, 0.92 * y) for x, y in _CUP))])
        light = relief(cup, canvas.mood, 0.45 * head.size, canvas.texture(12, 0.4), 0.15)
        canvas.surface("flower", cup, _PETALS[colour], light)
    else:
        _draw_petals(canvas, head, _PETALS[colour], sunflower=kind == "sunflower")


def _draw_petals(canvas: Canvas, head: Frame, colour: Colour, sunflower: bool) -> None:
    """Petals around a heart; a sunflower has more of them and a large dark heart."""
    count, heart = (14, 0.46) if sunflower else (canvas.between(7, 9), 0.32)
    right, down = canvas.x - head.cx, canvas.y - head.base
    radius = np.hypot(right, down) / head.size
    lobe = np.abs(np.cos(0.5 * count * np.arctan2(down, right) + canvas.uniform(0, 3))) ** 0.6
    petals = unit((0.62 + 0.4 * lobe - radius) * head.size + 0.5)
    canvas.surface("flower", petals, colour, unit(0.42 + 0.4 * radius * lobe + 0.22 * lobe))
    middle = canvas.disc(head.cx, head.base, heart * head.size)
    dome = relief(middle, canvas.mood, 0.3 * head.size, canvas.texture(20), 0.2)
    canvas.surface("flower", middle, (0.34, 0.2, 0.1) if sunflower else (0.92, 0.68, 0.12), dome)


def draw_cactus(canvas: Canvas, frame: Frame) -> None:
    """A saguaro with one or two bent arms, `frame.size` high."""
    frame.cast_shadow(canvas, 0.25)
    wide, arm = 0.15, 0.11
    lines = frame.lines(wide, [(0, 0), (0, 1 - wide / 2)])
    ends = [frame.ellipse(0, 1 - wide / 2, wide / 2, wide / 2)]
    for side in (-0.26, 0.26)[: 2 if canvas.chance(0.75) else 1]:
        y, rise = canvas.uniform(0.32, 0.52), canvas.uniform(0.22, 0.36)
        lines += frame.lines(arm, [(0, y), (side, y)], [(side, y), (side, y + rise)])
        ends += [frame.ellipse(side, at, arm / 2, arm / 2) for at in (y, y + rise)]
    mask = np.maximum(canvas.strokes(lines), canvas.discs(ends))
    ribs = as_field(0.09 * np.sin((canvas.x - frame.cx) / (wide * frame.size) * 22))
    light = relief(mask, canvas.mood, 0.9 * wide * frame.size) + ribs
    canvas.surface("cactus", mask, (0.26, 0.53, 0.26), unit(light))
