"""Plants: trees of several kinds, flowers, cacti."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, Field, Layer, Point, as_field
from .land import leaf_colour, pine_tiers
from .light import Mood, lighted, relief

BARK: Colour = (0.40, 0.28, 0.19)
BIRCH_BARK: Colour = (0.88, 0.87, 0.83)


def draw_shadow(canvas: Canvas, mood: Mood, cx: float, base: float, half: float) -> None:
    """A soft shadow on the ground, thrown away from the light."""
    if mood.night < 0.9:
        offset = -mood.toward[0] * 0.5 * half
        blot = canvas.disc(cx + offset, base, 1.15 * half, 0.24 * half)
        canvas.veil(as_field(blot * 0.38 * mood.soft), (0.08, 0.10, 0.12))


def draw_tree(
    canvas: Canvas, mood: Mood, kind: str, season: str, cx: float, base: float, tall: float
) -> None:
    """A tree standing at (cx, base), `tall` pixels high."""
    draw_shadow(canvas, mood, cx, base, 0.34 * tall)
    painters = {"pine": _pine, "palm": _palm, "birch": _birch, "bare": _bare}
    painters.get(kind, _oak)(canvas, mood, season, cx, base, tall)


def _wood(canvas: Canvas, mood: Mood, mask: Field, colour: Colour, wide: float) -> None:
    """A trunk or branches with rounded shading and a little bark."""
    light = relief(mask, mood, max(2.0, 0.6 * wide), canvas.texture(14, 0.4), 0.12)
    canvas.add(Layer("tree", mask, lighted(colour, light, mood), colour))


def _trunk(cx: float, base: float, tall: float, wide: float) -> list[Point]:
    """A trunk that flares at its foot."""
    return [(cx - wide, base), (cx - 0.55 * wide, base - 0.12 * tall), (cx - 0.35 * wide, base - tall),
            (cx + 0.35 * wide, base - tall), (cx + 0.55 * wide, base - 0.12 * tall), (cx + wide, base)]  # fmt: skip


def _foliage(canvas: Canvas, mood: Mood, mask: Field, colour: Colour, tall: float) -> None:
    """A crown: rounded as a whole, clumps of leaves in small."""
    clumps = canvas.texture(max(6, round(3.4 * canvas.unit / tall)))
    light = relief(mask, mood, 0.22 * tall, clumps, 0.55)
    shaded = lighted(colour, light, mood) * (1 + 0.16 * clumps)[..., None]
    canvas.add(Layer("tree", mask, as_field(np.clip(shaded, 0, 1)), colour))


def _crown(canvas: Canvas, cx: float, cy: float, rx: float, ry: float) -> Field:
    """A lumpy ellipse: a core with smaller discs along its rim."""
    discs = [(cx, cy, 0.8 * rx, 0.8 * ry)]
    for turn in np.linspace(0, 2 * np.pi, 10, endpoint=False) + canvas.uniform(0, 0.6):
        r = canvas.uniform(0.28, 0.4)
        discs.append((cx + 0.68 * rx * np.cos(turn), cy + 0.68 * ry * np.sin(turn), r * rx, r * ry))
    return canvas.discs(discs)


def _oak(canvas: Canvas, mood: Mood, season: str, cx: float, base: float, tall: float) -> None:
    """A broad crown on a strong trunk."""
    wide = 0.055 * tall
    limbs = [
        (((cx, base - 0.3 * tall), (cx + side * 0.2 * tall, base - 0.55 * tall)), 0.04 * tall)
        for side in (-1, 1)
    ]
    mask = np.maximum(canvas.polygons([_trunk(cx, base, 0.5 * tall, wide)]), canvas.strokes(limbs))
    _wood(canvas, mood, as_field(mask), BARK, wide)
    crown = _crown(canvas, cx, base - 0.66 * tall, canvas.uniform(0.34, 0.42) * tall, 0.33 * tall)
    _foliage(canvas, mood, crown, leaf_colour(canvas, season, "oak"), tall)


def _birch(canvas: Canvas, mood: Mood, season: str, cx: float, base: float, tall: float) -> None:
    """A slim white trunk with dark marks under a narrow crown."""
    wide = 0.035 * tall
    trunk = canvas.polygons([_trunk(cx, base, 0.72 * tall, wide)])
    _wood(canvas, mood, trunk, BIRCH_BARK, wide)
    crown = _crown(canvas, cx, base - 0.68 * tall, 0.23 * tall, 0.32 * tall)
    colour = (0.88, 0.72, 0.2) if season == "autumn" else (0.48, 0.66, 0.26)
    _foliage(canvas, mood, crown, colour, tall)
    marks = [(((cx - 0.5 * wide, y), (cx + 0.2 * wide, y)), 0.012 * tall)
             for y in base - tall * canvas.rng.uniform(0.05, 0.36, 5)]  # fmt: skip
    dark = lighted((0.15, 0.14, 0.14), np.full_like(trunk, 0.5), mood)
    canvas.add(Layer("tree", as_field(canvas.strokes(marks) * trunk), dark, (0.2, 0.2, 0.2), inked=False))


def _pine(canvas: Canvas, mood: Mood, season: str, cx: float, base: float, tall: float) -> None:
    """A conifer: four skirts over a short trunk."""
    _wood(canvas, mood, canvas.polygons([_trunk(cx, base, 0.25 * tall, 0.05 * tall)]), BARK, 0.05 * tall)
    mask = canvas.polygons(pine_tiers(cx, base - 0.1 * tall, 0.9 * tall, 0.3 * tall))
    colour = leaf_colour(canvas, season, "pine")
    _foliage(canvas, mood, mask, colour, 0.8 * tall)


def _palm(canvas: Canvas, mood: Mood, season: str, cx: float, base: float, tall: float) -> None:
    """A bent trunk with arching fronds."""
    lean = canvas.uniform(-0.16, 0.16) * tall
    spine = [(cx + lean * t**1.6, base - 0.78 * tall * t) for t in np.linspace(0, 1, 7)]
    _wood(canvas, mood, canvas.strokes([(spine, 0.06 * tall)]), (0.52, 0.40, 0.27), 0.06 * tall)
    (tx, ty), fronds = spine[-1], []
    for turn in np.linspace(-0.35, np.pi + 0.35, 9) + canvas.uniform(-0.1, 0.1):
        reach, drop = 0.36 * tall * np.cos(turn), 0.30 * tall * np.sin(turn)
        arc = [(tx + reach * t, ty - drop * t + 0.30 * tall * t * t) for t in np.linspace(0, 1, 6)]
        upper = [
            (x, y - 0.045 * tall * np.sin(np.pi * t))
            for (x, y), t in zip(arc, np.linspace(0, 1, 6), strict=True)
        ]
        lower = [
            (x, y + 0.03 * tall * np.sin(np.pi * t))
            for (x, y), t in zip(arc, np.linspace(0, 1, 6), strict=True)
        ]
        fronds.append(upper + lower[::-1])
    _foliage(canvas, mood, canvas.polygons(fronds), (0.22, 0.48, 0.18), 0.5 * tall)


def _bare(canvas: Canvas, mood: Mood, season: str, cx: float, base: float, tall: float) -> None:
    """A leafless tree: branches that fork three times."""
    lines: list[tuple[tuple[Point, Point], float]] = []
    _branch(canvas, lines, (cx, base - 0.3 * tall), -0.5 * np.pi, 0.3 * tall, 0.06 * tall, 4)
    mask = np.maximum(canvas.strokes(lines), canvas.polygons([_trunk(cx, base, 0.33 * tall, 0.055 * tall)]))
    _wood(canvas, mood, as_field(mask), (0.33, 0.25, 0.2), 0.05 * tall)


def _branch(
    canvas: Canvas, lines: list[tuple[tuple[Point, Point], float]],
    start: Point, turn: float, long: float, wide: float, forks: int,
) -> None:  # fmt: skip
    """Append a branch and, while `forks` last, the two or three that grow out of its end."""
    end = (start[0] + long * float(np.cos(turn)), start[1] + long * float(np.sin(turn)))
    lines.append(((start, end), wide))
    if forks > 0:
        for side in (-1, 1) if forks % 2 else (-1, 0.1, 1):
            bend = side * canvas.uniform(0.35, 0.6)
            _branch(
                canvas, lines, end, turn + bend, long * canvas.uniform(0.62, 0.78), 0.62 * wide, forks - 1
            )


_PETALS: dict[str, Colour] = {
    "red": (0.86, 0.12, 0.14), "yellow": (0.98, 0.82, 0.12), "pink": (0.96, 0.5, 0.68), "purple": (0.56, 0.28, 0.74),
    "white": (0.97, 0.96, 0.95), "orange": (0.98, 0.52, 0.1), "blue": (0.32, 0.46, 0.9),
}  # fmt: skip


def draw_flower(
    canvas: Canvas, mood: Mood, kind: str, colour: str, cx: float, base: float, tall: float
) -> None:
    """A daisy, tulip or sunflower with stem and leaves, `tall` pixels high."""
    head, stem = 0.31 * tall, (0.24, 0.52, 0.16)
    cy = base - tall + head
    bend = canvas.uniform(-0.05, 0.05) * tall
    line = [(cx, cy), (cx + bend, (cy + base) / 2), (cx, base)]
    leaves = [[(cx, base - 0.1 * tall), (cx + side * 0.12 * tall, base - 0.3 * tall), (cx + side * 0.26 * tall, base - 0.36 * tall),
               (cx + side * 0.16 * tall, base - 0.16 * tall)] for side in (-1, 1)]  # fmt: skip
    green = np.maximum(canvas.strokes([(line, 0.035 * tall)]), canvas.polygons(leaves))
    light = relief(as_field(green), mood, 0.05 * tall, canvas.texture(10), 0.1)
    canvas.add(Layer("flower", as_field(green), lighted(stem, light, mood), stem))
    if kind == "tulip":
        _tulip(canvas, mood, _PETALS[colour], cx, cy, head)
    else:
        _daisy(canvas, mood, _PETALS[colour], cx, cy, head, kind == "sunflower")


def _daisy(
    canvas: Canvas, mood: Mood, colour: Colour, cx: float, cy: float, head: float, large: bool
) -> None:
    """Petals around a heart; a sunflower has more petals and a large dark heart."""
    count, heart = (14, 0.46) if large else (int(canvas.rng.integers(7, 10)), 0.32)
    radius = np.hypot(canvas.x - cx, canvas.y - cy) / head
    turn = np.arctan2(canvas.y - cy, canvas.x - cx) * count / 2 + canvas.uniform(0, 3)
    lobe = np.abs(np.cos(turn)) ** 0.6
    petals = np.clip(((0.62 + 0.4 * lobe) - radius) * head + 0.5, 0, 1)
    light = np.clip(0.42 + 0.4 * radius * lobe + 0.22 * lobe, 0, 1)
    canvas.add(Layer("flower", as_field(petals), lighted(colour, as_field(light), mood), colour))
    middle = (0.34, 0.2, 0.1) if large else (0.92, 0.68, 0.12)
    mask = canvas.disc(cx, cy, heart * head)
    dome = relief(mask, mood, 0.3 * head, canvas.texture(20), 0.2)
    canvas.add(Layer("flower", mask, lighted(middle, dome, mood), middle))


def _tulip(canvas: Canvas, mood: Mood, colour: Colour, cx: float, cy: float, head: float) -> None:
    """A closed cup with three points."""
    h = 0.92 * head
    outline = [(cx - 0.72 * h, cy - 0.95 * h), (cx - 0.3 * h, cy - 0.5 * h), (cx, cy - 1.05 * h), (cx + 0.3 * h, cy - 0.5 * h),
               (cx + 0.72 * h, cy - 0.95 * h), (cx + 0.8 * h, cy + 0.1 * h), (cx + 0.45 * h, cy + 0.72 * h),
               (cx, cy + 0.9 * h), (cx - 0.45 * h, cy + 0.72 * h), (cx - 0.8 * h, cy + 0.1 * h)]  # fmt: skip
    mask = canvas.polygons([outline])
    light = relief(mask, mood, 0.45 * head, canvas.texture(12, 0.4), 0.15)
    canvas.add(Layer("flower", mask, lighted(colour, light, mood), colour))


def draw_cactus(canvas: Canvas, mood: Mood, cx: float, base: float, tall: float) -> None:
    """A saguaro with one to three bent arms."""
    draw_shadow(canvas, mood, cx, base, 0.25 * tall)
    wide = 0.15 * tall
    lines: list[tuple[list[Point], float]] = [([(cx, base), (cx, base - tall + wide / 2)], wide)]
    ends = [(cx, base - tall + wide / 2, wide / 2, wide / 2)]
    for side in (-1, 1)[: 2 if canvas.chance(0.75) else 1]:
        y, reach, rise = (
            base - tall * canvas.uniform(0.32, 0.52),
            side * 0.26 * tall,
            tall * canvas.uniform(0.22, 0.36),
        )
        arm = 0.72 * wide
        lines += [([(cx, y), (cx + reach, y)], arm), ([(cx + reach, y), (cx + reach, y - rise)], arm)]
        ends += [(cx + reach, y, arm / 2, arm / 2), (cx + reach, y - rise, arm / 2, arm / 2)]
    mask = as_field(np.maximum(canvas.strokes(lines), canvas.discs(ends)))
    ribs = 0.09 * np.sin((canvas.x - cx) / wide * 22) + 0 * canvas.y
    light = np.clip(relief(mask, mood, 0.9 * wide) + ribs, 0, 1)
    canvas.add(Layer("cactus", mask, lighted((0.26, 0.52, 0.26), as_field(light), mood), (0.26, 0.55, 0.27)))
