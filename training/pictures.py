"""The data set: rendered pictures in shards, by size, drawn once and kept on disk.

A shard is ``00012.npy``, uint8 (N, H, W, 3), beside ``00012.json``, a list of N captions.
Shards appear whole (written, then renamed), so drawing can be stopped, resumed, and
read from while it goes on.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.presets import Bucket, Preset

HELD_OUT_SEED = 1_000_000_000
SEEDS_PER_SIZE = 10_000_000

Items = NDArray[np.generic]


@dataclass(frozen=True)
class Shard:
    """A piece of the work: `count` pictures of one size from `first_seed` on."""

    pixels: Path
    width: int
    height: int
    first_seed: int
    count: int

    @property
    def captions(self) -> Path:
        """Where the words are; written before the pixels, so pixels imply words."""
        return self.pixels.with_suffix(".json")


def plan(preset: Preset, run: Path) -> list[Shard]:
    """All shards of a preset: held-out ones first, then the sizes in turns, so that each grows early."""
    held: list[Shard] = []
    drawn: list[tuple[float, int, Shard]] = []
    for index, bucket in enumerate(preset.buckets):
        seed = index * SEEDS_PER_SIZE
        held += _cut(run / "held-out", bucket, HELD_OUT_SEED + seed, preset.held_out, preset.shard)
        shards = _cut(run / "pictures", bucket, preset.first_seed + seed, bucket.pictures, preset.shard)
        drawn += [(n / len(shards), index, shard) for n, shard in enumerate(shards)]
    return held + [shard for *_, shard in sorted(drawn, key=lambda turn: turn[:2])]


def _cut(folder: Path, bucket: Bucket, seed: int, pictures: int, size: int) -> list[Shard]:
    """Pieces of at most `size` pictures, with consecutive seeds."""
    return [
        Shard(folder / bucket.name / f"{n:05}.npy", bucket.width, bucket.height, seed + first,
              min(size, pictures - first))
        for n, first in enumerate(range(0, pictures, size))
    ]  # fmt: skip


def draw(shard: Shard) -> Path:
    """Render one shard and write it, words first."""
    from training.renderer import render

    seeds = range(shard.first_seed, shard.first_seed + shard.count)
    scenes = [render(seed, shard.width, shard.height) for seed in seeds]
    shard.pixels.parent.mkdir(parents=True, exist_ok=True)
    _publish(shard.captions, lambda path: path.write_text(json.dumps([scene.caption for scene in scenes])))
    publish_array(shard.pixels, np.stack([scene.rgb for scene in scenes]))
    return shard.pixels


def render_all(preset: Preset, run: Path, log: Callable[[str], None]) -> None:
    """Draw whatever is not on disk yet, in `preset.renderers` processes."""
    missing = [shard for shard in plan(preset, run) if not shard.pixels.exists()]
    log(f"render: {sum(shard.count for shard in missing)} pictures to draw")
    with ProcessPoolExecutor(preset.renderers, multiprocessing.get_context("spawn")) as pool:
        for done, future in enumerate(as_completed([pool.submit(draw, shard) for shard in missing]), 1):
            log(f"render: {future.result()} ({done}/{len(missing)})")


class Gallery:
    """The pictures (or latents) of one size that are on disk, indexed as one sequence."""

    def __init__(self, folder: Path) -> None:
        """Open the shards in `folder`; items stay on disk until asked for."""
        self.paths = sorted(folder.glob("*.npy"))
        self.shards: list[Items] = [np.load(path, mmap_mode="r") for path in self.paths]
        self.ends = np.cumsum([len(shard) for shard in self.shards])

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, index: int) -> Items:
        """Item number `index`, a picture or a latent, without reading its neighbours."""
        n = int(np.searchsorted(self.ends, index, side="right"))
        item: Items = self.shards[n][index - int(self.ends[n])]  # negative: counted from the shard's end
        return item

    def captions(self) -> list[str]:
        """All captions, in the order of the pictures."""
        files = [path.with_suffix(".json") for path in self.paths]
        return [str(text) for file in files for text in json.loads(file.read_text(encoding="utf-8"))]


def galleries(folder: Path, buckets: Sequence[Bucket]) -> list[Gallery]:
    """One gallery per bucket, in the buckets' order."""
    return [Gallery(folder / bucket.name) for bucket in buckets]


def publish_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array to a temporary name, then rename it."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # np.save would append ".npy" to a name
            np.save(file, array)

    _publish(path, write)


def _publish(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then rename it."""
    partial = path.with_name(path.name + ".partial")
    write(partial)
    os.replace(partial, path)
