"""Picture files as the eye sees them: upright, in sRGB, with their transparency apart."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from invoke_cli.imaging.colour import colour_key, separate, to_srgb
from invoke_cli.imaging.files import count_frames, identify, load, picture_file
from invoke_cli.imaging.orientation import SIDEWAYS, upright


@dataclass(frozen=True, eq=False)
class Header:
    """What a picture file says of itself before its pixels are decoded.

    size: (width, height) as seen, after EXIF rotation.
    has_alpha: it can hold transparency, although every pixel may turn out opaque.
    """

    size: tuple[int, int]
    frames: int
    has_alpha: bool


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture as seen: upright, sRGB, first frame; colours under transparency as stored.

    rgb: uint8 (H, W, 3). alpha: uint8 (H, W), 255 is opaque, or None where all of it is opaque.
    sha256: of the file's bytes, in hexadecimal. notes: what the user should know about it.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture ready to start from: uint8 (H, W, 3), and float32 (H, W) where 1 means draw here.

    A mask of None draws everywhere.
    """

    rgb: NDArray[np.uint8]
    mask: NDArray[np.float32] | None


def header(path: Path) -> Header:
    """Size, frames and transparency of a picture file; decodes no pixel. Raises PictureError."""
    with picture_file(path) as file:
        image = identify(file, path)
        size = image.size[::-1] if upright(image, file, path) in SIDEWAYS else image.size
        return Header(size, count_frames(image, path), image.has_transparency_data)


def open_picture(path: Path) -> Opened:
    """Decode a picture file, whatever its mode, rotation and colour profile. Raises PictureError."""
    with picture_file(path) as file:
        image = identify(file, path)
        frames, key, turn = count_frames(image, path), colour_key(image), upright(image, file, path)
        load(image, path)
        digest = _sha256(file)
    colours, alpha = separate(image, key)
    srgb, remarks = to_srgb(colours, image.info.get("icc_profile"))
    if frames > 1:
        remarks = (f"it has {frames} frames; the first one is used", *remarks)
    shown = None if alpha is None else _turned(Image.fromarray(alpha), turn)
    return Opened(_turned(srgb, turn), shown, digest, tuple(f"{path.name}: {text}" for text in remarks))


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _turned(image: Image.Image, turn: Image.Transpose | None) -> NDArray[np.uint8]:
    return np.asarray(image if turn is None else image.transpose(turn))
