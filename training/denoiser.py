"""Joint training of the denoiser and its text encoder on cached latents."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from training import checkpoint, diffusion, networks
from training.autoencoder import FROZEN
from training.latents import encode_all, latent_galleries, unencoded
from training.optimisers import Optimisers, pace
from training.pacing import Log, Pacer
from training.parallel import World
from training.precision import autocast_on
from training.presets import Preset
from training.sampling import Painter, Request
from training.tokenizer import Words

SHEET_PROMPTS = (
    "fire", "a campfire at night", "a photograph of a fireplace", "candle",
    "tree on a hill with a river, nature photograph, national geographic", "a house by a lake, photograph",
    "a boat on the sea at sunset", "a cactus in the desert", "snowy mountains under a blue sky",
    "the full moon over the sea at night", "a red house, crayon drawing", "pencil sketch of a tree",
    "a bridge over a river, watercolour", "forest in autumn", "a yellow flower", "a road through a desert",
)  # fmt: skip
SHEET_COLUMNS = 4
SHEET_SEED = 7
CHECKED = 192


class Latents:
    """The cached latents of one part of the data, with their captions, by size."""

    def __init__(self, run: Path, part: str, preset: Preset) -> None:
        """Read everything into memory: float16, 2 kB for a picture of 128x128."""
        sources = latent_galleries(run, part, preset)
        self.items = [torch.from_numpy(np.concatenate(s.shards or [np.empty(0)])) for s in sources]
        self.captions = [s.captions() for s in sources]

    def batch(self, size: int, rows: np.ndarray[Any, Any]) -> tuple[Tensor, list[str]]:
        """Latents (B, 4, h, w) float32 and captions of some rows of one size."""
        return self.items[size][torch.from_numpy(rows)].float(), [self.captions[size][row] for row in rows]


class Trainer:
    """The networks, optimisers and clock of one rank."""

    def __init__(self, world: World, preset: Preset, run: Path, log: Log) -> None:
        """Build everything, resuming from ``unet.pt`` where there is one."""
        self.world, self.preset, self.plan, self.run, self.log = world, preset, preset.unet, run, log
        self.file = run / "unet.pt"
        self.words = Words(run / "tokenizer", self.plan.word_noise, self.plan.caption_dropout)
        self.latents = Latents(run, "pictures", preset)
        torch.manual_seed(0)
        self.unet = networks.prepare(networks.denoiser(preset), world.device)
        self.text = networks.prepare(networks.text_encoder(preset, len(self.words.tokenizer)), world.device)
        self.both = nn.ModuleDict({"unet": self.unet, "text": self.text}).train()
        self.average = checkpoint.Average(self.both, self.plan.ema_decay)
        self.optimisers = Optimisers.of([self.both], self.plan.muon_rate, self.plan.adam_rate)
        self.pacer = Pacer(world, self.plan.minutes)
        self.kept = diffusion.signal()
        self.seen = 0
        self.resume()

    def resume(self) -> None:
        """Continue where the last checkpoint stopped."""
        if state := checkpoint.load(self.file):
            self.both.load_state_dict(state["both"])
            self.average.load_state_dict(state["average"])
            if "optimisers" in state:  # a parcel comes without
                self.optimisers.load_state_dict(state["optimisers"])
            self.pacer.resume(state["pacer"])
            self.seen = int(state["seen"])

    def save(self) -> None:
        """Write a checkpoint and the validation loss; only the first rank does."""
        if not self.world.first:
            return
        state = {
            "both": self.both.state_dict(), "average": self.average.state_dict(),
            "optimisers": self.optimisers.state_dict(), "pacer": self.pacer.state(), "seen": self.seen,
        }  # fmt: skip
        checkpoint.save(self.file, state)
        self.log(f"unet: {self.seen} samples, held-out loss {self.held_out_loss():.4f}")

    def refresh(self) -> None:
        """Take in pictures that were drawn since: drawing may go on beside training."""
        (new,) = self.world.agree(len(unencoded(self.run)))
        if new:
            encode_all(self.world, self.preset, self.run, self.log)
            self.latents = Latents(self.run, "pictures", self.preset)

    def train(self) -> None:
        """Train until the time is over."""
        recent = 0.0
        for count, step in enumerate(self.pacer.steps(), 1):
            recent += (self.step(step) - recent) / min(50, count)
            if self.world.first and step % 50 == 0:
                self.log(f"unet: step {step}, {self.pacer.now:.0f} s, {self.seen} samples, loss {recent:.4f}")
            if self.pacer.every("checkpoint", self.preset.checkpoint_minutes):
                self.save()
                self.refresh()
            if self.pacer.every("sheet", self.preset.sheet_minutes):
                self.sheet()
        self.save()
        self.sheet()

    def batch(self) -> tuple[Tensor, list[str], np.random.Generator]:
        """Draw latents and captions; the size is the same on every rank, the pictures are not."""
        sizes = zip(self.preset.buckets, self.counts, strict=True)
        shares = np.array([bucket.share * bool(count) for bucket, count in sizes])
        size = int(np.random.default_rng(self.pacer.step).choice(len(shares), p=shares / shares.sum()))
        chance = self.pacer.chance()
        rows = chance.integers(self.counts[size], size=self.preset.buckets[size].batch)
        self.seen += self.world.size * len(rows)
        return *self.latents.batch(size, rows), chance

    @property
    def counts(self) -> list[int]:
        """How many pictures of each size there are."""
        return [len(items) for items in self.latents.items]

    def step(self, step: int) -> float:
        """One batch: returns the unweighted loss, the mean square error of epsilon."""
        clean, captions, chance = self.batch()
        tokens = self.words(captions, random.Random(int(chance.integers(2**62))))
        noise = torch.from_numpy(chance.standard_normal(clean.shape, dtype=np.float32))
        times = diffusion.stratified(len(clean), chance)
        mixed = diffusion.noised(clean, noise, self.kept[times])
        made = self.predict(self.both, mixed, tokens, times)
        error = (made - self.aim(mixed, tokens, noise, times)).square().mean(dim=(1, 2, 3))
        weights = diffusion.snr_weights(self.kept[times], self.plan.snr_limit).to(error.device)
        torch.autograd.backward((error * weights).mean())
        self.world.average_gradients(self.optimisers.params)
        self.optimisers.step(
            pace(self.pacer.progress, step, self.plan.warmup_steps, self.plan.decay_from), self.plan.clip
        )
        if self.world.first:
            self.average.update(self.both, step)
        return error.mean().item()

    def predict(self, both: Any, mixed: Tensor, tokens: Tensor, times: Tensor) -> Tensor:
        """The predicted noise, float32 (B, 4, h, w). mixed: noised latents; tokens: int64 (B, 77)."""
        device = self.world.device
        with autocast_on(device):
            hidden = both["text"](tokens.to(device)).last_hidden_state
            mixed = mixed.to(device, memory_format=torch.channels_last)
            made: Tensor = both["unet"](mixed, times.to(device), encoder_hidden_states=hidden).sample
        return made.float()

    @torch.no_grad()
    def aim(self, mixed: Tensor, tokens: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """What the prediction is held to, (B, 4, h, w): the noise; with a `words_share`, less of it.

        Captioned samples then aim at that share of the way from the network's own wordless
        prediction to the noise. Wordless samples still learn the noise itself, so the two
        fixed points are eps_u and eps_u + share (eps_c - eps_u).
        """
        noise = noise.to(self.world.device)
        share = self.plan.words_share
        if share == 1:
            return noise
        wordless = self.words([""])
        captioned = (tokens != wordless).any(dim=1)
        aims = noise.clone()
        without = wordless.expand(int(captioned.sum()), -1)
        guess = self.predict(self.both, mixed[captioned], without, times[captioned])
        aims[captioned] = torch.lerp(guess, noise[captioned], share)
        return aims

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Loss of the averaged weights on the native size's held-out pictures, always with the same noise.

        Guidance undoes a `words_share`, so that runs with and without one can be compared.
        """
        held, chance = Latents(self.run, "held-out", self.preset), np.random.default_rng(0)
        count = min(CHECKED, len(held.items[0]))
        times = diffusion.stratified(count, chance)
        errors = []
        for rows in np.array_split(np.arange(count), max(1, count // 32)):
            clean, captions = held.batch(0, rows)
            noise = torch.from_numpy(chance.standard_normal(clean.shape, dtype=np.float32))
            mixed = diffusion.noised(clean, noise, self.kept[times[rows]])
            made = self.guided(mixed, self.words(captions), times[rows])
            errors.append((made - noise.to(made.device)).square().mean(dim=(1, 2, 3)))
        return float(torch.cat(errors).mean())

    def guided(self, mixed: Tensor, tokens: Tensor, times: Tensor) -> Tensor:
        """The averaged weights' prediction with words at their full size, float32 (B, 4, h, w)."""
        both, share = self.average.network, self.plan.words_share
        made = self.predict(both, mixed, tokens, times)
        if share == 1:
            return made
        wordless = self.predict(both, mixed, self.words([""]).expand(len(tokens), -1), times)
        return torch.lerp(wordless, made, 1 / share)

    @torch.no_grad()
    def sheet(self) -> None:
        """Save what the averaged weights draw for the sheet's prompts."""
        if not self.world.first:
            return
        vae = networks.autoencoder(self.preset.autoencoder, self.preset.native)
        vae.load_state_dict(torch.load(self.run / FROZEN, weights_only=True))
        both: Any = copy.deepcopy(self.average.network).cpu()
        painter = Painter(self.words.tokenizer, both["text"], both["unet"], vae)
        pictures = painter.paint([Request(prompt, SHEET_SEED) for prompt in SHEET_PROMPTS])
        rows = np.split(pictures, len(SHEET_PROMPTS) // SHEET_COLUMNS)
        path = self.run / "sheets" / f"{int(self.pacer.now):06}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.concatenate([np.concatenate(list(row), 1) for row in rows])).save(path)
