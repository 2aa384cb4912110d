"""Bang commands: declared once, and from there dispatched, completed and explained."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke_cli.registry import Registry
from invoke_cli.session.events import Event

if TYPE_CHECKING:
    from invoke_cli.session.session import Session


@dataclass(frozen=True)
class Page:
    """A long text to read, such as help."""

    text: str


@dataclass(frozen=True)
class Context:
    """What a command may use: the session, the lines typed so far, the width to write for.

    line_number: that of the line that the command stands in.
    """

    session: Session
    history: Sequence[str]
    width: int
    line_number: int = 0


Answer = Iterator[Event | Page]
Run = Callable[[str, Context], Answer]


@dataclass(frozen=True)
class Command:
    """A word that begins with `!`. `run` gets what stands behind it; `usage` names that.

    completes: what Tab offers for that: "model", "weights" (files and folders) or nothing.
    A command that is not `ready` only says that it comes later.
    """

    name: str
    usage: str
    help: str
    run: Run
    ready: bool = True
    completes: str = ""


COMMANDS: Registry[Command] = Registry("command")


def command(name: str, *aliases: str, usage: str = "", completes: str = "") -> Callable[[Run], Run]:
    """Make a function the command `name`. Its docstring is the command's help."""

    def register(run: Run) -> Run:
        text = inspect.getdoc(run) or ""
        COMMANDS.add(name, *aliases)(Command(name, usage, text, run, completes=completes))
        return run

    return register
