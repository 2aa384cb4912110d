"""Masks: what is outside stays, to the pixel and to the latent, and what is inside is drawn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from tests.diffusion.conftest import ALL, Make, made, pixels, same


@pytest.fixture
def mask() -> np.ndarray:
    """Keep the left part, draw the right, and blend in a strip between them."""
    return np.broadcast_to(np.clip((np.arange(64) - 27) / 10, 0, 1), (64, 64)).astype(np.float32)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_pixels_outside_the_mask_stay(
    name: str, strength: float, bundle: Bundle, init: np.ndarray, mask: np.ndarray, recipe: Make
) -> None:
    rgb = pixels(bundle, recipe(sampler=name, rgb=init, mask=mask, strength=strength))
    assert same(rgb[mask == 0], init[mask == 0])
    assert not same(rgb[mask == 1], init[mask == 1])


def test_latents_outside_the_mask_stay(
    bundle: Bundle, init: np.ndarray, mask: np.ndarray, recipe: Make
) -> None:
    steps, _ = made(bundle, recipe(rgb=init, mask=mask, strength=0.75, steps=8))
    away = (steps[-1].x - bundle.encode(init)).abs().amax(dim=(0, 1, 2))
    assert float(away[:3].max()) < 1e-6  # columns 0..2 cover pixels 0..23
    assert float(away[3:].min()) > 1e-3  # column 3 holds pixel 28, the first that may change


def test_a_single_pixel_can_change(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[20, 33] = 1
    rgb = pixels(bundle, recipe(rgb=255 * (init > 127).astype(np.uint8), mask=mask, strength=1.0))
    changed = np.argwhere((rgb != 255 * (init > 127)).any(axis=-1))
    assert changed.tolist() == [[20, 33]]


def test_one_pixel_frees_all_of_its_latent(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    sparse = np.zeros((64, 64), np.float32)
    sparse[3::8, 5::8] = 1
    masked, picture = made(bundle, recipe(rgb=init, mask=sparse, strength=0.5))
    free, _ = made(bundle, recipe(rgb=init, strength=0.5))
    assert torch.equal(masked[-1].x, free[-1].x)
    assert same(picture.rgb[sparse == 0], init[sparse == 0])


def test_a_mask_of_nothing_is_the_init_picture(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    empty = np.zeros((64, 64), np.float32)
    assert same(pixels(bundle, recipe(rgb=init, mask=empty, strength=0.75)), init)
    assert same(pixels(bundle, recipe(rgb=init, mask=empty, strength=0.0)), init)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_mask_of_everything_is_no_mask(
    strength: float, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    full = np.ones((64, 64), np.float32)
    masked = pixels(bundle, recipe(rgb=init, mask=full, strength=strength))
    assert same(masked, pixels(bundle, recipe(rgb=init, strength=strength)))
