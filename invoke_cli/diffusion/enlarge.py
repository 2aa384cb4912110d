"""Two passes for large pictures: what the first one, small, starts from, and how its latents are enlarged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.recipe import Recipe

Floats = NDArray[np.float32]


def first_pass(recipe: Recipe, size: tuple[int, int]) -> Recipe:
    """The same picture at the size (width, height): its init picture and mask scaled down.

    Without an init picture it starts from noise alone, whatever strength the second pass has.
    """
    width, height = size
    rgb, mask = recipe.rgb, recipe.mask
    return replace(
        recipe,
        width=width,
        height=height,
        first=None,
        strength=recipe.strength if rgb is not None else 1.0,
        rgb=None if rgb is None else np.rint(_scaled(rgb, size)).clip(0, 255).astype(np.uint8),
        mask=None if mask is None else _scaled(mask[..., None], size)[..., 0],
    )


def enlarged(latents: Tensor, height: int, width: int, seamless: Collection[str] = ()) -> Tensor:
    """Latents (B, C, h, w) at height x width, bilinearly; along the axes of `seamless` they wrap around."""
    tall = _stretched(latents, -2, height, wraps="y" in seamless)
    return _stretched(tall, -1, width, wraps="x" in seamless)


def _stretched(latents: Tensor, dim: int, length: int, *, wraps: bool) -> Tensor:
    """Linear interpolation along one dimension, between the middles of the latents."""
    old = latents.shape[dim]
    at = (torch.arange(length, dtype=torch.float64) + 0.5) * old / length - 0.5
    low = at.floor()
    share = (at - low).to(latents)
    pair = [low.long(), low.long() + 1]
    before, behind = (each % old if wraps else each.clamp(0, old - 1) for each in pair)
    shape = [-1 if axis == latents.dim() + dim else 1 for axis in range(latents.dim())]
    near = latents.index_select(dim, before.to(latents.device))
    far = latents.index_select(dim, behind.to(latents.device))
    return torch.lerp(near, far, share.reshape(shape))


def _scaled(picture: NDArray[np.uint8] | Floats, size: tuple[int, int]) -> Floats:
    """A picture (H, W, C) made smaller by averaging, as float32 in its own range."""
    pixels = torch.tensor(picture, dtype=torch.float32).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(pixels, size[::-1], mode="bilinear", antialias=True)
    scaled: Floats = small[0].permute(1, 2, 0).numpy()
    return scaled
