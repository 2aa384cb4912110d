"""The arithmetic of a sampler's step, apart from the sampler: see `step.Move`.

All is given, and nothing is asked: neither a number's value nor whether there is one, which on a GPU would
make the host wait, and could not be captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from invoke_cli.diffusion.trees import Number


def slope(x: Tensor, clean: Tensor, sigma: Number) -> Tensor:
    """dx/dsigma, which is the noise that the denoiser sees in x."""
    return (x - clean) / sigma


def weighted(weights: Sequence[Number], slopes: Sequence[Tensor]) -> Tensor:
    """The sum of the slopes, each times its weight."""
    total = weights[0] * slopes[0]
    for weight, each in zip(weights[1:], slopes[1:], strict=True):
        # one operation each, for small pictures spend more time on calling than on computing
        total = total.add(each, alpha=weight) if isinstance(weight, float) else total.addcmul(each, weight)
    return total


def along(x: Tensor, clean: Tensor, now: Number, way: Number) -> tuple[Tensor]:
    """X moved along its slope, as far as `way`, which is negative, leads in sigma."""
    return (x + slope(x, clean, now) * way,)


def multistep(
    x: Tensor, clean: Tensor, now: Number, weights: Sequence[Number], slopes: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """X moved by its slope and earlier ones, each times its weight; and its slope."""
    here = slope(x, clean, now)
    return x + weighted(weights, (here, *slopes)), here


def toward(x: Tensor, clean: Tensor, left: Number) -> Tensor:
    """X with so much of its noise left (to / now), exact as long as the clean estimate stays what it is."""
    return clean + (x - clean) * left


def toward_guess(x: Tensor, clean: Tensor, last: Tensor, reach: Number, left: Number) -> tuple[Tensor]:
    """X moved towards what lies beyond this clean estimate, seen from the last one."""
    return (toward(x, clean + (clean - last) * reach, left),)
