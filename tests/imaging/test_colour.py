"""Colour profiles against the formulas of the ICC and sRGB specifications."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from invoke_cli.imaging.init_image import open_picture

# Columns: the XYZ of red, green and blue under D50, as Adobe RGB (1998) and sRGB profiles state them.
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])

GREY_OF_40 = 255 * (1.055 * ((40 + 16) / 116) ** (3 / 2.4) - 0.055)
"""The sRGB value of L* = 40."""


def srgb_from(rgb: np.ndarray, gamma: float, colorants: np.ndarray) -> np.ndarray:
    """uint8 through gamma and matrices to sRGB 0..255, out-of-gamut values clipped."""
    linear = (rgb / 255) ** gamma @ colorants.T @ np.linalg.inv(SRGB).T
    linear = linear.clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * curved


@pytest.fixture
def colours() -> np.ndarray:
    steps = np.array([0, 40, 90, 128, 200, 255], np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(12, 18, 3)


@pytest.mark.parametrize(("gamma", "colorants"), [(2.19921875, ADOBE), (1.0, ADOBE), (1.8, SRGB)])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_wide_colours_are_converted(
    tmp_path: Path, colours: np.ndarray, make_rgb_profile, name: str, gamma: float, colorants: np.ndarray
) -> None:
    profile = make_rgb_profile(gamma, colorants)
    Image.fromarray(colours).save(tmp_path / name, icc_profile=profile, lossless=True)
    opened = open_picture(tmp_path / name)
    expected = srgb_from(colours, gamma, colorants)
    # Near black a gamma below that of sRGB meets its steepest part, where 8 bits are coarse.
    assert np.abs(opened.rgb - expected).max() <= 2.5
    assert np.abs(opened.rgb - expected).mean() < 0.4
    assert np.abs(opened.rgb - colours.astype(float)).max() > 10
    assert opened.notes == ()


def test_transparent_colours_are_converted_too(tmp_path: Path, colours: np.ndarray, make_rgb_profile) -> None:
    alpha = np.zeros(colours.shape[:2], np.uint8)
    alpha[:, ::2] = 99
    picture = Image.fromarray(np.dstack([colours, alpha]))
    picture.save(tmp_path / "a.png", icc_profile=make_rgb_profile(2.2, ADOBE))
    opened = open_picture(tmp_path / "a.png")
    assert np.abs(opened.rgb - srgb_from(colours, 2.2, ADOBE)).max() <= 2.5
    np.testing.assert_array_equal(opened.alpha, alpha)


def srgb_curve() -> bytes:
    """The sRGB curve as a table of 1024 values, as most cameras write it."""
    steps = np.linspace(0, 1, 1024)
    linear = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(value * 65535) for value in linear))


def test_srgb_pictures_stay_as_they_are(tmp_path: Path, make_rgb_profile) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (100, 100, 3), np.uint8)
    ours = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (ours, make_rgb_profile(srgb_curve(), SRGB)):
        Image.fromarray(picture).save(tmp_path / "a.png", icc_profile=profile)
        np.testing.assert_array_equal(open_picture(tmp_path / "a.png").rgb, picture)


def grey_profile(make_profile, gamma: float) -> bytes:
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    return make_profile(b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def test_grey_profile(tmp_path: Path, make_profile) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=grey_profile(make_profile, 1.0))
    opened = open_picture(tmp_path / "a.png")
    expected = srgb_from(np.repeat(ramp[..., None], 3, -1), 1.0, SRGB)
    assert np.abs(opened.rgb - expected).max() <= 1.5
    assert opened.notes == ()


def test_grey_profile_with_transparency(tmp_path: Path, make_profile) -> None:
    grey = Image.new("LA", (2, 2), (55, 100))  # 55 / 255 is 0.2157, that is sRGB 128
    grey.save(tmp_path / "a.png", icc_profile=grey_profile(make_profile, 1.0))
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_allclose(opened.rgb, 128, atol=1)
    assert opened.notes == ()


def test_a_colour_profile_in_a_grey_picture(tmp_path: Path, make_rgb_profile) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=make_rgb_profile(1.0, SRGB))
    expected = srgb_from(np.repeat(ramp[..., None], 3, -1), 1.0, SRGB)
    assert np.abs(open_picture(tmp_path / "a.png").rgb - expected).max() <= 1.5


def test_cmyk_profile(tmp_path: Path, make_profile) -> None:
    """A press on which any ink is neutral: L* = 100 - 60 * (inks used, at most 1)."""
    identity = bytes(range(256))
    table = bytes(value for ink in range(16) for value in (255 if ink == 0 else 102, 128, 128))
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + identity * 4 + table + identity * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    profile = make_profile(b"CMYK", b"Lab ", {b"wtpt": white, b"A2B0": lut}, b"prtr")
    inks = Image.new("CMYK", (2, 1), (0, 0, 0, 0))
    inks.putpixel((1, 0), (255, 0, 0, 0))
    inks.save(tmp_path / "a.tif", icc_profile=profile)
    opened = open_picture(tmp_path / "a.tif")
    np.testing.assert_allclose(opened.rgb[0], [[255] * 3, [GREY_OF_40] * 3], atol=2)
    assert opened.notes == ()


def test_lab_pictures_need_no_profile(tmp_path: Path) -> None:
    Image.new("LAB", (2, 2), (102, 128, 128)).save(tmp_path / "a.tif")  # L* = 40
    np.testing.assert_allclose(open_picture(tmp_path / "a.tif").rgb, GREY_OF_40, atol=1)


@pytest.mark.parametrize("damage", ["junk", "cut", "wrong kind"])
def test_a_broken_profile_is_a_note(
    tmp_path: Path, noise: np.ndarray, make_rgb_profile, make_profile, capfd, damage: str
) -> None:
    profile = {
        "junk": b"not a profile at all",
        "cut": make_rgb_profile(2.2, ADOBE)[:150],
        "wrong kind": grey_profile(make_profile, 1.0),
    }[damage]
    Image.fromarray(noise).save(tmp_path / "a.png", icc_profile=profile)
    opened = open_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(opened.rgb, noise)
    assert len(opened.notes) == 1
    assert "colour profile cannot be used" in opened.notes[0]
    assert capfd.readouterr().err == ""
