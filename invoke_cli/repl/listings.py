"""Lists that commands answer with, as plain text: triggers, lines typed before, defaults."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from invoke_cli.repl.visible import visible
from invoke_cli.session.lists import Defaults, Remembered, Triggers

Listing = Triggers | Remembered | Defaults


@singledispatch
def listing(event: Listing) -> str:
    """The list as a text of several lines; one sentence where there is nothing in it."""
    raise TypeError(f"no list in {type(event).__name__}")


@listing.register
def _triggers(event: Triggers) -> str:
    loras = tuple(f"withLora({name})" for name in event.loras)
    found = (("embeddings", event.triggers), ("LoRAs", loras))
    lines = [line for title, names in found for line in _titled(title, names)]
    return "\n".join(lines) or "there are no embeddings and no LoRAs in the folders for them"


def _titled(title: str, names: tuple[str, ...]) -> Iterator[str]:
    if names:
        yield title
        yield from (f"  {visible(name)}" for name in names)


@listing.register
def _remembered(event: Remembered) -> str:
    lines = [f"{number:5}  {visible(line)}" for number, line in event.lines]
    nothing = f"no line of the history holds {visible(event.holding)}" if event.holding else ""
    return "\n".join(lines) or nothing or "the history is empty"


@listing.register
def _defaults(event: Defaults) -> str:
    width = max((len(each.line) for each in event.values), default=0)
    lines = [f"  {visible(each.line.ljust(width))}  {visible(each.source)}" for each in event.values]
    return "\n".join(lines) or "no defaults are set; for example !set strength 0.4, or !set -s 20 -C 5"
