from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from invoke_cli.imaging.infill import spread


def rgba(rgb: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (37, 53), (1, 9), (200, 3)])
def test_what_is_known_stays_and_the_rest_lies_between(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    rgb = rng.integers(60, 200, (*size, 3))
    known = rng.random(size) < 0.3
    known.flat[0] = True
    filled = np.asarray(spread(rgba(np.where(known[..., None], rgb, 0), 255 * known)))
    np.testing.assert_array_equal(filled[..., :3][known], rgb[known])
    assert (filled[..., 3] == 255).all()
    assert filled[..., :3].min() >= 57  # 60, less what rounding takes
    assert filled[..., :3].max() <= 203


def test_one_known_pixel_colours_a_large_picture() -> None:
    rgb, alpha = np.zeros((512, 300, 3)), np.zeros((512, 300))
    rgb[500, 3], alpha[500, 3] = (200, 150, 100), 255
    filled = np.asarray(spread(rgba(rgb, alpha)))[..., :3]
    assert np.abs(filled.astype(int) - [200, 150, 100]).max() <= 4


@pytest.mark.parametrize("side", [99, 127, 128])
def test_a_hole_in_a_gradient_is_bridged_smoothly(side: int) -> None:
    rows, columns = np.mgrid[:side, :side]
    rgb = np.dstack([columns, rows, columns + rows])
    hole = (np.abs(rows - side // 2) < 20) & (np.abs(columns - side // 2) < 20)
    filled = np.asarray(spread(rgba(np.where(hole[..., None], 0, rgb), np.where(hole, 0, 255))), int)[..., :3]
    assert np.abs(filled - rgb).max() <= 8
    assert np.abs(filled - rgb)[hole].mean() < 3
    assert np.abs(np.diff(filled, axis=1)).max() <= 6


def test_the_picture_given_is_not_changed() -> None:
    picture = rgba(np.full((4, 4, 3), 9), np.eye(4) * 255)
    before = picture.tobytes()
    spread(picture)
    assert picture.tobytes() == before
