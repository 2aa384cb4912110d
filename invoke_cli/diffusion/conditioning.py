"""Prompts as the network takes them: weighted fragments of text become embeddings, at any length.

CLIP reads 77 tokens at a time, of which two frame the text, so a longer prompt is read in chunks of 75
whose embeddings stand one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from invoke_cli.diffusion.recipe import Fragments

T = TypeVar("T")

CHUNK = 75
"""Tokens of text between a chunk's begin and end marks."""


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What to draw and what to avoid, each (B, L, D) float32 with the same L; B pictures.

    added: what some networks want to know besides, by the names under which they take it; each
    (2 B, ...) float32, of the pictures' negative sides and then of their positive ones.
    """

    positive: Tensor
    negative: Tensor
    added: Mapping[str, Tensor] = field(default_factory=dict)

    @cached_property
    def both(self) -> Tensor:
        """The negative sides and then the positive ones, (2 B, L, D); the same tensor each time."""
        return torch.cat([self.negative, self.positive])


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


def embed(
    tokenizer: Any, encoder: Any, fragments: Fragments, device: torch.device, *, penultimate: bool = False
) -> Tensor:
    """The embeddings of a prompt, chunk by chunk: (chunks, 77, D) float32; one chunk for no text.

    tokenizer, encoder: transformers' CLIPTokenizer and CLIPTextModel.
    penultimate: what the last layer is given, as SDXL takes it, instead of what it makes of it.
    A weight w moves a token's embedding away from the one that the empty prompt has in its place:
    z = empty + (z - empty) * w, where w is not 1. (The formula of compel.)
    """
    chunks = _chunks(tokenizer, fragments)
    ids = [_framed(tokenizer, [token for token, _ in chunk]) for chunk in chunks]
    plain = _encode(encoder, ids, device, penultimate)
    if all(weight == 1 for _, weight in fragments):
        return plain
    empty = _encode(encoder, [_framed(tokenizer, [])], device, penultimate)
    framed = [_frame([weight for _, weight in chunk], 1.0, 1.0, 1.0) for chunk in chunks]
    weights = torch.tensor(framed, device=device)[..., None]
    return torch.where(weights == 1, plain, empty + (plain - empty) * weights)


def pooled(tokenizer: Any, encoder: Any, fragments: Fragments, device: torch.device) -> Tensor:
    """The prompt's first chunk in one vector, (1, P) float32; weights have no say in it.

    encoder: transformers' CLIPTextModelWithProjection.
    """
    ids = [token for token, _ in _chunks(tokenizer, fragments)[0]]
    with torch.inference_mode():
        embedded: Tensor = encoder(torch.tensor([_framed(tokenizer, ids)], device=device)).text_embeds
        return embedded.float()


AESTHETICS = (2.5, 6.0)
"""How fine a picture the SDXL refiner should think it avoids and draws; the scores of its makers."""


def size_facts(size: tuple[int, int], count: int) -> list[Sequence[float]]:
    """What SDXL is told of a picture, for the negative side and the positive: its sizes and crop.

    size: (H, W) in pixels. count: how many numbers the network takes; 6 are the original size, the crop's
    corner and the target size, 5 have an aesthetic score in place of the latter.
    Podell et al. 2023 (arXiv 2307.01952), section 2.2.
    """
    if count == 6:
        return [(*size, 0, 0, *size)] * 2
    return [(*size, 0, 0, score) for score in AESTHETICS]


def condition(positive: Tensor, negative: Tensor, empty: Tensor) -> Conditioning:
    """Both sides at the same length: the shorter one goes on with empty chunks.

    positive, negative: (chunks, 77, D), as `embed` gives them. empty: (1, 77, D), of no text.
    """
    chunks = max(len(positive), len(negative))

    def joined(side: Tensor) -> Tensor:
        return torch.cat([side, *[empty] * (chunks - len(side))]).flatten(0, 1)[None]

    return Conditioning(joined(positive), joined(negative))


def side_by_side(each: Sequence[Conditioning]) -> Conditioning:
    """The conditionings of pictures that are drawn together as one; they must be of the same length."""
    if len(each) == 1:
        return each[0]
    halves = {name: [one.added[name].chunk(2) for one in each] for name in each[0].added}
    return Conditioning(
        torch.cat([one.positive for one in each]),
        torch.cat([one.negative for one in each]),
        {name: torch.cat([*(a for a, _ in pairs), *(d for _, d in pairs)]) for name, pairs in halves.items()},
    )


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


def _encode(encoder: Any, ids: list[list[int]], device: torch.device, penultimate: bool) -> Tensor:
    """Token ids, (chunks, 77), to embeddings, (chunks, 77, D) float32."""
    with torch.inference_mode():
        if not penultimate:
            embedded: Tensor = encoder(torch.tensor(ids, device=device)).last_hidden_state
        else:
            # [-1] is the last layer's, [-2] the one before, neither of them normed
            embedded = encoder(torch.tensor(ids, device=device), output_hidden_states=True).hidden_states[-2]
        return embedded.float()


def _readable(tokenizer: Any, token: int) -> str:
    ends_word = str(tokenizer.convert_ids_to_tokens(token)).endswith("</w>")
    text = str(tokenizer.decode([token])).strip()
    return f"{text} " if ends_word else text
