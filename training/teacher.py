"""A linear autoencoder that shows the deep one where to begin.

Untaught, an autoencoder spends most of its training ignoring its own latents. The first
four principal components of 8x8 patches are a fair latent at once: for a few hundred
steps the encoder is asked to produce them and the decoder to read them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.networks import FACTOR, LATENT_CHANNELS


def components(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """The whitened leading components of the 8x8x3 patches of some pictures.

    pixels: (N, 3, H, W) in -1..1. Returns a convolution kernel (4, 3, 8, 8) and its
    bias (4,), whose outputs over `pixels` have mean 0 and variance 1.
    """
    patches = F.unfold(pixels, FACTOR, stride=FACTOR).transpose(1, 2).flatten(0, 1).double()
    mean = patches.mean(0)
    _, axes = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
    axes = axes[:, -LATENT_CHANNELS:].flip(1)
    kernel = (axes / ((patches - mean) @ axes).std(0)).T
    bias = -(kernel @ mean)
    return kernel.reshape(LATENT_CHANNELS, 3, FACTOR, FACTOR).float(), bias.float()


def teach(pixels: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """The linear latent of some pictures, (B, 4, H/8, W/8)."""
    return F.conv2d(pixels, kernel, bias, stride=FACTOR)
