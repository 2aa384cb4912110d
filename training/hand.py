"""Drawing as a person does: strokes that wobble, fills that are scribbled and leave paper bare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

Point = tuple[float, float]
Ink = tuple[int, int, int]
Path = NDArray[np.float64]

# The sheet is drawn this much larger and reduced at the end, for smooth edges.
_OVERSAMPLING = 2


@dataclass(frozen=True)
class Pen:
    """A pen or crayon: its colour, and its width and unsteadiness in shares of the sheet's height."""

    ink: Ink
    width: float
    tremor: float = 0.006


class Sheet:
    """A sheet of paper; points are (x, y) in shares of its height, so a wide sheet reaches beyond x = 1."""

    def __init__(self, width: int, height: int, seed: int, paper: Ink = (252, 251, 247)) -> None:
        self.size = (width, height)
        self.scale = height * _OVERSAMPLING
        self.rng = np.random.default_rng(seed)
        self._image = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), paper)

    def line(self, pen: Pen, *points: Point, closed: bool = False) -> None:
        """One stroke through the points, rounded at the corners and never quite straight."""
        path = self._shaky(_rounded(points, closed), pen.tremor)
        marks = Image.new("L", self._image.size)
        self._stroke(ImageDraw.Draw(marks), pen, path)
        self._image.paste(pen.ink, mask=marks)

    def scribble(self, pen: Pen, outline: Sequence[Point], gap: float, angle: float) -> None:
        """Fill an outline with a zigzag of rows `gap` apart, turned by `angle`; paper shows between."""
        region = Image.new("L", self._image.size)
        border = self._shaky(_rounded(outline, closed=True), 2 * pen.tremor) * self.scale
        ImageDraw.Draw(region).polygon([(x, y) for x, y in border.tolist()], fill=255)
        marks = Image.new("L", self._image.size)
        self._stroke(
            ImageDraw.Draw(marks), pen, self._shaky(_zigzag(outline, gap, angle, self.rng), pen.tremor)
        )
        self._image.paste(pen.ink, mask=ImageChops.multiply(region, marks))

    def picture(self) -> Image.Image:
        """The finished sheet as RGB."""
        return self._image.resize(self.size, Image.Resampling.BOX)

    def _stroke(self, draw: ImageDraw.ImageDraw, pen: Pen, path: Path) -> None:
        """Round dabs along a path, now thicker and now thinner as the hand presses."""
        steps = _resampled(path, 0.25 * pen.width) * self.scale
        pressure = 1 + 0.18 * _drift(self.rng, len(steps), 0.25 * pen.width)
        for (x, y), weight in zip(steps.tolist(), pressure.tolist(), strict=True):
            r = 0.5 * pen.width * self.scale * weight
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)

    def _shaky(self, path: Path, tremor: float) -> Path:
        """A path led by an unsteady hand."""
        steps = _resampled(path, 0.01)
        drift = np.stack([_drift(self.rng, len(steps), 0.01) for _ in range(2)], axis=1)
        return steps + tremor * drift


def _drift(rng: np.random.Generator, count: int, spacing: float) -> NDArray[np.float64]:
    """Slow random change along a stroke, about -1..1; `spacing`: distance between samples."""
    knots = rng.normal(0, 0.6, max(4, round(count * spacing / 0.07) + 2))
    return np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)


def _resampled(path: Path, spacing: float) -> Path:
    """Points at an even distance along a path."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / spacing) + 1))
    return np.stack([np.interp(at, along, path[:, axis]) for axis in (0, 1)], axis=1)


def _rounded(points: Sequence[Point], closed: bool) -> Path:
    """A Catmull-Rom curve through the points."""
    knots = np.array(points)
    before, after = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    padded = np.concatenate([before, knots, after])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append(0.5 * bend)
    return np.concatenate([*pieces, padded[-2:-1]])


def _zigzag(outline: Sequence[Point], gap: float, angle: float, rng: np.random.Generator) -> Path:
    """To and fro across the outline's bounding circle, turning a little early or late."""
    knots = np.array(outline)
    middle = (knots.min(axis=0) + knots.max(axis=0)) / 2
    reach = float(np.hypot(*(knots - middle).T).max())
    rows = np.arange(-reach, reach, gap)
    ends = reach * np.where(np.arange(len(rows)) % 2, 1, -1) * rng.uniform(0.9, 1.1, len(rows))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    strokes: Path = middle + np.stack([ends, rows + rng.normal(0, 0.15 * gap, len(rows))], axis=1) @ turn
    return strokes
