"""The colours of one picture given to another: histograms matched in CIELAB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from invoke_cli.imaging.init_image import Opened

Rgb = NDArray[np.uint8]
"""(H, W, 3), sRGB"""
Floats = NDArray[np.float64]

LARGEST = 768  # pixels along a side; colours are distributed as well among fewer than a camera has

RANKS = np.linspace(0, 1, 1025)
NEIGHBOURS = 40  # of the ranks on each side: a 25th of all pixels

# IEC 61966-2-1: linear sRGB to CIE XYZ, and the white of D65 that its rows sum to.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
# CIE 15: where the cube root goes over into a straight line.
KNEE = 6 / 29


def with_colours_of(picture: Rgb, reference: Rgb) -> Rgb:
    """`picture` with the lightness and the two colour axes distributed as in `reference`, of any size.

    What was lighter stays lighter, what was redder redder. Colours that no screen shows are clipped.
    """
    own, wanted = to_lab(picture), to_lab(reference)
    channels = [_matched(own[..., axis], wanted[..., axis]) for axis in range(3)]
    return from_lab(np.stack(channels, axis=-1))


def seen_colours(opened: Opened) -> Rgb:
    """The colours of a picture's opaque part, thinned out where it is large, as a reference."""
    every = -(-max(opened.size) // LARGEST)
    rgb = opened.rgb[::every, ::every]
    if opened.alpha is None or not (seen := opened.alpha[::every, ::every] == 255).any():
        return rgb
    row: Rgb = rgb[seen][None]
    return row


def to_lab(rgb: Rgb) -> Floats:
    """CIELAB for D65, (H, W, 3): lightness 0..100, green to red and blue to yellow about -128..127."""
    linear = _linear()[rgb]
    ratios = linear @ TO_XYZ.T / WHITE
    roots = np.where(ratios > KNEE**3, np.cbrt(ratios), ratios / (3 * KNEE**2) + 4 / 29)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_lab(lab: Floats) -> Rgb:
    """The nearest sRGB colours, uint8 (H, W, 3)."""
    y = (lab[..., 0] + 16) / 116
    roots = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    ratios = np.where(roots > KNEE, roots**3, 3 * KNEE**2 * (roots - 4 / 29))
    linear = np.clip(ratios * WHITE @ np.linalg.inv(TO_XYZ).T, 0, 1)
    companded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    levels: Rgb = np.rint(companded * 255).astype(np.uint8)
    return levels


def _linear() -> Floats:
    """The light of each of the 256 levels of sRGB, 0..1."""
    level = np.arange(256) / 255
    return np.where(level > 0.04045, ((level + 0.055) / 1.055) ** 2.4, level / 12.92)


def _matched(values: Floats, wanted: Floats) -> Floats:
    """The values (H, W), each replaced by the one that stands at its rank among the wanted ones.

    Equal values stay equal and stand at the middle of their ranks. Taking the last of them, as is often
    done, shifts the mean towards the small values where the wanted ones are few.
    """
    _, place, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    matched: Floats = np.interp(_middles(counts), RANKS, _levels(wanted))[place]
    return matched.reshape(values.shape)


def _levels(wanted: Floats) -> Floats:
    """The value at each of `RANKS`, averaged over its neighbourhood.

    A drawing in a few flat colours would otherwise cut a smooth sky into bands; a photograph, whose values
    rise evenly with their rank, stays as it is.
    """
    levels, counts = np.unique(wanted.ravel(), return_counts=True)
    plain = np.interp(RANKS, _middles(counts), levels)
    sums = np.concatenate([[0.0], np.cumsum((plain[1:] + plain[:-1]) / 2)])
    reach = np.minimum(NEIGHBOURS, np.minimum(np.arange(len(RANKS)), np.arange(len(RANKS))[::-1]))
    at = np.arange(len(RANKS))
    averaged: Floats = (sums[at + reach] - sums[at - reach]) / np.maximum(2 * reach, 1)
    return np.where(reach == 0, plain, averaged)


def _middles(counts: NDArray[np.int64]) -> Floats:
    """The middle rank, 0..1, of each group of equal values."""
    ranks: Floats = (np.cumsum(counts) - counts / 2) / counts.sum()
    return ranks
