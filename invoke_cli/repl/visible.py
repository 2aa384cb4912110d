"""Text as a terminal may show it: control characters made visible, and a mark under a place.

Prompts, file names and metadata come from elsewhere. Sent as they are, they could move the cursor,
retitle the window or forge a line of our own output.
"""

from __future__ import annotations

import unicodedata

from invoke_cli.errors import Span

_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_REORDERING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ELLIPSIS = "..."


def visible(text: str) -> str:
    r"""`text` with every character that a terminal might obey written as `\x1b`, `\n`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char == "\t":
        return char
    if unicodedata.category(char) in _UNSAFE_CATEGORIES or char in _REORDERING:
        return char.encode("unicode_escape").decode("ascii")
    return char


def cells(text: str) -> int:
    """How many columns `text` takes on a terminal."""
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def marked(line: str, span: Span, width: int | None = None) -> tuple[str, str]:
    """`line` and, to stand below it, carets under `span`; of a long line the part around the span.

    A tab is shown as one blank, so that the marks stand right wherever the tab stops are.
    """
    pieces = [" " if char == "\t" else _shown(char) for char in line]
    start = min(max(span.start, 0), len(pieces))
    end = min(max(span.end, start), len(pieces))
    if width is not None and cells("".join(pieces)) > width:
        pieces, start, end = _window(pieces, start, end, width)
    indent = cells("".join(pieces[:start]))
    length = max(1, cells("".join(pieces[start:end])))
    return "".join(pieces), " " * indent + "^" * length


def _window(pieces: list[str], start: int, end: int, width: int) -> tuple[list[str], int, int]:
    """The pieces that fit in `width` columns, beginning far enough right to show the span's start."""
    room = max(width - 2 * len(_ELLIPSIS), 1)
    first = start
    while first > 0 and cells("".join(pieces[first - 1 : end])) <= room and start - first < room // 2:
        first -= 1
    last = first
    while last < len(pieces) and cells("".join(pieces[first : last + 1])) <= room:
        last += 1
    before = [_ELLIPSIS] if first else []
    after = [_ELLIPSIS] if last < len(pieces) else []
    shift = len(before) - first
    return [*before, *pieces[first:last], *after], start + shift, min(end, last) + shift
