"""A bundle's UNet as a function of noisy latents, a noise level and embeddings.

The usual networks are walked through (see `walk`), with what depends on the prompt or on the timestep alone
kept by the bundle; others are called.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from invoke_cli.diffusion.alone import as_if_alone
from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.packed import unpack
from invoke_cli.diffusion.residence import visiting
from invoke_cli.diffusion.steering import steered
from invoke_cli.diffusion.tiling import circular
from invoke_cli.diffusion.trees import Compute, Once, Tree
from invoke_cli.diffusion.walk import Steer, Texts, Times, Walk
from invoke_cli.errors import ModelError


class Raw(ABC):
    """What a network predicts, in two parts: what a noise level and a prompt need, and what is computed."""

    @abstractmethod
    def at(self, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], /) -> Compute:
        """Z -> the prediction, a row for each of the embeddings.

        z: (N, C, h, w) in the network's dtype, scaled. embeddings: (B, L, D), B a multiple of N; rows of z
        are taken again for each multiple. added: a `Conditioning`'s, (B, ...) each.
        """

    def __call__(self, z: Tensor, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], /) -> Tensor:
        """The prediction."""
        return self.at(sigma, embeddings, added)(z)


@dataclass(frozen=True, eq=False)
class Walking(Tree):
    """A walk whose noise level and prompt are known."""

    walk: Walk
    times: Times
    texts: Texts

    def __call__(self, z: Tensor) -> Tensor:
        """See Raw."""
        with torch.inference_mode():
            return self.walk(z, self.times, self.texts)


@dataclass(frozen=True)
class Walked(Raw):
    """A network that is walked through.

    every: in every how many calls all of it; in those between, deep features of the last such call stand in.
    is_steered: whether the walk does something else each time.
    """

    bundle: Bundle
    walk: Walk
    told: Tensor | None
    every: int = 1
    is_steered: bool = False
    _features: dict[int, tuple[int, Tensor, Texts]] = field(init=False, default_factory=dict)

    def at(self, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], /) -> Compute:
        """See Raw."""
        texts = self._texts(embeddings, added)
        times = self._times(sigma, texts)
        if self.every > 1:
            return Once(partial(self._reusing, times, texts))
        walking = Walking(self.walk, times, texts)
        return Once(walking) if self.is_steered else walking

    @torch.inference_mode()
    def _reusing(self, times: Times, texts: Texts, z: Tensor) -> Tensor:
        count, deep, _ = self._features.get(id(texts), (0, None, texts))
        raw, deep = self.walk.with_features(z, times, texts, None if count % self.every == 0 else deep)
        self._features[id(texts)] = (count + 1, deep, texts)
        return raw

    def _texts(self, embeddings: Tensor, added: Mapping[str, Tensor]) -> Texts:
        parts = (embeddings, *(added[name] for name in sorted(added)))

        def make() -> tuple[object, Texts]:
            with torch.inference_mode():
                cast = {name: tensor.to(self.bundle.dtype) for name, tensor in added.items()}
                # the parts are kept as well, so that nothing else can be at their address meanwhile
                return parts, self.walk.texts(embeddings.to(self.bundle.dtype), cast)

        return self.bundle.kept.texts.get(tuple(map(id, parts)), make)[1]

    def _times(self, sigma: float, texts: Texts) -> Times:
        # many networks are told nothing, and then the prompt has no say
        told = (texts.told, self.told)

        def make() -> tuple[object, Times]:
            timestep = self.bundle.table.t_of(sigma)
            with torch.inference_mode():
                return told, self.walk.times(timestep, self.bundle.dtype, texts.told, self.told)

        return self.bundle.kept.times.get((sigma, *map(id, told)), make)[1]


@dataclass(frozen=True)
class Called(Raw):
    """A network that is called, with its convolutions wrapping around along `axes`."""

    bundle: Bundle
    axes: Collection[str]
    told: Tensor | None
    pictures: int
    steer: Steer | None = None

    def at(self, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], /) -> Compute:
        """See Raw."""
        return Once(partial(self._called, sigma, embeddings, added))

    def _called(self, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], z: Tensor) -> Tensor:
        unet, dtype = self.bundle.unet, self.bundle.dtype
        z = z if len(z) == len(embeddings) else z.repeat(len(embeddings) // len(z), 1, 1, 1)
        # not rounded: between two timesteps the network is told so
        t = torch.full((len(z),), self.bundle.table.t_of(sigma), dtype=torch.float32, device=z.device)
        more: dict[str, Any] = {} if self.told is None else {"timestep_cond": self.told}
        if added:
            more["added_cond_kwargs"] = {name: tensor.to(dtype) for name, tensor in added.items()}
        alone = as_if_alone(self.bundle, self.pictures, z, embeddings)
        there = visiting(self.bundle.carrier, unet)
        with torch.inference_mode(), there, circular(unet, self.axes), alone, steered(unet, self.steer):
            raw: Tensor = unet(z, t, embeddings.to(dtype), **more).sample
        return raw


def raw_of(
    bundle: Bundle,
    axes: Collection[str],
    told: Tensor | None,
    pictures: int,
    steer: Steer | None = None,
    reuse: int = 1,
) -> Raw:
    """The bundle's network, walked through where that can be done. See `predictor` for the rest."""
    walk = bundle.walk(axes, pictures) if steer is None else bundle.steered_walk(axes, steer)
    if walk is not None:
        bundle.engine.check("unet", bundle.unet)
        return Walked(bundle, walk, told, reuse, is_steered=steer is not None)
    if reuse > 1:
        raise ModelError(f"the features of {bundle.name} cannot be reused", "draw without --reuse_features")
    if hasattr(bundle.unet, "modules"):
        unpack(bundle.unet)
    return Called(bundle, axes, told, pictures, steer)


@dataclass(frozen=True, eq=False)
class _Beside(Tree):
    compute: Compute
    hint: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        seen = self.hint.repeat(len(z) // len(self.hint), 1, 1, 1)
        return self.compute(torch.cat([z, seen], dim=1))


@dataclass(frozen=True)
class _Hinted(Raw):
    raw: Raw
    hint: Tensor

    def at(self, sigma: float, embeddings: Tensor, added: Mapping[str, Tensor], /) -> Compute:
        return _Beside(self.raw.at(sigma, embeddings, added), self.hint)


def beside(raw: Raw, hint: Tensor | None) -> Raw:
    """An inpainting network that sees the hint beside the latents, whatever their noise; None is no hint.

    hint: (B, 1 + C, h, w), the mask and the latents of the picture without what is under it.
    Rombach et al. 2022 (arXiv 2112.10752), section 4.5, and the order of channels of its code.
    """
    return raw if hint is None else _Hinted(raw, hint)
