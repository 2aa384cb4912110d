"""The user's wildcards: text files below a folder, one alternative a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from invoke_cli.errors import InvokeError
from invoke_cli.registry import nearest

SUFFIX = ".txt"
LARGEST = 16 * 2**20


class WildcardFiles:
    """The files below a folder, which need not exist, by their path in it without suffix: `animals/birds`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """All names, sorted."""
        found = []
        for place, _, files in os.walk(self._folder):
            inside = Path(place).relative_to(self._folder)
            stems = (file.removesuffix(SUFFIX) for file in files if file.endswith(SUFFIX))
            found += [(inside / stem).as_posix() for stem in stems]
        return sorted(found)

    def lines(self, name: str) -> Sequence[str]:
        """The file's lines without blank ones and comments (#).

        name: letters, digits, - and _, with / between folders; nothing else is looked up.
        Raises InvokeError where there is no such file, or nothing in it.
        """
        path = self._folder / f"{name}{SUFFIX}"
        try:
            with path.open("rb") as stream:
                text = stream.read(LARGEST).decode("utf-8-sig", errors="replace")
        except FileNotFoundError:
            raise self._unknown(name) from None
        except OSError as error:
            raise InvokeError(f"{path} cannot be read: {error.strerror}") from error
        lines = [line.strip() for line in text.splitlines()]
        found = [line for line in lines if line and not line.startswith("#")]
        if not found:
            raise InvokeError(f"there is nothing in {path}")
        return found

    def _unknown(self, name: str) -> InvokeError:
        names = self.names()
        meant = nearest(name, names)
        alike = [known for known in names if known.rpartition("/")[2] == name]
        if alike:
            hint = f"did you mean {', '.join(alike[:4])}?"
        elif meant:
            hint = f"did you mean {meant}?"
        else:
            hint = f"there are: {', '.join(names[:8])}" if names else f"put {name}{SUFFIX} into that folder"
        return InvokeError(
            f"there is no wildcard {name!r} in {self._folder}", f"{hint}; plain is \\__{name}__"
        )
