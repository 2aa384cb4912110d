"""What people build: house, boat, road, bridge, lighthouse, castle."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, Field, Layer, Point, as_field, blend, step
from .flora import draw_shadow
from .light import Mood, lighted
from .water import course, ribbon

PAINT: dict[str, Colour] = {
    "red": (0.78, 0.18, 0.14), "white": (0.94, 0.93, 0.9), "blue": (0.28, 0.46, 0.74), "yellow": (0.93, 0.78, 0.34),
    "brown": (0.52, 0.35, 0.22),
}  # fmt: skip
STONE: Colour = (0.66, 0.64, 0.60)
_LAMP: Colour = (1.0, 0.82, 0.42)


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The corners of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def add_plain(
    canvas: Canvas,
    mood: Mood,
    name: str,
    shapes: list[list[Point]],
    colour: Colour,
    light: float,
    rough: float = 0.1,
) -> Field:
    """Flat walls under even light with a little unevenness. Returns their mask."""
    mask = canvas.polygons(shapes)
    field = np.clip(light + rough * canvas.texture(10, 2.0), 0, 1)
    canvas.add(Layer(name, mask, lighted(colour, as_field(field), mood), colour))
    return mask


def draw_house(canvas: Canvas, mood: Mood, colour: str, cx: float, base: float, size: float) -> None:
    """A cottage `size` pixels wide with a gable roof, a shaded side, door and windows."""
    draw_shadow(canvas, mood, cx, base, 0.6 * size)
    side = 1.0 if mood.toward[0] > 0 else -1.0
    wall, roof = PAINT[colour], (0.58, 0.24, 0.17) if colour != "red" else (0.36, 0.3, 0.3)
    left, right, eaves, ridge = cx - 0.5 * size, cx + 0.5 * size, base - 0.42 * size, base - 0.82 * size
    add_plain(
        canvas,
        mood,
        "house",
        [box(cx + 0.22 * size, ridge - 0.1 * size, cx + 0.34 * size, eaves)],
        (0.55, 0.36, 0.3),
        0.5,
    )
    add_plain(canvas, mood, "house", [box(left, eaves, right, base)], wall, 0.82)
    shadow = canvas.polygons([box(left, eaves, right, eaves + 0.06 * size)])
    canvas.veil(as_field(shadow * 0.35), (0.05, 0.05, 0.08))
    over = 0.09 * size
    slope = [
        (left - over, eaves + 0.03 * size),
        (cx - 0.3 * size, ridge),
        (cx + 0.3 * size, ridge),
        (right + over, eaves + 0.03 * size),
    ]
    add_plain(canvas, mood, "house", [slope], roof, 0.62 + 0.15 * side * mood.toward[0], 0.22)
    add_plain(
        canvas,
        mood,
        "house",
        [box(cx - 0.08 * size, base - 0.28 * size, cx + 0.08 * size, base)],
        (0.34, 0.22, 0.15),
        0.6,
    )
    _windows(canvas, mood, [box(cx + at * size - 0.085 * size, base - 0.3 * size, cx + at * size + 0.085 * size, base - 0.13 * size)
                            for at in (-0.3, 0.3)], size)  # fmt: skip


def _windows(canvas: Canvas, mood: Mood, panes: list[list[Point]], size: float) -> None:
    """Window panes: lamp-lit in the dark, bluish glass by day."""
    mask = canvas.polygons(panes)
    lit = mood.night > 0.4
    glass: Colour = _LAMP if lit else (0.36, 0.48, 0.6)
    shaded = np.broadcast_to(np.float32(glass), canvas.rgb.shape)
    canvas.add(Layer("house", mask, as_field(shaded), _LAMP if lit else (0.65, 0.82, 0.95), emissive=lit))
    if lit:
        for pane in panes:
            (x0, y0), _, (x1, y1), _ = pane
            canvas.screen(canvas.glow_field((x0 + x1) / 2, (y0 + y1) / 2, 0.16 * size), _LAMP, 0.3)


def draw_boat(
    canvas: Canvas, mood: Mood, kind: str, colour: str, cx: float, line: float, size: float
) -> None:
    """A sailing or rowing boat `size` pixels long, floating at waterline `line`, with its reflection."""
    start = canvas.rgb.copy()
    paint, up = PAINT[colour], 0.15 * size
    hull = [
        (cx - 0.5 * size, line - up),
        (cx + 0.52 * size, line - 1.15 * up),
        (cx + 0.36 * size, line + 0.35 * up),
        (cx - 0.36 * size, line + 0.35 * up),
    ]
    if kind == "sail":
        _sails(canvas, mood, cx, line, up, size)
    shade = np.clip((line + 0.35 * up - canvas.y) / (1.4 * up), 0, 1) + 0 * canvas.x
    mask = canvas.polygons([hull])
    canvas.add(Layer("boat", mask, lighted(paint, as_field(0.35 + 0.6 * shade), mood), paint))
    rim = canvas.strokes(
        [(((cx - 0.5 * size, line - up), (cx + 0.52 * size, line - 1.15 * up)), 0.03 * size)]
    )
    canvas.add(
        Layer(
            "boat",
            rim,
            lighted((0.5, 0.33, 0.2), np.full_like(rim, 0.7), mood),
            (0.45, 0.3, 0.2),
            inked=False,
        )
    )
    if kind == "rowing":
        oar = canvas.strokes(
            [(((cx - 0.05 * size, line - 1.3 * up), (cx - 0.3 * size, line + 0.7 * up)), 0.025 * size)]
        )
        canvas.add(
            Layer(
                "boat",
                oar,
                lighted((0.62, 0.45, 0.28), np.full_like(oar, 0.7), mood),
                (0.5, 0.35, 0.2),
                inked=False,
            )
        )
    mirror_since(canvas, start, line + 0.35 * up)


def _sails(canvas: Canvas, mood: Mood, cx: float, line: float, up: float, size: float) -> None:
    """A mast with mainsail and jib."""
    top = line - 1.12 * size
    mast = canvas.strokes([(((cx, top), (cx, line - up)), 0.025 * size)])
    canvas.add(
        Layer(
            "boat",
            mast,
            lighted((0.4, 0.28, 0.18), np.full_like(mast, 0.6), mood),
            (0.4, 0.28, 0.18),
            inked=False,
        )
    )
    main = [
        (cx + 0.03 * size, top + 0.03 * size),
        (cx + 0.3 * size, line - 0.6 * size),
        (cx + 0.44 * size, line - 1.7 * up),
        (cx + 0.03 * size, line - 1.7 * up),
    ]
    jib = [
        (cx - 0.03 * size, top + 0.12 * size),
        (cx - 0.03 * size, line - 1.6 * up),
        (cx - 0.4 * size, line - 1.5 * up),
    ]
    for sail, light in ((main, 0.9), (jib, 0.68)):
        mask = canvas.polygons([sail])
        curve = np.clip(light - 0.5 * np.abs(canvas.x - cx) / size + 0 * canvas.y, 0, 1)
        canvas.add(
            Layer("boat", mask, lighted((0.98, 0.97, 0.93), as_field(curve + 0.15), mood), (0.98, 0.97, 0.94))
        )


def mirror_since(canvas: Canvas, before: Field, line: float) -> None:
    """Reflect what was drawn since `before` in the water below `line`."""
    distance = canvas.y - line
    wave = 0.02 * canvas.unit * canvas.texture(14, 4.0)
    source = np.clip(line - distance * 1.05 + wave, 0, canvas.height - 1).astype(np.int32)
    columns = np.broadcast_to(np.arange(canvas.width), source.shape)
    drawn = step(0.02, 0.1, as_field(np.abs(canvas.rgb - before).max(axis=-1)))[source, columns]
    strength = np.clip(1 - distance / (0.7 * canvas.unit), 0, 1) * (distance > 0) * 0.55
    canvas.veil(as_field(drawn * strength), canvas.rgb[source, columns])


def draw_road(canvas: Canvas, mood: Mood, horizon: float, wide: float, paved: bool) -> None:
    """A road from the horizon to the viewer, paved with a middle line or of earth."""
    middle, half = course(canvas, horizon, 0.012 * canvas.unit, wide, 0.07 * canvas.width)
    colour = (0.36, 0.36, 0.39) if paved else (0.68, 0.55, 0.38)
    light = np.clip(0.6 + 0.2 * canvas.texture(7, 1.5), 0, 1)
    mask = ribbon(canvas, middle, half, horizon)
    shaded = blend(
        lighted(colour, as_field(light), mood),
        mood.horizon,
        step(0.25, 0.0, as_field((canvas.y - horizon) / canvas.unit + 0 * canvas.x)) * 0.3,
    )
    canvas.add(Layer("road", mask, shaded, colour))
    if paved:
        depth = np.clip((canvas.y - horizon) / (canvas.height - horizon), 0, 1)
        dashes = np.sin(9 / (depth + 0.16) * 1.6) > -0.1
        line = ribbon(canvas, middle, half * 0.075, horizon) * dashes
        white = lighted((0.98, 0.95, 0.8), np.full((canvas.height, canvas.width), 0.85, np.float32), mood)
        canvas.add(Layer("road", as_field(line), white, (0.98, 0.95, 0.8), inked=False))


def draw_bridge(
    canvas: Canvas, mood: Mood, kind: str, middle: Field, half: Field, at: float, large: bool
) -> None:
    """A bridge over a river course at picture row `at`: a stone arch, or planks on posts."""
    row = int(np.clip(at, 0, canvas.height - 1))
    cx, span = float(middle[row, 0]), float(half[row, 0])
    reach = span + (0.27 if large else 0.17) * canvas.unit
    rise, thick = 0.26 * reach + 0.05 * canvas.unit, 0.08 * canvas.unit
    across = np.clip((canvas.x - cx) / reach, -1, 1)
    deck = at - 0.1 * canvas.unit - rise * (1 - across**2)
    ends = np.clip(reach - np.abs(canvas.x - cx) + 0.5, 0, 1)
    if kind == "stone":
        opening = (
            at
            + 0.02 * canvas.unit
            - (rise + 0.03 * canvas.unit)
            * np.sqrt(np.clip(1 - (across * reach / (0.82 * reach)) ** 2, 0, 1))
            * 0.98
        )
        foot = np.where(np.abs(across) < 0.82, opening, at + 0.05 * canvas.unit)
    else:
        foot = deck + 0.7 * thick
    mask = np.clip(canvas.y - deck + 0.5, 0, 1) * np.clip(foot - canvas.y + 0.5, 0, 1) * ends
    colour: Colour = STONE if kind == "stone" else (0.5, 0.34, 0.2)
    light = np.clip(0.72 - 0.5 * (canvas.y - deck) / canvas.unit + 0.2 * canvas.texture(12, 1.6), 0, 1)
    canvas.add(Layer("bridge", as_field(mask), lighted(colour, as_field(light), mood), colour))
    _railing(canvas, mood, kind, cx, reach, at - 0.1 * canvas.unit, rise, colour)


def _railing(
    canvas: Canvas, mood: Mood, kind: str, cx: float, reach: float, foot: float, rise: float, colour: Colour
) -> None:
    """Posts and a handrail that follow the deck; a wooden bridge also stands on posts."""
    tall = 0.07 * canvas.unit

    def deck(t: float) -> float:
        return foot - rise * (1 - t * t)

    rail = [(cx + reach * t, deck(t) - tall) for t in np.linspace(-1, 1, 15)]
    posts = [
        (((cx + reach * t, deck(t)), (cx + reach * t, deck(t) - tall)), 0.016 * canvas.unit)
        for t in np.linspace(-1, 1, 7)
    ]
    if kind == "wood":
        posts += [
            (((cx + reach * t, deck(t)), (cx + reach * t, foot + 0.14 * canvas.unit)), 0.03 * canvas.unit)
            for t in (-0.62, 0.62)
        ]
    mask = canvas.strokes([(rail, 0.024 * canvas.unit), *posts])
    canvas.add(Layer("bridge", mask, lighted(colour, np.full_like(mask, 0.85), mood), colour, inked=False))


def draw_lighthouse(canvas: Canvas, mood: Mood, cx: float, base: float, tall: float) -> None:
    """A white tower with red bands and a lantern that shines at night."""
    foot, top, head = 0.15 * tall, 0.095 * tall, base - 0.8 * tall
    body = [(cx - foot, base), (cx - top, head), (cx + top, head), (cx + foot, base)]
    mask = canvas.polygons([body])
    bands = step(-0.15, 0.15, as_field(np.sin((base - canvas.y) / (0.8 * tall) * 5 * np.pi + 0 * canvas.x)))
    round_ = np.clip(
        0.55 + 0.45 * mood.soft * (canvas.x - cx) / foot * np.sign(mood.toward[0]) + 0 * canvas.y, 0, 1
    )
    paint = blend((0.96, 0.95, 0.93), (0.82, 0.16, 0.14), bands)
    canvas.add(Layer("lighthouse", mask, lighted(paint, as_field(round_), mood), (0.97, 0.96, 0.94)))
    canvas.add(
        Layer(
            "lighthouse",
            as_field(mask * bands),
            lighted(paint, as_field(round_), mood),
            (0.85, 0.2, 0.16),
            inked=False,
        )
    )
    lamp = canvas.polygons([box(cx - 0.065 * tall, head - 0.1 * tall, cx + 0.065 * tall, head)])
    lit = mood.night > 0.4
    glass = np.broadcast_to(np.float32(_LAMP if lit else (0.6, 0.72, 0.8)), canvas.rgb.shape)
    canvas.add(Layer("lighthouse", lamp, as_field(glass), _LAMP, emissive=lit))
    roof = [
        (cx - 0.1 * tall, head - 0.1 * tall),
        (cx, head - 0.2 * tall),
        (cx + 0.1 * tall, head - 0.1 * tall),
    ]
    gallery = box(cx - 0.12 * tall, head - 0.015 * tall, cx + 0.12 * tall, head + 0.02 * tall)
    add_plain(canvas, mood, "lighthouse", [roof, gallery], (0.42, 0.14, 0.13), 0.6)
    if lit:
        beam = canvas.polygons(
            [
                [
                    (cx, head - 0.05 * tall),
                    (cx + s * 2.4 * tall, head - 0.3 * tall),
                    (cx + s * 2.4 * tall, head + 0.12 * tall),
                ]
                for s in (-1, 1)
            ]
        )
        canvas.screen(as_field(beam * canvas.glow_field(cx, head, 0.6 * tall)), _LAMP, 0.45)
        canvas.screen(canvas.glow_field(cx, head - 0.05 * tall, 0.1 * tall), _LAMP, 0.8)


def draw_castle(canvas: Canvas, mood: Mood, cx: float, base: float, size: float) -> None:
    """A stone castle `size` pixels wide: wall, gate, towers with pointed roofs."""
    draw_shadow(canvas, mood, cx, base, 0.55 * size)
    wall = [box(cx - 0.42 * size, base - 0.36 * size, cx + 0.42 * size, base)]
    wall += [
        box(
            cx + t * size - 0.035 * size, base - 0.41 * size, cx + t * size + 0.035 * size, base - 0.35 * size
        )
        for t in np.linspace(-0.36, 0.36, 6)
    ]
    add_plain(canvas, mood, "castle", wall, STONE, 0.6, 0.2)
    for at, high, half in ((0.0, 0.72, 0.12), (-0.42, 0.56, 0.1), (0.42, 0.6, 0.1)):
        x, top = cx + at * size, base - high * size
        mask = canvas.polygons([box(x - half * size, top, x + half * size, base)])
        light = np.clip(
            0.55
            + 0.42 * mood.soft * (canvas.x - x) / (half * size) * np.sign(mood.toward[0])
            + 0.12 * canvas.texture(12),
            0,
            1,
        )
        canvas.add(Layer("castle", mask, lighted(STONE, as_field(light), mood), STONE))
        roof = [(x - 1.25 * half * size, top), (x, top - 0.26 * size), (x + 1.25 * half * size, top)]
        add_plain(canvas, mood, "castle", [roof], (0.34, 0.36, 0.56), 0.6)
        _windows(
            canvas,
            mood,
            [box(x - 0.02 * size, top + 0.1 * size, x + 0.02 * size, top + 0.19 * size)],
            0.3 * size,
        )
    gate = np.maximum(
        canvas.polygons([box(cx - 0.07 * size, base - 0.16 * size, cx + 0.07 * size, base)]),
        canvas.disc(cx, base - 0.16 * size, 0.07 * size),
    )
    dark = np.broadcast_to(np.float32((0.14, 0.1, 0.08)), canvas.rgb.shape)
    canvas.add(Layer("castle", as_field(gate), as_field(dark), (0.25, 0.17, 0.12)))
