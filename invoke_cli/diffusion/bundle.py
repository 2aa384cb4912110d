"""A loaded model: its networks, and what the core has to know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.conditioning import Conditioning, condition, embed
from invoke_cli.diffusion.noise import perlin
from invoke_cli.diffusion.preview import KNOWN, ColourMap, fitted
from invoke_cli.diffusion.recent import Recent
from invoke_cli.diffusion.recipe import Fragments
from invoke_cli.diffusion.schedule import NoiseTable
from invoke_cli.diffusion.tiling import circular
from invoke_cli.errors import InvokeError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Bundle:
    """The networks of one model, ready to run, all on `device` and in `dtype`.

    unet, vae: diffusers' UNet2DConditionModel and AutoencoderKL.
    text_encoder, tokenizer: transformers' CLIPTextModel and CLIPTokenizer.
    table: the noise levels of training. prediction: what the UNet predicts ("epsilon",
    "v_prediction" or "sample"). native: the side of the pictures it was trained on, in pixels.
    name, hash: what files say of the model. colours: what previews show of latents; None where nobody
    has fitted a map for the model.
    A copy made with `dataclasses.replace` remembers nothing of the networks it was copied from.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    table: NoiseTable
    prediction: str = "epsilon"
    native: int = 512
    name: str
    hash: str = ""
    colours: ColourMap | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    _embeddings: Recent[Tensor] = field(init=False, repr=False, default_factory=lambda: Recent(32))
    _latents: Recent[Tensor] = field(init=False, repr=False, default_factory=lambda: Recent(8))
    _colours: Recent[ColourMap] = field(init=False, repr=False, default_factory=lambda: Recent(1))

    def latent_shape(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The shape (1, C, h, w) of the latents of a picture, whose sides are in pixels."""
        pixels = 2 ** (len(self.vae.config.block_out_channels) - 1)
        return (1, self.vae.config.latent_channels, height // pixels, width // pixels)

    def condition(self, positive: Fragments, negative: Fragments) -> Conditioning:
        """The embeddings of a prompt's two sides; those of recent prompts are remembered."""
        return condition(self._embed(positive), self._embed(negative), self._embed(()))

    def _embed(self, fragments: Fragments) -> Tensor:
        return self._embeddings.get(
            fragments, lambda: embed(self.tokenizer, self.text_encoder, fragments, self.device)
        )

    def encode(self, rgb: Pixels, seamless: Collection[str] = ()) -> Tensor:
        """The latents of a picture: the posterior's mean, so that no seed is spent on it.

        rgb: uint8 (H, W, 3), H and W multiples of 8. seamless: the axes along which it tiles.
        Returns (1, C, h, w) float32 of about unit variance; those of recent pictures are remembered.
        """
        content = hashlib.sha256(rgb.tobytes()).digest()
        key = (content, rgb.shape, tuple(sorted(seamless)))
        return self._latents.get(key, lambda: self._encode(rgb, seamless))

    def _encode(self, rgb: Pixels, seamless: Collection[str]) -> Tensor:
        levels = torch.tensor(np.ascontiguousarray(rgb), device=self.device).permute(2, 0, 1)[None]
        pixels = (levels.float() / 127.5 - 1).to(self.dtype)
        with torch.inference_mode(), circular(self.vae, seamless):
            mean: Tensor = self.vae.encode(pixels).latent_dist.mean
        return (mean.float() - self._shift) * float(self.vae.config.scaling_factor)

    def decode(self, latents: Tensor, seamless: Collection[str] = ()) -> Pixels:
        """The picture of latents, (1, C, h, w) float32, as uint8 (H, W, 3).

        Raises InvokeError when what comes out is not made of numbers, rather than show a black picture.
        """
        pixels = self._decode(latents, seamless)
        if not bool(pixels.isfinite().all()):
            raise InvokeError(
                "the model's result is not a picture: it holds values that are not numbers",
                "a lower guidance scale (-C) or a higher --precision may help",
            )
        return _levels(pixels)

    def _decode(self, latents: Tensor, seamless: Collection[str]) -> Tensor:
        """Latents (N, C, h, w) as pixels, (N, 3, H, W) float32, in -1..1 or somewhat beyond."""
        scaled = latents / float(self.vae.config.scaling_factor) + self._shift
        with torch.inference_mode(), circular(self.vae, seamless):
            pixels: Tensor = self.vae.decode(scaled.to(self.device, self.dtype)).sample.float()
        return pixels

    def preview(self, latents: Tensor) -> Pixels:
        """What latents, (1, C, h, w), about look like: uint8 (h, w, 3), without running a network."""
        return _levels(self.colour_map().colours(latents))

    def colour_map(self) -> ColourMap:
        """The map behind `preview`: the model's own, or that of its VAE's kind, or else one fitted now."""
        if self.colours is not None:
            return self.colours
        kind = (int(self.vae.config.latent_channels), float(self.vae.config.scaling_factor))
        return self._colours.get("map", lambda: KNOWN[kind] if kind in KNOWN else self._fit_colours())

    def _fit_colours(self) -> ColourMap:
        """A map fitted to decoded clouds, about as much work as half a picture of 512x512."""
        generator = torch.Generator("cpu").manual_seed(0)
        shape = (int(self.vae.config.latent_channels), 32, 32)
        clouds = torch.stack([perlin(generator, shape) for _ in range(2)])
        return fitted(clouds, self._decode(clouds, ()))

    @property
    def _shift(self) -> float:
        shift = getattr(self.vae.config, "shift_factor", None)
        return 0.0 if shift is None else float(shift)


def _levels(pixels: Tensor) -> Pixels:
    """Pixels (1, 3, H, W) in -1..1 as uint8 (H, W, 3)."""
    levels = ((pixels[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    rgb: Pixels = levels.permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(rgb)
