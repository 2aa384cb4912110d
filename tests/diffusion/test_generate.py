"""Whole pictures: sizes, what each part of a recipe changes, where a run stops, and on which device it is."""

from __future__ import annotations

import copy
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from invoke_cli.diffusion.bundle import Bundle
from invoke_cli.diffusion.generate import generate
from invoke_cli.diffusion.step import Step
from invoke_cli.errors import InvokeError
from tests.diffusion.conftest import Make, Recording, made, pixels, same


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
