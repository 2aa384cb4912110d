"""Masks: where to draw, and what lies under it.

A mask is float32 (H, W), 0..1: 1 means draw here, 0 means keep.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]
"""(H, W, 3)"""
Grey = NDArray[np.uint8]
"""(H, W)"""
Mask = NDArray[np.float32]
"""(H, W), 0..1"""


def from_alpha(alpha: Grey, size: tuple[int, int]) -> Mask:
    """Where the picture is transparent, draw; half transparent blends."""
    return _drawn(alpha, size)


def from_picture(rgb: Rgb, alpha: Grey | None, size: tuple[int, int]) -> Mask:
    """A mask file: its transparency where it has any, else black draws and white keeps."""
    grey = np.asarray(Image.fromarray(rgb).convert("L")) if alpha is None else alpha
    return _drawn(grey, size)


def looks_erased(rgb: Rgb, alpha: Grey) -> bool:
    """Whether every wholly transparent pixel is pure black, or every one pure white.

    Some programs throw the colours under transparency away when they save.
    """
    hidden = rgb[alpha == 0]
    return hidden.size > 0 and bool((hidden == 0).all() or (hidden == 255).all())


def paste_back(result: Rgb, original: Rgb, mask: Mask) -> Rgb:
    """`result` where the mask draws, exactly `original` where it keeps (0), blends in between.

    Raises ValueError when the sizes differ.
    """
    if not result.shape[:2] == original.shape[:2] == mask.shape:
        raise ValueError(f"sizes differ: {result.shape}, {original.shape}, mask {mask.shape}")
    kept = original.astype(np.float32)
    blend = kept + (result.astype(np.float32) - kept) * mask[..., None]
    return np.rint(blend).clip(0, 255).astype(np.uint8)


def _drawn(grey: Grey, size: tuple[int, int]) -> Mask:
    """0 -> 1 and 255 -> 0, scaled bilinearly: that cannot overshoot, so clean areas stay clean."""
    scaled = Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR)
    return ((255 - np.asarray(scaled)) / 255).astype(np.float32)
