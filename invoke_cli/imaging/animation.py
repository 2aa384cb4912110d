"""Several pictures as one that moves."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FRAME_MILLISECONDS = 250
LAST_MILLISECONDS = 2000  # the result is what one wants to look at


def animation(pictures: Sequence[NDArray[np.uint8]], kind: str) -> bytes:
    """A file of the pictures, uint8 (H, W, 3) of one size, one after another, over and over.

    kind: "gif", which has 256 colours a frame, or "webp", which keeps every colour.
    """
    frames = [Image.fromarray(picture) for picture in pictures]
    if kind == "gif":
        frames = [frame.quantize(256) for frame in frames]
    file = io.BytesIO()
    frames[0].save(
        file,
        kind.upper(),
        save_all=True,
        append_images=frames[1:],
        duration=[FRAME_MILLISECONDS] * (len(frames) - 1) + [LAST_MILLISECONDS],
        loop=0,
        **({"lossless": True} if kind == "webp" else {}),
    )
    return file.getvalue()
