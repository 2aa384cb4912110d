"""Fire: open flames, campfire, fireplace and candle, and the light they throw."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, Field, Layer, as_field, blend, step
from .light import Mood

_RAMP = np.array(
    [(0.25, 0.02, 0.0), (0.80, 0.14, 0.02), (1.0, 0.42, 0.05), (1.0, 0.74, 0.20), (1.0, 0.95, 0.62)],
    np.float32,
)
WARM = (1.0, 0.52, 0.16)


def flame_heat(canvas: Canvas, cx: float, base: float, wide: float, tall: float, tongues: int) -> Field:
    """How hot the fire is at each pixel, about 0..1: licking tongues that rise out of one broad body."""
    up = as_field((base - canvas.y) / tall)
    lift = np.clip(up, 0, 1)
    cells = max(3, round(1.6 * canvas.unit / wide))
    sway = (
        0.34 * wide * canvas.noise(cells, cells) * lift**0.6
        + 0.16 * wide * canvas.noise(2 * cells, 2 * cells) * lift
    )
    heat = _tongue(canvas.x - cx + 0.6 * sway, up, 0.95 * wide, 0.5)
    for place in np.linspace(-0.66, 0.66, tongues):
        length = (1.0 - 0.4 * abs(place)) * canvas.uniform(0.68, 1.05)
        middle = cx + wide * (place * (1 - 0.45 * lift) + canvas.uniform(-0.08, 0.08))
        heat = np.maximum(heat, _tongue(canvas.x - middle + sway, up, 0.44 * wide, length))
    streaks = 0.24 * canvas.noise(3 * cells, 2 * cells) + 0.1 * canvas.noise(6 * cells, 3 * cells)
    foot = np.clip((up + 0.03) / 0.08, 0, 1)
    return as_field(np.clip(heat * (1 + streaks), 0, 1.15) * foot)


def _tongue(across: Field, up: Field, half: float, length: float) -> Field:
    """One tongue: hot and broad below, cooler and pointed at `length` (1: the fire's whole height)."""
    rise = np.clip(up / length, 0.0, 1.0)
    taper = half * (1 - rise) ** 0.7 * (0.75 + 0.9 * rise * (1 - rise))
    side = np.abs(across) / np.maximum(taper, 0.3)
    return as_field(np.clip(1.3 - side**1.5, 0, 1) * (1.1 - 0.72 * rise) * (up < length))


def add_flames(canvas: Canvas, name: str, heat: Field) -> None:
    """Two layers from a heat field: the red-orange flame and its bright core."""
    place = np.clip((heat - 0.05) / 0.95, 0, 1) * (len(_RAMP) - 1)
    lower = np.minimum(place.astype(np.int32), len(_RAMP) - 2)
    colour = blend(_RAMP[lower], _RAMP[lower + 1], as_field(place - lower))
    canvas.add(Layer(name, step(0.08, 0.34, heat), colour, (0.98, 0.45, 0.08), emissive=True))
    canvas.add(Layer(name, step(0.55, 0.68, heat), colour, (1.0, 0.86, 0.25), emissive=True))


def add_sparks(canvas: Canvas, name: str, cx: float, top: float, wide: float, tall: float) -> None:
    """A few glowing sparks above a fire; too small for drawings, so light only."""
    number = int(canvas.rng.integers(6, 16))
    places = canvas.rng.normal((cx, top), (0.5 * wide, 0.16 * tall), (number, 2))
    dots = [
        (float(x), float(y), r, r) for (x, y), r in zip(places, [0.008 * canvas.unit] * number, strict=True)
    ]
    canvas.screen(canvas.discs(dots), (1.0, 0.62, 0.2), 0.9)


def draw_fire(canvas: Canvas, variety: str) -> None:
    """Flames that fill the picture: before the dark, in dusk, or before a bright wall."""
    backs = {"dark": (0.05, 0.03, 0.03), "dusk": (0.2, 0.15, 0.22), "bright": (0.86, 0.84, 0.8)}
    cx, base = canvas.width * canvas.uniform(0.42, 0.58), canvas.height * canvas.uniform(0.88, 1.0)
    wide = canvas.unit * canvas.uniform(0.26, 0.4)
    tall = min(canvas.height * canvas.uniform(0.72, 0.92), 1.25 * canvas.unit)
    fill_plain(canvas, backs[variety], 0.25)
    canvas.screen(
        canvas.glow_field(cx, base - 0.35 * tall, 0.5 * canvas.unit),
        WARM,
        0.16 if variety == "bright" else 0.42,
    )
    add_flames(canvas, "fire", flame_heat(canvas, cx, base, wide, tall, int(canvas.rng.integers(3, 6))))
    if variety != "bright":
        add_sparks(canvas, "fire", cx, base - tall, wide, tall)


def fill_plain(canvas: Canvas, colour: Colour, rough: float) -> None:
    """A plain backdrop with gentle, large unevenness."""
    tone = 1.0 + rough * canvas.texture(4)
    shaded = np.clip(np.asarray(colour, np.float32) * tone[..., None], 0, 1)
    everywhere = np.ones((canvas.height, canvas.width), np.float32)
    canvas.add(Layer("backdrop", everywhere, as_field(shaded), colour, inked=False))


def add_logs(canvas: Canvas, name: str, cx: float, base: float, size: float) -> None:
    """Three or four crossed logs with a lit upper edge."""
    for turn in canvas.rng.permutation(np.array([-0.32, 0.28, 0.0, 0.5]))[: int(canvas.rng.integers(3, 5))]:
        run, lift = 0.5 * size * np.cos(turn), 0.5 * size * np.sin(turn)
        line = ((cx - run, base + lift), (cx + run, base - lift))
        mask = canvas.strokes([(line, 0.17 * size)])
        lit = np.clip((base + 0.02 * size - canvas.y) / (0.2 * size) + 0.5, 0, 1) + 0 * canvas.x
        bark = 1.0 + 0.3 * canvas.texture(12, 0.5)
        shaded = blend((0.10, 0.05, 0.03), (0.5, 0.25, 0.1), as_field(lit)) * bark[..., None]
        canvas.add(Layer(name, mask, as_field(np.clip(shaded, 0, 1)), (0.42, 0.25, 0.12)))


def draw_campfire(canvas: Canvas, mood: Mood, cx: float, base: float, size: float) -> None:
    """Logs and flames on the ground; the surroundings glow. `size`: height of the flames in pixels."""
    glow = canvas.glow_field(cx, base - 0.35 * size, 0.75 * size)
    night = (0.75, 0.75, 0.8) if mood.night > 0.4 else (1.0, 1.0, 1.0)
    canvas.illuminate(as_field(glow**1.3), night, (2.6, 1.4, 0.45))
    canvas.screen(as_field(glow**1.5), WARM, 0.3)
    add_logs(canvas, "campfire", cx, base - 0.04 * size, 0.85 * size)
    heat = flame_heat(canvas, cx, base - 0.02 * size, 0.34 * size, size, int(canvas.rng.integers(3, 5)))
    add_flames(canvas, "campfire", heat)
    add_logs(canvas, "campfire", cx, base + 0.06 * size, 0.7 * size)
    add_sparks(canvas, "campfire", cx, base - size, 0.3 * size, size)


def brick_field(canvas: Canvas, colour: Colour, rows: float) -> Field:
    """Brickwork: courses with staggered joints, each brick a little different."""
    high = canvas.unit / rows
    course = np.floor(canvas.y / high)
    inside_y = canvas.y / high - course
    along = canvas.x / (2.2 * high) + 0.5 * (course % 2)
    inside_x = along - np.floor(along)
    joint = np.minimum(np.minimum(inside_y, 1 - inside_y), 2.2 * np.minimum(inside_x, 1 - inside_x))
    bright = 0.66 + 0.34 * step(0.03, 0.16, as_field(joint))
    tone = 1 + 0.16 * np.sin(12.9 * np.floor(along) + 78.2 * course)
    return as_field(np.clip(np.asarray(colour, np.float32) * (bright * tone)[..., None], 0, 1))


def draw_fireplace(canvas: Canvas, mood: Mood, low: bool) -> float:
    """A wall with a fireplace and its fire, `low` to leave room above. Returns the mantel's height in pixels."""
    fill_plain(canvas, (0.62, 0.5, 0.4) if mood.night < 0.5 else (0.44, 0.31, 0.24), 0.12)
    u, cx = canvas.unit, canvas.width * canvas.uniform(0.44, 0.56)
    floor = canvas.height * canvas.uniform(0.9, 0.95)
    mantel = floor - u * (canvas.uniform(0.5, 0.55) if low else canvas.uniform(0.66, 0.74))
    half = u * canvas.uniform(0.38, 0.45)
    stone: Colour = ((0.58, 0.28, 0.2), (0.6, 0.57, 0.53), (0.85, 0.83, 0.8))[int(canvas.rng.integers(3))]
    wood = as_field(np.float32((0.34, 0.2, 0.12)) * (1 + 0.2 * canvas.texture(10, 4.0))[..., None])
    canvas.add(Layer("floor", canvas.below(floor), wood, (0.5, 0.33, 0.2)))
    body = canvas.polygons([_box(cx - half, mantel, cx + half, floor)])
    canvas.add(Layer("fireplace", body, brick_field(canvas, stone, 13), stone))
    _hearth(canvas, cx, mantel, floor, half)
    shelf = canvas.polygons([_box(cx - 1.14 * half, mantel - 0.05 * u, cx + 1.14 * half, mantel + 0.035 * u)])
    canvas.add(Layer("fireplace", shelf, as_field(wood * 1.25), (0.45, 0.27, 0.15)))
    return mantel - 0.05 * u


def _hearth(canvas: Canvas, cx: float, mantel: float, floor: float, half: float) -> None:
    """The dark opening, the fire in it, and its light on the room."""
    wide, tall = 0.7 * half, 0.8 * (floor - mantel)
    arch = canvas.polygons([_box(cx - wide, floor - 0.75 * tall, cx + wide, floor)])
    arch = np.maximum(arch, canvas.disc(cx, floor - 0.75 * tall, wide, 0.25 * tall))
    soot = np.broadcast_to(np.float32((0.06, 0.035, 0.03)), canvas.rgb.shape)
    canvas.add(Layer("fireplace", as_field(arch), as_field(soot), (0.16, 0.11, 0.1)))
    glow = canvas.glow_field(cx, floor - 0.3 * tall, 0.85 * half)
    canvas.illuminate(glow, (0.62, 0.58, 0.56), (1.5, 0.78, 0.3))
    canvas.screen(as_field(arch * glow), WARM, 0.5)
    add_logs(canvas, "fireplace", cx, floor - 0.1 * tall, 1.05 * wide)
    heat = flame_heat(
        canvas, cx, floor - 0.07 * tall, 0.66 * wide, 0.92 * tall, int(canvas.rng.integers(3, 5))
    )
    add_flames(canvas, "fireplace", as_field(heat * arch))


def _box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    """The corners of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


_WAX = {"white": (0.96, 0.92, 0.8), "red": (0.72, 0.12, 0.1), "yellow": (0.95, 0.78, 0.35)}


def draw_candles(canvas: Canvas, count: int, colour: str, floor: float, size: float) -> None:
    """Burning candles side by side. `size`: height of wax plus flame in pixels."""
    spread = min(size * 0.62, 0.8 * canvas.width / count) if count > 1 else 0.0
    middle = canvas.width * (0.5 if count > 1 else canvas.uniform(0.4, 0.6))
    for index in range(count):
        tall = size * (canvas.uniform(0.8, 1.0) if count > 1 else 1.0)
        _candle(canvas, middle + spread * (index - (count - 1) / 2), floor, tall, _WAX[colour])


def _candle(canvas: Canvas, cx: float, floor: float, size: float, wax: Colour) -> None:
    """One candle: a wax cylinder that glows near its flame."""
    half, top = 0.12 * size, floor - 0.62 * size
    flame = top - 0.2 * size
    canvas.screen(as_field(canvas.glow_field(cx, flame, 0.3 * size) ** 1.2), WARM, 0.6)
    body = np.maximum(
        canvas.polygons([_box(cx - half, top, cx + half, floor)]), canvas.disc(cx, floor, half, 0.25 * half)
    )
    round_ = np.sqrt(np.clip(1 - ((canvas.x - cx) / half) ** 2, 0, 1))
    near = np.exp(-np.maximum(canvas.y - top, 0) / (0.28 * size))
    light = (0.28 + 0.4 * round_) * (0.45 + 0.35 * near) + 0.62 * near
    shaded = np.clip(
        np.asarray(wax, np.float32) * (0.35 + light)[..., None] * np.float32((1.0, 0.93, 0.8)), 0, 1
    )
    canvas.add(Layer("candle", as_field(body), as_field(shaded), wax))
    wick = canvas.strokes([(((cx, top), (cx, top - 0.07 * size)), 0.02 * size)])
    canvas.add(Layer("candle", wick, np.zeros_like(canvas.rgb), (0.15, 0.1, 0.08), inked=False))
    _candle_flame(canvas, cx, top, size)


def _candle_flame(canvas: Canvas, cx: float, top: float, size: float) -> None:
    """A calm drop-shaped flame over the wick."""
    rise = np.clip((top - 0.02 * size - canvas.y) / (0.36 * size), 0, 1)
    half = 0.085 * size * np.sqrt(np.clip(rise * 4, 0, 1)) * (1 - rise) ** 0.8
    lean = canvas.uniform(-0.02, 0.02) * size * rise
    heat = (
        np.clip(1.35 - np.abs(canvas.x - cx - lean) / np.maximum(half, 0.2), 0, 1.1) * (rise > 0) * (rise < 1)
    )
    add_flames(canvas, "candle", as_field(np.clip(heat * (1.1 - 0.25 * rise), 0, 1.1)))


def draw_candle_room(canvas: Canvas, night: bool) -> float:
    """A table before a wall for candles to stand on. Returns the height of the table in pixels."""
    fill_plain(canvas, (0.07, 0.05, 0.05) if night else (0.8, 0.77, 0.72), 0.2)
    table = canvas.height * canvas.uniform(0.84, 0.92)
    wood = np.float32((0.24, 0.13, 0.07) if night else (0.56, 0.38, 0.24))
    shaded = wood * (1 + 0.25 * canvas.texture(12, 5.0))[..., None]
    canvas.add(Layer("table", canvas.below(table), as_field(np.clip(shaded, 0, 1)), (0.5, 0.32, 0.18)))
    return table
