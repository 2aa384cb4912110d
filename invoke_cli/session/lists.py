"""Lists that commands answer with, as events: models, triggers, lines typed before, defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A model in the list. state: "active", "cached", "loading", "not loaded" or "missing".

    size: the bytes in memory, None unless it is loaded.
    """

    name: str
    state: str
    size: int | None
    description: str


@dataclass(frozen=True)
class Listed:
    """The models that there are, as `!models` lists them."""

    models: tuple[Model, ...]


@dataclass(frozen=True)
class Triggers:
    """What a prompt may name, as `!triggers` lists it: triggers as they are typed, and names of LoRAs."""

    triggers: tuple[str, ...]
    loras: tuple[str, ...]


@dataclass(frozen=True)
class Remembered:
    """Lines typed before, with their numbers in the history. holding: the text that all of them hold."""

    lines: tuple[tuple[int, str], ...]
    holding: str = ""


@dataclass(frozen=True)
class Default:
    """A default that is not built in: a switch's long name, its value, how a line says so, who set it."""

    name: str
    value: object
    line: str
    source: str


@dataclass(frozen=True)
class Defaults:
    """What lines have unless they say otherwise, as `!set` lists it."""

    values: tuple[Default, ...]
