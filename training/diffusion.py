"""The forward process and the weights of the training loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

TRAIN_STEPS = 1000
FIRST_BETA, LAST_BETA = 0.00085, 0.012


def signal() -> Tensor:
    """The part of the variance that is picture, for each of the 1,000 steps ("alpha bar"), float64."""
    betas = torch.linspace(FIRST_BETA**0.5, LAST_BETA**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0)


def noised(clean: Tensor, noise: Tensor, kept: Tensor) -> Tensor:
    """Latents with `kept` (B,) of their variance left, the rest noise; float32 (B, 4, h, w)."""
    kept = kept.view(-1, 1, 1, 1)
    return (kept.sqrt() * clean + (1 - kept).sqrt() * noise).float()


def stratified(count: int, chance: np.random.Generator) -> Tensor:
    """`count` training steps, one from each of as many equal parts of 0..999, shuffled, int64."""
    places = (np.arange(count) + chance.random(count)) / count * TRAIN_STEPS
    return torch.from_numpy(chance.permutation(places.astype(np.int64)))


def snr_weights(kept: Tensor, limit: float) -> Tensor:
    """Weights of the epsilon loss that cap the signal-to-noise ratio (Hang and others, arXiv:2303.09556)."""
    ratio = kept / (1 - kept)
    return (ratio.clamp(max=limit) / ratio).float()
