"""Words that begin with a dash: which switch they are, and what touches it."""

from __future__ import annotations

import re
from functools import cache

from invoke_cli.language.declare import Switch
from invoke_cli.language.quoting import like_switch
from invoke_cli.language.switches import by_flag, long_matches
from invoke_cli.language.tokens import Kind, Problem, Token, end_of_word, ends_word, mistake, skip_blanks
from invoke_cli.language.values import with_values

_LONG = re.compile(r"--([A-Za-z][\w-]*)(?=[\s=]|\Z)", re.ASCII)


def long_switch(line: str, at: int) -> list[Token]:
    """`--name`, `--name value` or `--name=value`."""
    found = _LONG.match(line, at)
    if found is None:
        return [mistake(line, at, end_of_word(line, at), Problem.UNKNOWN)]
    meant = long_matches(found[1])
    if len(meant) != 1:
        problem = Problem.AMBIGUOUS if meant else Problem.UNKNOWN
        return [mistake(line, at, end_of_word(line, at), problem)]
    (switch, on), end = meant[0], found.end()
    head = Token(Kind.SWITCH, found[0], at, end, switch, on)
    if line.startswith("=", end):
        return _after_equals(line, head, switch)
    return [head] if switch.on_off else _before_value(line, head, switch)


def short_switch(line: str, at: int) -> list[Token]:
    """`-s50`, `-s 50`, `-s=50`, `-gs20`, `-tm mug`: the longest reading that makes sense."""
    word_end = end_of_word(line, at)
    for flag, switch in _short_flags().get(line[at + 1], ()):
        if line.startswith(flag, at):
            tokens = _reading(line, at, at + len(flag), word_end, switch)
            if tokens:
                return tokens
    return [mistake(line, at, word_end, Problem.UNKNOWN)]


def _reading(line: str, at: int, end: int, word_end: int, switch: Switch) -> list[Token]:
    """The word read as the switch at `at:end` and what touches it. Empty when that makes no sense."""
    head = Token(Kind.SWITCH, line[at:end], at, end, switch)
    if end == word_end:
        return [head] if switch.on_off else _before_value(line, head, switch)
    if line[end] == "=":
        return _after_equals(line, head, switch)
    if not switch.on_off:
        return _glued(line, head, switch, word_end)
    return _cluster(line, head, word_end) if len(head.text) == 2 else []


def _cluster(line: str, head: Token, word_end: int) -> list[Token]:
    """One-letter switches behind one dash, perhaps with a value at the end. Empty when it is none.

    A last switch with a value takes the next word only if that looks like one, so that `-go west` is
    a mistake and not the folder "west".
    """
    tokens = [head]
    while tokens[-1].end < word_end:
        at = tokens[-1].end
        switch = by_flag().get("-" + line[at])
        if switch is None:
            return []
        if not switch.on_off:
            rest = _cluster_end(line, at, word_end, switch)
            return [*tokens, *rest] if rest else []
        tokens.append(Token(Kind.SWITCH, line[at], at, at + 1, switch))
    return tokens


def _cluster_end(line: str, at: int, word_end: int, switch: Switch) -> list[Token]:
    """The switch with a value that ends a cluster. Empty when what follows is no value."""
    next_word = skip_blanks(line, word_end)
    is_apart = at + 1 == word_end and next_word < len(line)
    if is_apart and not switch.codec.glued.match(line, next_word):
        return []
    return _reading(line, at, at + 1, word_end, switch)


def _glued(line: str, head: Token, switch: Switch, word_end: int) -> list[Token]:
    """A switch whose value touches it, if it looks like one; a quote always does."""
    is_quote = line[head.end] in "\"'"
    if not is_quote and not switch.codec.glued.match(line[head.end : word_end]):
        return []
    return with_values(line, head, switch, head.end)


def _after_equals(line: str, head: Token, switch: Switch) -> list[Token]:
    """`--strength=0.8`; `--fit=...` is a mistake."""
    start = head.end + 1
    if switch.on_off:
        return [mistake(line, head.start, end_of_word(line, start), Problem.SURPLUS, switch)]
    if ends_word(line, start):
        return [mistake(line, head.start, start, Problem.MISSING, switch)]
    equals = Token(Kind.SWITCH, head.text, head.start, start, switch)
    return with_values(line, equals, switch, start)


def _before_value(line: str, head: Token, switch: Switch) -> list[Token]:
    """A switch whose value is the next word."""
    start = skip_blanks(line, head.end)
    if start == len(line) or like_switch(line, start):
        return [mistake(line, head.start, head.end, Problem.MISSING, switch)]
    return with_values(line, head, switch, start)


@cache
def _short_flags() -> dict[str, list[tuple[str, Switch]]]:
    """First letter -> the one-dash spellings that begin with it, longest first."""
    flags = [(flag, entry) for flag, entry in by_flag().items() if not flag.startswith("--")]
    table: dict[str, list[tuple[str, Switch]]] = {}
    for flag, entry in sorted(flags, key=lambda pair: -len(pair[0])):
        table.setdefault(flag[1], []).append((flag, entry))
    return table
