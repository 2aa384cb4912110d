"""Colours for pixels that have none."""

from __future__ import annotations

from PIL import Image


def spread(picture: Image.Image) -> Image.Image:
    """An RGBA picture made opaque: under what is transparent lie the colours of its surroundings.

    Means of ever larger squares, in which transparent pixels do not count, are laid smoothly under
    one another (the push-pull method). Something in the picture must not be transparent.
    """
    if max(picture.size) == 1 or picture.getchannel("A").getextrema() == (255, 255):
        return picture.convert("RGB").convert("RGBA")
    smaller = picture.reduce(2)
    # Of four pixels one known is enough, or far places would fade before a colour reached them.
    smaller.putalpha(smaller.getchannel("A").point([min(4 * alpha, 255) for alpha in range(256)]))
    width, height = picture.size
    behind = spread(smaller).resize(
        picture.size, Image.Resampling.BILINEAR, box=(0, 0, width / 2, height / 2)
    )
    return Image.alpha_composite(behind, picture)
