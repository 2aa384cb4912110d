"""Files that could not be imported, remembered so that every start does not try and tell them again."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from invoke_cli.errors import SettingsError
from invoke_cli.yaml_file import write_text

NAME = "autoimport-failures.json"


class Failures:
    """The failures in a JSON file, {path: [size, time]}; a file that has changed is not among them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def knows(self, source: str) -> bool:
        """Whether this file or directory, as it is now, has failed before."""
        return source in self._known and self._known[source] == _stamp(Path(source))

    def add(self, source: str) -> None:
        """Remember a failure; where that cannot be written it is told again next time, which does no harm."""
        self._known = {path: stamp for path, stamp in self._known.items() if Path(path).exists()}
        self._known[source] = _stamp(Path(source))
        with suppress(SettingsError):
            write_text(self._path, json.dumps(self._known, indent=1) + "\n")


def _read(path: Path) -> dict[str, list[int]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _stamp(source: Path) -> list[int]:
    """Size and time of a file; of a directory all sizes together, and the newest time."""
    paths = [source, *(source.rglob("*") if source.is_dir() else ())]
    status = [path.stat() for path in paths if path.exists()]
    return [sum(one.st_size for one in status), max((one.st_mtime_ns for one in status), default=0)]
