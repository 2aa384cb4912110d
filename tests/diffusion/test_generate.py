"""Whole pictures: the identities that strength, seeds, masks and order must keep."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.denoiser import guided, predictor
from invoke_cli.diffusion.generate import Picture, generate
from invoke_cli.diffusion.noise import Noise
from invoke_cli.diffusion.recipe import Recipe
from invoke_cli.diffusion.samplers import SAMPLERS
from invoke_cli.diffusion.schedule import Schedule, spaced
from invoke_cli.diffusion.step import Step
from invoke_cli.errors import InvokeError

ALL = list(SAMPLERS)
Make = Callable[..., Recipe]


def made(bundle: Bundle, recipe: Recipe) -> tuple[list[Step], Picture]:
    *steps, picture = generate(bundle, recipe)
    assert all(isinstance(step, Step) for step in steps)
    assert isinstance(picture, Picture)
    return steps, picture  # type: ignore[return-value]


def pixels(bundle: Bundle, recipe: Recipe) -> np.ndarray:
    return made(bundle, recipe)[1].rgb


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a, b))


# --- strength -------------------------------------------------------------------------------------------


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


class Recording:
    """A UNet that keeps what it was first given and predicts that everything is noise."""

    config = SimpleNamespace(in_channels=4)

    def __init__(self) -> None:
        self.first: tuple[torch.Tensor, torch.Tensor] | None = None

    def __call__(self, z: torch.Tensor, t: torch.Tensor, embeddings: torch.Tensor) -> Any:
        self.first = self.first or (z.clone(), t.clone())
        return SimpleNamespace(sample=z * 0.9)


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


# --- masks ----------------------------------------------------------------------------------------------


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


# --- everything else ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 96), (8, 64), (72, 40)])
def test_any_size_on_the_grid(size: tuple[int, int], bundle: Bundle, recipe: Make) -> None:
    width, height = size
    # the tiny UNet halves its latents once, so a side of an odd number of latents is a test of its own
    assert pixels(bundle, recipe(width=width, height=height, steps=2)).shape == (height, width, 3)


def test_karras_max_changes_levels_and_not_their_number(bundle: Bundle, recipe: Make) -> None:
    plain, dense = (
        [step.sigma for step in made(bundle, recipe(karras_max=limit, steps=6))[0]] for limit in (0, 7)
    )
    assert len(plain) == len(dense) == 6
    assert plain[0] == dense[0]
    assert plain[3] != dense[3]


def test_threshold_bounds_what_the_network_believes(bundle: Bundle, recipe: Make) -> None:
    free, _ = made(bundle, recipe())
    held, _ = made(bundle, recipe(threshold=0.5))
    assert max(float(step.clean.abs().max()) for step in free) > 0.5
    assert max(float(step.clean.abs().max()) for step in held) == 0.5


def test_seamless_and_perlin_change_the_picture(bundle: Bundle, recipe: Make) -> None:
    plain = pixels(bundle, recipe())
    assert not same(pixels(bundle, recipe(seamless=("x",))), plain)
    assert not same(pixels(bundle, recipe(perlin=0.3)), plain)
    assert same(pixels(bundle, recipe()), plain)


def test_seamless_reaches_every_network(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    seen: list[tuple[str, object]] = []
    parts = {
        "unet": bundle.unet.conv_in,
        "encoder": bundle.vae.encoder.conv_in,
        "decoder": bundle.vae.decoder.conv_in,
    }
    with ExitStack() as stack:
        for name, part in parts.items():
            note = part.register_forward_hook(lambda conv, *_, name=name: seen.append((name, conv.padding)))
            stack.callback(note.remove)
        pixels(bundle, recipe(rgb=init, strength=0.25, seamless=("x",)))
    assert seen == [("encoder", (1, 0)), ("unet", (1, 0)), ("decoder", (1, 0))]


def test_the_prompt_and_what_is_to_be_avoided_matter(bundle: Bundle, recipe: Make) -> None:
    plain = made(bundle, recipe())[0][-1].x
    for change in ({"positive": (("a dog", 1.0),)}, {"negative": (("dull", 1.0),)}, {"scale": 3.0}):
        assert not torch.equal(made(bundle, recipe(**change))[0][-1].x, plain)


def test_closing_between_steps_stops_there(counting: Bundle, recipe: Make) -> None:
    running = generate(counting, recipe(steps=10))
    next(running)
    next(running)
    running.close()
    assert counting.unet.calls == 2
    assert list(running) == []


def test_the_iterator_sees_its_own_gradient_state(bundle: Bundle, recipe: Make) -> None:
    for _ in generate(bundle, recipe(seamless=("x",))):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_a_result_that_is_not_made_of_numbers_is_said(bundle: Bundle, recipe: Make) -> None:
    class Broken(Recording):
        def __call__(self, z: torch.Tensor, t: torch.Tensor, embeddings: torch.Tensor) -> Any:
            return SimpleNamespace(sample=z * float("nan"))

    with pytest.raises(InvokeError, match="not a picture"):
        list(generate(replace(bundle, unet=Broken()), recipe()))


def test_an_unknown_sampler_is_said_before_any_work(counting: Bundle, recipe: Make) -> None:
    with pytest.raises(InvokeError, match="no sampler called 'k_lsm'"):
        next(generate(counting, recipe(sampler="k_lsm")))
    assert counting.text_encoder.calls == 0


def test_an_alias_is_the_sampler(bundle: Bundle, recipe: Make) -> None:
    assert same(pixels(bundle, recipe(sampler="euler")), pixels(bundle, recipe(sampler="k_euler")))


def test_a_picture_tells_its_seed_and_its_time(bundle: Bundle, recipe: Make) -> None:
    picture = made(bundle, recipe(seed=2**32 - 1))[1]
    assert picture.seed == 2**32 - 1
    assert 0 < picture.seconds < 60


def test_all_of_a_run_happens_on_the_models_device(bundle: Bundle, init: np.ndarray, recipe: Make) -> None:
    # "meta" computes nothing, but it objects to tensors from elsewhere
    networks = {
        name: copy.deepcopy(getattr(bundle, name)).to("meta") for name in ("unet", "vae", "text_encoder")
    }
    elsewhere = replace(bundle, **networks, device=torch.device("meta"))
    asked = recipe(
        rgb=init,
        mask=np.ones((64, 64), np.float32),
        strength=0.75,
        sampler="k_euler_a",
        negative=(("dull", 1.3),),
        blend=((7, 0.2),),
        perlin=0.2,
        threshold=3.0,
        seamless=("x",),
    )
    taken = [next(running) for running in [generate(elsewhere, asked)] for _ in range(3)]
    assert {step.x.device.type for step in taken if isinstance(step, Step)} == {"meta"}


def test_half_precision_makes_the_same_picture_but_for_rounding(
    bundle: Bundle, init: np.ndarray, recipe: Make
) -> None:
    networks = {
        name: copy.deepcopy(getattr(bundle, name)).to(torch.bfloat16)
        for name in ("unet", "vae", "text_encoder")
    }
    half = replace(bundle, **networks, dtype=torch.bfloat16)
    asked = recipe(rgb=init, strength=0.5, steps=8)
    steps, picture = made(half, asked)
    assert {step.x.dtype for step in steps} == {torch.float32}
    error = picture.rgb.astype(float) - pixels(bundle, asked)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 30  # decibels
