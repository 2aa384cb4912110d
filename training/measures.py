"""What the evaluation measures: right subjects, faithfulness to a drawing, reconstruction, time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from training.classifier import Judge
from training.prompts import NEGATIVES, PAIRS, SINGLES, SIZE_PROMPTS, SIZES, SKETCHES, STRENGTHS
from training.renderer import STYLES, SUBJECTS, render
from training.sampling import FACTOR, Bytes, Painter, Request

HELD_OUT_SEED = 3_000_000_000
SKETCH_STEPS = 50
"""The program's default: of fewer steps, a low strength leaves only a handful."""
_FIRST_SEED = 1000


@dataclass(frozen=True)
class Studio:
    """What every measurement needs: the model, the judge, and how pictures are sampled."""

    painter: Painter
    judge: Judge
    seeds: int = 8
    steps: int = 20
    scale: float = 7.5

    def paint(self, prompt: str, negative: str = "") -> Bytes:
        """One picture for each seed."""
        requests = [Request(prompt, _FIRST_SEED + n, negative) for n in range(self.seeds)]
        return self.painter.paint(requests, self.steps, self.scale)


@dataclass(frozen=True)
class Row:
    """One prompt's pictures, uint8 (N, H, W, 3), and the share of them that are right, 0..1."""

    prompt: str
    wanted: str
    share: float
    pictures: Bytes


def measure_singles(studio: Studio) -> list[Row]:
    """For each prompt of one subject, how often the judge names it as the main one."""
    rows = []
    for prompt, subject in SINGLES:
        pictures = studio.paint(prompt)
        named = studio.judge.judge(pictures).main
        rows.append(Row(prompt, subject, float(np.mean([name == subject for name in named])), pictures))
    return rows


def measure_pairs(studio: Studio) -> list[Row]:
    """For each prompt of two subjects, how often the judge sees both."""
    rows = []
    for prompt, first, second in PAIRS:
        pictures = studio.paint(prompt)
        verdict = studio.judge.judge(pictures)
        both = verdict.shows(first) & verdict.shows(second)
        rows.append(Row(prompt, f"{first}, {second}", float(both.mean()), pictures))
    return rows


def measure_negatives(studio: Studio) -> list[tuple[Row, Row]]:
    """How often a subject is seen without and with a negative prompt against it."""
    rows = []
    for prompt, negative, subject in NEGATIVES:
        pair = []
        for against in ("", negative):
            pictures = studio.paint(prompt, against)
            seen = float(studio.judge.judge(pictures).shows(subject).mean())
            pair.append(Row(f"{prompt} [{against}]" if against else prompt, subject, seen, pictures))
        rows.append((pair[0], pair[1]))
    return rows


def paint_sizes(studio: Studio) -> list[Bytes]:
    """One row of pictures for each of `SIZES`, uint8 (N, H, W, 3), all prompts with the same seed."""
    requests = [Request(prompt, _FIRST_SEED) for prompt in SIZE_PROMPTS]
    return [studio.painter.paint(requests, studio.steps, studio.scale, size) for size in SIZES]


@dataclass(frozen=True)
class Faithfulness:
    """One drawing at one strength.

    edges: correlation of edge maps at 1/8 size; distance: rms of low-pass pictures, 0..1;
    score: mean probability of the wanted subjects, 0..1; pictures: uint8 (N, H, W, 3).
    """

    drawing: str
    prompt: str
    strength: float
    edges: float
    distance: float
    score: float
    pictures: Bytes


def measure_sketches(studio: Studio, folder: Path) -> list[Faithfulness]:
    """Image-to-image from the drawn test pictures at rising strengths."""
    rows = []
    for name, prompt, subjects in SKETCHES:
        drawing = fitted(folder / name, studio.painter.native)
        for strength in STRENGTHS:
            pictures = _from_drawing(studio, drawing, prompt, strength)
            edges = float(np.mean([edge_similarity(drawing, picture) for picture in pictures]))
            distance = float(np.mean([low_pass_distance(drawing, picture) for picture in pictures]))
            shown = studio.judge.judge(pictures).shown
            score = float(shown[:, [SUBJECTS.index(subject) for subject in subjects]].mean())
            rows.append(Faithfulness(name, prompt, strength, edges, distance, score, pictures))
    return rows


def _from_drawing(studio: Studio, drawing: Bytes, prompt: str, strength: float) -> Bytes:
    """The drawing redone at a strength, once for each seed."""
    requests = [Request(prompt, _FIRST_SEED + n, "", drawing, strength) for n in range(studio.seeds)]
    height, width, _ = drawing.shape
    return studio.painter.paint(requests, SKETCH_STEPS, studio.scale, (width, height))


def fitted(path: Path, side: int) -> Bytes:
    """A picture file, uint8 (H, W, 3), its shorter side `side` pixels, both multiples of 8."""
    picture = Image.open(path).convert("RGB")
    share = side / min(picture.size)
    width, height = (FACTOR * round(length * share / FACTOR) for length in picture.size)
    return np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS))


def _eighth(rgb: Bytes) -> NDArray[np.float64]:
    """A picture at 1/8 size, (H/8, W/8, 3) in 0..1."""
    height, width, _ = rgb.shape
    blocks = rgb.reshape(height // FACTOR, FACTOR, width // FACTOR, FACTOR, 3)
    return np.asarray(blocks.mean(axis=(1, 3)) / 255)


def edge_similarity(first: Bytes, second: Bytes) -> float:
    """Correlation of the two pictures' edge strengths at 1/8 size, -1..1."""
    maps = [np.hypot(*np.gradient(_eighth(rgb).mean(axis=2))).ravel() for rgb in (first, second)]
    return float(np.corrcoef(maps[0], maps[1])[0, 1])


def low_pass_distance(first: Bytes, second: Bytes) -> float:
    """Root mean square difference of the two pictures at 1/8 size, 0..1."""
    return float(np.sqrt(np.mean((_eighth(first) - _eighth(second)) ** 2)))


@dataclass(frozen=True)
class Reconstruction:
    """How well the autoencoder keeps pictures of one kind.

    psnr: mean of the pictures' decibels; worst: the least of them; shift: mean of made minus true for red,
    green and blue, in levels of 255.
    """

    kind: str
    count: int
    psnr: float
    worst: float
    shift: tuple[float, float, float]


def measure_autoencoder(painter: Painter, folder: Path, per_style: int = 12) -> list[Reconstruction]:
    """Held-out scenes of every style, and the drawn test pictures."""
    side = painter.native
    seeds = range(HELD_OUT_SEED, HELD_OUT_SEED + per_style)
    rows = [
        _reconstructed(painter, style, [render(s, side, side, style=style).rgb for s in seeds])
        for style in STYLES
    ]
    drawings = (fitted(folder / name, side) for name, _, _ in SKETCHES)
    return [*rows, _reconstructed(painter, "drawn test pictures", drawings)]


@torch.no_grad()
def _reconstructed(painter: Painter, kind: str, pictures: Iterable[Bytes]) -> Reconstruction:
    """Encode and decode the pictures one by one."""
    decibels, shifts = [], []
    for picture in pictures:
        error = painter.decode(painter.encode(picture[None]))[0].astype(np.float64) - picture
        decibels.append(10 * np.log10(255**2 / max(float(np.mean(error**2)), 1e-9)))
        shifts.append(error.mean(axis=(0, 1)))
    red, green, blue = np.mean(shifts, axis=0).tolist()
    return Reconstruction(kind, len(decibels), float(np.mean(decibels)), min(decibels), (red, green, blue))


@dataclass(frozen=True)
class Speed:
    """Seconds on `threads` CPU threads: loading, and a guided picture at native size by number of steps."""

    threads: int
    load: float
    pictures: dict[int, float]


def measure_speed(folder: Path, steps: Sequence[int] = (10, 20, 50)) -> Speed:
    """Load again and make single pictures; the best of three, after one to warm up."""
    start = time.perf_counter()
    painter = Painter.load(folder)
    load = time.perf_counter() - start
    painter.paint([Request("fire", 0)], steps=2)
    best = {count: min(_seconds(painter, count) for _ in range(3)) for count in steps}
    return Speed(torch.get_num_threads(), load, best)


def _seconds(painter: Painter, steps: int) -> float:
    """How long one guided picture takes."""
    start = time.perf_counter()
    painter.paint([Request("fire", 0)], steps)
    return time.perf_counter() - start
