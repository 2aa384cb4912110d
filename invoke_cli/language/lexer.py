r"""A prompt line as tokens with places. Never raises: what cannot be read becomes a MISTAKE token.

The rules, in the order in which they are tried where a word begins:

1. A `#` between blanks begins a comment, up to the end of the line; so do `#model_id=...` and `#[seed, ...]`
   there, as older programs wrote them. A `#` that touches a word (`pic#1.png`, `track #9`) is text.
   What logs and transcripts have in front of a line is dropped: `!dream `, `invoke> ` and `dream> `, and the
   file that the line made (`[3.1] outputs/000012.42.png: `).
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

from invoke_cli.language.flags import long_switch, short_switch
from invoke_cli.language.quoting import closing, like_switch, unquoted
from invoke_cli.language.tokens import Kind, Problem, Token, end_of_word, ends_word, skip_blanks

__all__ = ["Kind", "Problem", "Token", "lex"]

_WHOLE_PROMPT = re.compile(r"'((?:[^']|(?<=\S)'(?=\S))+)'(?=\s*\Z|\s+--?[A-Za-z])")
_PICTURE = r"\.(?:png|jpe?g|webp|avif):\s+"
_PLAIN = r'(?!"|(?<!\S)--?[A-Za-z])'  # quotes and switches belong to the line, not to what stands before it
_BEFORE = re.compile(
    rf"\s*(?:(?:\((?:{_PLAIN}[^()])*\)\s*)?(?:invoke|dream)>\s*)?"
    rf"(?:\[\d+(?:\.\d+)?\]\s+(?:{_PLAIN}.)*?{_PICTURE}"
    rf"|(?:(?:[A-Za-z]:)?(?:{_PLAIN}[^:])*[/\\])?\d+\.\d+(?:{_PLAIN}[^/\\:])*?{_PICTURE})?"
    r"(?:!dream(?=\s|$))?"
)
_COMMENT = re.compile(r"#\s*(model_id=.+|\[[\d\s,-]*\])")
_OPENING = re.compile(r'[(\[,]"')


def lex(line: str) -> list[Token]:
    """The tokens of a line, in order, without overlap; only blanks lie between them."""
    return list(_tokens(line))


def _tokens(line: str) -> Iterator[Token]:
    before = _BEFORE.match(line)
    at = skip_blanks(line, before.end() if before else 0)
    comments = _comments(line)
    if whole := _WHOLE_PROMPT.match(line, at):
        yield Token(Kind.TEXT, whole[1], at, whole.end())
        at = skip_blanks(line, whole.end())
    while at < len(line):
        is_comment = at in comments or (line[at] == "#" and ends_word(line, at + 1))
        pieces = [_comment(line, at)] if is_comment else _piece(line, at)
        yield from pieces
        at = skip_blanks(line, pieces[-1].end)


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
    return long_switch(line, at) if line.startswith("--", at) else short_switch(line, at)


def _text(line: str, at: int) -> Token:
    """A word of prompt text, or a quoted piece."""
    if line[at] == '"':
        end = closing(line, at) + 1
        if end and ends_word(line, end):
            return Token(Kind.TEXT, unquoted(line[at + 1 : end - 1]), at, end)
    end = _text_end(line, at)
    return Token(Kind.TEXT, line[at:end], at, end)


def _text_end(line: str, at: int) -> int:
    """Where a word of text ends; quotes that open at its start or after a bracket keep it together."""
    end = end_of_word(line, at)
    opening = at if line[at] == '"' else _opening(line, at, end)
    while opening != -1:
        close = closing(line, opening)
        if close == -1:
            return end
        end = end_of_word(line, close)
        opening = _opening(line, close + 1, end)
    return end


def _opening(line: str, start: int, end: int) -> int:
    """The place of a quote behind a bracket or a comma, or -1."""
    found = _OPENING.search(line, start, end)
    return found.end() - 1 if found else -1
