"""Lines that are known to come: read and planned early, so that their pictures can be drawn along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoke_cli.language.grammar import Reading
    from invoke_cli.session.job import Plan
    from invoke_cli.session.outputs import LineOutputs
    from invoke_cli.session.turns import Turn, Turns

Following = Callable[[], Iterator[str]]
"""The lines that are known to come next, from the nearest on, each time it is called."""


def nothing() -> Iterator[str]:
    """No line is known to come."""
    return iter(())


@dataclass(frozen=True, eq=False)
class Prepared:
    """A line that is read and planned."""

    reading: Reading
    plan: Plan
    outputs: LineOutputs
    turns: Turns


class Lookahead:
    """Lines planned before their turn.

    prepare: reads and plans one; None for a line that has to wait for the ones before it, with a mistake in
    it or a look back at what they made.
    """

    def __init__(self, prepare: Callable[[str], Prepared | None]) -> None:
        self._prepare = prepare
        self._lines: list[Prepared] = []

    def take(self, text: str) -> Prepared | None:
        """The line whose turn has come, if it was planned. Where another comes, all plans are dropped."""
        if self._lines and self._lines[0].reading.line == text:
            return self._lines.pop(0)
        self._lines.clear()
        return None

    def turns(self, line: Prepared, following: Following) -> Iterator[Turn]:
        """The turns of the lines that come, up to one that has to wait or wants another model or batch."""
        for place, text in enumerate(following()):
            if place == len(self._lines):
                prepared = self._prepare(text)
                if prepared is None:
                    return
                self._lines.append(prepared)
            other = self._lines[place].plan
            if other.wanted != line.plan.wanted or other.request.batch != line.plan.request.batch:
                return
            yield from self._lines[place].turns.behind(-1)
