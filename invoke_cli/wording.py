"""A prompt as values: what the language reads from a line, and what the core turns into embeddings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

Fragments = tuple[tuple[str, float], ...]
"""Pieces of plain text with their weights; 1.0 is neutral."""

Mix = tuple[tuple[Fragments, float], ...]
"""Texts whose embeddings are added, each times its share. A share may be negative."""


@dataclass(frozen=True)
class Mixture:
    """Prompts beside one another (`.and`), each a sum of texts (`.blend`); at least one of one text."""

    rows: tuple[Mix, ...]


@dataclass(frozen=True)
class Swap:
    """Words that others replace in a picture that otherwise stays (prompt-to-prompt).

    edit: the part of the steps, from 0 to 1, in which the new words are drawn; outside of it the old ones
    are. hold: the part in which the new picture keeps to the old one's shapes.
    """

    before: Fragments
    after: Fragments
    edit: tuple[float, float] = (0.2, 1.0)
    hold: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Edited:
    """A text with swaps in it, in order."""

    pieces: tuple[Fragments | Swap, ...]

    @property
    def swaps(self) -> tuple[Swap, ...]:
        """The swaps alone."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Swap))

    def text(self, made: Collection[Swap] = ()) -> Fragments:
        """The text with these swaps made and the others not."""
        return tuple(fragment for piece in self.chosen(made) for fragment in piece)

    def chosen(self, made: Collection[Swap]) -> tuple[Fragments, ...]:
        """What each piece says with these swaps made."""
        return tuple(
            piece if not isinstance(piece, Swap) else piece.after if piece in made else piece.before
            for piece in self.pieces
        )


Words = Fragments | Mixture | Edited
"""One side of a prompt. Negative words are never `Edited`."""


@dataclass(frozen=True)
class Part:
    """A text of a prompt, with what it is: "prompt", "blend 0.7", "swap", ... See `parts`."""

    name: str
    text: Fragments = field(default=())


def parts(words: Words, name: str) -> tuple[Part, ...]:
    """The texts that one side consists of, each to be read by the text encoder for itself."""
    if isinstance(words, Edited):
        return (Part(name, words.text()), Part(f"{name}, swapped", words.text(words.swaps)))
    if not isinstance(words, Mixture):
        return (Part(name, words),)
    several = len(words.rows) > 1
    return tuple(
        Part(f"{name}{f', part {number}' if several else ''}{_share(share, mix)}", text)
        for number, mix in enumerate(words.rows, 1)
        for text, share in mix
    )


def _share(share: float, mix: Mix) -> str:
    return "" if len(mix) == 1 and share == 1 else f", {share:.3g} of the blend"
