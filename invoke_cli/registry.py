"""Named things that others may add to: samplers, commands, model sources."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from invoke_cli.errors import InvokeError

T = TypeVar("T")


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, or None when nothing is close."""
    found = difflib.get_close_matches(name.lower(), sorted(names), n=1, cutoff=0.6)
    return found[0] if found else None


class Registry(Generic[T]):
    """A mapping from names and aliases to things, filled by decorator.

    Looking up an unknown name raises `InvokeError` that names the nearest one.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def add(self, name: str, *aliases: str) -> Callable[[T], T]:
        """A decorator that registers its argument under `name` and `aliases`."""

        def register(thing: T) -> T:
            for taken in (name, *aliases):
                if taken in self:
                    raise ValueError(f"the {self.kind} {taken} is registered twice")
            self._things[name] = thing
            self._aliases.update(dict.fromkeys(aliases, name))
            return thing

        return register

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __getitem__(self, name: str) -> T:
        return self._things[self.canonical(name)]

    def items(self) -> Iterator[tuple[str, T]]:
        """Name and thing, in the order of registration."""
        return iter(self._things.items())

    def canonical(self, name: str) -> str:
        """The registered name behind `name`, which may be an alias."""
        if name in self._things:
            return name
        if name in self._aliases:
            return self._aliases[name]
        meant = nearest(name, [*self._things, *self._aliases])
        hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(self._things)}"
        raise InvokeError(f"there is no {self.kind} called {name!r}", hint)
