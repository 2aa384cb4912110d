"""Picture files, opened so that whatever is wrong with one is a plain sentence.

A picture may come from anywhere, so only the decoders of `FORMATS` are let near it, its size is
judged before its pixels are decoded, and nothing that a decoder warns about reaches the terminal.
"""

from __future__ import annotations

import difflib
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError, features

from invoke_cli.errors import PictureError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", *(("AVIF",) if features.check("avif") else ()))
READABLE = "pictures are PNG, JPEG, WebP, GIF, TIFF or BMP files"
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM")
NAMES_LOOKED_AT = 5000  # a folder may hold millions; a suggestion is not worth reading them all


@contextmanager
def picture_file(path: Path) -> Iterator[BinaryIO]:
    """The file at `path`, open for reading; PictureError when there is none to read."""
    try:
        _check_path(path)
        file = path.open("rb")
    except PermissionError as error:
        raise PictureError(f"{path} cannot be read: permission denied") from error
    except OSError as error:
        raise PictureError(f"{path} cannot be opened: {error.strerror}") from error
    with file:
        yield file


def identify(file: BinaryIO, path: Path) -> ImageFile.ImageFile:
    """The picture in `file`, its header read and judged, its pixels not yet decoded."""
    with decoding(path):
        image = Image.open(file, formats=FORMATS)
    if image.mode == "F":
        raise PictureError(
            f"{path} holds floating-point values, which do not say how bright white is",
            "save it as an 8-bit or 16-bit picture",
        )
    return image


def load(image: ImageFile.ImageFile, path: Path) -> None:
    """Decode the pixels of an identified picture."""
    quiet = _without_libtiff_messages() if image.format == "TIFF" else nullcontext()
    with decoding(path), quiet:
        image.load()


def count_frames(image: ImageFile.ImageFile, path: Path) -> int:
    """How many frames or pages the picture has.

    The further pictures inside a camera's JPEG (depth, preview) are no frames.
    """
    if image.format == "MPO":
        return 1
    with decoding(path):
        return int(getattr(image, "n_frames", 1))


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into a PictureError, and keep its warnings to ourselves.

    Decoders raise whatever their parsers stumble over in a damaged file (KeyError, struct.error,
    ZeroDivisionError ...), so wrap only calls into Pillow: our own mistakes must stay visible.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise _too_large(path, error) from error
    except UnidentifiedImageError as error:
        raise _not_a_picture(path) from error
    except Exception as error:
        raise _damaged(path, error) from error


@contextmanager
def _without_libtiff_messages() -> Iterator[None]:
    """Keep out what libtiff writes straight to file descriptor 2, past Python."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error to protect
        yield
        return
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def _check_path(path: Path) -> None:
    """Refuse what is missing, no file, or empty; a pipe would block, a device never end."""
    if path.is_dir():
        raise PictureError(f"{path} is a folder, not a picture")
    if not path.exists():
        raise PictureError(f"there is no picture {path}", nearest_files(path))
    if not path.is_file():
        raise PictureError(f"{path} is not a file")
    if path.stat().st_size == 0:
        raise PictureError(f"{path} is empty")


def nearest_files(path: Path) -> str:
    """A hint with the names in the same folder that look like the one asked for, or ""."""
    if not os.path.isdir(path.parent):
        return f"there is no folder {path.parent}"
    try:
        names = {p.name.casefold(): p.name for p in islice(path.parent.iterdir(), NAMES_LOOKED_AT)}
    except OSError:  # a folder that may not be looked into
        return ""
    close = difflib.get_close_matches(path.name.casefold(), sorted(names), n=3, cutoff=0.6)
    found = [names[name] for name in close if name.isprintable()]
    meant = " or ".join(str(path.with_name(name)) for name in found)
    return f"did you mean {meant}?" if meant else ""


def _too_large(path: Path, error: Image.DecompressionBombError) -> PictureError:
    pixels = re.search(r"\d+", str(error))
    size = f"{int(pixels[0]) / 1e6:,.0f} million" if pixels else "too many"
    most = f"{2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f}"
    return PictureError(f"{path} says that it has {size} pixels; up to {most} million are opened")


def _not_a_picture(path: Path) -> PictureError:
    with path.open("rb") as file:
        start = file.read(12)
    if start.startswith(SIGNATURES) or (start[:4] == b"RIFF" and start[8:] == b"WEBP"):
        return PictureError(f"{path} is damaged: its header cannot be read")
    return PictureError(f"{path} is not a picture that can be read", READABLE)


def _damaged(path: Path, error: Exception) -> PictureError:
    if isinstance(error, MemoryError):
        return PictureError(f"there is not enough memory to open {path}")
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return PictureError(f"{path} is cut off: its data end too early")
    return PictureError(f"{path} is damaged: its pixels cannot be decoded")
