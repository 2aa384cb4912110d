"""Bang commands: declared once, and from there dispatched, read, completed and explained."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke_cli.registry import Registry
from invoke_cli.session.events import Event

if TYPE_CHECKING:
    from invoke_cli.session.batch import NumberedLine
    from invoke_cli.session.session import Session


@dataclass(frozen=True)
class Page:
    """A long text to read, such as help."""

    text: str


@dataclass(frozen=True)
class Replay:
    """Lines to be run now, one after another; `path` is the file that they come from."""

    path: Path
    lines: Iterable[NumberedLine]


@dataclass(frozen=True)
class Context:
    """What a command may use: the session, the lines typed so far, the width to write for.

    line_number: that of the line that the command stands in. forget: empties the history, where there is
    one. replaying: the files whose lines are being run, from the outermost.
    """

    session: Session
    history: Sequence[str]
    width: int
    line_number: int = 0
    forget: Callable[[], None] | None = None
    replaying: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Word:
    """A word behind a command.

    label: how its usage calls it, such as NAME. offers: what Tab offers for it, names from OFFERS
    (repl/commands/offers.py), all of which are asked. LINE among them says that all the rest is a line
    to draw. optional: it may be missing. many: the last word, which may stand there any number of times.
    """

    label: str
    offers: tuple[str, ...] = ()
    optional: bool = False
    many: bool = False

    def __str__(self) -> str:
        shown = f"{self.label} ..." if self.many else self.label
        return f"[{shown}]" if self.optional else shown


@dataclass(frozen=True)
class Option:
    """A switch of a command's own, `--name`. It takes a value where it has a label; offers: see Word."""

    name: str
    label: str = ""
    offers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"[--{self.name} {self.label}]" if self.label else f"[--{self.name}]"


Takes = tuple[Word | Option, ...]
"""Everything that may stand behind a command: the words in their order, and its options."""

LINE = "line"

Answer = Generator[Event | Page | Replay, Any, None]
"""What a command tells. What comes back from a `yield` is the answer to an `Ask`, else None."""

Run = Callable[[str, Context], Answer]


@dataclass(frozen=True)
class Command:
    """A word that begins with `!`. `run` gets what stands behind it; `takes` says what that may be.

    A command that is not `ready` only says that it comes later. topic: what `!help` lists it under, which is
    the name of the module that declares it.
    """

    name: str
    takes: Takes
    help: str
    run: Run
    ready: bool = True
    topic: str = ""

    @property
    def usage(self) -> str:
        """What stands behind the command, for people: `NAME [FOLDER] [--default]`."""
        return " ".join(map(str, self.takes))


COMMANDS: Registry[Command] = Registry("command")


def command(name: str, *aliases: str, takes: Takes = ()) -> Callable[[Run], Run]:
    """Make a function the command `name`. Its docstring is the command's help.

    takes: the one declaration of its arguments, from which usage and completion are drawn, and by which
    `read_arguments` reads them.
    """

    def register(run: Run) -> Run:
        text = inspect.getdoc(run) or ""
        topic = run.__module__.rpartition(".")[2]
        COMMANDS.add(name, *aliases)(Command(name, takes, text, run, topic=topic))
        return run

    return register
