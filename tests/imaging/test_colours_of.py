"""Colours of one picture given to another."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from invoke_cli.imaging.colours_of import from_lab, to_lab, with_colours_of

RNG = np.random.default_rng(4)


def smooth(seed: int, size: tuple[int, int] = (48, 40)) -> np.ndarray:
    small = np.random.default_rng(seed).integers(30, 226, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    """Published values of CIELAB for sRGB under D65."""
    np.testing.assert_allclose(to_lab(np.array([[rgb]], np.uint8))[0, 0], lab, atol=0.02)


def test_every_colour_comes_back() -> None:
    rgb = RNG.integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(from_lab(to_lab(rgb)), rgb)


def test_lightness_is_that_of_another_program() -> None:
    """Little CMS works under D50; its lightness is the same to about a unit, rounded to 8 bits."""
    rgb = smooth(9)
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    other = np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), transform))[..., 0] / 2.55
    assert np.abs(other - to_lab(rgb)[..., 0]).max() < 2.5


def test_the_distribution_becomes_the_references() -> None:
    picture, reference = smooth(1), smooth(2, (64, 24))
    result = to_lab(with_colours_of(picture, reference))
    wanted = to_lab(reference)
    for axis in range(3):
        levels = np.linspace(0.05, 0.95, 19)
        got, want = (np.quantile(lab[..., axis], levels) for lab in (result, wanted))
        assert np.abs(got - want).max() < 5  # clipped to what a screen shows
    before = np.abs(to_lab(picture).mean((0, 1)) - wanted.mean((0, 1))).max()
    assert np.abs(result.mean((0, 1)) - wanted.mean((0, 1))).max() < before / 5


def test_order_is_kept_and_the_same_colours_change_nothing() -> None:
    picture = smooth(1)
    assert np.abs(with_colours_of(picture, picture).astype(int) - picture).mean() < 2
    grey = np.repeat(picture[..., :1], 3, axis=-1)
    darker = (grey * 0.5).astype(np.uint8)
    result = with_colours_of(grey, darker)[..., 0].ravel().astype(int)
    order = np.argsort(grey[..., 0].ravel(), kind="stable")
    assert (np.diff(result[order]) >= -1).all()


def test_a_plain_reference_makes_a_plain_picture() -> None:
    plain = np.full((8, 8, 3), (40, 90, 160), np.uint8)
    assert np.abs(with_colours_of(smooth(3), plain).astype(int) - plain[0, 0]).max() <= 1


def test_a_drawing_in_flat_colours_cuts_no_smooth_sky_into_bands() -> None:
    sky = np.repeat(np.linspace(60, 200, 256)[None, :, None], 3, axis=2).astype(np.uint8).repeat(8, axis=0)
    flat = np.array([[[20, 30, 40]] * 5 + [[240, 200, 60]] * 5], np.uint8)
    lightness = to_lab(with_colours_of(sky, flat))[0, :, 0]
    assert np.ptp(lightness) > 50
    assert np.abs(np.diff(lightness)).max() < np.ptp(lightness) / 8
