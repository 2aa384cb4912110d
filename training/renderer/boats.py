"""Sailing and rowing boats."""

from __future__ import annotations

import numpy as np

from .buildings import PAINT
from .canvas import Canvas
from .fields import Colour, unit
from .frame import Frame
from .water import mirror_since

_SAIL: Colour = (0.98, 0.97, 0.93)
_WOOD: Colour = (0.45, 0.31, 0.2)


def draw_boat(canvas: Canvas, frame: Frame, kind: str, colour: str) -> None:
    """A boat, `frame.size` long, that floats at the frame's foot, with its reflection."""
    before = canvas.rgb.copy()
    if kind == "sail":
        _draw_sails(canvas, frame)
    keel = frame.at(0, -0.05)[1]
    hull = canvas.polygons([frame.path((-0.5, 0.15), (0.52, 0.17), (0.36, -0.05), (-0.36, -0.05))])
    shade = canvas.spread(unit(0.35 + 0.6 * unit((keel - canvas.y) / (0.21 * frame.size))))
    canvas.surface("boat", hull, PAINT[colour], shade)
    rim = canvas.strokes(frame.lines(0.03, [(-0.5, 0.15), (0.52, 0.17)]))
    canvas.surface("boat", rim, _WOOD, 0.7, inked=False)
    if kind == "rowing":
        oar = canvas.strokes(frame.lines(0.03, [(-0.05, 0.2), (-0.32, -0.11)]))
        canvas.surface("boat", oar, (0.62, 0.45, 0.28), 0.7, inked=False)
    mirror_since(canvas, before, keel)


def _draw_sails(canvas: Canvas, frame: Frame) -> None:
    """A mast with mainsail and jib."""
    mast = canvas.strokes(frame.lines(0.025, [(0, 1.12), (0, 0.15)]))
    canvas.surface("boat", mast, (0.4, 0.28, 0.18), 0.6, inked=False)
    main = frame.path((0.03, 1.09), (0.3, 0.6), (0.44, 0.255), (0.03, 0.255))
    jib = frame.path((-0.03, 1.0), (-0.03, 0.24), (-0.4, 0.225))
    for sail, light in ((main, 1.05), (jib, 0.83)):
        belly = light - 0.5 * np.abs(canvas.x - frame.cx) / frame.size
        canvas.surface("boat", canvas.polygons([sail]), _SAIL, canvas.spread(unit(belly)))
