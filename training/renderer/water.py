"""Water: river, lake and sea, with the sky's reflection, ripples and waves."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, Field, Layer, as_field, blend, step
from .light import Mood, lighted

WATER: Colour = (0.25, 0.50, 0.72)


def reflection(canvas: Canvas, mood: Mood, line: float, ripple: float) -> Field:
    """The picture above `line` mirrored below it, broken by ripples; (H, W, 3)."""
    distance = canvas.y - line
    wave = ripple * canvas.unit * canvas.texture(16, 5.0) * np.clip(distance / (0.3 * canvas.unit), 0.15, 1)
    source = np.clip(line - 1 - 0.8 * distance + wave, 0, max(line - 1, 0)).astype(np.int32)
    columns = np.broadcast_to(np.arange(canvas.width), source.shape)
    return as_field(canvas.rgb[source, columns])


def water_surface(canvas: Canvas, mood: Mood, line: float, ripple: float, body: float = 0.4) -> Field:
    """Reflection mixed with the water's own colour, `body` 0..1 strong; (H, W, 3)."""
    mirrored = reflection(canvas, mood, line, ripple)
    own = lighted((0.16, 0.42, 0.60), 0.75, mood)
    sparkle = step(0.25, 0.75, canvas.texture(15, 5.0)) * 0.16 * (1 - 0.5 * mood.night)
    surface = blend(mirrored * np.float32(0.92), own, body)
    return blend(surface, mood.horizon, as_field(sparkle))


def draw_lake(canvas: Canvas, mood: Mood, horizon: float, bank: Colour, near_bank: bool) -> float:
    """A lake with a far shore. Returns the height of that shore's waterline in pixels."""
    shore = horizon + 0.075 * canvas.unit
    strip = lighted(bank, 0.45, mood)
    line = canvas.profile(horizon, ((6, 0.012 * canvas.unit),))
    canvas.add(Layer("shore", canvas.below(line), _filled(canvas, strip), bank))
    edge = canvas.profile(shore, ((4, 0.008 * canvas.unit),))
    canvas.add(Layer("lake", canvas.below(edge), water_surface(canvas, mood, shore, 0.05, 0.3), WATER))
    if near_bank:
        front = canvas.profile(canvas.height - 0.10 * canvas.unit, ((3, 0.05 * canvas.unit),))
        light = as_field(np.clip(0.55 + 0.3 * canvas.texture(9, 1.5), 0, 1))
        canvas.add(Layer("shore", canvas.below(front), lighted(bank, light, mood), bank))
    return shore


def draw_sea(canvas: Canvas, mood: Mood, horizon: float, beach: bool) -> None:
    """The sea to a straight horizon, waves growing towards the viewer; perhaps a beach in front."""
    depth = np.clip((canvas.y - horizon) / (canvas.height - horizon), 0, 1) + 0 * canvas.x
    surface = water_surface(canvas, mood, horizon, 0.12, 0.55)
    swell = np.sin(26 * np.sqrt(depth + 0.02) + 1.6 * canvas.noise(3, 8) + 3 * canvas.noise(2, 2)) * (
        0.3 + depth
    )
    light = as_field(np.clip(0.5 + 0.5 * swell, 0, 1))
    shaded = blend(as_field(surface * 0.78), blend(surface, mood.horizon, 0.35), light)
    canvas.add(Layer("sea", canvas.below(horizon), shaded, (0.2, 0.45, 0.72)))
    crest = (
        step(0.72, 0.95, as_field(swell + 0.25 * canvas.noise(9, 9)))
        * step(0.15, 0.4, as_field(depth))
        * 0.75
    )
    foam = lighted((1.0, 1.0, 1.0), 0.9, mood)
    canvas.add(
        Layer(
            "sea",
            as_field(crest * canvas.below(horizon)),
            _filled(canvas, foam),
            (0.75, 0.87, 0.95),
            inked=False,
        )
    )
    if beach:
        _draw_beach(canvas, mood)


def _draw_beach(canvas: Canvas, mood: Mood) -> None:
    """Sand along the lower edge with a line of foam."""
    slope = canvas.uniform(-0.25, 0.25) * canvas.unit
    edge = canvas.profile(canvas.height - 0.17 * canvas.unit, ((3, 0.03 * canvas.unit),))
    edge = as_field(edge + np.linspace(-slope, slope, canvas.width) * 0.5)
    foam = _filled(canvas, lighted((1.0, 1.0, 1.0), 1.0, mood))
    canvas.add(
        Layer("sea", canvas.below(edge - 0.03 * canvas.unit) * 0.85, foam, (0.92, 0.96, 1.0), inked=False)
    )
    light = as_field(np.clip(0.68 + 0.2 * canvas.texture(8, 2.0), 0, 1))
    canvas.add(Layer("sea", canvas.below(edge), lighted((0.94, 0.83, 0.62), light, mood), (0.95, 0.85, 0.6)))


def course(canvas: Canvas, horizon: float, far: float, near: float, sway: float) -> tuple[Field, Field]:
    """Centre and half width in pixels, (H, 1) each, of something that winds from the horizon to the viewer.

    far, near: half widths at the horizon and the lower edge; sway: how far it swings, in pixels.
    """
    t = np.clip((canvas.y - horizon) / (canvas.height - horizon), 0, 1)
    start, end = canvas.uniform(0.38, 0.66), canvas.uniform(0.28, 0.72)
    phase, turns = canvas.uniform(0, 6.3), canvas.uniform(5.0, 7.5)
    swing = np.sin(phase + turns * np.sqrt(t)) - np.sin(phase)
    middle = canvas.width * (start + (end - start) * t) + sway * swing * (0.25 + t)
    return as_field(middle), as_field(far + (near - far) * t**1.25)


def ribbon(canvas: Canvas, middle: Field, half: Field, horizon: float) -> Field:
    """The cover of a course: between its banks and below the horizon."""
    inside = np.clip(half - np.abs(canvas.x - middle) + 0.5, 0, 1)
    return as_field(inside * canvas.below(horizon))


def draw_river(canvas: Canvas, mood: Mood, horizon: float, wide: float) -> tuple[Field, Field]:
    """A river winding towards the viewer; returns its course. `wide`: half width at the lower edge."""
    middle, half = course(canvas, horizon, 0.02 * canvas.unit, wide, 0.17 * canvas.width)
    rim = ribbon(canvas, middle, half + 0.018 * canvas.unit * (0.3 + half / wide), horizon)
    bank = lighted((0.52, 0.44, 0.30), 0.5, mood)
    canvas.add(Layer("river", as_field(rim * 0.85), _filled(canvas, bank), (0.6, 0.5, 0.32), inked=False))
    surface = blend(
        water_surface(canvas, mood, horizon, 0.06, 0.35), lighted((0.5, 0.74, 0.95), 0.95, mood), 0.4
    )
    edge = step(0.0, 1.0, as_field((half - np.abs(canvas.x - middle)) / (0.5 * half)))
    shaded = as_field(surface * (0.72 + 0.28 * edge)[..., None])
    canvas.add(Layer("river", ribbon(canvas, middle, half, horizon), shaded, WATER))
    return middle, half


def _filled(canvas: Canvas, colour: Field) -> Field:
    """A colour (3,) spread over the picture."""
    return as_field(np.broadcast_to(colour, canvas.rgb.shape))
