"""EXIF orientations against arrays that are turned by NumPy."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.init_image import header, open_picture

# EXIF 2.32, tag 0x0112: row 0 is the visual top, top, bottom, bottom, left, right, right, left side,
# column 0 the visual left, right, right, left, top, top, bottom, bottom side.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def exif(orientation: int) -> bytes:
    """A TIFF block with the one tag 0x0112."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_pictures_are_turned_upright(tmp_path: Path, noise: np.ndarray, name: str, orientation: int) -> None:
    alpha = noise[..., 0] // 2
    tags = Image.Exif()
    tags[0x0112] = orientation
    Image.fromarray(np.dstack([noise, alpha])).save(tmp_path / name, exif=tags, lossless=True, exact=True)
    opened, expected = open_picture(tmp_path / name), UPRIGHT[orientation]
    np.testing.assert_array_equal(opened.rgb, expected(noise))
    np.testing.assert_array_equal(opened.alpha, expected(alpha))
    assert header(tmp_path / name).size == opened.size


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photographs_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8, :8] = 255
    image = Image.fromarray(stored)
    image.save(tmp_path / "a.jpg", quality=100, exif=b"Exif\0\0" + exif(orientation))
    opened = open_picture(tmp_path / "a.jpg")
    assert np.abs(opened.rgb.astype(int) - UPRIGHT[orientation](stored)).max() < 20
    assert header(tmp_path / "a.jpg").size == opened.size


def test_png_may_say_it_after_the_pixels(tmp_path: Path, make_png) -> None:
    data = make_png([b"\1\2\3", b"\4\5\6"], 3, after=[(b"eXIf", exif(6))])
    (tmp_path / "a.png").write_bytes(data)
    assert header(tmp_path / "a.png").size == (2, 3)
    np.testing.assert_array_equal(open_picture(tmp_path / "a.png").rgb[..., 0], [[4, 1], [5, 2], [6, 3]])


@pytest.mark.parametrize("damage", [b"junk", b"", exif(99), exif(0), exif(6)[:-9], b"MM\0*\xff\xff\xff\xff"])
def test_a_damaged_orientation_turns_nothing(tmp_path: Path, make_png, capfd, damage: bytes) -> None:
    (tmp_path / "a.png").write_bytes(make_png([b"\1\2\3"], 3, before=[(b"eXIf", damage)]))
    assert header(tmp_path / "a.png").size == (3, 1)
    np.testing.assert_array_equal(open_picture(tmp_path / "a.png").rgb[..., 0], [[1, 2, 3]])
    assert capfd.readouterr().err == ""
