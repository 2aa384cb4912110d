"""The tokens of a prompt as lines of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from invoke_cli.repl.visible import visible
from invoke_cli.session.events import ReadText, ReadToken, Tokens

WIDTH = 100


def token_lines(event: Tokens, columns: int | None = None) -> Iterator[str]:
    """Each text under its name, its words in lines of at most `columns` characters, chunk by chunk."""
    if event.picture:
        yield f"picture {event.picture + 1}:"
    for text in event.texts:
        if text.part == "negative" and not text.tokens:
            continue
        yield from _text_lines(text, columns or WIDTH)


def _text_lines(text: ReadText, columns: int) -> Iterator[str]:
    counted = f"{len(text.tokens)} token{'' if len(text.tokens) == 1 else 's'}"
    chunks = f"{text.chunks} chunk{'' if text.chunks == 1 else 's'}"
    yield f"{text.part}: {counted} in {chunks}"
    for number, tokens in groupby(text.tokens, key=lambda token: token.chunk):
        label = f"  chunk {number}: " if text.chunks > 1 else "  "
        # a word's tokens touch, and so a line never breaks within a word
        yield from textwrap.wrap(
            "".join(_words(list(tokens))),
            max(columns - 1, len(label) + 20),
            initial_indent=label,
            subsequent_indent=" " * len(label),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _words(tokens: Sequence[ReadToken]) -> Iterator[str]:
    for token in tokens:
        weight = "" if token.weight == 1 else f"{token.weight:.3g}"
        yield f"[{visible(token.text.rstrip())}]{weight}{' ' if token.text.endswith(' ') else ''}"
