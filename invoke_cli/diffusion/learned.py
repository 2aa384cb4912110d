"""Words that were learned later: textual inversion, Gal et al. 2022 (arXiv 2208.01618).

A trigger such as `<toy>` stands for vectors that go into the text encoder where its tokens' embeddings would.
The tokenizer and the encoder are wrapped, not changed: learned vectors are tokens from `FIRST` on, which the
wrapped encoder reads as a token of no meaning and then puts the vectors in their places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

FIRST = 1 << 20
"""The id of the first learned vector, beyond every vocabulary."""
STAND_IN = 0
"""A token without meaning; not a mark, for the encoder looks for those."""


class LearnedTokenizer:
    """A tokenizer that knows triggers besides; all else is the tokenizer's that it wraps.

    counts: how many vectors each trigger stands for, in the order of the encoder's vectors.
    """

    def __init__(self, tokenizer: Any, counts: Mapping[str, int]) -> None:
        self._tokenizer = tokenizer
        self._ids: dict[str, list[int]] = {}
        start = FIRST
        for name, count in counts.items():
            self._ids[f"<{name}>"] = list(range(start, start + count))
            start += count
        self._cut = re.compile(f"({'|'.join(map(re.escape, self._ids))})")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def __call__(self, text: str, **options: Any) -> Any:
        """The ids of a text, as `.input_ids`; a trigger is one word, whatever it stands next to."""
        ids: list[int] = []
        for piece in self._cut.split(text):
            ids += self._ids[piece] if piece in self._ids else self._plain(piece, options)
        return SimpleNamespace(input_ids=ids)

    def _plain(self, text: str, options: dict[str, Any]) -> list[int]:
        return list(self._tokenizer(text, **options).input_ids) if text.strip() else []

    def convert_ids_to_tokens(self, token: int) -> str:
        """A token as the vocabulary spells it; a learned one as its trigger."""
        if token < FIRST:
            return str(self._tokenizer.convert_ids_to_tokens(token))
        return next(f"{name}</w>" for name, ids in self._ids.items() if token in ids)

    def decode(self, tokens: list[int]) -> str:
        """Tokens as text."""
        words = [self.convert_ids_to_tokens(token).removesuffix("</w>") for token in tokens if token >= FIRST]
        return str(self._tokenizer.decode([token for token in tokens if token < FIRST])) + " ".join(words)


class LearnedEncoder:
    """A text encoder that reads learned vectors; all else is the encoder's that it wraps.

    vectors: (N, D), of the ids from `FIRST` on.
    """

    def __init__(self, encoder: Any, vectors: Tensor) -> None:
        self._encoder = encoder
        self._vectors = vectors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def __call__(self, ids: Tensor, mask: Tensor | None = None, **options: Any) -> Any:
        """What the encoder makes of ids, (B, L), some of which may be learned ones. mask: 0 hides a token."""
        learned = ids >= FIRST

        def put(_module: Any, _inputs: Any, embedded: Tensor) -> Tensor:
            embedded = embedded.clone()
            embedded[learned] = self._vectors[ids[learned] - FIRST].to(embedded)
            return embedded

        table: torch.nn.Module = self._encoder.get_input_embeddings()
        hook = table.register_forward_hook(put)
        try:
            return self._encoder(ids.masked_fill(learned, STAND_IN), mask, **options)
        finally:
            hook.remove()
