"""The stages of the recipe: each reads what the one before left in the run's folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Process
from pathlib import Path

from training import autoencoder, denoiser, latents, parallel, parcels, pictures, tokenizer
from training.export import export
from training.parallel import World
from training.presets import Preset


@dataclass(frozen=True)
class RunLog:
    """A line to the terminal and to ``log.txt`` in the run's folder; can be sent to other processes."""

    run: Path

    def __call__(self, text: str) -> None:
        """Write one line with the time of day."""
        line = f"{time.strftime('%H:%M:%S')} {text}\n"
        sys.stderr.write(line)
        with (self.run / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line)


@dataclass(frozen=True)
class Recipe:
    """One run: its preset, its folder, where the finished model goes, its log."""

    preset: Preset
    run: Path
    target: Path
    log: RunLog

    def render(self) -> None:
        """Draw the pictures."""
        pictures.render_all(self.preset, self.run, self.log)

    def tokenizer(self) -> None:
        """Learn the tokens."""
        texts = tokenizer.corpus(self.preset.captions)
        tokenizer.train(texts, self.preset.vocabulary, self.run / "tokenizer")

    def autoencoder(self) -> None:
        """Train the autoencoder and fix its latent space."""
        self._launch(_train_autoencoder, self.preset, self.run, self.log)
        autoencoder.freeze(self.preset, self.run, self.log)

    def latents(self) -> None:
        """Encode the pictures."""
        self._launch(latents.encode_all, self.preset, self.run, self.log)

    def unet(self) -> None:
        """Train the UNet with its text encoder."""
        self._launch(_train_denoiser, self.preset, self.run, self.log)

    def decoder(self) -> None:
        """Train the decoder on, for the latent space as it is."""
        self._launch(_train_autoencoder, self.preset, self.run, self.log, True)

    def export(self) -> None:
        """Write the diffusers directory."""
        export(self.preset, self.run, self.target, self.log)

    def pack(self, folder: Path) -> None:
        """Write what must not be lost to a few small files."""
        parcels.pack(self.run, folder)

    def unpack(self, folder: Path) -> None:
        """Take up a run from such files."""
        parcels.unpack(folder, self.run)

    def adopt(self, folder: Path) -> None:
        """Begin a run from an exported model; `render`, `latents` and `unet` follow."""
        parcels.adopt(folder, self.run)

    def all(self) -> None:
        """Everything, in order."""
        first, *others = STAGES
        drawing = Process(target=getattr(self, first))
        drawing.start()
        while drawing.is_alive() and not self._enough():
            time.sleep(1)
        if drawing.exitcode:
            raise RuntimeError("drawing failed: see above")
        for stage in others:
            self.log(f"stage {stage}")
            getattr(self, stage)()
        drawing.join()

    def _enough(self) -> bool:
        """Whether training may begin though pictures are still being drawn."""
        drawn = pictures.galleries(self.run / "pictures", self.preset.buckets)
        return self.preset.enough is not None and sum(map(len, drawn)) >= self.preset.enough

    def _launch(self, work: Callable[..., None], *args: object) -> None:
        parallel.launch(self.preset.ranks, self.preset.device, work, *args)


STAGES = ("render", "tokenizer", "autoencoder", "latents", "unet", "decoder", "export")


def with_minutes(preset: Preset, stage: str, minutes: float) -> Preset:
    """The preset with another time budget for one stage."""
    if stage == "unet":
        return replace(preset, unet=replace(preset.unet, minutes=minutes))
    if stage == "autoencoder":
        return replace(preset, autoencoder=replace(preset.autoencoder, minutes=minutes))
    if stage == "decoder":
        return replace(preset, autoencoder=replace(preset.autoencoder, decoder_minutes=minutes))
    raise ValueError(f"the stage {stage!r} has no time budget")


def _train_autoencoder(world: World, preset: Preset, run: Path, log: RunLog, polish: bool = False) -> None:
    """A rank's work in the stages `autoencoder` and `decoder`."""
    autoencoder.Trainer(world, preset, run, log, polish).train()


def _train_denoiser(world: World, preset: Preset, run: Path, log: RunLog) -> None:
    """A rank's work in the stage `unet`."""
    denoiser.Trainer(world, preset, run, log).train()
