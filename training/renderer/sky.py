"""The sky and what falls from it: gradient, sun, moon, stars, clouds, rain, snow, mist."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .fields import Colour, Ellipse, Field, as_colour, as_field, blend, smooth, step, times, unit
from .light import relief


def draw_sky(canvas: Canvas, horizon: float) -> None:
    """The sky's gradient, from zenith to a bright horizon at `horizon` pixels from the top."""
    mood = canvas.mood
    height = canvas.spread(unit(canvas.y / max(horizon, 1.0)))
    shaded = blend(mood.zenith, mood.horizon, height**1.5)
    if mood.soft < 1.0:
        shaded = shaded + 0.05 * canvas.texture(3, 2.5)[..., None]
    elif mood.night < 0.9:
        shaded = _with_streaks(canvas, shaded, height)
    # Halfway between purple and orange lies brown: a drawn evening sky takes the horizon's colour instead.
    flat = blend(mood.zenith, mood.horizon, 0.8 if 0.1 < mood.night < 0.9 else 0.45)
    canvas.paint("sky", canvas.everywhere(), unit(shaded), as_colour(flat), inked=False)


def _with_streaks(canvas: Canvas, shaded: Field, height: Field) -> Field:
    """Thin, far cloud: faint by day, on fire when the sun is low."""
    low = canvas.mood.night > 0.1
    veil = step(0.05, 0.75, canvas.texture(4, 3.5)) * step(0.05, 0.5, height) * (0.7 if low else 0.3)
    return blend(shaded, (1.0, 0.52, 0.38) if low else (1.0, 1.0, 1.0), veil * canvas.uniform(0.2, 1.0))


def draw_stars(canvas: Canvas, horizon: float, dense: bool) -> None:
    """Stars of several sizes; a dense sky also has the band of the Milky Way."""
    if dense:
        tilt = canvas.uniform(-0.6, 0.6)
        across = (canvas.y - 0.45 * horizon) - tilt * (canvas.x - 0.5 * canvas.width)
        band = np.exp(-((across / (0.2 * canvas.unit)) ** 2)) * unit(0.65 + 0.5 * canvas.texture(5))
        canvas.screen(as_field(band), (0.46, 0.42, 0.62), 0.55)
    mask = _scattered(canvas, horizon, 110 if dense else 55, 0.0035, 0.011, 4)
    canvas.paint("stars", unit(1.2 * mask), (0.98, 0.98, 0.98), (1.0, 1.0, 0.75), emissive=True, inked=False)


def _scattered(
    canvas: Canvas, bottom: float, density: float, least: float, spread: float, rarity: int
) -> Field:
    """Dots above `bottom`: `density` per square of the shorter side, the large ones rarer."""
    depth = max(bottom, 2.0)
    number = int(density * canvas.width * depth / canvas.unit**2)
    radii = canvas.unit * (least + spread * canvas.rng.random(number) ** rarity)
    places = canvas.rng.uniform((0, 0), (canvas.width, depth), (number, 2))
    return canvas.discs(
        [(float(x), float(y), float(r), float(r)) for (x, y), r in zip(places, radii, strict=True)]
    )


def draw_sun(canvas: Canvas, cx: float, cy: float, radius: float, low: bool) -> None:
    """The sun's disc with its glow; near the horizon it is orange and sets the sky on fire."""
    canvas.screen(canvas.glow(cx, cy, radius * 2.6), (1.0, 0.55, 0.18) if low else (1.0, 0.93, 0.7), 0.85)
    if low:
        canvas.screen(canvas.spread(step(0.55 * canvas.unit, 0.0, abs(canvas.y - cy))), (0.9, 0.3, 0.1), 0.4)
    bright: Colour = (1.0, 0.86, 0.5) if low else (1.0, 0.98, 0.86)
    flat: Colour = (1.0, 0.6, 0.15) if low else (1.0, 0.85, 0.2)
    canvas.paint("sun", canvas.disc(cx, cy, radius), bright, flat, emissive=True)


def draw_moon(canvas: Canvas, cx: float, cy: float, radius: float, crescent: bool) -> None:
    """A full or crescent moon with its maria and a cold halo."""
    canvas.screen(canvas.glow(cx, cy, radius * 1.8), (0.55, 0.62, 0.8), 0.55)
    mask = canvas.disc(cx, cy, radius)
    if crescent:
        mask = mask * (1.0 - canvas.disc(cx + 0.45 * radius, cy - 0.18 * radius, 0.92 * radius))
    cells = max(3, round(0.9 * canvas.unit / radius))
    maria = step(0.05, 0.6, canvas.noise(cells, cells))
    limb = 1.0 - 0.18 * ((canvas.x - cx) ** 2 + (canvas.y - cy) ** 2) / radius**2
    canvas.paint(
        "moon", mask, times((0.99, 0.97, 0.88), limb - 0.2 * maria), (0.98, 0.95, 0.75), emissive=True
    )


def draw_clouds(canvas: Canvas, horizon: float, large: bool) -> None:
    """Heaps of cumulus, lit from the sun's side and grey below."""
    mood, number = canvas.mood, canvas.between(2, 3)
    size = (0.30 if large else 0.2) * canvas.unit
    discs: list[Ellipse] = []
    for index in range(number):
        x = canvas.width * (index + canvas.uniform(0.25, 0.75)) / number
        discs += _heap(canvas, x, horizon * canvas.uniform(0.3, 0.62), size * canvas.uniform(0.8, 1.2))
    rough = 0.22 * canvas.texture(9)
    mask = step(0.32, 0.66, smooth(canvas.discs(discs), 0.03 * canvas.unit) + rough)
    light = relief(mask, mood, 0.12 * canvas.unit, rough, 0.9)
    bright = blend(mood.horizon, (1.0, 1.0, 1.0), 0.75 * (1 - mood.night))
    dark = 0.92 * blend(mood.zenith, mood.horizon, 0.55)
    canvas.paint("clouds", mask, blend(dark, bright, unit(1.5 * light - 0.1)), as_colour(bright))


def _heap(canvas: Canvas, x: float, y: float, size: float) -> list[Ellipse]:
    """The discs of one cloud with a flat foot and a domed top."""
    discs: list[Ellipse] = [(x, y, size * 0.95, size * 0.28)]
    for offset in np.linspace(-0.72, 0.72, 6).tolist():
        r = size * (0.24 + 0.26 * (1 - abs(offset))) * canvas.uniform(0.8, 1.15)
        discs.append((x + offset * size, y - 0.55 * r, r, r))
    return discs


def draw_rain(canvas: Canvas) -> None:
    """Slanted streaks, wide and soft enough for a small autoencoder to hold."""
    slant = canvas.uniform(-0.35, 0.35)
    number = int(42 * canvas.width * canvas.height / canvas.unit**2)
    streaks = []
    for x, y, length in canvas.rng.random((number, 3)).tolist():
        left, top, long = x * canvas.width, y * canvas.height, canvas.unit * (0.07 + 0.08 * length)
        streaks.append((((left, top), (left + slant * long, top + long)), 0.011 * canvas.unit))
    canvas.veil(0.1 * canvas.texture(3) + 0.16, (0.66, 0.71, 0.76))
    canvas.paint("rain", 0.62 * canvas.strokes(streaks), (0.86, 0.9, 0.95), (0.36, 0.52, 0.78), inked=False)


def draw_snowfall(canvas: Canvas) -> None:
    """Soft flakes of several sizes."""
    mask = 0.92 * _scattered(canvas, canvas.height, 70, 0.007, 0.011, 2)
    canvas.paint("snow", mask, (0.97, 0.97, 0.97), (1.0, 1.0, 1.0), inked=False)


def draw_fog(canvas: Canvas, horizon: float) -> None:
    """Mist that lies on the horizon and thins out towards the viewer."""
    distance = np.abs(canvas.y - horizon) / canvas.unit + 0.05 * canvas.texture(3, 2.0)
    canvas.veil(as_field(0.62 * np.exp(-((distance / 0.22) ** 2))), canvas.mood.horizon)
