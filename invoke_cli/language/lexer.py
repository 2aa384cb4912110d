r"""A prompt line as tokens with places. Never raises: what cannot be read becomes a MISTAKE token.

The rules, in the order in which they are tried where a word begins:

1. `# model_id=...` and `# [seed, ...]` at the end of a line, as older programs wrote them, are comments.
   Any other `#` is text. `!dream ` in front of a line is dropped.
2. One or two dashes and a letter begin a switch. The longest declared spelling wins. What touches it is
   its value (`-s50`) where it looks like one: numbers for numbers, and for files something with a slash,
   a backslash, a colon, a tilde, a dot inside or a back reference. So `-I./a`, `-Ia.png` and `-I-1` are
   pictures, while `-Island` is a mistake, not the picture "sland". Switches without a value cluster
   (`-gs20`).
3. `"..."` between blanks is text in which nothing is a switch; the quotes vanish. A quote that touches
   other text (`"a".swap("b")`) protects as well, but stays. A quote without a partner, or after a letter or
   digit (12"), is an ordinary character. Single quotes are apostrophes, except around a whole prompt
   that begins the line: `'a cat' -s10`.
4. Everything else up to a blank is prompt text, also `-`, `--` and `-5`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from invoke_cli.language.declare import Switch
from invoke_cli.language.quoting import closing, like_switch, unquoted
from invoke_cli.language.switches import by_flag, long_matches

_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"\S+")
_LONG = re.compile(r"--([A-Za-z][\w-]*)(?=[\s=]|\Z)", re.ASCII)
_WHOLE_PROMPT = re.compile(r"'((?:[^']|(?<=\S)'(?=\S))+)'(?=\s*\Z|\s+--?[A-Za-z])")
_DREAM = re.compile(r"\s*!dream(?=\s|$)")
_COMMENT = re.compile(r"#\s*(model_id=.+|\[[\d\s,-]*\])")
_OPENING = re.compile(r'[(\[,]"')


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


def lex(line: str) -> list[Token]:
    """The tokens of a line, in order, without overlap; only blanks lie between them."""
    return list(_tokens(line))


def split_words(text: str) -> tuple[str, ...]:
    """Blank-separated words, some perhaps in quotes, as a switch with several values takes them."""
    words = []
    at = _blank(text, 0)
    while at < len(text):
        token = _value(text, at, None)
        words.append(token.text)
        at = _blank(text, token.end)
    return tuple(words)


def _tokens(line: str) -> Iterator[Token]:
    dream = _DREAM.match(line)
    at = _blank(line, dream.end() if dream else 0)
    comments = _comments(line)
    if whole := _WHOLE_PROMPT.match(line, at):
        yield Token(Kind.TEXT, whole[1], at, whole.end())
        at = _blank(line, whole.end())
    while at < len(line):
        pieces = [_comment(line, at)] if at in comments else _piece(line, at)
        yield from pieces
        at = _blank(line, pieces[-1].end)


def _comments(line: str) -> set[int]:
    """Where the comments at the end of the line begin; some may turn out to stand inside quotes."""
    starts: set[int] = set()
    end = len(line.rstrip())
    at = line.rfind("#")
    while at != -1 and _COMMENT.fullmatch(line, at, end):
        starts.add(at)
        end = len(line[:at].rstrip())
        at = line.rfind("#", 0, end)
    return starts


def _comment(line: str, at: int) -> Token:
    comment = line[at:].rstrip()
    return Token(Kind.COMMENT, comment, at, at + len(comment))


def _piece(line: str, at: int) -> list[Token]:
    """The tokens that begin where a word begins; at least one."""
    if not like_switch(line, at):
        return [_text(line, at)]
    return _long(line, at) if line.startswith("--", at) else _short(line, at)


def _text(line: str, at: int) -> Token:
    """A word of prompt text, or a quoted piece."""
    if line[at] == '"':
        end = closing(line, at) + 1
        if end and _ends_word(line, end):
            return Token(Kind.TEXT, unquoted(line[at + 1 : end - 1]), at, end)
    end = _text_end(line, at)
    return Token(Kind.TEXT, line[at:end], at, end)


def _text_end(line: str, at: int) -> int:
    """Where a word of text ends; quotes that open at its start or after a bracket keep it together."""
    end = _word_end(line, at)
    opening = at if line[at] == '"' else _opening(line, at, end)
    while opening != -1:
        close = closing(line, opening)
        if close == -1:
            return end
        end = _word_end(line, close)
        opening = _opening(line, close + 1, end)
    return end


def _opening(line: str, start: int, end: int) -> int:
    """The place of a quote behind a bracket or a comma, or -1."""
    found = _OPENING.search(line, start, end)
    return found.end() - 1 if found else -1


def _long(line: str, at: int) -> list[Token]:
    """`--name`, `--name value` or `--name=value`."""
    found = _LONG.match(line, at)
    if found is None:
        return [_mistake(line, at, _word_end(line, at), Problem.UNKNOWN)]
    meant = long_matches(found[1])
    if len(meant) != 1:
        problem = Problem.AMBIGUOUS if meant else Problem.UNKNOWN
        return [_mistake(line, at, _word_end(line, at), problem)]
    (switch, on), end = meant[0], found.end()
    head = Token(Kind.SWITCH, found[0], at, end, switch, on)
    if line.startswith("=", end):
        return _after_equals(line, head)
    return [head] if switch.on_off else _with_values(line, head)


def _short(line: str, at: int) -> list[Token]:
    """`-s50`, `-s 50`, `-s=50`, `-gs20`, `-tm mug`: the longest reading that makes sense."""
    word_end = _word_end(line, at)
    for flag, switch in _short_flags().get(line[at + 1], ()):
        if line.startswith(flag, at):
            tokens = _reading(line, at, at + len(flag), word_end, switch)
            if tokens:
                return tokens
    return [_mistake(line, at, word_end, Problem.UNKNOWN)]


def _reading(line: str, at: int, end: int, word_end: int, switch: Switch) -> list[Token]:
    """The word read as the switch at `at:end` and what touches it. Empty when that makes no sense."""
    head = Token(Kind.SWITCH, line[at:end], at, end, switch)
    if end == word_end:
        return [head] if switch.on_off else _with_values(line, head)
    if line[end] == "=":
        return _after_equals(line, head)
    if not switch.on_off:
        return _glued(line, head, word_end)
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
    next_word = _blank(line, word_end)
    is_apart = at + 1 == word_end and next_word < len(line)
    if is_apart and not switch.codec.glued.match(line, next_word):
        return []
    return _reading(line, at, at + 1, word_end, switch)


def _glued(line: str, head: Token, word_end: int) -> list[Token]:
    """A switch whose value touches it, if it looks like one; a quote always does."""
    codec = head.switch.codec if head.switch else None
    is_quote = line[head.end] in "\"'"
    if codec is None or not (is_quote or codec.glued.match(line[head.end : word_end])):
        return []
    return _values(line, head, head.end)


def _after_equals(line: str, head: Token) -> list[Token]:
    """`--strength=0.8`; `--fit=...` is a mistake."""
    start = head.end + 1
    switch = head.switch
    if switch is None or switch.on_off:
        return [_mistake(line, head.start, _word_end(line, head.end), Problem.SURPLUS, switch)]
    if _ends_word(line, start):
        return [_mistake(line, head.start, start, Problem.MISSING, switch)]
    equals = Token(Kind.SWITCH, head.text, head.start, start, switch)
    return _values(line, equals, start)


def _with_values(line: str, head: Token) -> list[Token]:
    """A switch whose value is the next word."""
    start = _blank(line, head.end)
    if start == len(line) or like_switch(line, start):
        return [_mistake(line, head.start, head.end, Problem.MISSING, head.switch)]
    return _values(line, head, start)


def _values(line: str, head: Token, start: int) -> list[Token]:
    """A switch, its value, and the words that follow as long as they belong to it."""
    tokens = [head, _value(line, start, head.switch)]
    codec = head.switch.codec if head.switch else None
    while codec and len(tokens) <= codec.most:
        start = _blank(line, tokens[-1].end)
        end = _word_end(line, start)
        if start == end or not codec.more.match(line[start:end]):
            break
        tokens.append(Token(Kind.VALUE, line[start:end], start, end, head.switch))
    return tokens


def _value(line: str, at: int, switch: Switch | None) -> Token:
    """A value: in quotes, or up to the next blank, where a backslash may keep a blank or a quote."""
    if line[at] in "\"'":
        end = closing(line, at) + 1
        if not end or not _ends_word(line, end):
            return _mistake(line, at, end or len(line), Problem.UNCLOSED, switch)
        return Token(Kind.VALUE, unquoted(line[at + 1 : end - 1], line[at]), at, end, switch)
    end = _word_end(line, at)
    while line[end - 1] == "\\" and _goes_on(line, end):
        end = _word_end(line, _blank(line, end))
    return Token(Kind.VALUE, line[at:end].replace("\\ ", " "), at, end, switch)


def _goes_on(line: str, end: int) -> bool:
    r"""Whether a blank behind a backslash belongs to the name, as in `my\ picture.png`."""
    following = end + 1
    return line.startswith(" ", end) and not _ends_word(line, following) and not like_switch(line, following)


def _mistake(line: str, start: int, end: int, problem: Problem, switch: Switch | None = None) -> Token:
    return Token(Kind.MISTAKE, line[start:end], start, end, switch, problem=problem)


@cache
def _short_flags() -> dict[str, list[tuple[str, Switch]]]:
    """First letter -> the one-dash spellings that begin with it, longest first."""
    flags = [(flag, entry) for flag, entry in by_flag().items() if not flag.startswith("--")]
    table: dict[str, list[tuple[str, Switch]]] = {}
    for flag, entry in sorted(flags, key=lambda pair: -len(pair[0])):
        table.setdefault(flag[1], []).append((flag, entry))
    return table


def _blank(line: str, at: int) -> int:
    """The place of the next character that is not blank."""
    found = _BLANK.match(line, at)
    return found.end() if found else at


def _word_end(line: str, at: int) -> int:
    """The place of the next blank, or the end."""
    found = _WORD.match(line, at)
    return found.end() if found else at


def _ends_word(line: str, at: int) -> bool:
    return at >= len(line) or line[at].isspace()
