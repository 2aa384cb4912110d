"""A seed decides all: the same recipe gives the same picture, and variations lead from seed to seed."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import generate
from tests.diffusion.conftest import ALL, Make, made, pixels, same

# --- the same line gives the same picture ---------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_pictures_know_nothing_of_each_other(
    name: str, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    recipes = [recipe(sampler=name, seed=seed, rgb=init, strength=0.75) for seed in (1, 2)]
    fresh = [pixels(replace(bundle), each) for each in recipes]
    in_a_row = [pixels(bundle, each) for each in recipes]
    turned = [pixels(bundle, each) for each in reversed(recipes)][::-1]
    assert all(map(same, fresh, in_a_row))
    assert all(map(same, fresh, turned))
    assert not same(*fresh)


def test_pictures_made_at_the_same_time_know_nothing_of_each_other(bundle: Bundle, recipe: Make) -> None:
    recipes = [recipe(seed=1, seamless=("x", "y")), recipe(seed=2), recipe(seed=3, sampler="k_euler_a")]
    alone = [pixels(bundle, each) for each in recipes]
    *_, together = zip(*(generate(bundle, each) for each in recipes), strict=True)
    assert all(same(a, b.rgb) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("name", ["k_lms", "k_euler_a"])
def test_no_global_generator_is_read_or_moved(
    name: str, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    asked = recipe(sampler=name, rgb=init, strength=0.75, blend=((7, 0.2),), perlin=0.2)
    torch.manual_seed(1)
    before = torch.random.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    first = pixels(bundle, asked)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])
    torch.manual_seed(2)
    assert same(pixels(replace(bundle), asked), first)


def test_a_repeated_line_encodes_nothing_again(counting: Bundle, init: np.ndarray, recipe: Make) -> None:
    pixels(counting, recipe(rgb=init, strength=0.5))
    calls = counting.vae.calls, counting.text_encoder.calls
    pixels(counting, recipe(rgb=init, strength=0.75, seed=9))
    assert (counting.vae.calls, counting.text_encoder.calls) == (calls[0] + 1, calls[1])


# --- variations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_variation_of_1_is_the_other_seed(
    name: str, strength: float, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    blended = recipe(sampler=name, rgb=init, strength=strength, seed=1, blend=((2, 1.0),))
    assert same(
        pixels(bundle, blended), pixels(bundle, recipe(sampler=name, rgb=init, strength=strength, seed=2))
    )


@pytest.mark.parametrize("name", ["k_lms", "k_euler_a", "ddim"])
@pytest.mark.parametrize("strength", [0.75, 1.0])
def test_variations_are_graded(
    name: str, strength: float, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    def at(amount: float) -> torch.Tensor:
        blend = ((9, amount),)
        asked = recipe(sampler=name, rgb=init, strength=strength, blend=blend, scale=1.0, steps=8)
        return made(bundle, asked)[0][-1].x

    distances = [float((at(amount) - at(0.0)).norm()) for amount in (0.0, 0.05, 0.2, 0.5, 1.0)]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[1] < distances[-1] / 5
