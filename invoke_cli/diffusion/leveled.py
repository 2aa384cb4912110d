"""Denoisers in two parts: what the host knows of a noise level, and what a device computes of the latents.

Only the first part differs from level to level in more than its numbers, so the second can be captured once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invoke_cli.diffusion.engines import Engine
from invoke_cli.diffusion.step import Denoiser, Move, Moving
from invoke_cli.diffusion.trees import Compute, Once, Tree


@dataclass(frozen=True, eq=False)
class Leveled:
    """A denoiser in two parts: what a noise level needs, and what is then computed of the latents.

    at: (sigma, rows of x) -> a `Tree`, so that an engine can capture it once for all levels.
    """

    at: Callable[[float, int], Compute]

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """See Denoiser."""
        return self.at(sigma, len(x))(x)


def at(denoise: Denoiser, sigma: float, rows: int) -> Compute:
    """What a denoiser computes at this level."""
    return denoise.at(sigma, rows) if isinstance(denoise, Leveled) else Once(lambda x: denoise(x, sigma))


@dataclass(frozen=True, eq=False)
class _Step(Tree):
    denoise: Compute
    move: Move

    def __call__(self, x: Tensor, *given: Any) -> tuple[Tensor, ...]:
        clean = self.denoise(x)
        return (clean, *self.move(x, clean, *given))


@dataclass(frozen=True, eq=False)
class Running(Moving):
    """A denoiser that an engine runs, together with the sampler's move where it has one."""

    denoise: Denoiser
    engine: Engine

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """See Denoiser."""
        return self.engine(at(self.denoise, sigma, len(x)), x)

    def moved(self, x: Tensor, sigma: float, move: Move, *given: Any) -> tuple[Tensor, ...]:
        """See Moving."""
        return self.engine(_Step(at(self.denoise, sigma, len(x)), move), x, *given)
