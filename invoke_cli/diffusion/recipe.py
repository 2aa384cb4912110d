"""A picture to make, in the core's own words: nothing unset, no text to parse, picklable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke_cli.diffusion.thrift import Thrift
from invoke_cli.wording import Fragments, Mixture, Words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Fragments", "Recipe", "Words"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """Everything that decides one picture's pixels, besides the model.

    positive, negative: what to draw and what to keep out; only the positive side may have swaps.
    width, height: pixels, multiples of 8.
    steps: steps of the whole schedule; strength cuts how many of them run.
    strength: 0..1; 1 when there is neither an init picture nor a first pass.
    first: (width, height) of a first pass whose enlarged latents take the init picture's place, or None.
    scale: the classifier-free guidance scale.
    guidance: the noise levels (above, up to) at which there is guidance; else the prompt alone is followed.
    reuse: of how many evaluations one computes all of the network; 1 is of each. See `Walk`.
    low_memory: run both halves of guidance one after the other, and spare more as `Thrift` says. tiled: only
    code large pictures in bands. away: let weights wait in main memory; it changes no picture.
    seed: 0..2^32-1, of the base noise; `blend` slerps the noise of other seeds into it, in order.
    exact_strength: start at the noise level that strength names, not at the level of a step.
    karras_max: Karras spacing when fewer steps than this are asked for; 0 is never.
    threshold: limit for the denoised latents' magnitude, 0 is off. perlin: 0..1 share of Perlin noise.
    seamless: the axes ("x", "y") along which the picture tiles.
    mirrors: the shares of the steps after which left is mirrored onto right, and top onto bottom; 0 is never.
    rgb: the prepared init picture, uint8 (H, W, 3), or None.
    mask: float32 (H, W), 1 means draw here, 0 means keep; None means draw everywhere.
    """

    positive: Words
    negative: Fragments | Mixture = ()
    width: int
    height: int
    steps: int
    strength: float = 1.0
    first: tuple[int, int] | None = None
    exact_strength: bool = False
    sampler: str = "k_lms"
    scale: float = 7.5
    guidance: tuple[float, float] = (0.0, math.inf)
    reuse: int = 1
    low_memory: bool = False
    tiled: bool = False
    away: bool = False
    seed: int
    blend: tuple[tuple[int, float], ...] = ()
    karras_max: int = 0
    threshold: float = 0.0
    perlin: float = 0.0
    seamless: tuple[str, ...] = ()
    mirrors: tuple[float, float] = (0.0, 0.0)
    rgb: NDArray[np.uint8] | None = None
    mask: NDArray[np.float32] | None = None

    @property
    def thrift(self) -> Thrift:
        """How the model spares memory for it."""
        return Thrift(sliced=self.low_memory, tiled=self.low_memory or self.tiled, away=self.away)
