"""What stands behind a command: words, some in quotes, and a few switches of its own."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from invoke_cli.errors import LineError
from invoke_cli.registry import nearest


@dataclass(frozen=True)
class Arguments:
    """words: what is no switch. switches: their names without dashes, and their values or ""."""

    words: tuple[str, ...]
    switches: dict[str, str] = field(default_factory=dict)


def words_of(text: str) -> list[str]:
    """The words of `text`; quotes keep blanks, and a backslash is an ordinary character.

    Raises LineError for a quote that is never closed.
    """
    reader = shlex.shlex(text, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.commenters = reader.escape = ""
    try:
        return list(reader)
    except ValueError:
        raise LineError("a quote is not closed", "quote the whole value, as in description='...'") from None


def read_arguments(text: str, valued: Collection[str] = (), plain: Collection[str] = ()) -> Arguments:
    """Words and switches; those named in `valued` take a value, those in `plain` none. Raises LineError."""
    words: list[str] = []
    switches: dict[str, str] = {}
    waiting = iter(words_of(text))
    for word in waiting:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            words.append(word)
        elif name in valued:
            switches[name] = value if equals else _next(waiting, word)
        elif name in plain and not equals:
            switches[name] = ""
        else:
            raise _unknown(word, [*valued, *plain])
    return Arguments(tuple(words), switches)


def _next(waiting: Iterator[str], switch: str) -> str:
    value = next(waiting, None)
    if value is None:
        raise LineError(f"{switch} needs a value")
    return value


def _unknown(word: str, known: Collection[str]) -> LineError:
    meant = nearest(word.removeprefix("--"), known)
    there = ", ".join(f"--{name}" for name in known)
    hint = f"did you mean --{meant}?" if meant else f"there are: {there}" if known else "it takes none"
    return LineError(f"this command has no switch {word}", hint)
