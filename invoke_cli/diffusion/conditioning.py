"""Prompts as the network takes them: weighted fragments of text become embeddings, at any length.

CLIP reads 77 tokens at a time, of which two frame the text, so a longer prompt is read in chunks of 75
whose embeddings stand one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from invoke_cli.diffusion.recipe import Fragments

T = TypeVar("T")

CHUNK = 75
"""Tokens of text between a chunk's begin and end marks."""


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What to draw and what to avoid, each (1, L, D) float32 with the same L."""

    positive: Tensor
    negative: Tensor


class Token(NamedTuple):
    """A token as a person may read it; `text` ends in a blank where a word ends. `chunk` is 0-based."""

    text: str
    weight: float
    chunk: int


def tokens(tokenizer: Any, fragments: Fragments) -> list[Token]:
    """What the text encoder will see of the prompt, begin and end marks left out."""
    return [
        Token(_readable(tokenizer, token), weight, index)
        for index, chunk in enumerate(_chunks(tokenizer, fragments))
        for token, weight in chunk
    ]


def embed(tokenizer: Any, encoder: Any, fragments: Fragments, device: torch.device) -> Tensor:
    """The embeddings of a prompt, chunk by chunk: (chunks, 77, D) float32; one chunk for no text.

    tokenizer, encoder: transformers' CLIPTokenizer and CLIPTextModel.
    A weight w moves a token's embedding away from the one that the empty prompt has in its place:
    z = empty + (z - empty) * w, where w is not 1. (The formula of compel.)
    """
    chunks = _chunks(tokenizer, fragments)
    plain = _encode(encoder, [_framed(tokenizer, [token for token, _ in chunk]) for chunk in chunks], device)
    if all(weight == 1 for _, weight in fragments):
        return plain
    empty = _encode(encoder, [_framed(tokenizer, [])], device)
    framed = [_frame([weight for _, weight in chunk], 1.0, 1.0, 1.0) for chunk in chunks]
    weights = torch.tensor(framed, device=device)[..., None]
    return torch.where(weights == 1, plain, empty + (plain - empty) * weights)


def condition(positive: Tensor, negative: Tensor, empty: Tensor) -> Conditioning:
    """Both sides at the same length: the shorter one goes on with empty chunks.

    positive, negative: (chunks, 77, D), as `embed` gives them. empty: (1, 77, D), of no text.
    """
    chunks = max(len(positive), len(negative))

    def joined(side: Tensor) -> Tensor:
        return torch.cat([side, *[empty] * (chunks - len(side))]).flatten(0, 1)[None]

    return Conditioning(joined(positive), joined(negative))


def _chunks(tokenizer: Any, fragments: Fragments) -> list[list[tuple[int, float]]]:
    """Token ids with their weights, 75 at a time; at least one chunk, which may be empty."""
    pairs = [(token, weight) for text, weight in fragments for token in _ids(tokenizer, text)]
    return [pairs[start : start + CHUNK] for start in range(0, max(1, len(pairs)), CHUNK)]


def _ids(tokenizer: Any, text: str) -> list[int]:
    # without `verbose=False` a long text is logged as an error, though it is cut into chunks here
    return list(tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids)


def _framed(tokenizer: Any, ids: list[int]) -> list[int]:
    return _frame(ids, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)


def _frame(items: list[T], begin: T, end: T, pad: T) -> list[T]:
    """A chunk's items between its marks, filled up to 77."""
    return [begin, *items, end, *[pad] * (CHUNK - len(items))]


def _encode(encoder: Any, ids: list[list[int]], device: torch.device) -> Tensor:
    """Token ids, (chunks, 77), to embeddings, (chunks, 77, D) float32."""
    with torch.inference_mode():
        embedded: Tensor = encoder(torch.tensor(ids, device=device)).last_hidden_state
        return embedded.float()


def _readable(tokenizer: Any, token: int) -> str:
    ends_word = str(tokenizer.convert_ids_to_tokens(token)).endswith("</w>")
    text = str(tokenizer.decode([token])).strip()
    return f"{text} " if ends_word else text
