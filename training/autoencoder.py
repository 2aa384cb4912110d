"""Training of the autoencoder, its normalisation, and a later polish of the decoder alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training import checkpoint, networks
from training.losses import psnr, reconstruction
from training.optimisers import Optimisers, pace
from training.pacing import Log, Pacer
from training.parallel import World
from training.pictures import Gallery, galleries
from training.precision import autocast_on
from training.presets import Preset
from training.teacher import components, teach

AVERAGE_DECAY = 0.995
SAMPLES = 512
WARMUP = 50
DECAY_FROM = 0.5
FROZEN = "frozen.pt"


def unit(pixels: np.ndarray[Any, Any]) -> Tensor:
    """uint8 (B, H, W, 3) to float32 (B, 3, H, W) in -1..1."""
    return torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1


def crops(sources: Sequence[Gallery], side: int, count: int, chance: np.random.Generator) -> Tensor:
    """Random squares of random pictures, (count, 3, side, side) in -1..1; sizes by how many there are."""
    fitting = [s for s in sources if len(s) and min(s[0].shape[:2]) >= side]
    sizes = np.array([len(s) for s in fitting])
    cut = []
    for which in chance.choice(len(fitting), count, p=sizes / sizes.sum()):
        picture = fitting[which][int(chance.integers(sizes[which]))]
        y, x = (int(chance.integers(extent - side + 1)) for extent in picture.shape[:2])
        cut.append(picture[y : y + side, x : x + side])
    return unit(np.stack(cut))


def restraint(mean: Tensor) -> Tensor:
    """Keep latents near zero, firmly on average: Stable Diffusion knows a scale but no shift."""
    return 5e-5 * mean.square().mean() + 1e-2 * mean.mean(dim=(0, 2, 3)).square().mean()


class Trainer:
    """The network, optimisers and clock of one rank.

    With `polish`, the encoder stands still, so that latents made before stay right.
    """

    def __init__(self, world: World, preset: Preset, run: Path, log: Log, polish: bool = False) -> None:
        """Build everything, resuming from the stage's checkpoint where there is one."""
        self.world, self.preset, self.log, self.polish = world, preset, log, polish
        self.plan = preset.autoencoder
        self.file = run / ("decoder.pt" if polish else "autoencoder.pt")
        self.sources = galleries(run / "pictures", preset.buckets)
        self.held = galleries(run / "held-out", preset.buckets)[0]
        torch.manual_seed(0)
        self.vae = networks.autoencoder(self.plan, preset.native)
        if polish:
            self.vae.load_state_dict(torch.load(run / FROZEN, weights_only=True))
            self.vae.encoder.requires_grad_(False)
            self.vae.quant_conv.requires_grad_(False)
        networks.prepare(self.vae, world.device)
        self.average = checkpoint.Average(self.vae, AVERAGE_DECAY)
        self.optimisers = Optimisers.of([self.vae], self.plan.muon_rate, self.plan.adam_rate)
        self.pacer = Pacer(world, self.plan.decoder_minutes if polish else self.plan.minutes)
        first = crops(self.sources, self.plan.crop, SAMPLES, np.random.default_rng(0))
        self.teacher = tuple(t.to(world.device) for t in components(first))
        self.resume()

    def resume(self) -> None:
        """Continue where the last checkpoint stopped."""
        if state := checkpoint.load(self.file):
            self.vae.load_state_dict(state["vae"])
            self.average.load_state_dict(state["average"])
            self.optimisers.load_state_dict(state["optimisers"])
            self.pacer.resume(state["pacer"])

    def save(self) -> None:
        """Write a checkpoint and say how good the average is; only the first rank does."""
        if not self.world.first:
            return
        parts = {"vae": self.vae, "average": self.average, "optimisers": self.optimisers}
        state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
        checkpoint.save(self.file, state | {"pacer": self.pacer.state()})
        self.log(f"autoencoder: held-out PSNR {held_out_psnr(self.average.network, self.held):.2f} dB")

    def train(self) -> None:
        """Train until the time is over."""
        for step in self.pacer.steps():
            loss = self.step(step)
            if self.world.first and step % 50 == 0:
                self.log(f"autoencoder: step {step}, {self.pacer.now:.0f} s, loss {loss:.4f}")
            if self.pacer.every("checkpoint", self.preset.checkpoint_minutes):
                self.save()
        self.save()

    def batch(self) -> Tensor:
        """Draw crops; towards the end larger and fewer, so that normalisation sees whole pictures."""
        whole = self.polish or self.pacer.progress > 1 - self.plan.full_share
        side, count = (2, 4) if whole else (1, 1)
        number = max(1, self.plan.crop_batch // count)
        cut = crops(self.sources, self.plan.crop * side, number, self.pacer.chance())
        return cut.to(self.world.device, memory_format=torch.channels_last)

    def step(self, step: int) -> float:
        """One batch: returns the reconstruction loss."""
        pixels = self.batch()
        own = 1.0 if self.polish else (step - self.plan.teacher_steps) / self.plan.blend_steps
        own = min(1.0, max(0.0, own))
        torch.manual_seed(int(self.pacer.chance().integers(2**62)))
        with autocast_on(self.world.device):
            mean = networks.encode(self.vae, pixels).float()
            taught = teach(pixels, *self.teacher).float() if own < 1 else mean.detach()
            latents = torch.lerp(taught, mean, own)
            made = networks.decode(self.vae, latents + networks.blur(self.vae) * torch.randn_like(latents))
        loss = reconstruction(made.float(), pixels)
        torch.autograd.backward(loss + (1 - own) * F.mse_loss(mean, taught) + restraint(mean))
        self.world.average_gradients(self.optimisers.params)
        self.optimisers.step(pace(self.pacer.progress, step, WARMUP, DECAY_FROM), clip=1.0)
        if self.world.first:
            self.average.update(self.vae, step)
        return loss.item()


@torch.no_grad()
def held_out_psnr(vae: Any, held: Gallery, count: int = 64) -> float:
    """Mean PSNR in decibels over the first held-out pictures."""
    device = next(vae.parameters()).device
    scores = []
    for first in range(0, min(count, len(held)), 16):
        pixels = unit(np.stack([held[i] for i in range(first, min(first + 16, len(held)))])).to(device)
        scores.append(psnr(networks.decode(vae, networks.encode(vae, pixels)), pixels))
    return float(torch.cat(scores).mean())


@torch.no_grad()
def freeze(preset: Preset, run: Path, log: Log) -> None:
    """Fix the latent space: fold a shift and a scale per channel into the 1x1 convolutions around it.

    Afterwards latents have mean 0 and deviation 1 / SCALE, and the pictures are the same as before.
    """
    state = checkpoint.load(run / "autoencoder.pt")
    if state is None:
        raise FileNotFoundError(f"{run / 'autoencoder.pt'}: train the autoencoder first")
    vae = networks.autoencoder(preset.autoencoder, preset.native)
    average = checkpoint.Average(vae, AVERAGE_DECAY)
    average.load_state_dict(state["average"])
    device = torch.device(preset.device)
    vae = networks.prepare(average.network, device)
    pixels = crops(galleries(run / "pictures", preset.buckets), preset.autoencoder.crop, SAMPLES,
                   np.random.default_rng(1))  # fmt: skip
    latents = torch.cat([networks.encode(vae, part.to(device)) for part in torch.split(pixels, 32)])
    normalise(vae, latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3)) * networks.SCALE)
    checkpoint.save(run / FROZEN, vae.state_dict())
    log(f"freeze: channel means {latents.mean(dim=(0, 2, 3)).tolist()}, now 0")


def normalise(vae: Any, mean: Tensor, scale: Tensor) -> None:
    """Make the latent (old - mean) / scale, and have the decoder undo it. mean, scale: (4,)."""
    first, last = vae.quant_conv, vae.post_quant_conv
    kept = slice(None, networks.LATENT_CHANNELS)
    first.weight[kept] /= scale.view(-1, 1, 1, 1)
    first.bias[kept] = (first.bias[kept] - mean) / scale
    first.bias[networks.LATENT_CHANNELS :] -= 2 * scale.log()
    last.bias += last.weight[:, :, 0, 0] @ mean
    last.weight *= scale.view(1, -1, 1, 1)
