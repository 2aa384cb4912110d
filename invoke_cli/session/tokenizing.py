"""What -t shows: the prompt as the text encoder reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from invoke_cli.session.events import ReadText, ReadToken, Tokens
from invoke_cli.wording import Part


def tokenized(texts: Sequence[Part], tokenizer: Any, picture: int) -> Tokens:
    """The tokens of these texts, of both sides of a prompt."""
    return Tokens(picture, tuple(_read(text, tokenizer) for text in texts))


def _read(text: Part, tokenizer: Any) -> ReadText:
    from invoke_cli.diffusion.conditioning import tokens

    read = tuple(
        ReadToken(token.text, token.weight, token.chunk + 1) for token in tokens(tokenizer, text.text)
    )
    return ReadText(text.name, max((token.chunk for token in read), default=1), read)
