"""Flames and the light they throw: an open fire and a campfire."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .fields import Colour, Field, as_field, blend, step, times, unit
from .frame import Frame

# From the cool rim of a flame to its hot core.
_RAMP = as_field(
    [(0.25, 0.02, 0.0), (0.80, 0.14, 0.02), (1.0, 0.42, 0.05), (1.0, 0.74, 0.20), (1.0, 0.95, 0.62)]
)
_BACKDROPS: dict[str, Colour] = {
    "dark": (0.05, 0.03, 0.03),
    "dusk": (0.2, 0.15, 0.22),
    "bright": (0.86, 0.84, 0.8),
}
WARM: Colour = (1.0, 0.52, 0.16)


def flame_heat(canvas: Canvas, frame: Frame, wide: float, tongues: int) -> Field:
    """How hot a fire is at each pixel, 0..1.15: licking tongues that rise out of one broad body.

    The frame's size is the height of the flames; `wide` is half their width in pixels.
    """
    up = canvas.spread((frame.base - canvas.y) / frame.size)
    lift = unit(up)
    cells = max(3, round(1.6 * canvas.unit / wide))
    sway = 0.34 * canvas.noise(cells, cells) * lift**0.6 + 0.16 * canvas.noise(2 * cells, 2 * cells) * lift
    across = (canvas.x - frame.cx) / wide
    heat = _tongue(across + 0.6 * sway, up, 0.95, 0.5, wide)
    for place in np.linspace(-0.66, 0.66, tongues).tolist():
        length = (1.0 - 0.4 * abs(place)) * canvas.uniform(0.68, 1.05)
        middle = place * (1 - 0.45 * lift) + canvas.uniform(-0.08, 0.08)
        heat = np.maximum(heat, _tongue(across - middle + sway, up, 0.44, length, wide))
    streaks = 0.24 * canvas.noise(3 * cells, 2 * cells) + 0.1 * canvas.noise(6 * cells, 3 * cells)
    return as_field(np.clip(heat * (1 + streaks), 0, 1.15) * unit((up + 0.03) / 0.08))


def _tongue(across: Field, up: Field, half: float, length: float, wide: float) -> Field:
    """One tongue: hot and broad below, cooler and pointed at `length` (1: the fire's whole height)."""
    rise = unit(up / length)
    taper = half * (1 - rise) ** 0.7 * (0.75 + 0.9 * rise * (1 - rise))
    side = np.abs(across) / np.maximum(taper, 0.3 / wide)
    return unit(1.3 - side**1.5) * (1.1 - 0.72 * rise) * (up < length)


def add_flames(canvas: Canvas, subject: str, heat: Field) -> None:
    """Two layers from a heat field: the red-orange flame and its bright core."""
    place = unit((heat - 0.05) / 0.95) * (len(_RAMP) - 1)
    lower = np.minimum(place.astype(np.int32), len(_RAMP) - 2)
    colour = blend(_RAMP[lower], _RAMP[lower + 1], place - lower)
    canvas.paint(subject, step(0.08, 0.34, heat), colour, (0.98, 0.45, 0.08), emissive=True)
    canvas.paint(subject, step(0.55, 0.68, heat), colour, (1.0, 0.86, 0.25), emissive=True)


def _add_sparks(canvas: Canvas, frame: Frame, wide: float) -> None:
    """A few glowing sparks above a fire; too small for drawings, so light only."""
    x, top = frame.at(0, 1)
    places = canvas.rng.normal((x, top), (0.5 * wide, 0.16 * frame.size), (canvas.between(6, 15), 2)).tolist()
    r = 0.008 * canvas.unit
    canvas.screen(canvas.discs([(x, y, r, r) for x, y in places]), (1.0, 0.62, 0.2), 0.9)


def fill_plain(canvas: Canvas, colour: Colour, rough: float) -> None:
    """A plain backdrop with gentle, large unevenness."""
    shaded = times(colour, 1.0 + rough * canvas.texture(4))
    canvas.paint("backdrop", canvas.everywhere(), shaded, colour, inked=False)


def draw_fire(canvas: Canvas, variety: str) -> None:
    """Flames that fill the picture: before the dark, in dusk, or before a bright wall."""
    bright = variety == "bright"
    tall = min(canvas.height * canvas.uniform(0.72, 0.92), 1.25 * canvas.unit)
    base = canvas.height * canvas.uniform(0.88, 1.0)
    frame = Frame(canvas.width * canvas.uniform(0.42, 0.58), base, tall)
    wide = canvas.unit * canvas.uniform(0.26, 0.4)
    fill_plain(canvas, _BACKDROPS[variety], 0.25)
    glow = canvas.glow(*frame.at(0, 0.35), 0.5 * canvas.unit)
    canvas.screen(glow, WARM, 0.16 if bright else 0.42)
    add_flames(canvas, "fire", flame_heat(canvas, frame, wide, canvas.between(3, 5)))
    if not bright:
        _add_sparks(canvas, frame, wide)


def add_logs(canvas: Canvas, subject: str, frame: Frame) -> None:
    """Three or four crossed logs, `frame.size` long, with a lit upper edge."""
    turns = canvas.rng.permutation([-0.32, 0.28, 0.0, 0.5]).tolist()
    for turn in turns[: canvas.between(3, 4)]:
        run, lift = 0.5 * np.cos(turn), 0.5 * np.sin(turn)
        mask = canvas.strokes(frame.lines(0.17, [(-run, -lift), (run, lift)]))
        lit = canvas.spread(unit((frame.base - canvas.y) / (0.2 * frame.size) + 0.6))
        bark = 1.0 + 0.3 * canvas.texture(12, 0.5)
        shaded = times(blend((0.10, 0.05, 0.03), (0.5, 0.25, 0.1), lit), bark)
        canvas.paint(subject, mask, shaded, (0.42, 0.25, 0.12))


def draw_campfire(canvas: Canvas, frame: Frame) -> None:
    """Logs and flames on the ground, `frame.size` high; the surroundings glow."""
    glow = frame.glow(canvas, 0, 0.35, 0.75)
    ambient = (0.75, 0.75, 0.8) if canvas.mood.lamps else (1.0, 1.0, 1.0)
    canvas.illuminate(glow**1.3, ambient, (2.6, 1.4, 0.45))
    canvas.screen(glow**1.5, WARM, 0.3)
    add_logs(canvas, "campfire", frame.inner(0, 0.04, 0.85))
    heat = flame_heat(canvas, frame.inner(0, 0.02, 1), 0.34 * frame.size, canvas.between(3, 4))
    add_flames(canvas, "campfire", heat)
    add_logs(canvas, "campfire", frame.inner(0, -0.06, 0.7))
    _add_sparks(canvas, frame, 0.3 * frame.size)
