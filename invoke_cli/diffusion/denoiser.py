"""From a network to a denoiser, and the wrappers around denoisers: guidance, threshold, inpainting.

A denoiser is (x, sigma) -> clean latents, both (B, C, h, w) float32. A new idea about guidance is a new
wrapper here, not a flag in a loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.conditioning import Conditioning
from invoke_cli.diffusion.host import onto
from invoke_cli.diffusion.leveled import Leveled, at
from invoke_cli.diffusion.prediction import beside, raw_of
from invoke_cli.diffusion.step import Denoiser
from invoke_cli.diffusion.trees import Compute, Number, Once, Tree
from invoke_cli.diffusion.walk import Steer
from invoke_cli.errors import ModelError

Added = Mapping[str, Tensor]


class Predict(Protocol):
    """A denoiser that still has to be told what to draw."""

    def __call__(self, x: Tensor, sigma: float, embeddings: Tensor, /, **added: Tensor) -> Tensor:
        """The clean latents in x, a row for each of the embeddings.

        embeddings: (B, L, D), B a multiple of the rows of x, which are taken again for each multiple.
        added: a `Conditioning`'s, (B, ...) each.
        """


def predictor(
    bundle: Bundle,
    seamless: Collection[str] = (),
    *,
    hint: Tensor | None = None,
    told_scale: float | None = None,
    pictures: int = 1,
    steer: Steer | None = None,
    reuse: int = 1,
) -> Predict:
    """The bundle's UNet as a `Predict`: the only place that scales its input and casts to its dtype.

    seamless: the axes along which the picture tiles. hint: what an inpainting network sees beside the
    latents; see `beside`. told_scale: what a distilled one is told; see `scale_embedding`. pictures: how
    many of them each call is for; see `alone`. steer: see `Steer`. reuse: of the features of how many calls
    in a row those of the first stand in; see `Walk`.
    Raises ModelError for a UNet that wants other channels or predicts something unknown.
    """
    parts = _prediction(bundle, 0 if hint is None else hint.shape[1])
    told = None
    if told_scale is not None:
        width = bundle.unet.config.time_cond_proj_dim
        # the same tensor each time, by which what is made of it is known
        told = bundle.kept.scales.get(told_scale, lambda: scale_embedding(told_scale, width, bundle))
    raw = beside(
        raw_of(bundle, seamless, told, pictures, steer, reuse),
        None if hint is None else hint.to(bundle.dtype),
    )

    def prepared(sigma: float, embeddings: Tensor, added: Added) -> Compute:
        keep, take = parts(sigma)
        return _Clean(raw.at(sigma, embeddings, added), math.sqrt(sigma**2 + 1), keep, take, bundle.dtype)

    return _Told(prepared)


@dataclass(frozen=True, eq=False)
class _Told:
    """A `Predict` in two parts, as `Leveled`."""

    at: Callable[[float, Tensor, Added], Compute]

    def __call__(self, x: Tensor, sigma: float, embeddings: Tensor, /, **added: Tensor) -> Tensor:
        return self.at(sigma, embeddings, added)(x)


def _told(predict: Predict, sigma: float, embeddings: Tensor, added: Added) -> Compute:
    if isinstance(predict, _Told):
        return predict.at(sigma, embeddings, added)
    return Once(lambda x: predict(x, sigma, embeddings, **added))


@dataclass(frozen=True, eq=False)
class _Clean(Tree):
    """x / scale through the network, and from what it predicts to clean latents: keep * x + take * that."""

    raw: Compute
    scale: Number
    keep: Number
    take: Number
    dtype: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        predicted = self.raw((x / self.scale).to(self.dtype)).float()
        kept = x if isinstance(self.keep, float) and self.keep == 1.0 else self.keep * x
        kept = kept if len(kept) in (1, len(predicted)) else kept.repeat(len(predicted) // len(x), 1, 1, 1)
        if isinstance(self.take, Tensor):
            return torch.addcmul(kept, predicted, self.take)
        return torch.add(kept, predicted, alpha=self.take)


def _prediction(bundle: Bundle, hinted: int) -> Callable[[float], tuple[float, float]]:
    wanted, latents = bundle.unet.config.in_channels, bundle.vae.config.latent_channels
    if wanted != latents + hinted:
        raise ModelError(f"{bundle.name} takes {wanted} channels instead of {latents}; not supported yet")
    if bundle.prediction not in PREDICTIONS:
        raise ModelError(f"{bundle.name} predicts {bundle.prediction!r}, which is not supported")
    return PREDICTIONS[bundle.prediction]


def scale_embedding(scale: float, width: int, bundle: Bundle) -> Tensor:
    """A guidance scale as sines and cosines, (1, width), as timesteps are embedded; 1 is no guidance.

    Luo et al. 2023 (arXiv 2310.04378), section 4.3: its w is our scale - 1, times 1000.
    """
    half = width // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float32) * (-math.log(10000.0) / (half - 1)))
    angles = 1000.0 * (scale - 1) * rates
    return onto(bundle.device, torch.cat([angles.sin(), angles.cos()])[None].to(bundle.dtype))


PREDICTIONS: Mapping[str, Callable[[float], tuple[float, float]]] = {
    "epsilon": lambda sigma: (1.0, -sigma),
    "v_prediction": lambda sigma: (1 / (sigma**2 + 1), -sigma / math.sqrt(sigma**2 + 1)),
    "sample": lambda _sigma: (0.0, 1.0),
}
"""What a network may predict -> sigma -> (keep, take), where clean = keep * x + take * prediction.

The noise: Ho et al. 2020 (arXiv 2006.11239); v: Salimans & Ho 2022 (arXiv 2202.00512), appendix D.
"""


def guided(predict: Predict, conditioning: Conditioning, scale: float, *, apart: bool = False) -> Denoiser:
    """Classifier-free guidance: from what is to be avoided through what is to be drawn and beyond.

    scale: 1 is the positive prompt alone and 0 the negative one alone, each at half the work; else both
    go through the network as one batch, or `apart`, to spare memory, one after the other.
    Ho & Salimans 2022 (arXiv 2207.12598), on clean latents.
    """
    if scale in (0, 1):
        only = conditioning.positive if scale == 1 else conditioning.negative
        its = {name: sides.chunk(2)[int(scale)] for name, sides in conditioning.added.items()}
        rows = _rows_of(only, its)
        return Leveled(lambda sigma, count: _told(predict, sigma, *rows(count)))
    if apart:
        avoiding, drawing = (guided(predict, conditioning, side) for side in (0, 1))
        return Leveled(
            lambda sigma, count: _Apart(at(avoiding, sigma, count), at(drawing, sigma, count), float(scale))
        )
    both = _rows_of(conditioning.both, conditioning.added)
    return Leveled(lambda sigma, count: _Together(_told(predict, sigma, *both(2 * count)), float(scale)))


@dataclass(frozen=True, eq=False)
class _Together(Tree):
    predict: Compute
    scale: Number

    def __call__(self, x: Tensor) -> Tensor:
        avoid, draw = self.predict(x).chunk(2)
        return torch.lerp(avoid, draw, self.scale)


@dataclass(frozen=True, eq=False)
class _Apart(Tree):
    avoiding: Compute
    drawing: Compute
    scale: Number

    def __call__(self, x: Tensor) -> Tensor:
        return torch.lerp(self.avoiding(x), self.drawing(x), self.scale)


def _rows_of(sides: Tensor, added: Added) -> Callable[[int], tuple[Tensor, Added]]:
    """So many rows: those of one picture are for all, where there are several; the same each time."""

    @cache
    def rows(count: int) -> tuple[Tensor, Added]:
        times = count // len(sides)
        if times == 1:
            return sides, added
        repeated = {name: each.repeat_interleave(times, dim=0) for name, each in added.items()}
        return sides.repeat_interleave(times, dim=0), repeated

    return rows


def within(inside: Denoiser, outside: Denoiser, above: float, below: float) -> Denoiser:
    """One denoiser for noise levels from above `above` up to `below`, and another for all others.

    With guidance inside alone, as in Kynkäänniemi et al. 2024 (arXiv 2404.07724), half of the work is saved
    outside: at high levels it takes from the variety, and at low ones it changes little.
    """
    return Leveled(lambda sigma, rows: at(inside if above < sigma <= below else outside, sigma, rows))


def thresholded(denoise: Denoiser, limit: float) -> Denoiser:
    """Clean latents held within -limit..limit, against the glare of high guidance scales; 0 is off.

    The latents of ordinary pictures lie within about -4..4.
    """
    if limit == 0:
        return denoise
    return Leveled(lambda sigma, rows: _Limited(at(denoise, sigma, rows), float(limit)))


@dataclass(frozen=True, eq=False)
class _Limited(Tree):
    denoise: Compute
    limit: Number

    def __call__(self, x: Tensor) -> Tensor:
        limit: Any = self.limit
        return self.denoise(x).clamp(-limit, limit)


def keep_outside(denoise: Denoiser, init: Tensor | None, mask: Tensor | None) -> Denoiser:
    """Inpainting with any sampler: where the mask is 0 the denoiser believes in the init latents.

    Every sampler ends at what the denoiser believes, so there the run ends at `init`, to rounding.
    init: (B, C, h, w). mask: (B, 1, h, w), 1 means draw here; without a mask all is drawn.
    """
    if init is None or mask is None:
        return denoise
    return Leveled(lambda sigma, rows: _Outside(at(denoise, sigma, rows), init, mask))


@dataclass(frozen=True, eq=False)
class _Outside(Tree):
    denoise: Compute
    init: Tensor
    mask: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return torch.lerp(self.init, self.denoise(x), self.mask)
