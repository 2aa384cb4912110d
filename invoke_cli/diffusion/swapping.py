"""Swapped words: the picture of other words with the layout of the first ones (prompt-to-prompt).

Two pictures are drawn beside each other from the same noise: the one of the old words, which is then
dropped, and the edited one. Where words are the same in both, the edited picture takes over which of its
places look at them, so that what belongs to the same word stays in the same place.

Hertz et al. 2022 (arXiv 2208.01626), section 3.2; texts are aligned as in its "prompt refinement".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import CHUNK, Conditioning, token_counts
from invoke_cli.diffusion.denoiser import Predict, guided
from invoke_cli.diffusion.step import Denoiser
from invoke_cli.diffusion.walk import Steer
from invoke_cli.wording import Edited, Fragments, Swap, Words

FINEST = 32**2
"""Shapes are held in layers of up to so many places; finer ones hold textures. As in the paper's code."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which token of the old text each token of the new one is. places: (L,) long. same: (L,) bool."""

    places: Tensor
    same: Tensor


Edit = tuple[Conditioning, Alignment]
"""A text with some of its swaps made."""


class Predictor(Protocol):
    """Makes the network a `Predict`, with its attention steered or not."""

    def __call__(self, *, steer: Steer | None = None) -> Predict:
        """See `denoiser.predictor`."""


def swapped(
    bundle: Bundle,
    predictor: Predictor,
    words: Edited,
    negative: Words,
    size: tuple[int, int],
    scale: float,
    done: Callable[[float], float],
    *,
    together: bool = True,
) -> Denoiser:
    """The guided denoiser of two pictures: x is (2, C, h, w), the edited one and then the old words' own.

    done: sigma -> the part of all steps that lies behind it, 0..1. together: run both halves of the
    guidance as one batch; else one after the other, which takes half of the memory.
    """
    old, edits = _conditionings(bundle, words, negative, size)
    unsteered = predictor()
    plain = guided(unsteered, old, scale)
    first = min(swap.edit[0] for swap in words.swaps)

    @cache
    def edited(made: tuple[Swap, ...], hold: bool) -> Denoiser:
        conditioning, aligned = edits[made]
        steered = predictor(steer=Taken(aligned, hold=hold))
        return _both(steered, unsteered, _Rows(old, conditioning), scale, together=together)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        share = done(sigma)
        made = _made(words.swaps, share)
        if share < first:  # both are still the same picture
            return plain(x[1:], sigma).expand_as(x)
        if not made or scale == 0:
            return plain(x, sigma)
        return edited(made, any(swap.hold[0] <= share < swap.hold[1] for swap in words.swaps))(x, sigma)

    return denoise


def _made(swaps: Sequence[Swap], share: float) -> tuple[Swap, ...]:
    return tuple(swap for swap in swaps if swap.edit[0] <= share < swap.edit[1])


def _conditionings(
    bundle: Bundle, words: Edited, negative: Words, size: tuple[int, int]
) -> tuple[Conditioning, Mapping[tuple[Swap, ...], Edit]]:
    """Those of the old text and of every text that there will be, all of one length."""
    times = sorted({swap.edit[0] for swap in words.swaps})
    times += sorted({swap.edit[1] for swap in words.swaps})
    wanted = dict.fromkeys(made for share in times if (made := _made(words.swaps, share)))
    texts = [words.text(), *(words.text(made) for made in wanted)]
    longest = max(bundle.condition(text, negative, size).positive.shape[1] for text in texts)
    old, *new = (bundle.condition(text, negative, size, longest // (CHUNK + 2)) for text in texts)
    before = words.chosen(())
    edits = {
        made: (conditioning, alignment(bundle, before, words.chosen(made), longest))
        for made, conditioning in zip(wanted, new, strict=True)
    }
    return old, edits


def alignment(
    bundle: Bundle, before: Sequence[Fragments], after: Sequence[Fragments], length: int
) -> Alignment:
    """Of two texts in as many pieces, `length` tokens with all marks and padding.

    Pieces that are equal have the same tokens in both; begin marks, and what follows a text's end, too.
    """
    counts = [token_counts(bundle.tokenizer, pieces) for pieces in (before, after)]
    places = torch.arange(length)
    same = torch.ones(length, dtype=torch.bool)
    old = new = 0
    for was, now, left, right in zip(before, after, *counts, strict=True):
        for index in range(right):
            at = _frame_place(new + index)
            same[at] = was == now
            places[at] = _frame_place(old + index) if was == now else at
        old, new = old + left, new + right
    end, old_end = _frame_place(new - 1) + 1, _frame_place(old - 1) + 1
    tail = torch.arange(end, length)
    places[end:] = (tail - end + old_end).clamp(max=length - 1)
    return Alignment(places.to(bundle.device), same.to(bundle.device))


def _frame_place(token: int) -> int:
    """Where a token of a text stands among all chunks with their marks; -1 is the first begin mark."""
    return token // CHUNK * (CHUNK + 2) + 1 + token % CHUNK if token >= 0 else 0


class _Rows:
    """What a batch of both pictures is told: the edited one's row before the old one's."""

    def __init__(self, old: Conditioning, new: Conditioning) -> None:
        self.avoid = torch.cat([old.negative, old.negative])
        self.draw = torch.cat([new.positive, old.positive])
        self.avoid_added = {name: rows[[0, 0]] for name, rows in old.added.items()}
        self.draw_added = {
            name: torch.stack([new.added[name][1], rows[1]]) for name, rows in old.added.items()
        }


def _both(steered: Predict, unsteered: Predict, rows: _Rows, scale: float, *, together: bool) -> Denoiser:
    """Classifier-free guidance of both pictures; only what is to be drawn is steered."""
    every = torch.cat([rows.avoid, rows.draw])
    added = {name: torch.cat([rows.avoid_added[name], given]) for name, given in rows.draw_added.items()}

    def denoise(x: Tensor, sigma: float) -> Tensor:
        if together and scale != 1:
            avoid, draw = steered(torch.cat([x, x]), sigma, every, **added).chunk(2)
            return torch.lerp(avoid, draw, scale)
        draw = steered(x, sigma, rows.draw, **rows.draw_added)
        if scale == 1:
            return draw
        return torch.lerp(unsteered(x, sigma, rows.avoid, **rows.avoid_added), draw, scale)

    return denoise


class Taken:
    """Steers the last row but one of a batch, the edited picture, by the last one, the old picture.

    To words that are the same the old picture's places look for it, to new words its own. hold: its
    places also look at one another as the old picture's do.
    """

    def __init__(self, aligned: Alignment, *, hold: bool) -> None:
        self._aligned = aligned
        self._hold = hold

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, /, *, crossing: bool) -> Tensor | None:
        """See `Steer`."""
        if crossing:
            return self._attended(q[-2:], k[-2:], v[-2:-1])
        if self._hold and q.shape[2] <= FINEST:
            return scaled_dot_product_attention(q[-1:], k[-1:], v[-2:-1])
        return None

    def _attended(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q, k: (2, heads, N or L, d). v: (1, heads, L, d). Returns (1, heads, N, d)."""
        scores = q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])
        own, old = scores.softmax(dim=-1)
        maps = torch.where(self._aligned.same, old[..., self._aligned.places], own)
        return maps[None].to(v.dtype) @ v
