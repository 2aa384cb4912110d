"""A stack of layers on a picture plane: masks, smooth noise and compositing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .fields import Colour, Ellipse, Field, Point, as_field, blend, resize, unit
from .light import Mood, lighted

# Masks are drawn this much larger and averaged down, for smooth edges.
_OVERSAMPLING = 2


@dataclass(frozen=True)
class Layer:
    """One thing in front of what was drawn before it.

    mask: (H, W) cover; shaded: (H, W, 3) or (3,) for the photograph; flat: its one colour in drawings.
    An emissive layer shines by itself. An inked one gets a contour in line drawings; glows and haze do not.
    """

    subject: str
    mask: Field
    shaded: Field
    flat: Colour
    emissive: bool = False
    inked: bool = True


class Canvas:
    """The picture being built: `rgb` is the photograph so far, `layers` are for the drawn styles."""

    def __init__(self, width: int, height: int, rng: np.random.Generator, mood: Mood) -> None:
        self.width, self.height = width, height
        self.unit = float(min(width, height))
        self.rng = rng
        self.mood = mood
        self.rgb: Field = np.zeros((height, width, 3), np.float32)
        self.layers: list[Layer] = []
        self.x: Field = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
        self.y: Field = (np.arange(height, dtype=np.float32) + 0.5)[:, None]

    # Chance and noise

    def uniform(self, low: float, high: float) -> float:
        """A random number in the range."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True in the given share of cases."""
        return bool(self.rng.random() < share)

    def between(self, low: int, high: int) -> int:
        """A random whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def spread(self, field: Field) -> Field:
        """A row (1, W) or column (H, 1) repeated over the whole picture."""
        return np.broadcast_to(field, (self.height, self.width))

    def noise(self, across: int, down: int) -> Field:
        """Smooth noise, about -1..1, with the given number of cells over the picture's shorter side."""
        columns = max(2, round(across * self.width / self.unit))
        rows = max(2, round(down * self.height / self.unit))
        grid = as_field(self.rng.uniform(-1, 1, (rows, columns)))
        return resize(grid, self.width, self.height, Image.Resampling.BICUBIC)

    def texture(self, cells: int, stretch: float = 1.0) -> Field:
        """Three octaves of noise, about -1..1; `stretch` > 1 draws it out sideways."""
        octaves = [(share, cells * scale) for share, scale in ((0.55, 1), (0.3, 2), (0.15, 4))]
        return as_field(sum(w * self.noise(max(1, round(n / stretch)), n) for w, n in octaves))

    def profile(self, level: float, *rough: tuple[int, float]) -> Field:
        """A random skyline (W,): `level` plus, for each (cells, amplitude), smooth noise of that size."""
        line = np.full(self.width, level, np.float32)
        for cells, amplitude in rough:
            grid = as_field(self.rng.uniform(-1, 1, (1, max(2, cells + 1))))
            line += amplitude * resize(grid, self.width, 1, Image.Resampling.BICUBIC)[0]
        return line

    # Masks

    def everywhere(self) -> Field:
        """The mask that covers the picture."""
        return np.ones((self.height, self.width), np.float32)

    def below(self, line: Field | float) -> Field:
        """The part of the picture below a skyline (W,) or level."""
        return unit(self.spread(self.y - line + 0.5))

    def disc(self, cx: float, cy: float, rx: float, ry: float | None = None) -> Field:
        """An antialiased ellipse."""
        tall = rx if ry is None else ry
        r = np.hypot((self.x - cx) / rx, (self.y - cy) / tall)
        return unit((1.0 - r) * min(rx, tall) + 0.5)

    def glow(self, cx: float, cy: float, radius: float) -> Field:
        """Light falling off around a point: 1 at the point, 1/2 at `radius`."""
        return as_field(1.0 / (1.0 + ((self.x - cx) ** 2 + (self.y - cy) ** 2) / (radius * radius)))

    def polygons(self, shapes: Sequence[Sequence[Point]]) -> Field:
        """The union of filled polygons."""

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for points in shapes:
                draw.polygon(_scaled(points), fill=255)

        return self._drawn(paint)

    def discs(self, shapes: Sequence[Ellipse]) -> Field:
        """The union of ellipses (cx, cy, rx, ry)."""

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for x, y, rx, ry in shapes:
                draw.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=255)

        return self._drawn(paint)

    def strokes(self, lines: Sequence[tuple[Sequence[Point], float]]) -> Field:
        """The union of polylines, each with its width in pixels; none is thinner than half a pixel."""

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for points, width in lines:
                draw.line(
                    _scaled(points), fill=255, width=max(1, round(width * _OVERSAMPLING)), joint="curve"
                )

        return self._drawn(paint)

    def _drawn(self, paint: Callable[[ImageDraw.ImageDraw], None]) -> Field:
        """What `paint` draws on an oversampled plane, as a mask."""
        plane = Image.new("L", (self.width * _OVERSAMPLING, self.height * _OVERSAMPLING))
        paint(ImageDraw.Draw(plane))
        return as_field(plane.reduce(_OVERSAMPLING)) / np.float32(255.0)

    # Layers

    def add(self, layer: Layer) -> None:
        """Put a layer in front."""
        self.layers.append(layer)
        self.rgb += layer.mask[..., None] * (layer.shaded - self.rgb)

    def surface(
        self,
        subject: str,
        mask: Field,
        colour: Colour,
        light: Field | float,
        *,
        air: float = 0.0,
        inked: bool = True,
    ) -> None:
        """A surface in the scene's light (0..1, see `lighted`), drowned in `air` 0..1 if it is far."""
        shaded = lighted(colour, light, self.mood)
        self.add(Layer(subject, mask, blend(shaded, self.mood.horizon, air), colour, inked=inked))

    def paint(
        self,
        subject: str,
        mask: Field,
        colour: Colour | Field,
        flat: Colour,
        *,
        emissive: bool = False,
        inked: bool = True,
    ) -> None:
        """A layer whose colour is already the one to be seen."""
        self.add(Layer(subject, mask, as_field(colour), flat, emissive, inked))

    # Light without a layer

    def screen(self, light: Field, colour: Colour, strength: float = 1.0) -> None:
        """Add light to the photograph so far: halos and glows."""
        self.rgb = as_field(1 - (1 - self.rgb) * (1 - strength * light[..., None] * as_field(colour)))

    def veil(self, mask: Field, colour: Colour | Field) -> None:
        """Cover the photograph so far with mist or shadow."""
        self.rgb = blend(self.rgb, colour, mask)

    def illuminate(self, light: Field, ambient: Colour, colour: Colour) -> None:
        """Light the photograph so far by a lamp in the scene: multiply by ambient + light * colour."""
        self.rgb = unit(self.rgb * (as_field(ambient) + light[..., None] * as_field(colour)))


def _scaled(points: Sequence[Point]) -> list[Point]:
    """Picture coordinates on the oversampled plane."""
    return [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in points]
