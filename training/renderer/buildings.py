"""House, lighthouse and castle."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Layer
from .fields import Colour, Point, blend, step, unit
from .frame import Frame
from .light import lighted

PAINT: dict[str, Colour] = {
    "red": (0.78, 0.18, 0.14),
    "white": (0.94, 0.93, 0.9),
    "blue": (0.28, 0.46, 0.74),
    "yellow": (0.93, 0.78, 0.34),
    "brown": (0.52, 0.35, 0.22),
}
STONE: Colour = (0.66, 0.64, 0.60)
_LAMP: Colour = (1.0, 0.82, 0.42)


def _add_walls(
    canvas: Canvas, subject: str, shapes: list[list[Point]], colour: Colour, light: float, rough: float = 0.1
) -> None:
    """Flat walls under even light with a little unevenness."""
    field = unit(light + rough * canvas.texture(10, 2.0))
    canvas.surface(subject, canvas.polygons(shapes), colour, field)


def _add_windows(
    canvas: Canvas, subject: str, frame: Frame, places: list[Point], wide: float, high: float
) -> None:
    """Window panes around the given points: lamp-lit in the dark, bluish glass by day."""
    panes = [frame.box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2) for x, y in places]
    lit = canvas.mood.lamps
    glass = _LAMP if lit else (0.36, 0.48, 0.6)
    flat = _LAMP if lit else (0.65, 0.82, 0.95)
    canvas.paint(subject, canvas.polygons(panes), glass, flat, emissive=lit)
    if lit:
        for x, y in places:
            canvas.screen(frame.glow(canvas, x, y, 0.9 * wide), _LAMP, 0.3)


def draw_house(canvas: Canvas, frame: Frame, colour: str) -> None:
    """A cottage, `frame.size` wide, with a hipped roof, chimney, door and windows."""
    frame.cast_shadow(canvas, 0.6)
    roof: Colour = (0.36, 0.3, 0.3) if colour == "red" else (0.58, 0.24, 0.17)
    _add_walls(canvas, "house", [frame.box(0.22, 0.42, 0.34, 0.92)], (0.55, 0.36, 0.3), 0.5)
    _add_walls(canvas, "house", [frame.box(-0.5, 0, 0.5, 0.42)], PAINT[colour], 0.82)
    eaves = canvas.polygons([frame.box(-0.5, 0.36, 0.5, 0.42)])
    canvas.veil(0.35 * eaves, (0.05, 0.05, 0.08))
    slope = frame.path((-0.59, 0.39), (-0.3, 0.82), (0.3, 0.82), (0.59, 0.39))
    _add_walls(canvas, "house", [slope], roof, 0.72, 0.22)
    _add_walls(canvas, "house", [frame.box(-0.08, 0, 0.08, 0.28)], (0.34, 0.22, 0.15), 0.6)
    _add_windows(canvas, "house", frame, [(-0.3, 0.215), (0.3, 0.215)], 0.17, 0.17)


def _rounded(canvas: Canvas, cx: float, half: float) -> np.ndarray:
    """Light across a round tower `half` pixels to each side of `cx`."""
    return 0.55 + 0.44 * canvas.mood.soft * canvas.mood.side * (canvas.x - cx) / half


def draw_lighthouse(canvas: Canvas, frame: Frame) -> None:
    """A white tower with red bands, `frame.size` high, and a lantern that shines in the dark."""
    body = canvas.polygons([frame.path((-0.15, 0), (-0.095, 0.8), (0.095, 0.8), (0.15, 0))])
    rows = (frame.base - canvas.y) / (0.8 * frame.size)
    bands = canvas.spread(step(-0.15, 0.15, np.sin(5 * np.pi * rows)))
    light = canvas.spread(unit(_rounded(canvas, frame.cx, 0.15 * frame.size)))
    shaded = lighted(blend((0.96, 0.95, 0.93), (0.82, 0.16, 0.14), bands), light, canvas.mood)
    canvas.add(Layer("lighthouse", body, shaded, (0.97, 0.96, 0.94)))
    canvas.add(Layer("lighthouse", body * bands, shaded, (0.85, 0.2, 0.16), inked=False))
    lit = canvas.mood.lamps
    lantern = canvas.polygons([frame.box(-0.065, 0.8, 0.065, 0.9)])
    canvas.paint("lighthouse", lantern, _LAMP if lit else (0.6, 0.72, 0.8), _LAMP, emissive=lit)
    roof = frame.path((-0.1, 0.9), (0, 1.0), (0.1, 0.9))
    gallery = frame.box(-0.12, 0.78, 0.12, 0.815)
    _add_walls(canvas, "lighthouse", [roof, gallery], (0.42, 0.14, 0.13), 0.6)
    if lit:
        _add_beam(canvas, frame)


def _add_beam(canvas: Canvas, frame: Frame) -> None:
    """The lantern's beam to both sides."""
    cones = [frame.path((0, 0.85), (s * 2.4, 1.1), (s * 2.4, 0.68)) for s in (-1, 1)]
    canvas.screen(canvas.polygons(cones) * frame.glow(canvas, 0, 0.85, 0.6), _LAMP, 0.45)
    canvas.screen(frame.glow(canvas, 0, 0.85, 0.1), _LAMP, 0.8)


def draw_castle(canvas: Canvas, frame: Frame) -> None:
    """A stone castle, `frame.size` wide: wall with battlements, gate, three towers with pointed roofs."""
    frame.cast_shadow(canvas, 0.55)
    battlements = [frame.box(t - 0.035, 0.35, t + 0.035, 0.41) for t in np.linspace(-0.36, 0.36, 6).tolist()]
    _add_walls(canvas, "castle", [frame.box(-0.42, 0, 0.42, 0.36), *battlements], STONE, 0.6, 0.2)
    for x, high, half in ((0.0, 0.72, 0.12), (-0.42, 0.56, 0.1), (0.42, 0.6, 0.1)):
        _add_tower(canvas, frame, x, high, half)
    arch = canvas.discs([frame.ellipse(0, 0.16, 0.07, 0.07)])
    gate = np.maximum(canvas.polygons([frame.box(-0.07, 0, 0.07, 0.16)]), arch)
    canvas.paint("castle", gate, (0.14, 0.1, 0.08), (0.25, 0.17, 0.12))


def _add_tower(canvas: Canvas, frame: Frame, x: float, high: float, half: float) -> None:
    """One round tower at `x` with its roof and a window, in the castle's units."""
    mask = canvas.polygons([frame.box(x - half, 0, x + half, high)])
    light = _rounded(canvas, frame.at(x, 0)[0], half * frame.size) + 0.12 * canvas.texture(12)
    canvas.surface("castle", mask, STONE, unit(light))
    roof = frame.path((x - 1.25 * half, high), (x, high + 0.26), (x + 1.25 * half, high))
    _add_walls(canvas, "castle", [roof], (0.34, 0.36, 0.56), 0.6)
    _add_windows(canvas, "castle", frame, [(x, high - 0.145)], 0.045, 0.1)
