"""Strength: how much of the schedule runs, and on what noise; 0 is the init picture, 1 is text-to-image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.denoiser import guided, predictor
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule, spaced
from tests.diffusion.conftest import ALL, Make, Recording, made, pixels, same


def test_strength_0_is_the_init_picture_and_calls_no_network(
    counting: Bundle, init: np.ndarray, recipe: Make
) -> None:
    steps, picture = made(counting, recipe(rgb=init, strength=0.0))
    assert same(picture.rgb, init)
    assert picture.rgb is not init
    assert steps == []
    assert [counting.unet.calls, counting.vae.calls, counting.text_encoder.calls] == [0, 0, 0]


@pytest.mark.parametrize("name", ALL)
def test_strength_1_is_text_to_image(name: str, bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    plain = pixels(bundle, recipe(sampler=name))
    assert same(pixels(bundle, recipe(sampler=name, rgb=init, strength=1.0)), plain)
    assert same(pixels(bundle, recipe(sampler=name, rgb=255 - init, strength=1.0)), plain)


def test_strength_1_does_not_even_encode_the_init_picture(
    counting: Bundle, init: np.ndarray, recipe: Make
) -> None:
    pixels(counting, recipe(rgb=init, strength=1.0))
    assert counting.vae.calls == 1  # to decode


@pytest.mark.parametrize(
    ("steps", "strength", "run"), [(10, 0.7, 7), (10, 0.4, 4), (1, 0.5, 1), (5, 0.01, 1)]
)
def test_the_steps_that_run(
    steps: int, strength: float, run: int, counting: Bundle, init: np.ndarray, recipe: Make
) -> None:
    taken, _ = made(counting, recipe(rgb=init, steps=steps, strength=strength))
    assert [step.index for step in taken] == list(range(run))
    assert {step.total for step in taken} == {run}
    assert counting.unet.batches == [2] * run


@pytest.mark.parametrize("name", ALL)
def test_evaluations_are_as_announced(name: str, counting: Bundle, init: np.ndarray, recipe: Make) -> None:
    pixels(counting, recipe(rgb=init, sampler=name, steps=10, strength=0.4))
    assert counting.unet.calls == SAMPLERS[name].evaluations(4)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_the_noise_put_in_is_that_of_the_first_step(
    name: str, strength: float, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    unet = Recording()
    probed = replace(bundle, unet=unet)
    steps, _ = made(probed, recipe(sampler=name, steps=8, strength=strength, rgb=init, scale=1.0))
    z, t = unet.first  # type: ignore[misc]
    sigma = spaced(bundle.table, 8).tail(strength).sigmas[0]
    latents = bundle.encode(init) if strength < 1 else 0.0
    x = latents + sigma * Noise(42, bundle.latent_shape(64, 64)).start()
    assert steps[0].sigma == sigma
    assert torch.allclose(z, x / (sigma**2 + 1) ** 0.5, atol=1e-6)
    assert float(t[0]) == pytest.approx(bundle.table.t_of(sigma), abs=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_image_to_image_is_the_sampler_started_on_the_last_levels(
    name: str, bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    steps, picture = made(bundle, recipe(rgb=init, sampler=name, steps=8, strength=0.5))
    schedule = Schedule(spaced(bundle.table, 8).sigmas[-5:], 4)
    noise = Noise(42, bundle.latent_shape(64, 64))
    x = bundle.encode(init) + noise.start() * schedule.sigmas[0]
    denoise = guided(predictor(bundle), bundle.condition((("a cat", 1.0),), ()), 7.5)
    *_, last = SAMPLERS[name](denoise, x, schedule, noise)
    assert torch.equal(steps[-1].x, last.x)
    assert same(picture.rgb, bundle.decode(last.x))


def test_a_higher_strength_leads_further_away(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    latents = bundle.encode(init)
    ends = [
        made(bundle, recipe(rgb=init, steps=20, strength=s, scale=1.0))[0][-1].x
        for s in (0.05, 0.3, 0.6, 0.9)
    ]
    distances = [float((x - latents).norm()) for x in ends]
    assert distances == sorted(distances)
