"""From a network to a denoiser, and the wrappers around denoisers: guidance, threshold, inpainting.

A denoiser is (x, sigma) -> clean latents, both (B, C, h, w) float32. A new idea about guidance is a new
wrapper here, not a flag in a loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import Conditioning
from invoke_cli.diffusion.step import Denoiser
from invoke_cli.diffusion.tiling import circular
from invoke_cli.errors import ModelError

Predict = Callable[[Tensor, float, Tensor], Tensor]
"""(x, sigma, embeddings (B, L, D)) -> clean latents: a denoiser that still has to be told what to draw."""


def predictor(bundle: Bundle, seamless: Collection[str] = ()) -> Predict:
    """The bundle's UNet as a `Predict`: the only place that scales its input and casts to its dtype.

    seamless: the axes along which the picture tiles.
    Raises ModelError for a UNet that wants more than latents or predicts something unknown.
    """
    parts = _prediction(bundle)

    def predict(x: Tensor, sigma: float, embeddings: Tensor) -> Tensor:
        scaled = (x / math.sqrt(sigma**2 + 1)).to(bundle.dtype)
        # not rounded: between two timesteps the network is told so
        timestep = torch.full((len(x),), bundle.table.t_of(sigma), dtype=torch.float32, device=x.device)
        with torch.inference_mode(), circular(bundle.unet, seamless):
            raw: Tensor = bundle.unet(scaled, timestep, embeddings.to(bundle.dtype)).sample
        keep, take = parts(sigma)
        return keep * x + take * raw.float()

    return predict


def _prediction(bundle: Bundle) -> Callable[[float], tuple[float, float]]:
    wanted, latents = bundle.unet.config.in_channels, bundle.vae.config.latent_channels
    if wanted != latents:
        raise ModelError(f"{bundle.name} takes {wanted} channels instead of {latents}; not supported yet")
    if bundle.prediction not in PREDICTIONS:
        raise ModelError(f"{bundle.name} predicts {bundle.prediction!r}, which is not supported")
    return PREDICTIONS[bundle.prediction]


PREDICTIONS: Mapping[str, Callable[[float], tuple[float, float]]] = {
    "epsilon": lambda sigma: (1.0, -sigma),
    "v_prediction": lambda sigma: (1 / (sigma**2 + 1), -sigma / math.sqrt(sigma**2 + 1)),
    "sample": lambda _sigma: (0.0, 1.0),
}
"""What a network may predict -> sigma -> (keep, take), where clean = keep * x + take * prediction.

The noise: Ho et al. 2020 (arXiv 2006.11239); v: Salimans & Ho 2022 (arXiv 2202.00512), appendix D.
"""


def guided(predict: Predict, conditioning: Conditioning, scale: float) -> Denoiser:
    """Classifier-free guidance: from what is to be avoided through what is to be drawn and beyond.

    scale: 1 is the positive prompt alone and 0 the negative one alone, each at half the work; else both
    go through the network as one batch. Ho & Salimans 2022 (arXiv 2207.12598), on clean latents.
    """
    if scale in (0, 1):
        only = conditioning.positive if scale == 1 else conditioning.negative
        return lambda x, sigma: predict(x, sigma, only.expand(len(x), -1, -1))
    both = torch.cat([conditioning.negative, conditioning.positive])

    def denoise(x: Tensor, sigma: float) -> Tensor:
        avoid, draw = predict(torch.cat([x, x]), sigma, both.repeat_interleave(len(x), dim=0)).chunk(2)
        return avoid + scale * (draw - avoid)

    return denoise


def thresholded(denoise: Denoiser, limit: float) -> Denoiser:
    """Clean latents held within -limit..limit, against the glare of high guidance scales; 0 is off.

    The latents of ordinary pictures lie within about -4..4.
    """
    if limit == 0:
        return denoise
    return lambda x, sigma: denoise(x, sigma).clamp(-limit, limit)


def keep_outside(denoise: Denoiser, init: Tensor | None, mask: Tensor | None) -> Denoiser:
    """Inpainting with any sampler: where the mask is 0 the denoiser believes in the init latents.

    Every sampler ends at what the denoiser believes, so there the run ends at `init`, to rounding.
    init: (1, C, h, w). mask: (1, 1, h, w), 1 means draw here; without a mask all is drawn.
    """
    if init is None or mask is None:
        return denoise
    return lambda x, sigma: torch.lerp(init, denoise(x, sigma), mask)
