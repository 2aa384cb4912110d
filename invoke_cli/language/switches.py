"""The table of switches, read from the declarations in `Request`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType

from invoke_cli.language.declare import Switch, switch
from invoke_cli.language.request import Request

__all__ = ["Switch", "by_flag", "by_name", "long_matches", "long_names", "switch", "table", "unbuilt"]


@cache
def table() -> tuple[Switch, ...]:
    """All switches, in the order of their declaration."""
    return tuple(Switch(field.name, **field.metadata["switch"]) for field in fields(Request))


@cache
def by_name() -> Mapping[str, Switch]:
    """Field name -> switch."""
    return MappingProxyType({switch.name: switch for switch in table()})


@cache
def by_flag() -> Mapping[str, Switch]:
    """Every declared spelling -> switch. `--no-` twins are not in it."""
    flags: dict[str, Switch] = {}
    for entry in table():
        for flag in entry.flags:
            if flag in flags:
                raise ValueError(f"{flag} is declared twice")
            flags[flag] = entry
    return MappingProxyType(flags)


@cache
def long_names() -> Mapping[str, tuple[Switch, bool]]:
    """Long names without dashes, `--no-` twins included -> switch, and whether it is turned on."""
    names = {flag[2:]: (entry, True) for flag, entry in by_flag().items() if flag.startswith("--")}
    twins = {f"no_{name}": (entry, False) for name, (entry, _) in names.items() if entry.on_off}
    return MappingProxyType(names | twins)


def long_matches(name: str) -> list[tuple[Switch, bool]]:
    """The switches whose long name is `name`, or else begins with it; hyphens count as underscores.

    Where all names that begin so only prolong the shortest of them, that one is meant: --step is --steps.
    """
    name = name.replace("-", "_")
    fitting = [long for long in long_names() if long.startswith(name)]
    shortest = min(fitting, key=len, default="")
    if all(long.startswith(shortest) for long in fitting) and shortest:
        return [long_names()[shortest]]
    found = {
        (entry.name, on): (entry, on) for long, (entry, on) in long_names().items() if long.startswith(name)
    }
    return list(found.values())


def unbuilt(request: Request) -> tuple[Switch, ...]:
    """The switches that a request asks for and that have no effect yet; turning one off is no request."""
    return tuple(entry for entry in table() if entry.later and _asked(getattr(request, entry.name)))


def _asked(value: object) -> bool:
    return value is not None and value is not False
