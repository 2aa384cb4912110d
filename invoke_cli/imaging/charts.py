"""Curves on labelled axes, drawn with Pillow at twice the size and then reduced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[float, float]

PAPER, INK, RULES = (255, 255, 255), (40, 40, 40), (225, 225, 225)
FINER = 2  # times the size in which all is drawn, so that the reduced lines are smooth
LETTERS = 14  # pixels
LEFT, RIGHT, BOTTOM, ROW = 64, 20, 48, 20  # pixels around the axes, and for a line of text


@dataclass(frozen=True)
class Axis:
    """One axis. ticks: where a number stands; log: whether distances on it are ratios."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies between the axis's ends, 0..1; beyond them it is clamped."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Curve:
    """Points joined by a line, or marked by dots, or both. Without a label it has no place in the legend."""

    points: Sequence[Point]
    colour: Colour
    label: str = ""
    line: bool = True
    dots: bool = True


def chart(
    title: str,
    across: Axis,
    up: Axis,
    curves: Sequence[Curve],
    *,
    size: tuple[int, int] = (720, 440),
    notes: Sequence[str] = (),
) -> Rgb:
    """The curves as uint8 (H, W, 3), of `size` (width, height) in pixels; `notes` stand below the title."""
    drawing = _Drawing(across, up, size, rows=1 + len(notes))
    drawing.text((LEFT, ROW // 4), title, anchor="la")
    for index, note in enumerate(notes, start=1):
        drawing.text((LEFT, ROW // 4 + index * ROW), note, anchor="la")
    drawing.axes()
    for curve in curves:
        drawing.curve(curve)
    drawing.legend([curve for curve in curves if curve.label])
    return drawing.reduced()


class _Drawing:
    """A sheet on which places are given in pixels of the reduced picture."""

    def __init__(self, across: Axis, up: Axis, size: tuple[int, int], rows: int) -> None:
        self._across, self._up = across, up
        self._box = (LEFT, rows * ROW + 12, size[0] - RIGHT, size[1] - BOTTOM)
        self._sheet = Image.new("RGB", (size[0] * FINER, size[1] * FINER), PAPER)
        self._pen = ImageDraw.Draw(self._sheet)
        self._font = ImageFont.load_default(LETTERS * FINER)

    def axes(self) -> None:
        """The rules, the numbers at them, the frame and the titles."""
        left, top, right, bottom = self._box
        for tick in self._across.ticks:
            x, _ = self._place((tick, self._up.low))
            self._line([(x, top), (x, bottom)], RULES)
            self.text((x, bottom + 4), f"{tick:g}", anchor="ma")
        for tick in self._up.ticks:
            _, y = self._place((self._across.low, tick))
            self._line([(left, y), (right, y)], RULES)
            self.text((left - 6, y), f"{tick:g}", anchor="rm")
        self._line([(left, top), (left, bottom), (right, bottom)], INK)
        self.text(((left + right) / 2, bottom + 24), self._across.title, anchor="ma")
        self.text((left - 6, top - 4), self._up.title, anchor="rd")

    def curve(self, curve: Curve) -> None:
        """The curve's line, then its dots."""
        places = [self._place(point) for point in curve.points]
        if curve.line and len(places) > 1:
            self._line(places, curve.colour, width=2)
        if curve.dots:
            for place in places:
                self._dot(place, curve.colour)

    def legend(self, curves: Sequence[Curve]) -> None:
        """The labels, one below the other in the upper right corner, on paper of their own."""
        if not curves:
            return
        _, top, right, _ = self._box
        wide = max(self._font.getlength(curve.label) for curve in curves) / FINER
        left = right - wide - 40
        self._pen.rectangle(self._scaled([(left, top), (right, top + len(curves) * ROW + 4)]), PAPER)
        for index, curve in enumerate(curves):
            y = top + index * ROW + ROW / 2
            if curve.line:
                self._line([(left + 6, y), (left + 26, y)], curve.colour, width=2)
            if curve.dots:
                self._dot((left + 16, y), curve.colour)
            self.text((left + 34, y), curve.label, anchor="lm")

    def text(self, place: Point, text: str, anchor: str) -> None:
        """Text with its anchor, as Pillow names it, at a place."""
        self._pen.text(self._scaled([place])[0], text, INK, self._font, anchor=anchor)

    def reduced(self) -> Rgb:
        """The sheet in its final size."""
        return np.asarray(self._sheet.reduce(FINER))

    def _place(self, point: Point) -> Point:
        left, top, right, bottom = self._box
        across, up = self._across.share(point[0]), self._up.share(point[1])
        return left + (right - left) * across, bottom - (bottom - top) * up

    def _line(self, places: Sequence[Point], colour: Colour, width: int = 1) -> None:
        self._pen.line(self._scaled(places), colour, width * FINER, joint="curve")

    def _dot(self, place: Point, colour: Colour) -> None:
        x, y = place
        self._pen.ellipse(self._scaled([(x - 3, y - 3), (x + 3, y + 3)]), colour)

    @staticmethod
    def _scaled(places: Sequence[Point]) -> list[Point]:
        return [(x * FINER, y * FINER) for x, y in places]
