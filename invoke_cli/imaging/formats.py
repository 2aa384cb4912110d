"""The formats that pictures are saved in, by the suffix of their names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from invoke_cli.imaging.exif import exif_bytes
from invoke_cli.imaging.metadata import FACTS, LINE, MOST_TEXT, encode_png

PNG = ".png"
LOSSLESS_QUALITY = 100
FULL_COLOUR_QUALITY = 90  # from here on JPEG keeps the colours at full size too


@dataclass(frozen=True)
class Format:
    """A format with losses: Pillow's name, its longest side in pixels, and its room for EXIF in bytes."""

    name: str
    longest: int
    room: int


# A segment of a JPEG file holds 65,535 bytes, two of which say how many.
LOSSY: Mapping[str, Format] = {
    ".jpg": Format("JPEG", 65_500, 65_533),
    ".jpeg": Format("JPEG", 65_500, 65_533),
    ".webp": Format("WEBP", 16_383, MOST_TEXT),
    **({".avif": Format("AVIF", 65_535, MOST_TEXT)} if features.check("avif") else {}),
}
SUFFIXES = (PNG, *LOSSY)


def holds(suffix: str, size: tuple[int, int]) -> bool:
    """Whether a picture of (width, height) fits into the format."""
    return suffix == PNG or max(size) <= LOSSY[suffix].longest


def kept_texts(texts: Mapping[str, str], suffix: str) -> tuple[dict[str, str], str]:
    """The texts that a file of this format has room for, and what to say where some are lost, or ""."""
    if suffix == PNG or not texts:
        return dict(texts), ""
    room = LOSSY[suffix].room
    if exif_bytes({FACTS: texts.get(FACTS, "")}, room):
        return dict(texts), ""
    kept = {name: text for name, text in texts.items() if name == LINE and exif_bytes({name: text}, room)}
    lost = "only the line itself was kept in it" if kept else "nothing of its making was kept in it"
    return kept, f"the metadata are longer than {room // 1000} kB, which is all that {suffix} holds: {lost}"


def encode(
    rgb: NDArray[np.uint8],
    texts: Mapping[str, str],
    suffix: str,
    *,
    compression: int = 6,
    quality: int = 90,
) -> bytes:
    """A file of `rgb`, uint8 (H, W, 3), carrying `texts`; equal input gives equal bytes.

    suffix: one of `SUFFIXES`. compression: of PNG, 0..9. quality: of the others, 1..100; WebP loses
    nothing at 100. Texts that have no room are left out; see `kept_texts`.
    """
    if suffix == PNG:
        return encode_png(rgb, texts, compression)
    format_ = LOSSY[suffix]
    options: dict[str, object] = {"quality": quality, "exif": exif_bytes(texts, format_.room)}
    if format_.name == "JPEG":
        options |= {"optimize": True, "subsampling": 0 if quality >= FULL_COLOUR_QUALITY else 2}
    elif quality == LOSSLESS_QUALITY:
        options |= {"lossless": True} if format_.name == "WEBP" else {"subsampling": "4:4:4"}
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, format_.name, **options)
    return file.getvalue()
