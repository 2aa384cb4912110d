"""What the lines of a session made, as far as later lines can refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke_cli.session.events import Event, Saved
from invoke_cli.session.writer import Owner


class Past:
    """Seeds and pictures of the last line that made any, and every seed so far, for completion."""

    def __init__(self) -> None:
        self.seeds: tuple[int, ...] = ()
        self.pictures: tuple[Path, ...] = ()
        self.used_seeds: dict[int, None] = {}
        self._made: tuple[tuple[int, Path], ...] = ()
        self._owner: Owner | None = None

    def note(self, owner: Owner, event: Event) -> None:
        """Remember a picture that was written; the first of a line takes the place of those before."""
        if isinstance(event, Saved) and event.kind == "picture":
            earlier = self._made if self._owner == owner else ()
            self._made, self._owner = (*earlier, (event.seed, event.path)), owner
            # Done picture by picture, so that an interrupted line can still be referred to.
            self.remember(self._made)

    def remember(self, made: Sequence[tuple[int, Path]]) -> None:
        """Take these pictures with their seeds for those of the last line."""
        self.seeds = tuple(seed for seed, _ in made)
        self.pictures = tuple(path for _, path in made)
        self.used_seeds |= dict.fromkeys(self.seeds)
