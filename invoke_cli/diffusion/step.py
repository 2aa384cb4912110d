"""What a sampler takes and what it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Denoiser: TypeAlias = "Callable[[Tensor, float], Tensor]"
"""(x, sigma) -> the clean latents it believes in.

x: (B, C, h, w) float32, clean latents plus sigma times unit noise. The result has x's shape and dtype.
"""

NoiseSource: TypeAlias = "Callable[[], Tensor]"
"""Draws fresh noise of unit variance: (B, C, h, w) float32 on the latents' device."""

Move: TypeAlias = "Callable[..., tuple[Tensor, ...]]"
"""A sampler's arithmetic: (x, clean, *what it is given) -> the new latents, and what is to be remembered.

It is a function of a module, and all that differs from step to step is given to it, as tensors, floats and
tuples of such: a captured step is this function with other values. Floats may come as 0-dimensional tensors.
"""


class Moving(ABC):
    """A denoiser that can do a sampler's move in the same run."""

    @abstractmethod
    def moved(self, x: Tensor, sigma: float, move: Move, *given: Any) -> tuple[Tensor, ...]:
        """See the function of this name."""


def moved(denoise: Denoiser, x: Tensor, sigma: float, move: Move, *given: Any) -> tuple[Tensor, ...]:
    """(clean, *what `move` makes of x, clean and what is given): one evaluation and the step it leads to."""
    if isinstance(denoise, Moving):
        return denoise.moved(x, sigma, move, *given)
    clean = denoise(x, sigma)
    return (clean, *move(x, clean, *given))


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
