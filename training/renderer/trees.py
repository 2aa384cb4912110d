"""Trees of several kinds, and forests of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .canvas import Canvas, Layer
from .fields import Colour, Ellipse, Field, Point, as_field, times, unit
from .frame import Frame
from .light import lighted, relief

_BARK: Colour = (0.40, 0.28, 0.19)
_LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((0.42, 0.66, 0.24), (0.5, 0.7, 0.3)),
    "summer": ((0.20, 0.42, 0.14), (0.26, 0.48, 0.16)),
    "autumn": ((0.82, 0.42, 0.1), (0.75, 0.24, 0.1), (0.86, 0.62, 0.15)),
    "winter": ((0.62, 0.68, 0.72), (0.5, 0.58, 0.62)),
}


def _leaf_colour(canvas: Canvas, season: str, kind: str) -> Colour:
    """A foliage colour for the season; conifers stay green, under snow in winter."""
    if kind == "pine":
        return (0.36, 0.46, 0.46) if season == "winter" else (0.12, 0.32, 0.2)
    shades = _LEAVES[season]
    return shades[canvas.between(0, len(shades) - 1)]


def draw_tree(canvas: Canvas, frame: Frame, kind: str, season: str) -> None:
    """A tree at the frame's foot, `frame.size` high."""
    frame.cast_shadow(canvas, 0.34)
    _PAINTERS[kind](canvas, frame, season)


def _add_wood(canvas: Canvas, mask: Field, colour: Colour, wide: float) -> None:
    """A trunk or branches with rounded shading and a little bark; `wide` in pixels."""
    light = relief(mask, canvas.mood, max(2.0, 0.6 * wide), canvas.texture(14, 0.4), 0.12)
    canvas.surface("tree", mask, colour, light)


def _add_foliage(canvas: Canvas, mask: Field, colour: Colour, tall: float) -> None:
    """A crown: rounded as a whole, clumps of leaves in small; `tall` in pixels."""
    clumps = canvas.texture(max(6, round(3.4 * canvas.unit / tall)))
    light = relief(mask, canvas.mood, 0.22 * tall, clumps, 0.55)
    shaded = times(lighted(colour, light, canvas.mood), 1 + 0.16 * clumps)
    canvas.add(Layer("tree", mask, shaded, colour))


def _trunk(frame: Frame, tall: float, wide: float) -> list[Point]:
    """A trunk that flares at its foot."""
    right = [(wide, 0.0), (0.55 * wide, 0.12 * tall), (0.35 * wide, tall)]
    return frame.path(*((-x, y) for x, y in right), *reversed(right))


def _crown(canvas: Canvas, frame: Frame, height: float, rx: float, ry: float) -> Field:
    """A lumpy ellipse: a core with smaller discs along its rim."""
    discs = [frame.ellipse(0, height, 0.8 * rx, 0.8 * ry)]
    for turn in np.linspace(0, 2 * np.pi, 10, endpoint=False) + canvas.uniform(0, 0.6):
        r, x, y = canvas.uniform(0.28, 0.4), 0.68 * rx * np.cos(turn), 0.68 * ry * np.sin(turn)
        discs.append(frame.ellipse(x, height + y, r * rx, r * ry))
    return canvas.discs(discs)


def _oak(canvas: Canvas, frame: Frame, season: str) -> None:
    """A broad crown on a strong trunk."""
    limbs = canvas.strokes(frame.lines(0.04, [(0, 0.3), (-0.2, 0.55)], [(0, 0.3), (0.2, 0.55)]))
    mask = np.maximum(canvas.polygons([_trunk(frame, 0.5, 0.055)]), limbs)
    _add_wood(canvas, mask, _BARK, 0.055 * frame.size)
    crown = _crown(canvas, frame, 0.66, canvas.uniform(0.34, 0.42), 0.33)
    _add_foliage(canvas, crown, _leaf_colour(canvas, season, "oak"), frame.size)


def _birch(canvas: Canvas, frame: Frame, season: str) -> None:
    """A slim white trunk with dark marks under a narrow crown."""
    trunk = canvas.polygons([_trunk(frame, 0.72, 0.035)])
    _add_wood(canvas, trunk, (0.88, 0.87, 0.83), 0.035 * frame.size)
    colour = {"autumn": (0.88, 0.72, 0.2), "winter": (0.62, 0.68, 0.72)}.get(season, (0.48, 0.66, 0.26))
    _add_foliage(canvas, _crown(canvas, frame, 0.68, 0.23, 0.32), colour, frame.size)
    heights = canvas.rng.uniform(0.05, 0.36, 5).tolist()
    marks = canvas.strokes(frame.lines(0.012, *([(-0.018, y), (0.007, y)] for y in heights)))
    canvas.surface("tree", marks * trunk, (0.18, 0.17, 0.17), 0.5, inked=False)


def _pine(canvas: Canvas, frame: Frame, season: str) -> None:
    """A conifer: four skirts over a short trunk."""
    _add_wood(canvas, canvas.polygons([_trunk(frame, 0.25, 0.05)]), _BARK, 0.05 * frame.size)
    mask = canvas.polygons(_skirts(frame.inner(0, 0.1, 0.9), 0.33))
    _add_foliage(canvas, mask, _leaf_colour(canvas, season, "pine"), 0.8 * frame.size)


def _skirts(frame: Frame, half: float) -> list[list[Point]]:
    """The four overlapping skirts of a conifer, the lowest `half` wide to each side."""
    skirts = []
    for index in range(4):
        top, foot, reach = 1 - 0.2 * index, 0.62 - 0.2 * index, half * (0.42 + 0.2 * index)
        under = (0.3 * reach, foot + 0.02)
        skirts.append(frame.path((0, top), (reach, foot), under, (-under[0], under[1]), (-reach, foot)))
    return skirts


def _palm(canvas: Canvas, frame: Frame, season: str) -> None:
    """A bent trunk with arching fronds, green in every season."""
    lean = canvas.uniform(-0.16, 0.16)
    spine = [(lean * t**1.6, 0.78 * t) for t in np.linspace(0, 1, 7).tolist()]
    _add_wood(canvas, canvas.strokes(frame.lines(0.06, spine)), (0.52, 0.40, 0.27), 0.06 * frame.size)
    turns = np.linspace(-0.35, np.pi + 0.35, 9) + canvas.uniform(-0.1, 0.1)
    crown = frame.inner(*spine[-1], 1)
    fronds = canvas.polygons([_frond(crown, turn) for turn in turns.tolist()])
    _add_foliage(canvas, fronds, _PALM_GREEN[season == "autumn"], 0.5 * frame.size)


_PALM_GREEN: tuple[Colour, Colour] = ((0.22, 0.48, 0.18), (0.34, 0.46, 0.16))


def _frond(crown: Frame, turn: float) -> list[Point]:
    """One palm frond: out of the crown in the direction `turn` and down in an arc, widest in its middle."""
    steps = np.linspace(0, 1, 6).tolist()
    arc = [(0.36 * np.cos(turn) * t, 0.30 * np.sin(turn) * t - 0.30 * t * t) for t in steps]
    bulge = [np.sin(np.pi * t) for t in steps]
    upper = [(x, y + 0.045 * b) for (x, y), b in zip(arc, bulge, strict=True)]
    lower = [(x, y - 0.03 * b) for (x, y), b in zip(arc, bulge, strict=True)]
    return crown.path(*upper, *reversed(lower))


def _bare(canvas: Canvas, frame: Frame, season: str) -> None:
    """A leafless tree of forking branches, grey in winter."""
    branches: list[tuple[list[Point], float]] = []
    _fork(canvas, branches, frame.inner(0, 0.3, 0.3), 0.0, 4)
    mask = np.maximum(canvas.strokes(branches), canvas.polygons([_trunk(frame, 0.33, 0.055)]))
    colour = (0.36, 0.32, 0.3) if season == "winter" else (0.33, 0.25, 0.2)
    _add_wood(canvas, mask, colour, 0.05 * frame.size)


def _fork(
    canvas: Canvas, branches: list[tuple[list[Point], float]], frame: Frame, turn: float, forks: int
) -> None:
    """Append a branch, `frame.size` long and turned from upright, and those that grow out of its end."""
    tip = (float(np.sin(turn)), float(np.cos(turn)))
    branches += frame.lines(0.2 * 0.8 ** (4 - forks), [(0, 0), tip])
    if forks > 0:
        for side in (-1.0, 1.0) if forks % 2 else (-1.0, 0.1, 1.0):
            bend = side * canvas.uniform(0.35, 0.6)
            _fork(canvas, branches, frame.inner(*tip, canvas.uniform(0.62, 0.78)), turn + bend, forks - 1)


_PAINTERS: dict[str, Callable[[Canvas, Frame, str], None]] = {
    "oak": _oak,
    "birch": _birch,
    "pine": _pine,
    "palm": _palm,
    "bare": _bare,
}


def draw_forest(canvas: Canvas, base: float, tall: float, kind: str, season: str) -> None:
    """Three rows of trees across the picture, the far ones pale in the air. `tall`: height in pixels."""
    for row, (share, air) in enumerate(((0.66, 0.5), (0.82, 0.25), (1.0, 0.0))):
        foot, high = base - 0.07 * tall * (2 - row), tall * share
        mask = _tree_row(canvas, foot, high, kind)
        if air > 0:
            thicket = canvas.below(foot - 0.34 * high) * (1 - canvas.below(base))
            mask = np.maximum(mask, thicket)
        light = relief(
            mask, canvas.mood, 0.07 * canvas.unit, canvas.texture(10), 0.45 if kind == "oak" else 0.3
        )
        undergrowth = 0.22 * unit((canvas.y - foot) / (0.5 * tall) + 0.8)
        colour = _leaf_colour(canvas, season, kind)
        canvas.surface("forest", mask, colour, unit(light + 0.06 * row - undergrowth), air=air)


def _tree_row(canvas: Canvas, base: float, tall: float, kind: str) -> Field:
    """The cover of one row of trees on stems: skirts for conifers, heaped discs for broad crowns."""
    gap = tall * (0.27 if kind == "pine" else 0.36)
    stems: list[tuple[list[Point], float]] = []
    skirts: list[list[Point]] = []
    crowns: list[Ellipse] = []
    for x in np.arange(-0.5 * gap, canvas.width + gap, gap).tolist():
        tree = Frame(x + canvas.uniform(-0.3, 0.3) * gap, base, tall * canvas.uniform(0.72, 1.05))
        stems += tree.lines(0.05, [(0, 0), (0, 0.5)])
        if kind == "pine":
            skirts += _skirts(tree.inner(0, 0.06, 0.94), 0.2)
        else:
            crowns += _broad_crown(canvas, tree)
    cover = canvas.polygons(skirts) if skirts else canvas.discs(crowns)
    return as_field(np.maximum(cover, canvas.strokes(stems)))


def _broad_crown(canvas: Canvas, tree: Frame) -> list[Ellipse]:
    """The discs of one broad crown."""
    discs = [tree.ellipse(0, 0.64, 0.26, 0.28)]
    for turn in np.linspace(0.4, 6.0, 6).tolist():
        r = 0.3 * canvas.uniform(0.4, 0.55)
        discs.append(tree.ellipse(0.19 * np.cos(turn), 0.64 + 0.21 * np.sin(turn), r, r))
    return discs
