"""Two passes: small first, then the enlarged latents at full size, with one stream of noise for both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.enlarge import enlarged, first_pass
from invoke_cli.diffusion.generate import generate, sample
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.step import Step

BIG = {"width": 96, "height": 80, "first": (64, 56), "strength": 0.5}


def latents(height: int = 5, width: int = 7) -> torch.Tensor:
    return torch.randn(1, 4, height, width, generator=torch.Generator("cpu").manual_seed(3))


@pytest.mark.parametrize(("height", "width"), [(10, 14), (8, 9), (5, 7), (12, 7)])
def test_latents_are_enlarged_as_torch_does(height: int, width: int) -> None:
    expected = torch.nn.functional.interpolate(latents(), (height, width), mode="bilinear")
    torch.testing.assert_close(enlarged(latents(), height, width), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("axes", "dim"), [("x", -1), ("y", -2)])
def test_latents_that_tile_still_do(axes: str, dim: int) -> None:
    rolled = enlarged(latents().roll(2, dim), 10, 14, axes)
    torch.testing.assert_close(rolled, enlarged(latents(), 10, 14, axes).roll(4, dim))


def test_the_first_pass_sees_everything_smaller(recipe: Any, init: np.ndarray) -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1
    small = first_pass(recipe(rgb=init, mask=mask, strength=0.6, first=(32, 32)), (32, 32))
    assert (small.width, small.height, small.first, small.strength) == (32, 32, None, 0.6)
    assert small.rgb is not None
    assert small.mask is not None
    means = init.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(small.rgb - means).mean() < 3
    assert small.mask[:, :15].max() == 0
    assert small.mask[:, 17:].min() == 1
    assert first_pass(recipe(strength=0.6), (32, 32)).strength == 1


def test_the_steps_of_both_passes_are_one_run(bundle: Bundle, recipe: Any) -> None:
    *steps, picture = generate(bundle, recipe(**BIG))
    assert [(step.index, step.total) for step in steps] == [(i, 6) for i in range(6)]
    assert [tuple(step.x.shape[-2:]) for step in steps] == [(7, 8)] * 4 + [(10, 12)] * 2
    assert picture.rgb.shape == (80, 96, 3)
    *_, again = generate(bundle, recipe(**BIG))
    np.testing.assert_array_equal(again.rgb, picture.rgb)


def test_the_first_pass_is_the_small_picture_and_the_second_starts_from_it(
    bundle: Bundle, recipe: Any
) -> None:
    """Written out by hand: the small run's last latents, enlarged, under noise of the same generator."""
    small = [step for step in generate(bundle, recipe(width=64, height=56)) if isinstance(step, Step)]
    both = [step for step in generate(bundle, recipe(**BIG)) if isinstance(step, Step)]
    assert torch.equal(both[3].x, small[-1].x)
    noise = Noise(42, (1, 4, 7, 8))
    noise.start()
    start = noise.shaped((1, 4, 10, 12)).start() * both[4].sigma
    torch.testing.assert_close(both[4].before, enlarged(small[-1].x, 10, 12) + start)


def test_strength_of_the_second_pass(bundle: Bundle, recipe: Any) -> None:
    *steps, enlargement = generate(bundle, recipe(**(BIG | {"strength": 0.0})))
    assert len(steps) == 4
    assert enlargement.rgb.shape == (80, 96, 3)
    *steps, _ = generate(bundle, recipe(**(BIG | {"strength": 1.0})))
    assert len(steps) == 8


def test_from_a_picture_both_passes_are_cut_and_masks_hold(
    bundle: Bundle, recipe: Any, init: np.ndarray
) -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[16:40, 16:40] = 1
    *steps, picture = generate(bundle, recipe(rgb=init, mask=mask, first=(32, 32), strength=0.5))
    assert [tuple(step.x.shape[-2:]) for step in steps] == [(4, 4)] * 2 + [(8, 8)] * 2
    np.testing.assert_array_equal(picture.rgb[mask == 0], init[mask == 0])
    assert (picture.rgb != init).any()
    *steps, free = generate(bundle, recipe(rgb=init, first=(32, 32), strength=0.5))
    assert len(steps) == 4
    assert not np.array_equal(free.rgb, picture.rgb)


def test_the_second_noise_is_not_the_first_again() -> None:
    first = Noise(1, (1, 4, 8, 8))
    second = first.shaped((1, 4, 16, 16))
    before, after = first.start(), second.start()
    assert after.shape == (1, 4, 16, 16)
    assert not set(before.flatten().tolist()) & set(after.flatten().tolist())


def test_pictures_drawn_together_are_those_drawn_alone(bundle: Bundle, recipe: Any) -> None:
    recipes = [recipe(**BIG, seed=seed, mirrors=(0.5, 0.0)) for seed in (1, 2)]
    alone = []
    for one in recipes:
        *_, last, _picture = generate(bundle, one)
        alone.append(last.x)
    *_, together = sample(bundle, recipes)
    assert [step.index for step in together] == [5, 5]
    for step, x in zip(together, alone, strict=True):
        torch.testing.assert_close(step.x, x, atol=1e-4, rtol=1e-4)
