"""Open ground and what rises from it: meadow, dunes, snow drifts, hills, mountains."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Layer
from .fields import Colour, Field, as_field, blend, step, unit
from .light import lighted

GRASS: dict[str, Colour] = {
    "spring": (0.42, 0.66, 0.22),
    "summer": (0.34, 0.56, 0.18),
    "autumn": (0.62, 0.53, 0.22),
    "winter": (0.93, 0.95, 0.99),
}
SAND: Colour = (0.93, 0.76, 0.48)
SNOW: Colour = (0.93, 0.95, 0.99)
_ROCK: Colour = (0.46, 0.44, 0.46)


def draw_ground(canvas: Canvas, line: Field, colour: Colour, subject: str) -> None:
    """Open ground below a skyline (W,): brighter far off, with soft unevenness that grows nearer."""
    depth = unit((canvas.y - line) / (canvas.height - line + 1))
    uneven = 0.5 + 0.42 * canvas.texture(4, 2.6) + 0.16 * canvas.texture(12, 1.4) * depth
    near = lighted(colour, unit(uneven + 0.3 * (1 - depth) - 0.12 * depth**2), canvas.mood)
    far = blend(near, canvas.mood.horizon, 0.25)
    canvas.add(Layer(subject, canvas.below(line), blend(far, near, np.sqrt(depth)), colour))


def draw_dunes(canvas: Canvas, horizon: float, colour: Colour, subject: str) -> None:
    """Dunes of sand or drifts of snow, one behind the other, each with a lit and a shaded flank."""
    for level, swing, air in ((0.0, 0.035, 0.35), (0.22, 0.06, 0.14), (0.55, 0.08, 0.0)):
        line = canvas.profile(horizon + (canvas.height - horizon) * level, (3, canvas.unit * swing))
        depth = unit((canvas.y - line) / (0.4 * canvas.unit))
        # The flanks' light is looked up aslant, so that their edges run down the dune and not straight down.
        aslant = np.clip(canvas.x + 0.9 * (canvas.y - line), 0, canvas.width - 1).astype(np.int32)
        tilt = np.clip(1.3 * canvas.mood.side * np.gradient(line)[aslant], -0.38, 0.38)
        ripples = 0.05 * depth * np.sin((canvas.y + 6 * canvas.noise(3, 3)) / (0.022 * canvas.unit))
        light = unit(0.68 + tilt - 0.35 * depth + ripples + 0.1 * canvas.texture(5, 2.0))
        canvas.surface(subject, canvas.below(line), colour, light, air=air)


def draw_hill(canvas: Canvas, colour: Colour, cx: float, top: float, wide: float, foot: float) -> None:
    """One rounded hill from its top at (cx, top) down to `foot`; `wide`: half its width, in pixels."""
    offset = (canvas.x[0] - cx) / wide
    line = foot - (foot - top) * np.exp(-1.6 * offset**2) + canvas.profile(0, (5, 0.006 * canvas.unit))
    flank = 0.38 * canvas.mood.soft * canvas.mood.side * np.tanh(offset * 1.8)
    depth = unit((canvas.y - line) / (0.4 * canvas.unit))
    rough = 0.16 * canvas.texture(6, 1.5) + 0.08 * canvas.texture(16)
    canvas.surface("hill", canvas.below(as_field(line)), colour, unit(0.72 + flank - 0.22 * depth + rough))


def draw_far_hills(canvas: Canvas, horizon: float, colour: Colour) -> None:
    """A low, hazy rise on the horizon: too faint to be a subject, it only gives depth."""
    line = canvas.profile(horizon - 0.02 * canvas.unit, (3, 0.025 * canvas.unit))
    canvas.surface("distance", canvas.below(line), colour, 0.5, air=0.6)


def draw_mountains(canvas: Canvas, horizon: float, at: float, tall: float, snowy: bool) -> None:
    """A range of one to three peaks, the highest `tall` pixels and at column `at`, the lower ones behind."""
    count = canvas.between(1, 3)
    away = canvas.unit * canvas.uniform(0.34, 0.46)
    snow = 0.7 if snowy else 0.4
    for index in reversed(range(count)):
        turn = 1.0 if count > 2 or canvas.chance(0.5) else -1.0
        place = at + (0.0, away, -1.15 * away)[index] * turn
        high = tall * (1.0 if index == 0 else canvas.uniform(0.55, 0.8))
        _draw_peak(canvas, horizon, place, high, 0.1 if index == 0 else 0.3, snow)


def _draw_peak(canvas: Canvas, horizon: float, at: float, tall: float, air: float, snow: float) -> None:
    """One mountain of rock, its upper `snow` 0..1 white, drowned in `air` 0..1."""
    summit = horizon - tall
    line = summit + canvas.uniform(0.85, 1.1) * np.abs(canvas.x[0] - at)
    line = line + canvas.profile(0.0, (9, 0.05 * tall), (24, 0.03 * tall))
    mask = canvas.below(as_field(np.minimum(line, horizon + 0.02 * canvas.unit)))
    bumps = canvas.texture(7)
    light = _flanks(canvas, at, summit, tall, bumps)
    white = step(0.05 * tall, -0.05 * tall, canvas.y - summit - snow * tall - 0.2 * tall * bumps)
    rock = lighted(_ROCK, light, canvas.mood)
    shaded = blend(rock, lighted((1.0, 1.0, 1.0), unit(light + 0.12), canvas.mood), white)
    fade = canvas.spread(0.4 * unit((canvas.y - summit) / tall) + air)
    shaded = blend(shaded, canvas.mood.horizon, fade)
    canvas.add(Layer("mountain", mask, shaded, (0.52, 0.55, 0.62)))
    canvas.add(Layer("mountain", mask * white, shaded, (0.97, 0.98, 1.0)))


def _flanks(canvas: Canvas, at: float, summit: float, tall: float, bumps: Field) -> Field:
    """Light on a peak: one flank lit, one in shade, a ragged crest between them, and lesser ridges."""
    mood = canvas.mood
    ragged = (canvas.x - at) + 0.22 * tall * bumps + 0.1 * (canvas.y - summit)
    flank = mood.side * np.tanh(ragged / (0.05 * tall))
    ridges = np.gradient(canvas.texture(12, 0.8), axis=1) * canvas.unit * 0.1
    return unit(0.5 + mood.soft * (0.36 * flank + 0.3 * ridges) + 0.06 * bumps)
