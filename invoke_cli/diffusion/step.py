"""What a sampler takes and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Denoiser: TypeAlias = "Callable[[Tensor, float], Tensor]"
"""(x, sigma) -> the clean latents it believes in.

x: (B, C, h, w) float32, clean latents plus sigma times unit noise. The result has x's shape and dtype.
"""

NoiseSource: TypeAlias = "Callable[[], Tensor]"
"""Draws fresh noise of unit variance: (B, C, h, w) float32 on the latents' device."""


@dataclass(frozen=True, eq=False)
class Step:
    """One sampling step, done.

    index: 0-based, of the `total` steps that run.
    sigma: the noise level at which the step began.
    x: the latents after the step, (B, C, h, w) float32; nobody changes them any more.
    clean: the clean latents that the network believed in at the step's beginning, shaped like x.
    before: the latents that the step began with, shaped like x; a sampler leaves them to its caller.
    """

    index: int
    total: int
    sigma: float
    x: Tensor
    clean: Tensor
    before: Tensor | None = None
