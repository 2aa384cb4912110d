"""The light of a scene: what time and weather do to every colour in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .fields import Colour, Field, Point, as_colour, as_field, blend, smooth, unit


@dataclass(frozen=True)
class Mood:
    """Sky colours, the tints of lit and shaded surfaces, and where the light comes from.

    toward: unit vector to the light in the picture plane, y down; night: 0 in daylight to 1 in the dark;
    soft: how strongly light and shade differ, 1 in sunshine, less under cloud.
    """

    zenith: Colour
    horizon: Colour
    lit: Colour
    shade: Colour
    night: float
    toward: Point = (0.66, -0.75)
    soft: float = 1.0

    @property
    def side(self) -> float:
        """1 if the light comes from the right, -1 if from the left."""
        return 1.0 if self.toward[0] > 0 else -1.0

    @property
    def lamps(self) -> bool:
        """Whether it is dark enough for lamps to be lit."""
        return self.night > 0.4


_MOODS = {
    "day": Mood((0.20, 0.45, 0.82), (0.72, 0.86, 0.96), (1.08, 1.04, 0.94), (0.50, 0.56, 0.66), 0.0),
    "sunset": Mood((0.24, 0.22, 0.46), (1.00, 0.58, 0.26), (1.06, 0.70, 0.44), (0.32, 0.26, 0.38), 0.45),
    "dawn": Mood((0.46, 0.56, 0.80), (1.00, 0.78, 0.66), (1.06, 0.88, 0.78), (0.46, 0.44, 0.56), 0.2),
    "night": Mood((0.03, 0.05, 0.15), (0.16, 0.24, 0.46), (0.50, 0.60, 0.84), (0.12, 0.15, 0.26), 1.0),
    "overcast": Mood((0.80, 0.83, 0.87), (0.95, 0.96, 0.96), (0.98, 0.98, 0.97), (0.62, 0.65, 0.68), 0.0),
    "rain": Mood((0.36, 0.41, 0.48), (0.62, 0.67, 0.71), (0.72, 0.76, 0.78), (0.36, 0.40, 0.45), 0.25),
    "snow": Mood((0.60, 0.67, 0.76), (0.80, 0.84, 0.88), (0.97, 0.98, 1.0), (0.60, 0.66, 0.76), 0.05),
    "fog": Mood((0.80, 0.83, 0.85), (0.93, 0.93, 0.92), (0.92, 0.92, 0.90), (0.62, 0.64, 0.66), 0.0),
}
_CLOUDED = ("overcast", "rain", "fog", "snow")


def make_mood(rng: np.random.Generator, time: str, weather: str) -> Mood:
    """The light for a time of day and a weather, slightly varied."""
    grey = weather in _CLOUDED
    base = _MOODS[weather if grey and time == "day" else time]
    low = time in ("sunset", "dawn")
    direction = np.array([rng.choice((-1.0, 1.0)) * (0.9 if low else 0.65), -0.35 if low else -0.75])
    direction /= np.hypot(*direction)
    spread = 0.03 if grey else 0.08
    tone = rng.uniform(1 - spread, 1 + spread, 3)
    zenith, horizon = as_colour(np.array(base.zenith) * tone), as_colour(np.array(base.horizon) * tone)
    toward = float(direction[0]), float(direction[1])
    return Mood(zenith, horizon, base.lit, base.shade, base.night, toward, 0.5 if grey else 1.0)


def relief(mask: Field, mood: Mood, depth: float, bumps: Field | None = None, rough: float = 0.0) -> Field:
    """How much light falls on a rounded body with this outline, 0..1.

    depth: pixels over which it rounds off; bumps: noise that roughens it by `rough`.
    """
    height = smooth(mask, max(2.0, depth))
    if bumps is not None:
        height = height + rough * bumps
    down, across = np.gradient(height)
    slope = -(across * mood.toward[0] + down * mood.toward[1])
    return unit(0.5 + 0.55 * mood.soft * depth * slope)


def lighted(base: Colour | Field, light: Field | float, mood: Mood) -> Field:
    """A surface colour under the scene's light: shade where `light` is 0, full light where it is 1."""
    return unit(as_field(base) * blend(mood.shade, mood.lit, light))
