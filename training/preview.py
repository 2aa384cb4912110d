"""Fit the demo model's preview colours: ``python -m training.preview``.

To be run after each export; it takes seconds and writes ``preview.json`` beside the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.preview import error_of, fitted, write_map
from invoke_cli.models.catalog import ModelEntry
from invoke_cli.models.files import PREVIEW
from invoke_cli.models.sources import load_directory
from training.__main__ import DEMO
from training.pictures import HELD_OUT_SEED
from training.renderer import render

SCENES = 64
"""Scenes fitted to; as many others are held out to measure the error."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m training.preview", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=DEMO, help="a diffusers directory")
    directory: Path = parser.parse_args(arguments).model
    entry = ModelEntry(name=directory.name, source=str(directory))
    bundle = load_directory(directory, entry, torch.device("cpu"), torch.float32)
    colours = fitted(*_pairs(bundle, 0, SCENES))
    error = error_of(colours, *_pairs(bundle, HELD_OUT_SEED, SCENES))
    write_map(directory / PREVIEW, colours, error)
    print(f"{directory / PREVIEW}: rms error {error:.3f} on held-out scenes (colours go from -1 to 1)")  # noqa: T201


def _pairs(bundle: Bundle, first_seed: int, count: int) -> tuple[Tensor, Tensor]:
    """Latents (N, C, h, w) of rendered scenes, and the scenes (N, 3, H, W) in -1..1."""
    latents, pixels = zip(*_each(bundle, first_seed, count), strict=True)
    return torch.cat(latents), torch.stack(pixels)


def _each(bundle: Bundle, first_seed: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    for seed in range(first_seed, first_seed + count):
        rgb = render(seed, bundle.native, bundle.native).rgb
        yield bundle.encode(rgb), torch.tensor(rgb).movedim(-1, 0) / 127.5 - 1


if __name__ == "__main__":
    main()
