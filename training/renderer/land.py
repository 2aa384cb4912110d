"""Ground and what rises from it: meadow, snow, sand, hills, mountains, forest, road."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Colour, Field, Layer, as_field, blend, step
from .light import Mood, hazy, lighted, relief

GRASS: dict[str, Colour] = {
    "spring": (0.42, 0.66, 0.22), "summer": (0.34, 0.56, 0.18), "autumn": (0.62, 0.53, 0.22), "winter": (0.93, 0.95, 0.99),
}  # fmt: skip
SAND: Colour = (0.93, 0.76, 0.48)
SNOW: Colour = (0.93, 0.95, 0.99)


def ground_colour(season: str, desert: bool) -> Colour:
    """The colour of open ground."""
    return SAND if desert else GRASS[season]


def draw_ground(canvas: Canvas, mood: Mood, line: Field, colour: Colour, name: str) -> None:
    """Open ground below a skyline (W,): brighter far off, with soft unevenness that grows nearer."""
    depth = np.clip((canvas.y - line) / (canvas.height - line + 1), 0, 1)
    uneven = 0.5 + 0.42 * canvas.texture(4, 2.6) + 0.16 * canvas.texture(12, 1.4) * depth
    light = np.clip(uneven + 0.3 * (1 - depth) - 0.12 * depth**2, 0, 1)
    shaded = hazy(lighted(colour, as_field(light), mood), mood, 0.25)
    near = lighted(colour, as_field(light), mood)
    canvas.add(Layer(name, canvas.below(line), blend(shaded, near, as_field(np.sqrt(depth))), colour))


def draw_dunes(canvas: Canvas, mood: Mood, horizon: float, colour: Colour, name: str) -> None:
    """Dunes of sand or drifts of snow, one behind the other, each with a lit and a shaded flank."""
    for index in range(3):
        level = horizon + (canvas.height - horizon) * (0.0, 0.22, 0.55)[index]
        swing = canvas.unit * (0.035, 0.06, 0.08)[index]
        line = canvas.profile(level, ((3, swing),))
        depth = np.clip((canvas.y - line) / (0.4 * canvas.unit), 0, 1)
        slanted = np.clip(canvas.x + 0.9 * (canvas.y - line), 0, canvas.width - 1).astype(np.int32)
        tilt = np.clip(np.gradient(line)[slanted] * np.sign(mood.toward[0]) * 1.3, -0.38, 0.38)
        ripples = 0.05 * np.sin((canvas.y + 6 * canvas.noise(3, 3)) / (0.022 * canvas.unit))
        light = np.clip(0.68 + tilt - 0.35 * depth + ripples * depth + 0.1 * canvas.texture(5, 2.0), 0, 1)
        shaded = hazy(lighted(colour, as_field(light), mood), mood, (0.35, 0.14, 0.0)[index])
        canvas.add(Layer(name, canvas.below(line), shaded, colour))


def draw_mountains(canvas: Canvas, mood: Mood, horizon: float, at: float, tall: float, snowy: bool) -> None:
    """A range of one to three peaks, the highest `tall` pixels and at column `at`, the lower ones behind."""
    count = int(canvas.rng.integers(1, 4))
    away = canvas.unit * canvas.uniform(0.34, 0.46)
    for index in reversed(range(count)):
        turn = 1.0 if canvas.chance(0.5) or count > 2 else -1.0
        place = at + (0.0, away, -1.15 * away)[index] * turn
        high = tall * (1.0 if index == 0 else canvas.uniform(0.55, 0.8))
        _draw_peak(canvas, mood, horizon, place, high, 0.1 if index == 0 else 0.3, snowy)


def _draw_peak(
    canvas: Canvas, mood: Mood, horizon: float, at: float, tall: float, air: float, snowy: bool
) -> None:
    """One mountain: a lit and a shaded flank of rock with ridges, snow on top, drowned in `air` 0..1."""
    slope = canvas.uniform(0.85, 1.1)
    line = horizon - tall + slope * np.abs(canvas.x[0] - at)
    line = line + canvas.profile(0.0, ((9, 0.05 * tall), (24, 0.03 * tall)))
    mask = canvas.below(as_field(np.minimum(line, horizon + 0.02 * canvas.unit)))
    bumps = canvas.texture(7)
    ragged = (canvas.x - at) + 0.22 * tall * bumps + 0.1 * (canvas.y - horizon + tall)
    flank = np.tanh(ragged / (0.05 * tall)) * np.sign(mood.toward[0])
    ridges = np.gradient(canvas.texture(12, 0.8))[1] * canvas.unit * 0.1
    light = as_field(np.clip(0.5 + mood.soft * (0.36 * flank + 0.3 * ridges) + 0.06 * bumps, 0, 1))
    rock = lighted((0.46, 0.44, 0.46), light, mood)
    snow_line = horizon - tall + (0.7 if snowy else 0.4) * tall + 0.2 * tall * bumps
    white = step(0.05 * tall, -0.05 * tall, as_field(canvas.y - snow_line))
    shaded = blend(rock, lighted((1.0, 1.0, 1.0), as_field(np.clip(light + 0.12, 0, 1)), mood), white)
    fade = np.clip((canvas.y - (horizon - tall)) / tall, 0, 1) * 0.4 + air
    shaded = blend(shaded, mood.horizon, as_field(fade + 0 * canvas.x))
    canvas.add(Layer("mountain", mask, shaded, (0.52, 0.55, 0.62)))
    canvas.add(Layer("mountain", as_field(mask * white), shaded, (0.97, 0.98, 1.0)))


def draw_hill(
    canvas: Canvas, mood: Mood, colour: Colour, cx: float, top: float, wide: float, foot: float
) -> None:
    """One rounded hill from its top at (cx, top) down to `foot`; `wide`: half its width, in pixels."""
    offset = (canvas.x[0] - cx) / wide
    bottom = foot
    line = bottom - (bottom - top) * np.exp(-1.6 * offset**2) + canvas.profile(0, ((5, 0.006 * canvas.unit),))
    light = 0.5 + 0.38 * mood.soft * np.tanh(offset * 1.8) * np.sign(mood.toward[0])
    depth = np.clip((canvas.y - line) / (0.4 * canvas.unit), 0, 1)
    light = light + 0.22 * (1 - depth) + 0.16 * canvas.texture(6, 1.5) + 0.08 * canvas.texture(16)
    shaded = lighted(colour, as_field(np.clip(light, 0, 1)), mood)
    canvas.add(Layer("hill", canvas.below(as_field(line)), shaded, colour))


def draw_far_hills(canvas: Canvas, mood: Mood, horizon: float, colour: Colour) -> None:
    """A low, hazy rise on the horizon: too faint to be a subject, it only gives depth."""
    line = canvas.profile(horizon - 0.02 * canvas.unit, ((3, 0.025 * canvas.unit),))
    light = np.full((canvas.height, canvas.width), 0.5, np.float32)
    canvas.add(Layer("distance", canvas.below(line), hazy(lighted(colour, light, mood), mood, 0.6), colour))


_LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((0.42, 0.66, 0.24), (0.5, 0.7, 0.3)),
    "summer": ((0.20, 0.42, 0.14), (0.26, 0.48, 0.16)),
    "autumn": ((0.82, 0.42, 0.1), (0.75, 0.24, 0.1), (0.86, 0.62, 0.15)),
    "winter": ((0.62, 0.68, 0.72), (0.5, 0.58, 0.62)),
}
_NEEDLES: Colour = (0.12, 0.32, 0.2)


def leaf_colour(canvas: Canvas, season: str, kind: str) -> Colour:
    """A foliage colour for the season; conifers stay green."""
    if kind == "pine":
        return (0.36, 0.46, 0.46) if season == "winter" else _NEEDLES
    shades = _LEAVES[season]
    return shades[int(canvas.rng.integers(len(shades)))]


def draw_forest(canvas: Canvas, mood: Mood, base: float, tall: float, kind: str, season: str) -> None:
    """Rows of trees across the picture, the far ones pale in the haze. `tall`: height in pixels."""
    for row in range(3):
        share = (0.66, 0.82, 1.0)[row]
        foot = base - 0.07 * tall * (2 - row)
        mask = _tree_row(canvas, foot, tall * share, kind)
        if row < 2:
            thicket = canvas.below(foot - 0.34 * tall * share + 0.06 * tall * canvas.texture(6)) * (
                1 - canvas.below(base)
            )
            mask = as_field(np.maximum(mask, thicket))
        bumps = canvas.texture(10)
        rounding = relief(mask, mood, 0.07 * canvas.unit, bumps, 0.45 if kind == "oak" else 0.3)
        darker = 0.22 * np.clip((canvas.y - foot) / (0.5 * tall) + 0.8, 0, 1)
        light = as_field(np.clip(rounding + 0.06 * row - darker, 0, 1))
        colour = leaf_colour(canvas, season, kind)
        shaded = hazy(lighted(colour, light, mood), mood, (0.5, 0.25, 0.0)[row])
        canvas.add(Layer("forest", mask, shaded, colour))


def _tree_row(canvas: Canvas, base: float, tall: float, kind: str) -> Field:
    """The cover of one row of trees on stems: triangles for conifers, heaped discs for broad crowns."""
    gap = tall * (0.27 if kind == "pine" else 0.36)
    stems, tiers, crowns = [], [], []
    for x in np.arange(-0.5 * gap, canvas.width + gap, gap):
        cx, high = x + canvas.uniform(-0.3, 0.3) * gap, tall * canvas.uniform(0.72, 1.05)
        stems.append((((cx, base), (cx, base - 0.5 * high)), 0.05 * high))
        if kind == "pine":
            tiers += pine_tiers(cx, base - 0.06 * high, 0.94 * high, 0.19 * high)
        else:
            crowns += _broad_crown(canvas, cx, base - 0.64 * high, 0.3 * high)
    cover = canvas.polygons(tiers) if tiers else canvas.discs(crowns)
    return as_field(np.maximum(cover, canvas.strokes(stems)))


def _broad_crown(
    canvas: Canvas, cx: float, cy: float, size: float
) -> list[tuple[float, float, float, float]]:
    """The discs of one broad crown."""
    rim = [(cx + size * 0.62 * np.cos(t), cy + size * 0.7 * np.sin(t)) for t in np.linspace(0.4, 6.0, 6)]
    small = [(x, y, size * canvas.uniform(0.4, 0.55), size * canvas.uniform(0.4, 0.55)) for x, y in rim]
    return [(cx, cy, 0.85 * size, 0.95 * size), *small]


def pine_tiers(cx: float, base: float, tall: float, half: float) -> list[list[tuple[float, float]]]:
    """The four overlapping skirts of a conifer."""
    tiers = []
    for index in range(4):
        top = base - tall * (1 - 0.2 * index)
        foot = base - tall * (0.62 - 0.2 * index)
        reach = half * (0.42 + 0.2 * index)
        tiers.append([(cx, top), (cx + reach, foot), (cx + 0.3 * reach, foot - 0.02 * tall),
                      (cx - 0.3 * reach, foot - 0.02 * tall), (cx - reach, foot)])  # fmt: skip
    return tiers
