"""How a bundle's autoencoder is run: at once, or in bands where memory is spared and the picture is large."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invoke_cli.diffusion.bands import WHOLE, Bands
from invoke_cli.diffusion.coding import Decoding, Encoding, Pixels
from invoke_cli.diffusion.heap import give_back
from invoke_cli.diffusion.host import onto
from invoke_cli.diffusion.kernels import hasten, packs
from invoke_cli.diffusion.noise import perlin
from invoke_cli.diffusion.preview import ColourMap, fitted
from invoke_cli.diffusion.recent import MEGABYTE
from invoke_cli.diffusion.residence import CPU, visiting
from invoke_cli.diffusion.sliced import Sliced
from invoke_cli.diffusion.vae_parts import knows

if TYPE_CHECKING:
    from invoke_cli.diffusion.bundle import Bundle

STORED = 256 * MEGABYTE
"""What a layer of a larger picture reads and writes waits in main memory, where weights do."""


def encoded(bundle: Bundle, rgb: Pixels, seamless: Collection[str], hole: NDArray[np.bool_] | None) -> Tensor:
    """The latents of a picture; see `Bundle.encode`."""
    vae, axes = bundle.vae, tuple(sorted(seamless))
    levels = onto(bundle.device, torch.tensor(np.ascontiguousarray(rgb))).permute(2, 0, 1)[None]
    with visiting(bundle.carrier, vae):
        dtype = dtype_of(bundle)
        pixels = (levels.float() / 127.5 - 1).to(dtype)
        if hole is not None:
            pixels = pixels.masked_fill(onto(bundle.device, torch.tensor(hole)), 0.0)
        bands = bands_for(bundle, axes, levels[0, 0].numel() * vae.config.block_out_channels[0])
        if bands is None:
            mean = Encoding(_hastened(bundle), axes).by(bundle.engine, pixels)
        else:
            mean = bands.encode(vae, pixels)
    return (mean.float() - _shift(vae)) * float(vae.config.scaling_factor)


def decoded(bundle: Bundle, latents: Tensor, seamless: Collection[str] = ()) -> Tensor:
    """Latents (N, C, h, w) as pixels, (N, 3, H, W) float32, in -1..1 or somewhat beyond."""
    vae, axes = bundle.vae, tuple(sorted(seamless))
    scaled = latents / float(vae.config.scaling_factor) + _shift(vae)
    levels = vae.config.block_out_channels
    # the layer that enlarges the second to last level has its channels and the size of the last
    widest = scaled[0, 0].numel() * 4 ** (len(levels) - 1) * levels[:2][-1]
    if bundle.device.type == "cpu" and bundle.is_large:
        give_back()
    with visiting(bundle.carrier, vae):
        z = scaled.to(bundle.device, dtype_of(bundle))
        bands = bands_for(bundle, axes, widest)
        if bands is not None:
            return bands.decode(vae, z).float()
        return Decoding(_hastened(bundle), axes).by(bundle.engine, z).float()


def fitted_to(bundle: Bundle) -> ColourMap:
    """A map of colours fitted to decoded clouds, about as much work as half a picture of 512x512."""
    generator = torch.Generator("cpu").manual_seed(0)
    shape = (int(bundle.vae.config.latent_channels), 32, 32)
    clouds = torch.stack([perlin(generator, shape) for _ in range(2)])
    # half precision may lose some of it, which is no reason not to load a model
    return fitted(clouds, decoded(bundle, clouds).nan_to_num(0.0, 1.0, -1.0))


def bands_for(bundle: Bundle, axes: tuple[str, ...], widest: int) -> Bands | None:
    """What codes a picture in bands; None where that spares nothing, or cannot be.

    widest: how many values the largest layer has.
    """
    dtype = dtype_of(bundle)
    size = widest * dtype.itemsize
    if not bundle.thrift.tiled or size <= WHOLE or not knows(bundle.vae):
        return None
    kernels = Sliced(bundle.kernels_for(bundle.vae, dtype))
    is_stored = bundle.carrier is not None and bundle.thrift.away and size > STORED
    return Bands(kernels, bundle.device, axes, store=CPU if is_stored else None)


def dtype_of(bundle: Bundle) -> torch.dtype:
    """What the autoencoder runs in.

    SDXL's overflows in float16 and stays in float32 beside a UNet that does not. Its first weight is asked,
    for the network's own answer takes a millisecond.
    """
    if not hasattr(bundle.vae, "parameters"):
        return bundle.dtype
    return next(iter(bundle.vae.parameters())).dtype  # type: ignore[no-any-return]


def _hastened(bundle: Bundle) -> Any:
    """The autoencoder; on a CPU its convolutions run on packed weights."""
    vae, dtype = bundle.vae, dtype_of(bundle)
    if packs(bundle.device, dtype) and hasattr(vae, "parameters"):
        bundle.kept.hastened.get(id(vae), lambda: hasten(vae, bundle.kernels_for(vae, dtype)))
    return vae


def _shift(vae: Any) -> float:
    shift = getattr(vae.config, "shift_factor", None)
    return 0.0 if shift is None else float(shift)
