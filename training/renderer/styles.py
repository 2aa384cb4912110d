"""The finished look of a scene: photograph, flat colours, crayon, felt-tip, pencil, watercolour, oil.

Every function takes the canvas with its layers and returns (H, W, 3) float32 in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas, Colour, Field, Layer, as_field, blend, smooth, step

PAPER: Colour = (0.985, 0.98, 0.97)


def finish(canvas: Canvas, style: str) -> np.ndarray:
    """The picture in the given style; uint8 (H, W, 3)."""
    field = np.clip(_STYLES[style](canvas), 0.0, 1.0)
    return np.asarray(np.rint(field * 255.0), dtype=np.uint8)


def photo(canvas: Canvas) -> Field:
    """The shaded picture with a little bloom, vignette and fine tone."""
    rgb = np.clip(canvas.rgb, 0, 1)
    bright = np.clip(rgb.max(axis=-1) - 0.75, 0, 1)
    bloom = smooth(as_field(bright), 0.07 * canvas.unit)
    rgb = rgb + bloom[..., None] * (1 - rgb) * np.float32((0.5, 0.45, 0.4))
    radius = ((canvas.x / canvas.width - 0.5) ** 2 + (canvas.y / canvas.height - 0.5) ** 2) * 2
    rgb = rgb * (1 - 0.16 * radius)[..., None] + 0.006 * canvas.noise(48, 48)[..., None]
    return as_field(rgb)


def flat(canvas: Canvas) -> Field:
    """One colour per thing, as in a printed picture book."""
    return _coloured(canvas, lambda layer: np.broadcast_to(np.float32(layer.flat), canvas.rgb.shape))


def crayon(canvas: Canvas) -> Field:
    """Wax crayon: broad soft strokes that let the paper show, darker contours, wobbly."""
    wax = flat(canvas)
    grain = _strokes_texture(canvas, canvas.uniform(0.3, 1.2))
    white = 0.16 + 0.2 * grain
    picture = blend(wax, PAPER, as_field(np.clip(white, 0, 0.6)))
    line = contours(canvas, 0.016)
    picture = blend(picture, as_field(wax * 0.5), as_field(0.6 * line))
    return wobble(canvas, picture, 0.014)


def child(canvas: Canvas) -> Field:
    """Felt-tip on white paper: thick smooth contours in each thing's colour, some of them filled in."""
    share = canvas.uniform(0.3, 1.0)
    picture = np.broadcast_to(np.float32(PAPER), canvas.rgb.shape).copy()
    hatch = 0.12 + 0.1 * _strokes_texture(canvas, canvas.uniform(0.3, 1.2))
    thick = canvas.uniform(0.014, 0.028)
    for layer in canvas.layers:
        fill = _child_fill(layer, share)
        tone = blend(np.float32(layer.flat), PAPER, np.clip(hatch + 1 - fill, 0, 1).astype(np.float32))
        picture = blend(picture, tone, layer.mask)
        if layer.inked:
            ink = _ink_colour(layer)
            picture = blend(picture, ink, outline(canvas, layer.mask, thick))
    return wobble(canvas, as_field(picture), 0.03)


def _child_fill(layer: Layer, share: float) -> float:
    """How strongly a child fills a thing in: bright things fully, sky and ground faintly or not at all."""
    if layer.subject == "sky" and max(layer.flat) < 0.5:
        return 0.8
    if layer.subject in ("sky", "backdrop", "meadow", "distance", "snow"):
        return 0.0 if share < 0.75 else 0.4
    return 0.9 if layer.emissive else share


def _ink_colour(layer: Layer) -> Field:
    """A felt-tip colour for a contour: the thing's own, darker and stronger."""
    own = np.float32(layer.flat)
    strong = own - 0.25 * (1 - own) - 0.2
    return as_field(np.clip(strong, 0.08, 0.9))


def sketch(canvas: Canvas) -> Field:
    """Pencil or ink: dark contours on paper, soft grey tone where it is dark."""
    grey = np.clip(canvas.rgb @ np.float32((0.3, 0.59, 0.11)), 0, 1)
    tone = smooth(as_field(grey), 0.02 * canvas.unit)
    tone = (tone - tone.min()) / max(float(np.ptp(tone)), 0.2)
    shade = canvas.uniform(0.12, 0.38) * (1 - tone) * (0.75 + 0.25 * _strokes_texture(canvas, 0.8))
    ink = np.float32((0.16, 0.16, 0.18) if canvas.chance(0.75) else (0.28, 0.2, 0.14))
    line = contours(canvas, canvas.uniform(0.008, 0.014))
    picture = blend(blend(PAPER, ink, as_field(shade)), ink, as_field(0.85 * line))
    return wobble(canvas, picture, 0.008)


def watercolour(canvas: Canvas) -> Field:
    """Washes that pool at their edges, on paper that stays white at the rim."""
    wash = _coloured(canvas, lambda layer: blend(np.float32(layer.flat), layer.shaded, 0.55))
    pigment = 1 + 0.12 * canvas.texture(5) + 0.05 * canvas.noise(20, 20)
    edge = contours(canvas, 0.012)
    paint = np.clip(wash * (1 - 0.28 * edge)[..., None], 0, 1) ** (0.85 * pigment)[..., None]
    paint = blend(as_field(paint), PAPER, 0.16)
    inset = np.minimum(
        np.minimum(canvas.x, canvas.width - canvas.x), np.minimum(canvas.y, canvas.height - canvas.y)
    )
    rim = step(0.0, 0.035, as_field(inset / canvas.unit + 0.012 * canvas.noise(7, 7)))
    return wobble(canvas, blend(PAPER, paint, rim), 0.016)


def oil(canvas: Canvas) -> Field:
    """Broad strokes: colours gathered into patches, stronger, with raised paint."""
    rgb = np.clip(canvas.rgb * 1.06 - 0.02, 0, 1)
    dabs = 0.08 * canvas.noise(20, 14) + 0.08 * canvas.noise(10, 24)
    strong = 0.15 + 0.3 * rgb.mean(axis=-1)
    picture = Image.fromarray(np.uint8(np.clip(rgb + (strong * dabs)[..., None], 0, 1) * 255))
    size = max(3, 2 * round(0.018 * canvas.unit) + 1)
    gathered = np.asarray(picture.filter(ImageFilter.MedianFilter(min(size, 7))), np.float32) / 255
    ridge = np.gradient(dabs)[1] * 0.04 * canvas.unit
    return wobble(canvas, as_field(gathered + (strong * ridge)[..., None]), 0.008)


def _coloured(canvas: Canvas, colour: Callable[[Layer], Field]) -> Field:
    """All layers, one over the other, in the colours that `colour` gives them."""
    picture = np.zeros_like(canvas.rgb)
    for layer in canvas.layers:
        picture += layer.mask[..., None] * (colour(layer) - picture)
    return picture


def outline(canvas: Canvas, mask: Field, thickness: float) -> Field:
    """The contour of a mask as a soft line; `thickness` in shares of the shorter side."""
    radius = max(1.0, thickness * canvas.unit)
    plane = Image.fromarray(np.uint8(np.clip(mask, 0, 1) * 255))
    blurred = np.asarray(plane.filter(ImageFilter.GaussianBlur(0.6 * radius)), np.float32) / 255
    return as_field(np.clip(2.0 * (1 - np.abs(2 * blurred - 1)) - 0.5, 0, 1))


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
    rows = np.clip(canvas.y + reach * canvas.noise(5, 5), 0.5, canvas.height - 0.5) - 0.5
    columns = np.clip(canvas.x + reach * canvas.noise(5, 5), 0.5, canvas.width - 0.5) - 0.5
    top, left = np.floor(rows).astype(np.int32), np.floor(columns).astype(np.int32)
    down, right = np.minimum(top + 1, canvas.height - 1), np.minimum(left + 1, canvas.width - 1)
    v, h = as_field(rows - top), as_field(columns - left)
    upper = blend(picture[top, left], picture[top, right], h)
    return blend(upper, blend(picture[down, left], picture[down, right], h), v)


def _strokes_texture(canvas: Canvas, angle: float) -> Field:
    """Broad parallel strokes, 0..1: low in frequency, so that the autoencoder can hold them."""
    along = canvas.x * np.float32(np.cos(angle)) + canvas.y * np.float32(np.sin(angle))
    wave = np.sin(along / (0.028 * canvas.unit) + 3 * canvas.noise(4, 4))
    return as_field(np.clip(0.5 + 0.35 * wave + 0.3 * canvas.noise(9, 9), 0, 1))


_STYLES: dict[str, Callable[[Canvas], Field]] = {
    "photo": photo, "flat": flat, "crayon": crayon, "child": child, "sketch": sketch,
    "watercolour": watercolour, "oil": oil,
}  # fmt: skip
