"""From an opened picture to colours and mask at the size to draw at."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_cli.errors import PictureError
from invoke_cli.imaging.init_image import Opened
from invoke_cli.imaging.masks import paste_back
from invoke_cli.imaging.prepare import ERASED, prepare
from invoke_cli.imaging.sizes import Target

SAME = Target(48, 32)
RED, GREEN = (220, 30, 30), (20, 200, 40)


def opened(rgb: np.ndarray, alpha: np.ndarray | None = None) -> Opened:
    return Opened(rgb, alpha, "")


def flat(colour: tuple[int, int, int], width: int = 48, height: int = 32) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def left_hidden(rgb: np.ndarray) -> Opened:
    alpha = np.full(rgb.shape[:2], 255, np.uint8)
    alpha[:, : rgb.shape[1] // 2] = 0
    return opened(rgb, alpha)


@pytest.fixture
def halves() -> Opened:
    """Hidden green on the left, seen red on the right."""
    rgb = flat(RED)
    rgb[:, :24] = GREEN
    return left_hidden(rgb)


def test_without_transparency_there_is_no_mask() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    frame, notes = prepare(opened(rgb), SAME)
    np.testing.assert_array_equal(frame.rgb, rgb)
    assert frame.mask is None
    assert notes == ()


def test_scaling_gives_the_target_size_and_keeps_flat_colours() -> None:
    frame, _ = prepare(opened(flat((10, 100, 200), 100, 70)), SAME)
    np.testing.assert_array_equal(frame.rgb, flat((10, 100, 200)))


def test_transparent_is_drawn_and_hidden_colours_are_the_start(halves: Opened) -> None:
    frame, notes = prepare(halves, SAME)
    assert frame.mask is not None
    assert frame.mask.dtype == np.float32
    np.testing.assert_array_equal(frame.mask[:, :24], 1)
    np.testing.assert_array_equal(frame.mask[:, 24:], 0)
    np.testing.assert_array_equal(frame.rgb, halves.rgb)
    assert notes == ()


def test_half_transparent_blends() -> None:
    alpha = np.full((32, 48), 51, np.uint8)
    frame, notes = prepare(opened(flat(RED), alpha), SAME)
    assert frame.mask is not None
    np.testing.assert_allclose(frame.mask, 0.8, atol=1e-6)
    np.testing.assert_array_equal(frame.rgb, flat(RED))
    assert notes == ()


@pytest.mark.parametrize("size", [(24, 16), (96, 64), (40, 104), (8, 8)])
def test_scaled_masks_are_clean_and_colours_do_not_leak(halves: Opened, size: tuple[int, int]) -> None:
    frame, _ = prepare(halves, Target(*size))
    assert frame.mask is not None
    edge = size[0] // 2
    margin = max(1, size[0] // 48)
    np.testing.assert_array_equal(frame.mask[:, : edge - margin], 1)
    np.testing.assert_array_equal(frame.mask[:, edge + margin :], 0)
    kept = frame.rgb[frame.mask == 0]
    assert np.abs(kept.astype(int) - RED).max() <= 1
    assert np.abs(frame.rgb[:, : max(1, edge - 3 * margin)].astype(int) - GREEN).max() <= 25


@pytest.mark.parametrize("erased", [0, 255])
@pytest.mark.parametrize("target", [SAME, Target(96, 64), Target(24, 16)])
def test_erased_colours_are_filled_from_the_surroundings(erased: int, target: Target) -> None:
    rgb = flat(RED)
    rgb[:, :24] = erased
    frame, notes = prepare(left_hidden(rgb), target)
    assert notes == (ERASED,)
    assert np.abs(frame.rgb.astype(int) - RED).max() <= 3
    assert frame.mask is not None
    assert frame.mask.max() == 1


def test_black_and_white_together_were_not_erased() -> None:
    rgb = flat(RED)
    rgb[:, :12], rgb[:, 12:24] = 0, 255
    frame, notes = prepare(left_hidden(rgb), SAME)
    assert notes == ()
    np.testing.assert_array_equal(frame.rgb, rgb)


def test_a_wholly_transparent_picture_has_no_surroundings() -> None:
    frame, notes = prepare(opened(flat((255, 255, 255)), np.zeros((32, 48), np.uint8)), Target(24, 16))
    np.testing.assert_array_equal(frame.rgb, 255)
    np.testing.assert_array_equal(frame.mask, np.ones((16, 24)))
    assert notes == ()


def test_transparency_can_be_ignored(halves: Opened) -> None:
    frame, _ = prepare(halves, SAME, use_alpha=False)
    assert frame.mask is None
    np.testing.assert_array_equal(frame.rgb, halves.rgb)


def test_inverting_swaps_keep_and_draw(halves: Opened) -> None:
    frame, _ = prepare(halves, SAME, invert=True)
    assert frame.mask is not None
    np.testing.assert_array_equal(frame.mask[:, :24], 0)
    np.testing.assert_array_equal(frame.mask[:, 24:], 1)


def test_inverting_nothing_is_a_mistake() -> None:
    with pytest.raises(PictureError, match="no mask") as caught:
        prepare(opened(flat(RED)), SAME, invert=True)
    assert caught.value.switch == "invert_mask"
    assert "-M" in caught.value.hint


def test_in_a_mask_file_black_draws_and_white_keeps() -> None:
    grey = flat((255, 255, 255))
    grey[:, :10], grey[:, 10:20] = 0, 102
    frame, _ = prepare(opened(flat(RED)), SAME, mask=opened(grey))
    assert frame.mask is not None
    np.testing.assert_array_equal(frame.mask[:, :10], 1)
    np.testing.assert_allclose(frame.mask[:, 10:20], 0.6, atol=1e-6)
    np.testing.assert_array_equal(frame.mask[:, 20:], 0)


def test_a_mask_files_transparency_goes_before_its_colours() -> None:
    frame, _ = prepare(opened(flat(RED)), SAME, mask=left_hidden(flat((255, 255, 255))))
    assert frame.mask is not None
    np.testing.assert_array_equal(frame.mask[:, :24], 1)
    np.testing.assert_array_equal(frame.mask[:, 24:], 0)


def test_a_mask_file_goes_before_the_pictures_transparency(halves: Opened) -> None:
    mask = flat((255, 255, 255))
    mask[:16] = 0
    frame, _ = prepare(halves, SAME, mask=opened(mask))
    assert frame.mask is not None
    np.testing.assert_array_equal(frame.mask[:16], 1)
    np.testing.assert_array_equal(frame.mask[16:], 0)
    np.testing.assert_array_equal(frame.rgb, halves.rgb)


def test_a_mask_of_another_size_is_stretched_and_that_is_said() -> None:
    mask = flat((255, 255, 255), 96, 32)
    mask[:, :48] = 0
    frame, notes = prepare(opened(flat(RED)), SAME, mask=opened(mask))
    assert frame.mask is not None
    np.testing.assert_array_equal(frame.mask[:, :23], 1)
    np.testing.assert_array_equal(frame.mask[:, 25:], 0)
    assert len(notes) == 1
    assert "96x32" in notes[0]
    assert "48x32" in notes[0]


def test_a_mask_that_keeps_everything_is_pointed_out() -> None:
    _, notes = prepare(opened(flat(RED)), SAME, mask=opened(flat((255, 255, 255))))
    assert any("nothing will be drawn" in note for note in notes)


def test_the_arrays_may_be_handed_to_torch_without_a_warning(halves: Opened) -> None:
    for source in (halves, opened(flat(RED))):
        for target in (SAME, Target(24, 16)):
            frame, _ = prepare(source, target)
            assert frame.rgb.flags.writeable
            assert frame.mask is None or frame.mask.flags.writeable


masks = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).choice(np.array([0, 0, 1, 1, 0.3, 0.7], np.float32), (6, 7))
)


@settings(deadline=None)
@given(mask=masks, seed=st.integers(0, 2**32 - 1))
def test_pasting_back_is_exact_outside_the_mask(mask: np.ndarray, seed: int) -> None:
    result, original = np.random.default_rng(seed).integers(0, 256, (2, 6, 7, 3), np.uint8)
    pasted = paste_back(result, original, mask)
    assert pasted.dtype == np.uint8
    np.testing.assert_array_equal(pasted[mask == 0], original[mask == 0])
    np.testing.assert_array_equal(pasted[mask == 1], result[mask == 1])
    share = np.float64(mask)[..., None]
    assert np.abs(pasted - (original * (1 - share) + result * share)).max() <= 0.51


def test_pasting_back_the_wrong_size_is_a_bug() -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        paste_back(flat(RED), flat(RED), np.zeros((3, 3), np.float32))


def test_no_warnings_from_arithmetic(halves: Opened) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(halves, Target(8, 200))
