"""Where houses, trees and the like stand in a landscape."""

from __future__ import annotations

import numpy as np

from . import buildings, flames, land, plants, trees
from .fields import Point, as_field
from .frame import Frame
from .plan import Plan
from .site import Site
from .water import mirror_since

# Drawn in this order: the fire last, since it lights everything else.
_STANDING = ("castle", "house", "lighthouse", "tree", "cactus", "campfire")


def standing_kinds(plan: Plan) -> list[str]:
    """The subjects of a plan that stand on the ground."""
    return [name for name in _STANDING if plan.has(name)]


def draw_standing(site: Site) -> None:
    """Everything that stands on the ground, with its reflection if it stands by a lake."""
    standing = standing_kinds(site.plan)
    if not standing:
        return
    if site.plan.has("sea") and site.summit is None:
        _draw_headland(site)
    before = site.canvas.rgb.copy()
    for index, name in enumerate(standing):
        _draw_kind(site, name, index, len(standing))
    if site.shore is not None:
        mirror_since(site.canvas, before, site.shore)


def _draw_headland(site: Site) -> None:
    """A piece of land at one side of the sea, for things to stand on."""
    canvas = site.canvas
    x = canvas.width * (0.5 + site.side * canvas.uniform(0.2, 0.28))
    top = site.horizon + canvas.uniform(0.14, 0.22) * canvas.unit
    bottom = canvas.height + 0.15 * canvas.unit
    offset = np.abs(canvas.x[0] - x) / (0.34 * canvas.width)
    line = bottom - (bottom - top) * np.exp(-(offset**2.6)) + canvas.profile(0, (7, 0.01 * canvas.unit))
    sandy = site.plan.detail("tree").variety == "palm"
    land.draw_ground(canvas, as_field(line), land.SAND if sandy else site.grass, "headland")
    site.summit = (x, top + 0.02 * canvas.unit)


def _draw_kind(site: Site, name: str, index: int, total: int) -> None:
    """One kind of standing thing, as many of it as planned, side by side."""
    canvas, count = site.canvas, site.plan.detail(name).count
    on_summit = site.summit is not None and index == 0
    size = site.thing_size() * (1.0 if site.plan.main == name or len(site.plan.free) > 2 else 0.85)
    if site.summit is not None and on_summit:
        size = min(size, 0.9 * site.summit[1])
    elif site.shore is not None:
        size = min(size, 0.9 * site.horizon)
    x, base = _spot(site, name, index, total, size)
    size *= {1: 1.0, 2: 0.72}.get(count, 0.62)
    for number in range(count):
        offset = (number - (count - 1) / 2) * size * 0.78
        each = size * (1.0 if count == 1 else canvas.uniform(0.8, 1.1))
        _draw_one(site, name, Frame(x + offset, base + 0.06 * abs(offset), each))


def _spot(site: Site, name: str, index: int, total: int, size: float) -> Point:
    """The foot of a thing: on the summit, on the shore, or on the plain beside the river."""
    canvas = site.canvas
    if site.summit is not None and index == 0:
        return site.summit[0], site.summit[1] + 0.025 * canvas.unit
    x = _across(site, index, total) * canvas.width
    if site.shore is not None:
        return x, site.shore - 0.012 * canvas.unit
    base = site.horizon + canvas.unit * canvas.uniform(0.1, 0.16)
    if name == "campfire" or site.alone:
        base = canvas.height - canvas.unit * canvas.uniform(0.08, 0.15)
    return _beside_river(site, x, base, size), base


def _across(site: Site, index: int, total: int) -> float:
    """How far across the picture a thing stands, 0..1: opposite to sun, moon or a large flower."""
    if total > 1:
        return 0.5 + 0.52 * site.side * (index / (total - 1) - 0.5)
    if not site.alone and site.plan.has("sun", "moon", "flower"):
        return 0.5 + site.side * site.canvas.uniform(0.12, 0.24)
    return 0.5 + site.canvas.uniform(-0.1, 0.1)


def _beside_river(site: Site, x: float, base: float, size: float) -> float:
    """The nearest place to `x` at row `base` that is not in the river."""
    if site.course is None:
        return x
    middle, half = site.course.at(base)
    clear = half + 0.34 * size
    if abs(x - middle) >= clear:
        return x
    return middle + clear if middle < site.canvas.width / 2 else middle - clear


def _draw_one(site: Site, name: str, frame: Frame) -> None:
    """One standing thing in its frame; the factors make their heights agree."""
    canvas, detail = site.canvas, site.plan.detail(name)
    if name == "tree":
        trees.draw_tree(canvas, frame.inner(0, 0, 1.08), detail.variety, site.plan.season)
    elif name == "cactus":
        plants.draw_cactus(canvas, frame)
    elif name == "house":
        buildings.draw_house(canvas, frame.inner(0, 0, 0.95), detail.colour)
    elif name == "castle":
        buildings.draw_castle(canvas, frame)
    elif name == "lighthouse":
        buildings.draw_lighthouse(canvas, frame.inner(0, 0, 1.08))
    else:
        flames.draw_campfire(canvas, frame.inner(0, 0, 0.8))
