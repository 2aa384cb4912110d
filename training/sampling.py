"""Generate with an exported model: plain diffusers and transformers parts, and a k_lms loop of our own.

It shares no code with the program, so that the evaluation checks the files and not the program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

FACTOR = 8
_ORDER = 4
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Request:
    """One picture to make. `rgb`: uint8 (H, W, 3) to start from at `strength` 0..1, or None."""

    prompt: str
    seed: int
    negative: str = ""
    rgb: Bytes | None = None
    strength: float = 1.0


@dataclass(frozen=True)
class Painter:
    """A loaded model; `native` is the side of the square it was trained for, in pixels."""

    tokenizer: Any
    text: Any
    unet: Any
    vae: Any

    @classmethod
    def load(cls, folder: Path) -> Painter:
        """Load a diffusers directory in float32, from disk alone."""
        parts = (
            part.from_pretrained(folder / name, torch_dtype=torch.float32, local_files_only=True)
            for part, name in (
                (CLIPTextModel, "text_encoder"),
                (UNet2DConditionModel, "unet"),
                (AutoencoderKL, "vae"),
            )
        )
        text, unet, vae = (part.eval() for part in parts)
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        return cls(tokenizer, text, unet, vae)

    @property
    def native(self) -> int:
        """The model's native size in pixels."""
        return int(self.unet.config.sample_size) * FACTOR

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Text embeddings, (B, 77, D)."""
        tokens = self.tokenizer(
            list(texts), padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        hidden: Tensor = self.text(tokens).last_hidden_state
        return hidden

    def encode(self, pictures: Bytes) -> Tensor:
        """Scaled latents (B, 4, H/8, W/8): the posterior's mean. pictures: uint8 (B, H, W, 3)."""
        pixels = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
        latents: Tensor = self.vae.encode(pixels).latent_dist.mean * self.vae.config.scaling_factor
        return latents

    def decode(self, latents: Tensor) -> Bytes:
        """Pictures uint8 (B, H, W, 3) of scaled latents."""
        pixels = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        levels = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return np.asarray(levels.permute(0, 2, 3, 1).numpy(), dtype=np.uint8)

    @torch.no_grad()
    def paint(
        self,
        requests: Sequence[Request],
        steps: int = 20,
        scale: float = 7.5,
        size: tuple[int, int] | None = None,
    ) -> Bytes:
        """Make pictures, uint8 (B, H, W, 3); all of one size (width, height) and one strength."""
        width, height = size or (self.native, self.native)
        count = math.floor(requests[0].strength * steps + 1e-9)
        sigmas, times = schedule(steps)
        sigmas, times = sigmas[steps - count :], times[steps - count :]
        shape = (4, height // FACTOR, width // FACTOR)
        x = sigmas[0] * torch.stack([_noise(request.seed, shape) for request in requests])
        if count < steps:
            x = x + self.encode(np.stack([request.rgb for request in requests if request.rgb is not None]))
        words = self.embed([r.negative for r in requests] + [r.prompt for r in requests])
        return self.decode(self._walk(x, sigmas, times, words, scale))

    def _walk(
        self, x: Tensor, sigmas: list[float], times: list[float], words: Tensor, scale: float
    ) -> Tensor:
        """Linear multistep of order 4 from the first sigma to 0, with guidance."""
        slopes: list[Tensor] = []
        for index, (sigma, time) in enumerate(zip(sigmas, times, strict=False)):
            scaled = torch.cat([x, x]) / math.sqrt(sigma * sigma + 1)
            negative, positive = self.unet(scaled, time, encoder_hidden_states=words).sample.chunk(2)
            slopes = [negative + scale * (positive - negative), *slopes][:_ORDER]
            weights = lms_weights(sigmas[: index + 2], len(slopes))
            x = x + sum(w * slope for w, slope in zip(weights, slopes, strict=True))
        return x


def _noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Noise that belongs to a seed."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def schedule(steps: int) -> tuple[list[float], list[float]]:
    """Sigmas (steps + 1, ending in 0) and training timesteps (steps) of k-diffusion's default list."""
    betas = np.linspace(math.sqrt(0.00085), math.sqrt(0.012), 1000, dtype=np.float64) ** 2
    kept = np.cumprod(1 - betas)
    table = np.log(np.sqrt((1 - kept) / kept))
    times = np.linspace(999, 0, steps)
    sigmas = np.exp(np.interp(times, np.arange(1000), table))
    return [*sigmas.tolist(), 0.0], times.tolist()


def lms_weights(sigmas: Sequence[float], order: int) -> list[float]:
    """Weights of the last `order` slopes, newest first, for the step between the last two sigmas.

    The integral of each Lagrange polynomial over the step; two Gauss nodes are exact for cubics.
    """
    *past, here, there = sigmas
    knots = [here, *reversed(past)][:order]
    middle, half = (here + there) / 2, (there - here) / 2
    nodes = (middle - half / math.sqrt(3), middle + half / math.sqrt(3))
    return [half * sum(_lagrange(knots, j, node) for node in nodes) for j in range(order)]


def _lagrange(knots: Sequence[float], j: int, at: float) -> float:
    """The Lagrange polynomial that is 1 at knot j and 0 at the others."""
    return math.prod((at - knot) / (knots[j] - knot) for k, knot in enumerate(knots) if k != j)
