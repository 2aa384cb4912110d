"""What a scene will show, decided before anything is drawn.

A `Plan` is a plain value: captions are written from it and pictures are drawn from it, so the words cannot
claim what the picture does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .relations import BASES, COMPANIONS, compatible

SUBJECTS = (
    "fire", "campfire", "fireplace", "candle", "tree", "forest", "hill", "mountain", "river", "lake", "sea",
    "boat", "house", "sun", "moon", "stars", "clouds", "snow", "rain", "desert", "cactus", "road", "bridge",
    "flower", "lighthouse", "castle",
)  # fmt: skip
STYLES = ("photo", "flat", "crayon", "child", "sketch", "watercolour", "oil")
STYLE_SHARES = (0.50, 0.10, 0.12, 0.08, 0.08, 0.07, 0.05)

# Small or rare things need more pictures than a whole landscape that fills the frame.
MAIN_WEIGHTS = {"boat": 1.6, "house": 1.6, "cactus": 1.4, "moon": 1.5, "bridge": 1.5, "flower": 1.5,
                "candle": 1.4, "tree": 1.8, "fire": 1.5, "river": 1.3, "fireplace": 1.3}  # fmt: skip
# The scene of the image-to-image guide, and how often it is drawn for its own sake.
GUIDE_SCENE = ("tree", "hill", "river")
_GUIDE_SHARE = 0.03
INDOOR = frozenset({"fire", "fireplace", "candle"})
NIGHTLY = frozenset({"moon", "stars"})

COLOURS = {
    "house": ("red", "white", "blue", "yellow", "brown"),
    "boat": ("white", "red", "blue", "brown"),
    "flower": ("red", "yellow", "pink", "purple", "white", "orange", "blue"),
    "candle": ("white", "red", "yellow"),
}
VARIETIES = {
    "tree": (("oak", 0.45), ("pine", 0.25), ("birch", 0.12), ("palm", 0.08), ("bare", 0.10)),
    "forest": (("pine", 0.55), ("oak", 0.45)),
    "sea": (("open", 0.6), ("beach", 0.4)),
    "fire": (("dark", 0.65), ("bright", 0.2), ("dusk", 0.15)),
    "boat": (("sail", 0.7), ("rowing", 0.3)),
    "bridge": (("stone", 0.6), ("wood", 0.4)),
    "flower": (("daisy", 0.5), ("tulip", 0.3), ("sunflower", 0.2)),
    "moon": (("full", 0.75), ("crescent", 0.25)),
    "road": (("paved", 0.5), ("earth", 0.5)),
}
COUNTS = {"tree": (1, 2, 3), "flower": (1, 2, 3, 5), "candle": (1, 2, 3), "boat": (1, 2), "cactus": (1, 2, 3)}


@dataclass(frozen=True)
class Detail:
    """How one subject looks: how many, of which sort, in which colour ("" where it has none)."""

    count: int = 1
    variety: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Plan:
    """A scene in words: main subject, what else is clearly visible, and the light it stands in."""

    main: str
    others: tuple[str, ...]
    implied: frozenset[str]
    style: str
    time: str
    weather: str
    season: str
    details: Mapping[str, Detail]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everything clearly visible, the main subject first."""
        return (self.main, *self.others)

    @property
    def free(self) -> tuple[str, ...]:
        """The subjects that were asked for, without the ground that one of them needs to stand on."""
        return tuple(s for s in self.subjects if s not in self.implied)

    def has(self, *names: str) -> bool:
        """Whether any of the named subjects is in the scene."""
        return any(name in self.subjects for name in names)

    def detail(self, name: str) -> Detail:
        """The look of one subject, plain if nothing was decided about it."""
        return self.details.get(name, Detail())


def pick(rng: np.random.Generator, weighted: Sequence[tuple[str, float]]) -> str:
    """One of the names, drawn in proportion to its weight."""
    weights = np.array([weight for _, weight in weighted])
    return weighted[int(rng.choice(len(weighted), p=weights / weights.sum()))][0]


def sample_plan(rng: np.random.Generator, subjects: Sequence[str] | None, style: str | None) -> Plan:
    """Decide a scene; `subjects` (main first) and `style` fix what is not to be left to chance."""
    wanted = tuple(subjects) if subjects else _sample_subjects(rng)
    unknown = [name for name in wanted if name not in SUBJECTS]
    if unknown or (style is not None and style not in STYLES):
        raise ValueError(f"unknown subject or style: {unknown or style}")
    implied = _implied(rng, wanted)
    everything = wanted + tuple(implied)
    drawn_style = style or STYLES[int(rng.choice(len(STYLES), p=STYLE_SHARES))]
    time = _sample_time(rng, everything)
    weather = _sample_weather(rng, everything, time)
    season = _sample_season(rng, everything)
    details = {name: _sample_detail(rng, name, everything, season) for name in everything}
    return Plan(wanted[0], everything[1:], frozenset(implied), drawn_style, time, weather, season, details)


def _sample_subjects(rng: np.random.Generator) -> tuple[str, ...]:
    """A main subject and 0 to 3 companions that all go together."""
    if rng.random() < _GUIDE_SHARE:
        return GUIDE_SCENE
    chosen = [pick(rng, [(name, MAIN_WEIGHTS.get(name, 1.0)) for name in SUBJECTS])]
    extra = int(rng.choice(4, p=(0.50, 0.35, 0.10, 0.05)))
    candidates = list(COMPANIONS[chosen[0]])
    rng.shuffle(candidates)
    for name in candidates:
        if len(chosen) > extra:
            break
        if all(compatible(name, other) for other in chosen):
            chosen.append(name)
    return tuple(chosen)


def _implied(rng: np.random.Generator, wanted: Sequence[str]) -> tuple[str, ...]:
    """The ground that a subject cannot do without: water under a boat, sand under a cactus."""
    needed: list[str] = []
    for name in wanted:
        bases = BASES.get(name, ())
        if bases and not any(base in wanted or base in needed for base in bases):
            fitting = [b for b in bases if all(compatible(b, other) for other in wanted)] or list(bases)
            needed.append(fitting[int(rng.integers(len(fitting)))])
    return tuple(needed)


def _sample_time(rng: np.random.Generator, names: Sequence[str]) -> str:
    """Time of day: day, sunset, dawn or night."""
    if NIGHTLY & set(names):
        return "night"
    if INDOOR & set(names):
        return "night" if rng.random() < 0.8 else "day"
    if "campfire" in names:
        return pick(rng, (("night", 0.75), ("sunset", 0.25)))
    if "sun" in names:
        return pick(rng, (("sunset", 0.55), ("dawn", 0.15), ("day", 0.30)))
    if "rain" in names or "snow" in names:
        return pick(rng, (("day", 0.85), ("sunset", 0.07), ("night", 0.08)))
    return pick(rng, (("day", 0.72), ("sunset", 0.13), ("dawn", 0.06), ("night", 0.09)))


def _sample_weather(rng: np.random.Generator, names: Sequence[str], time: str) -> str:
    """Weather: clear, cloudy (a few clouds in a blue sky), overcast, fog, rain or snow."""
    if "rain" in names:
        return "rain"
    if "snow" in names:
        falling = "lake" in names or ("stars" not in names and rng.random() < 0.6)
        return "snow" if falling else "clear"
    if "clouds" in names:
        return "cloudy"
    if time != "day" or "sun" in names or INDOOR & set(names):
        return "clear"
    return pick(rng, (("clear", 0.62), ("overcast", 0.30), ("fog", 0.08)))


def _sample_season(rng: np.random.Generator, names: Sequence[str]) -> str:
    """Season; winter only where snow is drawn."""
    if "snow" in names:
        return "winter"
    return pick(rng, (("summer", 0.68), ("autumn", 0.20), ("spring", 0.12)))


def _sample_detail(rng: np.random.Generator, name: str, names: Sequence[str], season: str) -> Detail:
    """Count, sort and colour of one subject."""
    variety = pick(rng, VARIETIES[name]) if name in VARIETIES else ""
    if name == "tree":
        variety = _tree_kind(names, season, variety)
    count = _sample_count(rng, name, names)
    shades = COLOURS.get(name)
    colour = shades[int(rng.integers(len(shades)))] if shades else ""
    return Detail(count, variety, colour)


def _sample_count(rng: np.random.Generator, name: str, names: Sequence[str]) -> int:
    """How many: several only of what the picture is about, and a row of flowers in front of anything else."""
    main = name == names[0]
    if name == "flower" and not main:
        return 5
    counts = COUNTS.get(name, (1,))
    room = 1 if name == "flower" else 2
    if not main or len(names) > room or rng.random() > 0.35:
        return 1
    return int(counts[rng.integers(len(counts))])


def _tree_kind(names: Sequence[str], season: str, kind: str) -> str:
    """Palms belong to the sea, bare trees to the cold; other kinds stand anywhere."""
    if "sea" in names and season != "winter":
        return "palm"
    if kind == "palm" and (season != "summer" or len(names) > 1):
        return "oak"
    if kind == "bare" and season in ("summer", "spring"):
        return "oak"
    return kind
