"""Every kind of pixel that a file can hold arrives as 8-bit RGB and alpha."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_cli.errors import PictureError
from invoke_cli.imaging.init_image import header, open_picture


def saved(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.gif", "a.jpg"])
def test_each_format_is_read(tmp_path: Path, name: str) -> None:
    colour = Image.new("RGB", (16, 8), (200, 100, 50))
    opened = open_picture(saved(tmp_path, colour, name, quality=100))
    assert opened.rgb.shape == (8, 16, 3)
    assert opened.rgb.dtype == np.uint8
    assert opened.size == (16, 8)
    assert np.abs(opened.rgb.astype(int) - [200, 100, 50]).max() <= 2
    assert opened.alpha is None
    assert opened.notes == ()


def test_the_content_decides_the_format_and_not_the_name(tmp_path: Path, noise: np.ndarray) -> None:
    path = saved(tmp_path, Image.fromarray(noise), "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(open_picture(path).rgb, noise)


def test_grey_becomes_equal_channels(tmp_path: Path, noise: np.ndarray) -> None:
    opened = open_picture(saved(tmp_path, Image.fromarray(noise[..., 0]), "a.png"))
    for channel in range(3):
        np.testing.assert_array_equal(opened.rgb[..., channel], noise[..., 0])


def test_one_bit(tmp_path: Path, noise: np.ndarray) -> None:
    bits = noise[..., 0] > 127
    opened = open_picture(saved(tmp_path, Image.fromarray(bits), "a.png"))
    np.testing.assert_array_equal(opened.rgb[..., 1], np.where(bits, 255, 0))


def sixteen(values: np.ndarray, order: str = ">") -> list[bytes]:
    return [row.astype(f"{order}u2").tobytes() for row in values]


def test_sixteen_bit_grey_is_scaled_and_rounded(tmp_path: Path, make_png) -> None:
    values = np.array([[0, 1, 128, 129, 257, 32768, 65406, 65407, 65535]])
    (tmp_path / "a.png").write_bytes(make_png(sixteen(values), 9, depth=16))
    expected = np.floor(values / 65535 * 255 + 0.5)
    np.testing.assert_array_equal(open_picture(tmp_path / "a.png").rgb[..., 0], expected)


def test_dark_sixteen_bit_grey_stays_dark(tmp_path: Path, make_png) -> None:
    (tmp_path / "a.png").write_bytes(make_png(sixteen(np.array([[0, 255]])), 2, depth=16))
    assert open_picture(tmp_path / "a.png").rgb.max() == 1


@pytest.mark.parametrize(
    ("values", "expected"), [([0, 257, 65535], [0, 1, 255]), ([-5, 1 << 23, 2**31 - 1], [0, 1, 255])]
)
def test_thirty_two_bit_grey(tmp_path: Path, values: list[int], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.int32))
    opened = open_picture(saved(tmp_path, image, "a.tif"))
    np.testing.assert_array_equal(opened.rgb[0, :, 0], expected)


def test_sixteen_bit_colour_and_alpha(tmp_path: Path, make_png) -> None:
    row = struct.pack(">8H", 65535, 0, 0x8000, 65535, 0x1234, 65535, 0, 0)
    (tmp_path / "a.png").write_bytes(make_png([row], 2, depth=16, colour=6))
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.rgb[0], [[255, 0, 128], [0x12, 255, 0]])
    assert opened.alpha is not None
    np.testing.assert_array_equal(opened.alpha, [[255, 0]])


def test_floating_point_is_refused_in_plain_words(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.ones((2, 2), np.float32)), "a.tif")
    for reader in (header, open_picture):
        with pytest.raises(PictureError, match="floating-point") as caught:
            reader(path)
        assert "16-bit" in caught.value.hint


@pytest.mark.parametrize("name", ["a.tif", "a.jpg"])
def test_cmyk(tmp_path: Path, name: str) -> None:
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow: red
    opened = open_picture(saved(tmp_path, inks, name))
    assert np.abs(opened.rgb.astype(int) - [255, 0, 0]).max() <= 6
    assert "CMYK" in opened.notes[0]


def test_hidden_colours_are_kept(tmp_path: Path, noise: np.ndarray) -> None:
    alpha = np.arange(54, dtype=np.uint8).reshape(6, 9) * 4
    for name in ("a.png", "a.tif", "a.webp"):
        image = Image.fromarray(np.dstack([noise, alpha]))
        opened = open_picture(saved(tmp_path, image, name, lossless=True, exact=True))
        np.testing.assert_array_equal(opened.rgb, noise, name)
        np.testing.assert_array_equal(opened.alpha, alpha, name)


@pytest.mark.edge(24)
def test_grey_with_alpha(tmp_path: Path, noise: np.ndarray) -> None:
    opened = open_picture(saved(tmp_path, Image.fromarray(noise[..., :2].copy(), "LA"), "a.png"))
    np.testing.assert_array_equal(opened.rgb[..., 2], noise[..., 0])
    np.testing.assert_array_equal(opened.alpha, noise[..., 1])


def test_an_alpha_channel_that_is_opaque_is_none(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGBA", (4, 4), (1, 2, 3, 255)), "a.png")
    assert header(path).has_alpha
    assert open_picture(path).alpha is None


PALETTE = (b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))


@pytest.mark.edge(24)
@pytest.mark.parametrize(
    ("transparency", "alpha"),
    [(b"\xff\x00", [255, 0, 255]), (b"\x00\x80", [0, 128, 255]), (b"\xff\xff\x01", [255, 255, 1])],
)
def test_palette_with_transparency(tmp_path: Path, make_png, transparency: bytes, alpha: list[int]) -> None:
    before = [PALETTE, (b"tRNS", transparency)]
    (tmp_path / "a.png").write_bytes(make_png([b"\0\1\2"], 3, colour=3, before=before))
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.rgb[0], [[10, 20, 30], [40, 50, 60], [70, 80, 90]])
    np.testing.assert_array_equal(opened.alpha, [alpha])


def test_palette_without_transparency(tmp_path: Path, make_png) -> None:
    (tmp_path / "a.png").write_bytes(make_png([b"\2\1\0"], 3, colour=3, before=[PALETTE]))
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.rgb[0, 0], [70, 80, 90])
    assert opened.alpha is None


def packed(values: list[int], depth: int) -> bytes:
    bits = "".join(f"{value:0{depth}b}" for value in values)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


@pytest.mark.edge(24)
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_grey_that_means_transparent(tmp_path: Path, make_png, depth: int) -> None:
    top = 2**depth - 1
    values = [0, 1, top]
    row = packed(values, depth)
    data = make_png([row], 3, depth=depth, before=[(b"tRNS", struct.pack(">H", 1))])
    (tmp_path / "a.png").write_bytes(data)
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.rgb[0, :, 0], [round(255 * value / top) for value in values])
    np.testing.assert_array_equal(opened.alpha, [[0 if value == 1 else 255 for value in values]])


@pytest.mark.edge(24)
@pytest.mark.parametrize("depth", [8, 16])
def test_a_colour_that_means_transparent(tmp_path: Path, make_png, depth: int) -> None:
    scale = 257 if depth == 16 else 1
    pixels = np.array([[1, 2, 3], [1, 2, 4], [200, 0, 0]]) * scale
    row = pixels.astype(">u2" if depth == 16 else "u1").tobytes()
    key = struct.pack(">3H", *(int(value) for value in pixels[0]))
    data = make_png([row], 3, depth=depth, colour=2, before=[(b"tRNS", key)])
    (tmp_path / "a.png").write_bytes(data)
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.alpha, [[0, 255, 255]])
    np.testing.assert_array_equal(opened.rgb[0, 0], [1, 2, 3])


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_of_an_animation_the_first_frame_is_used_and_that_is_said(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], lossless=True)
    assert header(path).frames == 3
    opened = open_picture(path)
    np.testing.assert_array_equal(opened.rgb[4, 4], [255, 0, 0])
    assert opened.notes == (f"{name}: it has 3 frames; the first one is used",)


def test_a_transparent_gif(tmp_path: Path) -> None:
    image = Image.new("P", (4, 1), 0)
    image.putpalette([9, 8, 7, 100, 150, 200, 3, 3, 3])
    image.putdata([0, 1, 2, 1])
    opened = open_picture(saved(tmp_path, image, "a.gif", transparency=1))
    np.testing.assert_array_equal(opened.alpha, [[255, 0, 255, 0]])
    np.testing.assert_array_equal(opened.rgb[0, :2], [[9, 8, 7], [100, 150, 200]])


def test_a_cameras_extra_pictures_are_no_frames(tmp_path: Path) -> None:
    images = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    path = saved(tmp_path, images[0], "a.mpo", save_all=True, append_images=images[1:])
    assert header(path).frames == 1
    assert open_picture(path).notes == ()


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (4, 4)), "a.tif")
    assert open_picture(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
