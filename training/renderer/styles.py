"""The finished look of a scene: photograph, flat colours, crayon, felt-tip, pencil, watercolour, oil.

Every style takes the canvas with its layers and returns (H, W, 3) float32, about 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .canvas import Canvas, Layer
from .fields import Colour, Field, as_field, blend, smooth, step, times, unit

PAPER: Colour = (0.985, 0.98, 0.97)
# What a hasty hand leaves as bare paper.
_LEFT_BLANK = frozenset({"sky", "backdrop", "meadow", "distance", "snow"})


def finish(canvas: Canvas, style: str) -> NDArray[np.uint8]:
    """The picture in the given style; uint8 (H, W, 3)."""
    return to_bytes(_STYLES[style](canvas))


def to_bytes(field: Field) -> NDArray[np.uint8]:
    """A field in 0..1 as bytes."""
    return np.asarray(np.rint(unit(field) * 255.0), dtype=np.uint8)


def photo(canvas: Canvas) -> Field:
    """The shaded picture with a little bloom, vignette and fine tone."""
    rgb = unit(canvas.rgb)
    bloom = smooth(unit(rgb.max(axis=-1) - 0.75), 0.07 * canvas.unit)
    rgb = rgb + bloom[..., None] * (1 - rgb) * as_field((0.5, 0.45, 0.4))
    corner = 2 * ((canvas.x / canvas.width - 0.5) ** 2 + (canvas.y / canvas.height - 0.5) ** 2)
    return rgb * (1 - 0.16 * corner)[..., None] + 0.006 * canvas.noise(48, 48)[..., None]


def flat(canvas: Canvas) -> Field:
    """One colour per thing, as in a printed picture book."""
    return _coloured(canvas, lambda layer: as_field(layer.flat))


def crayon(canvas: Canvas) -> Field:
    """Wax crayon: broad soft strokes that let the paper show, darker contours, wobbly."""
    wax = flat(canvas)
    bare = 0.16 + 0.2 * _hatching(canvas, canvas.uniform(0.3, 1.2))
    picture = blend(blend(wax, PAPER, bare), 0.5 * wax, 0.6 * contours(canvas, 0.016))
    return wobble(canvas, picture, 0.014)


def child(canvas: Canvas) -> Field:
    """Felt-tip on white paper: thick smooth contours in each thing's colour, some of them filled in."""
    zeal, thick = canvas.uniform(0.3, 1.0), canvas.uniform(0.014, 0.028)
    gaps = 0.12 + 0.1 * _hatching(canvas, canvas.uniform(0.3, 1.2))
    picture = np.broadcast_to(as_field(PAPER), canvas.rgb.shape)
    for layer in canvas.layers:
        tone = blend(layer.flat, PAPER, unit(gaps + 1 - _filling(layer, zeal)))
        picture = blend(picture, tone, layer.mask)
        if layer.inked:
            picture = blend(picture, _felt_tip(layer.flat), outline(canvas, layer.mask, thick))
    return wobble(canvas, picture, 0.03)


def _filling(layer: Layer, zeal: float) -> float:
    """How fully a child fills a thing in, 0..1: bright things and night skies always, ground perhaps."""
    if layer.subject == "sky" and max(layer.flat) < 0.5:
        return 0.8
    if layer.subject in _LEFT_BLANK:
        return 0.4 if zeal > 0.75 else 0.0
    return 0.9 if layer.emissive else zeal


def _felt_tip(colour: Colour) -> Field:
    """The pen for a thing's contour: its own colour, darker and stronger."""
    own = as_field(colour)
    return np.clip(own - 0.25 * (1 - own) - 0.2, 0.08, 0.9)


def sketch(canvas: Canvas) -> Field:
    """Pencil or ink: dark contours on paper, soft grey tone where it is dark."""
    grey = smooth(unit(canvas.rgb) @ as_field((0.3, 0.59, 0.11)), 0.02 * canvas.unit)
    dark = 1 - (grey - grey.min()) / max(float(np.ptp(grey)), 0.2)
    shade = canvas.uniform(0.12, 0.38) * dark * (0.75 + 0.25 * _hatching(canvas, 0.8))
    ink: Colour = (0.16, 0.16, 0.18) if canvas.chance(0.75) else (0.28, 0.2, 0.14)
    line = contours(canvas, canvas.uniform(0.008, 0.014))
    return wobble(canvas, blend(blend(PAPER, ink, unit(shade)), ink, 0.85 * line), 0.008)


def watercolour(canvas: Canvas) -> Field:
    """Washes that pool at their edges, on paper that stays white at the rim."""
    wash = _coloured(canvas, lambda layer: blend(layer.flat, layer.shaded, 0.55))
    pigment = 0.85 + 0.10 * canvas.texture(5) + 0.04 * canvas.noise(20, 20)
    paint = times(wash, 1 - 0.28 * contours(canvas, 0.012)) ** pigment[..., None]
    sides = np.minimum(canvas.x, canvas.width - canvas.x)
    inset = np.minimum(sides, np.minimum(canvas.y, canvas.height - canvas.y)) / canvas.unit
    rim = step(0.0, 0.035, inset + 0.012 * canvas.noise(7, 7))
    return wobble(canvas, blend(PAPER, blend(paint, PAPER, 0.16), rim), 0.016)


def oil(canvas: Canvas) -> Field:
    """Broad strokes: colours gathered into patches, stronger, with raised paint."""
    rgb = unit(canvas.rgb * 1.06 - 0.02)
    dabs = 0.08 * canvas.noise(20, 14) + 0.08 * canvas.noise(10, 24)
    strength = 0.15 + 0.3 * rgb.mean(axis=-1)
    picture = Image.fromarray(to_bytes(rgb + (strength * dabs)[..., None]))
    size = min(7, 2 * round(0.018 * canvas.unit) + 1)
    gathered = as_field(picture.filter(ImageFilter.MedianFilter(max(3, size)))) / np.float32(255.0)
    ridge = 0.04 * canvas.unit * np.gradient(dabs, axis=1)
    return wobble(canvas, gathered + (strength * ridge)[..., None], 0.008)


def _coloured(canvas: Canvas, colour: Callable[[Layer], Field]) -> Field:
    """All layers, one over the other, in the colours that `colour` gives them."""
    picture = np.zeros_like(canvas.rgb)
    for layer in canvas.layers:
        picture += layer.mask[..., None] * (colour(layer) - picture)
    return picture


def outline(canvas: Canvas, mask: Field, thickness: float) -> Field:
    """The contour of a mask as a soft line; `thickness` in shares of the shorter side."""
    plane = Image.fromarray(to_bytes(mask))
    blurred = plane.filter(ImageFilter.GaussianBlur(0.6 * max(1.0, thickness * canvas.unit)))
    edge = 1 - np.abs(2 * as_field(blurred) / np.float32(255.0) - 1)
    return unit(2.0 * edge - 0.5)


def contours(canvas: Canvas, thickness: float) -> Field:
    """The visible contours of all layers."""
    lines = np.zeros((canvas.height, canvas.width), np.float32)
    for layer in canvas.layers:
        lines *= 1 - layer.mask
        if layer.inked:
            lines = np.maximum(lines, outline(canvas, layer.mask, thickness))
    return lines


def wobble(canvas: Canvas, picture: Field, amount: float) -> Field:
    """Displace the picture by smooth noise, as an unsteady hand does; `amount` in shares of the side."""
    reach = amount * canvas.unit
    rows = np.clip(canvas.y - 0.5 + reach * canvas.noise(5, 5), 0, canvas.height - 1)
    columns = np.clip(canvas.x - 0.5 + reach * canvas.noise(5, 5), 0, canvas.width - 1)
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = np.minimum(top + 1, canvas.height - 1), np.minimum(left + 1, canvas.width - 1)
    across, along = as_field(columns - left), as_field(rows - top)
    upper = blend(picture[top, left], picture[top, right], across)
    return blend(upper, blend(picture[down, left], picture[down, right], across), along)


def _hatching(canvas: Canvas, angle: float) -> Field:
    """Broad parallel strokes, 0..1: low in frequency, so that the autoencoder can hold them."""
    along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    wave = np.sin(along / (0.028 * canvas.unit) + 3 * canvas.noise(4, 4))
    return unit(0.5 + 0.35 * wave + 0.3 * canvas.noise(9, 9))


_STYLES: dict[str, Callable[[Canvas], Field]] = {
    "photo": photo,
    "flat": flat,
    "crayon": crayon,
    "child": child,
    "sketch": sketch,
    "watercolour": watercolour,
    "oil": oil,
}
