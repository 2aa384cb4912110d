"""The sky and what falls from it: gradient, sun, moon, stars, clouds, rain, snow, mist."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas, Field, Layer, as_field, blend, smooth, step
from .light import Mood, relief


def draw_sky(canvas: Canvas, mood: Mood, horizon: float) -> None:
    """The sky's gradient, from zenith to a bright horizon at `horizon` pixels from the top."""
    height = np.clip(canvas.y / max(horizon, 1.0), 0.0, 1.0) + 0 * canvas.x
    shaded = blend(mood.zenith, mood.horizon, as_field(height**1.5))
    if mood.soft < 1.0:
        shaded = shaded + 0.05 * canvas.texture(3, 2.5)[..., None]
    elif mood.night < 0.9:
        shaded = _with_streaks(canvas, mood, shaded, as_field(height))
    middle = blend(mood.zenith, mood.horizon, 0.8 if 0.1 < mood.night < 0.9 else 0.45)
    flat = (float(middle[0]), float(middle[1]), float(middle[2]))
    everywhere = np.ones((canvas.height, canvas.width), np.float32)
    canvas.add(Layer("sky", everywhere, as_field(np.clip(shaded, 0, 1)), flat, inked=False))


def _with_streaks(canvas: Canvas, mood: Mood, shaded: Field, height: Field) -> Field:
    """Thin, far cloud: faint by day, on fire when the sun is low."""
    low = mood.night > 0.1
    veil = step(0.05, 0.75, canvas.texture(4, 3.5)) * step(0.05, 0.5, height) * (0.7 if low else 0.3)
    tint = (1.0, 0.52, 0.38) if low else (1.0, 1.0, 1.0)
    return blend(shaded, tint, as_field(veil * canvas.uniform(0.2, 1.0)))


def draw_stars(canvas: Canvas, horizon: float, dense: bool) -> None:
    """Stars of several sizes; a dense sky also has the band of the Milky Way."""
    if dense:
        angle = canvas.uniform(-0.6, 0.6)
        across = (canvas.y - 0.45 * horizon) - angle * (canvas.x - 0.5 * canvas.width)
        band = np.exp(-((across / (0.2 * canvas.unit)) ** 2)) * np.clip(0.65 + 0.5 * canvas.texture(5), 0, 1)
        canvas.screen(as_field(band), (0.46, 0.42, 0.62), 0.55)
    area = canvas.width * max(horizon, 1.0) / canvas.unit**2
    number = int(area * (110 if dense else 55))
    radii = canvas.unit * (0.0035 + 0.011 * canvas.rng.random(number) ** 4)
    places = canvas.rng.uniform((0, 0), (canvas.width, max(horizon, 2.0)), (number, 2))
    spots = [(float(x), float(y), float(r), float(r)) for (x, y), r in zip(places, radii, strict=True)]
    mask = np.clip(canvas.discs(spots) * 1.2, 0, 1).astype(np.float32)
    white = np.ones((canvas.height, canvas.width, 3), np.float32) * np.float32(0.98)
    canvas.add(Layer("stars", mask, white, (1.0, 1.0, 0.75), emissive=True, inked=False))


def draw_sun(canvas: Canvas, mood: Mood, cx: float, cy: float, radius: float, low: bool) -> None:
    """The sun's disc with its glow; near the horizon it is orange and sets the sky on fire."""
    tint = (1.0, 0.55, 0.18) if low else (1.0, 0.93, 0.7)
    canvas.screen(canvas.glow_field(cx, cy, radius * 2.6), tint, 0.85)
    if low:
        canvas.screen(step(0.55 * canvas.unit, 0.0, abs(canvas.y - cy) + 0 * canvas.x), (0.9, 0.3, 0.1), 0.4)
    warm = (1.0, 0.86, 0.5) if low else (1.0, 0.98, 0.86)
    shaded = np.broadcast_to(np.asarray(warm, np.float32), canvas.rgb.shape)
    flat = (1.0, 0.6, 0.15) if low else (1.0, 0.85, 0.2)
    canvas.add(Layer("sun", canvas.disc(cx, cy, radius), as_field(shaded), flat, emissive=True))


def draw_moon(canvas: Canvas, cx: float, cy: float, radius: float, crescent: bool) -> None:
    """A full or crescent moon with its maria and a cold halo."""
    canvas.screen(canvas.glow_field(cx, cy, radius * 1.8), (0.55, 0.62, 0.8), 0.55)
    mask = canvas.disc(cx, cy, radius)
    if crescent:
        mask = mask * (1.0 - canvas.disc(cx + 0.45 * radius, cy - 0.18 * radius, 0.92 * radius))
    maria = step(0.05, 0.6, canvas.noise(*(2 * (max(3, round(0.9 * canvas.unit / radius)),))))
    limb = 1.0 - 0.18 * ((canvas.x - cx) ** 2 + (canvas.y - cy) ** 2) / radius**2
    light = np.clip(limb - 0.2 * maria, 0, 1)[..., None] * np.asarray((0.99, 0.97, 0.88), np.float32)
    canvas.add(Layer("moon", as_field(mask), as_field(light), (0.98, 0.95, 0.75), emissive=True))


def draw_clouds(canvas: Canvas, mood: Mood, horizon: float, large: bool) -> None:
    """Heaps of cumulus, lit from the sun's side and grey below."""
    number = int(canvas.rng.integers(2, 4))
    size = (0.30 if large else 0.2) * canvas.unit
    shapes: list[tuple[float, float, float, float]] = []
    for index in range(number):
        x = canvas.width * (index + canvas.uniform(0.25, 0.75)) / number
        shapes += _heap(canvas, x, horizon * canvas.uniform(0.3, 0.62), size * canvas.uniform(0.8, 1.2))
    rough = 0.22 * canvas.texture(9)
    mask = step(0.32, 0.66, smooth(canvas.discs(shapes), 0.03 * canvas.unit) + rough)
    light = relief(mask, mood, 0.12 * canvas.unit, rough, 0.9)
    bright = blend(mood.horizon, (1.0, 1.0, 1.0), 0.75 * (1 - mood.night))
    dark = blend(mood.zenith, mood.horizon, 0.55) * 0.92
    shaded = blend(as_field(dark), bright, np.clip(light * 1.5 - 0.1, 0, 1).astype(np.float32))
    canvas.add(Layer("clouds", mask, shaded, _flat_cloud(bright)))


def _flat_cloud(bright: Field) -> tuple[float, float, float]:
    """A cloud's one colour in drawings."""
    r, g, b = np.clip(bright, 0, 1)
    return float(r), float(g), float(b)


def _heap(canvas: Canvas, x: float, y: float, size: float) -> list[tuple[float, float, float, float]]:
    """The discs of one cloud with a flat foot and a domed top."""
    discs = [(x, y, size * 0.95, size * 0.28)]
    for offset in np.linspace(-0.72, 0.72, 6):
        r = size * (0.24 + 0.26 * (1 - abs(offset))) * canvas.uniform(0.8, 1.15)
        discs.append((x + offset * size, y - 0.55 * r, r, r))
    return discs


def draw_rain(canvas: Canvas) -> None:
    """Slanted streaks, wide and soft enough for a small autoencoder to hold."""
    slant = canvas.uniform(-0.35, 0.35)
    number = int(42 * canvas.width * canvas.height / canvas.unit**2)
    streaks = []
    for x, y, length in canvas.rng.random((number, 3)):
        left, top, long = x * canvas.width, y * canvas.height, canvas.unit * (0.07 + 0.08 * length)
        streaks.append((((left, top), (left + slant * long, top + long)), 0.011 * canvas.unit))
    mask = canvas.strokes(streaks) * 0.62
    pale = np.broadcast_to(np.float32((0.86, 0.9, 0.95)), canvas.rgb.shape)
    canvas.veil(canvas.texture(3) * 0.1 + 0.16, (0.66, 0.71, 0.76))
    canvas.add(Layer("rain", as_field(mask), as_field(pale), (0.36, 0.52, 0.78), inked=False))


def draw_snowfall(canvas: Canvas) -> None:
    """Soft flakes of several sizes."""
    number = int(70 * canvas.width * canvas.height / canvas.unit**2)
    radii = canvas.unit * (0.007 + 0.011 * canvas.rng.random(number) ** 2)
    places = canvas.rng.uniform((0, 0), (canvas.width, canvas.height), (number, 2))
    flakes = [(float(x), float(y), float(r), float(r)) for (x, y), r in zip(places, radii, strict=True)]
    white = np.full(canvas.rgb.shape, 0.97, np.float32)
    canvas.add(Layer("snow", canvas.discs(flakes) * 0.92, as_field(white), (1.0, 1.0, 1.0), inked=False))


def draw_fog(canvas: Canvas, mood: Mood, horizon: float) -> None:
    """Mist that lies on the horizon and thins out towards the viewer."""
    distance = np.abs(canvas.y - horizon) / canvas.unit + 0.05 * canvas.texture(3, 2.0)
    canvas.veil(as_field(0.62 * np.exp(-((distance / 0.22) ** 2))), mood.horizon)
