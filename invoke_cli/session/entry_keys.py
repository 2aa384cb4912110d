"""What can be changed of a model's entry, for completion: `vae=`, `defaults.steps=`, and their values."""

from __future__ import annotations

from collections.abc import Iterator

from invoke_cli.language.declare import Switch
from invoke_cli.language.switches import long_names, table
from invoke_cli.language.world import World
from invoke_cli.models.entries import CHOICES, KEYS, MAPPINGS


def entry_keys(typed: str, world: World) -> Iterator[str]:
    """The keys that begin as typed, with their `=`; the parts of a mapping once its dot is typed."""
    parts = {"defaults": [switch.name for switch in table() if switch.shell], "loras": world.loras}
    for key in KEYS:
        if key in MAPPINGS and typed.startswith(f"{key}."):
            found = [f"{key}.{part}=" for part in parts[key]]
        else:
            found = [f"{key}." if key in MAPPINGS else f"{key}="]
        yield from (whole for whole in found if whole.startswith(typed))


def entry_values(key: str) -> tuple[str, ...]:
    """The values of a key that has only a few."""
    return CHOICES[key]() if key in CHOICES else ()


def default_switch(key: str) -> Switch | None:
    """The switch that `defaults.steps` is of; None for other keys."""
    whole, _, part = key.partition(".")
    return long_names()[part][0] if whole == "defaults" and part in long_names() else None
