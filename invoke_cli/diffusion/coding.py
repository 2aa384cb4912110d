"""The two halves of an autoencoder, and pixels as files have them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.engines import Engine
from invoke_cli.diffusion.host import brought
from invoke_cli.diffusion.numbers import check_numbers, extremes
from invoke_cli.diffusion.tiling import circular
from invoke_cli.diffusion.trees import Tree

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Coding(Tree, ABC):
    """A half of an autoencoder. axes: along which the picture tiles."""

    vae: Any
    axes: tuple[str, ...]

    def by(self, engine: Engine, x: Tensor) -> Tensor:
        """What an engine makes of x."""
        engine.check("vae", self.vae)
        return engine(self, x)

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Compute."""


class Encoding(Coding):
    """From pixels, (N, 3, H, W), to the means of latents, (N, C, h, w)."""

    def __call__(self, x: Tensor) -> Tensor:
        """Encode."""
        with torch.inference_mode(), circular(self.vae, self.axes):
            mean: Tensor = self.vae.encode(x).latent_dist.mean
        return mean


class Decoding(Coding):
    """From latents to pixels."""

    def __call__(self, x: Tensor) -> Tensor:
        """Decode."""
        with torch.inference_mode(), circular(self.vae, self.axes):
            pixels: Tensor = self.vae.decode(x).sample
        return pixels


def arriving(pixels: Tensor, part: str | None = None) -> Callable[[], Pixels]:
    """Pixels (1, 3, H, W) in -1..1 as uint8 (H, W, 3), on their way from the device; a call waits for them.

    part: of drawing, in whose name the call raises NumbersError where not all of them are numbers.
    """
    levels = (pixels[0] + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0)
    come = brought(levels.contiguous(), *([] if part is None else [extremes(pixels)]))

    def wait() -> Pixels:
        there, *ends = come()
        for each in ends:
            check_numbers(each, str(part))
        rgb: Pixels = there.numpy()
        return rgb

    return wait


def levels_of(pixels: Tensor) -> Pixels:
    """The same, here and now."""
    return arriving(pixels)()
