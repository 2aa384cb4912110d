"""What makes two pictures alike: values, edges, and the amount of detail.

Every picture here is (B, 3, H, W), float32, in -1..1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SCALES = 3


def slopes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences of neighbours, across and down."""
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def energy(slope: Tensor) -> Tensor:
    """The amount of detail: root mean square of slopes over 4x4 pixels."""
    return (F.avg_pool2d(slope.square(), 4) + 1e-6).sqrt()


def reconstruction(made: Tensor, true: Tensor) -> Tensor:
    """The autoencoder's loss: L1, plus slopes and values at halved sizes, plus local detail.

    The energy term lets fine texture keep its strength where its exact place is lost.
    """
    loss = F.l1_loss(made, true)
    for scale in range(SCALES):
        if scale:
            made, true = F.avg_pool2d(made, 2), F.avg_pool2d(true, 2)
            loss = loss + 0.25 * F.l1_loss(made, true)
        pairs = list(zip(slopes(made), slopes(true), strict=True))
        loss = loss + 0.5 / SCALES * torch.stack([F.l1_loss(m, t) for m, t in pairs]).sum()
        if scale == 0:
            loss = loss + 0.15 * torch.stack([F.l1_loss(energy(m), energy(t)) for m, t in pairs]).sum()
    return loss


def psnr(made: Tensor, true: Tensor) -> Tensor:
    """Peak signal to noise ratio of each picture in decibels, (B,); the peak-to-peak range is 2."""
    error = (made.clamp(-1, 1) - true).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(4 / error)
