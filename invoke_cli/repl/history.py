"""The lines typed so far, in a file that only its owner can read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

from invoke_cli.session.events import Notice

_KEPT = 10_000
_PRIVATE = 0o600
_UNKEPT = re.compile(r"q|!\d+")


class LineHistory(History):
    """A text file with one line for each line typed, written as it is typed.

    Nothing that is wrong with the file keeps the prompt away: it is moved aside or left alone, and
    `take_notices` says so.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._notices: list[Notice] = []
        self._path: Path | None = path
        self.lines = self._read(path)

    def append_string(self, string: str) -> None:
        """Remember a line, but none that leaves or recalls another, nor the same one twice in a row."""
        line = " ".join(string.splitlines()).strip()
        if line and not _UNKEPT.fullmatch(line) and line != self._last():
            super().append_string(line)

    def clear(self) -> None:
        """Forget all lines, also in the file."""
        self.lines.clear()
        self._loaded_strings.clear()
        if self._path is None:
            return
        try:
            _replace(self._path, [])
        except OSError as error:
            self._keep_in_memory(self._path, error)

    def take_notices(self) -> list[Notice]:
        """What there is to say about the file and was not said yet."""
        taken, self._notices = self._notices, []
        return taken

    def load_history_strings(self) -> Iterable[str]:
        """The lines, newest first."""
        return reversed(self.lines)

    def store_string(self, string: str) -> None:
        """Write a line at once, so that no crash can lose it."""
        self.lines.append(string)
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write_private(self._path, os.O_APPEND, [string])
        except OSError as error:
            self._keep_in_memory(self._path, error)

    def _last(self) -> str | None:
        return self.lines[-1] if self.lines else None

    def _read(self, path: Path) -> list[str]:
        try:
            lines = _decoded(path.read_bytes())
            path.chmod(_PRIVATE)
            if len(lines) > _KEPT:
                lines = lines[-_KEPT:]
                _replace(path, lines)
        except FileNotFoundError:
            return []
        except (OSError, ValueError):
            self._move_aside(path)
            return []
        return lines

    def _move_aside(self, path: Path) -> None:
        aside = path.with_name(path.name + ".old")
        try:
            os.replace(path, aside)
        except OSError as error:
            self._keep_in_memory(path, error)
        else:
            self._notices.append(Notice(f"the history {path} could not be read and is now {aside.name}"))

    def _keep_in_memory(self, path: Path, error: OSError) -> None:
        self._path = None
        reason = error.strerror or "no reason given"
        self._notices.append(Notice(f"lines are not kept for next time: {path} cannot be used ({reason})"))


def _decoded(content: bytes) -> list[str]:
    """The lines of the file. Raises ValueError when it is not text."""
    if b"\0" in content:
        raise ValueError("not a text file")
    return [line for line in content.decode("utf-8").split("\n") if line.strip()]


def _replace(path: Path, lines: list[str]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    _write_private(temporary, os.O_TRUNC, lines)
    os.replace(temporary, path)


def _write_private(path: Path, how: int, lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, _PRIVATE)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content.encode("utf-8", "backslashreplace"))
