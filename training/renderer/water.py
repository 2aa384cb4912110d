"""Water: river, lake and sea, with the sky's reflection, ripples and waves."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Layer
from .course import Course
from .fields import Colour, Field, as_field, blend, step, times, unit
from .light import lighted

WATER: Colour = (0.25, 0.50, 0.72)
_FOAM: Colour = (1.0, 1.0, 1.0)
_SAND: Colour = (0.94, 0.83, 0.62)


def _mirrored(canvas: Canvas, line: float, ripple: float) -> Field:
    """The picture above `line` mirrored below it, broken by ripples; (H, W, 3)."""
    distance = canvas.y - line
    wave = ripple * canvas.unit * canvas.texture(16, 5.0) * np.clip(distance / (0.3 * canvas.unit), 0.15, 1)
    source = np.clip(line - 1 - 0.8 * distance + wave, 0, max(line - 1, 0)).astype(np.int32)
    columns = np.broadcast_to(np.arange(canvas.width), source.shape)
    return as_field(canvas.rgb[source, columns])


def _surface(canvas: Canvas, line: float, ripple: float, body: float) -> Field:
    """Reflection mixed with the water's own colour, `body` 0..1 strong, and some sparkle; (H, W, 3)."""
    own = lighted((0.16, 0.42, 0.60), 0.75, canvas.mood)
    sparkle = step(0.25, 0.75, canvas.texture(15, 5.0)) * 0.16 * (1 - 0.5 * canvas.mood.night)
    surface = blend(0.92 * _mirrored(canvas, line, ripple), own, body)
    return blend(surface, canvas.mood.horizon, sparkle)


def mirror_since(canvas: Canvas, before: Field, line: float) -> None:
    """Reflect what was drawn since `before` (H, W, 3) in the water below `line`."""
    distance = canvas.y - line
    wave = 0.02 * canvas.unit * canvas.texture(14, 4.0)
    source = np.clip(line - 1.05 * distance + wave, 0, canvas.height - 1).astype(np.int32)
    columns = np.broadcast_to(np.arange(canvas.width), source.shape)
    drawn = step(0.02, 0.1, np.abs(canvas.rgb - before).max(axis=-1))[source, columns]
    strength = 0.55 * unit(1 - distance / (0.7 * canvas.unit)) * (distance > 0)
    canvas.veil(as_field(drawn * strength), canvas.rgb[source, columns])


def draw_lake(canvas: Canvas, horizon: float, bank: Colour, near_bank: bool) -> float:
    """A lake with a far shore. Returns the height of that shore's waterline in pixels."""
    shore = horizon + 0.075 * canvas.unit
    canvas.surface("shore", canvas.below(canvas.profile(horizon, (6, 0.012 * canvas.unit))), bank, 0.45)
    edge = canvas.profile(shore, (4, 0.008 * canvas.unit))
    canvas.paint("lake", canvas.below(edge), _surface(canvas, shore, 0.05, 0.3), WATER)
    if near_bank:
        front = canvas.profile(canvas.height - 0.10 * canvas.unit, (3, 0.05 * canvas.unit))
        canvas.surface("shore", canvas.below(front), bank, unit(0.55 + 0.3 * canvas.texture(9, 1.5)))
    return shore


def draw_sea(canvas: Canvas, horizon: float, beach: bool) -> None:
    """The sea to a straight horizon, waves growing towards the viewer; perhaps a beach in front."""
    depth = canvas.spread(unit((canvas.y - horizon) / (canvas.height - horizon)))
    rows = 26 * np.sqrt(depth + 0.02) + 1.6 * canvas.noise(3, 8) + 3 * canvas.noise(2, 2)
    swell = np.sin(rows) * (0.3 + depth)
    surface = _surface(canvas, horizon, 0.12, 0.55)
    shaded = blend(0.78 * surface, blend(surface, canvas.mood.horizon, 0.35), unit(0.5 + 0.5 * swell))
    below = canvas.below(horizon)
    canvas.paint("sea", below, shaded, (0.2, 0.45, 0.72))
    crest = 0.75 * step(0.78, 1.05, swell + 0.25 * canvas.noise(9, 9)) * step(0.15, 0.4, depth)
    canvas.add(Layer("sea", crest * below, lighted(_FOAM, 0.9, canvas.mood), (0.75, 0.87, 0.95), inked=False))
    if beach:
        _draw_beach(canvas)


def _draw_beach(canvas: Canvas) -> None:
    """Sand along the lower edge with a line of foam."""
    slope = canvas.uniform(-0.12, 0.12) * canvas.unit
    edge = canvas.profile(canvas.height - 0.17 * canvas.unit, (3, 0.03 * canvas.unit))
    edge = as_field(edge + np.linspace(-slope, slope, canvas.width))
    canvas.surface("sea", 0.85 * canvas.below(edge - 0.03 * canvas.unit), _FOAM, 1.0, inked=False)
    canvas.surface("sea", canvas.below(edge), _SAND, unit(0.68 + 0.2 * canvas.texture(8, 2.0)))


def draw_river(canvas: Canvas, horizon: float, wide: float) -> Course:
    """A river winding towards the viewer; returns its course. `wide`: half width at the lower edge."""
    course = Course.winding(canvas, horizon, 0.02 * canvas.unit, wide, 0.17 * canvas.width)
    bank = course.cover(canvas, 1.0, 0.018 * canvas.unit)
    canvas.surface("river", 0.85 * bank, (0.52, 0.44, 0.30), 0.5, inked=False)
    sky = lighted((0.5, 0.74, 0.95), 0.95, canvas.mood)
    surface = blend(_surface(canvas, horizon, 0.06, 0.35), sky, 0.4)
    # Darker along the banks, where the water lies in their shade.
    inside = (course.half - np.abs(canvas.x - course.middle)) / (0.5 * course.half)
    canvas.paint("river", course.cover(canvas), times(surface, 0.72 + 0.28 * step(0.0, 1.0, inside)), WATER)
    return course
