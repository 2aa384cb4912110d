"""Which way up a picture is."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from invoke_cli.errors import PictureError
from invoke_cli.imaging import png
from invoke_cli.imaging.files import decoding

Transpose = Image.Transpose

_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
SIDEWAYS = (Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90)
"""The turns that swap width and height."""

_MOST_EXIF = 1 << 20  # bytes


def upright(image: ImageFile.ImageFile, file: BinaryIO, path: Path) -> Transpose | None:
    """The turn that its EXIF orientation asks for, None for none; reads no pixels.

    A damaged EXIF block counts as none: it is no reason to refuse the picture.
    """
    if image.format == "TIFF":  # Pillow turns these itself
        return None
    if image.format == "PNG":
        _read_late_exif(image, file)
    try:
        with decoding(path):
            # PNG's own getexif would decode the pixels, in search of what was just looked up.
            return _TURNS.get(Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1))
    except PictureError:
        return None


def _read_late_exif(image: ImageFile.ImageFile, file: BinaryIO) -> None:
    """A PNG may carry its EXIF block after the pixels, where Pillow's header reading ends."""
    place = file.tell()
    try:
        for _, body in png.chunks(file, {b"eXIf"}, _MOST_EXIF):
            image.info.setdefault("exif", b"Exif\0\0" + body)
    except ValueError:
        pass  # whether the file is sound is for the decoder to say
    finally:
        file.seek(place)
