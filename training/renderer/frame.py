"""Local coordinates of one thing, so that its shape is written once and stands anywhere at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .canvas import Canvas
from .fields import Ellipse, Field, Point, unit


@dataclass(frozen=True)
class Frame:
    """Origin at the thing's foot (cx, base) in pixels; x to the right, y up, in units of `size` pixels."""

    cx: float
    base: float
    size: float

    def at(self, x: float, y: float) -> Point:
        """A point of the thing in picture coordinates."""
        return self.cx + x * self.size, self.base - y * self.size

    def path(self, *points: Point) -> list[Point]:
        """Several points in picture coordinates."""
        return [self.at(x, y) for x, y in points]

    def box(self, left: float, bottom: float, right: float, top: float) -> list[Point]:
        """The corners of an upright rectangle."""
        return self.path((left, bottom), (left, top), (right, top), (right, bottom))

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Ellipse:
        """An ellipse in picture coordinates."""
        return *self.at(x, y), rx * self.size, ry * self.size

    def lines(self, width: float, *paths: Sequence[Point]) -> list[tuple[list[Point], float]]:
        """Polylines of one width in picture coordinates."""
        return [(self.path(*path), width * self.size) for path in paths]

    def inner(self, x: float, y: float, size: float) -> Frame:
        """The frame of a part: its foot at (x, y) of this one, `size` in units of this one."""
        return Frame(*self.at(x, y), size * self.size)

    def glow(self, canvas: Canvas, x: float, y: float, radius: float) -> Field:
        """Light around a point of the thing."""
        return canvas.glow(*self.at(x, y), radius * self.size)

    def cast_shadow(self, canvas: Canvas, half: float) -> None:
        """Darken the ground around the foot, away from the light; `half`: half the thing's width."""
        mood = canvas.mood
        if mood.night < 0.9:
            half *= self.size
            blot = canvas.disc(self.cx - mood.toward[0] * 0.5 * half, self.base, 1.15 * half, 0.24 * half)
            canvas.veil(unit(blot * 0.38 * mood.soft), (0.08, 0.10, 0.12))
