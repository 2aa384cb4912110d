"""Any mode and colour profile that a picture file can have -> 8-bit sRGB and alpha."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

BROKEN_PROFILE = "its colour profile cannot be used, so its colours are taken as sRGB"
PLAIN_CMYK = "it is CMYK without a colour profile, so its colours are approximate"

_GREY_STEP = {"L;2": 85, "L;4": 17}  # what one step of a 2- or 4-bit grey is worth in 8 bits
_SPACE = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}  # as profiles spell it


def colour_key(image: ImageFile.ImageFile) -> tuple[int, ...] | None:
    """The one colour that stands for "transparent" in a file without alpha channel, or None.

    In the units of the decoded pixels, while PNG writes it in those of the file. To be asked
    before the pixels are decoded, since Pillow then forgets in which units they were stored.
    """
    key = image.info.get("transparency")
    if image.mode not in ("1", "L", "RGB", "I;16") or not isinstance(key, int | tuple):
        return None
    stored = image.tile[0][3] if image.tile else ""
    values = key if isinstance(key, tuple) else (key,)
    if image.mode == "1":  # 1 in older versions of Pillow, 255 in newer ones
        return (255 if key else 0,)
    if stored == "RGB;16B":
        return tuple(value >> 8 for value in values)
    step = _GREY_STEP.get(stored, 1) if isinstance(stored, str) else 1
    return tuple(value * step for value in values)


def separate(image: Image.Image, key: tuple[int, ...] | None) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """The colours in mode RGB, L, CMYK or LAB, and alpha (H, W), None where all is opaque.

    The colours of transparent pixels are kept as the file has them.
    """
    alpha = None if key is None else _keyed_alpha(image, key)
    if key is None and image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("LA", "La") else "RGBA")
        alpha = np.asarray(image.getchannel("A"))
    return _colours(image), None if alpha is None or alpha.min() == 255 else alpha


def to_srgb(colours: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """`colours` as RGB in sRGB, and what there is to say about its embedded colour profile."""
    if profile:
        try:
            return _through_profile(colours, profile), ()
        except (ImageCms.PyCMSError, OSError, ValueError):
            return colours.convert("RGB"), (BROKEN_PROFILE,)
    return colours.convert("RGB"), (PLAIN_CMYK,) if colours.mode == "CMYK" else ()


def _keyed_alpha(image: Image.Image, key: tuple[int, ...]) -> NDArray[np.uint8]:
    values = np.asarray(image.convert("L") if image.mode == "1" else image)
    hit = (values == np.array(key)).all(-1) if values.ndim == 3 else values == key[0]
    return np.where(hit, 0, 255).astype(np.uint8)


def _colours(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("1", "LA"):
        return image.convert("L")
    return image if image.mode in _SPACE else image.convert("RGB")


def _eight_bits(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Grey of 16 bits, or of 32 where a value needs them, to 0..255; white stays white."""
    if values.max() > 65535:
        return (values.clip(0) >> 23).astype(np.uint8)
    wide = values.clip(0).astype(np.uint32)
    return ((wide * 255 + 32767) // 65535).astype(np.uint8)


def _through_profile(colours: Image.Image, data: bytes) -> Image.Image:
    """Convert to sRGB; raises PyCMSError, OSError or ValueError for a profile that cannot serve."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    space = profile.profile.xcolor_space
    if colours.mode == "L" and space == _SPACE["RGB"]:
        colours = colours.convert("RGB")
    if space != _SPACE[colours.mode]:
        raise ValueError(f"a profile for {space} in a picture of mode {colours.mode}")
    if colours.mode == "L":
        return _grey_through(colours, profile)
    transform = _transform(profile, colours.mode, ImageCms.Flags.BLACKPOINTCOMPENSATION)
    if colours.mode == "RGB" and _changes_nothing(transform):
        return colours
    return _applied(transform, colours)


def _grey_through(grey: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """By way of all 256 greys: exact also where LittleCMS would interpolate a coarse table."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    table = np.asarray(_applied(_transform(profile, "L", ImageCms.Flags.NOOPTIMIZE), ramp))[0]
    return Image.fromarray(table[np.asarray(grey)])


def _transform(
    profile: ImageCms.ImageCmsProfile, mode: str, flags: ImageCms.Flags
) -> ImageCms.ImageCmsTransform:
    srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.buildTransform(profile, srgb, mode, "RGB", intent, flags)


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:
        raise ValueError("the transform gave no picture")
    return converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the profile is sRGB but for rounding; such a picture is left as it is, exactly."""
    steps = np.linspace(0, 255, 16).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(_applied(transform, Image.fromarray(cube)), np.int16)
    return int(np.abs(moved - cube).max()) <= 1
