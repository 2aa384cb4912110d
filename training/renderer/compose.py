"""From a plan to a picture: where everything stands, and in which order it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import built, flames, flora, land, sky, water
from .canvas import Canvas, Field, as_field
from .light import Mood, make_mood
from .plan import Plan

_STANDING = ("castle", "house", "lighthouse", "tree", "cactus", "campfire")
_SKYWARD = ("sun", "moon", "stars", "clouds")


@dataclass
class _Site:
    """What the parts of a landscape need to know of each other, in pixels."""

    canvas: Canvas
    mood: Mood
    plan: Plan
    horizon: float
    side: float
    path: tuple[Field, Field] | None = None
    hill: tuple[float, float] | None = None
    shore: float | None = None

    @property
    def size(self) -> float:
        """Height of the main standing thing: large alone, smaller in company."""
        shares = {1: (0.62, 0.8), 2: (0.48, 0.6), 3: (0.38, 0.48)}
        low, high = shares.get(len(self.plan.free), (0.34, 0.42))
        tallest = 0.86 * self.canvas.height
        return min(self.canvas.unit * self.canvas.uniform(low, high), tallest)


def draw(canvas: Canvas, plan: Plan) -> None:
    """Draw the plan's scene on the canvas."""
    mood = make_mood(canvas, plan.time, plan.weather)
    if plan.main in ("fire", "fireplace", "candle"):
        _indoor(canvas, mood, plan)
    else:
        _landscape(canvas, mood, plan)


def _indoor(canvas: Canvas, mood: Mood, plan: Plan) -> None:
    """Fire, fireplace or candle."""
    if plan.main == "fire":
        flames.draw_fire(canvas, plan.detail("fire").variety)
        return
    if plan.has("fireplace"):
        floor = flames.draw_fireplace(canvas, mood, low=plan.has("candle"))
        size = 0.34 * canvas.unit
    else:
        floor = flames.draw_candle_room(canvas, mood.night > 0.5) + 0.03 * canvas.unit
        size = canvas.unit * canvas.uniform(0.56, 0.74)
    if plan.has("candle"):
        detail = plan.detail("candle")
        flames.draw_candles(canvas, detail.count, detail.colour, floor, size)


def _landscape(canvas: Canvas, mood: Mood, plan: Plan) -> None:
    """Sky, distance, ground, path, things, weather: from back to front."""
    side = -1.0 if canvas.chance(0.5) else 1.0
    site = _Site(canvas, mood, plan, _horizon(canvas, plan), side)
    _draw_sky(site)
    _draw_distance(site)
    _draw_ground(site)
    _draw_path(site)
    _draw_things(site)
    _draw_foreground(site)
    _draw_weather(site)


def _horizon(canvas: Canvas, plan: Plan) -> float:
    """Height of the horizon in pixels from the top."""
    low, high = (0.5, 0.62)
    if set(plan.free) <= set(_SKYWARD):
        low, high = (0.74, 0.86)
    elif plan.main in ("river", "road", "sea", "lake", "desert", "bridge"):
        low, high = (0.36, 0.5)
    elif plan.main in ("forest", "mountain", "snow"):
        low, high = (0.58, 0.74)
    elif plan.main in ("tree", "house", "castle", "cactus", "campfire") and len(plan.free) == 1:
        low, high = (0.58, 0.72)
    return canvas.height * canvas.uniform(low, high)


def _draw_sky(site: _Site) -> None:
    """Sky with whatever shines or floats in it."""
    canvas, mood, plan, horizon = site.canvas, site.mood, site.plan, site.horizon
    sky.draw_sky(canvas, mood, horizon)
    if plan.has("stars") or (mood.night > 0.9 and not plan.has("clouds")):
        sky.draw_stars(canvas, horizon, plan.has("stars"))
    alone = len(plan.free) == 1
    across = 0.5 + canvas.uniform(-0.15, 0.15) if alone else 0.5 - site.side * canvas.uniform(0.16, 0.32)
    if plan.has("sun"):
        low = plan.time != "day"
        radius = canvas.unit * (canvas.uniform(0.13, 0.18) if alone else canvas.uniform(0.085, 0.12))
        height = horizon - radius * canvas.uniform(-0.2, 1.0) if low else horizon * canvas.uniform(0.25, 0.45)
        if low and plan.has("hill", "mountain", "forest"):
            height -= 0.28 * canvas.unit
        sky.draw_sun(canvas, mood, across * canvas.width, height, radius, low)
    if plan.has("moon"):
        radius = canvas.unit * (
            canvas.uniform(0.19, 0.27) if plan.main == "moon" and alone else canvas.uniform(0.1, 0.14)
        )
        crescent = plan.detail("moon").variety == "crescent"
        share = (
            canvas.uniform(0.2, 0.3) if plan.has("mountain", "forest", "hill") else canvas.uniform(0.3, 0.45)
        )
        height = max(horizon * share, 1.15 * radius)
        sky.draw_moon(canvas, across * canvas.width, height, radius, crescent)
    if plan.has("clouds"):
        sky.draw_clouds(canvas, mood, horizon, plan.main == "clouds")


def _draw_distance(site: _Site) -> None:
    """Mountains or a faint rise, forest, hill: what stands behind the ground."""
    canvas, mood, plan, horizon = site.canvas, site.mood, site.plan, site.horizon
    if plan.has("mountain"):
        tall = min(
            canvas.unit * canvas.uniform(0.46, 0.58) * (1.0 if plan.main == "mountain" else 0.85),
            0.9 * horizon,
        )
        at = canvas.width * (0.5 + site.side * canvas.uniform(0.0, 0.18))
        land.draw_mountains(canvas, mood, horizon, at, tall, plan.has("snow"))
    elif not plan.has("sea", "desert", "forest") and canvas.chance(
        0.9 if plan.main in ("snow", "hill") else 0.4
    ):
        land.draw_far_hills(canvas, mood, horizon, land.GRASS[plan.season])
    if plan.has("forest"):
        share = canvas.uniform(0.6, 0.8) if plan.main == "forest" else canvas.uniform(0.36, 0.44)
        tall = min(share * canvas.unit, 0.95 * horizon)
        land.draw_forest(
            canvas, mood, horizon + 0.05 * canvas.unit, tall, plan.detail("forest").variety, plan.season
        )
    if plan.has("hill"):
        _draw_hill(site)


def _draw_hill(site: _Site) -> None:
    """The hill: the ground itself when nothing lies before it, else a mound behind the plain."""
    canvas, plan = site.canvas, site.plan
    crowded = plan.has("river", "road", "lake", "sea")
    cx = canvas.width * (
        0.5 + site.side * canvas.uniform(0.12, 0.22) if len(plan.free) > 1 else canvas.uniform(0.4, 0.6)
    )
    wide = canvas.unit * (canvas.uniform(0.36, 0.46) if crowded else canvas.uniform(0.5, 0.65))
    room = 0.22 if crowded else 0.1
    foot = site.horizon + (0.1 * canvas.unit if crowded else 0.75 * (canvas.height - site.horizon))
    top = site.horizon - room * canvas.unit * canvas.uniform(0.85, 1.15)
    site.hill = (cx, top)
    land.draw_hill(canvas, site.mood, land.ground_colour(plan.season, False), cx, top, wide, foot)


def _draw_ground(site: _Site) -> None:
    """Sea, lake, sand, snow or grass."""
    canvas, mood, plan, horizon = site.canvas, site.mood, site.plan, site.horizon
    grass = land.GRASS[plan.season]
    if plan.has("sea"):
        sky_line = horizon + (0.08 * canvas.unit if site.hill else 0)
        water.draw_sea(
            canvas, mood, sky_line, plan.detail("sea").variety == "beach" and not plan.has("lighthouse")
        )
    elif plan.has("lake"):
        site.shore = water.draw_lake(
            canvas, mood, horizon, grass, canvas.chance(0.5) and not plan.has("boat")
        )
    elif plan.has("desert"):
        land.draw_dunes(canvas, mood, horizon, land.SAND, "desert")
    elif site.hill is None or plan.has("river", "road"):
        level = horizon + (0.05 * canvas.unit if site.hill else 0.0)
        if plan.has("snow"):
            land.draw_dunes(canvas, mood, level, land.SNOW, "snow")
        else:
            line = canvas.profile(level, ((3, 0.012 * canvas.unit),))
            land.draw_ground(canvas, mood, line, grass, "meadow")


def _draw_path(site: _Site) -> None:
    """River, with its bridge, or road."""
    canvas, plan = site.canvas, site.plan
    start = site.horizon + (0.055 * canvas.unit if site.hill else 0.01 * canvas.unit)
    if plan.has("road"):
        wide = canvas.unit * (canvas.uniform(0.3, 0.4) if plan.main == "road" else canvas.uniform(0.16, 0.24))
        built.draw_road(canvas, site.mood, start, wide, plan.detail("road").variety == "paved")
    if plan.has("river"):
        wide = canvas.unit * (
            canvas.uniform(0.26, 0.38) if plan.main == "river" else canvas.uniform(0.17, 0.26)
        )
        site.path = water.draw_river(canvas, site.mood, start, wide)
    if plan.has("bridge") and site.path is not None:
        share = canvas.uniform(0.55, 0.7) if plan.main == "bridge" else canvas.uniform(0.38, 0.5)
        at = start + share * (canvas.height - start)
        built.draw_bridge(
            canvas, site.mood, plan.detail("bridge").variety, *site.path, at, plan.main == "bridge"
        )


def _draw_things(site: _Site) -> None:
    """Whatever stands on the ground or floats on the water."""
    canvas, plan = site.canvas, site.plan
    standing = [name for name in _STANDING if plan.has(name)]
    if plan.has("boat"):
        _draw_boats(site)
    if standing and plan.has("sea"):
        _draw_headland(site)
    before = canvas.rgb.copy()
    for index, name in enumerate(standing):
        _draw_standing(site, name, index, len(standing))
    if site.shore is not None and standing:
        built.mirror_since(canvas, before, site.shore)


def _draw_headland(site: _Site) -> None:
    """A piece of land at one side of the sea, for things to stand on."""
    canvas = site.canvas
    cx = canvas.width * (0.5 + site.side * canvas.uniform(0.2, 0.28))
    top = site.horizon + canvas.uniform(0.14, 0.22) * canvas.unit
    if site.hill is not None:
        return
    rise = canvas.height + 0.15 * canvas.unit - top
    offset = (canvas.x[0] - cx) / (0.34 * canvas.width)
    line = (
        canvas.height
        + 0.15 * canvas.unit
        - rise * np.exp(-(np.abs(offset) ** 2.6))
        + canvas.profile(0, ((7, 0.01 * canvas.unit),))
    )
    palm = site.plan.detail("tree").variety == "palm"
    colour = land.SAND if palm else land.GRASS[site.plan.season]
    land.draw_ground(canvas, site.mood, as_field(line), colour, "headland")
    site.hill = (cx, top + 0.02 * canvas.unit)


def _spot(site: _Site, name: str, index: int, total: int, size: float) -> tuple[float, float]:
    """Where a thing stands: on the hill, on the shore, or on the plain beside the river."""
    canvas = site.canvas
    across = (
        0.5 + canvas.uniform(-0.1, 0.1)
        if total == 1
        else 0.5 + 0.52 * (index / (total - 1) - 0.5) * site.side
    )
    if len(site.plan.free) > 1 and total == 1 and site.plan.has("sun", "moon", "flower"):
        across = 0.5 + site.side * canvas.uniform(0.12, 0.24)
    if site.hill is not None and index == 0:
        return site.hill[0], site.hill[1] + 0.025 * canvas.unit
    if site.shore is not None:
        return across * canvas.width, site.shore - 0.012 * canvas.unit
    base = site.horizon + canvas.unit * canvas.uniform(0.1, 0.16)
    if name in ("campfire",) or (len(site.plan.free) == 1):
        base = canvas.height - canvas.unit * canvas.uniform(0.08, 0.15)
    if site.path is not None:
        return _beside(site, across * canvas.width, base, size), base
    return across * canvas.width, base


def _beside(site: _Site, x: float, base: float, size: float) -> float:
    """The nearest place to `x` at row `base` that is not in the river."""
    if site.path is None:
        return x
    row = int(np.clip(base, 0, site.canvas.height - 1))
    middle, half = float(site.path[0][row, 0]), float(site.path[1][row, 0])
    clear = half + 0.34 * size
    if abs(x - middle) >= clear:
        return x
    return middle + clear if middle < site.canvas.width / 2 else middle - clear


def _draw_standing(site: _Site, name: str, index: int, total: int) -> None:
    """One kind of standing thing, as many of it as planned."""
    detail = site.plan.detail(name)
    size = site.size * (1.0 if site.plan.main == name or len(site.plan.free) > 2 else 0.85)
    if site.shore is not None or (site.hill is not None and index == 0):
        size = min(size, 0.9 * (site.hill[1] if site.hill is not None and index == 0 else site.horizon))
    x, base = _spot(site, name, index, total, size)
    if detail.count > 1:
        size *= 0.72 if detail.count == 2 else 0.62
    for number in range(detail.count):
        offset = (number - (detail.count - 1) / 2) * size * 0.78
        each = size * (1.0 if detail.count == 1 else site.canvas.uniform(0.8, 1.1))
        _draw_one(site, name, x + offset, base + abs(offset) * 0.06, each)


def _draw_one(site: _Site, name: str, x: float, base: float, size: float) -> None:
    """One standing thing, `size` pixels high or, if it is broad, wide."""
    canvas, mood, detail = site.canvas, site.mood, site.plan.detail(name)
    if name == "tree":
        flora.draw_tree(canvas, mood, detail.variety, site.plan.season, x, base, size * 1.08)
    elif name == "cactus":
        flora.draw_cactus(canvas, mood, x, base, size)
    elif name == "house":
        built.draw_house(canvas, mood, detail.colour, x, base, size * 0.95)
    elif name == "castle":
        built.draw_castle(canvas, mood, x, base, size)
    elif name == "lighthouse":
        built.draw_lighthouse(canvas, mood, x, base, size * 1.1)
    else:
        flames.draw_campfire(canvas, mood, x, base, size * 0.8)


def _draw_boats(site: _Site) -> None:
    """One or two boats on the water."""
    canvas, detail = site.canvas, site.plan.detail("boat")
    size = site.size * (0.95 if detail.count == 1 else 0.62)
    line = max(site.horizon, site.shore or 0.0) + canvas.unit * canvas.uniform(0.14, 0.24)
    middle = 0.5 - site.side * (
        canvas.uniform(0.1, 0.2) if len(site.plan.free) > 1 else canvas.uniform(0, 0.08)
    )
    for number in range(detail.count):
        x = middle + (number - (detail.count - 1) / 2) * 1.15 * size / canvas.width
        built.draw_boat(
            canvas,
            site.mood,
            detail.variety,
            detail.colour,
            x * canvas.width,
            line + number * 0.04 * canvas.unit,
            size,
        )


def _draw_foreground(site: _Site) -> None:
    """Flowers: large when they are what the picture is about, else a row along the lower edge."""
    canvas, plan, detail = site.canvas, site.plan, site.plan.detail("flower")
    if not plan.has("flower"):
        return
    large = plan.main == "flower"
    tall = canvas.unit * (canvas.uniform(0.7, 0.86) if large else canvas.uniform(0.26, 0.32))
    if large and detail.count > 1:
        tall *= 0.8 if detail.count < 4 else 0.66
    for number in range(detail.count):
        x = canvas.width * (number + 0.5 + canvas.uniform(-0.12, 0.12)) / detail.count
        if detail.count == 1 and len(plan.free) > 1:
            x -= site.side * 0.2 * canvas.width
        base = canvas.height - canvas.unit * canvas.uniform(-0.02, 0.04)
        flora.draw_flower(
            canvas, site.mood, detail.variety, detail.colour, x, base, tall * canvas.uniform(0.85, 1.08)
        )


def _draw_weather(site: _Site) -> None:
    """What lies in the air before everything."""
    if site.plan.weather == "fog":
        sky.draw_fog(site.canvas, site.mood, site.horizon)
    if site.plan.has("rain"):
        sky.draw_rain(site.canvas)
    if site.plan.has("snow") and site.plan.weather == "snow":
        sky.draw_snowfall(site.canvas)
