"""Tokens: the pieces of a prompt line, and where words begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from invoke_cli.language.declare import Switch

_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"\S+")


class Kind(Enum):
    """What a piece of the line is."""

    TEXT = "text"
    SWITCH = "switch"
    VALUE = "value"
    COMMENT = "comment"
    MISTAKE = "mistake"


class Problem(Enum):
    """Why a MISTAKE token is one."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    MISSING = "missing"
    SURPLUS = "surplus"
    UNCLOSED = "unclosed"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the line, `line[start:end]`, and what it means.

    text: the meaning, quotes and escapes undone. switch: the switch that a SWITCH or VALUE token belongs
    to, also where its value is missing. on: False for a `--no-` twin. problem: of a MISTAKE.
    """

    kind: Kind
    text: str
    start: int
    end: int
    switch: Switch | None = None
    on: bool = True
    problem: Problem | None = None


def mistake(line: str, start: int, end: int, problem: Problem, switch: Switch | None = None) -> Token:
    """A MISTAKE token for `line[start:end]`."""
    return Token(Kind.MISTAKE, line[start:end], start, end, switch, problem=problem)


def skip_blanks(line: str, at: int) -> int:
    """The place of the next character that is not blank."""
    found = _BLANK.match(line, at)
    return found.end() if found else at


def end_of_word(line: str, at: int) -> int:
    """The place of the next blank, or the end."""
    found = _WORD.match(line, at)
    return found.end() if found else at


def ends_word(line: str, at: int) -> bool:
    """Whether a blank or the end of the line stands here."""
    return at >= len(line) or line[at].isspace()
