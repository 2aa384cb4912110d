"""Latents of all pictures, made once: the denoiser never sees a pixel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training import networks
from training.autoencoder import FROZEN, unit
from training.pacing import Log
from training.parallel import World
from training.pictures import Gallery, publish_array
from training.precision import autocast_on
from training.presets import Preset

PIXELS_AT_ONCE = 1 << 19


@torch.no_grad()
def encode_all(world: World, preset: Preset, run: Path, log: Log) -> None:
    """Encode every picture shard that has no latents yet; the ranks share the shards.

    A latent shard is float16 (N, 4, h, w) of about unit variance, with a copy of the captions beside it.
    """
    missing = unencoded(run)
    vae = networks.autoencoder(preset.autoencoder, preset.native)
    vae.load_state_dict(torch.load(run / FROZEN, weights_only=True))
    networks.prepare(vae, world.device)
    for path in missing[world.rank :: world.size]:
        target = home(run, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path.with_suffix(".json"), target.with_suffix(".json"))
        publish_array(target, _encode(vae, np.load(path, mmap_mode="r")))
    if world.first:
        log(f"latents: {len(missing)} shards were new")
    world.meet()


def unencoded(run: Path) -> list[Path]:
    """The picture shards that have no latents yet."""
    shards = [path for part in ("held-out", "pictures") for path in sorted((run / part).rglob("*.npy"))]
    return [path for path in shards if not home(run, path).exists()]


def home(run: Path, pictures: Path) -> Path:
    """Where the latents of a picture shard live."""
    return run / "latents" / pictures.relative_to(run)


def _encode(vae: Any, pictures: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Scaled posterior means of uint8 pictures (N, H, W, 3)."""
    device = next(vae.parameters()).device
    count = max(1, PIXELS_AT_ONCE // (pictures.shape[1] * pictures.shape[2]))
    parts = []
    for first in range(0, len(pictures), count):
        pixels = unit(pictures[first : first + count]).to(device, memory_format=torch.channels_last)
        with autocast_on(device):
            mean = networks.encode(vae, pixels)
        parts.append((mean.float() * networks.SCALE).half().cpu().numpy())
    return np.concatenate(parts)


def latent_galleries(run: Path, part: str, preset: Preset) -> list[Gallery]:
    """The latents of ``pictures`` or ``held-out``, one gallery per size."""
    return [Gallery(run / "latents" / part / bucket.name) for bucket in preset.buckets]
