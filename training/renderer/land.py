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
    uneven = 0.5 + 0.26 * canvas.texture(5, 2.6) + 0.12 * canvas.texture(14, 2.0) * depth
    light = np.clip(uneven + 0.32 * (1 - depth), 0, 1)
    shaded = hazy(lighted(colour, as_field(light), mood), mood, 0.25)
    near = lighted(colour, as_field(light), mood)
    canvas.add(Layer(name, canvas.below(line), blend(shaded, near, as_field(np.sqrt(depth))), colour))


def draw_dunes(canvas: Canvas, mood: Mood, horizon: float) -> None:
    """Sand dunes, one behind the other, each with a lit and a shaded flank."""
    for index in range(3):
        level = horizon + (canvas.height - horizon) * (0.0, 0.22, 0.55)[index]
        swing = canvas.unit * (0.035, 0.06, 0.08)[index]
        line = canvas.profile(level, ((3, swing),))
        depth = np.clip((canvas.y - line) / (0.4 * canvas.unit), 0, 1)
        tilt = np.gradient(line) * mood.toward[0] * 1.6
        ripples = 0.05 * np.sin((canvas.y + 6 * canvas.noise(3, 3)) / (0.022 * canvas.unit))
        light = np.clip(0.68 + tilt - 0.35 * depth + ripples * depth + 0.1 * canvas.texture(5, 2.0), 0, 1)
        shaded = hazy(lighted(SAND, as_field(light), mood), mood, (0.35, 0.14, 0.0)[index])
        canvas.add(Layer("desert", canvas.below(line), shaded, SAND))


def draw_mountains(canvas: Canvas, mood: Mood, horizon: float, tall: float, snowy: bool) -> None:
    """A range with one to three clear peaks of height `tall` pixels, rock below and snow above."""
    line, peaks = _range_line(canvas, horizon, tall)
    mask = canvas.below(line)
    bumps = canvas.texture(7)
    facets = _facets(canvas, line, peaks, bumps)
    light = np.clip(0.5 + mood.soft * 0.42 * facets * np.sign(mood.toward[0]) + 0.14 * bumps, 0, 1)
    rock = lighted((0.46, 0.45, 0.48), as_field(light), mood)
    cap = 0.62 if snowy else 0.36
    snow_line = horizon - tall + cap * tall + 0.12 * tall * bumps
    white = step(0.06 * tall, -0.06 * tall, as_field(canvas.y - snow_line))
    shaded = blend(rock, lighted((1.0, 1.0, 1.0), as_field(np.clip(light + 0.12, 0, 1)), mood), white)
    fade = np.clip((canvas.y - (horizon - tall)) / tall, 0, 1) * 0.45 + 0.1
    shaded = blend(shaded, mood.horizon, as_field(fade + 0 * canvas.x))
    canvas.add(Layer("mountain", mask, shaded, (0.52, 0.55, 0.62)))
    canvas.add(Layer("mountain", as_field(mask * white), shaded, (0.97, 0.98, 1.0)))


def _range_line(canvas: Canvas, horizon: float, tall: float) -> tuple[Field, list[float]]:
    """The skyline (W,) of a mountain range and where its peaks stand, in pixels."""
    count = int(canvas.rng.integers(1, 4))
    width = canvas.width
    line = np.full(width, horizon, np.float32)
    peaks = []
    for index in range(count):
        at = width * ((index + canvas.uniform(0.3, 0.7)) / count)
        high = tall * (1.0 if index == count // 2 else canvas.uniform(0.6, 0.9))
        slope = canvas.uniform(1.0, 1.35)
        line = np.minimum(line, horizon - high + slope * np.abs(canvas.x[0] - at))
        peaks.append(at)
    jagged = canvas.profile(0.0, ((9, 0.05 * tall), (22, 0.035 * tall)))
    return as_field(np.minimum(line + jagged, horizon + 0.02 * canvas.unit)), peaks


def _facets(canvas: Canvas, line: Field, peaks: list[float], bumps: Field) -> Field:
    """-1 on the left flanks, 1 on the right ones, with ragged ridges between."""
    wander = 0.1 * canvas.unit * bumps
    nearest = np.argmin([np.abs(canvas.x[0] - at) for at in peaks], axis=0)
    offset = canvas.x - np.asarray(peaks, np.float32)[nearest][None, :] + wander
    return as_field(np.tanh(offset / (0.03 * canvas.unit)))


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
        share = (0.62, 0.8, 1.0)[row]
        foot = base - 0.1 * tall * (2 - row)
        shapes = _tree_row(canvas, foot, tall * share, kind)
        mask = canvas.polygons(shapes) if kind == "pine" else canvas.discs([s for s in shapes if len(s) == 4])  # type: ignore[misc]
        mask = np.maximum(mask, canvas.below(foot - 0.16 * tall) * (1 - canvas.below(foot)))
        bumps = canvas.texture(9)
        light = np.clip(
            relief(as_field(mask), mood, 0.07 * canvas.unit, bumps, 0.35) - 0.06 + 0.1 * row, 0, 1
        )
        colour = leaf_colour(canvas, season, kind)
        shaded = hazy(lighted(colour, light, mood), mood, (0.5, 0.25, 0.0)[row])
        canvas.add(Layer("forest", as_field(mask), shaded, colour))


def _tree_row(canvas: Canvas, base: float, tall: float, kind: str) -> list:
    """Shapes of one row: triangles for conifers, discs for broad crowns."""
    gap = tall * (0.3 if kind == "pine" else 0.42)
    shapes: list = []
    for x in np.arange(-0.5 * gap, canvas.width + gap, gap):
        cx, high = x + canvas.uniform(-0.3, 0.3) * gap, tall * canvas.uniform(0.72, 1.05)
        if kind == "pine":
            shapes += pine_tiers(cx, base, high, 0.2 * high)
        else:
            shapes.append((cx, base - 0.62 * high, 0.3 * high, 0.36 * high))
    return shapes


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
