"""The lines of many pictures, in a prompt file that draws them all again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoke_cli.errors import InvokeError
from invoke_cli.session.events import Ask, Event, Notice
from invoke_cli.session.files import make_directory, write_new, write_over
from invoke_cli.session.recover import Here, recover

SHOWN = 3


@dataclass(frozen=True)
class _Lines:
    """The content of a prompt file, how many lines to draw it has, and which pictures gave none."""

    text: str
    count: int
    silent: tuple[str, ...]


def collect(paths: Sequence[Path], out: Path, here: Here) -> Generator[Event, bool | None, None]:
    """Write the lines of all pictures, of sheets each, into `out`; a question comes where that is there.

    Raises InvokeError where it cannot be written, or no picture says how it was made.
    """
    lines = _lines(paths, here)
    if lines.count == 0:
        raise InvokeError(f"none of the {len(paths)} pictures says how it was made", lines.silent[0])
    content = lines.text.encode("utf-8", "backslashreplace")
    make_directory(out.parent)
    if not write_new(out, content):
        if not (yield Ask(f"{out} is there already; write over it?")):
            yield Notice(f"{out} stays as it was")
            return
        write_over(out, content)
    yield Notice(f"{_counted(lines.count, 'line')} written to {out}; !replay runs them")
    if lines.silent:
        more = f" and {len(lines.silent) - SHOWN} more" if len(lines.silent) > SHOWN else ""
        yield Notice(f"left out: {'; '.join(lines.silent[:SHOWN])}{more}")


def _lines(paths: Sequence[Path], here: Here) -> _Lines:
    rows: list[str] = []
    silent: list[str] = []
    count = 0
    for path in paths:
        try:
            found = recover(path, here)
        except InvokeError as error:
            silent.append(error.message)
            rows.append(f"# {error.message}")
        else:
            lines = found.sheet or (found.line,)
            count += len(lines)
            rows += [f"# {path}", *(f"# {notice}" for notice in found.notices), *lines]
    text = "".join(f"{' '.join(row.splitlines())}\n" for row in rows)
    return _Lines(text, count, tuple(silent))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
