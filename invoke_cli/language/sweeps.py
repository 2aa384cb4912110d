"""A line in which one switch has several values with commas between: `a cat -f 0.2,0.4,0.6`."""

from __future__ import annotations

from dataclasses import dataclass

from invoke_cli.errors import LineError, Span
from invoke_cli.language.lexer import Kind, Token, lex

SWEPT = ("strength", "steps", "steps_run", "cfg_scale", "sampler", "seed")
"""The switches that may have several values."""

_EXAMPLE = "give one switch a list, as in -f 0.2,0.4,0.6,0.8"


@dataclass(frozen=True)
class Sweep:
    """The lines that a line with a list stands for, and what tells each from the others: `-f 0.2`."""

    lines: tuple[str, ...]
    labels: tuple[str, ...]


def expand(line: str) -> Sweep:
    """One line for each value of the list. Raises LineError unless there is one list, of two or more."""
    lists = [token for token in lex(line) if _is_list(token)]
    if not lists:
        flags = "-f, -s, --steps_run, -C, -A and -S"
        raise LineError("there is nothing to compare in this line", f"{_EXAMPLE}; {flags} take one")
    if len(lists) > 1:
        span = Span(lists[1].start, lists[1].end)
        raise LineError("only one switch can have a list of values", "compare the other one next", span=span)
    return _expanded(line, lists[0])


def _is_list(token: Token) -> bool:
    is_swept = token.switch is not None and token.switch.name in SWEPT
    return is_swept and token.kind is Kind.VALUE and "," in token.text


def _expanded(line: str, token: Token) -> Sweep:
    values = tuple(dict.fromkeys(value for value in token.text.split(",") if value))
    if len(values) < 2 or token.switch is None:
        raise LineError("a comparison needs two values or more", _EXAMPLE, span=Span(token.start, token.end))
    before, after = line[: token.start], line[token.end :]
    return Sweep(
        tuple(f"{before}{value}{after}" for value in values),
        tuple(f"{token.switch.flags[0]} {value}" for value in values),
    )
