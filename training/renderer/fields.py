"""Arrays over the picture plane: types and the arithmetic that every painter needs.

Lengths are pixels of the finished picture, colours are sRGB in 0..1, masks are float32 (H, W) in 0..1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

Field = NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]
Ellipse = tuple[float, float, float, float]


def as_field(values: ArrayLike | Image.Image) -> Field:
    """The values as float32; a colour becomes an array (3,), a picture (H, W) or (H, W, 3)."""
    return np.asarray(values, dtype=np.float32)


def unit(values: ArrayLike) -> Field:
    """The values as float32, held to 0..1."""
    return np.clip(as_field(values), 0.0, 1.0)


def as_colour(values: ArrayLike) -> Colour:
    """An array (3,) as a colour within 0..1."""
    red, green, blue = unit(values)
    return float(red), float(green), float(blue)


def resize(field: Field, width: int, height: int, how: Image.Resampling) -> Field:
    """A (h, w) field at another size."""
    return as_field(Image.fromarray(field, "F").resize((width, height), how))


def smooth(field: Field, radius: float) -> Field:
    """A field without detail finer than about `radius` pixels (down and up again: cheap and in floats)."""
    height, width = field.shape
    small = resize(field, max(2, round(width / radius)), max(2, round(height / radius)), Image.Resampling.BOX)
    return resize(small, width, height, Image.Resampling.BICUBIC)


def step(low: float, high: float, values: ArrayLike) -> Field:
    """Smooth step from 0 at `low` to 1 at `high`, which may be the lesser one."""
    t = unit((as_field(values) - low) / (high - low))
    return t * t * (3.0 - 2.0 * t)


def blend(first: Colour | Field, second: Colour | Field, share: float | Field) -> Field:
    """`first` where share is 0, `second` where it is 1; a (H, W) share mixes into (H, W, 3)."""
    weight = share[..., None] if isinstance(share, np.ndarray) else share
    a, b = as_field(first), as_field(second)
    return as_field(a + weight * (b - a))


def times(colour: Colour | Field, factor: ArrayLike) -> Field:
    """A colour made brighter or darker by a factor (H, W), held to 0..1; (H, W, 3)."""
    return unit(as_field(colour) * as_field(factor)[..., None])
