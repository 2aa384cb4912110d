"""From a plan to a picture: indoor scenes, and landscapes from back to front."""

from __future__ import annotations

import numpy as np

from . import boats, flames, indoors, land, plants, sky, trees, water, ways
from .canvas import Canvas
from .frame import Frame
from .light import make_mood
from .plan import Plan
from .site import Site
from .things import draw_standing, standing_kinds


def draw(plan: Plan, width: int, height: int, rng: np.random.Generator) -> Canvas:
    """The plan's scene as a canvas of width x height pixels."""
    canvas = Canvas(width, height, rng, make_mood(rng, plan.time, plan.weather))
    if plan.has("fire"):
        flames.draw_fire(canvas, plan.detail("fire").variety)
    elif plan.has("fireplace", "candle"):
        _draw_room(canvas, plan)
    else:
        _draw_landscape(Site.survey(canvas, plan))
    return canvas


def _draw_room(canvas: Canvas, plan: Plan) -> None:
    """A fireplace, candles, or candles on a mantel."""
    if plan.has("fireplace"):
        foot = indoors.draw_fireplace(canvas, low=plan.has("candle"))
        size = 0.34 * canvas.unit
    else:
        foot = indoors.draw_candle_room(canvas) + 0.03 * canvas.unit
        size = canvas.unit * canvas.uniform(0.56, 0.74)
    if plan.has("candle"):
        detail = plan.detail("candle")
        indoors.draw_candles(canvas, detail.count, detail.colour, foot, size)


def _draw_landscape(site: Site) -> None:
    """Sky, distance, ground, path, things, weather."""
    _draw_sky(site)
    _draw_distance(site)
    _draw_ground(site)
    _draw_path(site)
    if site.plan.has("boat"):
        _draw_boats(site)
    draw_standing(site)
    if site.plan.has("flower"):
        _draw_flowers(site)
    _draw_weather(site)


def _draw_sky(site: Site) -> None:
    """Sky with whatever shines or floats in it, the sun or moon opposite to what stands on the ground."""
    canvas, plan, horizon = site.canvas, site.plan, site.horizon
    sky.draw_sky(canvas, horizon)
    if plan.has("stars") or (canvas.mood.night > 0.9 and not plan.has("clouds")):
        sky.draw_stars(canvas, horizon, dense=plan.has("stars"))
    across = 0.5 + canvas.uniform(-0.15, 0.15)
    if not site.alone and len(standing_kinds(plan)) < 2:
        across = 0.5 - site.side * canvas.uniform(0.16, 0.32)
    if plan.has("sun"):
        _draw_sun(site, across * canvas.width)
    if plan.has("moon"):
        _draw_moon(site, across * canvas.width)
    if plan.has("clouds"):
        top = horizon * (0.6 if plan.has("mountain", "forest") else 1.0)
        sky.draw_clouds(canvas, top, large=plan.main == "clouds")


def _draw_sun(site: Site, x: float) -> None:
    """The sun: high by day, touching the horizon in the evening, above a hill or forest if there is one."""
    canvas, low = site.canvas, site.plan.time != "day"
    radius = canvas.unit * (canvas.uniform(0.13, 0.18) if site.alone else canvas.uniform(0.085, 0.12))
    y = site.horizon * canvas.uniform(0.25, 0.45)
    if low:
        y = site.horizon - radius * canvas.uniform(-0.2, 1.0)
        y -= canvas.unit * (0.42 if site.plan.has("forest", "mountain") else 0.28 * site.plan.has("hill"))
    sky.draw_sun(canvas, x, y, radius, low)


def _draw_moon(site: Site, x: float) -> None:
    """The moon, high enough to clear whatever rises on the horizon."""
    canvas, plan = site.canvas, site.plan
    large = plan.main == "moon" and site.alone
    radius = canvas.unit * (canvas.uniform(0.19, 0.27) if large else canvas.uniform(0.1, 0.14))
    walled = plan.has("mountain", "forest", "hill")
    share = canvas.uniform(0.2, 0.3) if walled else canvas.uniform(0.3, 0.45)
    y = max(site.horizon * share, 1.15 * radius)
    sky.draw_moon(canvas, x, y, radius, crescent=plan.detail("moon").variety == "crescent")


def _draw_distance(site: Site) -> None:
    """What stands behind the ground: mountains or a faint rise, a forest, a hill."""
    canvas, plan, horizon = site.canvas, site.plan, site.horizon
    if plan.has("mountain"):
        share = canvas.uniform(0.46, 0.58) * (1.0 if plan.main == "mountain" else 0.85)
        at = canvas.width * (0.5 + site.side * canvas.uniform(0.0, 0.18))
        land.draw_mountains(canvas, horizon, at, min(canvas.unit * share, 0.9 * horizon), plan.has("snow"))
    elif not plan.has("sea", "desert", "forest") and canvas.chance(
        0.9 if plan.main in ("snow", "hill") else 0.4
    ):
        land.draw_far_hills(canvas, horizon, site.grass)
    if plan.has("forest"):
        _draw_forest(site)
    if plan.has("hill"):
        _draw_hill(site)


def _draw_forest(site: Site) -> None:
    """The forest: a wall of trees if it is the subject, lower before mountains and under whatever shines."""
    canvas, plan = site.canvas, site.plan
    low, high = (0.6, 0.8) if plan.main == "forest" else (0.36, 0.44)
    if plan.has("mountain"):
        low, high = 0.2, 0.26
    elif plan.has("sun", "moon", "clouds"):
        low, high = 0.34, 0.42
    tall = min(canvas.unit * canvas.uniform(low, high), 0.95 * site.horizon)
    foot = site.horizon + 0.05 * canvas.unit
    trees.draw_forest(canvas, foot, tall, plan.detail("forest").variety, plan.season)


def _draw_hill(site: Site) -> None:
    """The hill: the ground itself when nothing lies before it, else a mound behind the plain."""
    canvas, behind = site.canvas, site.plan.has("river", "road", "lake", "sea", "snow")
    across = canvas.uniform(0.4, 0.6) if site.alone else 0.5 + site.side * canvas.uniform(0.12, 0.22)
    wide = canvas.unit * (canvas.uniform(0.36, 0.46) if behind else canvas.uniform(0.5, 0.65))
    foot = site.horizon + (0.1 * canvas.unit if behind else 0.75 * (canvas.height - site.horizon))
    top = site.horizon - canvas.unit * canvas.uniform(0.85, 1.15) * (0.22 if behind else 0.1)
    site.summit = (across * canvas.width, top)
    land.draw_hill(canvas, site.grass, *site.summit, wide, foot)


def _draw_ground(site: Site) -> None:
    """Sea, lake, sand, snow or grass."""
    canvas, plan, horizon = site.canvas, site.plan, site.horizon
    before_hill = horizon + (0.05 * canvas.unit if site.summit else 0.0)
    if plan.has("sea"):
        beach = plan.detail("sea").variety == "beach" and not plan.has("lighthouse")
        water.draw_sea(canvas, horizon + (0.08 * canvas.unit if site.summit else 0), beach)
    elif plan.has("lake"):
        near_bank = not plan.has("boat") and canvas.chance(0.5)
        site.shore = water.draw_lake(canvas, horizon, site.grass, near_bank)
    elif plan.has("desert"):
        land.draw_dunes(canvas, horizon, land.SAND, "desert")
    elif site.summit is not None and not plan.has("river", "road", "snow"):
        return
    elif plan.has("snow"):
        land.draw_dunes(canvas, before_hill, land.SNOW, "snow")
    else:
        line = canvas.profile(before_hill, (3, 0.012 * canvas.unit))
        land.draw_ground(canvas, line, site.grass, "meadow")


def _draw_path(site: Site) -> None:
    """A road, or a river with its bridge."""
    canvas, plan = site.canvas, site.plan
    start = site.horizon + (0.055 if site.summit else 0.01) * canvas.unit
    if plan.has("road"):
        wide = canvas.unit * (canvas.uniform(0.3, 0.4) if plan.main == "road" else canvas.uniform(0.16, 0.24))
        ways.draw_road(canvas, start, wide, paved=plan.detail("road").variety == "paved")
    if plan.has("river"):
        wide = canvas.unit * (
            canvas.uniform(0.26, 0.38) if plan.main == "river" else canvas.uniform(0.17, 0.26)
        )
        site.course = water.draw_river(canvas, start, wide)
    if plan.has("bridge") and site.course is not None:
        large = plan.main == "bridge"
        share = canvas.uniform(0.55, 0.7) if large else canvas.uniform(0.38, 0.5)
        row = start + share * (canvas.height - start)
        ways.draw_bridge(canvas, site.course, row, plan.detail("bridge").variety, large)


def _draw_boats(site: Site) -> None:
    """One or two boats on the water."""
    canvas, detail = site.canvas, site.plan.detail("boat")
    size = site.thing_size() * (0.95 if detail.count == 1 else 0.6)
    line = max(site.horizon, site.shore or 0.0) + canvas.unit * canvas.uniform(0.14, 0.24)
    middle = 0.5 - site.side * (canvas.uniform(0, 0.08) if site.alone else canvas.uniform(0.1, 0.2))
    for number in range(detail.count):
        x = middle * canvas.width + (number - (detail.count - 1) / 2) * 1.15 * size
        frame = Frame(x, line + number * 0.04 * canvas.unit, size)
        boats.draw_boat(canvas, frame, detail.variety, detail.colour)


def _draw_flowers(site: Site) -> None:
    """Flowers: large when they are what the picture is about, else a row along the lower edge."""
    canvas, detail, main = site.canvas, site.plan.detail("flower"), site.plan.main == "flower"
    tall = canvas.unit * (canvas.uniform(0.7, 0.86) if main else canvas.uniform(0.26, 0.32))
    if main and detail.count > 1:
        tall *= 0.8 if detail.count < 4 else 0.66
    aside = 0.0
    if detail.count == 1 and not site.alone:
        aside = (0.2 if standing_kinds(site.plan) else -0.2) * site.side * canvas.width
    for number in range(detail.count):
        x = canvas.width * (number + 0.5 + canvas.uniform(-0.12, 0.12)) / detail.count - aside
        base = canvas.height - canvas.unit * canvas.uniform(-0.02, 0.04)
        frame = Frame(x, base, tall * canvas.uniform(0.85, 1.08))
        plants.draw_flower(canvas, frame, detail.variety, detail.colour)


def _draw_weather(site: Site) -> None:
    """What lies in the air before everything."""
    if site.plan.weather == "fog":
        sky.draw_fog(site.canvas, site.horizon)
    if site.plan.has("rain"):
        sky.draw_rain(site.canvas)
    if site.plan.has("snow") and site.plan.weather == "snow":
        sky.draw_snowfall(site.canvas)
