"""The forward process, the training loss, and a small sampler for looking at results."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training import networks

TRAIN_STEPS = 1000
FIRST_BETA, LAST_BETA = 0.00085, 0.012


def signal() -> Tensor:
    """The part of the variance that is picture, for each of the 1,000 steps ("alpha bar"), float64."""
    betas = torch.linspace(FIRST_BETA**0.5, LAST_BETA**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0)


def stratified(count: int, chance: np.random.Generator) -> Tensor:
    """`count` training steps, one from each of as many equal parts of 0..999, shuffled, int64."""
    places = (np.arange(count) + chance.random(count)) / count * TRAIN_STEPS
    return torch.from_numpy(chance.permutation(places.astype(np.int64)))


def snr_weights(kept: Tensor, limit: float) -> Tensor:
    """Weights of the epsilon loss that cap the signal-to-noise ratio (Hang and others, arXiv:2303.09556)."""
    ratio = kept / (1 - kept)
    return (ratio.clamp(max=limit) / ratio).float()


def sigmas(steps: int) -> tuple[Tensor, Tensor]:
    """Noise levels and their training steps for sampling, (S + 1,) and (S,); the last level is 0."""
    kept = signal()
    table = ((1 - kept) / kept).sqrt().log()
    times = torch.linspace(TRAIN_STEPS - 1, 0, steps, dtype=torch.float64)
    low = times.floor().long()
    high = times.ceil().long()
    levels = torch.lerp(table[low], table[high], times - low).exp()
    return torch.cat([levels, levels.new_zeros(1)]), times


def multistep_weights(levels: Sequence[float], order: int) -> list[float]:
    """Adams-Bashforth weights of the last `order` slopes, newest first, for the last step of `levels`.

    The integrand is at most a cubic, which two Gauss nodes integrate exactly.
    """
    *past, here, there = levels
    nodes = [here, *reversed(past)][:order]
    half, middle = (there - here) / 2, (there + here) / 2
    weights = []
    for j, own in enumerate(nodes):
        others = [node for k, node in enumerate(nodes) if k != j]
        places = (middle - half / 3**0.5, middle + half / 3**0.5)
        weights.append(sum(half * math.prod((p - o) / (own - o) for o in others) for p in places))
    return weights


@torch.no_grad()
def sample(
    unet: Any, hidden: Tensor, empty: Tensor, noise: Tensor, steps: int = 20, scale: float = 7.5
) -> Tensor:
    """Latents of deviation 1 by the linear multistep method with guidance.

    hidden: (B, L, D), the words; empty: (1, L, D), no words; noise: (B, 4, h, w) of deviation 1.
    """
    levels, times = sigmas(steps)
    words = torch.cat([empty.expand_as(hidden), hidden])
    x, slopes = noise * levels[0].float(), deque[Tensor](maxlen=4)
    for i, time in enumerate(times.tolist()):
        level = float(levels[i])
        network_input = (x / (level**2 + 1) ** 0.5).repeat(2, 1, 1, 1)
        plain, guided = unet(network_input, time, encoder_hidden_states=words).sample.float().chunk(2)
        slopes.appendleft(plain + scale * (guided - plain))
        weights = multistep_weights(levels[: i + 2].tolist(), len(slopes))
        x = x + sum(w * slope for w, slope in zip(weights, slopes, strict=True))
    return x


@torch.no_grad()
def to_pixels(vae: Any, latents: Tensor) -> np.ndarray[Any, Any]:
    """Latents of deviation 1 to uint8 (B, H, W, 3)."""
    pixels = networks.decode(vae, latents / networks.SCALE).float()
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
