"""Prompts as the network takes them: weighted fragments of text become embeddings, at any length.

CLIP reads 77 tokens at a time, of which two frame the text, so a longer prompt is read in chunks of 75
whose embeddings stand one after the other. Weights do what they do in compel (and so in InvokeAI 2.x), which
the tests compare with; only where chunks end differs, for compel prefers the ends of sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from invoke_cli.wording import Fragments

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
        for token, weight, _ in chunk
    ]


def embed(
    tokenizer: Any, encoder: Any, fragments: Fragments, device: torch.device, *, penultimate: bool = False
) -> Tensor:
    """The embeddings of a prompt, chunk by chunk: (chunks, 77, D) float32; one chunk for no text.

    tokenizer, encoder: a CLIPTokenizer and a CLIPTextModel; see Bundle.
    penultimate: what the last layer is given, as SDXL takes it, instead of what it makes of it.
    A weight w moves a token's embedding away from the one that the empty prompt has in its place:
    z = empty + (z - empty) * w, where w is not 1. Weights below 1 also fade; see `_faded`.
    """
    chunks = _chunks(tokenizer, fragments)
    ids = [_framed(tokenizer, [token for token, _, _ in chunk]) for chunk in chunks]
    plain = _encode(encoder, ids, device, penultimate)
    if all(weight == 1 for _, weight in fragments):
        return plain
    empty = _encode(encoder, [_framed(tokenizer, [])], device, penultimate)
    weights = torch.tensor(
        [_frame([weight for _, weight, _ in chunk], 1.0, 1.0, 1.0) for chunk in chunks], device=device
    )

    def weighted(encoded: Tensor, rows: Tensor) -> Tensor:
        return torch.where(rows == 1, encoded, empty + (encoded - empty) * rows)

    def without(at: int, mask: list[int]) -> Tensor:
        encoded = _encode(encoder, [ids[at]], device, penultimate, mask)
        return weighted(encoded, weights[at, :, None])[0]

    found = weighted(plain, weights[..., None])
    return found + _faded(found, chunks, fragments, without)


Chunk = list[tuple[int, float, int]]
"""Token ids, each with its weight and the index of its fragment."""


def _faded(
    found: Tensor, chunks: list[Chunk], fragments: Fragments, without: Callable[[int, list[int]], Tensor]
) -> Tensor:
    """What a prompt's embeddings, (chunks, 77, D), gain by the fragments that weigh less than 1.

    Each of them draws the whole towards the prompt in which nobody looks at it: not at all at weight 1,
    half of the way at 0.5, and altogether at 0. Weighing alone would still be some interest in it.
    without: a chunk's number and an attention mask -> its embeddings, (77, D).
    """
    pulls = {at: _pull(weight) for at, (_, weight) in enumerate(fragments) if weight < 1}
    total = 1 + sum(pulls.values())
    gained = torch.zeros_like(found)
    for at, chunk in enumerate(chunks):
        for fragment in dict.fromkeys(index for _, weight, index in chunk if weight < 1):
            mask = _frame([int(index != fragment) for _, _, index in chunk], 1, 1, 1)
            gained[at] += (without(at, mask) - found[at]) * (pulls[fragment] / total)
    return gained


def _pull(weight: float) -> float:
    """0 at weight 1, 1 at 0.5, and nearly without end at 0; compel's curve."""
    return math.tan((1 - max(weight, 1e-5)) * math.pi / 2)


def mixed(texts: Sequence[tuple[Tensor, float]], empty: Tensor) -> Tensor:
    """The sum of texts' embeddings, (chunks, 77, D) each, times their shares; short ones end empty."""
    longest = max(len(text) for text, _ in texts)
    return torch.stack([lengthened(text, longest, empty) * share for text, share in texts]).sum(0)


def lengthened(text: Tensor, chunks: int, empty: Tensor) -> Tensor:
    """Embeddings (n, 77, D) at the length of `chunks`, which is n or more. empty: (1, 77, D), of no text."""
    return torch.cat([text, *[empty] * (chunks - len(text))])


def pooled(tokenizer: Any, encoder: Any, fragments: Fragments, device: torch.device) -> Tensor:
    """The prompt's first chunk in one vector, (1, P) float32; weights have no say in it.

    encoder: a CLIPTextModelWithProjection; see Bundle.
    """
    ids = [token for token, _, _ in _chunks(tokenizer, fragments)[0]]
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


def condition(positive: Tensor, negative: Tensor, empty: Tensor, chunks: int = 1) -> Conditioning:
    """Both sides at the same length, and at least `chunks`: shorter ones go on with empty chunks.

    positive, negative: (chunks, 77, D), as `embed` gives them. empty: (1, 77, D), of no text.
    """
    chunks = max(len(positive), len(negative), chunks)

    def joined(side: Tensor) -> Tensor:
        return lengthened(side, chunks, empty).flatten(0, 1)[None]

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


def token_counts(tokenizer: Any, texts: Sequence[Fragments]) -> list[int]:
    """How many tokens each of the texts has."""
    return [sum(len(_ids(tokenizer, text)) for text, _ in fragments) for fragments in texts]


def _chunks(tokenizer: Any, fragments: Fragments) -> list[Chunk]:
    """Tokens, 75 at a time; at least one chunk, which may be empty."""
    read = [
        (token, weight, index)
        for index, (text, weight) in enumerate(fragments)
        for token in _ids(tokenizer, text)
    ]
    return [read[start : start + CHUNK] for start in range(0, max(1, len(read)), CHUNK)]


def _ids(tokenizer: Any, text: str) -> list[int]:
    # without `verbose=False` a long text is logged as an error, though it is cut into chunks here
    return list(tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids)


def _framed(tokenizer: Any, ids: list[int]) -> list[int]:
    return _frame(ids, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)


def _frame(items: list[T], begin: T, end: T, pad: T) -> list[T]:
    """A chunk's items between its marks, filled up to 77."""
    return [begin, *items, end, *[pad] * (CHUNK - len(items))]


def _encode(
    encoder: Any, ids: list[list[int]], device: torch.device, penultimate: bool, mask: list[int] | None = None
) -> Tensor:
    """Token ids, (chunks, 77), to embeddings, (chunks, 77, D) float32. mask: 0 for tokens nobody looks at."""
    seen = None if mask is None else torch.tensor([mask], device=device)
    with torch.inference_mode():
        read = encoder(torch.tensor(ids, device=device), seen, output_hidden_states=penultimate)
        # [-1] is the last layer's, [-2] the one before, neither of them normed
        embedded: Tensor = read.hidden_states[-2] if penultimate else read.last_hidden_state
        return embedded.float()


def _readable(tokenizer: Any, token: int) -> str:
    ends_word = str(tokenizer.convert_ids_to_tokens(token)).endswith("</w>")
    text = str(tokenizer.decode([token])).strip()
    return f"{text} " if ends_word else text
