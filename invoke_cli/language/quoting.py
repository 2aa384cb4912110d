r"""Quotes around prompt text and around values.

Between double quotes a backslash means something only in front of a quote: `\"` is a quote, and `\\` in
front of a quote is one backslash. Elsewhere backslashes are ordinary, so that `"C:\pics\a.png"` and
`"\\server\share"` are what they look like. Between single quotes (values only) nothing is special.
"""

from __future__ import annotations

import re

_SLASHES_BEFORE_QUOTE = re.compile(r'(\\+)(?="|$)')
_ESCAPE = re.compile(r'(\\+)("|$)')
_LINE_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LIKE_SWITCH = re.compile(r"--?[A-Za-z]")
_TOLD = 40
_BARE = re.compile(r"[^\s\"']\S*(?<!\\)\Z")


def closing(line: str, opening: int) -> int:
    """The place of the quote that closes the one at `opening`, or -1 when it stays open."""
    mark = line[opening]
    end = line.find(mark, opening + 1)
    while end != -1 and mark == '"' and _escaped(line, end):
        end = line.find(mark, end + 1)
    return end


def unquoted(inside: str, mark: str = '"') -> str:
    """What the text between two quotes means."""
    if mark == "'" or "\\" not in inside:
        return inside
    return _ESCAPE.sub(lambda found: "\\" * (len(found[1]) // 2) + found[2], inside)


def quoted(text: str) -> str:
    """`text` between double quotes, so that `unquoted` gives it back."""
    doubled = _SLASHES_BEFORE_QUOTE.sub(r"\1\1", text)
    return '"' + doubled.replace('"', '\\"') + '"'


def value_text(word: str) -> str:
    """A value as it is written behind its switch: bare where that is safe, else quoted."""
    bare = _BARE.match(word) and not like_switch(word)
    return word if bare else quoted(word)


def like_switch(text: str, at: int = 0) -> bool:
    """Whether a switch begins here: one or two dashes and a letter. `-5`, `-` and `--` are text."""
    return _LIKE_SWITCH.match(text, at) is not None


def one_line(text: str) -> str:
    """`text` with every line break turned into a blank: a prompt line is one line."""
    return _LINE_BREAKS.sub(" ", text)


def told(text: str) -> str:
    """What someone typed, as a message may repeat it: on one line and not endless."""
    text = one_line(text)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."


def _escaped(line: str, quote: int) -> bool:
    """Whether an odd number of backslashes stands in front of the quote."""
    first = quote
    while first and line[first - 1] == "\\":
        first -= 1
    return (quote - first) % 2 == 1
