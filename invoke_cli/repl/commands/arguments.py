"""What stands behind a command: words, some in quotes, and a few switches of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from invoke_cli.errors import LineError
from invoke_cli.registry import nearest
from invoke_cli.repl.commands.registry import Option, Takes

_BARE = re.compile(r"[^\s\"']+")
# A word as it is being typed: pieces without blanks or in quotes, of which the last may still be open.
_TYPED = re.compile(r"""(?:[^\s"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))+""")
_PIECE = re.compile(r"""[^\s"']+|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)""")


@dataclass(frozen=True)
class Arguments:
    """words: what is no switch. switches: their names without dashes, and their values or ""."""

    words: tuple[str, ...]
    switches: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Typed:
    """A word as far as it is typed. text: its meaning so far. start: where in the text it begins.

    quote: the mark of a quote that is still open, or "".
    """

    text: str
    start: int
    quote: str = ""


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


def typed_words(text: str) -> list[Typed]:
    """The words of `text`, of which the last is the one at its end: "" where that is a blank."""
    words = [_typed(found[0], found.start()) for found in _TYPED.finditer(text)]
    is_new = not words or (text[-1:].isspace() and not words[-1].quote)
    return [*words, Typed("", len(text))] if is_new else words


def _typed(written: str, start: int) -> Typed:
    pieces = _PIECE.findall(written)
    last = pieces[-1]
    is_open = last[0] in "\"'" and (len(last) == 1 or last[-1] != last[0])
    return Typed("".join(map(_meaning, pieces)), start, last[0] if is_open else "")


def _meaning(piece: str) -> str:
    mark = piece[0]
    return piece[1:].removesuffix(mark) if mark in "\"'" else piece


def word_text(word: str, quote: str = "") -> str:
    """A word as it is written, so that `words_of` gives it back; with that quote where it can be."""
    if not quote and _BARE.fullmatch(word):
        return word
    for mark in (quote or '"', '"', "'"):
        if mark not in word:
            return f"{mark}{word}{mark}"
    return shlex.quote(word)


def read_arguments(text: str, takes: Takes = ()) -> Arguments:
    """The words, and the switches that `takes` declares with their values. Raises LineError for others."""
    options = {part.name: part for part in takes if isinstance(part, Option)}
    words: list[str] = []
    switches: dict[str, str] = {}
    waiting = iter(words_of(text))
    for word in waiting:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            words.append(word)
        elif name in options and options[name].label:
            switches[name] = value if equals else _next(waiting, word)
        elif name in options and not equals:
            switches[name] = ""
        else:
            raise _unknown(word, list(options))
    return Arguments(tuple(words), switches)


def _next(waiting: Iterator[str], switch: str) -> str:
    value = next(waiting, None)
    if value is None:
        raise LineError(f"{switch} needs a value")
    return value


def _unknown(word: str, known: list[str]) -> LineError:
    meant = nearest(word.removeprefix("--"), known)
    there = ", ".join(f"--{name}" for name in known)
    hint = f"did you mean --{meant}?" if meant else f"there are: {there}" if known else "it takes none"
    return LineError(f"this command has no switch {word}", hint)
