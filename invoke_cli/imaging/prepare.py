"""An opened picture, brought to the size to draw at, and the mask of where to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from invoke_cli.errors import PictureError
from invoke_cli.imaging import masks
from invoke_cli.imaging.infill import spread
from invoke_cli.imaging.init_image import Frame, Opened
from invoke_cli.imaging.sizes import Size, Target

Pixels = NDArray[np.uint8]

ERASED = (
    "the colours under the transparent parts were erased when the picture was saved; "
    "they are filled in from the surroundings"
)


def prepare(
    opened: Opened,
    target: Target,
    *,
    mask: Opened | None = None,
    invert: bool = False,
    use_alpha: bool = True,
) -> tuple[Frame, tuple[str, ...]]:
    """Scale a picture to the target size and find where to draw; the texts say what happened to it.

    mask: a mask file; it goes before the picture's own transparency. invert: swap keep and draw.
    use_alpha: False takes the picture for opaque.
    Raises PictureError when there is nothing to invert.
    """
    alpha = opened.alpha if use_alpha else None
    size = (target.width, target.height)
    rgb, notes = _scaled(opened, alpha, size)
    drawn = _mask(mask, alpha, size, invert)
    if mask is not None and mask.size != opened.size:
        sizes = "the mask is {}x{} and the picture {}x{}".format(*mask.size, *opened.size)
        notes += (f"{sizes}; the mask was stretched over it",)
    if drawn is not None and not drawn.any():
        notes += ("the mask keeps all of the picture, so nothing will be drawn",)
    return Frame(rgb, drawn), notes


def _mask(mask: Opened | None, alpha: Pixels | None, size: Size, invert: bool) -> NDArray[np.float32] | None:
    """Where to draw: from the mask file, else from transparency, else None for everywhere."""
    if mask is not None:
        drawn = masks.from_picture(mask.rgb, mask.alpha, size)
    elif alpha is not None:
        drawn = masks.from_alpha(alpha, size)
    elif invert:
        hint = "give one with -M, or start from a picture with transparent parts"
        raise PictureError("there is no mask to invert", hint, switch="invert_mask")
    else:
        return None
    return 1 - drawn if invert else drawn


def _scaled(opened: Opened, alpha: Pixels | None, size: Size) -> tuple[Pixels, tuple[str, ...]]:
    """The colours at `size`, and a note when hidden ones had to be made up.

    Seen and hidden colours are scaled apart, so that neither leaks over the edge into the other.
    """
    plain = Image.fromarray(opened.rgb)
    erased = alpha is not None and masks.looks_erased(opened.rgb, alpha)
    if alpha is None or not alpha.any() or (size == opened.size and not erased):
        return _resized(plain, size), ()
    seen = _resized(spread(Image.fromarray(np.dstack([opened.rgb, alpha]))).convert("RGB"), size)
    if erased:
        return seen, (ERASED,)
    return masks.paste_back(_resized(plain, size), seen, masks.from_alpha(alpha, size)), ()


def _resized(image: Image.Image, size: Size) -> Pixels:
    return np.array(image.resize(size, Image.Resampling.LANCZOS))  # writable, as torch wants it
