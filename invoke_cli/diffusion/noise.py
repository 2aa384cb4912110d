"""Everything random: one CPU generator per seed, drawn in float32 and then moved to the device.

So the device, the other pictures of a line and torch's global generator have no say in a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from copy import copy

import torch
from torch import Tensor

from invoke_cli.diffusion.host import onto

Blend = Sequence[tuple[int, float]]
"""Seeds and the amounts (0..1) at which their noise is turned into what stands before them."""

CELLS = 8
"""Perlin noise has this many cells along each side of the picture, as in InvokeAI 2.x."""


class Noise:
    """The noise of one picture: what it starts from, then a fresh draw for each call.

    Every seed, the base one and those of `blend`, has a generator of its own, and each draw blends one
    draw of them all. So a blend of amount 1 is the other seed's picture bit for bit, with samplers
    that draw on the way too.

    shape: (1, C, h, w), of the latents. perlin: 0..1, the share of Perlin noise at the start; it tiles along
    the axes of `seamless`, as the other noise does by itself.
    """

    def __init__(
        self,
        seed: int,
        shape: Sequence[int],
        device: torch.device | str = "cpu",
        *,
        blend: Blend = (),
        perlin: float = 0.0,
        seamless: Collection[str] = (),
    ) -> None:
        seeds = (seed, *(other for other, _ in blend))
        self._generators = [torch.Generator("cpu").manual_seed(one) for one in seeds]
        self._amounts = [amount for _, amount in blend]
        self._shape = tuple(shape)
        self._device = device
        self._perlin = perlin
        self._seamless = seamless

    def shaped(self, shape: Sequence[int]) -> Noise:
        """Noise of another shape that goes on from where the generators are; they are shared."""
        other = copy(self)
        other._shape = tuple(shape)
        return other

    def start(self) -> Tensor:
        """The noise that the run starts from, (1, C, h, w) float32; to be called once a shape, first."""
        return self._blended(
            lambda generator: mixed(self._gaussian(generator), generator, self._perlin, self._seamless)
        )

    def __call__(self) -> Tensor:
        """Fresh Gaussian noise, (1, C, h, w) float32."""
        return self._blended(self._gaussian)

    def _gaussian(self, generator: torch.Generator) -> Tensor:
        return torch.randn(self._shape, generator=generator, dtype=torch.float32)

    def _blended(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        noise, *others = (draw(generator) for generator in self._generators)
        for other, amount in zip(others, self._amounts, strict=True):
            noise = slerp(noise, other, amount)
        return onto(self._device, noise)


class Noises:
    """The noise of pictures that are drawn together, (B, C, h, w): each has its own, as if it were alone."""

    def __init__(self, noises: Sequence[Noise]) -> None:
        self._noises = noises

    def shaped(self, shape: Sequence[int]) -> Noises:
        """Noise of another shape, (1, C, h, w) for each, that goes on from where the generators are."""
        return Noises([noise.shaped(shape) for noise in self._noises])

    def start(self) -> Tensor:
        """The noise that the run starts from; to be called once, first."""
        return torch.cat([noise.start() for noise in self._noises])

    def __call__(self) -> Tensor:
        """Fresh Gaussian noise."""
        return torch.cat([noise() for noise in self._noises])


def slerp(start: Tensor, end: Tensor, amount: float) -> Tensor:
    """From `start` (amount 0) to `end` (amount 1) along the arc between them, which keeps the length.

    Straight interpolation would lower the variance in between. It takes over for noises that are
    nearly parallel, where the arc's formula divides by almost nothing.
    """
    if amount in (0, 1):
        return end if amount == 1 else start
    flat = start.flatten().double(), end.flatten().double()
    cosine = float(torch.nn.functional.cosine_similarity(*flat, dim=0))
    if abs(cosine) > 0.9995:
        return torch.lerp(start, end, amount)
    angle = math.acos(cosine)
    return (start * math.sin((1 - amount) * angle) + end * math.sin(amount * angle)) / math.sin(angle)


def mixed(
    gaussian: Tensor, generator: torch.Generator, share: float, seamless: Collection[str] = ()
) -> Tensor:
    """(1 - share) gaussian + share perlin, brought back to the unit variance that the schedule counts on.

    InvokeAI 2.x left the variance where the mix put it, as low as a half, and the pictures grew pale.
    At share 0 nothing is drawn.
    """
    if share == 0:
        return gaussian
    mix = (1 - share) * gaussian + share * perlin(generator, gaussian.shape[-3:], seamless)
    return mix / math.hypot(1 - share, share)


def perlin(generator: torch.Generator, shape: Sequence[int], seamless: Collection[str] = ()) -> Tensor:
    """Gradient noise (Perlin 1985, with the fade of Perlin 2002), scaled to a mean square of 1.

    shape: (C, h, w), and so the result's, float32. seamless: the axes along which it tiles.
    """
    channels, height, width = shape
    angles = 2 * math.pi * torch.rand((channels, CELLS + 1, CELLS + 1), generator=generator)
    row, y = _cells(height)
    column, x = _cells(width)

    def corner(down: int, right: int) -> Tensor:
        lower = (row + down) % (row[-1] + 1) if "y" in seamless else row + down
        later = (column + right) % (column[-1] + 1) if "x" in seamless else column + right
        angle = angles[:, lower[:, None], later[None, :]]
        return angle.cos() * (x - right)[None, :] + angle.sin() * (y - down)[:, None]

    upper = torch.lerp(corner(0, 0), corner(0, 1), _fade(x)[None, :])
    lower = torch.lerp(corner(1, 0), corner(1, 1), _fade(x)[None, :])
    noise = torch.lerp(upper, lower, _fade(y)[:, None])
    return noise / noise.square().mean().sqrt()


def _cells(length: int) -> tuple[Tensor, Tensor]:
    """For each of `length` positions its cell and where in the cell (0..1) it lies."""
    # with fewer than two positions a cell they could all fall on corners, where the noise is 0
    cells = min(CELLS, max(1, length // 2))
    at = (torch.arange(length, dtype=torch.float32) + 0.5) * cells / length
    return at.long(), at.frac()


def _fade(t: Tensor) -> Tensor:
    """0 to 1 with no slope and no curvature at the ends."""
    return t * t * t * (t * (t * 6 - 15) + 10)
