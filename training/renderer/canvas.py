"""A stack of layers on a picture plane: masks, smooth noise, shading and compositing.

Lengths are pixels of the finished picture, colours are sRGB in 0..1, masks are float32 (H, W) in 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Field = NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]

_OVERSAMPLING = 2


@dataclass(frozen=True)
class Layer:
    """One thing in front of what was drawn before it.

    mask: (H, W) cover; shaded: (H, W, 3) for the photograph; flat: its one colour in drawings.
    `inked` layers get a contour in line drawings; glows and haze do not.
    """

    subject: str
    mask: Field
    shaded: Field
    flat: Colour
    emissive: bool = False
    inked: bool = True


def as_field(values: NDArray[np.generic]) -> Field:
    """The array as float32."""
    return values.astype(np.float32, copy=False)


def resize(field: Field, width: int, height: int, how: Image.Resampling) -> Field:
    """A (h, w) field at another size."""
    return np.asarray(Image.fromarray(field, "F").resize((width, height), how), dtype=np.float32)


def smooth(field: Field, radius: float) -> Field:
    """A field without detail finer than about `radius` pixels (down and up again: cheap and in floats)."""
    height, width = field.shape
    small = resize(field, max(2, round(width / radius)), max(2, round(height / radius)), Image.Resampling.BOX)
    return resize(small, width, height, Image.Resampling.BICUBIC)


def step(low: float, high: float, field: Field) -> Field:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((field - low) / (high - low), 0.0, 1.0)
    return as_field(t * t * (3.0 - 2.0 * t))


def blend(first: Colour | Field, second: Colour | Field, share: float | Field) -> Field:
    """`first` where share is 0, `second` where it is 1; a (H, W) share mixes into (H, W, 3)."""
    weight = share[..., None] if isinstance(share, np.ndarray) else share
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return as_field(a + weight * (b - a))


class Canvas:
    """The picture being built: `rgb` is the photograph so far, `layers` are for the drawn styles."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.width, self.height = width, height
        self.unit = float(min(width, height))
        self.rng = rng
        self.rgb: Field = np.zeros((height, width, 3), np.float32)
        self.layers: list[Layer] = []
        self.x: Field = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
        self.y: Field = (np.arange(height, dtype=np.float32) + 0.5)[:, None]

    def uniform(self, low: float, high: float) -> float:
        """A random number in the range."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True in the given share of cases."""
        return bool(self.rng.random() < share)

    def noise(self, across: int, down: int) -> Field:
        """Smooth noise, about -1..1, with the given number of cells over the picture's shorter side."""
        columns = max(2, round(across * self.width / self.unit))
        rows = max(2, round(down * self.height / self.unit))
        grid = self.rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
        return resize(grid, self.width, self.height, Image.Resampling.BICUBIC)

    def texture(self, cells: int, stretch: float = 1.0) -> Field:
        """Three octaves of noise, about -1..1; `stretch` > 1 draws it out sideways."""
        field = 0.55 * self.noise(max(1, round(cells / stretch)), cells)
        field = field + 0.3 * self.noise(max(1, round(2 * cells / stretch)), 2 * cells)
        return as_field(field + 0.15 * self.noise(max(1, round(4 * cells / stretch)), 4 * cells))

    def profile(self, level: float, rough: Sequence[tuple[int, float]]) -> Field:
        """A random skyline (W,): `level` plus, for each (cells, amplitude), smooth noise of that size."""
        line = np.full(self.width, level, np.float32)
        for cells, amplitude in rough:
            grid = self.rng.uniform(-1, 1, (1, max(2, cells + 1))).astype(np.float32)
            line = line + amplitude * resize(grid, self.width, 1, Image.Resampling.BICUBIC)[0]
        return as_field(line)

    def below(self, line: Field | float) -> Field:
        """The part of the picture below a skyline (W,) or level."""
        return as_field(np.clip(self.y - np.asarray(line, np.float32) + 0.5 + 0 * self.x, 0.0, 1.0))

    def disc(self, cx: float, cy: float, rx: float, ry: float | None = None) -> Field:
        """An antialiased ellipse."""
        tall = rx if ry is None else ry
        r = np.sqrt(((self.x - cx) / rx) ** 2 + ((self.y - cy) / tall) ** 2)
        return as_field(np.clip((1.0 - r) * min(rx, tall) + 0.5, 0.0, 1.0))

    def glow_field(self, cx: float, cy: float, radius: float) -> Field:
        """Light falling off around a point: 1 at the point, 1/2 at `radius`."""
        squared = ((self.x - cx) ** 2 + (self.y - cy) ** 2) / (radius * radius)
        return as_field(1.0 / (1.0 + squared))

    def polygons(self, shapes: Sequence[Sequence[Point]]) -> Field:
        """The union of filled polygons."""
        return self._drawn(lambda draw: [draw.polygon(_scaled(s), fill=255) for s in shapes])

    def discs(self, shapes: Sequence[tuple[float, float, float, float]]) -> Field:
        """The union of ellipses (cx, cy, rx, ry)."""
        boxes = [[(x - rx, y - ry), (x + rx, y + ry)] for x, y, rx, ry in shapes]
        return self._drawn(lambda draw: [draw.ellipse(_scaled(box), fill=255) for box in boxes])

    def strokes(self, lines: Sequence[tuple[Sequence[Point], float]]) -> Field:
        """The union of polylines, each with its width; thinner than a pixel fades instead of vanishing."""
        thinnest = 1.0 / _OVERSAMPLING

        def paint(draw: ImageDraw.ImageDraw) -> None:
            for points, width in lines:
                wide = max(1, round(max(width, thinnest) * _OVERSAMPLING))
                draw.line(_scaled(points), fill=255, width=wide, joint="curve")

        return self._drawn(paint)

    def _drawn(self, paint: object) -> Field:
        """What `paint(draw)` draws on an oversampled plane, as a mask."""
        size = (self.width * _OVERSAMPLING, self.height * _OVERSAMPLING)
        plane = Image.new("L", size)
        paint(ImageDraw.Draw(plane))  # type: ignore[operator]
        return np.asarray(plane.reduce(_OVERSAMPLING), dtype=np.float32) / 255.0

    def add(self, layer: Layer) -> None:
        """Put a layer in front."""
        self.layers.append(layer)
        self.rgb += layer.mask[..., None] * (layer.shaded - self.rgb)

    def screen(self, light: Field, colour: Colour, strength: float = 1.0) -> None:
        """Add light to the photograph so far, without a layer: halos and glows."""
        self.rgb = 1.0 - (1.0 - self.rgb) * (
            1.0 - strength * light[..., None] * np.asarray(colour, np.float32)
        )

    def veil(self, mask: Field, colour: Colour | Field) -> None:
        """Cover the photograph so far with mist or shadow, without a layer."""
        self.rgb = blend(self.rgb, colour, mask)

    def illuminate(self, light: Field, ambient: Colour, colour: Colour) -> None:
        """Light the photograph so far by a lamp in the scene: multiply by ambient + light * colour."""
        factor = np.asarray(ambient, np.float32) + light[..., None] * np.asarray(colour, np.float32)
        self.rgb = as_field(np.clip(self.rgb * factor, 0.0, 1.0))


def _scaled(points: Sequence[Point]) -> list[Point]:
    """Picture coordinates on the oversampled plane."""
    return [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in points]
