"""Fire in a room: a fireplace in its wall, candles on a table or a mantel."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .fields import Colour, Field, as_field, step, times, unit
from .flames import WARM, add_flames, add_logs, fill_plain, flame_heat
from .frame import Frame

_STONES: tuple[Colour, ...] = ((0.58, 0.28, 0.2), (0.6, 0.57, 0.53), (0.85, 0.83, 0.8))
_WAX: dict[str, Colour] = {"white": (0.96, 0.92, 0.8), "red": (0.72, 0.12, 0.1), "yellow": (0.95, 0.78, 0.35)}


def _bricks(canvas: Canvas, colour: Colour, rows: float) -> Field:
    """Brickwork: courses with staggered joints, each brick a little different; (H, W, 3)."""
    high = canvas.unit / rows
    course = np.floor(canvas.y / high)
    along = canvas.x / (2.2 * high) + 0.5 * (course % 2)
    up, right = canvas.y / high - course, along - np.floor(along)
    joint = np.minimum(np.minimum(up, 1 - up), 2.2 * np.minimum(right, 1 - right))
    tone = 1 + 0.16 * np.sin(12.9 * np.floor(along) + 78.2 * course)
    return times(colour, (0.66 + 0.34 * step(0.03, 0.16, joint)) * tone)


def draw_fireplace(canvas: Canvas, low: bool) -> float:
    """A wall with a fireplace, `low` to leave room above. Returns the height of its mantel in pixels."""
    fill_plain(canvas, (0.44, 0.31, 0.24) if canvas.mood.lamps else (0.62, 0.5, 0.4), 0.12)
    half = canvas.unit * canvas.uniform(0.38, 0.45)
    frame = Frame(canvas.width * canvas.uniform(0.44, 0.56), canvas.height * canvas.uniform(0.9, 0.95), half)
    high = (canvas.uniform(0.5, 0.55) if low else canvas.uniform(0.66, 0.74)) * canvas.unit / half
    stone = _STONES[canvas.between(0, len(_STONES) - 1)]
    wood = times((0.34, 0.2, 0.12), 1 + 0.2 * canvas.texture(10, 4.0))
    canvas.paint("floor", canvas.below(frame.base), wood, (0.5, 0.33, 0.2))
    body = canvas.polygons([frame.box(-1, 0, 1, high)])
    canvas.paint("fireplace", body, _bricks(canvas, stone, 13), stone)
    _draw_hearth(canvas, frame, 0.8 * high)
    shelf = canvas.polygons([frame.box(-1.14, high - 0.08, 1.14, high + 0.12)])
    canvas.paint("fireplace", shelf, unit(1.25 * wood), (0.45, 0.27, 0.15))
    return frame.at(0, high + 0.12)[1]


def _draw_hearth(canvas: Canvas, frame: Frame, tall: float) -> None:
    """The dark opening, the fire in it, and its light on the room; in units of half the fireplace."""
    wide, spring = 0.7, 0.75 * tall
    arch = canvas.polygons([frame.box(-wide, 0, wide, spring)])
    crown = canvas.discs([frame.ellipse(0, spring, wide, 0.25 * tall)])
    opening = np.maximum(arch, crown)
    canvas.paint("fireplace", opening, (0.06, 0.035, 0.03), (0.16, 0.11, 0.1))
    glow = frame.glow(canvas, 0, 0.3 * tall, 0.85)
    canvas.illuminate(glow, (0.62, 0.58, 0.56), (1.5, 0.78, 0.3))
    canvas.screen(opening * glow, WARM, 0.5)
    add_logs(canvas, "fireplace", frame.inner(0, 0.1 * tall, 1.05 * wide))
    fire = frame.inner(0, 0.07 * tall, 0.92 * tall)
    heat = flame_heat(canvas, fire, 0.66 * wide * frame.size, canvas.between(3, 4))
    add_flames(canvas, "fireplace", heat * opening)


def draw_candle_room(canvas: Canvas) -> float:
    """A table before a wall for candles to stand on. Returns the height of the table's edge in pixels."""
    night = canvas.mood.lamps
    fill_plain(canvas, (0.07, 0.05, 0.05) if night else (0.8, 0.77, 0.72), 0.2)
    table = canvas.height * canvas.uniform(0.84, 0.92)
    wood: Colour = (0.24, 0.13, 0.07) if night else (0.56, 0.38, 0.24)
    shaded = times(wood, 1 + 0.25 * canvas.texture(12, 5.0))
    canvas.paint("table", canvas.below(table), shaded, (0.5, 0.32, 0.18))
    return table


def draw_candles(canvas: Canvas, count: int, colour: str, foot: float, size: float) -> None:
    """Burning candles side by side. `size`: height of wax and flame together in pixels."""
    spread = min(size * 0.62, 0.8 * canvas.width / count)
    middle = canvas.width * (0.5 if count > 1 else canvas.uniform(0.4, 0.6))
    for index in range(count):
        tall = size * (canvas.uniform(0.8, 1.0) if count > 1 else 1.0)
        _draw_candle(canvas, Frame(middle + spread * (index - (count - 1) / 2), foot, tall), _WAX[colour])


def _draw_candle(canvas: Canvas, frame: Frame, wax: Colour) -> None:
    """One candle: a wax cylinder that glows near its flame."""
    half, top = 0.12, 0.62
    canvas.screen(frame.glow(canvas, 0, top + 0.2, 0.3) ** 1.2, WARM, 0.6)
    foot = canvas.discs([frame.ellipse(0, 0, half, 0.25 * half)])
    body = np.maximum(canvas.polygons([frame.box(-half, 0, half, top)]), foot)
    round_ = np.sqrt(unit(1 - ((canvas.x - frame.cx) / (half * frame.size)) ** 2))
    near = np.exp(-np.maximum(canvas.y - frame.at(0, top)[1], 0) / (0.28 * frame.size))
    light = (0.28 + 0.4 * round_) * (0.45 + 0.35 * near) + 0.62 * near
    warm = as_field(wax) * as_field((1.0, 0.93, 0.8))
    canvas.paint("candle", body, times(warm, 0.35 + light), wax)
    wick = canvas.strokes(frame.lines(0.02, [(0, top), (0, top + 0.07)]))
    canvas.paint("candle", wick, (0.0, 0.0, 0.0), (0.15, 0.1, 0.08), inked=False)
    _draw_candle_flame(canvas, frame.inner(0, top + 0.02, 0.36))


def _draw_candle_flame(canvas: Canvas, frame: Frame) -> None:
    """A calm drop-shaped flame, `frame.size` high."""
    rise = unit((frame.base - canvas.y) / frame.size)
    half = 0.24 * np.sqrt(unit(4 * rise)) * (1 - rise) ** 0.8
    across = np.abs((canvas.x - frame.cx) / frame.size - canvas.uniform(-0.06, 0.06) * rise)
    heat = np.clip(1.35 - across / np.maximum(half, 0.2 / frame.size), 0, 1.1) * (rise > 0) * (rise < 1)
    add_flames(canvas, "candle", np.clip(heat * (1.1 - 0.25 * rise), 0, 1.1))
