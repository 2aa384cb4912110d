"""Pictures that were saved before: found by name, by pattern, or by how long ago they were drawn."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from invoke_cli.errors import BatchError, InvokeError, LineError
from invoke_cli.imaging.files import nearest_files
from invoke_cli.paths import expanded
from invoke_cli.session.inits import by_name
from invoke_cli.session.references import BACK, find_picture, look_back

_RANGE = re.compile(r"(-\d+)\.\.(-\d+)?")
_PATTERN = re.compile(r"[*?\[]")


class Library:
    """Where a person's pictures are looked for. made: by the last line that drew. outdir: their folder."""

    def __init__(self, made: Sequence[Path], outdir: Path) -> None:
        self._made = made
        self._outdir = outdir

    def one(self, named: str) -> Path:
        """The picture of that name, or of a back reference such as -1. Raises InvokeError."""
        return expanded(find_picture(named, self._made, self._outdir, "init_img"))

    def has(self, named: str) -> bool:
        """Whether one name or back reference is all that the text is."""
        try:
            self.one(named)
        except InvokeError:
            return BACK.fullmatch(named) is not None
        return True

    def several(self, named: Iterable[str]) -> list[Path]:
        """The pictures of names, patterns (`*.png`), back references and ranges of them (`-4..-1`, `-4..`).

        In the order given, each once; those of a pattern by name, numbers counted. Raises InvokeError where
        a name or pattern fits nothing.
        """
        return list(dict.fromkeys(path for name in named for path in self._named(name)))

    def _named(self, name: str) -> Iterator[Path]:
        back = _RANGE.fullmatch(name)
        if back is not None:
            yield from self._since(int(back[1]), int(back[2] or -1))
        elif is_pattern(name) and not self.has(name):
            yield from self._fitting(name)
        else:
            yield self.one(name)

    def _since(self, first: int, last: int) -> Iterator[Path]:
        for index in range(min(first, last), max(first, last) + 1):
            yield look_back(index, self._made, "picture", "init_img")

    def _fitting(self, pattern: str) -> list[Path]:
        typed = expanded(pattern)
        for place in (typed, self._outdir / typed):
            found = [Path(path) for path in glob.glob(str(place), recursive=True) if os.path.isfile(path)]
            if found:
                return sorted(found, key=lambda path: by_name(str(path)))
        raise LineError(f"no file fits {pattern}", "patterns take * for anything and ? for one character")


def missing(path: Path) -> BatchError:
    """The mistake of a prompt file that is not there."""
    return BatchError(f"there is no file {path} to replay", nearest_files(path))


def is_pattern(name: str) -> bool:
    """Whether the name may stand for several files."""
    return _PATTERN.search(name) is not None
