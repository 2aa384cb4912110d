"""Roads, and bridges over rivers."""

from __future__ import annotations

import numpy as np

from .buildings import STONE
from .canvas import Canvas, Layer
from .course import Course
from .fields import Colour, Field, blend, step, unit
from .frame import Frame
from .light import lighted

_PLANKS: Colour = (0.5, 0.34, 0.2)


def draw_road(canvas: Canvas, horizon: float, wide: float, paved: bool) -> None:
    """A road from the horizon to the viewer, `wide` to each side: paved with a middle line, or of earth."""
    course = Course.winding(canvas, horizon, 0.012 * canvas.unit, wide, 0.07 * canvas.width)
    colour: Colour = (0.36, 0.36, 0.39) if paved else (0.68, 0.55, 0.38)
    near = lighted(colour, unit(0.6 + 0.2 * canvas.texture(7, 1.5)), canvas.mood)
    air = canvas.spread(0.3 * step(0.25, 0.0, (canvas.y - horizon) / canvas.unit))
    canvas.add(Layer("road", course.cover(canvas), blend(near, canvas.mood.horizon, air), colour))
    if paved:
        depth = unit((canvas.y - horizon) / (canvas.height - horizon))
        dashes = course.cover(canvas, 0.075) * (np.sin(14.4 / (depth + 0.16)) > -0.1)
        canvas.surface("road", dashes, (0.98, 0.95, 0.8), 0.85, inked=False)


def draw_bridge(canvas: Canvas, course: Course, row: float, kind: str, large: bool) -> None:
    """A bridge over a river at a picture row: a stone arch, or planks on posts."""
    middle, span = course.at(row)
    reach = span + (0.27 if large else 0.17) * canvas.unit
    frame = Frame(middle, row - 0.1 * canvas.unit, reach)
    rise = 0.26 + 0.05 * canvas.unit / reach
    colour = STONE if kind == "stone" else _PLANKS
    mask = _deck(canvas, frame, rise, stone=kind == "stone")
    below = (canvas.y - frame.base) / canvas.unit + rise * reach / canvas.unit
    canvas.surface("bridge", mask, colour, unit(0.78 - 0.5 * below + 0.2 * canvas.texture(12, 1.6)))
    _draw_railing(canvas, frame, rise, colour, posts=kind == "wood")


def _deck(canvas: Canvas, frame: Frame, rise: float, stone: bool) -> Field:
    """The arched deck; under a stone one the masonry reaches down to an arched opening."""
    across = np.clip((canvas.x - frame.cx) / frame.size, -1, 1)
    deck = frame.base - frame.size * rise * (1 - across**2)
    if stone:
        drop = 0.12 * canvas.unit
        arch = np.sqrt(unit(1 - (across / 0.82) ** 2)) * (frame.size * rise + 0.03 * canvas.unit)
        foot = np.where(np.abs(across) < 0.82, frame.base + drop - arch, frame.base + 1.25 * drop)
    else:
        foot = deck + 0.056 * canvas.unit
    ends = unit(frame.size - np.abs(canvas.x - frame.cx) + 0.5)
    return unit(canvas.y - deck + 0.5) * unit(foot - canvas.y + 0.5) * ends


def _draw_railing(canvas: Canvas, frame: Frame, rise: float, colour: Colour, posts: bool) -> None:
    """A handrail that follows the deck on short stakes; a wooden bridge also stands on `posts`."""
    u = canvas.unit / frame.size

    def deck(t: float) -> float:
        return rise * (1 - t * t)

    lines = frame.lines(0.024 * u, [(t, deck(t) + 0.07 * u) for t in np.linspace(-1, 1, 15).tolist()])
    stakes = ([(t, deck(t)), (t, deck(t) + 0.07 * u)] for t in np.linspace(-1, 1, 7).tolist())
    lines += frame.lines(0.016 * u, *stakes)
    if posts:
        lines += frame.lines(0.03 * u, *([(t, deck(t)), (t, -0.14 * u)] for t in (-0.62, 0.62)))
    canvas.surface("bridge", canvas.strokes(lines), colour, 0.85, inked=False)
